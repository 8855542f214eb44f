"""What a filing leaves behind: every answer as typed, and its tables row by row for the rooms that count with them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, cast

from projects.intake.draft import Checked
from projects.intake.forms import SECTIONS, Benefit, Works
from projects.intake.queries import villages
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]


def answers_of(draft: Mapping[str, Any]) -> tuple[str, str]:
    """Write a draft's answers in one fixed form. Shape: (canonical JSON, its SHA-256)."""
    kept = {name: draft.get(name, {}) for name in SECTIONS}
    text = json.dumps(kept, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text, hashlib.sha256(text.encode()).hexdigest()


async def file_away(  # noqa: PLR0913 - a filing has these parts
    tx: Tx, row: Row, checked: Checked, *, round_: int, window: str, receipt: str
) -> None:
    """Keep what is filed in this round: the answers whole, the contents, the shares, the targets."""
    text, sha256 = answers_of(row["draft"])
    head = (row["id"], row["division_code"], round_)
    await tx.conn.execute(
        'INSERT INTO projects_filing (project, division_code, round, "window", receipt, answers, sha256, by_name, at)'
        " VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7, $8, $9)",
        *head,
        window,
        receipt,
        text,
        sha256,
        tx.actor.name,
        tx.now,
    )
    works, benefit = cast("Works", checked.part("works")), cast("Benefit", checked.part("benefit"))
    await tx.conn.executemany(
        "INSERT INTO projects_item (project, division_code, round, seq, name, quantity, unit, price_fen)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        [(*head, n, i.name, i.quantity, i.unit, i.price_fen) for n, i in enumerate(works.items, 1)],
    )
    await tx.conn.executemany(
        "INSERT INTO projects_target (project, division_code, round, seq, name, operator, value, unit)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        [(*head, n, t.name, t.operator.value, t.value, t.unit) for n, t in enumerate(benefit.targets, 1)],
    )
    await _share_out(tx, head, benefit)


async def _share_out(tx: Tx, head: tuple[int, str, int], benefit: Benefit) -> None:
    """Write who owns how much of a joint project, the village that files first; alone it has no rows."""
    if not benefit.partners:
        return
    known = await villages(tx, head[1])
    own = next((name for name, code in known.items() if code == head[1]), "")
    shares = [(head[1], own, benefit.lead_share), *((known[p.village], p.village, p.share) for p in benefit.partners)]
    await tx.conn.executemany(
        "INSERT INTO projects_partner (project, division_code, round, seq, village_code, name, share_bp)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        [(*head, n, *share) for n, share in enumerate(shares, 1)],
    )

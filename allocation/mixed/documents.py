"""A parting on paper: what goes which way, pot by pot, and that it adds up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from allocation.mixed.queries import PotNow
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.money import yuan
from quzhou_migrants.kernel.pdf import Document, Fields, Grid, Heading, Text
from quzhou_migrants.web.render import nice_percent

Row = dict[str, Any]


def _t(key: str, **facts: object) -> str:
    said = CATALOGUE.text(f"mixed.doc.{key}")
    return said.format(**facts) if facts else said


def paper(row: Row, pots: Sequence[PotNow], author: str) -> Document:
    """Lay a parting out with its pots as they stand."""
    facts = Fields(
        (
            (_t("batch"), f"{row['batch_doc_no']} {row['batch_title']}"),
            (_t("pool"), yuan(row["pool_fen"])),
            (_t("factor"), f"{yuan(row['factor_fen'])}  {nice_percent(row['factor_bp'])}"),
            (_t("competitive"), yuan(row["competitive_fen"])),
            (_t("back"), CATALOGUE.text(f"back.{row['back_to']}")),
            (_t("use_by"), row["use_by"].isoformat()),
            (_t("drafted"), row["created_name"]),
        )
    )
    lines: list[tuple[str, ...]] = [
        (p.name, nice_percent(p.share_bp), yuan(p.amount_fen), yuan(p.won_fen), yuan(p.flowed_fen), yuan(p.left_fen))
        for p in pots
    ]
    sums = [sum(getattr(p, name) for p in pots) for name in ("amount_fen", "won_fen", "flowed_fen", "left_fen")]
    lines.append((_t("total"), nice_percent(sum(p.share_bp for p in pots)), *(yuan(s) for s in sums)))
    head = tuple(_t(k) for k in ("holder", "share", "amount", "won", "flowed", "left"))
    grid = Grid(head, tuple(lines), (1.6, 0.9, 1.5, 1.5, 1.5, 1.5), frozenset({1, 2, 3, 4, 5}), total=True)
    told = {"factor": row["factor_fen"], "competitive": row["competitive_fen"], "pool": row["pool_fen"]}
    blocks = (
        facts,
        Heading(_t("pots")),
        grid,
        Text(_t("sum", **{k: yuan(v) for k, v in told.items()})),
        Text(_t("rule", policy=row["policy_version"][:16]), small=True, indent=False),
    )
    return Document(row["title"], blocks, row["doc_no"], author=author, footer=_t("title"), wide=True)

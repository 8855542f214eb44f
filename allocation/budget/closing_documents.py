"""A closed period on paper: every account's opening, in, out and closing, with places for signatures."""

from __future__ import annotations

from typing import Any

from allocation.budget import closing
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.money import yuan
from quzhou_migrants.kernel.pdf import Document, Fields, Grid, Signs, Text
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
FIGURES = ("opening_fen", "in_fen", "out_fen", "closing_fen")


def _t(key: str) -> str:
    return CATALOGUE.text(f"closing.{key}")


async def sheet(tx: Tx, closing_id: int) -> Document:
    """Lay a closing out. Raises: Refused KRN-404."""
    row = await closing.read(tx, closing_id)
    totals = await closing.totals(tx, closing_id)
    rows = tuple(
        (
            t["doc_no"],
            CATALOGUE.text(f"ledger.{t['kind']}") + (f"：{t['title']}" if t["title"] else ""),
            *(yuan(t[name]) for name in FIGURES),
        )
        for t in totals
    )
    facts = (
        (_t("division"), row["division_name"]),
        (_t("period"), row["period"]),
        (_t("entries"), str(row["entries"])),
        (_t("closed_at"), f"{row['closed_at'].astimezone(tx.now.tzinfo):%Y-%m-%d %H:%M}"),
    )
    head = tuple(_t(key) for key in ("doc_no", "kind", "opening", "in", "out", "closing"))
    return Document(
        _t("year_title" if len(row["period"]) == len("2026") else "month_title"),
        (
            Fields(facts, 2),
            Grid(head, rows, (2.4, 2, 2.2, 2.2, 2.2, 2.2), frozenset({2, 3, 4, 5})),
            Text(_t("note"), indent=False, small=True),
            Text(f"SHA-256  {row['sha256']}", indent=False, small=True),
            Signs((_t("made"), _t("checked"), _t("leader"))),
        ),
        author=tx.actor.org_name,
        footer=f"{row['division_name']} {row['period']}",
        wide=True,
    )

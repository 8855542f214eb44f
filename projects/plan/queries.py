"""Reads of plans."""

from __future__ import annotations

from typing import Any

from projects.plan.rules import Item
from projects.states import S
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]

_FIND = "SELECT * FROM projects_plan WHERE id = $1"
_LOCK = f"{_FIND} FOR UPDATE"

_ITEMS = """
SELECT i.*, p.code, p.title, p.category, p.state AS project_state, p.asked_fen, p.estimate_fen, p.own_fen,
  p.other_fen, p.content, p.migrants, p.valid_until, p.version AS project_version, v.name AS village_name,
  t.name AS township_name
FROM projects_plan_item i
JOIN projects_project p ON p.id = i.project
JOIN kernel_division v ON v.code = p.division_code
LEFT JOIN kernel_division t ON t.code = left(p.division_code, 9) || '000'
WHERE i.plan = $1 ORDER BY p.division_code, i.id
"""


async def find(tx: Tx, plan_id: int, *, lock: bool = False) -> Row:
    """Give a plan; `lock` holds its row until the transaction ends.

    Raises: Refused KRN-404.
    """
    row = await tx.conn.fetchrow(_LOCK if lock else _FIND, plan_id)
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


async def items(tx: Tx, plan_id: int) -> list[Row]:
    """List the projects of a plan with what the plan table prints."""
    return [dict(r) for r in await tx.conn.fetch(_ITEMS, plan_id)]


def as_items(rows: list[Row]) -> list[Item]:
    """The rows as the rules read them."""
    return [
        Item(
            r["project"],
            r["title"],
            r["amount_fen"],
            r["asked_fen"],
            r["outside"],
            r["allowed_at"] is not None,
            None if r["outside"] else r["valid_until"],
            r["project_state"] == (S.TOWNSHIP_PASSED if r["outside"] else S.ADMITTED),
        )
        for r in rows
    ]


async def drafts(tx: Tx) -> list[Row]:
    """List the plans of the caller's range that are still open."""
    rows = await tx.conn.fetch("SELECT * FROM projects_plan WHERE state = 'draft' ORDER BY year, batch")
    return [dict(r) for r in rows]

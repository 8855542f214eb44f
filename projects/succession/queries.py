"""Reads of successions and of the divisions they concern."""

from __future__ import annotations

import json
from typing import Any

from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.web.listing import Column, Filter, Listing

Row = dict[str, Any]
TABLE = "projects_succession"

SUCCESSIONS = Listing(
    "successions",
    "projects_succession",
    (
        Column("id", shown=False),
        Column("old_name", link="/succession/{id}"),
        Column("new_name"),
        Column("kind", kind="tag"),
        Column("effective_on", kind="date", sort=True),
        Column("doc_no"),
        Column("state", kind="state", machine="SUCCESSION"),
    ),
    scope="division_code",
    descending=True,
    filters=(
        Filter("division", "division_code", kind="division"),
        Filter("kind", "kind = {}", choices=("merge", "rename", "transfer")),
        Filter("state", "state = {}", machine="SUCCESSION"),
    ),
    search=lambda _tx, text: ("position({} in old_name) > 0 OR position({} in new_name) > 0", [text, text]),
)


async def find(tx: Tx, succession_id: int) -> Row:
    """Give one succession. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow("SELECT * FROM projects_succession WHERE id = $1", succession_id)
    if row is None:
        raise Refused("KRN-404")
    return _opened(dict(row))


async def lock(tx: Tx, succession_id: int) -> Row:
    """Lock one succession. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow("SELECT * FROM projects_succession WHERE id = $1 FOR UPDATE", succession_id)
    if row is None:
        raise Refused("KRN-404")
    return _opened(dict(row))


def _opened(row: Row) -> Row:
    row["moved"] = json.loads(row["moved"] or "{}")
    return row


async def divisions(tx: Tx, *codes: str) -> dict[str, Row]:
    """Give divisions by code."""
    rows = await tx.conn.fetch("SELECT * FROM kernel_division WHERE code = ANY($1)", list(codes))
    return {r["code"]: dict(r) for r in rows}


async def villages(tx: Tx) -> list[tuple[str, str]]:
    """List the living villages of the caller's range for a choice. Shape: [(code, name)]."""
    rows = await tx.conn.fetch(
        "SELECT code, full_name FROM kernel_division WHERE level = 'village' AND active"
        " AND code >= current_setting('app.lo', true) AND code < current_setting('app.hi', true) ORDER BY code"
    )
    return [(r["code"], r["full_name"]) for r in rows]


async def due(tx: Tx) -> list[int]:
    """List the successions whose day has come."""
    rows = await tx.conn.fetch(
        "SELECT id FROM projects_succession WHERE state = 'pending' AND effective_on <= $1 ORDER BY effective_on, id",
        tx.today,
    )
    return [r["id"] for r in rows]

"""Reads of sheets."""

from __future__ import annotations

import json
from typing import Any

from quzhou_migrants.kernel.actor import code_range
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
BULK, BULK_ROW = "projects_bulk", "projects_bulk_row"


async def find(tx: Tx, bulk_id: int, *, lock: bool = False) -> Row:
    """Give a sheet. Raises: Refused KRN-404."""
    end = " FOR UPDATE" if lock else ""
    row = await tx.conn.fetchrow(f"SELECT * FROM projects_bulk WHERE id = $1{end}", bulk_id)  # noqa: S608 - one of two endings
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


async def rows(tx: Tx, bulk_id: int) -> list[Row]:
    """List the rows of a sheet in its order."""
    found = await tx.conn.fetch(
        "SELECT r.*, d.name AS village_name FROM projects_bulk_row r JOIN kernel_division d ON d.code ="
        " r.division_code WHERE r.bulk = $1 ORDER BY r.seq",
        bulk_id,
    )
    return [{**r, "draft": json.loads(r["draft"]), "problems": json.loads(r["problems"])} for r in found]


async def villages(tx: Tx) -> dict[str, str]:
    """List the villages of the caller's range by all that people call them. Shape: {name or code: code}.

    A short name that two villages share names none of them.
    """
    lo, hi = code_range(tx.actor.division_code)
    found = await tx.conn.fetch(
        "SELECT code, name, full_name FROM kernel_division WHERE level = 'village' AND active AND code >= $1"
        " AND code < $2",
        lo,
        hi,
    )
    known: dict[str, str] = {}
    shared: set[str] = set()
    for r in found:
        shared |= {r["name"]} & known.keys()
        known |= {r["name"]: r["code"], r["full_name"]: r["code"], r["code"]: r["code"]}
    return {name: code for name, code in known.items() if name not in shared}


async def filed_before(tx: Tx, digests: list[str]) -> dict[str, int]:
    """Tell which applications an earlier sheet has filed already, and nobody took back. Shape: {digest: project}."""
    found = await tx.conn.fetch(
        "SELECT r.digest, r.project FROM projects_bulk_row r JOIN projects_project p ON p.id = r.project"
        " WHERE r.digest = ANY($1) AND p.state <> 'withdrawn'",
        digests,
    )
    return {r["digest"]: r["project"] for r in found}

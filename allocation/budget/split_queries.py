"""Reads of split documents: who gives, who may receive, what was given, what lies where."""

from __future__ import annotations

from typing import Any

from allocation.budget.split_rules import Holds
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.register import public as register

Row = dict[str, Any]


async def split(tx: Tx, split_id: int) -> Row:
    """Read one split document with its batch. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow(
        "SELECT s.*, b.doc_no AS batch_doc_no, b.per_head_fen, b.issued_on AS notified_on, d.name AS giver"
        " FROM allocation_split s JOIN allocation_batch b ON b.id = s.batch"
        " LEFT JOIN kernel_division d ON d.code = s.division_code WHERE s.id = $1",
        split_id,
    )
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


async def lines(tx: Tx, split_id: int) -> list[Row]:
    """List the lines of a document that the caller may see, in their order."""
    rows = await tx.conn.fetch(
        "SELECT l.*, d.name, k.title AS earmark_title, l.cash_fen + l.project_fen + l.earmark_fen AS total_fen"
        " FROM allocation_split_line l LEFT JOIN kernel_division d ON d.code = l.division_code"
        " LEFT JOIN allocation_earmark k ON k.id = l.earmark WHERE l.split = $1 ORDER BY l.line",
        split_id,
    )
    return [dict(r) for r in rows]


async def earmarks(tx: Tx, batch_id: int) -> list[Row]:
    """List what a batch binds, with what of it is not awarded yet, by who holds it."""
    rows = await tx.conn.fetch(
        "SELECT k.*, d.full_name AS place_name, p.title AS project_title,"
        " (SELECT coalesce(sum(b.balance_fen), 0)::bigint FROM allocation_balance b"
        "  WHERE b.batch = k.batch AND b.earmark = k.id AND b.kind = 'earmarked') AS left_fen"
        " FROM allocation_earmark k LEFT JOIN kernel_division d ON d.code = k.place_code"
        " LEFT JOIN projects_project p ON p.id = k.project WHERE k.batch = $1 ORDER BY k.id",
        batch_id,
    )
    return [dict(r) for r in rows]


async def receivers(tx: Tx, giver: str) -> list[Row]:
    """List the divisions directly below the giver, by code. Shape: code, name."""
    rows = await tx.conn.fetch(
        "SELECT code, name FROM kernel_division WHERE parent_code = $1 AND active ORDER BY code", giver
    )
    return [dict(r) for r in rows]


async def holds(tx: Tx, batch: Row, giver: str) -> Holds:
    """Tell what a giver holds of a batch, and the rules its split is checked by."""
    rows = await tx.conn.fetch(
        "SELECT kind, earmark, balance_fen FROM allocation_balance WHERE division_code = $1 AND batch = $2"
        " AND project = 0 AND kind IN ('cash', 'available', 'earmarked') AND balance_fen > 0",
        giver,
        batch["id"],
    )
    free = {r["kind"]: int(r["balance_fen"]) for r in rows if not r["earmark"]}
    return Holds(
        free.get("cash", 0),
        free.get("available", 0),
        {r["earmark"]: int(r["balance_fen"]) for r in rows if r["earmark"]},
        {r["id"]: r["place_code"] for r in await earmarks(tx, batch["id"])},
        frozenset(r["code"] for r in await receivers(tx, giver)),
        batch["per_head_fen"],
        batch["issued_on"],
    )


async def persons_registered(tx: Tx, codes: list[str]) -> dict[str, int]:
    """Count the people of cash-support households in each division."""
    counts = await register.counts(tx, codes)
    return {code: counts[code]["cash_migrants"] for code in codes}


async def splits_of_batch(tx: Tx, batch_id: int) -> list[Row]:
    """List the documents that passed a batch on, with what the caller may see of their sums."""
    rows = await tx.conn.fetch(
        "SELECT s.id, s.doc_no, s.issued_on, s.state, d.name AS giver,"
        " coalesce((SELECT sum(l.cash_fen + l.project_fen + l.earmark_fen) FROM allocation_split_line l"
        "  WHERE l.split = s.id), 0)::bigint AS total_fen"
        " FROM allocation_split s LEFT JOIN kernel_division d ON d.code = s.division_code"
        " WHERE s.batch = $1 ORDER BY s.division_code, s.issued_on, s.id",
        batch_id,
    )
    return [dict(r) for r in rows]

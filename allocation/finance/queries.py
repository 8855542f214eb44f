"""What the treasury and a township's account centre may read: payments, entries, closed balances."""

from __future__ import annotations

from datetime import date
from typing import Any

import allocation.finance.functions  # noqa: F401 - declares its SQL function
from quzhou_migrants.kernel.actor import code_range
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]


async def payments(  # noqa: PLR0913 - whose, of which days, which page
    tx: Tx, division_code: str, since: date, until: date, *, most: int, skip: int = 0
) -> list[Row]:
    """List what was paid and what came back in a division between two days, both inside, by day."""
    rows = await tx.conn.fetch(
        "SELECT * FROM allocation_movements($1, $2, $3, $4, $5, $6)",
        *code_range(division_code),
        since,
        until,
        most,
        skip,
    )
    return [dict(r) for r in rows]


async def entries(tx: Tx, after: int, most: int) -> list[Row]:
    """List ledger entries of the range by id, with the document their money came by."""
    rows = await tx.conn.fetch(
        "SELECT e.id, e.event_key, e.posted_at, e.division_code, e.batch, b.doc_no, e.project, e.kind, e.amount_fen,"
        " e.source_table, e.source_id FROM allocation_entry e JOIN allocation_batch b ON b.id = e.batch"
        " WHERE e.id > $1 AND e.division_code >= $2 AND e.division_code < $3 ORDER BY e.id LIMIT $4",
        after,
        *code_range(tx.actor.division_code),
        most,
    )
    return [dict(r) for r in rows]


async def closings(tx: Tx, period: str) -> list[Row]:
    """List the totals of a closed month or year in the range, with the hash they were frozen under."""
    rows = await tx.conn.fetch(
        "SELECT c.division_code, c.period, c.sha256, t.batch, b.doc_no, t.kind, t.opening_fen, t.in_fen, t.out_fen,"
        " t.closing_fen FROM allocation_closing c JOIN allocation_closing_total t ON t.closing = c.id"
        " JOIN allocation_batch b ON b.id = t.batch WHERE c.period = $1 AND c.division_code >= $2"
        " AND c.division_code < $3 ORDER BY c.division_code, t.batch, t.kind, t.id",
        period,
        *code_range(tx.actor.division_code),
    )
    return [dict(r) for r in rows]

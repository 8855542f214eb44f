"""What the treasury and a township's account centre may read: payments, entries, closed balances."""

from __future__ import annotations

from datetime import date
from typing import Any

from quzhou_migrants.kernel.actor import code_range
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]

# One row for each payment that reached somebody: through the bank, or written down by hand.
_PAYMENTS = """
SELECT x.*, b.doc_no FROM (
  SELECT 'B' || l.id AS ref, l.paid_on, l.division_code, f.purpose, l.payee, l.account_tail, l.paid_fen, l.returned_fen,
    l.bank_ref, f.number || '-' || l.line_no AS voucher_no, l.remark, c.project,
    CASE l.source_table WHEN 'allocation_cash_line' THEN
      (SELECT y.batch FROM allocation_cash_line z JOIN allocation_cash_list y ON y.id = z.roll WHERE z.id = l.source_id)
      WHEN 'allocation_grant' THEN (SELECT min(e.batch) FROM allocation_entry e
        WHERE e.event_key = 'grant:' || l.source_id)
      ELSE (SELECT min(e.batch) FROM allocation_entry e WHERE e.event_key = 'payment:' || l.source_id) END AS batch
  FROM allocation_bank_line l JOIN allocation_bank_batch f ON f.id = l.batch
  LEFT JOIN allocation_claim c ON l.source_table = 'allocation_claim' AND c.id = l.source_id
  WHERE l.paid_fen > 0 AND l.division_code >= $1 AND l.division_code < $2 AND l.paid_on BETWEEN $3 AND $4
  UNION ALL
  SELECT 'H' || p.id, p.paid_on, p.division_code, 'claims', p.payee, '', p.amount_fen, 0, p.bank_ref, p.voucher_no, '',
    p.project, (SELECT min(e.batch) FROM allocation_entry e WHERE e.event_key = 'payment:' || p.claim)
  FROM allocation_payment p
  WHERE p.division_code >= $1 AND p.division_code < $2 AND p.paid_on BETWEEN $3 AND $4
    AND NOT EXISTS (SELECT 1 FROM allocation_bank_item i
      WHERE i.applied AND i.kind = 'paid' AND i.bank_ref = p.bank_ref)
) x LEFT JOIN allocation_batch b ON b.id = x.batch
ORDER BY x.paid_on, x.ref LIMIT $5 OFFSET $6
"""


async def payments(  # noqa: PLR0913 - whose, of which days, which page
    tx: Tx, division_code: str, since: date, until: date, *, most: int, skip: int = 0
) -> list[Row]:
    """List payments that reached somebody in a division between two days, both inside, by day."""
    rows = await tx.conn.fetch(_PAYMENTS, *code_range(division_code), since, until, most, skip)
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

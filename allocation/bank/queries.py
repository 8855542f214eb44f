"""Reads of the bank room. Nothing here writes or decides."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from allocation.bank.rules import Comparison, Sent
from quzhou_migrants.kernel.actor import code_range
from quzhou_migrants.kernel.clock import month_span, shanghai
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.money import Fen
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
# Kinds that are no money in the account: the sources, and what has left it.
AWAY = ("notified", "interest", "paid", "settled", "issued", "returned")


async def one(tx: Tx, table: str, key: int) -> Row:
    """Read one row of a table of this room. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow(f"SELECT * FROM {table} WHERE id = $1", key)  # noqa: S608 - a table of ours
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


async def lines(tx: Tx, batch_id: int) -> list[Row]:
    """List the payments of a file in their order."""
    rows = await tx.conn.fetch("SELECT * FROM allocation_bank_line WHERE batch = $1 ORDER BY line_no", batch_id)
    return [dict(r) for r in rows]


async def results(tx: Tx, batch_id: int) -> dict[str, tuple[int, Fen]]:
    """Count the payments of a file by what the bank said. Shape: {result: (how many, fen)}."""
    rows = await tx.conn.fetch(
        "SELECT result, count(*) AS n, sum(amount_fen)::bigint AS fen FROM allocation_bank_line"
        " WHERE batch = $1 GROUP BY 1",
        batch_id,
    )
    return {r["result"]: (int(r["n"]), int(r["fen"])) for r in rows}


async def items(tx: Tx, statement_id: int) -> list[Row]:
    """List the rows of a statement that are not applied and were not known before."""
    rows = await tx.conn.fetch(
        "SELECT * FROM allocation_bank_item WHERE statement = $1 AND NOT applied AND NOT known ORDER BY row_no",
        statement_id,
    )
    return [{**r, "facts": json.loads(r["facts"])} for r in rows]


async def all_items(tx: Tx, statement_id: int) -> list[Row]:
    """List every row of a statement in its order."""
    rows = await tx.conn.fetch("SELECT * FROM allocation_bank_item WHERE statement = $1 ORDER BY row_no", statement_id)
    return [{**r, "facts": json.loads(r["facts"])} for r in rows]


_SENT = """
SELECT l.id, b.number, l.line_no, l.amount_fen, l.paid_fen, l.returned_fen, l.result, b.released_at
FROM allocation_bank_line l JOIN allocation_bank_batch b ON b.id = l.batch
WHERE b.number = ANY($1) AND b.state IN ('released', 'done') {lock}
"""


async def sent(tx: Tx, numbers: Sequence[str], *, lock: bool = False) -> dict[tuple[str, int], Sent]:
    """Give everything sent under some batch numbers. Shape: {(batch number, line number): Sent}."""
    rows = await tx.conn.fetch(
        _SENT.format(lock="ORDER BY l.id FOR UPDATE OF l" if lock else ""), list({n for n in numbers if n})
    )
    return {
        (r["number"], r["line_no"]): Sent(
            r["id"], r["amount_fen"], r["paid_fen"], r["returned_fen"], r["result"], shanghai(r["released_at"]).date()
        )
        for r in rows
    }


async def applied(tx: Tx, references: Sequence[str]) -> dict[tuple[str, str], Fen]:
    """Give what was applied under some bank references. Shape: {(kind, reference): fen}."""
    rows = await tx.conn.fetch(
        "SELECT kind, bank_ref, amount_fen FROM allocation_bank_item WHERE applied AND bank_ref = ANY($1)"
        " AND division_code = $2",
        list({r for r in references if r}),
        tx.actor.division_code,
    )
    return {(r["kind"], r["bank_ref"]): int(r["amount_fen"]) for r in rows}


# What had arrived of a matter by a day and was not whole then: no payment in the books yet.
_UNFINISHED = """
  (SELECT coalesce(sum(m.net), 0) FROM (
    SELECT l.source_table, l.source_id, sum(CASE i.kind WHEN 'paid' THEN i.amount_fen ELSE -i.amount_fen END) AS net
    FROM allocation_bank_item i JOIN allocation_bank_line l ON l.id = i.bank_line
    WHERE i.applied AND i.kind IN ('paid', 'returned') AND i.division_code = $1 AND i.day {until} GROUP BY 1, 2
  ) m WHERE m.net > 0 AND CASE m.source_table
    WHEN 'allocation_claim' THEN NOT EXISTS (SELECT 1 FROM allocation_payment p
      WHERE p.claim = m.source_id AND p.paid_on {until})
    WHEN 'allocation_grant' THEN m.net < (SELECT g.amount_fen FROM allocation_grant g WHERE g.id = m.source_id
      AND (g.recalled_on IS NULL OR NOT g.recalled_on {until}))
    ELSE m.net < (SELECT h.amount_fen FROM allocation_cash_line h WHERE h.id = m.source_id) END)::bigint
"""
_COMPARE = f"""
SELECT
  (SELECT coalesce(sum(amount_fen), 0) FROM allocation_bank_item
   WHERE applied AND kind = 'paid' AND division_code = $1 AND day BETWEEN $4 AND $5)::bigint AS bank_paid,
  (SELECT coalesce(sum(amount_fen), 0) FROM allocation_bank_item
   WHERE applied AND kind = 'returned' AND division_code = $1 AND day BETWEEN $4 AND $5)::bigint AS bank_returned,
  (SELECT coalesce(sum(amount_fen), 0) FROM allocation_bank_item
   WHERE applied AND kind = 'interest' AND division_code = $1 AND day BETWEEN $4 AND $5)::bigint AS interest,
  (SELECT coalesce(sum(p.amount_fen), 0) FROM allocation_payment p WHERE p.division_code >= $2
   AND p.division_code < $3 AND p.paid_on BETWEEN $4 AND $5 AND NOT EXISTS (SELECT 1 FROM allocation_bank_item i
     WHERE i.applied AND i.kind = 'paid' AND i.bank_ref = p.bank_ref))::bigint AS by_hand,
  (SELECT coalesce(sum(r.returned_fen), 0) FROM allocation_refund r WHERE r.division_code >= $2
   AND r.division_code < $3 AND r.returned_on BETWEEN $4 AND $5)::bigint AS refunded,
  {_UNFINISHED.format(until="<= $5")} AS unfinished,
  {_UNFINISHED.format(until="< $4")} AS finished,
  (SELECT coalesce(sum(e.amount_fen), 0) FROM allocation_entry e
   LEFT JOIN allocation_payment p ON e.source_table = 'allocation_payment' AND p.id = e.source_id
   LEFT JOIN allocation_refund r ON e.source_table = 'allocation_refund' AND r.id = e.source_id
   LEFT JOIN allocation_bank_item i ON e.event_key = 'bank:' || i.id
   WHERE e.division_code >= $2 AND e.division_code < $3 AND e.kind IN ('paid', 'settled', 'issued')
     AND e.posted_at >= $4::date::timestamp AT TIME ZONE 'Asia/Shanghai' -- nothing is posted before its own day
     AND coalesce(p.paid_on, r.returned_on, i.day, (e.posted_at AT TIME ZONE 'Asia/Shanghai')::date)
       BETWEEN $4 AND $5
  )::bigint AS books_paid
"""  # noqa: S608 - pieces of our own


async def month(tx: Tx, county: str, year: int, number: int) -> tuple[Comparison, Fen]:
    """Set the bank's month beside the books'. Gives the comparison and the interest. Units: fen."""
    row = await tx.conn.fetchrow(_COMPARE, county, *code_range(county), *month_span(year, number))
    names = Comparison.__dataclass_fields__
    return Comparison(**{n: int(row[n]) for n in names}), int(row["interest"])


async def unspent(tx: Tx, county: str, until: datetime) -> Fen:
    """Add up what lay in a county's account before a moment: everything that had not left it. Units: fen."""
    return int(
        await tx.conn.fetchval(
            "SELECT (SELECT coalesce(sum(total_fen), 0) FROM allocation_total WHERE division_code >= $1"
            " AND division_code < $2 AND kind <> ALL($3))::bigint"
            " - (SELECT coalesce(sum(amount_fen), 0) FROM allocation_entry WHERE division_code >= $1"
            " AND division_code < $2 AND posted_at >= $4 AND kind <> ALL($3))::bigint",
            *code_range(county),
            list(AWAY),
            until,
        )
    )


async def not_applied(tx: Tx, county: str) -> list[str]:
    """Name the statements that nobody has applied or put away."""
    rows = await tx.conn.fetch(
        "SELECT file_name FROM allocation_bank_statement WHERE division_code = $1 AND state = 'checked' ORDER BY id",
        county,
    )
    return [r["file_name"] for r in rows]


async def months(tx: Tx, county: str) -> list[Row]:
    """List the closed months of a county, newest first."""
    rows = await tx.conn.fetch(
        "SELECT * FROM allocation_bank_month WHERE division_code = $1 ORDER BY month DESC", county
    )
    return [{**r, "figures": json.loads(r["figures"])} for r in rows]


async def interest_batch(tx: Tx, county: str) -> int | None:
    """Name the batch that earns the county's interest: the one most of the unspent money is of, then the older."""
    found = await tx.conn.fetchval(
        "SELECT batch FROM allocation_balance WHERE division_code >= $1 AND division_code < $2"
        " AND kind <> ALL($3) GROUP BY batch HAVING sum(balance_fen) > 0 ORDER BY sum(balance_fen) DESC, batch LIMIT 1",
        *code_range(county),
        list(AWAY),
    )
    return None if found is None else int(found)


def last_month(today: date) -> tuple[int, int]:
    """Give the month before a day's."""
    return (today.year, today.month - 1) if today.month > 1 else (today.year - 1, 12)

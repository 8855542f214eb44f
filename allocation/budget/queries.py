"""Reads of the budget room: batches, pots, awards; and what `verify` asks the ledger."""

from __future__ import annotations

from typing import Any

from quzhou_migrants.kernel.actor import code_range
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.register import public as register

Row = dict[str, Any]
CODE_DIGITS, TOWNSHIP_DIGITS = 12, 9


async def batch(tx: Tx, batch_id: int, *, lock: bool = False) -> Row:
    """Read one batch, held for this transaction if asked. Raises: Refused KRN-404."""
    tail = " FOR UPDATE" if lock else ""
    row = await tx.conn.fetchrow(f"SELECT * FROM allocation_batch WHERE id = $1{tail}", batch_id)  # noqa: S608 - our own tail
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


async def available(tx: Tx, division_code: str, *, lock: bool = False) -> list[Row]:
    """List what a division itself can still give out, the batch recorded first before the others.

    Shape: rows with batch, doc_no, title, fen. `lock` holds the accounts for this transaction, in
    the order in which a posting locks them.
    """
    if lock:
        await tx.conn.execute(
            "SELECT 1 FROM allocation_balance WHERE division_code = $1 AND kind = 'available'"
            " ORDER BY batch FOR UPDATE",
            division_code,
        )
    rows = await tx.conn.fetch(
        "SELECT b.batch, a.doc_no, a.title, b.balance_fen AS fen FROM allocation_balance b"
        " JOIN allocation_batch a ON a.id = b.batch"
        " WHERE b.division_code = $1 AND b.kind = 'available' AND b.balance_fen > 0 ORDER BY b.batch",
        division_code,
    )
    return [dict(r) for r in rows]


EARMARK_FITS = (
    "(k.category = '' OR k.category = {category}) AND (k.project IS NULL OR k.project = {project})"
    " AND (k.place_code = '' OR allocation_inside({place}, k.place_code))"
)
"""When an earmark `k` may be spent on a project: its use, the project itself, its place, each where it is bound."""
_POTS = (
    "SELECT b.batch, b.division_code, b.kind, b.earmark, b.balance_fen AS fen, CASE WHEN b.earmark <> 0"  # noqa: S608 - pieces of our own
    " THEN 'earmark' WHEN b.division_code = $2 THEN 'township' ELSE 'county' END AS pot"
    " FROM allocation_balance b WHERE b.division_code = ANY ($1) AND b.project = 0"
    " AND b.kind IN ('available', 'earmarked') AND b.balance_fen > 0 AND (b.earmark = 0 OR EXISTS ("
    "  SELECT 1 FROM allocation_earmark k WHERE k.id = b.earmark AND "
    + EARMARK_FITS.format(category="$3", project="$4", place="$5")
    + "))"
    " AND (b.division_code <> $2 OR b.kind <> 'available' OR $6 OR NOT EXISTS (SELECT 1 FROM allocation_term_pool t"
    "  WHERE t.division_code = $2 AND t.purpose = 'startup' AND t.state = 'open'))"
    " ORDER BY b.division_code, b.batch, b.kind, b.earmark"
)


async def pots_for(tx: Tx, project: Row, county: str, *, lock: bool = False) -> list[Row]:
    """List the money a county may award to one project, in the order it is drawn.

    Bound money that fits the project, then its township's pool, then the county's own; inside each the batch
    recorded first (the order is a parameter). A start-up pool of the township is for start-ups alone.
    Shape: batch, division_code, kind, earmark, fen, pot.
    """
    order = [str(x) for x in tx.policy_for(county).get("allocation.budget.draw_order")]
    township = project["division_code"][:TOWNSHIP_DIGITS].ljust(CODE_DIGITS, "0")
    rows = await tx.conn.fetch(
        _POTS + (" FOR UPDATE" if lock else ""),
        [county, township],
        township,
        project["category"],
        project["id"],
        project["division_code"],
        project["way"] in tx.policy_for(county).get("projects.intake.startup_ways"),
    )
    return sorted((dict(r) for r in rows if r["pot"] in order), key=lambda r: (order.index(r["pot"]), r["batch"]))


async def persons_on_register(tx: Tx, division_code: str) -> int:
    """Count the people of cash-support households inside a division."""
    return (await register.counts(tx, [division_code]))[division_code]["cash_migrants"]


async def award_of(tx: Tx, project_id: int) -> Row | None:
    """Read the standing award of a project."""
    row = await tx.conn.fetchrow("SELECT * FROM allocation_award WHERE project = $1 AND state = 'standing'", project_id)
    return dict(row) if row else None


async def award(tx: Tx, award_id: int) -> Row:
    """Read one award. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow("SELECT * FROM allocation_award WHERE id = $1", award_id)
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


async def award_parts(tx: Tx, award_id: int) -> list[Row]:
    """List the accounts an award was taken from. Shape: batch, doc_no, holder, kind, earmark, fen."""
    rows = await tx.conn.fetch(
        "SELECT e.batch, b.doc_no, d.name AS holder, e.kind, k.title AS earmark, -e.amount_fen AS fen"
        " FROM allocation_entry e JOIN allocation_batch b ON b.id = e.batch"
        " LEFT JOIN kernel_division d ON d.code = e.division_code LEFT JOIN allocation_earmark k ON k.id = e.earmark"
        " WHERE e.event_key = $1 AND e.amount_fen < 0 ORDER BY e.line",
        f"award:{award_id}",
    )
    return [dict(r) for r in rows]


async def runs_of_batch(tx: Tx, batch_id: int) -> list[Row]:
    """List the factor runs over a batch that the caller may see."""
    rows = await tx.conn.fetch(
        "SELECT id, title, pool_fen, state FROM allocation_factor_run WHERE batch = $1"
        " AND (state = 'approved' OR (division_code >= $2 AND division_code < $3)) ORDER BY id",
        batch_id,
        *(code_range(tx.actor.division_code) if tx.actor.division_code else ("", "~")),
    )
    return [dict(r) for r in rows]


async def ledger_faults(conn: Any) -> list[str]:  # noqa: ANN401 - an asyncpg connection that sees every row
    """Name every account and house whose stored figure is not the sum of its entries, and every unbalanced event.

    An empty list is what `verify` wants to see.
    """
    accounts = await conn.fetch(
        "SELECT coalesce(e.batch, b.batch) AS batch, coalesce(e.kind, b.kind) AS kind,"
        " coalesce(e.division_code, b.division_code) AS division_code, e.fen, b.balance_fen FROM"
        " (SELECT division_code, batch, coalesce(project, 0) AS project, kind, earmark, sum(amount_fen) AS fen"
        "  FROM allocation_entry GROUP BY 1, 2, 3, 4, 5) e"
        " FULL JOIN allocation_balance b ON (b.division_code, b.batch, b.project, b.kind, b.earmark) ="
        "  (e.division_code, e.batch, e.project, e.kind, e.earmark)"
        " WHERE coalesce(e.fen, 0) <> coalesce(b.balance_fen, 0)"
    )
    events = await conn.fetch(
        "SELECT event_key, sum(amount_fen) AS fen FROM allocation_entry GROUP BY event_key, batch, earmark"
        " HAVING sum(amount_fen) <> 0"
    )
    houses = await conn.fetch(
        "SELECT coalesce(b.code, t.division_code) AS code, coalesce(b.batch, t.batch) AS batch, b.fen, t.fen AS told"
        " FROM (SELECT allocation_county(division_code) AS code, batch, kind, earmark, sum(balance_fen) AS fen"
        "  FROM allocation_balance GROUP BY 1, 2, 3, 4) b FULL JOIN"
        " (SELECT division_code, batch, kind, earmark, sum(total_fen) AS fen FROM allocation_total"
        "  GROUP BY 1, 2, 3, 4) t"
        " ON (b.code, b.batch, b.kind, b.earmark) = (t.division_code, t.batch, t.kind, t.earmark)"
        " WHERE coalesce(b.fen, 0) <> coalesce(t.fen, 0)"
    )
    return [
        f"allocation_balance {r['batch']} {r['division_code']} {r['kind']}: {r['balance_fen']} <> {r['fen']}"
        for r in accounts
    ] + [
        *(f"allocation_entry {r['event_key']}: {r['fen']}" for r in events),
        *(f"allocation_total {r['batch']} {r['code']}: {r['told']} <> {r['fen']}" for r in houses),
    ]

"""Reads of the terms room: clocks of batches, pools with what lies in them, money taken back."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Any

from allocation.terms.rules import Basis, PoolState, Years, carry_due
from quzhou_migrants.kernel.actor import code_range
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.money import Fen
from quzhou_migrants.kernel.policy import Policies
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
POOL, TAKEBACK, BATCH = "allocation_term_pool", "allocation_takeback", "allocation_batch"

# Who holds money: its county, or the city for what no county has yet.
HOLDER = "rpad(left(b.division_code, CASE WHEN b.division_code LIKE '____00%' THEN 4 ELSE 6 END), 12, '0')"
# Everything notified that has not left an account for good.
UNSPENT = (
    "('cash', 'issuing', 'available', 'earmarked', 'competing', 'planned', 'awarded', 'contracted', 'claimed',"
    " 'retained')"
)
# Sums of whole counties come from the ledger's totals; only what no project has yet is looked up by account.
OPEN_MONEY = f"""
SELECT x.batch, x.division_code, x.unspent_fen, x.cash_fen, coalesce(f.free_fen, 0) AS free_fen,
  coalesce(f.pooled_fen, 0) AS pooled_fen,
  x.unspent_fen - x.cash_fen - coalesce(f.free_fen, 0) - coalesce(f.pooled_fen, 0) AS bound_fen
FROM (SELECT t.batch, t.division_code, sum(t.total_fen)::bigint AS unspent_fen,
    coalesce(sum(t.total_fen) FILTER (WHERE t.kind IN ('cash', 'issuing')), 0)::bigint AS cash_fen
  FROM allocation_total t WHERE t.kind IN {UNSPENT} GROUP BY 1, 2 HAVING sum(t.total_fen) > 0) x
LEFT JOIN (SELECT b.batch, {HOLDER} AS division_code,
    coalesce(sum(b.balance_fen) FILTER (WHERE b.division_code LIKE '______000000'), 0)::bigint AS free_fen,
    coalesce(sum(b.balance_fen) FILTER (WHERE b.division_code NOT LIKE '______000000'), 0)::bigint AS pooled_fen
  FROM allocation_balance b WHERE b.project = 0 AND b.kind IN ('available', 'competing') GROUP BY 1, 2) f
  ON f.batch = x.batch AND f.division_code = x.division_code
"""  # noqa: S608 - our own text
# What lies in a pool, and what living applications of its place still ask for.
_HOLDS = (
    "(SELECT coalesce(sum(b.balance_fen), 0)::bigint FROM allocation_balance b"
    " WHERE b.division_code = k.division_code AND b.kind = 'available' AND b.project = 0)"
)
LIVING = "('submitted', 'returned', 'township_passed', 'admitted', 'planned')"
_ASKED = """(SELECT coalesce(sum(p.asked_fen), 0)::bigint FROM projects_project p
  WHERE p.state IN {living} AND p.division_code >= k.division_code
    AND p.division_code < rpad((left(k.division_code, CASE WHEN k.division_code LIKE '%000' THEN 9 ELSE 12 END)::bigint
      + 1)::text, 12, '0')
    AND (k.apply_by IS NULL OR (p.submitted_at AT TIME ZONE 'Asia/Shanghai')::date <= k.apply_by)
    AND (k.purpose <> 'startup' OR p.way IN ({ways})))"""
_WORD = re.compile(r"[a-z_]+")


@lru_cache(maxsize=8)
def pools(ways: tuple[str, ...]) -> str:
    """Write the rows of pools with what lies in them and what living applications ask; `ways` are start-ups."""
    words = ", ".join(f"'{way}'" for way in ways if _WORD.fullmatch(way)) or "''"
    asked = _ASKED.format(living=LIVING, ways=words)
    return f"(SELECT k.*, {_HOLDS} AS holds_fen, {asked} AS asked_fen FROM allocation_term_pool k)"  # noqa: S608 - our own text and checked words


def carry_rule(policy: Policies) -> tuple[int, Basis]:
    """Read how long money may be carried over, and from when that counts."""
    return policy.whole("allocation.terms.carry_years"), Basis(policy.text("allocation.terms.carry_basis"))


def pool_years(policy: Policies) -> Years:
    """Read how long a pool may run."""
    return Years(policy.whole("allocation.budget.pool_min_years"), policy.whole("allocation.budget.pool_max_years"))


def marks(policy: Policies) -> tuple[int, ...]:
    """Read on which days before a last day it is called to mind."""
    return tuple(int(day) for day in policy.get("allocation.terms.remind_days"))


async def clock(tx: Tx, batch_id: int, holder: str) -> Row:
    """Read one clock: a batch in one county (or the city), its last day, what lies where. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow(
        f"SELECT x.*, a.doc_no, a.title, a.issued_on, a.fund_kind FROM ({OPEN_MONEY}) x"  # noqa: S608 - our own text
        " JOIN allocation_batch a ON a.id = x.batch WHERE x.batch = $1 AND x.division_code = $2",
        batch_id,
        holder,
    )
    if row is None:
        raise Refused("KRN-404")
    return {**row, "due_on": carry_due(row["issued_on"], *carry_rule(tx.policy_for(holder)))}


async def free_money(tx: Tx, batch_id: int, holder: str) -> Fen:
    """Give what a division itself holds of a batch without having given it to anything. Units: fen."""
    return int(
        await tx.conn.fetchval(
            "SELECT coalesce(sum(balance_fen), 0) FROM allocation_balance"
            " WHERE batch = $1 AND division_code = $2 AND kind = 'available' AND project = 0 AND earmark = 0",
            batch_id,
            holder,
        )
    )


async def pool(tx: Tx, pool_id: int, *, lock: bool = False) -> Row:
    """Read one pool with what lies in it. Raises: Refused KRN-404."""
    if lock:
        await tx.conn.execute("SELECT 1 FROM allocation_term_pool WHERE id = $1 FOR UPDATE", pool_id)
    place = tx.actor.division_code or await tx.conn.fetchval(
        "SELECT coalesce(min(division_code), '') FROM allocation_term_pool WHERE id = $1", pool_id
    )
    if not place:
        raise Refused("KRN-404")
    source = pools(startup_ways(tx, place))
    row = await tx.conn.fetchrow(f"SELECT * FROM {source} k WHERE k.id = $1", pool_id)  # noqa: S608 - our own text
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


def state_of(row: Row) -> PoolState:
    """Take what the rules ask for out of a pool's row."""
    return PoolState(row["holds_fen"], row["asked_fen"], row["apply_by"], row["use_by"])


_TRAIL = """
SELECT x.at, x.fen, x.source_table, x.source_id, a.project, p.title AS project_title,
  coalesce(nullif(m.doc_no, ''), nullif(a.doc_no, ''), nullif(t.doc_no, ''), s.doc_no, r.title, '') AS doc_no,
  coalesce(nullif(m.reason, ''), nullif(a.reason, ''), t.reason, '') AS reason,
  coalesce(m.by_name, t.decided_name, '') AS by_name, x.event_key LIKE 'reverse:%' AS undone
FROM (SELECT e.event_key, max(e.posted_at) AS at, max(e.id) AS last, sum(e.amount_fen)::bigint AS fen,
    e.source_table, e.source_id FROM allocation_entry e
  WHERE e.division_code = $1 AND e.kind = 'available' AND e.project IS NULL
  GROUP BY e.event_key, e.source_table, e.source_id ORDER BY 3 DESC LIMIT 200) x
LEFT JOIN allocation_term_move m ON x.event_key = 'pool:' || m.pool || ':fill:' || m.id
LEFT JOIN allocation_award a ON x.source_table = 'allocation_award' AND a.id = x.source_id
LEFT JOIN projects_project p ON p.id = a.project
LEFT JOIN allocation_takeback t ON x.source_table = 'allocation_takeback' AND t.id = x.source_id
LEFT JOIN allocation_split s ON x.source_table = 'allocation_split' AND s.id = x.source_id
LEFT JOIN allocation_factor_run r ON x.source_table = 'allocation_factor_run' AND r.id = x.source_id
ORDER BY x.last DESC
"""


async def moves(tx: Tx, division_code: str) -> list[Row]:
    """List the trail of a place's money, newest first, out of the ledger itself: every sum with its paper."""
    return [dict(r) for r in await tx.conn.fetch(_TRAIL, division_code)]


async def candidates(tx: Tx, row: Row) -> list[Row]:
    """List planned projects of a pool's place that may be given its money, the first hundred."""
    lo, hi = code_range(row["division_code"])
    rows = await tx.conn.fetch(
        "SELECT id, code, title, asked_fen FROM projects_project WHERE state = 'planned'"
        " AND division_code >= $1 AND division_code < $2 AND ($3 = '{}'::text[] OR way = ANY($3))"
        " ORDER BY id LIMIT 100",
        lo,
        hi,
        list(startup_ways(tx, row["division_code"])) if row["purpose"] == "startup" else [],
    )
    return [dict(r) for r in rows]


def startup_ways(tx: Tx, division_code: str) -> tuple[str, ...]:
    """Name the ways of projects that count as start-ups."""
    return tuple(tx.policy_for(division_code).get("projects.intake.startup_ways"))


async def without_pool(tx: Tx) -> list[Row]:
    """List townships and villages that hold money nobody set a term for. Shape: division_code, name, fen."""
    rows = await tx.conn.fetch(
        "SELECT b.division_code, d.full_name AS name, sum(b.balance_fen)::bigint AS fen FROM allocation_balance b"
        " JOIN kernel_division d ON d.code = b.division_code WHERE b.kind = 'available' AND b.balance_fen > 0"
        " AND b.division_code NOT LIKE '______000000' AND NOT EXISTS (SELECT 1 FROM allocation_term_pool k"
        "  WHERE k.division_code = b.division_code AND k.state = 'open') GROUP BY 1, 2 ORDER BY 1 LIMIT 50"
    )
    return [dict(r) for r in rows]


async def takeback(tx: Tx, takeback_id: int) -> Row:
    """Read one act of taking back, with names. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow(
        "SELECT t.*, a.doc_no AS batch_doc, k.title AS pool_title, d.full_name AS whose_name, e.full_name AS to_name"
        " FROM allocation_takeback t LEFT JOIN allocation_batch a ON a.id = t.batch"
        " LEFT JOIN allocation_term_pool k ON k.id = t.pool LEFT JOIN kernel_division d ON d.code = t.division_code"
        " LEFT JOIN kernel_division e ON e.code = t.to_division WHERE t.id = $1",
        takeback_id,
    )
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


async def taken_lines(tx: Tx, takeback_id: int) -> list[Row]:
    """List the batches that money was taken back out of. Shape: batch, doc_no, fen."""
    rows = await tx.conn.fetch(
        "SELECT e.batch, b.doc_no, -e.amount_fen AS fen FROM allocation_entry e"
        " JOIN allocation_batch b ON b.id = e.batch WHERE e.event_key = $1 AND e.amount_fen < 0 ORDER BY e.batch",
        f"takeback:{takeback_id}",
    )
    return [dict(r) for r in rows]


async def reminders(tx: Tx, table: str, key: int, division_code: str) -> list[Row]:
    """List what was called to mind about a row (a batch: in one county), newest first."""
    rows = await tx.conn.fetch(
        "SELECT due_on, days_left, amount_fen, at FROM allocation_term_reminder"
        " WHERE subject_table = $1 AND subject_id = $2 AND division_code = $3 ORDER BY id DESC LIMIT 20",
        table,
        key,
        division_code,
    )
    return [dict(r) for r in rows]


def left_in(due: date, today: date) -> int:
    """Count the days until a last day; below zero when it is over."""
    return (due - today).days

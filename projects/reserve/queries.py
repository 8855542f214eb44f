"""Reads of review: turns, site checks, appeals, orders, filings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from projects.reserve.rules import TIERS
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]

FILED_STATES = ("submitted", "township_passed", "admitted", "planned", "awarded", "contracted", "building")
"""States in which an application counts against its township's quota: filed and neither returned nor closed."""
PASSED_STATES = FILED_STATES[1:]

_COMPARED = """
SELECT p.*, d.name AS village_name, d.full_name, r.present, r.votes_for, r.due, k.position,
  (SELECT s.finding FROM projects_site_check s WHERE s.project = p.id ORDER BY s.id DESC LIMIT 1) AS finding
FROM projects_project p JOIN kernel_division d ON d.code = p.division_code
LEFT JOIN projects_resolution r ON r.project = p.id AND r.round = p.round
LEFT JOIN projects_rank k ON k.project = p.id
WHERE p.id = ANY($1) AND p.submitted_at IS NOT NULL ORDER BY array_position($1, p.id)
"""
_REFUSED = """
SELECT at, actor_id FROM kernel_journal
WHERE subject_table = 'projects_project' AND subject_id = $1 AND verb = 'PROJECT.refuse' ORDER BY id DESC LIMIT 1
"""
_WAITING = """
SELECT p.id, p.version, p.title, p.division_code, p.category, p.asked_fen, p.state, p.migrants, t.due_on,
  t.assignee_name, d.name AS village_name, k.position
FROM projects_project p JOIN kernel_division d ON d.code = p.division_code
LEFT JOIN projects_review_turn t ON t.project = p.id AND t.round = p.round AND t.tier = $2
LEFT JOIN projects_rank k ON k.project = p.id
WHERE p.state = $1 AND p.division_code >= $3 AND p.division_code < $4 AND ($5 = '' OR p.category = $5)
ORDER BY left(p.division_code, 9), k.position NULLS LAST, p.submitted_at, p.id LIMIT $6
"""
_ORDER = """
SELECT p.id, p.title, p.code, p.asked_fen, p.migrants, p.category, p.state, p.division_code,
  d.name AS village_name, k.position
FROM projects_project p JOIN kernel_division d ON d.code = p.division_code
LEFT JOIN projects_rank k ON k.project = p.id AND k.quota = $1
WHERE p."window" = $2 AND p.division_code >= $3 AND p.division_code < $4 AND p.state = ANY($5)
ORDER BY k.position NULLS LAST, p.submitted_at, p.id
"""
_PLACE = """
SELECT k.position, q.id AS quota, q.state, q.amount_fen, q.factor_bp, q."window"
FROM projects_rank k JOIN projects_quota q ON q.id = k.quota WHERE k.project = $1
"""


async def turn(tx: Tx, project: Row) -> Row | None:
    """Give the turn a filing stands in now, None when nobody reviews it."""
    tier = TIERS.get(project["state"])
    if tier is None:
        return None
    found = await tx.conn.fetchrow(
        "SELECT * FROM projects_review_turn WHERE project = $1 AND round = $2 AND tier = $3",
        project["id"],
        project["round"],
        tier,
    )
    return dict(found) if found else None


async def site_checks(tx: Tx, project_id: int) -> list[Row]:
    """List what was seen on site, newest first."""
    rows = await tx.conn.fetch("SELECT * FROM projects_site_check WHERE project = $1 ORDER BY id DESC", project_id)
    return [dict(r) for r in rows]


async def refusal(tx: Tx, project_id: int) -> Row | None:
    """Tell when a project was last refused, and by whom."""
    found = await tx.conn.fetchrow(_REFUSED, project_id)
    return dict(found) if found else None


async def appeals(tx: Tx, project_id: int) -> list[Row]:
    """List the appeals of a project, newest first."""
    rows = await tx.conn.fetch("SELECT * FROM projects_appeal WHERE project = $1 ORDER BY id DESC", project_id)
    return [dict(r) for r in rows]


async def appeal(tx: Tx, appeal_id: int, *, lock: bool = False) -> Row:
    """Give an appeal. Raises: Refused KRN-404."""
    return await _one(tx, "projects_appeal", appeal_id, lock=lock)


async def quota(tx: Tx, quota_id: int, *, lock: bool = False) -> Row:
    """Give a township's quota. Raises: Refused KRN-404."""
    return await _one(tx, "projects_quota", quota_id, lock=lock)


async def filing(tx: Tx, filing_id: int, *, lock: bool = False) -> Row:
    """Give a reserve filed to the city. Raises: Refused KRN-404."""
    return await _one(tx, "projects_reserve_filing", filing_id, lock=lock)


async def batch(tx: Tx, batch_id: int) -> Row:
    """Give a batch with its counts. Raises: Refused KRN-404."""
    row = await _one(tx, "projects_review_batch", batch_id)
    counts = await tx.conn.fetch(
        "SELECT outcome, count(*) AS n FROM projects_review_batch_item WHERE batch = $1 GROUP BY 1", batch_id
    )
    return {**row, **dict.fromkeys(("pending", "done", "refused"), 0), **{r["outcome"]: r["n"] for r in counts}}


async def _one(tx: Tx, table: str, key: int, *, lock: bool = False) -> Row:
    found = await tx.conn.fetchrow(f"SELECT * FROM {table} WHERE id = $1{' FOR UPDATE' if lock else ''}", key)  # noqa: S608 - our own table names
    if found is None:
        raise Refused("KRN-404")
    return dict(found)


async def place_of(tx: Tx, project_id: int) -> Row | None:
    """Tell which place a project has in its township's order."""
    found = await tx.conn.fetchrow(_PLACE, project_id)
    return dict(found) if found else None


async def order(tx: Tx, quota_row: Row) -> list[Row]:
    """List a township's applications of a window: the ranked ones in order, the others behind them."""
    lo, hi = township_range(quota_row["division_code"])
    rows = await tx.conn.fetch(_ORDER, quota_row["id"], quota_row["window"], lo, hi, list(FILED_STATES))
    return [dict(r) for r in rows]


def township_range(township: str) -> tuple[str, str]:
    """Give the codes of a township's villages: [lo, hi)."""
    own = township[:9]
    return own.ljust(12, "0"), str(int(own) + 1).ljust(12, "0")


async def waiting(tx: Tx, state: str, inside: tuple[str, str], category: str, limit: int) -> list[Row]:
    """List what waits in one state, township by township in its order."""
    rows = await tx.conn.fetch(_WAITING, state, TIERS[state], *inside, category, limit)
    return [dict(r) for r in rows]


async def compared(tx: Tx, ids: Sequence[int]) -> list[Row]:
    """Give what a comparison shows, in the order asked for; what was never filed or lies outside is left out."""
    return [dict(r) for r in await tx.conn.fetch(_COMPARED, list(ids))]


async def batch_items(tx: Tx, batch_id: int, outcome: str, limit: int) -> list[Row]:
    """List the items of a batch with one outcome."""
    rows = await tx.conn.fetch(
        "SELECT i.*, p.title FROM projects_review_batch_item i JOIN projects_project p ON p.id = i.project"
        " WHERE i.batch = $1 AND i.outcome = $2 ORDER BY i.id LIMIT $3",
        batch_id,
        outcome,
        limit,
    )
    return [dict(r) for r in rows]


async def filing_remarks(tx: Tx, filing_id: int) -> list[Row]:
    """List what city and county said about a filed reserve, in order."""
    rows = await tx.conn.fetch(
        "SELECT r.*, p.title AS project_title FROM projects_city_remark r"
        " LEFT JOIN projects_project p ON p.id = r.project WHERE r.filing = $1 ORDER BY r.id",
        filing_id,
    )
    return [dict(r) for r in rows]


async def filing_sums(tx: Tx, filing_id: int) -> list[Row]:
    """Sum a filed reserve by category. Units: fen."""
    rows = await tx.conn.fetch(
        "SELECT category, count(*) AS projects, sum(asked_fen)::bigint AS asked_fen FROM projects_reserve_filing_item"
        " WHERE filing = $1 GROUP BY category ORDER BY category",
        filing_id,
    )
    return [dict(r) for r in rows]

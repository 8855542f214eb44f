"""Reads of plans, their items, candidates from the reserve, adjustments, awards without a contract."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from projects.plan.rules import Change, Item, PlanRules, groups_of, readiness
from projects.queries import PROJECT
from projects.ranking import queries as ranking
from projects.states import S
from quzhou_migrants.kernel.actor import code_range
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]

_FIND = "SELECT * FROM projects_plan WHERE id = $1"
_LOCK = f"{_FIND} FOR UPDATE"
_PAPERS = f"""
  (SELECT coalesce(array_agg(DISTINCT f.kind), '{{}}') FROM kernel_file f
   WHERE f.owner_table = '{PROJECT}' AND f.owner_id = p.id) AS papers
"""  # noqa: S608 - our own name
_ITEMS = f"""
SELECT i.*, p.code, p.title, p.category, p.way, p.state AS project_state, p.asked_fen, p.estimate_fen, p.own_fen,
  p.other_fen, p.content, p.migrants, p.valid_until, p.lat, p.caretaker, p.award_fen, v.name AS village_name,
  t.name AS township_name, {_PAPERS}
FROM projects_plan_item i
JOIN projects_project p ON p.id = i.project
JOIN kernel_division v ON v.code = p.division_code
LEFT JOIN kernel_division t ON t.code = left(p.division_code, 9) || '000'
WHERE i.plan = ANY($1) ORDER BY i.plan, p.division_code, i.id
"""  # noqa: S608 - our own name
_CANDIDATES = f"""
SELECT p.id, p.code, p.division_code, p.title, p.category, p.way, p.estimate_fen, p.asked_fen, p.migrants,
  p.valid_until, p.lat, p.caretaker, d.full_name AS place_name, t.name AS township_name, {_PAPERS},
  (SELECT string_agg(o.title, '、') FROM projects_plan_item i JOIN projects_plan o ON o.id = i.plan
   WHERE i.project = p.id AND o.state IN ('draft', 'posted')) AS drafted_in, k.rank
FROM projects_project p JOIN kernel_division d ON d.code = p.division_code
LEFT JOIN projects_ranking_row k ON k.project = p.id AND k.ranking = $7
LEFT JOIN kernel_division t ON t.code = left(p.division_code, 9) || '000'
WHERE p.division_code >= $1 AND p.division_code < $2 AND p.state = 'admitted'
  AND (p.valid_until IS NULL OR p.valid_until >= $3) AND ($4 = '' OR p.category = $4)
  AND NOT EXISTS (SELECT 1 FROM projects_plan_item i WHERE i.project = p.id AND i.plan = $5 AND i.left_on IS NULL)
ORDER BY k.rank NULLS LAST, p.admitted_at NULLS LAST, p.id LIMIT $6
"""  # noqa: S608 - our own name


async def find(tx: Tx, plan_id: int, *, lock: bool = False) -> Row:
    """Give a plan; `lock` holds its row until the transaction ends.

    Raises: Refused KRN-404.
    """
    row = await tx.conn.fetchrow(_LOCK if lock else _FIND, plan_id)
    if row is None:
        raise Refused("KRN-404")
    return dict(row) | {"printed": json.loads(row["printed"] or "[]")}


async def items(tx: Tx, plan_id: int, *, left: bool = False) -> list[Row]:
    """List the projects of a plan with what the plan table prints; `left`: those that left it instead."""
    rows = await tx.conn.fetch(_ITEMS, [plan_id])
    return [dict(r) for r in rows if (r["left_on"] is not None) == left]


async def item(tx: Tx, plan_id: int, item_id: int) -> Row:
    """Give one item that is in a plan. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow(
        "SELECT * FROM projects_plan_item WHERE id = $1 AND plan = $2 AND left_on IS NULL", item_id, plan_id
    )
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


async def items_of(tx: Tx, plan_ids: Sequence[int]) -> dict[int, list[Row]]:
    """List the projects of several plans at once. Shape: {plan: rows}."""
    found: dict[int, list[Row]] = {plan_id: [] for plan_id in plan_ids}
    for r in await tx.conn.fetch(_ITEMS, list(plan_ids)):
        if r["left_on"] is None:
            found[r["plan"]].append(dict(r))
    return found


def as_items(rows: Sequence[Row], rules: PlanRules) -> list[Item]:
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
            groups_of(r["category"], r["way"], rules.startup_ways),
            r["township_name"] or "",
        )
        for r in rows
    ]


def reservoir_of(project: Row) -> str:
    """The kind of reservoir as plan tables print it; an application that does not say counts as large."""
    return "small" if project["reservoir_kind"] == "small" else "large"


def ready_of(row: Row, rules: PlanRules) -> list[tuple[str, bool]]:
    """Say how ready the project of a row is. Shape: [(point, met)]."""
    return readiness(
        row["papers"], rules.ready_papers, located=row["lat"] is not None, cared_for=bool(row["caretaker"])
    )


async def candidates(tx: Tx, plan: Row, *, inside: str, category: str, limit: int) -> list[Row]:
    """List projects of the reserve that this plan does not hold: by the published ranking, then who waits longest."""
    lo, hi = code_range(inside)
    order = await ranking.ranking_in_force(tx, code_range(inside)[0][:6] + "000000")
    ranked = order["id"] if order else 0
    rows = await tx.conn.fetch(_CANDIDATES, lo, hi, tx.today, category, plan["id"], limit, ranked)
    return [dict(r) for r in rows]


_BY_ID = """
SELECT p.id AS project, p.title, p.asked_fen, p.category, p.way, p.valid_until, p.state AS project_state, p.migrants,
  false AS outside, NULL AS allowed_at, t.name AS township_name
FROM projects_project p LEFT JOIN kernel_division t ON t.code = left(p.division_code, 9) || '000'
WHERE p.id = ANY($1) AND p.state = 'admitted'
"""


async def by_id(tx: Tx, project_ids: Sequence[int]) -> dict[int, Row]:
    """Give projects of the reserve as if they were items, for a plan that is being tried out. Shape: {id: row}."""
    return {r["project"]: dict(r) for r in await tx.conn.fetch(_BY_ID, list(project_ids))}


async def variants(tx: Tx, plan: Row) -> list[Row]:
    """List the variants of the same batch, this one among them."""
    rows = await tx.conn.fetch(
        "SELECT * FROM projects_plan WHERE division_code = $1 AND year = $2 AND batch = $3 ORDER BY variant",
        plan["division_code"],
        plan["year"],
        plan["batch"],
    )
    return [dict(r) for r in rows]


_ADJUSTMENT = """
SELECT a.*, p.title AS plan_title, p.money_fen, p.state AS plan_state, p.year
FROM projects_adjustment a JOIN projects_plan p ON p.id = a.plan WHERE a.id = $1
"""
_LINES = """
SELECT l.*, p.code, p.title, p.state AS project_state, p.asked_fen, p.valid_until, p.reservoir_kind,
  v.full_name AS place_name
FROM projects_adjustment_line l JOIN projects_project p ON p.id = l.project
JOIN kernel_division v ON v.code = p.division_code
WHERE l.adjustment = $1 ORDER BY p.division_code, l.id
"""


async def published(tx: Tx, plan_id: int) -> Row:
    """Give a plan that is, or was, before the public. Raises: Refused KRN-404, also for drafts."""
    row = await find(tx, plan_id)
    if row["state"] not in {"posted", "approved"}:
        raise Refused("KRN-404")
    return row


async def adjustment(tx: Tx, adjustment_id: int, *, lock: bool = False) -> Row:
    """Give an adjustment with the money of its plan. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow(_ADJUSTMENT + (" FOR UPDATE OF a" if lock else ""), adjustment_id)
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


async def adjustments(tx: Tx, plan_id: int) -> list[Row]:
    """List the adjustments of a plan, the first one first."""
    rows = await tx.conn.fetch("SELECT * FROM projects_adjustment WHERE plan = $1 ORDER BY number", plan_id)
    return [dict(r) for r in rows]


async def lines(tx: Tx, adjustment_id: int) -> list[Row]:
    """List the lines of an adjustment."""
    return [dict(r) for r in await tx.conn.fetch(_LINES, adjustment_id)]


def as_changes(tx: Tx, rows: Sequence[Row]) -> list[Change]:
    """The lines of an adjustment as the rules read them."""
    return [
        Change(
            r["project"],
            r["title"],
            r["before_fen"],
            r["after_fen"],
            r["asked_fen"],
            eligible=r["project_state"] == S.ADMITTED and (r["valid_until"] or tx.today) >= tx.today,
            movable=r["project_state"] == S.PLANNED,
        )
        for r in rows
    ]


_WAITING = """
SELECT i.id, i.project, i.division_code, i.amount_fen, i.outside, i.plan, q.approved_on, q.title AS plan_title, p.title
FROM projects_plan_item i JOIN projects_plan q ON q.id = i.plan JOIN projects_project p ON p.id = i.project
WHERE i.standing AND p.state = 'planned' AND q.approved_on < $1 ORDER BY q.approved_on, i.id
"""


async def waiting(tx: Tx, approved_before: Any) -> list[Row]:  # noqa: ANN401 - a date
    """List planned projects without an award whose plan was approved before a day."""
    return [dict(r) for r in await tx.conn.fetch(_WAITING, approved_before)]


_AWARDED = """
SELECT (j.at AT TIME ZONE 'Asia/Shanghai')::date FROM kernel_journal j
WHERE j.subject_table = 'projects_project' AND j.subject_id = $1 AND j.verb = 'PROJECT.award'
ORDER BY j.id DESC LIMIT 1
"""


async def awarded_on(tx: Tx, project_id: int) -> Any:  # noqa: ANN401 - a date or nothing
    """Give the day on which a project became an awarded one; None when the journal does not know it."""
    return await tx.conn.fetchval(_AWARDED, project_id)


async def standing_item(tx: Tx, project_id: int) -> Row | None:
    """Give the place of a project in an approved plan, if it has one."""
    row = await tx.conn.fetchrow("SELECT * FROM projects_plan_item WHERE project = $1 AND standing", project_id)
    return dict(row) if row else None

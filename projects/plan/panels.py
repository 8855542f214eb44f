"""What waits on the home page: plans and adjustments to decide, money about to come free, awards without a contract."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from projects.permissions import P
from projects.plan.parameters import plan_rules
from projects.plan.rules import months_after
from quzhou_migrants.kernel.tasks import Task
from quzhou_migrants.kernel.tx import Tx

MOST = 20
_PLANS = """
SELECT q.id, q.title, q.division_code FROM projects_plan q
WHERE (q.state = 'posted' AND NOT EXISTS (SELECT 1 FROM projects_posting n
    WHERE n.subject_table = 'projects_plan' AND n.subject_id = q.id AND n.state = 'open'))
  OR (q.state = 'draft' AND $1 AND EXISTS (SELECT 1 FROM projects_plan_item i WHERE i.plan = q.id))
  OR (q.state = 'draft' AND EXISTS (SELECT 1 FROM projects_plan_item i
    WHERE i.plan = q.id AND i.outside AND i.allowed_at IS NULL))
ORDER BY q.id LIMIT $2
"""
_ADJUSTMENTS = """
SELECT a.id, p.title, a.division_code FROM projects_adjustment a JOIN projects_plan p ON p.id = a.plan
WHERE a.state = 'draft' AND EXISTS (SELECT 1 FROM projects_adjustment_line l WHERE l.adjustment = a.id)
ORDER BY a.id LIMIT $1
"""
_PLANNED = """
SELECT p.id, p.title, p.division_code, q.approved_on AS since FROM projects_plan_item i
JOIN projects_plan q ON q.id = i.plan JOIN projects_project p ON p.id = i.project
WHERE i.standing AND p.state = 'planned' ORDER BY q.approved_on, p.id LIMIT $1
"""
_AWARDED = """
SELECT p.id, p.title, p.division_code, (max(j.at) AT TIME ZONE 'Asia/Shanghai')::date AS since
FROM projects_project p JOIN kernel_journal j
  ON j.subject_table = 'projects_project' AND j.subject_id = p.id AND j.verb = 'PROJECT.award'
WHERE p.state = 'awarded' GROUP BY p.id ORDER BY since, p.id LIMIT $1
"""


async def decisions(tx: Tx) -> list[Task]:
    """Plans, exceptions and adjustments that wait for a leader."""
    if not tx.actor.may(P.APPROVE_PLAN):
        return []
    unposted = not plan_rules(tx.policy).notice_needed
    plans = await tx.conn.fetch(_PLANS, unposted, MOST)
    changes = await tx.conn.fetch(_ADJUSTMENTS, MOST)
    return [
        *(Task(r["title"], f"/plan/{r['id']}", None, r["division_code"], "projects.plan") for r in plans),
        *(_task(r, f"/plan/adjustments/{r['id']}", None, "adjustment") for r in changes),
    ]


def _task(row: Any, url: str, due: Any, kind: str) -> Task:  # noqa: ANN401 - a database row, a date or nothing
    return Task(row["title"], url, due, row["division_code"], f"projects.{kind}")


async def terms(tx: Tx) -> list[Task]:
    """Planned projects whose term for an award ends soon; awards whose term for a contract is over."""
    found: list[Task] = []
    known = plan_rules(tx.policy)
    if tx.actor.may(P.PLAN):
        soon = tx.today + timedelta(days=known.warn_days)
        for row in await tx.conn.fetch(_PLANNED, MOST):
            until = months_after(row["since"], known.start_months.value)
            if until <= soon:
                found.append(_task(row, f"/projects/{row['id']}", until, "plan_term"))
    if tx.actor.may(P.APPROVE_PLAN):
        for row in await tx.conn.fetch(_AWARDED, MOST):
            until = months_after(row["since"], known.contract_months.value)
            if until < tx.today:
                found.append(_task(row, f"/projects/{row['id']}/recall", until, "contract_term"))
    return found


PANELS = [decisions, terms]

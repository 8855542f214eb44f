"""What review puts on the home page and on a project's page."""

from __future__ import annotations

from typing import Any

from projects.permissions import P
from projects.public import Panel
from projects.reserve import appeals, queries
from projects.reserve.rules import TIERS
from projects.reserve.states import AppealState, FilingState, QuotaState
from quzhou_migrants.kernel.tasks import Task
from quzhou_migrants.kernel.tx import Tx

MOST = 20  # lines of one kind; the rest stands in the lists

_REVIEW = """
SELECT p.id, p.title, p.division_code, p.state, t.due_on FROM projects_project p
LEFT JOIN projects_review_turn t ON t.project = p.id AND t.round = p.round
  AND t.tier = CASE p.state WHEN 'submitted' THEN 'township' ELSE 'county' END
WHERE p.state = ANY($1) AND (t.assignee IS NULL OR t.assignee = $2)
ORDER BY t.due_on NULLS LAST, p.submitted_at, p.id LIMIT $3
"""
_APPEALS = """
SELECT a.id, p.title, a.division_code, a.due_on FROM projects_appeal a JOIN projects_project p ON p.id = a.project
WHERE a.state = $1 ORDER BY a.due_on, a.id LIMIT $2
"""
_ORDERS = """
SELECT q.id, d.name AS title, q.division_code, q."window" FROM projects_quota q
JOIN kernel_division d ON d.code = q.division_code WHERE q.state = $1 ORDER BY q."window" DESC, q.id LIMIT $2
"""
_FILINGS = """
SELECT id, title, division_code, state FROM projects_reserve_filing WHERE state = $1 ORDER BY id LIMIT $2
"""


async def review(tx: Tx) -> list[Task]:
    """Applications that wait for me or for nobody yet, by their due date."""
    mine = [s for s, p in (("submitted", P.CHECK), ("township_passed", P.ADMIT)) if tx.actor.may(p)]
    if not mine:
        return []
    rows = await tx.conn.fetch(_REVIEW, mine, tx.actor.user_id, MOST)
    return [
        Task(r["title"], f"/reserve/{r['id']}", r["due_on"], r["division_code"], f"projects.{r['state']}") for r in rows
    ]


async def appealed(tx: Tx) -> list[Task]:
    """Appeals that wait for a leader."""
    if not tx.actor.may(P.DECIDE_APPEAL):
        return []
    rows = await tx.conn.fetch(_APPEALS, AppealState.FILED.value, MOST)
    return [
        Task(r["title"], f"/reserve/appeals/{r['id']}", r["due_on"], r["division_code"], "projects.appeal")
        for r in rows
    ]


async def orders(tx: Tx) -> list[Task]:
    """Orders that the township has not handed in yet."""
    if not tx.actor.may(P.RANK):
        return []
    rows = await tx.conn.fetch(_ORDERS, QuotaState.ORDERING.value, MOST)
    return [
        Task(f"{r['title']} {r['window']}", f"/reserve/quotas/{r['id']}", None, r["division_code"], "projects.quota")
        for r in rows
    ]


async def filings(tx: Tx) -> list[Task]:
    """Filed reserves the city has not read, remarks the county has not answered."""
    if tx.actor.may(P.REMARK):
        state, kind = FilingState.FILED, "projects.filing"
    elif tx.actor.may(P.ADMIT):
        state, kind = FilingState.ASKED, "projects.asked"
    else:
        return []
    rows = await tx.conn.fetch(_FILINGS, state.value, MOST)
    return [Task(r["title"], f"/reserve/filings/{r['id']}", None, r["division_code"], kind) for r in rows]


PANELS = [review, appealed, orders, filings]


async def standing(tx: Tx, project: dict[str, Any]) -> Panel | None:
    """Tell how a project's review stands, for its page; None when it was never reviewed and waits for nobody."""
    if not project["submitted_at"]:
        return None
    appealable = await appeals.last_day(tx, project) if tx.actor.may(P.SUBMIT) else None
    facts: dict[str, Any] = {
        "turn": await queries.turn(tx, project),
        "tier": TIERS.get(project["state"], ""),
        "checks": await queries.site_checks(tx, project["id"]),
        "appeals": await queries.appeals(tx, project["id"]),
        "place": await queries.place_of(tx, project["id"]),
        "appealable": appealable,
    }
    facts["may_rank"] = tx.actor.may(P.RANK) or tx.actor.may(P.ADMIT)
    shown = ("turn", "checks", "appeals", "place", "appealable")
    return Panel("projects/reserve/standing.html", facts) if any(facts[name] for name in shown) else None

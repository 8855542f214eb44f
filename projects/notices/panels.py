"""What waits on the home page: objections to answer, notices whose days are over."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from projects.notices import queries
from projects.permissions import P
from projects.public import Panel
from projects.queries import subject
from projects.states import EDITABLE
from quzhou_migrants.kernel.tasks import Task
from quzhou_migrants.kernel.tx import Tx

MOST = 20


async def objections(tx: Tx) -> list[Task]:
    """Objections that wait for an answer, the nearest term first; a city is asked about its own notices only."""
    if not tx.actor.may(P.ANSWER_OBJECTION):
        return []
    rows = await tx.conn.fetch(
        "SELECT o.id, o.due_on, o.division_code, n.title FROM projects_objection o"
        " JOIN projects_posting n ON n.id = o.posting WHERE o.state = 'received'"
        " AND ($2 NOT LIKE '%00000000' OR o.division_code = $2) ORDER BY o.due_on, o.id LIMIT $1",
        MOST,
        tx.actor.division_code,
    )
    return [
        Task(r["title"], f"/notices/objections/{r['id']}", r["due_on"], r["division_code"], "projects.objection")
        for r in rows
    ]


async def notices(tx: Tx) -> list[Task]:
    """One's own notices whose last day is over and which are still open."""
    if not tx.actor.may(P.POST_NOTICE):
        return []
    rows = await tx.conn.fetch(
        "SELECT id, title, ends_on, division_code FROM projects_posting WHERE state = 'open' AND ends_on < $1"
        " AND (division_code = $2 OR opened_by = $3) ORDER BY ends_on, id LIMIT $4",
        tx.today,
        tx.actor.division_code,
        tx.actor.user_id,
        MOST,
    )
    return [
        Task(r["title"], f"/notices/{r['id']}", r["ends_on"] + timedelta(days=1), r["division_code"], "projects.notice")
        for r in rows
    ]


async def project_panel(tx: Tx, project: dict[str, Any]) -> Panel | None:
    """The notices about a project, and the way to put one up."""
    found = await queries.of_subject(tx, subject(project))
    may_open = tx.actor.may(P.POST_NOTICE) and project["state"] in EDITABLE
    if not found and not may_open:
        return None
    hangs = any(n["state"] == "open" for n in found)
    return Panel("projects/notices/panel.html", {"notices": found, "may_open": may_open and not hangs})


PANELS = [objections, notices]

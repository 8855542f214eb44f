"""What the ranking shows elsewhere: tasks on the home page, the place of a project on its page."""

from __future__ import annotations

from typing import Any

from projects import public
from projects.permissions import P
from projects.ranking import queries
from quzhou_migrants.kernel.tasks import Task
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]


async def ranking(tx: Tx) -> list[Task]:
    """Rankings that wait to be published."""
    if not tx.actor.may(P.PUBLISH_RANKING):
        return []
    rows = await tx.conn.fetch(
        "SELECT id, title, division_code FROM projects_ranking WHERE state = 'draft' AND division_code = $1"
        " ORDER BY id",
        tx.actor.division_code,
    )
    return [Task(r["title"], f"/ranking/{r['id']}", None, r["division_code"], "projects.ranking") for r in rows]


async def standing(tx: Tx, project: Row) -> public.Panel | None:
    """Show where a project in the reserve stands in the published ranking."""
    if project["state"] not in {"admitted", "planned"}:
        return None
    place = await queries.last_place(tx, project["id"])
    return public.Panel("projects/ranking/standing.html", {"place": place}) if place else None


PANELS = [ranking]

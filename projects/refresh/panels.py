"""What the refresh asks on the home page, and what a project answered on its own."""

from __future__ import annotations

from typing import Any

from projects import public
from projects.permissions import P
from projects.refresh import queries
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.tasks import Task
from quzhou_migrants.kernel.tx import Tx

MOST = 20


async def village(tx: Tx) -> list[Task]:
    """Projects of the village that nobody answered for yet, with the last day."""
    if not tx.actor.may(P.SUBMIT):
        return []
    rows = await tx.conn.fetch(queries.WAITING_TASKS, MOST)
    return [
        Task(
            r["title"],
            f"/refresh/{r['refresh']}/projects/{r['id']}",
            r["closes_on"],
            r["division_code"],
            "projects.refresh",
        )
        for r in rows
    ]


async def county(tx: Tx) -> list[Task]:
    """The refresh that runs, with how many answers are missing."""
    if not tx.actor.may(P.REFRESH):
        return []
    rows = await tx.conn.fetch(
        "SELECT id, name, closes_on, division_code, due - (SELECT count(*) FROM projects_refresh_answer a"
        " WHERE a.refresh = projects_refresh.id) AS missing FROM projects_refresh WHERE state = 'open'"
    )
    sentence = CATALOGUE.text("projects.refresh.task")
    return [
        Task(
            sentence.format(name=r["name"], missing=max(r["missing"], 0)),
            f"/refresh/{r['id']}",
            r["closes_on"],
            r["division_code"],
            "projects.refresh_close",
        )
        for r in rows
    ]


async def standing(tx: Tx, project: dict[str, Any]) -> public.Panel | None:
    """Show what was answered for a project of the reserve in every refresh."""
    if project["admitted_at"] is None or project["state"] not in {"admitted", "planned", "expired", "withdrawn"}:
        return None
    history = await queries.history(tx, project["id"])
    return public.Panel("projects/refresh/standing.html", {"history": history}) if history else None


PANELS = [village, county]

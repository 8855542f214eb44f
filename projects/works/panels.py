"""Works that are late and nobody said why, on the home page; serious ones also before the leader."""

from __future__ import annotations

from typing import Any

from projects.permissions import P
from projects.public import Panel
from projects.works import queries
from quzhou_migrants.kernel.tasks import Task
from quzhou_migrants.kernel.tx import Tx

MOST = 20
WITH_WORKS = frozenset(
    {
        "awarded",
        "contracted",
        "building",
        "suspended",
        "terminated",
        "completed",
        "pre_accepted",
        "audited",
        "accepted",
        "handed_over",
    }
)


async def late(tx: Tx) -> list[Task]:
    """Warnings without an answer for who builds; alarms for who decides about changes."""
    builds, decides = tx.actor.may(P.BUILD), tx.actor.may(P.APPROVE_CHANGE)
    if not (builds or decides):
        return []
    rows = await tx.conn.fetch(
        "SELECT d.id, d.kind, d.division_code, p.title FROM projects_delay d JOIN projects_project p"
        " ON p.id = d.project WHERE d.cleared_on IS NULL AND ((d.reason = '' AND $1) OR (d.level = 'alarm' AND $2))"
        " ORDER BY d.level, d.since_on, d.id LIMIT $3",
        builds,
        decides,
        MOST,
    )
    return [
        Task(r["title"], f"/works/delays/{r['id']}", None, r["division_code"], f"projects.delay.{r['kind']}")
        for r in rows
    ]


async def of_project(tx: Tx, project: dict[str, Any]) -> Panel | None:
    """Tell how the works of a project stand, once there is an award; None before."""
    if project["state"] not in WITH_WORKS:
        return None
    late = [d for d in await queries.delays_of(tx, project["id"]) if not d["cleared_on"]]
    found = await tx.conn.fetch(
        "SELECT id, action, state FROM projects_change WHERE project = $1 ORDER BY id DESC LIMIT 5", project["id"]
    )
    return Panel("projects/works/panel.html", {"late": late, "changes": [dict(r) for r in found]})


PANELS = [late]

"""The list of projects and the page of one project."""

from __future__ import annotations

from typing import Any

from litestar import Request, get
from litestar.params import FromPath
from litestar.response import Response
from markupsafe import Markup

from projects import lists, public
from projects.intake import queries as intake_queries
from projects.intake.pages import window_facts
from projects.permissions import P
from projects.queries import PROJECT, find
from projects.states import PROJECT as MACHINE
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.files import files_of
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.states import verbs_open
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web.render import html, render

AnyRequest = Request[Any, Any, Any]
Page = Response[bytes]
Row = dict[str, Any]

WHERE = {
    "submit": "/projects/{}/apply",
    "withdraw": "/projects/{}/withdraw",
    "pass": "/reserve/{}",
    "return": "/reserve/{}",
    "admit": "/reserve/{}",
    "remove": "/reserve/{}",
    "reopen": "/reserve/{}",
    "sign": "/projects/{}/contract",
    "start": "/projects/{}/start",
    "complete": "/projects/{}/complete",
    "pre_accept": "/projects/{}/pre_accept",
    "rework": "/projects/{}/pre_accept",
    "audit": "/projects/{}/audit",
    "accept": "/projects/{}/accept",
    "hand_over": "/projects/{}/hand_over",
    "recall": "/projects/{}/recall",
}
"""Page on which a verb is carried out; verbs without one happen elsewhere (a plan, an award)."""


@get("/projects", opt=needs(P.VIEW))
async def projects(request: AnyRequest) -> Page:
    """List the projects of the range."""
    async with open_tx(request) as tx:
        facts = await window_facts(tx)
        may_submit = tx.actor.may(P.SUBMIT)
    return await lists.PROJECTS.respond(request, "projects/list.html", may_submit=may_submit, **facts)


@get("/projects/{project_id:int}", opt=needs(P.VIEW))
async def project(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Show a project: where it stands, its money, its works, its papers, its trail."""
    async with open_tx(request) as tx:
        row = await find(tx, project_id)
        decision, notice = await intake_queries.behind(tx, project_id, row["round"])
        facts: dict[str, Any] = {
            "p": row,
            "decision": decision,
            "notice": notice,
            "milestones": await public.milestones(tx, project_id),
            "contract": await _one(tx, "projects_contract", project_id),
            "acceptance": await _one(tx, "projects_acceptance", project_id),
            "papers": await files_of(tx, (PROJECT, project_id)),
            "entries": await timeline(tx, PROJECT, project_id),
            "actions": _actions(row, verbs_open(MACHINE, row, tx.actor)),
            "panels": await _panels(request, tx, row),
        }
    return render(request, "projects/project.html", **facts)


async def _one(tx: Tx, table: str, project_id: int) -> Row | None:
    found = await tx.conn.fetchrow(f"SELECT * FROM {table} WHERE project = $1", project_id)  # noqa: S608 - our own tables
    return dict(found) if found else None


def _actions(row: Row, verbs: list[str]) -> list[tuple[str, str, str]]:
    """Buttons for what the person may do now. Shape: [(title, address, kind)]."""
    seen: dict[str, tuple[str, str, str]] = {}
    for verb in verbs:
        if verb in WHERE:
            address = WHERE[verb].format(row["id"])
            kind = "outline-primary" if seen else "primary"
            seen.setdefault(address, (CATALOGUE.text(f"projects.action.{verb}"), address, kind))
    if row["receipt"]:
        seen["receipt"] = (
            CATALOGUE.text("projects.action.receipt"),
            f"/projects/{row['id']}/receipt",
            "outline-secondary",
        )
    return list(seen.values())


async def _panels(request: AnyRequest, tx: Tx, row: Row) -> list[Markup]:
    """Panels that upper packages add: money paid against work seen, visits, the site code."""
    wired: list[public.ProjectPanel] = request.app.state["project_panels"]
    found = [await panel(tx, row) for panel in wired]
    return [Markup(html(p.template, project=row, **p.context)) for p in found if p]  # noqa: S704 - templates escape


ROUTES = [projects, project]

"""The list of projects and the page of one project."""

from __future__ import annotations

from typing import Any

from litestar import Request, get
from litestar.params import FromPath
from litestar.response import Response
from markupsafe import Markup

from projects import lists, public
from projects.intake.pages import window_facts
from projects.passport import figures, passport
from projects.permissions import P
from projects.queries import find
from projects.states import PROJECT as MACHINE
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.states import verbs_open
from quzhou_migrants.kernel.tx import open_tx
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
        facts = await passport(tx, row)
        wired: list[public.ProjectPanel] = request.app.state["project_panels"]
        panels = [panel for panel in [await one(tx, row) for one in wired] if panel]
        actions = _actions(row, verbs_open(MACHINE, row, tx.actor))
    shown = [Markup(html(p.template, project=row, **p.context)) for p in panels]  # noqa: S704 - templates escape
    more = figures(panels)
    return render(request, "projects/project.html", actions=actions, panels=shown, figures=more, **facts)


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


ROUTES = [projects, project]

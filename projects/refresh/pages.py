"""Pages of the refresh: campaigns and answers."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from projects.permissions import P
from projects.queries import find
from projects.refresh import lists, queries, rules, service
from projects.refresh.forms import AnswerForm, ReadmitForm, SeenForm
from projects.refresh.history_pages import ROUTES as HISTORY
from projects.refresh.states import S, Said
from projects.reserve.service import cycle
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[bytes]
Row = dict[str, Any]


@get("/refresh", opt=needs(P.VIEW))
async def refreshes(request: AnyRequest) -> Page:
    """List the campaigns."""
    return await lists.REFRESHES.respond(request, "projects/refresh/list.html", **await _season(request))


async def _season(request: AnyRequest) -> Row:
    """Say what runs and what comes, and whether the caller may open it."""
    async with open_tx(request) as tx:
        param = tx.policy.param("projects.reserve.refresh_months")
        span = rules.running(tx.today, param.value)
        level = await tx.conn.fetchval("SELECT level FROM kernel_division WHERE code = $1", tx.actor.division_code)
        mine = await queries.open_refresh(tx, tx.actor.division_code)
        return {
            "span": span,
            "coming": rules.coming(tx.today, param.value),
            "param": param,
            "may_open": bool(span) and level == "county" and tx.actor.may(P.REFRESH) and mine is None,
            "form": new_form(SeenForm),
        }


@post("/refresh/open", opt=needs(P.REFRESH), status_code=200)
async def open_refresh(request: AnyRequest) -> Page:
    """Open this month's refresh."""
    form = await read_form(request, SeenForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            number = await service.open_refresh(tx)
            return see_other(await tx.done(f"/refresh/{number}"), flash="projects.refresh.flash.opened")
    async with open_tx(request) as tx:
        page = await lists.REFRESHES.fetch(tx, request)
    facts = await _season(request) | {"form": form}
    return render(request, "projects/refresh/list.html", status=form.status, page=page, **facts)


@get("/refresh/{refresh_id:int}", opt=needs(P.VIEW))
async def refresh(request: AnyRequest, refresh_id: FromPath[int]) -> Page:
    """Show a campaign: who answered what, who still has to."""
    base = ("r.id = {}", [refresh_id])
    facts = await _about(request, refresh_id)
    return await lists.ANSWERS.respond(
        request, "projects/refresh/refresh.html", base=base, form=new_form(SeenForm), **facts
    )


async def _about(request: AnyRequest, refresh_id: int) -> Row:
    async with open_tx(request) as tx:
        row = await queries.refresh(tx, refresh_id)
        found = await queries.counts(tx, row)
        over = tx.today > row["closes_on"] or not found["waiting"]
        return {
            "r": row,
            "counts": found,
            "limit": tx.policy_for(row["division_code"]).param("projects.refresh.silence_limit"),
            "may_close": row["state"] == S.OPEN and over and tx.actor.may(P.REFRESH),
            "snapshot": await tx.conn.fetchval("SELECT id FROM projects_snapshot WHERE refresh = $1", refresh_id),
            "entries": await timeline(tx, "projects_refresh", refresh_id),
        }


@post("/refresh/{refresh_id:int}/close", opt=needs(P.REFRESH), status_code=200)
async def close(request: AnyRequest, refresh_id: FromPath[int]) -> Page:
    """Close a campaign."""
    form = await read_form(request, SeenForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await service.close(tx, refresh_id)
            return see_other(await tx.done(f"/refresh/{refresh_id}"), flash="projects.refresh.flash.closed")
    async with open_tx(request) as tx:
        page = await lists.ANSWERS.fetch(tx, request, ("r.id = {}", [refresh_id]))
    facts = await _about(request, refresh_id)
    return render(request, "projects/refresh/refresh.html", status=form.status, form=form, page=page, **facts)


@get("/refresh/{refresh_id:int}/projects/{project_id:int}", opt=needs(P.VIEW))
async def asked(request: AnyRequest, refresh_id: FromPath[int], project_id: FromPath[int]) -> Page:
    """Show what was answered for a project, and the form while the refresh runs."""
    return await _asked(request, refresh_id, project_id)


async def _asked(request: AnyRequest, refresh_id: int, project_id: int, form: Form[AnswerForm] | None = None) -> Page:
    async with open_tx(request) as tx:
        row = await queries.refresh(tx, refresh_id)
        project = await find(tx, project_id)
        facts: Row = {
            "r": row,
            "p": project,
            "history": await queries.history(tx, project_id),
            "may_answer": _may_answer(tx, row, project),
            "growth": tx.policy_for(project["division_code"]).param("projects.refresh.growth_bp"),
        }
    shown = form or new_form(AnswerForm, project, seen=project["version"], answer="")
    status = shown.status if shown.problems else 200
    return render(request, "projects/refresh/answer.html", status=status, form=shown, choices=list(Said), **facts)


def _may_answer(tx: Tx, row: Row, project: Row) -> bool:
    in_time = row["state"] == S.OPEN and tx.today <= row["closes_on"]
    return in_time and project["state"] == "admitted" and tx.actor.may(P.SUBMIT)


@post("/refresh/{refresh_id:int}/projects/{project_id:int}", opt=needs(P.SUBMIT), status_code=200)
async def answer(request: AnyRequest, refresh_id: FromPath[int], project_id: FromPath[int]) -> Page:
    """Answer for a project."""
    form = await read_form(request, AnswerForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await service.answer(tx, refresh_id, project_id, form.value)
            return see_other(await tx.done(f"/refresh/{refresh_id}"), flash="projects.refresh.flash.answered")
    return await _asked(request, refresh_id, project_id, form)


@get("/refresh/expired", opt=needs(P.VIEW))
async def expired(request: AnyRequest) -> Page:
    """List the projects that left the reserve at the end of their term or by silence."""
    return await lists.EXPIRED.respond(request, "projects/refresh/expired.html")


@get("/refresh/expired/{project_id:int}", opt=needs(P.VIEW))
async def expired_project(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Show an expired project, and the form that takes it back."""
    return await _expired(request, project_id)


async def _expired(request: AnyRequest, project_id: int, form: Form[ReadmitForm] | None = None) -> Page:
    async with open_tx(request) as tx:
        project = await find(tx, project_id)
        least, most = cycle(tx)
        facts: Row = {
            "p": project,
            "history": await queries.history(tx, project_id),
            "entries": await timeline(tx, "projects_project", project_id),
            "may_readmit": project["state"] == "expired" and tx.actor.may(P.ADMIT),
            "years": [(str(n), str(n)) for n in range(least, most + 1)],
        }
    shown = form or new_form(ReadmitForm, seen=project["version"], years=most)
    status = shown.status if shown.problems else 200
    return render(request, "projects/refresh/readmit.html", status=status, form=shown, **facts)


@post("/refresh/expired/{project_id:int}/readmit", opt=needs(P.ADMIT), status_code=200)
async def readmit(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Take an expired project back."""
    form = await read_form(request, ReadmitForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            v = form.value
            await service.readmit(tx, project_id, v.seen, v.years, v.opinion)
            return see_other(await tx.done(f"/projects/{project_id}"), flash="projects.refresh.flash.readmitted")
    return await _expired(request, project_id, form)


ROUTES = [
    refreshes, open_refresh, refresh, close, asked, answer, expired, expired_project, readmit, *HISTORY,
]  # fmt: skip

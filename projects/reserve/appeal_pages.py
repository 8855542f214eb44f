"""Pages of appeals: the village asks again, a leader decides."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from projects.permissions import P
from projects.queries import find
from projects.reserve import appeals, queries
from projects.reserve.forms import AppealForm, DecideForm, StepForm
from projects.reserve.lists import APPEALS
from projects.reserve.states import APPEAL
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.states import verbs_open
from quzhou_migrants.kernel.tx import open_tx
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[bytes]


@get("/reserve/appeals", opt=needs(P.VIEW))
async def listed(request: AnyRequest) -> Page:
    """List the appeals of the range."""
    return await APPEALS.respond(request, "projects/reserve/appeals.html")


@get("/reserve/{project_id:int}/appeal", opt=needs(P.SUBMIT))
async def new(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Show the form of an appeal, beside the refusal it is against."""
    return await _new(request, project_id, new_form(AppealForm))


async def _new(request: AnyRequest, project_id: int, form: Form[AppealForm]) -> Page:
    async with open_tx(request) as tx:
        row = await find(tx, project_id)
        until = await appeals.last_day(tx, row)
        refused = await queries.refusal(tx, project_id)
    status = form.status if form.problems else 200
    return render(
        request, "projects/reserve/appeal_new.html", status=status, form=form, p=row, until=until, refused=refused
    )


@post("/reserve/{project_id:int}/appeal", opt=needs(P.SUBMIT), status_code=200)
async def file(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """File an appeal."""
    form = await read_form(request, AppealForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            key = await appeals.file(tx, project_id, form.value.text)
            return see_other(await tx.done(f"/reserve/appeals/{key}"), flash="projects.flash.appealed")
    return await _new(request, project_id, form)


@get("/reserve/appeals/{appeal_id:int}", opt=needs(P.VIEW))
async def one(request: AnyRequest, appeal_id: FromPath[int]) -> Page:
    """Show an appeal: the refusal, what the village says, the decision."""
    return await _one(request, appeal_id, None)


async def _one(request: AnyRequest, appeal_id: int, form: Form[Any] | None) -> Page:
    async with open_tx(request) as tx:
        row = await queries.appeal(tx, appeal_id)
        facts: dict[str, Any] = {
            "a": row,
            "p": await find(tx, row["project"]),
            "refused": await queries.refusal(tx, row["project"]),
            "verbs": verbs_open(APPEAL, row, tx.actor),
            "entries": await timeline(tx, appeals.TABLE, appeal_id),
            "today": tx.today,
        }
    shown = form or new_form(DecideForm, seen=row["version"])
    status = shown.status if shown.problems else 200
    return render(request, "projects/reserve/appeal.html", status=status, form=shown, **facts)


@post("/reserve/appeals/{appeal_id:int}/decide", opt=needs(P.DECIDE_APPEAL), status_code=200)
async def decide(request: AnyRequest, appeal_id: FromPath[int]) -> Page:
    """Decide an appeal."""
    form = await read_form(request, DecideForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            v = form.value
            await appeals.decide(tx, appeal_id, v.seen, grant=v.verdict == "grant", reason=v.reason)
            return see_other(await tx.done(f"/reserve/appeals/{appeal_id}"), flash="projects.flash.appeal_decided")
    return await _one(request, appeal_id, form)


@post("/reserve/appeals/{appeal_id:int}/withdraw", opt=needs(P.SUBMIT), status_code=200)
async def withdraw(request: AnyRequest, appeal_id: FromPath[int]) -> Page:
    """Take an appeal back."""
    form = await read_form(request, StepForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await appeals.withdraw(tx, appeal_id)
            return see_other(await tx.done(f"/reserve/appeals/{appeal_id}"), flash="projects.flash.appeal_withdrawn")
    return await _one(request, appeal_id, form)


ROUTES = [listed, new, file, one, decide, withdraw]

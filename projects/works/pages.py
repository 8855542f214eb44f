"""Pages of the works: the contract with its milestones, then one page per step."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from projects import choices
from projects.permissions import P
from projects.queries import find
from projects.states import PROJECT as MACHINE
from projects.works import service
from projects.works.forms import AcceptForm, CompleteForm, ContractForm, HandoverForm, StartForm
from projects.works.rules import ceiling
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import open_tx
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[bytes]
ROWS = 5
STEPS: dict[str, tuple[type[msgspec.Struct], Any, str]] = {
    "start": (StartForm, service.start, "projects.flash.started"),
    "complete": (CompleteForm, service.complete, "projects.flash.completed"),
    "accept": (AcceptForm, service.accept, "projects.flash.accepted"),
    "hand_over": (HandoverForm, service.hand_over, "projects.flash.handed_over"),
}


@get("/projects/{project_id:int}/contract", opt=needs(P.CONTRACT))
async def contract(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Show the form of the contract."""
    return await _contract(request, project_id, new_form(ContractForm))


async def _contract(request: AnyRequest, project_id: int, form: Form[ContractForm]) -> Page:
    async with open_tx(request) as tx:
        row = await find(tx, project_id)
    MACHINE.arrow(row["state"], "sign")
    top = ceiling(row["award_fen"], row["own_fen"], row["other_fen"])
    return render(
        request,
        "projects/works/contract.html",
        status=form.status if form.problems else 200,
        form=form,
        p=row,
        top=top,
        methods=choices.METHODS,
        rows=max(ROWS, form.rows("steps")),
    )


@post("/projects/{project_id:int}/contract", opt=needs(P.CONTRACT), status_code=200)
async def sign(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Record the contract."""
    form = await read_form(request, ContractForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await service.sign(tx, project_id, form.value)
            return see_other(await tx.done(f"/projects/{project_id}"), flash="projects.flash.signed")
    return await _contract(request, project_id, form)


async def _show(request: AnyRequest, project_id: int, verb: str, form: Form[Any] | None = None) -> Page:
    async with open_tx(request) as tx:
        row = await find(tx, project_id)
        today = tx.today
    MACHINE.arrow(row["state"], verb)
    struct = STEPS[verb][0]
    known = {"seen": row["version"], "owner": row["asset_owner"], "caretaker": row["caretaker"]}
    dated = dict.fromkeys(("started_on", "completed_on", "held_on", "handed_on"), today)
    shown = form or new_form(struct, known | dated)
    return render(
        request,
        "projects/works/step.html",
        status=shown.status if shown.problems else 200,
        form=shown,
        p=row,
        verb=verb,
        sides=choices.SIDES,
    )


async def _take(request: AnyRequest, project_id: int, verb: str) -> Page:
    struct, work, flash = STEPS[verb]
    form: Form[Any] = await read_form(request, struct)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await work(tx, project_id, form.value)
            return see_other(await tx.done(f"/projects/{project_id}"), flash=flash)
    return await _show(request, project_id, verb, form)


@get(["/projects/{project_id:int}/start", "/projects/{project_id:int}/complete"], opt=needs(P.BUILD))
async def build_page(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Show the form that starts or completes the works."""
    return await _show(request, project_id, _verb(request))


@post(["/projects/{project_id:int}/start", "/projects/{project_id:int}/complete"], opt=needs(P.BUILD), status_code=200)
async def build(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Start or complete the works."""
    return await _take(request, project_id, _verb(request))


@get(["/projects/{project_id:int}/accept", "/projects/{project_id:int}/hand_over"], opt=needs(P.ACCEPT))
async def accept_page(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Show the form of acceptance or handover."""
    return await _show(request, project_id, _verb(request))


@post(
    ["/projects/{project_id:int}/accept", "/projects/{project_id:int}/hand_over"], opt=needs(P.ACCEPT), status_code=200
)
async def accept(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Accept the works, or hand the asset over."""
    return await _take(request, project_id, _verb(request))


def _verb(request: AnyRequest) -> str:
    return request.url.path.rsplit("/", 1)[-1]


ROUTES = [contract, sign, build_page, build, accept_page, accept]

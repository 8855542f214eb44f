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
from projects.works import procurement, service
from projects.works.forms import CompleteForm, ContractForm, ProcurementForm, StartForm
from projects.works.parameters import duties_on, terms_on
from projects.works.rules import ceiling, own_share
from projects.works.tender import Kind
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import open_tx
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other
from quzhou_migrants.web.security import UPLOAD_BODY

AnyRequest = Request[Any, Any, Any]
Page = Response[bytes]
ROWS, BIDS = 5, 4
STEPS: dict[str, tuple[type[msgspec.Struct], Any, str]] = {
    "start": (StartForm, service.start, "projects.flash.started"),
    "complete": (CompleteForm, service.complete, "projects.flash.completed"),
}


@get("/projects/{project_id:int}/contract", opt=needs(P.CONTRACT))
async def contract(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Show the form of the contract, filled from the record of procurement."""
    return await _contract(request, project_id)


async def _contract(request: AnyRequest, project_id: int, typed: Form[ContractForm] | None = None) -> Page:
    async with open_tx(request) as tx:
        row = await find(tx, project_id)
        made = await procurement.of_project(tx, project_id)
        day = tx.today
    MACHINE.arrow(row["state"], "sign")
    form = typed or new_form(ContractForm, _known(made))
    most = ceiling(row["award_fen"], row["own_fen"], row["other_fen"])
    return render(
        request,
        "projects/works/contract.html",
        status=form.status if form.problems else 200,
        form=form,
        p=row,
        most=most,
        methods=choices.METHODS,
        kinds=choices.PURCHASES,
        made=made,
        duties=duties_on(day, row["division_code"]),
        rows=max(ROWS, form.rows("steps")),
    )


def _known(made: dict[str, Any] | None) -> dict[str, Any]:
    """What the record of procurement says of the contract to come."""
    if made is None:
        return {}
    won = made["won"] or {}
    known = {"kind": made["kind"], "method": made["method"], "credit_reason": made["reason"]}
    return known | {
        "contractor": won.get("bidder", ""),
        "credit_code": won.get("credit_code", ""),
        "amount_fen": won.get("price_fen"),
    }


@get("/projects/{project_id:int}/procurement", opt=needs(P.CONTRACT))
async def procurement_page(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Show the form of how the contractor was found."""
    return await _procurement(request, project_id)


async def _procurement(request: AnyRequest, project_id: int, typed: Form[ProcurementForm] | None = None) -> Page:
    async with open_tx(request) as tx:
        row = await find(tx, project_id)
        made = await procurement.of_project(tx, project_id)
        today = tx.today
    MACHINE.arrow(row["state"], "sign")
    known: dict[str, Any] = {"opened_on": today, "kind": Kind.WORKS, **(made or {}), "seen": row["version"]}
    form = typed or new_form(ProcurementForm, known | {"credit_reason": made["reason"] if made else ""})
    return render(
        request,
        "projects/works/procurement.html",
        status=form.status if form.problems else 200,
        form=form,
        p=row,
        made=made,
        terms=[(kind, terms_on(today, row["division_code"], kind)) for kind in Kind],
        public=row["award_fen"] + row["other_fen"],
        methods=choices.METHODS,
        kinds=choices.PURCHASES,
        rows=max(BIDS, form.rows("bids")),
    )


@post("/projects/{project_id:int}/procurement", opt=needs(P.CONTRACT), status_code=200)
async def procure(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Record how the contractor was found; the contract is next."""
    form = await read_form(request, ProcurementForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await procurement.record(tx, project_id, form.value)
            return see_other(await tx.done(f"/projects/{project_id}/contract"), flash="projects.flash.procured")
    return await _procurement(request, project_id, form)


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
    known = {"seen": row["version"]}
    dated = dict.fromkeys(("started_on", "completed_on"), today)
    shown = form or new_form(struct, known | dated)
    return render(
        request,
        "projects/works/step.html",
        status=shown.status if shown.problems else 200,
        form=shown,
        p=row,
        verb=verb,
        own=own_share(row["contract_fen"], row["award_fen"], row["other_fen"]),
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


@post(
    ["/projects/{project_id:int}/start", "/projects/{project_id:int}/complete"],
    opt=needs(P.BUILD),
    status_code=200,
    request_max_body_size=UPLOAD_BODY,
)
async def build(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Start or complete the works."""
    return await _take(request, project_id, _verb(request))


def _verb(request: AnyRequest) -> str:
    return request.url.path.rsplit("/", 1)[-1]


ROUTES = [contract, sign, procurement_page, procure, build_page, build]

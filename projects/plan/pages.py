"""Pages of the annual plan: list, new, the plan with its money meter, exceptions, approval."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from projects import choices, lists, public
from projects.permissions import P
from projects.plan import queries, rules, service
from projects.plan.forms import ApproveForm, ExceptionForm, ItemForm, PlanForm, SeenForm
from projects.plan.states import S
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web.divisions import places
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[bytes]
MOST = 60  # candidates shown at once
FULL_BP = 10_000


@get("/plan", opt=needs(P.VIEW))
async def plans(request: AnyRequest) -> Page:
    """List the plans of the range."""
    may_plan = request.scope["state"]["actor"].may(P.PLAN)
    return await lists.PLANS.respond(request, "projects/plan/list.html", may_plan=may_plan)


@get("/plan/new", opt=needs(P.PLAN))
async def new(request: AnyRequest) -> Page:
    """Show the form of a new plan, for next year."""
    async with open_tx(request) as tx:
        form = new_form(PlanForm, year=tx.today.year + 1, batch=1)
    return render(request, "projects/plan/new.html", form=form)


@post("/plan/new", opt=needs(P.PLAN), status_code=200)
async def create(request: AnyRequest) -> Page:
    """Open a plan."""
    form = await read_form(request, PlanForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            plan_id = await service.open_plan(tx, form.value)
            return see_other(await tx.done(f"/plan/{plan_id}"), flash="projects.flash.plan_opened")
    return render(request, "projects/plan/new.html", status=form.status, form=form)


@get("/plan/{plan_id:int}", opt=needs(P.VIEW))
async def plan(request: AnyRequest, plan_id: FromPath[int]) -> Page:
    """Show a plan: money, projects, candidates from the reserve."""
    return await _plan(request, plan_id)


async def _plan(request: AnyRequest, plan_id: int, form: Form[Any] | None = None) -> Page:
    chosen = {name: request.query_params.get(name, "")[:12] for name in ("category", "township")}
    async with open_tx(request) as tx:
        row = await queries.find(tx, plan_id)
        rows = await queries.items(tx, plan_id)
        items = queries.as_items(rows)
        facts: dict[str, Any] = {
            "plan": row,
            "rows": rows,
            "planned": rules.planned_fen(items),
            "problems": rules.check_plan(items, row["money_fen"], tx.today),
            "candidates": await _candidates(tx, row, chosen),
            "townships": (await places(tx)).options(row["division_code"], ""),
            "entries": await timeline(tx, "projects_plan", plan_id),
            "may_plan": tx.actor.may(P.PLAN),
            "may_approve": tx.actor.may(P.APPROVE_PLAN),
        }
    facts["townships"] = [(code, name) for code, name, _ in facts["townships"]]
    facts["share"] = min(facts["planned"] * FULL_BP // row["money_fen"], FULL_BP)
    shown = form or new_form(SeenForm)
    return render(
        request,
        "projects/plan/plan.html",
        status=shown.status if shown.problems else 200,
        form=shown,
        approve=_same(form, ApproveForm),
        outside=_same(form, ExceptionForm),
        chosen=chosen,
        most=MOST,
        categories=choices.CATEGORIES,
        **facts,
    )


def _same(form: Form[Any] | None, struct: Any) -> Form[Any]:  # noqa: ANN401 - a form's struct
    """Keep what was typed into one of the page's forms; its problems already stand at the head."""
    if form is None or form.struct is not struct:
        return new_form(struct)
    return Form(struct, form.raw, once=form.once)


async def _candidates(tx: Tx, row: dict[str, Any], chosen: dict[str, str]) -> list[dict[str, Any]]:
    if row["state"] != S.DRAFT or not tx.actor.may(P.PLAN):
        return []
    inside = chosen["township"] if chosen["township"][:6] == row["division_code"][:6] else row["division_code"]
    return await public.reserve_candidates(tx, inside, category=chosen["category"], limit=MOST, unplanned=True)


Work = Callable[[Tx, Any], Awaitable[None]]


async def _step(request: AnyRequest, plan_id: int, struct: type[msgspec.Struct], work: Work, flash: str) -> Page:
    """Read a form of the plan page, do the work, come back."""
    form: Form[Any] = await read_form(request, struct)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await work(tx, form.value)
            return see_other(await tx.done(f"/plan/{plan_id}"), flash=flash)
    return await _plan(request, plan_id, form)


@post("/plan/{plan_id:int}/items", opt=needs(P.PLAN), status_code=200)
async def take(request: AnyRequest, plan_id: FromPath[int]) -> Page:
    """Take a project from the reserve."""

    async def work(tx: Tx, v: ItemForm) -> None:
        await service.take(tx, plan_id, v)

    return await _step(request, plan_id, ItemForm, work, "projects.flash.item_taken")


@post("/plan/{plan_id:int}/exceptions", opt=needs(P.PLAN), status_code=200)
async def take_outside(request: AnyRequest, plan_id: FromPath[int]) -> Page:
    """Propose a project from outside the reserve."""

    async def work(tx: Tx, v: ExceptionForm) -> None:
        await service.take_outside(tx, plan_id, v)

    return await _step(request, plan_id, ExceptionForm, work, "projects.flash.excepted")


@post("/plan/{plan_id:int}/items/{item_id:int}/drop", opt=needs(P.PLAN), status_code=200)
async def drop(request: AnyRequest, plan_id: FromPath[int], item_id: FromPath[int]) -> Page:
    """Take a project out of the plan again."""

    async def work(tx: Tx, _v: SeenForm) -> None:
        await service.drop(tx, plan_id, item_id)

    return await _step(request, plan_id, SeenForm, work, "projects.flash.item_dropped")


@post("/plan/{plan_id:int}/items/{item_id:int}/allow", opt=needs(P.APPROVE_PLAN), status_code=200)
async def allow(request: AnyRequest, plan_id: FromPath[int], item_id: FromPath[int]) -> Page:
    """Allow one exception."""

    async def work(tx: Tx, _v: SeenForm) -> None:
        await service.allow(tx, plan_id, item_id)

    return await _step(request, plan_id, SeenForm, work, "projects.flash.allowed")


@post("/plan/{plan_id:int}/approve", opt=needs(P.APPROVE_PLAN), status_code=200)
async def approve(request: AnyRequest, plan_id: FromPath[int]) -> Page:
    """Approve the plan."""

    async def work(tx: Tx, v: ApproveForm) -> None:
        await service.approve(tx, plan_id, v.doc_no, v.seen)

    return await _step(request, plan_id, ApproveForm, work, "projects.flash.approved")


ROUTES = [plans, new, create, plan, take, take_outside, drop, allow, approve]

"""Pages of the annual plan: list, new, the plan with its live meter, choosing, exceptions, notice, approval."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from projects import choices, lists
from projects.notices import service as notices
from projects.permissions import P
from projects.plan import judging, posting, queries, rules, service
from projects.plan.forms import (
    ApproveForm,
    ExceptionForm,
    PicksForm,
    PlaceForm,
    PlanForm,
    ReasonForm,
    Reservoir,
    SeenForm,
    VaryForm,
)
from projects.plan.parameters import plan_rules
from projects.plan.states import S
from projects.queries import find
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web.divisions import asked, places
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[bytes]
Row = dict[str, Any]
MOST = 60  # candidates shown at once
RESERVOIRS = choices.titled(Reservoir, "plan.reservoir.")


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
        facts = await _facts(tx, row) | {
            "candidates": await _candidates(tx, row, chosen, form),
            "townships": [(code, name) for code, name, _ in (await places(tx)).options(row["division_code"], "")],
        }
    shown = form or new_form(SeenForm)
    return render(
        request,
        "projects/plan/plan.html",
        status=shown.status if shown.problems else 200,
        form=shown,
        approve=same(form, ApproveForm, seen=row["version"]),
        outside=same(form, ExceptionForm),
        vary=same(form, VaryForm),
        reason=same(form, ReasonForm),
        chosen=chosen,
        most=MOST,
        categories=choices.CATEGORIES,
        **facts,
    )


async def _facts(tx: Tx, row: Row) -> Row:
    """Gather what a plan's page shows of the plan itself."""
    known = plan_rules(tx.policy_for(row["division_code"]))
    rows = await queries.items(tx, row["id"])
    subject = posting.subject(posting.PLAN, row)
    lines = judging.shares(row, rows, known)
    found = judging.problems(tx, row, rows, known) if row["state"] in {S.DRAFT, S.POSTED} else []
    if row["state"] == S.POSTED:
        found += await posting.problems(tx, posting.PLAN, row, needed=known.notice_needed)
    return {
        "plan": row,
        "rows": [r | {"ready": queries.ready_of(r, known)} for r in rows],
        "left": await queries.items(tx, row["id"], left=True),
        "lines": lines,
        "departures": rules.departures(lines),
        "planned": sum(r["amount_fen"] for r in rows),
        "townships_in": rules.by_township(queries.as_items(rows, known)),
        "problems": found,
        "posted": await notices.latest(tx, subject),
        "variants": await queries.variants(tx, row),
        "adjustments": await queries.adjustments(tx, row["id"]),
        "entries": await timeline(tx, "projects_plan", row["id"]),
        "needs_notice": known.notice_needed,
        "may_plan": tx.actor.may(P.PLAN),
        "may_approve": tx.actor.may(P.APPROVE_PLAN),
    }


def same(form: Form[Any] | None, struct: Any, **known: object) -> Form[Any]:  # noqa: ANN401 - a form's struct
    """Keep what was typed into one of the page's forms; its problems stay beside the fields."""
    if form is None or form.struct is not struct:
        return new_form(struct, known)
    return form


async def _candidates(tx: Tx, row: Row, chosen: dict[str, str], form: Form[Any] | None) -> list[Row]:
    if row["state"] != S.DRAFT or not tx.actor.may(P.PLAN):
        return []
    known = plan_rules(tx.policy_for(row["division_code"]))
    inside = asked(chosen["township"], row["division_code"])
    found = await queries.candidates(tx, row, inside=inside, category=chosen["category"], limit=MOST)
    typed = _typed(form) if form and form.struct is PicksForm else {}
    return [c | {"ready": queries.ready_of(c, known), "typed": typed.get(str(c["id"]), ("", None))} for c in found]


def _typed(form: Form[Any]) -> dict[str, tuple[str, str]]:
    """What was ticked and typed beside each candidate. Shape: {project: (ticked, amount)}."""
    names = [f"picks.{n}" for n in range(form.rows("picks"))]
    return {form.text(f"{n}.project"): (form.text(f"{n}.take"), form.text(f"{n}.amount_fen")) for n in names}


@post("/plan/{plan_id:int}/meter", opt=needs(P.PLAN), status_code=200)
async def meter(request: AnyRequest, plan_id: FromPath[int]) -> Page:
    """Measure the plan as it would be with what is ticked; nothing is written."""
    form = await read_form(request, PicksForm, partial=True)
    picked = [p for p in form.clean.get("picks", []) if p.get("take") and p.get("project") and p.get("amount_fen")]
    async with open_tx(request) as tx:
        row = await queries.find(tx, plan_id)
        known = plan_rules(tx.policy_for(row["division_code"]))
        rows = await queries.items(tx, plan_id)
        waiting = await queries.by_id(tx, [p["project"] for p in picked])
        amounts = {p["project"]: p["amount_fen"] for p in picked}
        rows += [waiting[number] | {"amount_fen": amount} for number, amount in amounts.items() if number in waiting]
        facts = {
            "plan": row,
            "lines": judging.shares(row, rows, known),
            "planned": sum(r["amount_fen"] for r in rows),
            "townships_in": rules.by_township(queries.as_items(rows, known)),
            "count": len(rows),
            "ticked": len(amounts),
            "live": True,
        }
    return render(request, "projects/plan/_meter.html", **facts)


Work = Callable[[Tx, Any], Awaitable[object]]


async def step(request: AnyRequest, plan_id: int, struct: type[msgspec.Struct], work: Work, flash: str) -> Page:
    """Read a form of the plan page, do the work, come back."""
    form: Form[Any] = await read_form(request, struct)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await work(tx, form.value)
            return see_other(await tx.done(f"/plan/{plan_id}"), flash=flash)
    return await _plan(request, plan_id, form)


@post("/plan/{plan_id:int}/items", opt=needs(P.PLAN), status_code=200)
async def choose(request: AnyRequest, plan_id: FromPath[int]) -> Page:
    """Take what is ticked from the reserve."""

    async def work(tx: Tx, v: PicksForm) -> None:
        await service.choose(tx, plan_id, [(p.project, p.amount_fen) for p in v.picks if p.take])

    return await step(request, plan_id, PicksForm, work, "projects.flash.chosen")


@post("/plan/{plan_id:int}/exceptions", opt=needs(P.PLAN), status_code=200)
async def take_outside(request: AnyRequest, plan_id: FromPath[int]) -> Page:
    """Propose a project from outside the reserve."""

    async def work(tx: Tx, v: ExceptionForm) -> None:
        await service.take_outside(tx, plan_id, v)

    return await step(request, plan_id, ExceptionForm, work, "projects.flash.excepted")


@get("/plan/{plan_id:int}/items/{item_id:int}", opt=needs(P.PLAN))
async def item(request: AnyRequest, plan_id: FromPath[int], item_id: FromPath[int]) -> Page:
    """Show the form of one project's place in the plan."""
    return await _item(request, plan_id, item_id)


async def _item(request: AnyRequest, plan_id: int, item_id: int, form: Form[PlaceForm] | None = None) -> Page:
    async with open_tx(request) as tx:
        row = await queries.find(tx, plan_id)
        known = await queries.item(tx, plan_id, item_id)
        project = await find(tx, known["project"])
    shown = form or new_form(PlaceForm, known)
    status = shown.status if shown.problems else 200
    facts: Row = {"plan": row, "item": known, "p": project, "reservoirs": RESERVOIRS}
    return render(request, "projects/plan/item.html", status=status, form=shown, **facts)


@post("/plan/{plan_id:int}/items/{item_id:int}", opt=needs(P.PLAN), status_code=200)
async def place(request: AnyRequest, plan_id: FromPath[int], item_id: FromPath[int]) -> Page:
    """Change what the plan says of one project."""
    form = await read_form(request, PlaceForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await service.place(tx, plan_id, item_id, form.value)
            return see_other(await tx.done(f"/plan/{plan_id}"), flash="projects.flash.placed")
    return await _item(request, plan_id, item_id, form)


@post("/plan/{plan_id:int}/items/{item_id:int}/drop", opt=needs(P.PLAN), status_code=200)
async def drop(request: AnyRequest, plan_id: FromPath[int], item_id: FromPath[int]) -> Page:
    """Take a project out of the plan again."""

    async def work(tx: Tx, _v: SeenForm) -> None:
        await service.drop(tx, plan_id, item_id)

    return await step(request, plan_id, SeenForm, work, "projects.flash.item_dropped")


@post("/plan/{plan_id:int}/items/{item_id:int}/allow", opt=needs(P.APPROVE_PLAN), status_code=200)
async def allow(request: AnyRequest, plan_id: FromPath[int], item_id: FromPath[int]) -> Page:
    """Allow one exception."""

    async def work(tx: Tx, _v: SeenForm) -> None:
        await service.allow(tx, plan_id, item_id)

    return await step(request, plan_id, SeenForm, work, "projects.flash.allowed")


@post("/plan/{plan_id:int}/vary", opt=needs(P.PLAN), status_code=200)
async def vary(request: AnyRequest, plan_id: FromPath[int]) -> Page:
    """Copy the plan into a further variant and lead there."""
    form = await read_form(request, VaryForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            made = await service.vary(tx, plan_id, form.value.title)
            return see_other(await tx.done(f"/plan/{made}"), flash="projects.flash.varied")
    return await _plan(request, plan_id, form)


@post("/plan/{plan_id:int}/discard", opt=needs(P.PLAN), status_code=200)
async def discard(request: AnyRequest, plan_id: FromPath[int]) -> Page:
    """Put a draft aside."""

    async def work(tx: Tx, v: ReasonForm) -> None:
        await service.discard(tx, plan_id, v.reason)

    return await step(request, plan_id, ReasonForm, work, "projects.flash.discarded")


@post("/plan/{plan_id:int}/post", opt=needs(P.PLAN), status_code=200)
async def put_up(request: AnyRequest, plan_id: FromPath[int]) -> Page:
    """Put the plan before the public."""

    async def work(tx: Tx, v: SeenForm) -> None:
        await posting.post(tx, plan_id, v.seen)

    return await step(request, plan_id, SeenForm, work, "projects.flash.posted")


@post("/plan/{plan_id:int}/take_back", opt=needs(P.PLAN), status_code=200)
async def take_back(request: AnyRequest, plan_id: FromPath[int]) -> Page:
    """Take a posted plan back to change it."""

    async def work(tx: Tx, v: ReasonForm) -> None:
        await posting.take_back(tx, plan_id, v.reason)

    return await step(request, plan_id, ReasonForm, work, "projects.flash.taken_back")


@post("/plan/{plan_id:int}/approve", opt=needs(P.APPROVE_PLAN), status_code=200)
async def approve(request: AnyRequest, plan_id: FromPath[int]) -> Page:
    """Approve the plan."""

    async def work(tx: Tx, v: ApproveForm) -> None:
        await service.approve(tx, plan_id, v.doc_no, v.seen, v.departure)

    return await step(request, plan_id, ApproveForm, work, "projects.flash.approved")


ROUTES = [
    plans,
    new,
    create,
    plan,
    meter,
    choose,
    take_outside,
    item,
    place,
    drop,
    allow,
    vary,
    discard,
    put_up,
    take_back,
    approve,
]

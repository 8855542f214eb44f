"""Pages that change an approved plan: its adjustments, and the recall of an award without a contract."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from projects.notices import service as notices
from projects.permissions import P
from projects.plan import adjusting, falling, posting, queries, rules
from projects.plan.forms import DecideForm, LineForm, ReasonForm, RecallForm, SeenForm
from projects.plan.pages import same
from projects.plan.parameters import plan_rules
from projects.plan.states import A
from projects.queries import find
from projects.states import PROJECT as MACHINE
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.money import wan
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[bytes]
Row = dict[str, Any]
MOST = 200  # projects offered for a line; others are typed by their code


@get("/plan/{plan_id:int}/adjust", opt=needs(P.PLAN))
async def new(request: AnyRequest, plan_id: FromPath[int]) -> Page:
    """Show the form of a new adjustment."""
    return await _new(request, plan_id, new_form(ReasonForm))


async def _new(request: AnyRequest, plan_id: int, form: Form[ReasonForm]) -> Page:
    async with open_tx(request) as tx:
        row = await queries.find(tx, plan_id)
    status = form.status if form.problems else 200
    return render(request, "projects/plan/adjust_new.html", status=status, form=form, plan=row)


@post("/plan/{plan_id:int}/adjust", opt=needs(P.PLAN), status_code=200)
async def create(request: AnyRequest, plan_id: FromPath[int]) -> Page:
    """Open an adjustment."""
    form = await read_form(request, ReasonForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            made = await adjusting.open_adjustment(tx, plan_id, form.value.reason)
            location = await tx.done(f"/plan/adjustments/{made}")
            return see_other(location, flash="projects.flash.adjustment_opened")
    return await _new(request, plan_id, form)


@get("/plan/adjustments/{adjustment_id:int}", opt=needs(P.VIEW))
async def adjustment(request: AnyRequest, adjustment_id: FromPath[int]) -> Page:
    """Show an adjustment: before and after, line by line and as a whole."""
    return await _show(request, adjustment_id)


async def _show(request: AnyRequest, adjustment_id: int, form: Form[Any] | None = None) -> Page:
    async with open_tx(request) as tx:
        row = await queries.adjustment(tx, adjustment_id)
        facts = await _facts(tx, row)
    shown = form or new_form(SeenForm)
    return render(
        request,
        "projects/plan/adjustment.html",
        status=shown.status if shown.problems else 200,
        form=shown,
        line=same(form, LineForm),
        decide=same(form, DecideForm, seen=row["version"]),
        reason=same(form, ReasonForm),
        **facts,
    )


async def _facts(tx: Tx, row: Row) -> Row:
    lines = await queries.lines(tx, row["id"])
    known = plan_rules(tx.policy_for(row["division_code"]))
    standing = await queries.items(tx, row["plan"])
    draft = row["state"] == A.DRAFT
    changes = queries.as_changes(tx, lines)
    before = sum(r["amount_fen"] for r in standing)
    return {
        "a": row,
        "lines": list(zip(lines, changes, strict=True)),
        "before": before,
        "after": before + sum(c.after_fen - c.before_fen for c in changes),
        "shares": rules.shares(queries.as_items(standing, known), row["money_fen"], known),
        "problems": await adjusting.problems(tx, row, lines) if draft else [],
        "posted": await notices.latest(tx, posting.subject(posting.ADJUSTMENT, row)),
        "needs_notice": known.adjustment_notice_needed,
        "options": await _options(tx, row, standing) if draft and tx.actor.may(P.PLAN) else [],
        "entries": await timeline(tx, adjusting.TABLE, row["id"]),
        "may_plan": tx.actor.may(P.PLAN),
        "may_approve": tx.actor.may(P.APPROVE_PLAN),
    }


async def _options(tx: Tx, row: Row, standing: list[Row]) -> list[tuple[str, str, str]]:
    """Offer what a line may speak about. Shape: [(code, title, group)]."""
    inside = [
        (r["code"], f"{r['title']} {wan(r['amount_fen'])}", "in") for r in standing if r["project_state"] == "planned"
    ]
    plan = await queries.find(tx, row["plan"])
    waiting = await queries.candidates(tx, plan, inside=row["division_code"], category="", limit=MOST)
    return inside + [(r["code"], f"{r['title']} {wan(r['asked_fen'])}", "out") for r in waiting]


Work = Callable[[Tx, Any], Awaitable[object]]


async def _step(request: AnyRequest, adjustment_id: int, struct: type[msgspec.Struct], work: Work, flash: str) -> Page:
    form: Form[Any] = await read_form(request, struct)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await work(tx, form.value)
            return see_other(await tx.done(f"/plan/adjustments/{adjustment_id}"), flash=flash)
    return await _show(request, adjustment_id, form)


@post("/plan/adjustments/{adjustment_id:int}/lines", opt=needs(P.PLAN), status_code=200)
async def put_line(request: AnyRequest, adjustment_id: FromPath[int]) -> Page:
    """Say what the plan is to give one project."""

    async def work(tx: Tx, v: LineForm) -> None:
        await adjusting.put_line(tx, adjustment_id, v)

    return await _step(request, adjustment_id, LineForm, work, "projects.flash.line_put")


@post("/plan/adjustments/{adjustment_id:int}/lines/{line_id:int}/drop", opt=needs(P.PLAN), status_code=200)
async def drop_line(request: AnyRequest, adjustment_id: FromPath[int], line_id: FromPath[int]) -> Page:
    """Take a line out."""

    async def work(tx: Tx, _v: SeenForm) -> None:
        await adjusting.drop_line(tx, adjustment_id, line_id)

    return await _step(request, adjustment_id, SeenForm, work, "projects.flash.line_dropped")


@post("/plan/adjustments/{adjustment_id:int}/post", opt=needs(P.PLAN), status_code=200)
async def put_up(request: AnyRequest, adjustment_id: FromPath[int]) -> Page:
    """Put the adjustment before the public."""

    async def work(tx: Tx, _v: SeenForm) -> None:
        await adjusting.post(tx, adjustment_id)

    return await _step(request, adjustment_id, SeenForm, work, "projects.flash.adjustment_posted")


@post("/plan/adjustments/{adjustment_id:int}/approve", opt=needs(P.APPROVE_PLAN), status_code=200)
async def approve(request: AnyRequest, adjustment_id: FromPath[int]) -> Page:
    """Approve the adjustment."""

    async def work(tx: Tx, v: DecideForm) -> None:
        await adjusting.approve(tx, adjustment_id, v.doc_no, v.seen)

    return await _step(request, adjustment_id, DecideForm, work, "projects.flash.adjusted")


@post("/plan/adjustments/{adjustment_id:int}/refuse", opt=needs(P.APPROVE_PLAN), status_code=200)
async def refuse(request: AnyRequest, adjustment_id: FromPath[int]) -> Page:
    """Refuse the adjustment."""

    async def work(tx: Tx, v: ReasonForm) -> None:
        await adjusting.refuse(tx, adjustment_id, v.reason)

    return await _step(request, adjustment_id, ReasonForm, work, "projects.flash.adjustment_refused")


@post("/plan/adjustments/{adjustment_id:int}/withdraw", opt=needs(P.PLAN), status_code=200)
async def withdraw(request: AnyRequest, adjustment_id: FromPath[int]) -> Page:
    """Take the proposal back."""

    async def work(tx: Tx, _v: SeenForm) -> None:
        await adjusting.withdraw(tx, adjustment_id)

    return await _step(request, adjustment_id, SeenForm, work, "projects.flash.adjustment_withdrawn")


@get("/projects/{project_id:int}/recall", opt=needs(P.APPROVE_PLAN))
async def recall_form(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Show what a recall would take back, and since when the award stands."""
    return await _recall(request, project_id)


async def _recall(request: AnyRequest, project_id: int, form: Form[RecallForm] | None = None) -> Page:
    async with open_tx(request) as tx:
        row = await find(tx, project_id)
        MACHINE.arrow(row["state"], "recall")
        term = plan_rules(tx.policy_for(row["division_code"])).contract_months
        since = await queries.awarded_on(tx, project_id)
        until = rules.months_after(since or tx.today, term.value)
        over = until < tx.today
    shown = form or new_form(RecallForm, seen=row["version"])
    status = shown.status if shown.problems else 200
    facts = {"p": row, "since": since, "until": until, "over": over, "term": term}
    return render(request, "projects/plan/recall.html", status=status, form=shown, **facts)


@post("/projects/{project_id:int}/recall", opt=needs(P.APPROVE_PLAN), status_code=200)
async def recall(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Recall the award."""
    form = await read_form(request, RecallForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await falling.recall(tx, project_id, form.value)
            return see_other(await tx.done(f"/projects/{project_id}"), flash="projects.flash.recalled")
    return await _recall(request, project_id, form)


ROUTES = [
    new,
    create,
    adjustment,
    put_line,
    drop_line,
    put_up,
    approve,
    refuse,
    withdraw,
    recall_form,
    recall,
]

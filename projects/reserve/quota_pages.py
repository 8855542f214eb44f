"""Pages of over-application: the county sets what a township may file for, the township ranks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from projects.intake import windows
from projects.intake.parameters import intake_rules
from projects.permissions import P
from projects.reserve import queries, quotas, rules
from projects.reserve.forms import OrderForm, QuotaChangeForm, QuotaForm, ReopenForm, StepForm
from projects.reserve.lists import QUOTAS
from projects.reserve.states import QUOTA
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.states import verbs_open
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web.divisions import places
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other, wants_fragment

AnyRequest = Request[Any, Any, Any]
Page = Response[bytes]


@get("/reserve/quotas", opt=needs(P.VIEW))
async def listed(request: AnyRequest) -> Page:
    """List what townships may file for."""
    may_set = request.scope["state"]["actor"].may(P.ADMIT)
    return await QUOTAS.respond(request, "projects/reserve/quotas.html", may_set=may_set)


@get("/reserve/quotas/new", opt=needs(P.ADMIT))
async def new(request: AnyRequest) -> Page:
    """Show the form of a township's quota."""
    async with open_tx(request) as tx:
        months = intake_rules(tx.policy).months
        window = windows.open_window(months, tx.now) or windows.next_window(months, tx.now)
        factor = tx.policy.whole("projects.reserve.quota_factor_bp")
    return await _new(request, new_form(QuotaForm, window=window.name, factor_bp=factor))


async def _new(request: AnyRequest, form: Form[QuotaForm]) -> Page:
    async with open_tx(request) as tx:
        townships = [(code, name) for code, name, _ in (await places(tx)).options(tx.actor.division_code, "")]
    status = form.status if form.problems else 200
    return render(request, "projects/reserve/quota_new.html", status=status, form=form, townships=townships)


@post("/reserve/quotas/new", opt=needs(P.ADMIT), status_code=200)
async def create(request: AnyRequest) -> Page:
    """Set a township's quota."""
    form = await read_form(request, QuotaForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            key = await quotas.open_quota(tx, form.value)
            return see_other(await tx.done(f"/reserve/quotas/{key}"), flash="projects.flash.quota_set")
    return await _new(request, form)


@get("/reserve/quotas/{quota_id:int}", opt=needs(P.VIEW))
async def one(request: AnyRequest, quota_id: FromPath[int]) -> Page:
    """Show a township's order with its cut lines."""
    return await _one(request, quota_id, None)


async def _facts(tx: Tx, quota_id: int) -> dict[str, Any]:
    row = await queries.quota(tx, quota_id)
    listed = await queries.order(tx, row)
    placed = rules.line_up([(p["id"], p["asked_fen"]) for p in listed], row["amount_fen"], row["factor_bp"])
    lines = [
        {**p, "part": place.part.value, "total_fen": place.total_fen} for p, place in zip(listed, placed, strict=True)
    ]
    verbs = verbs_open(QUOTA, row, tx.actor)
    return {
        "q": row,
        "lines": lines,
        "missing": sum(p["position"] is None for p in listed),
        "limit": rules.limit_fen(row["amount_fen"], row["factor_bp"]),
        "sums": {part: sum(p["asked_fen"] for p in lines if p["part"] == part) for part in rules.Part},
        "verbs": verbs,
        "may_change": tx.actor.may(P.ADMIT),
        "name": (await places(tx)).name(row["division_code"]),
    }


async def _one(request: AnyRequest, quota_id: int, form: Form[Any] | None) -> Page:
    async with open_tx(request) as tx:
        facts = await _facts(tx, quota_id)
        facts["entries"] = await timeline(tx, quotas.TABLE, quota_id)
    shown = form or new_form(StepForm, seen=facts["q"]["version"])
    name = "projects/reserve/order.html" if wants_fragment(request) else "projects/reserve/quota.html"
    return render(
        request,
        name,
        status=shown.status if shown.problems and not wants_fragment(request) else 200,
        form=shown,
        change=_same(form, QuotaChangeForm, facts["q"]),
        **facts,
    )


def _same(form: Form[Any] | None, struct: type[msgspec.Struct], row: Any) -> Form[Any]:  # noqa: ANN401 - a database row
    """Keep what was typed into one of the page's forms; else fill it from the row."""
    return form if form is not None and form.struct is struct else new_form(struct, row, seen=row["version"])


Work = Callable[[Tx, Any], Awaitable[object]]


async def _step(request: AnyRequest, quota_id: int, struct: type[msgspec.Struct], work: Work, flash: str) -> Page:
    """Read a form of the page, do the work, come back: as a part for htmx, else by a redirect."""
    form: Form[Any] = await read_form(request, struct)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await work(tx, form.value)
            location = await tx.done(f"/reserve/quotas/{quota_id}")
        if not form.problems:
            return await _one(request, quota_id, None) if wants_fragment(request) else see_other(location, flash=flash)
    return await _one(request, quota_id, form)


@post("/reserve/quotas/{quota_id:int}/order", opt=needs(P.RANK), status_code=200)
async def order(request: AnyRequest, quota_id: FromPath[int]) -> Page:
    """Keep the order; a button moves one application a place."""

    async def work(tx: Tx, v: OrderForm) -> None:
        move = (v.up, -1) if v.up is not None else (v.down, 1) if v.down is not None else None
        await quotas.rank(tx, quota_id, v.seen, v.order, move=move)

    return await _step(request, quota_id, OrderForm, work, "projects.flash.order_kept")


@post("/reserve/quotas/{quota_id:int}/file", opt=needs(P.RANK), status_code=200)
async def hand_in(request: AnyRequest, quota_id: FromPath[int]) -> Page:
    """Hand the order in."""

    async def work(tx: Tx, v: StepForm) -> object:
        return await quotas.hand_in(tx, quota_id, v.seen)

    return await _step(request, quota_id, StepForm, work, "projects.flash.order_filed")


@post("/reserve/quotas/{quota_id:int}/reopen", opt=needs(P.ADMIT), status_code=200)
async def reopen(request: AnyRequest, quota_id: FromPath[int]) -> Page:
    """Give the order back to the township."""

    async def work(tx: Tx, v: ReopenForm) -> object:
        return await quotas.reopen(tx, quota_id, v.seen, v.reason)

    return await _step(request, quota_id, ReopenForm, work, "projects.flash.order_reopened")


@post("/reserve/quotas/{quota_id:int}/change", opt=needs(P.ADMIT), status_code=200)
async def change(request: AnyRequest, quota_id: FromPath[int]) -> Page:
    """Change amount or factor."""

    async def work(tx: Tx, v: QuotaChangeForm) -> None:
        await quotas.change(tx, quota_id, v)

    return await _step(request, quota_id, QuotaChangeForm, work, "projects.flash.quota_set")


ROUTES = [listed, new, create, one, order, hand_in, reopen, change]

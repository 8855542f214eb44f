"""Pages of the mixed method: partings, one with its pots live, a new one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from allocation.mixed import documents, queries, rules, service
from allocation.mixed.forms import EmptyForm, MixedForm, ReasonForm
from allocation.mixed.listing import MIXED
from allocation.mixed.rules import Back
from allocation.mixed.states import MIXED as MACHINE
from allocation.mixed.states import S
from allocation.permissions import P
from allocation.printing import printed
from quzhou_migrants.kernel.actor import Actor
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.money import FEN_EXACT, apportion
from quzhou_migrants.kernel.states import verbs_open
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[Any]
T = TypeVar("T", bound=msgspec.Struct)


@get("/mixed", opt=needs(P.VIEW_MIXED), include_in_schema=False)
async def listed(request: AnyRequest) -> Page:
    """List the partings."""
    actor: Actor = request.scope["state"]["actor"]
    actions = [(CATALOGUE.text("mixed.new"), "/mixed/new", "primary")] if actor.may(P.PREPARE_MIXED) else []
    return await MIXED.respond(request, actions=actions)


@get("/mixed/new", opt=needs(P.PREPARE_MIXED), include_in_schema=False)
async def new(request: AnyRequest) -> Page:
    """Start a parting with the pack's shares filled in."""
    return await _edit(request, None)


async def _edit(request: AnyRequest, form: Form[MixedForm] | None) -> Page:
    async with open_tx(request) as tx:
        own = tx.actor.division_code
        holders, batches = await queries.holders(tx, own), await queries.batches(tx, own)
        shown = form or _offered(tx, holders)
    return render(
        request,
        "allocation/mixed/new.html",
        form=shown,
        holders=holders,
        batches=batches,
        options=[(b["batch"], f"{b['doc_no']} {b['title']}") for b in batches],
        ways=[(b.value, CATALOGUE.text(f"back.{b.value}")) for b in Back],
        status=shown.status if shown.problems else 200,
    )


def _offered(tx: Tx, holders: list[dict[str, Any]]) -> Form[MixedForm]:
    """Fill a new form from the pack: the own pot's share, the rest in equal parts."""
    policy, own = tx.policy, tx.actor.division_code
    others = [h["code"] for h in holders if h["code"] != own]
    mine = policy.whole("allocation.mixed.own_pot_bp") if others else rules.WHOLE
    shares = apportion(rules.WHOLE - mine, dict.fromkeys(others, 1), FEN_EXACT) if others else {}
    pots = [{"division_code": h["code"], "share_bp": shares.get(h["code"], mine)} for h in holders]
    return new_form(
        MixedForm,
        factor_bp=policy.whole("allocation.mixed.factor_bp"),
        back_to=policy.get("allocation.mixed.back_to"),
        use_by=tx.today + timedelta(days=policy.whole("allocation.mixed.use_days")),
        pots=pots,
    )


@post("/mixed/new", opt=needs(P.PREPARE_MIXED), include_in_schema=False, status_code=200)
async def create(request: AnyRequest) -> Page:
    """Keep a parting as a draft."""
    form = await read_form(request, MixedForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            mixed_id = await service.draft(tx, form.value)
            return see_other(await tx.done(f"/mixed/{mixed_id}"), flash="mixed.flash.draft")
    return await _edit(request, form)


@get("/mixed/{mixed_id:int}", opt=needs(P.VIEW_MIXED), include_in_schema=False)
async def shown(request: AnyRequest, mixed_id: FromPath[int]) -> Page:
    """Show a parting with its pots as they stand this moment."""
    return await _show(request, mixed_id)


async def _show(request: AnyRequest, mixed_id: int, failed: Form[Any] | None = None) -> Page:
    async with open_tx(request) as tx:
        row = await queries.find(tx, mixed_id)
        own = row["division_code"] == tx.actor.division_code
        pots = await queries.pots_now(tx, row)
        context = {
            "row": row,
            "pots": pots,
            "flows": await queries.flows(tx, mixed_id),
            "verbs": verbs_open(MACHINE, row, tx.actor) if own else [],
            "may_flow": own
            and tx.actor.may(P.APPROVE_MIXED)
            and row["state"] in {S.PARTED, S.SETTLED}
            and any(p.left_fen for p in pots),
            "over": tx.today > row["use_by"],
            "days_left": (row["use_by"] - tx.today).days,
            "entries": await timeline(tx, service.TABLE, mixed_id),
        }
    return render(
        request,
        "allocation/mixed/mixed.html",
        step=new_form(EmptyForm),
        reason=failed if failed and failed.struct is ReasonForm else new_form(ReasonForm),
        failed=failed,
        status=failed.status if failed else 200,
        **context,
    )


async def _step(
    request: AnyRequest, mixed_id: int, struct: type[T], work: Callable[[Tx, int, T], Awaitable[object]]
) -> Page:
    form = await read_form(request, struct)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await work(tx, mixed_id, form.value)
            return see_other(await tx.done(f"/mixed/{mixed_id}"), flash=tx.command)
    return await _show(request, mixed_id, form)


@post("/mixed/{mixed_id:int}/part", opt=needs(P.APPROVE_MIXED), include_in_schema=False, status_code=200)
async def part(request: AnyRequest, mixed_id: FromPath[int]) -> Page:
    """Put a parting into effect."""
    return await _step(request, mixed_id, EmptyForm, lambda tx, key, _: service.part(tx, key))


@post("/mixed/{mixed_id:int}/cancel", opt=needs(P.PREPARE_MIXED), include_in_schema=False, status_code=200)
async def cancel(request: AnyRequest, mixed_id: FromPath[int]) -> Page:
    """Give a draft up."""
    return await _step(request, mixed_id, ReasonForm, lambda tx, key, form: service.cancel(tx, key, form.reason))


@post("/mixed/{mixed_id:int}/undo", opt=needs(P.APPROVE_MIXED), include_in_schema=False, status_code=200)
async def undo(request: AnyRequest, mixed_id: FromPath[int]) -> Page:
    """Take a parting back whole."""
    return await _step(request, mixed_id, ReasonForm, lambda tx, key, form: service.undo(tx, key, form.reason))


@post("/mixed/{mixed_id:int}/flow-back", opt=needs(P.APPROVE_MIXED), include_in_schema=False, status_code=200)
async def flow_back(request: AnyRequest, mixed_id: FromPath[int]) -> Page:
    """Let what nobody won flow back."""
    form = await read_form(request, ReasonForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await service.flow_back(tx, mixed_id, form.value.reason)
            return see_other(await tx.done(f"/mixed/{mixed_id}"), flash="mixed.flash.flow_back")
    return await _show(request, mixed_id, form)


@get("/mixed/{mixed_id:int}/paper.pdf", opt=needs(P.VIEW_MIXED), include_in_schema=False)
async def paper(request: AnyRequest, mixed_id: FromPath[int]) -> Page:
    """Give the parting as a PDF."""
    async with open_tx(request) as tx:
        row = await queries.find(tx, mixed_id)
        document = documents.paper(row, await queries.pots_now(tx, row), tx.actor.org_name)
    return await printed(document, f"mixed-{mixed_id}")


ROUTES = [listed, new, create, shown, part, cancel, undo, flow_back, paper]

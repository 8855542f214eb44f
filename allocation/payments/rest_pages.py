"""Pages beside the claims: retention by its day, who signs for whom, the payment scheme and what it breaks."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from allocation.payments import deputies, legality, queries
from allocation.payments.forms import DeputyForm, ReturnForm
from allocation.payments.listing import DEPUTIES, RETENTIONS
from allocation.payments.states import DEPUTY
from allocation.permissions import P
from quzhou_migrants.kernel.actor import Actor
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.states import verbs_open
from quzhou_migrants.kernel.tx import Tx, installed_packs, open_tx
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[Any]
ROOM = "allocation.payments"


async def _today(request: AnyRequest) -> dict[str, str]:
    """Give what the lists compare days with: today, and how many days before its day a retention is told."""
    async with open_tx(request) as tx:
        return {"app.today": tx.today.isoformat(), "app.soon": str(tx.policy.whole(f"{ROOM}.retention_notice_days"))}


@get("/claims/retentions", opt=needs(P.VIEW_CLAIMS), include_in_schema=False)
async def retentions(request: AnyRequest) -> Page:
    """List what is kept back, by the day it is given back."""
    given = await _today(request)
    return await RETENTIONS.respond(request, "allocation/payments/retentions.html", base=_apart(given), given=given)


def _apart(given: dict[str, str]) -> tuple[str, list[Any]]:
    """Keep the counts of one day apart from those of another."""
    return "{}::text <> ''", ["/".join(given.values())]


@get("/claims/deputies", opt=needs(P.VIEW_CLAIMS), include_in_schema=False)
async def listed(request: AnyRequest) -> Page:
    """List who signs for whom."""
    actor: Actor = request.scope["state"]["actor"]
    actions = [(CATALOGUE.text("deputies.new"), "/claims/deputies/new", "primary")] if actor.may(P.SIGN) else []
    given = await _today(request)
    return await DEPUTIES.respond(
        request, "allocation/payments/deputies.html", base=_apart(given), given=given, actions=actions
    )


@get("/claims/deputies/new", opt=needs(P.SIGN), include_in_schema=False)
async def new(request: AnyRequest) -> Page:
    """Start an authority, from today on."""
    async with open_tx(request) as tx:
        return await _asked(request, tx, new_form(DeputyForm, starts_on=tx.today))


async def _asked(request: AnyRequest, tx: Tx, form: Form[Any], status: int = 200) -> Page:
    most = tx.policy.param("allocation.payments.deputy_days")
    found = await deputies.people(tx)
    people = [(str(p["id"]), f"{p['name']}　{p['org_name']}{CATALOGUE.role(p['role'])}") for p in found]
    return render(request, "allocation/payments/deputy_new.html", form=form, people=people, most=most, status=status)


@post("/claims/deputies/new", opt=needs(P.SIGN), include_in_schema=False, status_code=200)
async def create(request: AnyRequest) -> Page:
    """Name a deputy."""
    form = await read_form(request, DeputyForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            key = await deputies.name_deputy(tx, form.value)
            return see_other(await tx.done(f"/claims/deputies/{key}"), flash=tx.command)
    async with open_tx(request) as tx:
        return await _asked(request, tx, form, form.status)


@get("/claims/deputies/{deputy_id:int}", opt=needs(P.VIEW_CLAIMS), include_in_schema=False)
async def shown(request: AnyRequest, deputy_id: FromPath[int]) -> Page:
    """Show one authority and what was signed under it."""
    return await _show(request, deputy_id, new_form(ReturnForm))


async def _show(request: AnyRequest, deputy_id: int, form: Form[Any], status: int = 200) -> Page:
    async with open_tx(request) as tx:
        row = await deputies.find(tx, deputy_id)
        context: dict[str, Any] = {
            "row": row,
            "signed": await deputies.signed_under(tx, deputy_id),
            "verbs": verbs_open(DEPUTY, row, tx.actor) if row["principal"] == tx.actor.user_id else [],
            "entries": await timeline(tx, deputies.TABLE, deputy_id),
            "today": tx.today,
        }
    return render(request, "allocation/payments/deputy.html", form=form, status=status, **context)


@post("/claims/deputies/{deputy_id:int}/revoke", opt=needs(P.SIGN), include_in_schema=False, status_code=200)
async def revoke(request: AnyRequest, deputy_id: FromPath[int]) -> Page:
    """Take an authority back."""
    form = await read_form(request, ReturnForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await deputies.revoke(tx, deputy_id, form.value.reason)
            return see_other(await tx.done(f"/claims/deputies/{deputy_id}"), flash=tx.command)
    return await _show(request, deputy_id, form, form.status)


@get("/claims/scheme", opt=needs(P.VIEW_CLAIMS), include_in_schema=False)
async def scheme(request: AnyRequest) -> Page:
    """Show the payment scheme in force, stage by stage, and what it breaks of the national rules."""
    async with open_tx(request) as tx:
        policy, terms = tx.policy, queries.terms_of(tx.policy)
        day = tx.today
    stages = legality.schedule_of(terms)
    faults = legality.judge(stages, legality.limits_on(installed_packs(), day))
    names = ("advance_bp", "prepay_bp", "progress_bp", "completion_bp", "retention_bp", "retention_months")
    return render(
        request,
        "allocation/payments/scheme.html",
        stages=legality.running(stages),
        terms=terms,
        faults={fault.stage: fault for fault in faults},
        params={name: policy.param(f"{ROOM}.{name}") for name in names},
        breaches=[p for p in policy.breaches if p.room == ROOM],
        ladder=policy.get(f"{ROOM}.signatures"),
        papers=policy.get(f"{ROOM}.papers"),
        group_least=policy.whole(f"{ROOM}.group_least"),
    )


ROUTES = [retentions, listed, new, create, shown, revoke, scheme]

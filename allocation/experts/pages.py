"""Pages of the pool: the list, one expert with ties and service, taking in, suspending, removing."""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Response

from allocation.experts import intake, listing, queries, service
from allocation.experts.forms import AccountForm, EmptyForm, ExpertForm, ReasonForm, SheetForm, TieForm
from allocation.experts.rules import COUNTY_DIGITS, TieKind
from allocation.experts.states import POOL, E
from allocation.permissions import P
from quzhou_migrants.accounts import public as accounts
from quzhou_migrants.kernel.actor import Actor
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.states import verbs_open
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other
from quzhou_migrants.web.security import UPLOAD_BODY

AnyRequest = Request[Any, Any, Any]
Page = Response[Any]
S = TypeVar("S", bound=msgspec.Struct)

FORMS: dict[str, type[msgspec.Struct]] = {
    "step": EmptyForm,
    "reason": ReasonForm,
    "tie": TieForm,
    "account": AccountForm,
}


@get("/experts", opt=needs(P.VIEW_EXPERTS), include_in_schema=False)
async def listed(request: AnyRequest) -> Page:
    """List the pools one may draw from: one's own and those above."""
    actor: Actor = request.scope["state"]["actor"]
    actions = [(CATALOGUE.text("experts.new"), "/experts/new", "primary")] if actor.may(P.KEEP_EXPERTS) else []
    async with open_tx(request) as tx:
        active = await tx.conn.fetchval("SELECT count(*) FROM allocation_pool_expert WHERE state = $1", E.ACTIVE.value)
        least = tx.policy.whole("allocation.experts.pool_least")
    return await listing.EXPERTS.respond(
        request, "allocation/experts/list.html", actions=actions, active=active, least=least
    )


@get("/experts/new", opt=needs(P.KEEP_EXPERTS), include_in_schema=False)
async def new(request: AnyRequest) -> Page:
    """Start taking an expert in."""
    return await _edit(request, new_form(ExpertForm), None)


async def _edit(
    request: AnyRequest, form: Form[ExpertForm], row: dict[str, Any] | None, sheet: Form[SheetForm] | None = None
) -> Page:
    async with open_tx(request) as tx:
        counties = await tx.conn.fetch(
            "SELECT left(code, $1) AS code, name FROM kernel_division WHERE level = 'county' AND active ORDER BY code",
            COUNTY_DIGITS,
        )
        people = await accounts.people_outside(tx, accounts.Role.EXPERT)
        facts: dict[str, Any] = {
            "counties": [(r["code"], r["name"]) for r in counties],
            "people": [(p["id"], f"{p['name']} ({p['login']})") for p in people],
            "specialities": await listing.specialities(tx),
            "grades": [(g, CATALOGUE.text(f"grade.{g}")) for g in tx.policy.get("allocation.experts.grades")],
            "years": tx.policy.whole("allocation.experts.term_years"),
        }
    sent = sheet or new_form(SheetForm)
    status = max((f.status for f in (form, sent) if f.problems), default=200)
    facts |= {"sheet": sent, "titles": list(intake.titles())}
    return render(request, "allocation/experts/edit.html", form=form, row=row, status=status, **facts)


@post(
    "/experts/sheet",
    opt=needs(P.KEEP_EXPERTS),
    include_in_schema=False,
    status_code=200,
    request_max_body_size=UPLOAD_BODY,
)
async def take_in(request: AnyRequest) -> Page:
    """Take a table of experts in, whole or not at all."""
    form = await read_form(request, SheetForm)
    if form.ok:
        with tempfile.NamedTemporaryFile(prefix="experts-") as copy:
            copy.write(await form.value.sheet.read())
            copy.flush()
            await form.value.sheet.close()
            async with form.refusals(), open_tx(request, once=form.once) as tx:
                await intake.take_in(tx, Path(copy.name))
                return see_other(await tx.done("/experts"), flash="allocation.expert.sheet")
    return await _edit(request, new_form(ExpertForm), None, form)


@post("/experts/new", opt=needs(P.KEEP_EXPERTS), include_in_schema=False, status_code=200)
async def create(request: AnyRequest) -> Page:
    """Take an expert in."""
    form = await read_form(request, ExpertForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            key = await service.admit(tx, form.value)
            return see_other(await tx.done(f"/experts/{key}"), flash="allocation.expert.admit")
    return await _edit(request, form, None)


@get("/experts/{pool_expert_id:int}/edit", opt=needs(P.KEEP_EXPERTS), include_in_schema=False)
async def change(request: AnyRequest, pool_expert_id: FromPath[int]) -> Page:
    """Open an expert of one's own pool for change."""
    async with open_tx(request) as tx:
        row = await service.own_expert(tx, pool_expert_id)
    return await _edit(request, new_form(ExpertForm, row), row)


@post("/experts/{pool_expert_id:int}/edit", opt=needs(P.KEEP_EXPERTS), include_in_schema=False, status_code=200)
async def save(request: AnyRequest, pool_expert_id: FromPath[int], version: FromQuery[int]) -> Page:
    """Keep the changes."""
    form = await read_form(request, ExpertForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await service.edit(tx, pool_expert_id, version, form.value)
            return see_other(await tx.done(f"/experts/{pool_expert_id}"), flash="allocation.expert.edit")
    async with open_tx(request) as tx:
        row = await service.own_expert(tx, pool_expert_id)
    return await _edit(request, form, row)


@get("/experts/{pool_expert_id:int}", opt=needs(P.VIEW_EXPERTS), include_in_schema=False)
async def shown(request: AnyRequest, pool_expert_id: FromPath[int]) -> Page:
    """Show one expert."""
    return await _show(request, pool_expert_id)


async def _show(request: AnyRequest, key: int, failed: tuple[str, Form[Any]] | None = None, password: str = "") -> Page:
    forms: dict[str, Form[Any]] = {name: new_form(struct) for name, struct in FORMS.items()}
    if failed:
        forms[failed[0]] = failed[1]
    async with open_tx(request) as tx:
        row = await queries.pool_expert(tx, key)
        own = row["division_code"] == tx.actor.division_code
        county = await tx.conn.fetchval(
            "SELECT full_name FROM kernel_division WHERE code = $1", row["county"].ljust(12, "0")
        )
        context = {
            "row": row,
            "county": county or row["county"],
            "today": tx.today,
            "own": own and tx.actor.may(P.KEEP_EXPERTS),
            "ties": await queries.ties(tx, key) if tx.actor.may(P.KEEP_EXPERTS) else [],
            "served": await queries.service_of(tx, key),
            "verbs": verbs_open(POOL, row, tx.actor) if own else [],
            "entries": await timeline(tx, service.TABLE, key),
        }
    return render(
        request,
        "allocation/experts/expert.html",
        forms=forms,
        blank=new_form(EmptyForm),
        failed=failed[1] if failed else None,
        kinds=[(k.value, CATALOGUE.text(f"tie.{k.value}")) for k in TieKind],
        password=password,
        status=failed[1].status if failed else 200,
        **context,
    )


async def _step(
    request: AnyRequest, key: int, name: str, struct: type[S], work: Callable[[Tx, int, S], Awaitable[object]]
) -> Page:
    form = await read_form(request, struct)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await work(tx, key, form.value)
            return see_other(await tx.done(f"/experts/{key}"), flash=tx.command)
    return await _show(request, key, (name, form))


@post("/experts/{pool_expert_id:int}/restore", opt=needs(P.KEEP_EXPERTS), include_in_schema=False, status_code=200)
async def restore(request: AnyRequest, pool_expert_id: FromPath[int]) -> Page:
    """Let an expert be drawn again."""

    async def work(tx: Tx, key: int, _form: EmptyForm) -> None:
        await service.move(tx, key, "restore")

    return await _step(request, pool_expert_id, "step", EmptyForm, work)


@post(
    "/experts/{pool_expert_id:int}/out/{verb:str}", opt=needs(P.KEEP_EXPERTS), include_in_schema=False, status_code=200
)
async def take_out(request: AnyRequest, pool_expert_id: FromPath[int], verb: FromPath[str]) -> Page:
    """Suspend or remove an expert, with the reason."""
    if verb not in {"suspend", "remove"}:
        raise Refused("KRN-404")

    async def work(tx: Tx, key: int, form: ReasonForm) -> None:
        await service.move(tx, key, verb, form.reason)

    return await _step(request, pool_expert_id, "reason", ReasonForm, work)


@post("/experts/{pool_expert_id:int}/ties", opt=needs(P.KEEP_EXPERTS), include_in_schema=False, status_code=200)
async def add_tie(request: AnyRequest, pool_expert_id: FromPath[int]) -> Page:
    """Note a tie."""
    return await _step(request, pool_expert_id, "tie", TieForm, service.add_tie)


@post(
    "/experts/{pool_expert_id:int}/ties/{tie_id:int}/drop",
    opt=needs(P.KEEP_EXPERTS),
    include_in_schema=False,
    status_code=200,
)
async def drop_tie(request: AnyRequest, pool_expert_id: FromPath[int], tie_id: FromPath[int]) -> Page:
    """Take a tie back."""

    async def work(tx: Tx, _key: int, _form: EmptyForm) -> None:
        await service.drop_tie(tx, tie_id)

    return await _step(request, pool_expert_id, "step", EmptyForm, work)


@post("/experts/{pool_expert_id:int}/account", opt=needs(P.KEEP_EXPERTS), include_in_schema=False, status_code=200)
async def account(request: AnyRequest, pool_expert_id: FromPath[int]) -> Page:
    """Open an account and show its first password once."""
    form = await read_form(request, AccountForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            password = await service.open_account(tx, pool_expert_id, form.value.login.lower())
            await tx.done(f"/experts/{pool_expert_id}")
        if form.ok:
            return await _show(request, pool_expert_id, password=password)
    return await _show(request, pool_expert_id, ("account", form))


ROUTES = [listed, new, create, take_in, change, save, shown, restore, take_out, add_tie, drop_tie, account]

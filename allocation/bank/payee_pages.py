"""Pages of the accounts money may be paid to: typed by one hand, confirmed by another."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from allocation.bank import queries, service
from allocation.bank.forms import EmptyForm, PayeeForm
from allocation.bank.listing import PAYEES
from allocation.bank.states import PAYEE
from allocation.bank.steps import step
from allocation.permissions import P
from quzhou_migrants.kernel.actor import Actor
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.states import verbs_open
from quzhou_migrants.kernel.tx import open_tx
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[Any]


@get("/bank/payees", opt=needs(P.VIEW_BANK), include_in_schema=False)
async def payees(request: AnyRequest) -> Page:
    """List the accounts money may be paid to."""
    actor: Actor = request.scope["state"]["actor"]
    actions = [(CATALOGUE.text("bank.new_payee"), "/bank/payees/new", "primary")] if actor.may(P.PROPOSE_PAYEE) else []
    return await PAYEES.respond(request, "allocation/bank/payees.html", actions=actions)


@get("/bank/payees/new", opt=needs(P.PROPOSE_PAYEE), include_in_schema=False)
async def new_payee(request: AnyRequest) -> Page:
    """Start an account."""
    form = new_form(PayeeForm, name=request.query_params.get("name", "")[:120])
    return render(request, "allocation/bank/payee_new.html", form=form)


@post("/bank/payees/new", opt=needs(P.PROPOSE_PAYEE), status_code=200, include_in_schema=False)
async def propose(request: AnyRequest) -> Page:
    """Keep an account until another hand confirms it."""
    form = await read_form(request, PayeeForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            payee_id = await service.propose_payee(tx, form.value)
            return see_other(await tx.done(f"/bank/payees/{payee_id}"), flash="allocation.payee.propose")
    return render(request, "allocation/bank/payee_new.html", form=form, status=form.status)


@get("/bank/payees/{payee_id:int}", opt=needs(P.VIEW_BANK), include_in_schema=False)
async def payee(request: AnyRequest, payee_id: FromPath[int]) -> Page:
    """Show one account, its number masked."""
    return await _payee(request, payee_id, new_form(EmptyForm))


async def _payee(request: AnyRequest, payee_id: int, form: Form[Any]) -> Page:
    async with open_tx(request) as tx:
        row = await queries.one(tx, service.PAYEES, payee_id)
        context: dict[str, Any] = {
            "row": row,
            "verbs": verbs_open(PAYEE, row, tx.actor),
            "mine": row["proposed_by"] == tx.actor.user_id,
            "entries": await timeline(tx, service.PAYEES, payee_id),
        }
    status = form.status if form.problems else 200
    return render(request, "allocation/bank/payee.html", form=form, status=status, **context)


@post("/bank/payees/{payee_id:int}/confirm", opt=needs(P.CONFIRM_PAYEE), status_code=200, include_in_schema=False)
async def confirm(request: AnyRequest, payee_id: FromPath[int]) -> Page:
    """Confirm an account."""
    return await step(request, payee_id, service.confirm_payee, f"/bank/payees/{payee_id}", _payee)


@post("/bank/payees/{payee_id:int}/retire", opt=needs(P.PROPOSE_PAYEE), status_code=200, include_in_schema=False)
async def retire(request: AnyRequest, payee_id: FromPath[int]) -> Page:
    """Let nothing more be paid to an account."""
    return await step(request, payee_id, service.retire_payee, f"/bank/payees/{payee_id}", _payee)


ROUTES = [payees, new_payee, propose, payee, confirm, retire]

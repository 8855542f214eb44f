"""Pages of grants that prove wrong: withdrawn before they are paid, recalled and asked back afterwards."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from allocation.grants import queries, recalling
from allocation.grants.forms import ReasonForm, RecallForm
from allocation.grants.pages import step
from allocation.payments.forms import RefundForm
from allocation.payments.refund_pages import letter_form
from allocation.permissions import P
from quzhou_migrants.kernel import files
from quzhou_migrants.kernel.file_types import MIB
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web.forms import Form, read_form
from quzhou_migrants.web.render import render, see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[Any]


@post("/grants/{grant_id:int}/withdraw", opt=needs(P.APPROVE_GRANT), status_code=200, include_in_schema=False)
async def withdraw(request: AnyRequest, grant_id: FromPath[int]) -> Page:
    """Take an approval back before the money left."""

    async def work(tx: Tx, key: int, form: ReasonForm) -> None:
        await recalling.withdraw(tx, key, form.reason)

    return await step(request, grant_id, "withdraw", ReasonForm, work)


@post("/grants/{grant_id:int}/recall", opt=needs(P.APPROVE_GRANT), status_code=200, include_in_schema=False)
async def recall(request: AnyRequest, grant_id: FromPath[int]) -> Page:
    """Say that a paid grant was too high."""

    async def work(tx: Tx, key: int, form: RecallForm) -> None:
        await recalling.recall(tx, key, form.due_fen, form.reason)

    return await step(request, grant_id, "recall", RecallForm, work)


@post("/grants/{grant_id:int}/uphold", opt=needs(P.APPROVE_GRANT), status_code=200, include_in_schema=False)
async def uphold(request: AnyRequest, grant_id: FromPath[int]) -> Page:
    """Let a recalled grant stand after all."""

    async def work(tx: Tx, key: int, form: ReasonForm) -> None:
        await recalling.uphold(tx, key, form.reason)

    return await step(request, grant_id, "uphold", ReasonForm, work)


@get("/grants/{grant_id:int}/refund", opt=needs(P.CLAIM), include_in_schema=False)
async def new(request: AnyRequest, grant_id: FromPath[int]) -> Page:
    """Start the letter that asks a recalled grant back, the leader's reason in it."""
    return await _new(request, grant_id, None)


async def _new(request: AnyRequest, grant_id: int, form: Form[RefundForm] | None) -> Page:
    async with open_tx(request) as tx:
        note = await queries.recalled_for(tx, grant_id)
        context = await letter_form(tx, await recalling.subject(tx, grant_id), form, note)
    return render(request, "allocation/payments/refund_new.html", status=form.status if form else 200, **context)


@post(
    "/grants/{grant_id:int}/refund",
    opt=needs(P.CLAIM),
    include_in_schema=False,
    status_code=200,
    request_max_body_size=files.LIMIT + MIB,
)
async def ask(request: AnyRequest, grant_id: FromPath[int]) -> Page:
    """Keep the letter."""
    form = await read_form(request, RefundForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            key = await recalling.ask(tx, grant_id, form.value)
            return see_other(await tx.done(f"/claims/refunds/{key}"), flash=tx.command)
    return await _new(request, grant_id, form)


ROUTES = [withdraw, recall, uphold, new, ask]

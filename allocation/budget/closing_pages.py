"""Pages of closed months and years: what was frozen, under which hash, and the way to close the next."""

from __future__ import annotations

from datetime import date
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from allocation.budget import closing, closing_documents
from allocation.budget.closing_listing import CLOSINGS, TOTALS
from allocation.budget.forms import CloseForm
from allocation.permissions import P
from allocation.printing import printed
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[Any]


@get("/closings", opt=needs(P.VIEW_FUNDS), include_in_schema=False)
async def closings(request: AnyRequest) -> Page:
    """List what is closed; whoever keeps the books closes the next period here."""
    return await _list(request, None)


async def _list(request: AnyRequest, form: Form[CloseForm] | None) -> Page:
    async with open_tx(request) as tx:
        offered = await closing.offered(tx, tx.actor.division_code) if tx.actor.may(P.CLOSE) else []
        own_months = tx.actor.division_code.endswith(closing.CITY_TAIL)
    answer = await CLOSINGS.respond(
        request,
        "allocation/budget/closings.html",
        form=form or new_form(CloseForm, period=offered[0] if offered else ""),
        offered=[(p, p) for p in offered],
        own_months=own_months,
    )
    if form and form.problems:
        answer.status_code = form.status
    return answer


@post("/closings", opt=needs(P.CLOSE), status_code=200, include_in_schema=False)
async def close(request: AnyRequest) -> Page:
    """Close one period of one's own house."""
    form = await read_form(request, CloseForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            closing_id = await _close(tx, form.value)
            return see_other(await tx.done(f"/closings/{closing_id}"), flash="allocation.closing.month")
    return await _list(request, form)


async def _close(tx: Tx, form: CloseForm) -> int:
    own = tx.actor.division_code
    if form.period not in await closing.offered(tx, own):
        raise Refused("ALC-152", field="period")
    year, _, month = form.period.partition("-")
    if month:
        return await closing.month_end(tx, own, date(int(year), int(month), 1), form.remark)
    return await closing.year_end(tx, own, int(year), form.remark)


@get("/closings/{closing_id:int}", opt=needs(P.VIEW_FUNDS), include_in_schema=False)
async def one(request: AnyRequest, closing_id: FromPath[int]) -> Page:
    """Show the frozen totals of a period; each leads to its entries."""
    async with open_tx(request) as tx:
        row = await closing.read(tx, closing_id)
        sums = await closing.sums(tx, closing_id)
        entries = await timeline(tx, closing.CLOSING_TABLE, closing_id)
    return await TOTALS.respond(
        request,
        "allocation/budget/closing.html",
        base=("t.closing = {}", [closing_id]),
        row=row,
        sums=sums,
        entries=entries,
    )


@get("/closings/{closing_id:int}/sheet.pdf", opt=needs(P.VIEW_FUNDS), include_in_schema=False)
async def sheet(request: AnyRequest, closing_id: FromPath[int]) -> Response[bytes]:
    """Answer the closing as a paper to sign."""
    async with open_tx(request) as tx:
        document = await closing_documents.sheet(tx, closing_id)
    return await printed(document, f"closing-{closing_id}")


ROUTES = [closings, close, one, sheet]

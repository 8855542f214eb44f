"""Pages of the month's end: bank and books beside each other, closed by a person."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from allocation.bank import documents, queries, reconcile
from allocation.bank.forms import CloseForm
from allocation.permissions import P
from allocation.printing import printed
from quzhou_migrants.kernel.actor import code_range
from quzhou_migrants.kernel.clock import month_span, start_of_day
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[Any]
CITY_TAIL = "00000000"


@get("/bank/months", opt=needs(P.VIEW_BANK), include_in_schema=False)
async def months(request: AnyRequest) -> Page:
    """Show the last month beside the books, and the months that are closed."""
    return await _months(request, new_form(CloseForm))


async def _months(request: AnyRequest, form: Form[CloseForm]) -> Page:
    async with open_tx(request) as tx:
        county = _county(tx, request)
        year, month = queries.last_month(tx.today)
        _, last = month_span(year, month)
        comparison, interest = await queries.month(tx, county, year, month)
        context: dict[str, Any] = {
            "county": county,
            "month": f"{year}-{month:02d}",
            "lines": documents.compared(comparison, interest),
            "difference": comparison.difference,
            "books": await queries.unspent(tx, county, start_of_day(last + timedelta(days=1))),
            "waiting": await queries.not_applied(tx, county),
            "closed": await queries.months(tx, county),
            "counties": await _counties(tx),
        }
    context["done"] = any(m["month"] == context["month"] for m in context["closed"])
    status = form.status if form.problems else 200
    return render(request, "allocation/bank/months.html", form=form, status=status, **context)


def _county(tx: Tx, request: AnyRequest) -> str:
    """Give the county looked at: a county's own, the city's choice."""
    own = tx.actor.division_code
    asked = request.query_params.get("county", "")
    inside = len(asked) == len(own) and asked.isdecimal() and asked[:4] == own[:4]
    return asked if inside and own.endswith(CITY_TAIL) else own


async def _counties(tx: Tx) -> list[tuple[str, str]]:
    """Offer the counties to a city."""
    if not tx.actor.division_code.endswith(CITY_TAIL):
        return []
    lo, hi = code_range(tx.actor.division_code)
    rows = await tx.conn.fetch(
        "SELECT code, name FROM kernel_division WHERE level = 'county' AND active AND code >= $1 AND code < $2"
        " ORDER BY code",
        lo,
        hi,
    )
    return [(r["code"], r["name"]) for r in rows]


@post("/bank/months", opt=needs(P.RECONCILE), status_code=200, include_in_schema=False)
async def close(request: AnyRequest) -> Page:
    """Close the last month."""
    form = await read_form(request, CloseForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            year, month = queries.last_month(tx.today)
            await reconcile.close_month(tx, year, month, form.value.bank_fen, form.value.remark)
            return see_other(await tx.done("/bank/months"), flash="allocation.bank.month")
    return await _months(request, form)


@get("/bank/months/{month_id:int}/sheet.pdf", opt=needs(P.VIEW_BANK), include_in_schema=False)
async def month_sheet(request: AnyRequest, month_id: FromPath[int]) -> Page:
    """Give a closed month's comparison as a paper."""
    async with open_tx(request) as tx:
        row = await queries.one(tx, "allocation_bank_month", month_id)
        document = await documents.month_sheet(tx, row)
    return await printed(document, f"month-{row['month']}")


ROUTES = [months, close, month_sheet]

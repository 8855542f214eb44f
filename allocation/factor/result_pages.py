"""Pages of performance results: the list, a sheet out and in, what it says, confirmation by another person."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from allocation.budget.forms import EmptyForm, ReasonForm
from allocation.factor import queries, result_queries, result_service, result_sheet
from allocation.factor.forms import ResultFileForm
from allocation.factor.listing import RESULT_SHEETS
from allocation.factor.states import RESULTS
from allocation.permissions import P
from quzhou_migrants.kernel.actor import Actor, code_range
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.states import verbs_open
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.kernel.xlsx import MEDIA_TYPE
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[Any]
S = TypeVar("S", bound=msgspec.Struct)
Work: TypeAlias = Callable[[Tx, S], Awaitable[object]]
LARGEST_SHEET = 4 * 1024 * 1024


@get("/factor/results", opt=needs(P.VIEW_FACTOR), include_in_schema=False)
async def results(request: AnyRequest) -> Page:
    """List the sheets in sight: one's own, and the confirmed ones from above that say something of one."""
    actor: Actor = request.scope["state"]["actor"]
    lo, hi = code_range(actor.division_code) if actor.division_code else ("", "~")
    told = "EXISTS (SELECT 1 FROM allocation_performance_score s WHERE s.sheet = p.id)"
    base = (
        f"(p.confirmed_at IS NOT NULL AND {told}) OR (p.division_code >= {{}} AND p.division_code < {{}})",
        [lo, hi],
    )
    actions: list[tuple[str, ...]] = []
    if actor.may(P.PREPARE_FACTOR):
        actions.append((CATALOGUE.text("factor.results.new"), "/factor/results/new", "primary"))
    return await RESULT_SHEETS.respond(request, "allocation/factor/results.html", base=base, actions=actions)


@get("/factor/results/new", opt=needs(P.PREPARE_FACTOR), include_in_schema=False)
async def new_results(request: AnyRequest) -> Page:
    """Begin with the year before."""
    async with open_tx(request) as tx:
        year = tx.today.year - 1
    return _new(request, new_form(ResultFileForm, year=year))


def _new(request: AnyRequest, form: Form[ResultFileForm]) -> Page:
    status = form.status if form.problems else 200
    return render(request, "allocation/factor/result_new.html", form=form, status=status)


@post(
    "/factor/results/new",
    opt=needs(P.PREPARE_FACTOR),
    status_code=200,
    include_in_schema=False,
    request_max_body_size=LARGEST_SHEET,
)
async def bring_results(request: AnyRequest) -> Page:
    """Bring a sheet in."""
    form = await read_form(request, ResultFileForm)
    if form.ok:
        async with form.refusals():
            with tempfile.NamedTemporaryFile(suffix=".upload") as file:
                file.write(await form.value.file.read())
                file.flush()
                lines = await result_sheet.read(Path(file.name))
            async with open_tx(request, once=form.once) as tx:
                sheet_id = await result_service.bring_results(tx, form.value, lines)
                return see_other(await tx.done(f"/factor/results/{sheet_id}"), flash="allocation.factor.results")
    return _new(request, form)


@get("/factor/results/blank.xlsx", opt=needs(P.PREPARE_FACTOR), include_in_schema=False)
async def blank_sheet(request: AnyRequest) -> Page:
    """Give the table of the divisions below, to be filled in."""
    async with open_tx(request) as tx:
        units = await queries.units(tx, tx.actor.division_code)
    out = io.BytesIO()
    result_sheet.write(out, units)
    headers = {"Content-Disposition": 'attachment; filename="performance-results.xlsx"', "Cache-Control": "no-store"}
    return Response(out.getvalue(), media_type=MEDIA_TYPE, headers=headers)


@get("/factor/results/{sheet_id:int}", opt=needs(P.VIEW_FACTOR), include_in_schema=False)
async def result(request: AnyRequest, sheet_id: FromPath[int]) -> Page:
    """Show a sheet: what it says of the units in sight, and what can be done next."""
    return await _one(request, sheet_id, new_form(EmptyForm))


async def _one(request: AnyRequest, sheet_id: int, form: Form[Any]) -> Page:
    async with open_tx(request) as tx:
        row = await result_queries.sheet(tx, sheet_id)
        own, lines = queries.is_house(tx, row["division_code"]), await result_queries.lines(tx, row)
        told, units = {line["code"] for line in lines}, await queries.units(tx, row["division_code"])
        facts: dict[str, Any] = {
            "row": row,
            "lines": lines,
            "missing": [u.name for u in units if u.code not in told and queries.is_own(tx, u.code)],
            "whole": queries.is_own(tx, row["division_code"]),
            "verbs": verbs_open(RESULTS, row, tx.actor) if own else [],
            "brought": row["created_by"] is not None and row["created_by"] == tx.actor.user_id,
            "entries": await timeline(tx, result_queries.TABLE, sheet_id),
        }
    return render(
        request,
        "allocation/factor/result.html",
        form=form,
        back=form if form.struct is ReasonForm else new_form(ReasonForm),
        status=form.status if form.problems else 200,
        **facts,
    )


@post("/factor/results/{sheet_id:int}/confirm", opt=needs(P.APPROVE_FACTOR), status_code=200, include_in_schema=False)
async def confirm(request: AnyRequest, sheet_id: FromPath[int]) -> Page:
    """Confirm a sheet."""
    return await _act(request, sheet_id, EmptyForm, lambda tx, _: result_service.confirm_results(tx, sheet_id))


@post("/factor/results/{sheet_id:int}/discard", opt=needs(P.PREPARE_FACTOR), status_code=200, include_in_schema=False)
async def discard(request: AnyRequest, sheet_id: FromPath[int]) -> Page:
    """Put a sheet aside."""
    return await _act(
        request, sheet_id, ReasonForm, lambda tx, f: result_service.discard_results(tx, sheet_id, f.reason)
    )


@post("/factor/results/{sheet_id:int}/refuse", opt=needs(P.APPROVE_FACTOR), status_code=200, include_in_schema=False)
async def refuse(request: AnyRequest, sheet_id: FromPath[int]) -> Page:
    """Refuse a sheet."""
    return await _act(
        request, sheet_id, ReasonForm, lambda tx, f: result_service.refuse_results(tx, sheet_id, f.reason)
    )


@post("/factor/results/{sheet_id:int}/withdraw", opt=needs(P.APPROVE_FACTOR), status_code=200, include_in_schema=False)
async def withdraw(request: AnyRequest, sheet_id: FromPath[int]) -> Page:
    """End confirmed results."""
    return await _act(
        request, sheet_id, ReasonForm, lambda tx, f: result_service.withdraw_results(tx, sheet_id, f.reason)
    )


async def _act(request: AnyRequest, sheet_id: int, struct: type[S], work: Work[S]) -> Page:
    form = await read_form(request, struct)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await work(tx, form.value)
            return see_other(await tx.done(f"/factor/results/{sheet_id}"), flash=tx.command)
    return await _one(request, sheet_id, form)


ROUTES = [results, new_results, bring_results, blank_sheet, result, confirm, discard, refuse, withdraw]

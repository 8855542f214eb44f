"""Pages of filing to the city: the county files and answers, the city remarks and takes note."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from projects.permissions import P
from projects.reserve import filings, queries
from projects.reserve.forms import NothingForm, RemarkForm, StepForm
from projects.reserve.lists import FILED_ROWS, FILINGS
from projects.reserve.states import FILING
from quzhou_migrants.kernel.actor import trimmed
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.states import verbs_open
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web.divisions import places
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[bytes]
COUNTY_DIGITS = 6


@get("/reserve/filings", opt=needs(P.VIEW))
async def listed(request: AnyRequest) -> Page:
    """List the reserves filed to the city."""
    return await _listed(request, new_form(NothingForm))


async def _listed(request: AnyRequest, form: Form[Any]) -> Page:
    actor = request.scope["state"]["actor"]
    may_file = actor.may(P.ADMIT) and len(trimmed(actor.division_code or "")) == COUNTY_DIGITS
    answer = await FILINGS.respond(request, "projects/reserve/filings.html", form=form, may_file=may_file)
    if form.problems:
        answer.status_code = form.status
    return answer


@post("/reserve/filings", opt=needs(P.ADMIT), status_code=200)
async def file(request: AnyRequest) -> Page:
    """File the reserve as it stands now."""
    form = await read_form(request, NothingForm)
    async with form.refusals(), open_tx(request, once=form.once) as tx:
        key = await filings.file(tx)
        return see_other(await tx.done(f"/reserve/filings/{key}"), flash="projects.flash.reserve_filed")
    return await _listed(request, form)


@get("/reserve/filings/{filing_id:int}", opt=needs(P.VIEW))
async def one(request: AnyRequest, filing_id: FromPath[int]) -> Page:
    """Show a filed reserve: its sums, its remarks."""
    return await _one(request, filing_id, None)


async def _one(request: AnyRequest, filing_id: int, form: Form[Any] | None) -> Page:
    async with open_tx(request) as tx:
        row = await queries.filing(tx, filing_id)
        facts: dict[str, Any] = {
            "f": row,
            "sums": await queries.filing_sums(tx, filing_id),
            "remarks": await queries.filing_remarks(tx, filing_id),
            "verbs": verbs_open(FILING, row, tx.actor),
            "entries": await timeline(tx, filings.TABLE, filing_id),
            "county": (await places(tx)).name(row["division_code"]),
        }
    shown = form or new_form(RemarkForm, seen=row["version"])
    status = shown.status if shown.problems else 200
    return render(request, "projects/reserve/filing.html", status=status, form=shown, **facts)


@get("/reserve/filings/{filing_id:int}/projects", opt=needs(P.VIEW))
async def rows(request: AnyRequest, filing_id: FromPath[int]) -> Page:
    """List the projects of a filed reserve as they were filed, with the state each is in now."""
    async with open_tx(request) as tx:
        row = await queries.filing(tx, filing_id)
        county = (await places(tx)).name(row["division_code"])
    base = ("i.filing = {}", [filing_id])
    return await FILED_ROWS.respond(request, "projects/reserve/filed_rows.html", base=base, f=row, county=county)


Work = Callable[[Tx, Any], Awaitable[object]]


async def _step(request: AnyRequest, filing_id: int, struct: type[msgspec.Struct], work: Work, flash: str) -> Page:
    form: Form[Any] = await read_form(request, struct)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await work(tx, form.value)
            return see_other(await tx.done(f"/reserve/filings/{filing_id}"), flash=flash)
    return await _one(request, filing_id, form)


@post("/reserve/filings/{filing_id:int}/ask", opt=needs(P.REMARK), status_code=200)
async def ask(request: AnyRequest, filing_id: FromPath[int]) -> Page:
    """The city remarks."""

    async def work(tx: Tx, v: RemarkForm) -> object:
        return await filings.ask(tx, filing_id, v.seen, v.text, v.code)

    return await _step(request, filing_id, RemarkForm, work, "projects.flash.remarked")


@post("/reserve/filings/{filing_id:int}/answer", opt=needs(P.ADMIT), status_code=200)
async def answer(request: AnyRequest, filing_id: FromPath[int]) -> Page:
    """The county answers."""

    async def work(tx: Tx, v: RemarkForm) -> object:
        return await filings.answer(tx, filing_id, v.seen, v.text)

    return await _step(request, filing_id, RemarkForm, work, "projects.flash.answered")


@post("/reserve/filings/{filing_id:int}/note", opt=needs(P.REMARK), status_code=200)
async def note(request: AnyRequest, filing_id: FromPath[int]) -> Page:
    """The city takes note."""

    async def work(tx: Tx, v: StepForm) -> object:
        return await filings.take_note(tx, filing_id, v.seen)

    return await _step(request, filing_id, StepForm, work, "projects.flash.noted")


ROUTES = [listed, file, one, rows, ask, answer, note]

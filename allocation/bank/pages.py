"""Pages of the files for the bank: what could be paid, one file with its payments, its bytes for a second hand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from allocation.bank import documents, queries, service
from allocation.bank.files import bank_csv
from allocation.bank.forms import BatchForm, EmptyForm
from allocation.bank.listing import FILES, LINES
from allocation.bank.sources import SOURCES
from allocation.bank.states import BANK_BATCH
from allocation.bank.steps import step
from allocation.permissions import P
from allocation.printing import printed
from quzhou_migrants.kernel.actor import Actor
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.file_types import MIB
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.states import verbs_open
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.register.documents import download
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[Any]
S = TypeVar("S", bound=msgspec.Struct)
Step = Callable[[Tx, int], Awaitable[object]]
LARGEST = 8 * MIB
PIECE = 1 << 18
SHOWN = 200
CITY_TAIL = "00000000"


@get("/bank", opt=needs(P.VIEW_BANK), include_in_schema=False)
async def files(request: AnyRequest) -> Page:
    """List the files for the bank."""
    actor: Actor = request.scope["state"]["actor"]
    actions = []
    if actor.may(P.PREPARE_BANK):
        actions = [(CATALOGUE.text(f"bank.new.{p}"), f"/bank/new/{p}", "outline-primary") for p in SOURCES]
    return await FILES.respond(request, "allocation/bank/files.html", actions=actions)


@get("/bank/lines", opt=needs(P.VIEW_BANK), include_in_schema=False)
async def all_lines(request: AnyRequest) -> Page:
    """List single payments, over all files."""
    return await LINES.respond(request, "allocation/bank/lines.html")


@get("/bank/new/{what:str}", opt=needs(P.PREPARE_BANK), include_in_schema=False)
async def new(request: AnyRequest, what: FromPath[str]) -> Page:
    """Show what could be paid now, and what stands in the way of the rest."""
    return await _new(request, what, None)


async def _new(request: AnyRequest, what: str, form: Form[BatchForm] | None) -> Page:
    async with open_tx(request) as tx:
        found = await service.due(tx, what)
    ready = [d for d in found if not d.block]
    filled = form or new_form(BatchForm, purpose=what, chosen=[d.id for d in ready])
    return render(
        request,
        "allocation/bank/new.html",
        form=filled,
        what=what,
        ready=ready[:SHOWN],
        more=max(0, len(ready) - SHOWN),
        total=sum(d.amount_fen for d in ready),
        count=len(ready),
        blocked=[d for d in found if d.block],
        status=form.status if form else 200,
    )


@post("/bank/new/{what:str}", opt=needs(P.PREPARE_BANK), status_code=200, include_in_schema=False)
async def create(request: AnyRequest, what: FromPath[str]) -> Page:
    """Put the chosen payments into a file."""
    form = await read_form(request, BatchForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            chosen = form.value.chosen if "pick" in form.raw else None
            batch_id = await service.prepare(tx, what, chosen)
            return see_other(await tx.done(f"/bank/{batch_id}"), flash="allocation.bank.prepare")
    return await _new(request, what, form)


@get("/bank/{bank_batch_id:int}", opt=needs(P.VIEW_BANK), include_in_schema=False)
async def shown(request: AnyRequest, bank_batch_id: FromPath[int]) -> Page:
    """Show one file: its payments, what the bank said, who let it go."""
    return await _show(request, bank_batch_id, new_form(EmptyForm))


async def _show(request: AnyRequest, batch_id: int, form: Form[Any]) -> Page:
    async with open_tx(request) as tx:
        row = await queries.one(tx, service.BATCHES, batch_id)
        context: dict[str, Any] = {
            "row": row,
            "results": await queries.results(tx, batch_id),
            "verbs": verbs_open(BANK_BATCH, row, tx.actor),
            "mine": row["prepared_by"] == tx.actor.user_id,
            "entries": await timeline(tx, service.BATCHES, batch_id),
        }
        page = await LINES.fetch(tx, request, ("l.batch = {}", [batch_id]))
    status = form.status if form.problems else 200
    return render(request, "allocation/bank/file.html", form=form, page=page, status=status, **context)


@get("/bank/{bank_batch_id:int}/lines", opt=needs(P.VIEW_BANK), include_in_schema=False)
async def lines(request: AnyRequest, bank_batch_id: FromPath[int]) -> Page:
    """List the payments of one file, also as a spreadsheet."""
    async with open_tx(request) as tx:
        row = await queries.one(tx, service.BATCHES, bank_batch_id)
    return await LINES.respond(
        request,
        "allocation/bank/lines.html",
        base=("l.batch = {}", [bank_batch_id]),
        number=row["number"],
        file_id=bank_batch_id,
    )


@post("/bank/{bank_batch_id:int}/release", opt=needs(P.RELEASE_BANK), status_code=200, include_in_schema=False)
async def release(request: AnyRequest, bank_batch_id: FromPath[int]) -> Page:
    """Let a file leave."""
    return await step(request, bank_batch_id, service.release, f"/bank/{bank_batch_id}", _show)


@post("/bank/{bank_batch_id:int}/cancel", opt=needs(P.PREPARE_BANK), status_code=200, include_in_schema=False)
async def cancel(request: AnyRequest, bank_batch_id: FromPath[int]) -> Page:
    """Give up a file that never left."""
    return await step(request, bank_batch_id, service.cancel, f"/bank/{bank_batch_id}", _show)


async def _leaving(tx: Tx, batch_id: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Read a released file; that account numbers leave the house is written down. Raises: Refused ALC-524."""
    row = await queries.one(tx, service.BATCHES, batch_id)
    if row["state"] not in {"released", "done"}:
        raise Refused("ALC-524")
    lines = await queries.lines(tx, batch_id)
    if bank_csv(row, lines).sha256 != row["file_sha256"]:
        raise Refused("ALC-525")
    await tx.note((service.BATCHES, batch_id, row["division_code"]), "allocation.bank.download")
    return row, lines


@get("/bank/{bank_batch_id:int}/file.csv", opt=needs(P.RELEASE_BANK), include_in_schema=False)
async def as_csv(request: AnyRequest, bank_batch_id: FromPath[int]) -> Response[bytes]:
    """Give the file for the bank as CSV."""
    async with open_tx(request) as tx:
        row, lines = await _leaving(tx, bank_batch_id)
    data = bank_csv(row, lines, documents.headings()).data
    headers = {"Content-Disposition": f'attachment; filename="{row["number"]}.csv"', "Cache-Control": "no-store"}
    return Response(data, media_type="text/csv; charset=utf-8", headers=headers)


@get("/bank/{bank_batch_id:int}/file.xlsx", opt=needs(P.RELEASE_BANK), include_in_schema=False)
async def as_xlsx(request: AnyRequest, bank_batch_id: FromPath[int]) -> Page:
    """Give the file for the bank as a spreadsheet."""
    async with open_tx(request) as tx:
        row, lines = await _leaving(tx, bank_batch_id)
    return download(documents.bank_book(row, lines), row["number"])


@get("/bank/{bank_batch_id:int}/list.pdf", opt=needs(P.VIEW_BANK), include_in_schema=False)
async def covering(request: AnyRequest, bank_batch_id: FromPath[int]) -> Page:
    """Give the covering list."""
    async with open_tx(request) as tx:
        document = await documents.covering(tx, bank_batch_id)
    return await printed(document, f"bank-{bank_batch_id}")


ROUTES = [files, all_lines, new, create, shown, lines, release, cancel, as_csv, as_xlsx, covering]

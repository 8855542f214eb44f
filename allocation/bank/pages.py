"""Pages of the bank room: accounts, files out, files in, months."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath
from litestar.response import Response

from allocation.bank import documents, queries, reconcile, service
from allocation.bank.files import bank_csv
from allocation.bank.forms import BatchForm, CloseForm, EmptyForm, PayeeForm, StatementForm
from allocation.bank.listing import FILES, LINES, PAYEES, STATEMENTS
from allocation.bank.sources import SOURCES
from allocation.bank.states import BANK_BATCH, BANK_STATEMENT, PAYEE
from allocation.permissions import P
from allocation.printing import printed
from quzhou_migrants.kernel.actor import Actor
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.clock import month_span, start_of_day
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


async def _step(request: AnyRequest, key: int, work: Step, back: str, show: Any) -> Page:  # noqa: ANN401 - the page to show again
    """Take one step from a button of a page."""
    form = await read_form(request, EmptyForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await work(tx, key)
            return see_other(await tx.done(back), flash=tx.command)
    page: Page = await show(request, key, form)
    return page


@post("/bank/{bank_batch_id:int}/release", opt=needs(P.RELEASE_BANK), status_code=200, include_in_schema=False)
async def release(request: AnyRequest, bank_batch_id: FromPath[int]) -> Page:
    """Let a file leave."""
    return await _step(request, bank_batch_id, service.release, f"/bank/{bank_batch_id}", _show)


@post("/bank/{bank_batch_id:int}/cancel", opt=needs(P.PREPARE_BANK), status_code=200, include_in_schema=False)
async def cancel(request: AnyRequest, bank_batch_id: FromPath[int]) -> Page:
    """Give up a file that never left."""
    return await _step(request, bank_batch_id, service.cancel, f"/bank/{bank_batch_id}", _show)


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


@get("/bank/payees", opt=needs(P.VIEW_BANK), include_in_schema=False)
async def payees(request: AnyRequest) -> Page:
    """List the accounts money may be paid to."""
    actor: Actor = request.scope["state"]["actor"]
    actions = [(CATALOGUE.text("bank.new_payee"), "/bank/payees/new", "primary")] if actor.may(P.PROPOSE_PAYEE) else []
    return await PAYEES.respond(request, actions=actions)


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
    return await _step(request, payee_id, service.confirm_payee, f"/bank/payees/{payee_id}", _payee)


@post("/bank/payees/{payee_id:int}/retire", opt=needs(P.PROPOSE_PAYEE), status_code=200, include_in_schema=False)
async def retire(request: AnyRequest, payee_id: FromPath[int]) -> Page:
    """Let nothing more be paid to an account."""
    return await _step(request, payee_id, service.retire_payee, f"/bank/payees/{payee_id}", _payee)


@get("/bank/statements", opt=needs(P.VIEW_BANK), include_in_schema=False)
async def statements(request: AnyRequest) -> Page:
    """List what came from the bank, with the form to bring in more."""
    return await _statements(request, new_form(StatementForm))


async def _statements(request: AnyRequest, form: Form[Any]) -> Page:
    answer = await STATEMENTS.respond(request, "allocation/bank/statements.html", form=form)
    if form.problems:
        answer.status_code = form.status
    return answer


@post(
    "/bank/statements",
    opt=needs(P.RECONCILE),
    status_code=200,
    include_in_schema=False,
    request_max_body_size=LARGEST,
)
async def upload(request: AnyRequest) -> Page:
    """Look through the bank's file; nothing is booked yet."""
    form = await read_form(request, StatementForm)
    if form.ok:
        with tempfile.NamedTemporaryFile(prefix="bank-") as copy:
            sent = await _received(form.value.file, Path(copy.name))
            async with form.refusals(), open_tx(request, once=form.once) as tx:
                items = await reconcile.read_file(tx, Path(copy.name))
                key = await reconcile.receive(tx, sent, items)
                return see_other(await tx.done(f"/bank/statements/{key}"), flash="allocation.bank.receive")
    return await _statements(request, form)


async def _received(sent: UploadFile, path: Path) -> reconcile.Arrived:
    digest = hashlib.sha256()
    with path.open("wb") as copy:
        while piece := await sent.read(PIECE):
            digest.update(piece)
            copy.write(piece)
    name = "".join(c for c in Path(sent.filename.replace("\\", "/")).name if c.isprintable())
    return reconcile.Arrived(name[-120:] or "?", digest.hexdigest())


@get("/bank/statements/{statement_id:int}", opt=needs(P.VIEW_BANK), include_in_schema=False)
async def statement(request: AnyRequest, statement_id: FromPath[int]) -> Page:
    """Show what a file of the bank says, row by row, and what is wrong with it."""
    return await _statement(request, statement_id, new_form(EmptyForm))


_KINDS = """
SELECT kind, count(*) AS n, sum(amount_fen)::bigint AS fen, count(*) FILTER (WHERE applied) AS applied
FROM allocation_bank_item WHERE statement = $1 AND finding = '' GROUP BY 1 ORDER BY 1
"""


async def _statement(request: AnyRequest, statement_id: int, form: Form[Any]) -> Page:
    async with open_tx(request) as tx:
        row = await queries.one(tx, reconcile.STATEMENTS, statement_id)
        left = await queries.items(tx, statement_id)
        context: dict[str, Any] = {
            "row": row,
            "kinds": [dict(r) for r in await tx.conn.fetch(_KINDS, statement_id)],
            "bad": [i for i in left if i["finding"]][:SHOWN],
            "good": [i for i in left if not i["finding"]][:SHOWN],
            "ready": sum(1 for i in left if not i["finding"]),
            "verbs": verbs_open(BANK_STATEMENT, row, tx.actor),
            "entries": await timeline(tx, reconcile.STATEMENTS, statement_id),
        }
    status = form.status if form.problems else 200
    return render(request, "allocation/bank/statement.html", form=form, status=status, **context)


@post("/bank/statements/{statement_id:int}/apply", opt=needs(P.RECONCILE), status_code=200, include_in_schema=False)
async def apply(request: AnyRequest, statement_id: FromPath[int]) -> Page:
    """Book what is right."""
    return await _step(request, statement_id, reconcile.apply, f"/bank/statements/{statement_id}", _statement)


@post("/bank/statements/{statement_id:int}/discard", opt=needs(P.RECONCILE), status_code=200, include_in_schema=False)
async def discard(request: AnyRequest, statement_id: FromPath[int]) -> Page:
    """Put a file away."""
    return await _step(request, statement_id, reconcile.discard, f"/bank/statements/{statement_id}", _statement)


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
            "books": await queries.unspent(tx, county, start_of_day(last.fromordinal(last.toordinal() + 1))),
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
    return asked if own.endswith(CITY_TAIL) and asked[:4] == own[:4] else own


async def _counties(tx: Tx) -> list[tuple[str, str]]:
    """Offer the counties to a city."""
    if not tx.actor.division_code.endswith(CITY_TAIL):
        return []
    rows = await tx.conn.fetch("SELECT code, name FROM kernel_division WHERE level = 'county' AND active ORDER BY code")
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


ROUTES = [
    files,
    all_lines,
    new,
    create,
    shown,
    lines,
    release,
    cancel,
    as_csv,
    as_xlsx,
    covering,
    payees,
    new_payee,
    propose,
    payee,
    confirm,
    retire,
    statements,
    upload,
    statement,
    apply,
    discard,
    months,
    close,
    month_sheet,
]

"""Pages of what comes from the bank: looked through row by row, then booked by a person, or put away."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import Any

from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath
from litestar.response import Response

from allocation.bank import queries, reconcile
from allocation.bank.forms import EmptyForm, StatementForm
from allocation.bank.listing import STATEMENTS
from allocation.bank.states import BANK_STATEMENT
from allocation.bank.steps import step
from allocation.permissions import P
from quzhou_migrants.kernel.file_types import MIB
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.states import verbs_open
from quzhou_migrants.kernel.tx import open_tx
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[Any]
LARGEST = 8 * MIB
PIECE = 1 << 18
SHOWN = 200


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
    return await step(request, statement_id, reconcile.apply, f"/bank/statements/{statement_id}", _statement)


@post("/bank/statements/{statement_id:int}/discard", opt=needs(P.RECONCILE), status_code=200, include_in_schema=False)
async def discard(request: AnyRequest, statement_id: FromPath[int]) -> Page:
    """Put a file away."""
    return await step(request, statement_id, reconcile.discard, f"/bank/statements/{statement_id}", _statement)


ROUTES = [statements, upload, statement, apply, discard]

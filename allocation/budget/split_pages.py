"""Pages of split documents: written by a clerk for the divisions below, issued by the leader."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Response

from allocation.budget import papers, queries, split_documents, split_queries, split_service
from allocation.budget.forms import EmptyForm, ReasonForm, ScanForm, SplitForm
from allocation.budget.split_listing import SPLITS
from allocation.budget.split_rules import persons_gaps
from allocation.budget.states import SPLIT, D
from allocation.permissions import P
from allocation.printing import printed
from quzhou_migrants.kernel import files, xlsx
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.states import verbs_open
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[Any]
Row = dict[str, Any]
MIB = 2**20


@get("/splits", opt=needs(P.VIEW_FUNDS), include_in_schema=False)
async def splits(request: AnyRequest) -> Page:
    """List the split documents in sight."""
    return await SPLITS.respond(request)


@get("/splits/new", opt=needs(P.SPLIT), include_in_schema=False)
async def new(request: AnyRequest, batch: FromQuery[int]) -> Page:
    """Start a document for what one's own house holds of a batch."""
    return await _edit(request, batch, None, None)


async def _edit(request: AnyRequest, batch_id: int, form: Form[SplitForm] | None, row: Row | None) -> Page:
    async with open_tx(request) as tx:
        batch = await queries.batch(tx, batch_id)
        giver = tx.actor.division_code
        grid = await _grid(tx, giver, batch_id)
        holds = await split_queries.holds(tx, batch, giver)
        known = await split_queries.lines(tx, row["id"]) if row else []
        marks = [m for m in await split_queries.earmarks(tx, batch_id) if m["id"] in holds.earmarks]
    return render(
        request,
        "allocation/budget/split_edit.html",
        form=form or new_form(SplitForm, row, lines=_typed(grid, known)),
        batch=batch,
        row=row,
        grid=grid,
        holds=holds,
        marks=marks,
        status=form.status if form and form.problems else 200,
    )


async def _grid(tx: Tx, giver: str, batch_id: int) -> list[Row]:
    """List the lines of the form: each division below, once plain and once for each earmark."""
    below = await split_queries.receivers(tx, giver)
    marks = [m for m in await split_queries.earmarks(tx, batch_id) if m["left_fen"]]
    counts = await split_queries.persons_registered(tx, [r["code"] for r in below]) if below else {}
    plain = [{**r, "earmark": 0, "earmark_title": "", "registered": counts[r["code"]]} for r in below]
    bound = [{**r, "earmark": m["id"], "earmark_title": m["title"], "registered": 0} for m in marks for r in below]
    return plain + bound


def _typed(grid: list[Row], known: list[Row]) -> list[Row]:
    found = {(k["division_code"], k["earmark"] or 0): k for k in known}
    rows = []
    for g in grid:
        k = found.get((g["code"], g["earmark"]), {})
        amounts = {name: k.get(name) or None for name in ("cash_fen", "project_fen", "earmark_fen")}
        rows.append({"division_code": g["code"], "earmark": g["earmark"], **amounts})
    return rows


@post("/splits/new", opt=needs(P.SPLIT), status_code=200, include_in_schema=False)
async def create(request: AnyRequest, batch: FromQuery[int]) -> Page:
    """Keep a new document as a draft."""
    form = await read_form(request, SplitForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            split_id = await split_service.draft_split(tx, batch, form.value)
            return see_other(await tx.done(f"/splits/{split_id}"), flash="allocation.split.draft")
    return await _edit(request, batch, form, None)


@get("/splits/{split_id:int}/edit", opt=needs(P.SPLIT), include_in_schema=False)
async def change(request: AnyRequest, split_id: FromPath[int]) -> Page:
    """Open a draft for change."""
    async with open_tx(request) as tx:
        row = await split_queries.split(tx, split_id)
    return await _edit(request, row["batch"], None, row)


@post("/splits/{split_id:int}/edit", opt=needs(P.SPLIT), status_code=200, include_in_schema=False)
async def save(request: AnyRequest, split_id: FromPath[int], version: FromQuery[int]) -> Page:
    """Keep the changes of a draft."""
    async with open_tx(request) as tx:
        row = await split_queries.split(tx, split_id)
    form = await read_form(request, SplitForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await split_service.draft_split(tx, row["batch"], form.value, split_id=split_id, version=version)
            return see_other(await tx.done(f"/splits/{split_id}"), flash="allocation.split.draft")
    return await _edit(request, row["batch"], form, row)


@get("/splits/{split_id:int}", opt=needs(P.VIEW_FUNDS), include_in_schema=False)
async def split(request: AnyRequest, split_id: FromPath[int]) -> Page:
    """Show one document: its table, whether the cash ties to the register, what happened to it."""
    return await _page(request, split_id, new_form(ReasonForm))


async def _page(request: AnyRequest, split_id: int, form: Form[Any], scan: Form[ScanForm] | None = None) -> Page:
    async with open_tx(request) as tx:
        row = await split_queries.split(tx, split_id)
        lines = await split_queries.lines(tx, split_id)
        told = {x["division_code"]: x["persons"] for x in lines if x["persons"]}
        counts = await split_queries.persons_registered(tx, list(told)) if told else {}
        own = row["division_code"] == tx.actor.division_code
        context: dict[str, Any] = {
            "row": row,
            "lines": lines,
            "names": {x["division_code"]: x["name"] for x in lines},
            "gaps": persons_gaps(told, counts),
            "verbs": verbs_open(SPLIT, row, tx.actor) if own else [],
            "may_issue": row["created_by"] != tx.actor.user_id,
            "may_scan": own and tx.actor.may(P.SPLIT),
            "scan": scan or new_form(ScanForm),
            "papers": await files.files_of(tx, (papers.SPLIT_TABLE, split_id)),
            "may_edit": own and row["state"] == D.DRAFT and tx.actor.may(P.SPLIT),
            "entries": await timeline(tx, split_service.SPLIT_TABLE, split_id),
        }
    bad = next((f for f in (form, scan) if f and f.problems), None)
    return render(request, "allocation/budget/split.html", form=form, status=bad.status if bad else 200, **context)


@post(
    "/splits/{split_id:int}/papers",
    opt=needs(P.SPLIT),
    status_code=200,
    include_in_schema=False,
    request_max_body_size=files.LIMIT + MIB,
)
async def add_paper(request: AnyRequest, split_id: FromPath[int]) -> Page:
    """Put the issued document, scanned, to its split."""
    form = await read_form(request, ScanForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await papers.add_split_paper(tx, split_id, form.value.file)
            return see_other(await tx.done(f"/splits/{split_id}"), flash="allocation.split.paper")
    return await _page(request, split_id, new_form(ReasonForm), form)


@post("/splits/{split_id:int}/issue", opt=needs(P.ISSUE_SPLIT), status_code=200, include_in_schema=False)
async def issue(request: AnyRequest, split_id: FromPath[int]) -> Page:
    """Issue a document."""
    form = await read_form(request, EmptyForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await split_service.issue_split(tx, split_id)
            return see_other(await tx.done(f"/splits/{split_id}"), flash="allocation.split.issue")
    return await _page(request, split_id, form)


@post("/splits/{split_id:int}/reverse", opt=needs(P.ISSUE_SPLIT), status_code=200, include_in_schema=False)
async def take_back(request: AnyRequest, split_id: FromPath[int]) -> Page:
    """Reverse a document."""
    form = await read_form(request, ReasonForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await split_service.reverse_split(tx, split_id, form.value.reason)
            return see_other(await tx.done(f"/splits/{split_id}"), flash="allocation.split.reverse")
    return await _page(request, split_id, form)


@get("/splits/{split_id:int}/annex.pdf", opt=needs(P.VIEW_FUNDS), include_in_schema=False)
async def annex(request: AnyRequest, split_id: FromPath[int]) -> Response[bytes]:
    """Answer the table annexed to the document, as it leaves the house."""
    async with open_tx(request) as tx:
        document = await split_documents.annex(tx, split_id)
    return await printed(document, f"split-{split_id}")


@get("/splits/{split_id:int}/annex.xlsx", opt=needs(P.VIEW_FUNDS), include_in_schema=False)
async def sheet(request: AnyRequest, split_id: FromPath[int]) -> Response[bytes]:
    """Answer the same table as a spreadsheet."""
    async with open_tx(request) as tx:
        row = await split_queries.split(tx, split_id)
        lines = await split_queries.lines(tx, split_id)
    target = BytesIO()
    split_documents.write_sheet(target, row, lines)
    headers = {"Content-Disposition": f'attachment; filename="split-{split_id}.xlsx"', "Cache-Control": "no-store"}
    return Response(target.getvalue(), media_type=xlsx.MEDIA_TYPE, headers=headers)


ROUTES = [splits, new, create, change, save, split, add_paper, issue, take_back, annex, sheet]

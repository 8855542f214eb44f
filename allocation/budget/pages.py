"""Pages of the budget room: batches, the ledger behind every figure, awards."""

from __future__ import annotations

from collections import Counter
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Response

from allocation.budget import checking, earmarks, overview, papers, queries, service, split_queries, withheld
from allocation.budget.forms import AwardForm, BatchForm, EarmarkForm, EmptyForm, ReasonForm, ScanForm
from allocation.budget.listing import AWARDS, BATCHES, ENTRIES, WAITING, entry_sum
from allocation.budget.rules import Fund, Level, register_gap
from allocation.budget.split_listing import POOLS
from allocation.budget.states import BATCH
from allocation.permissions import P
from projects import public as projects
from projects.choices import CATEGORIES
from quzhou_migrants.kernel import files
from quzhou_migrants.kernel.actor import Actor
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.money import yuan
from quzhou_migrants.kernel.states import verbs_open
from quzhou_migrants.kernel.tx import open_tx
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[Any]
MIB = 2**20


def options(prefix: str, values: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - an enum
    """Give (value, title) for a select."""
    return [(v.value, CATALOGUE.text(f"{prefix}.{v.value}")) for v in values]


@get("/funds", opt=needs(P.VIEW_FUNDS), include_in_schema=False)
async def batches(request: AnyRequest) -> Page:
    """List the batches, under one line of figures for the caller's range."""
    actor: Actor = request.scope["state"]["actor"]
    async with open_tx(request) as tx:
        lines = await overview.balances(tx, "division")
    actions = [(CATALOGUE.text("funds.new"), "/funds/new", "primary")] if actor.may(P.RECORD_BATCH) else []
    return await BATCHES.respond(request, "allocation/budget/list.html", lines=lines, actions=actions)


@get("/funds/entries", opt=needs(P.VIEW_FUNDS), include_in_schema=False)
async def entries(request: AnyRequest) -> Page:
    """List the ledger entries behind a figure, with their sum."""
    async with open_tx(request) as tx:
        total = await entry_sum(tx, request.query_params)
    return await ENTRIES.respond(request, "allocation/budget/entries.html", total=total)


@get("/funds/new", opt=needs(P.RECORD_BATCH), include_in_schema=False)
async def new(request: AnyRequest) -> Page:
    """Start a batch."""
    return _edit(request, new_form(BatchForm, issued_on=None), None)


def _edit(request: AnyRequest, form: Form[BatchForm], row: dict[str, Any] | None) -> Page:
    return render(
        request,
        "allocation/budget/edit.html",
        form=form,
        row=row,
        levels=options("fund_level", Level),
        funds=options("fund", Fund),
        status=form.status if form.problems else 200,
    )


@post("/funds/new", opt=needs(P.RECORD_BATCH), status_code=200, include_in_schema=False)
async def create(request: AnyRequest) -> Page:
    """Keep a new batch as a draft."""
    form = await read_form(request, BatchForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            batch_id = await service.draft_batch(tx, form.value)
            return see_other(await tx.done(f"/funds/{batch_id}"), flash="allocation.batch.draft")
    return _edit(request, form, None)


@get("/funds/{batch_id:int}/edit", opt=needs(P.RECORD_BATCH), include_in_schema=False)
async def change(request: AnyRequest, batch_id: FromPath[int]) -> Page:
    """Open a draft for change."""
    async with open_tx(request) as tx:
        row = await queries.batch(tx, batch_id)
    total = row["cash_fen"] + row["project_fen"]
    form = new_form(BatchForm, row, total_fen=total, budget_year=row["budget_year"] or None)
    return _edit(request, form, row)


@post("/funds/{batch_id:int}/edit", opt=needs(P.RECORD_BATCH), status_code=200, include_in_schema=False)
async def save(request: AnyRequest, batch_id: FromPath[int], version: FromQuery[int]) -> Page:
    """Keep the changes of a draft."""
    form = await read_form(request, BatchForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await service.draft_batch(tx, form.value, batch_id=batch_id, version=version)
            return see_other(await tx.done(f"/funds/{batch_id}"), flash="allocation.batch.draft")
    async with open_tx(request) as tx:
        row = await queries.batch(tx, batch_id)
    return _edit(request, form, row)


@get("/funds/{batch_id:int}", opt=needs(P.VIEW_FUNDS), include_in_schema=False)
async def batch(request: AnyRequest, batch_id: FromPath[int]) -> Page:
    """Show one batch: its document, where its money lies now, what happened to it."""
    return await _batch_page(request, batch_id, new_form(ReasonForm))


async def _batch_page(
    request: AnyRequest,
    batch_id: int,
    form: Form[Any],
    mark: Form[EarmarkForm] | None = None,
    scan: Form[ScanForm] | None = None,
) -> Page:
    async with open_tx(request) as tx:
        row = await queries.batch(tx, batch_id)
        holds = await split_queries.holds(tx, row, tx.actor.division_code)
        registered = await queries.persons_on_register(tx, row["division_code"]) if row["persons"] else 0
        context: dict[str, Any] = {
            "row": row,
            "verbs": verbs_open(BATCH, row, tx.actor),
            "waits": await checking.waiting(tx, row),
            "own_hand": tx.actor.user_id in await checking.writers(tx, batch_id),
            "lines": await overview.balances(tx, "division", batch_id=batch_id),
            "gap": register_gap(row["persons"], registered),
            "runs": await queries.runs_of_batch(tx, batch_id),
            "splits": await split_queries.splits_of_batch(tx, batch_id),
            "splittable": bool((holds.cash_fen or holds.project_fen or holds.earmarks) and holds.receivers),
            "marks": await split_queries.earmarks(tx, batch_id),
            "mark": mark or new_form(EarmarkForm),
            "blank": new_form(EmptyForm),
            "scan": scan or new_form(ScanForm),
            "papers": await files.files_of(tx, (papers.BATCH_TABLE, batch_id)),
            "categories": CATEGORIES,
            "entries": await timeline(tx, service.BATCH_TABLE, batch_id),
        }
    bad = next((f for f in (form, mark, scan) if f and f.problems), None)
    return render(request, "allocation/budget/batch.html", form=form, status=bad.status if bad else 200, **context)


@post("/funds/{batch_id:int}/earmarks", opt=needs(P.RECORD_BATCH), status_code=200, include_in_schema=False)
async def bind(request: AnyRequest, batch_id: FromPath[int]) -> Page:
    """Bind a part of a draft batch."""
    form = await read_form(request, EarmarkForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await earmarks.add_earmark(tx, batch_id, form.value)
            return see_other(await tx.done(f"/funds/{batch_id}"), flash="allocation.earmark.add")
    return await _batch_page(request, batch_id, new_form(ReasonForm), form)


@post("/funds/{batch_id:int}/earmarks/{earmark_id:int}/drop", opt=needs(P.RECORD_BATCH), status_code=200,
      include_in_schema=False)  # fmt: skip
async def unbind(request: AnyRequest, batch_id: FromPath[int], earmark_id: FromPath[int]) -> Page:
    """Take an earmark out of a draft batch."""
    form = await read_form(request, EmptyForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await earmarks.drop_earmark(tx, batch_id, earmark_id)
            return see_other(await tx.done(f"/funds/{batch_id}"), flash="allocation.earmark.drop")
    return await _batch_page(request, batch_id, form)


@post(
    "/funds/{batch_id:int}/papers",
    opt=needs(P.RECORD_BATCH),
    status_code=200,
    include_in_schema=False,
    request_max_body_size=files.LIMIT + MIB,
)
async def add_paper(request: AnyRequest, batch_id: FromPath[int]) -> Page:
    """Put the scanned document to a batch."""
    form = await read_form(request, ScanForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await papers.add_batch_paper(tx, batch_id, form.value.file)
            return see_other(await tx.done(f"/funds/{batch_id}"), flash="allocation.batch.paper")
    return await _batch_page(request, batch_id, new_form(ReasonForm), scan=form)


@post("/funds/{batch_id:int}/submit", opt=needs(P.RECORD_BATCH), status_code=200, include_in_schema=False)
async def submit(request: AnyRequest, batch_id: FromPath[int]) -> Page:
    """Send a batch to be checked."""
    form = await read_form(request, EmptyForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await checking.submit_batch(tx, batch_id)
            return see_other(await tx.done(f"/funds/{batch_id}"), flash="allocation.batch.submit")
    return await _batch_page(request, batch_id, form)


@post("/funds/{batch_id:int}/return", opt=needs(P.BOOK_BATCH), status_code=200, include_in_schema=False)
async def send_back(request: AnyRequest, batch_id: FromPath[int]) -> Page:
    """Send a batch back to be mended."""
    form = await read_form(request, ReasonForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await checking.return_batch(tx, batch_id, form.value.reason)
            return see_other(await tx.done(f"/funds/{batch_id}"), flash="allocation.batch.return")
    return await _batch_page(request, batch_id, form)


@post("/funds/{batch_id:int}/record", opt=needs(P.BOOK_BATCH), status_code=200, include_in_schema=False)
async def record(request: AnyRequest, batch_id: FromPath[int]) -> Page:
    """Book a checked batch."""
    form = await read_form(request, EmptyForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await service.record_batch(tx, batch_id)
            return see_other(await tx.done(f"/funds/{batch_id}"), flash="allocation.batch.record")
    return await _batch_page(request, batch_id, form)


@post("/funds/{batch_id:int}/reverse", opt=needs(P.BOOK_BATCH), status_code=200, include_in_schema=False)
async def take_back(request: AnyRequest, batch_id: FromPath[int]) -> Page:
    """Reverse a batch."""
    form = await read_form(request, ReasonForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await service.reverse_batch(tx, batch_id, form.value.reason)
            return see_other(await tx.done(f"/funds/{batch_id}"), flash="allocation.batch.reverse")
    return await _batch_page(request, batch_id, form)


@get("/awards", opt=needs(P.VIEW_FUNDS), include_in_schema=False)
async def awards(request: AnyRequest) -> Page:
    """List the awards of the range."""
    actor: Actor = request.scope["state"]["actor"]
    actions = [(CATALOGUE.text("awards.new"), "/awards/waiting", "primary")] if actor.may(P.AWARD) else []
    return await AWARDS.respond(request, actions=actions)


@get("/funds/pools", opt=needs(P.VIEW_FUNDS), include_in_schema=False)
async def pools(request: AnyRequest) -> Page:
    """List what lies with townships and is not awarded yet."""
    return await POOLS.respond(request)


@get("/awards/waiting", opt=needs(P.AWARD), include_in_schema=False)
async def waiting(request: AnyRequest) -> Page:
    """List planned projects that wait for money, under what the county has left."""
    async with open_tx(request) as tx:
        county = tx.actor.division_code
        pots = await queries.available(tx, county)
        kept = await withheld.of_own(tx, county)
    there, promised = sum(p["fen"] for p in pots), sum(w.fen for w in kept)
    left = max(0, there - promised)
    return await WAITING.respond(
        request, "allocation/budget/waiting.html", pots=pots, there=there, left=left, withheld=kept, promised=promised
    )


@get("/awards/new", opt=needs(P.AWARD), include_in_schema=False)
async def new_award(request: AnyRequest, project: FromQuery[int]) -> Page:
    """Start the award of one project, the whole request proposed."""
    return await _award_page(request, project, None)


async def _award_page(request: AnyRequest, project_id: int, form: Form[AwardForm] | None) -> Page:
    async with open_tx(request) as tx:
        project = await projects.brief(tx, project_id)
        there = await queries.pots_for(tx, project, tx.actor.division_code)
        kept = await withheld.withheld_from(tx, tx.actor.division_code, there)
    pots = withheld.free_rows(there, kept)
    left = sum(p["fen"] for p in pots)
    kinds = Counter[str]()
    for p in pots:
        kinds[p["pot"]] += p["fen"]
    filled = form or new_form(AwardForm, project=project_id, amount_fen=min(project["asked_fen"], left))
    return render(
        request,
        "allocation/budget/award_new.html",
        form=filled,
        project=project,
        pots=[(CATALOGUE.text(f"pot.{pot}"), yuan(fen)) for pot, fen in kinds.items()],
        left=left,
        there=sum(p["fen"] for p in there),
        withheld=kept,
        status=form.status if form else 200,
    )


@post("/awards/new", opt=needs(P.AWARD), status_code=200, include_in_schema=False)
async def give(request: AnyRequest, project: FromQuery[int]) -> Page:
    """Award a project from the county's own money."""
    form = await read_form(request, AwardForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            value = form.value
            award_id = await service.award_from_pot(tx, project, value.amount_fen, value.doc_no, value.reason)
            return see_other(await tx.done(f"/awards/{award_id}"), flash="allocation.award.give")
    return await _award_page(request, project, form)


@get("/awards/{award_id:int}", opt=needs(P.VIEW_FUNDS), include_in_schema=False)
async def award(request: AnyRequest, award_id: FromPath[int]) -> Page:
    """Show one award: project, money by batch, where it lies now."""
    async with open_tx(request) as tx:
        row = await queries.award(tx, award_id)
        context: dict[str, Any] = {
            "row": row,
            "project": await projects.brief(tx, row["project"]),
            "parts": await queries.award_parts(tx, award_id),
            "lines": await overview.balances(tx, "project", project_id=row["project"]),
            "entries": await timeline(tx, service.AWARD_TABLE, award_id),
        }
    return render(request, "allocation/budget/award.html", **context)


ROUTES = [
    batches,
    entries,
    pools,
    new,
    create,
    change,
    save,
    batch,
    add_paper,
    submit,
    send_back,
    record,
    bind,
    unbind,
    take_back,
    awards,
    waiting,
    new_award,
    give,
    award,
]

"""Pages of the office while scoring goes on and after: progress, one review, papers for the experts, scores far off."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath
from litestar.response import File, Response

from allocation.competitive import chasing, papers, queries, reviews
from allocation.competitive.forms import EmptyForm, ReasonForm
from allocation.competitive.listing import OUTLIERS, PROGRESS
from allocation.competitive.states import REVIEW, S
from allocation.experts import hints
from allocation.permissions import P
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.states import verbs_open
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[Any]
F = TypeVar("F", bound=msgspec.Struct)


class ClearForm(msgspec.Struct):
    """A paper for the experts: looked through, or replaced by a copy with names covered."""

    looked: bool = False
    masked: UploadFile | None = None


@get("/rounds/{round_id:int}/progress", opt=needs(P.VIEW_ROUNDS), include_in_schema=False)
async def progress(request: AnyRequest, round_id: FromPath[int]) -> Page:
    """Show how far every seat and every review is; no score."""
    async with open_tx(request) as tx:
        row = await queries.round_of(tx, round_id)
        seats = await chasing.by_seat(tx, round_id)
        today = tx.today
    return await PROGRESS.respond(
        request,
        "allocation/competitive/progress.html",
        base=("d.round = {}", [round_id]),
        row=row,
        seats=seats,
        today=today,
        step=new_form(EmptyForm),
        failed=None,
    )


@post(
    "/rounds/{round_id:int}/seats/{expert_id:int}/remind",
    opt=needs(P.PREPARE_ROUND),
    include_in_schema=False,
    status_code=200,
)
async def remind(request: AnyRequest, round_id: FromPath[int], expert_id: FromPath[int]) -> Page:
    """Call an expert to mind."""
    form = await read_form(request, EmptyForm)
    async with form.refusals(), open_tx(request, once=form.once) as tx:
        await chasing.remind(tx, expert_id)
        return see_other(await tx.done(f"/rounds/{round_id}/progress"), flash="allocation.review.remind")
    async with open_tx(request) as tx:
        page = await PROGRESS.fetch(tx, request, ("d.round = {}", [round_id]))
        row = await queries.round_of(tx, round_id)
        seats = await chasing.by_seat(tx, round_id)
        today = tx.today
    return render(
        request,
        "allocation/competitive/progress.html",
        page=page,
        row=row,
        seats=seats,
        today=today,
        step=new_form(EmptyForm),
        failed=form,
        status=form.status,
    )


@get("/rounds/{round_id:int}/reviews/{review_id:int}", opt=needs(P.VIEW_ROUNDS), include_in_schema=False)
async def review(request: AnyRequest, round_id: FromPath[int], review_id: FromPath[int]) -> Page:
    """Show one review as the office may see it: declared what, in spite of what; no score."""
    return await _review(request, round_id, review_id)


async def _review(request: AnyRequest, round_id: int, review_id: int, form: Form[ReasonForm] | None = None) -> Page:
    async with open_tx(request) as tx:
        found = await tx.conn.fetchrow(
            "SELECT d.*, e.seat, e.name, e.employer FROM allocation_declaration d"
            " JOIN allocation_expert e ON e.id = d.expert WHERE d.id = $1 AND d.round = $2",
            review_id,
            round_id,
        )
        if found is None:
            raise Refused("KRN-404")
        row = await queries.round_of(tx, round_id)
        ours = row["division_code"] == tx.actor.division_code and row["state"] == S.SCORING
        verbs = verbs_open(REVIEW, dict(found), tx.actor) if ours else []
        context: dict[str, Any] = {
            "row": row,
            "review": dict(found),
            "candidate": await queries.candidate(tx, found["candidate"]),
            "hints": await hints.of_review(tx, found["expert"], found["candidate"]),
            "may_impose": "impose" in verbs,
            "entries": await timeline(tx, "allocation_declaration", review_id),
        }
    status = form.status if form else 200
    return render(
        request,
        "allocation/competitive/office_review.html",
        form=form or new_form(ReasonForm),
        status=status,
        **context,
    )


@post(
    "/rounds/{round_id:int}/reviews/{review_id:int}/impose",
    opt=needs(P.PREPARE_ROUND),
    include_in_schema=False,
    status_code=200,
)
async def impose(request: AnyRequest, round_id: FromPath[int], review_id: FromPath[int]) -> Page:
    """Have an expert step out of one candidate."""
    form = await read_form(request, ReasonForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await reviews.impose(tx, review_id, form.value.reason)
            where = await tx.done(f"/rounds/{round_id}/reviews/{review_id}")
            return see_other(where, flash="allocation.review.impose")
    return await _review(request, round_id, review_id, form)


@get("/rounds/{round_id:int}/outliers", opt=needs(P.VIEW_ROUNDS), include_in_schema=False)
async def outliers(request: AnyRequest, round_id: FromPath[int]) -> Page:
    """List the scores far from the panel's median; before scoring is closed there are none."""
    async with open_tx(request) as tx:
        row = await queries.round_of(tx, round_id)
    base = ("o.round = {}", [round_id])
    return await OUTLIERS.respond(request, "allocation/competitive/outliers.html", base=base, row=row)


@get("/rounds/{round_id:int}/papers", opt=needs(P.VIEW_ROUNDS), include_in_schema=False)
async def listed(request: AnyRequest, round_id: FromPath[int]) -> Page:
    """Show the papers of every candidate and which of them experts see."""
    return await _papers(request, round_id)


async def _papers(request: AnyRequest, round_id: int, form: Form[ClearForm] | None = None) -> Page:
    async with open_tx(request) as tx:
        row = await queries.round_of(tx, round_id)
        rows = [{**c, "papers": await papers.of_candidate(tx, c["id"])} for c in await queries.candidates(tx, round_id)]
        own = row["division_code"] == tx.actor.division_code
        changeable = own and row["state"] in papers.BEFORE_END and tx.actor.may(P.PREPARE_ROUND)
    return render(
        request,
        "allocation/competitive/papers.html",
        row=row,
        rows=rows,
        changeable=changeable,
        form=form or new_form(ClearForm),
        blank=new_form(EmptyForm),
        failed=form,
        status=form.status if form else 200,
    )


async def _paper_step(
    request: AnyRequest, round_id: int, struct: type[F], work: Callable[[Tx, F], Awaitable[object]]
) -> Page:
    form = await read_form(request, struct)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await work(tx, form.value)
            return see_other(await tx.done(f"/rounds/{round_id}/papers"), flash=tx.command)
    return await _papers(request, round_id, form)  # type: ignore[arg-type]  # only its problems are shown


@post(
    "/rounds/{round_id:int}/papers/{paper_id:int}/clear",
    opt=needs(P.PREPARE_ROUND),
    include_in_schema=False,
    status_code=200,
)
async def clear(request: AnyRequest, round_id: FromPath[int], paper_id: FromPath[int]) -> Page:
    """Let experts see a paper."""

    async def work(tx: Tx, form: ClearForm) -> None:
        if not form.looked and form.masked is None:
            raise Refused("ALC-368", field="looked")
        await papers.clear(tx, paper_id, form.masked)

    return await _paper_step(request, round_id, ClearForm, work)


@post(
    "/rounds/{round_id:int}/papers/{paper_id:int}/hold",
    opt=needs(P.PREPARE_ROUND),
    include_in_schema=False,
    status_code=200,
)
async def hold(request: AnyRequest, round_id: FromPath[int], paper_id: FromPath[int]) -> Page:
    """Take a paper back from the experts."""

    async def work(tx: Tx, _form: EmptyForm) -> None:
        await papers.hold(tx, paper_id)

    return await _paper_step(request, round_id, EmptyForm, work)


@get("/rounds/{round_id:int}/papers/{paper_id:int}/file", opt=needs(P.VIEW_ROUNDS), include_in_schema=False)
async def paper_file(request: AnyRequest, round_id: FromPath[int], paper_id: FromPath[int]) -> File:
    """Give a paper as it would reach the experts."""
    async with open_tx(request) as tx:
        found = await papers.find(tx, paper_id)
    if found["round"] != round_id:
        raise Refused("KRN-404")
    return papers.file_of(found)


ROUTES = [progress, remind, review, impose, outliers, listed, clear, hold, paper_file]

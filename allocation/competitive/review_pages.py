"""Pages of the expert: what is to be reviewed, one review from declaration to score."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import File, Response

from allocation.competitive import papers, queries, reviews, view
from allocation.competitive.forms import ClearForm, EmptyForm, ReasonForm, RecuseForm, SheetForm
from allocation.competitive.listing import REVIEWS
from allocation.competitive.rules import FULL_MARKS, written
from allocation.competitive.states import OWN_IN, REVIEW, R
from allocation.experts import hints
from allocation.permissions import P
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.states import verbs_open
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[Any]
S = TypeVar("S", bound=msgspec.Struct)


@get("/reviews", opt=needs(P.SCORE), include_in_schema=False)
async def listed(request: AnyRequest) -> Page:
    """List what this expert is to review in the round of the engagement."""
    async with open_tx(request) as tx:
        seat = await queries.my_seat(tx)
        row = await queries.round_of(tx, seat["round"])
        context: dict[str, Any] = {
            "row": row,
            "seat": seat,
            "criteria": await queries.criteria(tx, seat["round"]),
            "vetoes": await queries.vetoes(tx, seat["round"]),
        }
        own = await queries.my_reviews(tx, seat)
    # Named one by one: a kept count of the list never outlives a recusal.
    base = ("d.expert = {} AND d.id = ANY({}::bigint[])", [seat["id"], [r["id"] for r in own]])
    context["counts"] = view.counted(own)
    return await REVIEWS.respond(request, "allocation/competitive/reviews.html", base=base, **context)


@get("/reviews/{review_id:int}", opt=needs(P.SCORE), include_in_schema=False)
async def shown(request: AnyRequest, review_id: FromPath[int]) -> Page:
    """Show one review as far as it has come."""
    return await _show(request, review_id)


async def _show(request: AnyRequest, review_id: int, failed: tuple[str, Form[Any]] | None = None) -> Page:
    async with open_tx(request) as tx:
        seat = await queries.my_seat(tx)
        review = await queries.my_review(tx, seat, review_id)
        criteria = await queries.criteria(tx, review["round"])
        peers = await queries.seen_scores(tx, seat, review["candidate"])
        context: dict[str, Any] = {
            "seat": seat,
            "review": review,
            "criteria": criteria,
            "own_in": review["state"] in OWN_IN,
            "row": await queries.round_of(tx, review["round"]),
            "full": FULL_MARKS,
            "points": peers,
            "candidate": await queries.candidate(tx, review["candidate"]),
            "verbs": verbs_open(REVIEW, review, tx.actor),
            "totals": queries.totals(peers, queries.for_rules(criteria)),
            "hints": await hints.of_review(tx, seat["id"], review["candidate"]),
            "papers": await papers.of_candidate(tx, review["candidate"]),
            "vetoes": await queries.vetoes(tx, review["round"]),
        }
    empty = [{"criterion": c["id"]} for c in criteria]
    forms: dict[str, Form[Any]] = {
        "declare": new_form(ClearForm),
        "recuse": new_form(RecuseForm),
        "reason": new_form(ReasonForm),
        "sheet": new_form(SheetForm, points=empty, vetoes=[{"veto": v["id"]} for v in context["vetoes"]]),
    }
    if failed:
        forms[failed[0]] = failed[1]
    failing = failed[1] if failed else None
    return render(
        request,
        "allocation/competitive/review.html",
        forms=forms,
        blank=new_form(EmptyForm),
        failed=failing,
        score_text=written,
        status=failing.status if failing else 200,
        **context,
    )


async def _step(  # noqa: PLR0913 - one step has these parts
    request: AnyRequest,
    review_id: int,
    name: str,
    struct: type[S],
    work: Callable[[Tx, int, S], Awaitable[object]],
    *,
    back: str = "",
) -> Page:
    form = await read_form(request, struct)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await work(tx, review_id, form.value)
            return see_other(await tx.done(back or f"/reviews/{review_id}"), flash=tx.command)
    return await _show(request, review_id, (name, form))


@post("/reviews/{review_id:int}/clear", opt=needs(P.SCORE), include_in_schema=False, status_code=200)
async def clear(request: AnyRequest, review_id: FromPath[int]) -> Page:
    """Declare no conflict."""

    async def work(tx: Tx, key: int, form: ClearForm) -> None:
        await reviews.clear(tx, key, form.explained)

    return await _step(request, review_id, "declare", ClearForm, work)


@post("/reviews/{review_id:int}/recuse", opt=needs(P.SCORE), include_in_schema=False, status_code=200)
async def recuse(request: AnyRequest, review_id: FromPath[int]) -> Page:
    """Declare a conflict; the candidate is gone from here."""
    return await _step(request, review_id, "recuse", RecuseForm, reviews.recuse, back="/reviews")


@post("/reviews/{review_id:int}/abstain", opt=needs(P.SCORE), include_in_schema=False, status_code=200)
async def abstain(request: AnyRequest, review_id: FromPath[int]) -> Page:
    """Give no score."""

    async def work(tx: Tx, key: int, form: ReasonForm) -> None:
        await reviews.abstain(tx, key, form.reason)

    return await _step(request, review_id, "reason", ReasonForm, work)


@post("/reviews/{review_id:int}/score", opt=needs(P.SCORE), include_in_schema=False, status_code=200)
async def score(request: AnyRequest, review_id: FromPath[int]) -> Page:
    """Hand in the sheet."""
    return await _step(request, review_id, "sheet", SheetForm, reviews.score)


@get("/reviews/{review_id:int}/papers/{paper_id:int}/file", opt=needs(P.SCORE), include_in_schema=False)
async def paper(request: AnyRequest, review_id: FromPath[int], paper_id: FromPath[int]) -> File:
    """Give a cleared paper of a candidate whose review is open."""
    async with open_tx(request) as tx:
        seat = await queries.my_seat(tx)
        review = await queries.my_review(tx, seat, review_id)
        found = await papers.find(tx, paper_id)
    if found["candidate"] != review["candidate"] or review["state"] == R.NOT_OPENED or not found["cleared"]:
        raise Refused("KRN-404")
    return papers.file_of(found)


ROUTES = [listed, shown, clear, recuse, abstain, score, paper]

"""Pages of what follows the ranking: the notice of the result, the signed minutes, who moves up."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from allocation.competitive import publishing, queries
from allocation.competitive.forms import EmptyForm, PromoteForm, ReasonForm, SignedForm
from allocation.competitive.states import S
from allocation.permissions import P
from projects import public as projects
from quzhou_migrants.kernel.files import files_of
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other
from quzhou_migrants.web.security import UPLOAD_BODY

AnyRequest = Request[Any, Any, Any]
Page = Response[Any]
Row = dict[str, Any]
FORMS: dict[str, type[msgspec.Struct]] = {"promote": PromoteForm, "signed": SignedForm, "back": ReasonForm}


async def facts(tx: Tx, row: Row, decision: Row | None) -> Row:
    """Give what the page of a round shows of its outcome."""
    after = row["state"] in {S.POSTED, S.AWARDED}
    own = row["division_code"] == tx.actor.division_code
    standing = await queries.standing(tx, row["id"]) if row["state"] == S.AWARDED else None
    return {
        "notices": await projects.notices_of(tx, publishing.subject(row)) if decision or after else [],
        "signed": await files_of(tx, (publishing.DECISION, decision["id"])) if decision else [],
        "standing": standing,
        "left_fen": row["budget_fen"] - standing.awarded_fen if standing else 0,
        "may_promote": bool(own and standing and standing.waiting and tx.actor.may(P.APPROVE_ROUND)),
        "may_sign": bool(own and decision and tx.actor.may(P.PREPARE_ROUND)),
        "roster": await queries.roster_before(tx, row, decision) if decision else None,
    }


async def _outcome(request: AnyRequest, round_id: int, failed: tuple[str, Form[Any]] | None = None) -> Page:
    forms: dict[str, Form[Any]] = {name: new_form(struct) for name, struct in FORMS.items()}
    if failed:
        forms[failed[0]] = failed[1]
    async with open_tx(request) as tx:
        row = await queries.round_of(tx, round_id)
        decision = await queries.decision(tx, round_id)
        context = await facts(tx, row, decision)
    failing = failed[1] if failed else None
    return render(
        request,
        "allocation/competitive/outcome.html",
        row=row,
        decision=decision,
        forms=forms,
        failed=failing,
        status=failing.status if failing else 200,
        **context,
    )


@get("/rounds/{round_id:int}/outcome", opt=needs(P.VIEW_ROUNDS), include_in_schema=False)
async def outcome(request: AnyRequest, round_id: FromPath[int]) -> Page:
    """Show the notice of the result, objections, the signed minutes, the reserve list and who moved up."""
    return await _outcome(request, round_id)


@post("/rounds/{round_id:int}/post", opt=needs(P.PREPARE_ROUND), include_in_schema=False, status_code=200)
async def post_result(request: AnyRequest, round_id: FromPath[int]) -> Page:
    """Put the result before the public."""
    form = await read_form(request, EmptyForm)
    async with form.refusals(), open_tx(request, once=form.once) as tx:
        await publishing.post(tx, round_id)
        return see_other(await tx.done(f"/rounds/{round_id}/outcome"), flash="allocation.round.post")
    return await _outcome(request, round_id, ("back", form))


@post("/rounds/{round_id:int}/take-back", opt=needs(P.PREPARE_ROUND), include_in_schema=False, status_code=200)
async def take_back(request: AnyRequest, round_id: FromPath[int]) -> Page:
    """Take a posted result back to the meeting."""
    form = await read_form(request, ReasonForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await publishing.take_back(tx, round_id, form.value.reason)
            return see_other(await tx.done(f"/rounds/{round_id}"), flash="allocation.round.take_back")
    return await _outcome(request, round_id, ("back", form))


@post("/rounds/{round_id:int}/promote", opt=needs(P.APPROVE_ROUND), include_in_schema=False, status_code=200)
async def promote(request: AnyRequest, round_id: FromPath[int]) -> Page:
    """Move a project up from the reserve list."""
    form = await read_form(request, PromoteForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await publishing.promote(tx, round_id, form.value)
            return see_other(await tx.done(f"/rounds/{round_id}/outcome"), flash="round.flash.promote")
    return await _outcome(request, round_id, ("promote", form))


@post(
    "/rounds/{round_id:int}/signed",
    opt=needs(P.PREPARE_ROUND),
    include_in_schema=False,
    status_code=200,
    request_max_body_size=UPLOAD_BODY,
)
async def signed(request: AnyRequest, round_id: FromPath[int]) -> Page:
    """Keep the signed minutes."""
    form = await read_form(request, SignedForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await publishing.keep_signed(tx, round_id, form.value.file)
            return see_other(await tx.done(f"/rounds/{round_id}/outcome"), flash="round.flash.sign")
    return await _outcome(request, round_id, ("signed", form))


ROUTES = [outcome, post_result, take_back, promote, signed]
"""Routes of the outcome; pages.py adds them to its own."""

"""Pages of notices: the list, the words, the paper, issue, publication, withdrawal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, TypeVar

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import File, Response

from allocation.budget.forms import EmptyForm, ReasonForm
from allocation.factor import notice_queries, notice_service, queries
from allocation.factor.listing import NOTICES
from allocation.factor.notice_document import letter_of, proposal
from allocation.factor.notice_forms import NoticeForm
from allocation.factor.notice_public import issued_file
from allocation.factor.states import NOTICE, NoticeState
from allocation.permissions import P
from quzhou_migrants.kernel.actor import Actor, code_range
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.letter import build_letter
from quzhou_migrants.kernel.pool import in_pool
from quzhou_migrants.kernel.states import verbs_open
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[Any]
S = TypeVar("S", bound=msgspec.Struct)
Work: TypeAlias = Callable[[Tx, S], Awaitable[object]]


@get("/factor/notices", opt=needs(P.VIEW_FACTOR), include_in_schema=False)
async def notices(request: AnyRequest) -> Page:
    """List the notices in sight: one's own, and the issued ones from above that tell of one's share."""
    actor: Actor = request.scope["state"]["actor"]
    lo, hi = code_range(actor.division_code) if actor.division_code else ("", "~")
    told = "n.issued_on IS NOT NULL AND EXISTS (SELECT 1 FROM allocation_factor_share p WHERE p.run = n.run)"
    base = (f"({told}) OR (n.division_code >= {{}} AND n.division_code < {{}})", [lo, hi])
    return await NOTICES.respond(request, "allocation/factor/notices.html", base=base)


@get("/factor/{run_id:int}/notice", opt=needs(P.PREPARE_FACTOR), include_in_schema=False)
async def new_notice(request: AnyRequest, run_id: FromPath[int]) -> Page:
    """Propose the words of a run's notice; where there is one, go there."""
    async with open_tx(request) as tx:
        held = await notice_queries.of_run(tx, run_id)
        if held is not None:
            return see_other(f"/factor/notices/{held['id']}")
        row = await queries.house_run(tx, run_id)
        given = sum(s["amount_fen"] for s in await queries.shares(tx, run_id))
        words = proposal(row, await queries.inputs(tx, row), given, tx.actor.org_name)
    return await _words(request, run_id, new_form(NoticeForm, **words))


async def _words(
    request: AnyRequest, run_id: int, form: Form[NoticeForm], notice: dict[str, Any] | None = None
) -> Page:
    async with open_tx(request) as tx:
        row = await queries.run(tx, run_id)
    action = f"/factor/notices/{notice['id']}/edit" if notice else f"/factor/{run_id}/notice"
    back = f"/factor/notices/{notice['id']}" if notice else f"/factor/{run_id}"
    status = form.status if form.problems else 200
    return render(
        request, "allocation/factor/notice_edit.html", form=form, row=row, action=action, back=back, status=status
    )


@post("/factor/{run_id:int}/notice", opt=needs(P.PREPARE_FACTOR), status_code=200, include_in_schema=False)
async def draft_notice(request: AnyRequest, run_id: FromPath[int]) -> Page:
    """Keep a drafted notice."""
    form = await read_form(request, NoticeForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            notice_id = await notice_service.draft_notice(tx, run_id, form.value)
            return see_other(await tx.done(f"/factor/notices/{notice_id}"), flash="allocation.factor.notice_draft")
    return await _words(request, run_id, form)


@get("/factor/notices/{notice_id:int}/edit", opt=needs(P.PREPARE_FACTOR), include_in_schema=False)
async def edit_notice(request: AnyRequest, notice_id: FromPath[int]) -> Page:
    """Open the words of a draft."""
    async with open_tx(request) as tx:
        row = await notice_queries.notice(tx, notice_id)
    form = new_form(NoticeForm, **{f: row[f] for f in NoticeForm.__struct_fields__})
    return await _words(request, row["run"], form, row)


@post("/factor/notices/{notice_id:int}/edit", opt=needs(P.PREPARE_FACTOR), status_code=200, include_in_schema=False)
async def change_notice(request: AnyRequest, notice_id: FromPath[int]) -> Page:
    """Keep changed words."""
    form = await read_form(request, NoticeForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await notice_service.change_notice(tx, notice_id, form.value)
            return see_other(await tx.done(f"/factor/notices/{notice_id}"), flash="allocation.factor.notice_change")
    async with open_tx(request) as tx:
        row = await notice_queries.notice(tx, notice_id)
    return await _words(request, row["run"], form, row)


@get("/factor/notices/{notice_id:int}", opt=needs(P.VIEW_FACTOR), include_in_schema=False)
async def notice(request: AnyRequest, notice_id: FromPath[int]) -> Page:
    """Show a notice, its paper and what can be done next."""
    return await _one(request, notice_id, new_form(EmptyForm))


async def _one(request: AnyRequest, notice_id: int, form: Form[Any]) -> Page:
    async with open_tx(request) as tx:
        row = await notice_queries.notice(tx, notice_id)
        own = queries.is_house(tx, row["division_code"])
        facts: dict[str, Any] = {
            "n": row,
            "verbs": verbs_open(NOTICE, row, tx.actor) if own else [],
            "drafted": row["created_by"] is not None and row["created_by"] == tx.actor.user_id,
            "late": notice_service.late_days(row["due_on"], tx.today) if row["state"] == NoticeState.ISSUED else 0,
            "entries": await timeline(tx, notice_queries.TABLE, notice_id),
        }
    return render(
        request,
        "allocation/factor/notice.html",
        form=form,
        back=form if form.struct is ReasonForm else new_form(ReasonForm),
        status=form.status if form.problems else 200,
        **facts,
    )


@get("/factor/notices/{notice_id:int}/draft.pdf", opt=needs(P.VIEW_FACTOR), include_in_schema=False)
async def paper(request: AnyRequest, notice_id: FromPath[int]) -> Page:
    """Print a notice as it stands."""
    async with open_tx(request) as tx:
        row = await notice_queries.notice(tx, notice_id)
    data = await in_pool(build_letter, letter_of(row, row["frozen"], row["issued_on"]))
    headers = {"Content-Disposition": f'inline; filename="notice-{notice_id}.pdf"', "Cache-Control": "no-store"}
    return Response(data, media_type="application/pdf", headers=headers)


@get("/factor/notices/{notice_id:int}/notice.pdf", opt=needs(P.VIEW_FACTOR), include_in_schema=False)
async def issued_paper(request: AnyRequest, notice_id: FromPath[int]) -> File:
    """Give a notice as it was issued, byte for byte, to its house and to everybody it tells of a share."""
    async with open_tx(request) as tx:
        row = await notice_queries.notice(tx, notice_id)
    return issued_file(row["sha256"], f"notice-{notice_id}.pdf")


@post("/factor/notices/{notice_id:int}/issue", opt=needs(P.APPROVE_FACTOR), status_code=200, include_in_schema=False)
async def issue(request: AnyRequest, notice_id: FromPath[int]) -> Page:
    """Issue a draft."""
    return await _act(request, notice_id, EmptyForm, lambda tx, _: notice_service.issue_notice(tx, notice_id))


@post("/factor/notices/{notice_id:int}/publish", opt=needs(P.PREPARE_FACTOR), status_code=200, include_in_schema=False)
async def publish(request: AnyRequest, notice_id: FromPath[int]) -> Page:
    """Put an issued notice before the public."""
    return await _act(request, notice_id, EmptyForm, lambda tx, _: notice_service.publish_notice(tx, notice_id))


@post("/factor/notices/{notice_id:int}/drop", opt=needs(P.PREPARE_FACTOR), status_code=200, include_in_schema=False)
async def drop(request: AnyRequest, notice_id: FromPath[int]) -> Page:
    """Give up a draft."""
    return await _act(request, notice_id, ReasonForm, lambda tx, f: notice_service.drop_notice(tx, notice_id, f.reason))


@post("/factor/notices/{notice_id:int}/recall", opt=needs(P.APPROVE_FACTOR), status_code=200, include_in_schema=False)
async def recall(request: AnyRequest, notice_id: FromPath[int]) -> Page:
    """Withdraw an issued notice."""
    return await _act(
        request, notice_id, ReasonForm, lambda tx, f: notice_service.recall_notice(tx, notice_id, f.reason)
    )


async def _act(request: AnyRequest, notice_id: int, struct: type[S], work: Work[S]) -> Page:
    form = await read_form(request, struct)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await work(tx, form.value)
            return see_other(await tx.done(f"/factor/notices/{notice_id}"), flash=tx.command)
    return await _one(request, notice_id, form)


ROUTES = [
    notices, new_notice, draft_notice, edit_notice, change_notice, notice, paper, issued_paper, issue, publish, drop,
    recall,
]  # fmt: skip

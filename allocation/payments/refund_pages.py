"""Pages of money asked back: who was paid too much, the letter, the day it came."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from allocation.payments import refunds
from allocation.payments.documents import refund_letter
from allocation.payments.forms import RefundForm, ReturnedForm, ReturnForm
from allocation.payments.listing import REFUNDS
from allocation.payments.states import REFUND
from allocation.permissions import P
from projects import public as projects
from quzhou_migrants.kernel import files
from quzhou_migrants.kernel.file_types import MIB
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
files.readable(refunds.TABLE, P.VIEW_CLAIMS)


@get("/claims/refunds", opt=needs(P.VIEW_CLAIMS), include_in_schema=False)
async def listed(request: AnyRequest) -> Page:
    """List what was asked back, and what came of it."""
    return await REFUNDS.respond(request, "allocation/payments/refunds.html")


@get("/claims/project/{project_id:int}/refund", opt=needs(P.CLAIM), include_in_schema=False)
async def new(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Start a letter, its last day proposed."""
    return await _new(request, project_id, None)


async def _new(request: AnyRequest, project_id: int, form: Form[RefundForm] | None) -> Page:
    async with open_tx(request) as tx:
        subject = await refunds.of_a_project(tx, await projects.brief(tx, project_id))
        context = await letter_form(tx, subject, form)
    return render(request, "allocation/payments/refund_new.html", status=form.status if form else 200, **context)


async def letter_form(
    tx: Tx, subject: refunds.Subject, form: Form[RefundForm] | None, note: str = ""
) -> dict[str, Any]:
    """Give what the page of a new letter shows, of a project or of a grant."""
    days = tx.policy_for(subject.division_code).param(refunds.DAYS)
    fresh = {"asked_on": tx.today, "due_on": tx.today + timedelta(days=days.value), "note": note}
    return {
        "form": form or new_form(RefundForm, **fresh),
        "subject": subject,
        "standing": await refunds.standing(tx, subject),
        "days": days,
    }


@post(
    "/claims/project/{project_id:int}/refund",
    opt=needs(P.CLAIM),
    include_in_schema=False,
    status_code=200,
    request_max_body_size=files.LIMIT + MIB,
)
async def ask(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Keep the letter."""
    form = await read_form(request, RefundForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            key = await refunds.ask(tx, project_id, form.value)
            return see_other(await tx.done(f"/claims/refunds/{key}"), flash=tx.command)
    return await _new(request, project_id, form)


@get("/claims/refunds/{refund_id:int}", opt=needs(P.VIEW_CLAIMS), include_in_schema=False)
async def shown(request: AnyRequest, refund_id: FromPath[int]) -> Page:
    """Show one letter and what came of it."""
    return await _show(request, refund_id)


async def _show(
    request: AnyRequest,
    refund_id: int,
    back: Form[ReturnedForm] | None = None,
    drop: Form[ReturnForm] | None = None,
) -> Page:
    async with open_tx(request) as tx:
        row = await refunds.find(tx, refund_id)
        subject = await refunds.subject_of(tx, row)
        context: dict[str, Any] = {
            "row": row,
            "subject": subject,
            "left": subject.over,
            "papers": await files.files_of(tx, (refunds.TABLE, refund_id)),
            "verbs": verbs_open(REFUND, row, tx.actor),
            "mine": row["asked_by"] == tx.actor.user_id,
            "late": row["state"] == "asked" and row["due_on"] < tx.today,
            "entries": await timeline(tx, refunds.TABLE, refund_id),
        }
    failed = back or drop
    return render(
        request,
        "allocation/payments/refund.html",
        back=back or new_form(ReturnedForm, returned_fen=row["amount_fen"]),
        drop=drop or new_form(ReturnForm),
        failed=failed,
        status=failed.status if failed else 200,
        **context,
    )


@post("/claims/refunds/{refund_id:int}/receive", opt=needs(P.PAY), include_in_schema=False, status_code=200)
async def receive(request: AnyRequest, refund_id: FromPath[int]) -> Page:
    """Record that the money is back."""
    form = await read_form(request, ReturnedForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await refunds.receive(tx, refund_id, form.value)
            return see_other(await tx.done(f"/claims/refunds/{refund_id}"), flash=tx.command)
    return await _show(request, refund_id, back=form)


@post("/claims/refunds/{refund_id:int}/withdraw", opt=needs(P.CLAIM), include_in_schema=False, status_code=200)
async def withdraw(request: AnyRequest, refund_id: FromPath[int]) -> Page:
    """Take the letter back."""
    form = await read_form(request, ReturnForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await refunds.withdraw(tx, refund_id, form.value.reason)
            return see_other(await tx.done(f"/claims/refunds/{refund_id}"), flash=tx.command)
    return await _show(request, refund_id, drop=form)


@get("/claims/refunds/{refund_id:int}/letter.pdf", opt=needs(P.VIEW_CLAIMS), include_in_schema=False)
async def letter(request: AnyRequest, refund_id: FromPath[int]) -> Response[bytes]:
    """Give the letter to who was paid, ready for the seal."""
    async with open_tx(request) as tx:
        made = await refund_letter(tx, await refunds.find(tx, refund_id))
    headers = {"Content-Disposition": f'attachment; filename="refund-{refund_id}.pdf"', "Cache-Control": "no-store"}
    return Response(await in_pool(build_letter, made), media_type="application/pdf", headers=headers)


ROUTES = [listed, new, ask, shown, receive, withdraw, letter]

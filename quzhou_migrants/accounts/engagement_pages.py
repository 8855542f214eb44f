"""Engagements of people from outside: experts, surveyors, auditors; who they are and until when."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from quzhou_migrants.accounts import queries, service
from quzhou_migrants.accounts.forms import AuditorForm, EmptyForm, OutsiderForm, TermForm
from quzhou_migrants.accounts.permissions import P
from quzhou_migrants.accounts.public import people_outside
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import open_tx
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[bytes]


@get("/accounts/engagements", opt=needs(P.ENGAGE))
async def engagements(request: AnyRequest) -> Page:
    """List the engagements of one's range, with the forms of a new outside person and of an auditor."""
    return await _engagements(request)


async def _engagements(
    request: AnyRequest,
    *,
    form: Form[OutsiderForm] | None = None,
    auditor: Form[AuditorForm] | None = None,
    password: str = "",
) -> Page:
    """Draw the page; a form that was not accepted stands there as it was sent."""
    refused = next((sent.status for sent in (form, auditor) if sent is not None and not sent.ok), 200)
    async with open_tx(request) as tx:
        return render(
            request,
            "accounts/engagements.html",
            page=await queries.ENGAGEMENTS.fetch(tx, request),
            form=form or new_form(OutsiderForm),
            auditor=auditor or new_form(AuditorForm, starts_on=tx.today),
            people=[(str(p["id"]), f"{p['name']}（{p['login']}）") for p in await people_outside(tx, Role.AUDITOR)],
            password=password,
            status=200 if password else refused,
        )


@post("/accounts/outsiders", opt=needs(P.ENGAGE), status_code=200)
async def create_outsider(request: AnyRequest) -> Page:
    """Create an outside person and show the first password once."""
    form = await read_form(request, OutsiderForm)
    password = ""
    if form.ok:
        given = form.value
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            made = await service.create_outsider(tx, firm=given.firm, name=given.name, login=given.login.lower())
            await tx.done("/accounts/engagements")
            password = made.password
    return await _engagements(request, form=form, password=password)


@post("/accounts/auditors", opt=needs(P.ENGAGE), status_code=200)
async def engage_auditor(request: AnyRequest) -> Page:
    """Let an auditor read the books of one's own division for a time."""
    form = await read_form(request, AuditorForm)
    if form.ok:
        given = form.value
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await service.engage_auditor(
                tx,
                user_id=given.auditor,
                purpose=given.purpose,
                starts_on=given.starts_on,
                ends_on=given.ends_on,
            )
            return see_other(await tx.done("/accounts/engagements"), flash="accounts.saved")
    return await _engagements(request, auditor=form)


@get("/accounts/engagements/{engagement_id:int}", opt=needs(P.ENGAGE))
async def engagement(request: AnyRequest, engagement_id: FromPath[int]) -> Page:
    """Show one engagement and the form of its last day."""
    async with open_tx(request) as tx:
        row = await queries.engagement(tx, engagement_id)
    return render(request, "accounts/engagement.html", e=row, form=new_form(TermForm, ends_on=row["ends_on"]))


@post("/accounts/engagements/{engagement_id:int}", opt=needs(P.ENGAGE), status_code=200)
async def change_term(request: AnyRequest, engagement_id: FromPath[int]) -> Page:
    """Change the last day of an engagement."""
    form = await read_form(request, TermForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await service.change_term(tx, engagement_id, form.value.ends_on)
            return see_other(await tx.done("/accounts/engagements"), flash="accounts.saved")
    async with open_tx(request) as tx:
        row = await queries.engagement(tx, engagement_id)
    return render(request, "accounts/engagement.html", e=row, form=form, status=form.status)


@post("/accounts/engagements/{engagement_id:int}/revoke", opt=needs(P.ENGAGE), status_code=200)
async def revoke(request: AnyRequest, engagement_id: FromPath[int]) -> Page:
    """End an engagement before its time."""
    form = await read_form(request, EmptyForm)
    async with open_tx(request, once=form.once) as tx:
        await service.revoke(tx, engagement_id)
        return see_other(await tx.done("/accounts/engagements"), flash="accounts.saved")


ROUTES = [engagements, create_outsider, engage_auditor, engagement, change_term, revoke]

"""Pages of site codes: the office's list, one code, printing; the public page behind every scan."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from inspection.permissions import P
from inspection.site_codes import queries, service
from inspection.site_codes.documents import Paper, Placard, build_placards
from inspection.site_codes.forms import IssueForm, PrintForm, ReasonForm
from inspection.site_codes.lists import write_list
from inspection.site_codes.rules import address, grouped, read_token, tidy
from inspection.site_codes.states import CODE
from projects import public as projects
from quzhou_migrants.kernel import qr
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.guards import needs, public
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.pool import in_pool
from quzhou_migrants.kernel.signing import installed_ring
from quzhou_migrants.kernel.states import verbs_open
from quzhou_migrants.kernel.tx import open_tx, public_tx
from quzhou_migrants.web.divisions import places
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[Any]
GONE, NOT_FOUND = 410, 404


def _base(request: AnyRequest) -> str:
    return str(request.app.state.settings.public_url)


@get("/codes", opt=needs(P.VIEW_CODES), include_in_schema=False)
async def codes(request: AnyRequest) -> Page:
    """List the site codes of one's range."""
    return await queries.CODES.respond(request, "inspection/site_codes/list.html")


@get("/codes/{code_id:int}", opt=needs(P.VIEW_CODES), include_in_schema=False)
async def code(request: AnyRequest, code_id: FromPath[int]) -> Page:
    """Show one code: as it is printed, its history, its board."""
    return await _code_page(request, code_id, new_form(ReasonForm))


async def _code_page(request: AnyRequest, code_id: int, form: Form[ReasonForm], status: int = 200) -> Page:
    async with open_tx(request) as tx:
        row = await queries.find(tx, code_id)
        history = await queries.history(tx, row["project"])
        entries = await timeline(tx, service.TABLE, code_id)
        verbs = verbs_open(CODE, row, tx.actor)
    link = address(_base(request), row["token"])
    return render(
        request,
        "inspection/site_codes/code.html",
        status=status,
        picture=qr.svg(qr.encode(link)),
        address=link,
        row=row,
        form=form,
        grouped=grouped(row["token"]),
        verbs=verbs,
        history=history,
        entries=entries,
    )


@post("/codes/issue/{project_id:int}", opt=needs(P.ISSUE), status_code=200, include_in_schema=False)
async def issue(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Issue the first code of a project."""
    form = await read_form(request, IssueForm)
    async with open_tx(request, once=form.once) as tx:
        row = await service.issue_code(tx, project_id)
        return see_other(await tx.done(f"/codes/{row['id']}"), flash="inspection.code.issued")


@post("/codes/{code_id:int}/reissue", opt=needs(P.ISSUE), status_code=200, include_in_schema=False)
async def reissue(request: AnyRequest, code_id: FromPath[int]) -> Page:
    """Revoke a code and issue the next."""
    form = await read_form(request, ReasonForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            row = await service.reissue_code(tx, code_id, form.value.reason)
            return see_other(await tx.done(f"/codes/{row['id']}"), flash="inspection.code.revoked")
    return await _code_page(request, code_id, form, form.status)


@post("/codes/{code_id:int}/revoke", opt=needs(P.ISSUE), status_code=200, include_in_schema=False)
async def revoke(request: AnyRequest, code_id: FromPath[int]) -> Page:
    """Revoke a code for good."""
    form = await read_form(request, ReasonForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await service.revoke_code(tx, code_id, form.value.reason)
            return see_other(await tx.done(f"/codes/{code_id}"), flash="inspection.code.ended")
    return await _code_page(request, code_id, form, form.status)


@get("/codes/{code_id:int}/placard.pdf", opt=needs(P.VIEW_CODES), include_in_schema=False)
async def placard(request: AnyRequest, code_id: FromPath[int]) -> Page:
    """Print the board of one active code; `?paper=a3` for the large one."""
    paper = Paper.A3 if request.query_params.get("paper") == "a3" else Paper.A4
    async with open_tx(request) as tx:
        row = await queries.find(tx, code_id)
        boards = await service.placards(tx, [row] if row["state"] == "active" else [])
    return await _printed(request, boards, paper)


@get("/codes/print", opt=needs(P.ISSUE), include_in_schema=False)
async def print_form(request: AnyRequest) -> Page:
    """Choose whose boards to print."""
    return await _print_page(request, new_form(PrintForm, division=request.scope["state"]["actor"].division_code))


async def _print_page(request: AnyRequest, form: Form[PrintForm], status: int = 200) -> Page:
    async with open_tx(request) as tx:
        options = (await places(tx)).options(tx.actor.division_code, form.text("division"))
    return render(request, "inspection/site_codes/print.html", form=form, options=options, status=status)


@post("/codes/print", opt=needs(P.ISSUE), status_code=200, include_in_schema=False)
async def print_many(request: AnyRequest) -> Page:
    """Print the boards of a division, one page each."""
    form = await read_form(request, PrintForm)
    if form.ok:
        async with form.refusals():
            async with open_tx(request) as tx:
                rows = await queries.printable(tx, form.value.division, service.MOST_PLACARDS + 1)
                boards = await service.placards(tx, rows)
            return await _printed(request, boards, form.value.paper)
    return await _print_page(request, form, form.status)


async def _printed(request: AnyRequest, boards: tuple[Placard, ...], paper: Paper) -> Page:
    data = await in_pool(build_placards, boards, _base(request), paper)
    name = f"placard-{tidy(boards[0].token)}.pdf" if len(boards) == 1 else f"placards-{len(boards)}.pdf"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(data, media_type="application/pdf", headers=headers)


@get("/c", opt=public(), include_in_schema=False)
async def by_hand(request: AnyRequest) -> Page:
    """Take a code typed by hand."""
    text = request.query_params.get("token", "")
    typed = tidy(text)
    if typed.isalnum() and typed.isascii():
        return see_other(f"/c/{typed}")
    return _unknown(request, Refused("INS-101", field="token", text=text[:40]) if text.strip() else None)


@get(["/c/{token:str}", "/C/{token:str}"], opt=public(), include_in_schema=False)
async def scan(request: AnyRequest, token: FromPath[str]) -> Page:
    """Answer a scan: an inspector goes on to the visit, everybody else sees the public page."""
    try:
        found = read_token(installed_ring(), token)
        async with public_tx(request) as tx:
            row = await queries.scanned(tx, found.code_id, tidy(token))
            project = await projects.public_page(tx, row["project"])
            line = tx.policy_for(row["division_code"]).text("inspection.site_codes.complaint_line")
    except Refused as refused:
        return _unknown(request, refused)
    if row["state"] == "revoked":
        return render(
            request,
            "inspection/site_codes/revoked.html",
            status=GONE,
            row=row,
            project=project,
            line=line,
            grouped=grouped(row["token"]),
        )
    actor = request.scope["state"].get("actor")
    if actor and actor.may(P.VISIT) and "public" not in request.query_params:
        return see_other(f"/field?c={row['token']}")
    return render(
        request,
        "inspection/site_codes/public.html",
        row=row,
        project=project,
        line=line,
        grouped=grouped(row["token"]),
        may_visit=bool(actor and actor.may(P.VISIT)),
    )


@get("/public/codes.json", opt=public(), include_in_schema=False)
async def code_list(request: AnyRequest) -> Page:
    """Give the signed list of all codes, for whoever checks boards without us."""
    async with public_tx(request) as tx:
        rows = await queries.published(tx)
    signed = write_list(installed_ring(), tx.now, rows)
    return Response(signed, media_type="application/json", headers={"Cache-Control": "public, max-age=600"})


def _unknown(request: AnyRequest, refused: Refused | None) -> Page:
    """Say that a code is none of ours, and how to type one."""
    problem = refused.problems[0] if refused else None
    return render(request, "inspection/site_codes/unknown.html", status=NOT_FOUND if problem else 200, problem=problem)

"""Pages of visits: the office's lists and one visit whole; the shell of the field app."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from litestar import MediaType, Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from inspection.permissions import P
from inspection.site_codes import queries as codes
from inspection.visits import office, queries, service
from inspection.visits.documents import visit_record
from inspection.visits.forms import JudgeForm, NoteForm
from inspection.visits.states import VISIT
from quzhou_migrants.kernel.guards import needs, public
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.pdf import build
from quzhou_migrants.kernel.pool import in_pool
from quzhou_migrants.kernel.states import verbs_open
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web import assets
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import ENV, render, see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[Any]
Work = Callable[[Tx, int, str], Awaitable[dict[str, Any]]]


@get("/visits", opt=needs(P.VIEW), include_in_schema=False)
async def visits(request: AnyRequest) -> Page:
    """List the visits of one's range."""
    return await queries.VISITS.respond(request, "inspection/visits/list.html")


@get("/findings", opt=needs(P.VIEW), include_in_schema=False)
async def findings(request: AnyRequest) -> Page:
    """List what was found wrong."""
    return await queries.FINDINGS.respond(request, "inspection/visits/findings.html")


@get("/visits/{visit_id:int}", opt=needs(P.VIEW), include_in_schema=False)
async def visit(request: AnyRequest, visit_id: FromPath[int]) -> Page:
    """Show one visit: photos, places and clocks, what was seen and found, who did what."""
    return await _visit_page(request, visit_id)


@get("/visits/{visit_id:int}/record.pdf", opt=needs(P.VIEW), include_in_schema=False)
async def record(request: AnyRequest, visit_id: FromPath[int]) -> Page:
    """Print the record of a visit for the project's file."""
    async with open_tx(request) as tx:
        row = await queries.find(tx, visit_id)
        rows = await queries.parts(tx, visit_id)
        code = await codes.active_of(tx, row["project"])
    data = await in_pool(build, visit_record(row, rows, code, str(request.app.state.settings.public_url)))
    headers = {"Content-Disposition": f'attachment; filename="visit-{visit_id}.pdf"', "Cache-Control": "no-store"}
    return Response(data, media_type="application/pdf", headers=headers)


async def _visit_page(
    request: AnyRequest,
    visit_id: int,
    *,
    judge: Form[JudgeForm] | None = None,
    note: Form[NoteForm] | None = None,
    status: int = 200,
) -> Page:
    async with open_tx(request) as tx:
        row = await queries.find(tx, visit_id)
        context = await queries.parts(tx, visit_id) | {
            "row": row,
            "verbs": verbs_open(VISIT, row, tx.actor) if row["inspector_id"] != tx.actor.user_id else [],
            "entries": await timeline(tx, service.TABLE, visit_id),
            "may_close": tx.actor.may(P.CLOSE),
            "code": await codes.active_of(tx, row["project"]),
            "verbs_of": lambda f: queries.turns(f, tx.actor),
        }
        return render(
            request,
            "inspection/visits/visit.html",
            status=status,
            judge=judge or new_form(JudgeForm),
            note=note or new_form(NoteForm),
            **context,
        )


@post("/visits/{visit_id:int}/accept", opt=needs(P.JUDGE), status_code=200, include_in_schema=False)
async def accept(request: AnyRequest, visit_id: FromPath[int]) -> Page:
    """Take a doubtful visit as good."""
    form = await read_form(request, JudgeForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await office.accept(tx, visit_id, form.value.reason)
            return see_other(await tx.done(f"/visits/{visit_id}"), flash="inspection.visit.accepted")
    return await _visit_page(request, visit_id, judge=form, status=form.status)


@post("/visits/{visit_id:int}/set-aside", opt=needs(P.JUDGE), status_code=200, include_in_schema=False)
async def set_aside(request: AnyRequest, visit_id: FromPath[int]) -> Page:
    """Set a doubtful visit aside."""
    form = await read_form(request, JudgeForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await office.set_aside(tx, visit_id, form.value.reason)
            return see_other(await tx.done(f"/visits/{visit_id}"), flash="inspection.visit.set_aside_done")
    return await _visit_page(request, visit_id, judge=form, status=form.status)


@post("/findings/{finding_id:int}/mend", opt=needs(P.MEND), status_code=200, include_in_schema=False)
async def mend(request: AnyRequest, finding_id: FromPath[int]) -> Page:
    """Say that a finding is mended."""
    return await _turn(request, finding_id, office.mend_finding, "inspection.finding.mended")


@post("/findings/{finding_id:int}/send_back", opt=needs(P.CLOSE), status_code=200, include_in_schema=False)
async def send_back(request: AnyRequest, finding_id: FromPath[int]) -> Page:
    """Open a finding again that is not mended as was said."""
    return await _turn(request, finding_id, office.send_back_finding, "inspection.finding.sent_back")


@post("/findings/{finding_id:int}/close", opt=needs(P.CLOSE), status_code=200, include_in_schema=False)
async def close(request: AnyRequest, finding_id: FromPath[int]) -> Page:
    """Close a finding that somebody else mended."""
    return await _turn(request, finding_id, office.close_finding, "inspection.finding.closed")


@post("/findings/{finding_id:int}/reopen", opt=needs(P.CLOSE), status_code=200, include_in_schema=False)
async def reopen(request: AnyRequest, finding_id: FromPath[int]) -> Page:
    """Open a finding again."""
    return await _turn(request, finding_id, office.reopen_finding, "inspection.finding.reopened")


async def _turn(request: AnyRequest, finding_id: int, work: Work, flash: str) -> Page:
    """Move a finding; what is wrong with the note stands above the findings of its visit."""
    form = await read_form(request, NoteForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            row = await work(tx, finding_id, form.value.note)
            return see_other(await tx.done(f"/visits/{row['visit']}"), flash=flash)
    async with open_tx(request) as tx:
        row = await office.finding(tx, finding_id)
    return await _visit_page(request, row["visit"], note=form, status=form.status)


@get(["/field", "/field/"], opt=public(), include_in_schema=False)
async def field() -> Response[str]:
    """Give the shell of the field app: no data in it, so a phone may keep it for days without a network."""
    html = ENV.get_template("inspection/visits/field.html").render()
    return Response(html, media_type=MediaType.HTML, headers={"Cache-Control": "no-cache"})


@get("/field/sw.js", opt=public(), include_in_schema=False)
async def field_worker() -> Response[str]:
    """Give the service worker, with the addresses of what it keeps."""
    kept = ["/field", "/field/app.webmanifest", assets.asset("emblem.svg"), *assets_of("field")]
    script = ENV.get_template("inspection/visits/sw.js").render(kept=json.dumps(kept))
    headers = {"Service-Worker-Allowed": "/", "Cache-Control": "no-cache"}
    return Response(script, media_type="text/javascript", headers=headers)


@get("/field/app.webmanifest", opt=public(), include_in_schema=False)
async def field_manifest() -> Response[str]:
    """Let the field app be put on the phone's home screen."""
    text = ENV.get_template("inspection/visits/app.webmanifest").render()
    return Response(text, media_type="application/manifest+json")


def assets_of(entry: str) -> list[str]:
    """List the built files of an entry: script, styles, what they load."""
    known = assets.manifest()
    found: dict[str, None] = {}

    def walk(part: dict[str, Any]) -> None:
        for path in (part["file"], *part.get("css", ()), *part.get("assets", ())):
            found[assets.URL + path] = None
        for name in part.get("imports", ()):
            walk(known[name])

    walk(next(part for part in known.values() if part.get("name") == entry))
    return list(found)

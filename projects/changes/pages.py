"""Pages of the changes room: the list, asking for a change, one change order with before and after."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import date
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from projects import choices
from projects.changes import documents, lists, places, queries, rules, service
from projects.changes.forms import AdjustForm, DecideForm, StopForm
from projects.changes.rules import Action
from projects.changes.states import CHANGE as MACHINE
from projects.intake import queries as intake
from projects.permissions import P
from projects.queries import find
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.files import files_of
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.pdf import build
from quzhou_migrants.kernel.pool import in_pool
from quzhou_migrants.kernel.states import verbs_open
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other
from quzhou_migrants.web.security import UPLOAD_BODY

AnyRequest = Request[Any, Any, Any]
Page = Response[bytes]
Row = dict[str, Any]
Work = Callable[[Tx, int, DecideForm], Awaitable[Row]]
ASK = [f"/projects/{{project_id:int}}/{action}" for action in Action]
OTHERS = frozenset({"pass", "approve", "approve_minor"})
"""What nobody does to one's own proposal."""
VERBS: dict[str, Work] = {
    "pass": service.pass_on,
    "return": service.send_back,
    "withdraw": service.withdraw,
    "approve": service.approve,
    "approve_minor": service.approve_minor,
    "send_back": service.hand_back,
    "refuse": service.refuse,
}


@get("/changes", opt=needs(P.VIEW))
async def changes(request: AnyRequest) -> Page:
    """List the change orders of the range."""
    return await lists.CHANGES.respond(request, "projects/changes/list.html")


@get(ASK, opt=needs(P.BUILD))
async def ask_page(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Show the form that asks for a change."""
    return await _ask(request, project_id, Action(_last(request)))


@post(ASK, opt=needs(P.BUILD), status_code=200, request_max_body_size=UPLOAD_BODY)
async def ask(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Ask for a change."""
    return await _take(request, project_id, Action(_last(request)))


async def _take(request: AnyRequest, project_id: int, action: Action, change_id: int | None = None) -> Page:
    struct = AdjustForm if action is Action.ADJUST else StopForm
    form: Form[Any] = await read_form(request, struct)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            made = await service.propose(tx, project_id, action, form.value, change_id=change_id)
            return see_other(await tx.done(f"/changes/{made}"), flash="projects.flash.change_proposed")
    return await _ask(request, project_id, action, form, change_id)


async def _ask(
    request: AnyRequest, project_id: int, action: Action, typed: Form[Any] | None = None, change_id: int | None = None
) -> Page:
    async with open_tx(request) as tx:
        row = await find(tx, project_id)
        if row["state"] not in rules.STATES[action]:
            raise Refused("PRJ-476")
        terms = await queries.terms_of(tx, row)
        limits = queries.limits(tx.policy_for(row["division_code"]))
        before = await queries.find(tx, change_id) if change_id else None
        grown = await queries.grown(tx, project_id)
        nearby = await intake.places(tx, row["division_code"], project_id)
    known: Row = {**asdict(terms), "seen": row["version"]}
    if before:
        after = {k: date.fromisoformat(v) if k == "ends_on" and v else v for k, v in before["after"].items()}
        known |= {k: before[k] for k in ("cause", "reason", "audit_doc", "keep_fen")} | after
    known |= places.written(known["lat"], known["lon"], known["shape"])
    form = typed or new_form(AdjustForm if action is Action.ADJUST else StopForm, known)
    return render(
        request,
        "projects/changes/ask.html",
        status=form.status if form.problems else 200,
        form=form,
        p=row,
        action=str(action),
        terms=terms,
        limits=limits,
        grown=grown,
        back=f"/changes/{change_id}" if change_id else f"/projects/{project_id}/works",
        address=f"/changes/{change_id}/edit" if change_id else f"/projects/{project_id}/{action}",
        causes=choices.CAUSES,
        nearby=nearby,
    )


@get("/changes/{change_id:int}", opt=needs(P.VIEW))
async def change(request: AnyRequest, change_id: FromPath[int]) -> Page:
    """Show one change order: before and after, the rules, the way it took."""
    return await _change(request, change_id)


async def _change(request: AnyRequest, change_id: int, form: Form[DecideForm] | None = None) -> Page:
    async with open_tx(request) as tx:
        row = await queries.find(tx, change_id)
        project = await find(tx, row["project"])
        facts: Row = {
            "r": row,
            "p": project,
            "papers": await files_of(tx, (queries.CHANGE, change_id)),
            "entries": await timeline(tx, queries.CHANGE, change_id),
            "verbs": _verbs(row, verbs_open(MACHINE, row, tx.actor), tx.actor.user_id),
            "rows": queries.compared(row),
            "places": _places(row),
        }
    shown = form or new_form(DecideForm, seen=row["version"])
    status = shown.status if shown.problems else 200
    return render(request, "projects/changes/change.html", status=status, form=shown, **facts)


@get("/changes/{change_id:int}/form.pdf", opt=needs(P.VIEW), include_in_schema=False)
async def form_pdf(request: AnyRequest, change_id: FromPath[int]) -> Page:
    """Print a change order with its opinions so far."""
    async with open_tx(request) as tx:
        row = await queries.find(tx, change_id)
        project = await find(tx, row["project"])
        entries = await timeline(tx, queries.CHANGE, change_id)
        document = documents.change_form(row, project, entries, tx.actor.org_name)
        name = documents.file_name(row, tx.today)
    headers = {"Content-Disposition": f'attachment; filename="{name}.pdf"', "Cache-Control": "no-store"}
    return Response(await in_pool(build, document), media_type="application/pdf", headers=headers)


def _verbs(row: Row, verbs: list[str], user_id: int | None) -> list[str]:
    """Leave out what the row's guards would refuse anyhow."""
    hidden = set() if row["minor"] else {"approve_minor"}
    return [v for v in verbs if v not in hidden and not (v in OTHERS and user_id == row["proposed_by"])]


def _places(row: Row) -> list[Row]:
    """Both places of a moved project, for the map; nothing when only its words changed."""
    before, after = row["before"], row["after"]
    if all(before.get(name) == after.get(name) for name in queries.POSITION):
        return []
    titles = [CATALOGUE.text(f"projects.change.{side}") for side in ("before", "after")]
    return [*places.on_map(before, titles[0], "quiet"), *places.on_map(after, titles[1], "go")]


@get("/changes/{change_id:int}/edit", opt=needs(P.BUILD))
async def edit_page(request: AnyRequest, change_id: FromPath[int]) -> Page:
    """Show a change order that came back, to be mended."""
    row = await _returned(request, change_id)
    return await _ask(request, row["project"], Action(row["action"]), None, change_id)


@post("/changes/{change_id:int}/edit", opt=needs(P.BUILD), status_code=200, request_max_body_size=UPLOAD_BODY)
async def edit(request: AnyRequest, change_id: FromPath[int]) -> Page:
    """Ask again."""
    row = await _returned(request, change_id)
    return await _take(request, row["project"], Action(row["action"]), change_id)


async def _returned(request: AnyRequest, change_id: int) -> Row:
    async with open_tx(request) as tx:
        row = await queries.find(tx, change_id)
    MACHINE.arrow(row["state"], "propose")
    return row


@post(
    [f"/changes/{{change_id:int}}/{verb}" for verb in VERBS],
    opt=needs(P.VIEW),
    status_code=200,
)
async def decide(request: AnyRequest, change_id: FromPath[int]) -> Page:
    """Pass, return, withdraw, approve or refuse; each command asks for its own permission."""
    verb = _last(request)
    form = await read_form(request, DecideForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await VERBS[verb](tx, change_id, form.value)
            return see_other(await tx.done(f"/changes/{change_id}"), flash=f"projects.flash.change_{verb}")
    return await _change(request, change_id, form)


def _last(request: AnyRequest) -> str:
    return request.url.path.rsplit("/", 1)[-1]


ROUTES = [changes, ask_page, ask, change, form_pdf, edit_page, edit, decide]

"""Pages of windows: when they open and close, how a county extends one, late filing, the calendar of dates."""

from __future__ import annotations

import uuid
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from projects.intake import feed, queries, windows
from projects.intake import window_service as service
from projects.intake.forms import ExtendForm, LateAnswerForm, LateForm
from projects.intake.lists import EXTENSIONS, LATE, WINDOWS
from projects.intake.pages import window_facts
from projects.intake.parameters import window_rules
from projects.intake.states import LATE as MACHINE
from projects.permissions import P
from projects.queries import find
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.guards import needs, public
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.states import verbs_open
from quzhou_migrants.kernel.tx import begin, open_tx
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[bytes]


@get("/windows", opt=needs(P.VIEW))
async def shown(request: AnyRequest) -> Page:
    """Show the open window or the next one, and every window as it happened."""
    async with open_tx(request) as tx:
        facts = await window_facts(tx)
        may_extend = tx.actor.may(P.OPEN_WINDOW)
    return await WINDOWS.respond(request, "projects/intake/windows.html", may_extend=may_extend, **facts)


@get("/windows/extensions", opt=needs(P.VIEW))
async def extensions(request: AnyRequest) -> Page:
    """List what counties extended and why."""
    return await EXTENSIONS.respond(request, "projects/intake/extensions.html")


@get("/windows/extend", opt=needs(P.OPEN_WINDOW))
async def extend_page(request: AnyRequest) -> Page:
    """Ask until when the window stays open, and why."""
    return await _extend(request, new_form(ExtendForm))


async def _extend(request: AnyRequest, form: Form[ExtendForm]) -> Page:
    async with open_tx(request) as tx:
        rules = window_rules(tx.policy)
        extended = await queries.extensions(tx, tx.actor.division_code)
        current = windows.open_window(rules.months, tx.now, extended)
        chosen = [w for w in (current, windows.next_window(rules.months, tx.now).until(extended)) if w]
        latest = {w.name: service.latest_close(w, rules.longest.value, rules.months) for w in chosen}
    status = form.status if form.problems else 200
    return render(
        request,
        "projects/intake/extend.html",
        status=status,
        form=form,
        chosen=chosen,
        latest=latest,
        longest=rules.longest,
    )


@post("/windows/extend", opt=needs(P.OPEN_WINDOW), status_code=200)
async def extend(request: AnyRequest) -> Page:
    """Keep a window open longer."""
    form = await read_form(request, ExtendForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await service.extend(tx, form.value)
            return see_other(await tx.done("/windows"), flash="projects.flash.extended")
    return await _extend(request, form)


@get("/late", opt=needs(P.VIEW))
async def pleas(request: AnyRequest) -> Page:
    """List the pleas to file late."""
    return await LATE.respond(request, "projects/intake/late_list.html")


@get("/projects/{project_id:int}/late", opt=needs(P.SUBMIT))
async def late_page(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Ask why a village could not file in time."""
    return await _late(request, project_id, new_form(LateForm))


async def _late(request: AnyRequest, project_id: int, form: Form[LateForm]) -> Page:
    async with open_tx(request) as tx:
        row = await find(tx, project_id)
        facts = await window_facts(tx)
        rules = window_rules(tx.policy_for(row["division_code"]))
    status = form.status if form.problems else 200
    return render(request, "projects/intake/late_ask.html", status=status, form=form, p=row, rules=rules, **facts)


@post("/projects/{project_id:int}/late", opt=needs(P.SUBMIT), status_code=200)
async def ask_late(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Ask to file late."""
    form = await read_form(request, LateForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await service.ask_late(tx, project_id, form.value.reason)
            return see_other(await tx.done(f"/projects/{project_id}/apply"), flash="projects.flash.late_asked")
    return await _late(request, project_id, form)


@get("/late/{late_id:int}", opt=needs(P.VIEW))
async def late(request: AnyRequest, late_id: FromPath[int]) -> Page:
    """Show one plea, and let a leader answer it."""
    return await _plea(request, late_id, new_form(LateAnswerForm, seen=0))


async def _plea(request: AnyRequest, late_id: int, form: Form[LateAnswerForm]) -> Page:
    async with open_tx(request) as tx:
        row = await tx.conn.fetchrow("SELECT * FROM projects_late WHERE id = $1", late_id)
        if row is None:
            raise Refused("KRN-404")
        facts: dict[str, Any] = {
            "late": dict(row),
            "p": await find(tx, row["project"]),
            "rules": window_rules(tx.policy_for(row["division_code"])),
            "verbs": verbs_open(MACHINE, dict(row), tx.actor),
            "entries": await timeline(tx, "projects_late", late_id),
        }
    status = form.status if form.problems else 200
    return render(request, "projects/intake/late.html", status=status, form=form, **facts)


@post("/late/{late_id:int}/{verb:str}", opt=needs(P.ALLOW_LATE), status_code=200)
async def answer_late(request: AnyRequest, late_id: FromPath[int], verb: FromPath[str]) -> Page:
    """Grant or refuse a plea. Raises: Refused KRN-404 for any other verb."""
    commands = {"grant": service.grant_late, "refuse": service.refuse_late}
    if verb not in commands:
        raise Refused("KRN-404")
    form = await read_form(request, LateAnswerForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await commands[verb](tx, late_id, form.value.seen, form.value.answer)
            return see_other(await tx.done(f"/late/{late_id}"), flash="projects.flash.late_answered")
    return await _plea(request, late_id, form)


@get("/calendar", opt=needs(P.VIEW))
async def calendar(request: AnyRequest) -> Page:
    """Show one's dates and how to take them into a calendar program."""
    return await _calendar(request)


async def _calendar(request: AnyRequest, *, renew: bool = False) -> Page:
    root = _root(request)
    async with open_tx(request) as tx:
        token = await feed.open_feed(tx) if renew else ""
        days = sorted(await feed.days_of(tx, request.app.state["panels"], root), key=lambda d: (d.on, d.title))
        since, today, inside = await feed.opened_at(tx), tx.today, not tx.actor.is_outsider
    address = f"{root}/calendar/feed/{token}{feed.SUFFIX}" if token else ""
    form = new_form(LateForm)
    return render(
        request,
        "projects/intake/calendar.html",
        form=form,
        days=days,
        since=since,
        address=address,
        today=today,
        inside=inside,
    )


@post("/calendar/open", opt=needs(P.VIEW), status_code=200)
async def open_feed(request: AnyRequest) -> Page:
    """Make a new secret address and show it this once; the one before ends."""
    return await _calendar(request, renew=True)


@post("/calendar/close", opt=needs(P.VIEW), status_code=200)
async def close_feed(request: AnyRequest) -> Page:
    """End the secret address."""
    async with open_tx(request) as tx:
        await feed.close_feed(tx)
    return see_other("/calendar", flash="projects.flash.calendar_closed")


@get("/calendar/feed/{token:str}", opt=public(), include_in_schema=False)
async def subscribed(request: AnyRequest, token: FromPath[str]) -> Page:
    """Answer a calendar program: the dates of one post.

    Raises: Refused KRN-404, the address was closed, or never was one.
    """
    reader = await feed.reader_of(token)
    if reader is None:
        raise Refused("KRN-404")
    async with begin(reader, request_id=uuid.uuid4().hex[:16], command="projects.calendar.read") as tx:
        days = await feed.days_of(tx, request.app.state["panels"], _root(request))
        written = feed.write(days, host=request.url.hostname or "", at=tx.now)
    return Response(written, media_type="text/calendar; charset=utf-8", headers={"Cache-Control": "private, no-store"})


def _root(request: AnyRequest) -> str:
    return str(request.app.state.settings.public_url).rstrip("/")


ROUTES = [
    shown,
    extensions,
    extend_page,
    extend,
    pleas,
    late_page,
    ask_late,
    late,
    answer_late,
    calendar,
    open_feed,
    close_feed,
    subscribed,
]

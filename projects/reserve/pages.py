"""Pages of review and of the reserve: queue, review beside each answer, decision, conflict."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from projects import lists
from projects.intake import queries as intake_queries
from projects.intake.changes import since_last_round
from projects.intake.draft import check_draft
from projects.intake.forms import SECTIONS
from projects.intake.parameters import intake_rules
from projects.permissions import P
from projects.queries import PROJECT, find
from projects.reserve import appeals, queries, service, site_checks, turns
from projects.reserve.forms import AdmitForm, AssignForm, Finding, PassForm, RefuseForm, ReturnForm, SiteCheckForm
from projects.reserve.lists import QUEUE
from projects.states import PROJECT as MACHINE
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.files import files_of
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.states import verbs_open
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[bytes]
FASTER = "KRN-409"
UPLOAD_BODY = 100 << 20  # nine photos of a phone


@get("/reserve", opt=needs(P.VIEW))
async def reserve(request: AnyRequest) -> Page:
    """List what is in the reserve."""
    async with open_tx(request) as tx:
        facts: dict[str, Any] = {
            "cycle": service.cycle(tx),
            "refresh": tx.policy.param("projects.reserve.refresh_months"),
        }
    return await lists.RESERVE.respond(request, "projects/reserve/list.html", **facts)


QUEUES = {
    "all": ("", "TRUE"),
    "mine": ("/mine", "t.assignee = {}"),
    "unassigned": ("/unassigned", "t.assignee IS NULL"),
    "overdue": ("/overdue", "t.due_on < {}"),
}
"""The working queues. Shape: {name: (end of the address, further condition)}."""
_COUNTS = """
SELECT count(*) AS all, count(*) FILTER (WHERE t.assignee = $2) AS mine,
  count(*) FILTER (WHERE t.assignee IS NULL) AS unassigned, count(*) FILTER (WHERE t.due_on < $3) AS overdue
FROM projects_project p LEFT JOIN projects_review_turn t ON t.project = p.id AND t.round = p.round
  AND t.tier = CASE p.state WHEN 'submitted' THEN 'township' ELSE 'county' END
WHERE p.state = ANY($1)
"""


@get(
    ["/reserve/queue", "/reserve/queue/mine", "/reserve/queue/unassigned", "/reserve/queue/overdue"], opt=needs(P.VIEW)
)
async def queue(request: AnyRequest) -> Page:
    """List what waits for the caller's tier: all of it, mine, nobody's, overdue; the most pressing first."""
    actor = request.scope["state"]["actor"]
    mine = [s for s, p in (("submitted", P.CHECK), ("township_passed", P.ADMIT)) if actor.may(p)]
    states = mine or ["submitted", "township_passed"]
    name = next((n for n, (end, _) in QUEUES.items() if end and request.url.path.endswith(end)), "all")
    async with open_tx(request) as tx:
        counts = dict(await tx.conn.fetchrow(_COUNTS, states, actor.user_id, tx.today))
        value = {"mine": actor.user_id, "overdue": tx.today}.get(name)
    base = (f"p.state = ANY({{}}) AND {QUEUES[name][1]}", [states, *([] if value is None else [value])])
    facts: dict[str, Any] = {
        "tabs": [(n, f"/reserve/queue{end}", counts[n]) for n, (end, _) in QUEUES.items()],
        "now": name,
    }
    return await QUEUE.respond(request, "projects/reserve/queue.html", base=base, may_decide=bool(mine), **facts)


@get("/reserve/{project_id:int}", opt=needs(P.VIEW))
async def review(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Show an application to a reviewer: every answer, what was computed, what was said before."""
    return await _review(request, project_id)


async def _review(request: AnyRequest, project_id: int, form: Form[Any] | None = None) -> Page:
    async with open_tx(request) as tx:
        row = await find(tx, project_id)
        papers = await files_of(tx, (PROJECT, project_id))
        facts = {
            "p": row,
            "papers": papers,
            "checked": _checked(tx, row, papers),
            "remarks": await intake_queries.remarks(tx, project_id, row["round"]),
            "changes": await since_last_round(tx, row),
            "before": await intake_queries.remarks(tx, project_id, row["round"] - 1),
            "verbs": verbs_open(MACHINE, row, tx.actor),
            "entries": await timeline(tx, PROJECT, project_id),
            "cycle": service.cycle(tx),
            "clauses": tx.policy.get("projects.reserve.refusal_clauses"),
            "today": tx.today,
            **await _circumstances(tx, row),
        }
    shown = form or new_form(PassForm, seen=row["version"])
    return render(
        request,
        "projects/reserve/review.html",
        status=shown.status if shown.problems else 200,
        form=shown,
        visit=_same(form, SiteCheckForm),
        sections=SECTIONS,
        **facts,
    )


async def _circumstances(tx: Tx, row: dict[str, Any]) -> dict[str, Any]:
    """Gather what stands around a review: the turn, the visits, the place in the township's order, appeals."""
    checks = await queries.site_checks(tx, row["id"])
    due = row["estimate_fen"] >= tx.policy.whole("projects.reserve.site_check_from_fen")
    return {
        "turn": await queries.turn(tx, row),
        "colleagues": await turns.colleagues(tx, row),
        "site_checks": checks,
        "site_photos": await site_checks.photos(tx, checks),
        "site_check_due": due and not checks,
        "findings": [(f.value, CATALOGUE.text(f"projects.site_finding.{f.value}")) for f in Finding],
        "place": await queries.place_of(tx, row["id"]),
        "appeals": await queries.appeals(tx, row["id"]),
        "appealable": await appeals.last_day(tx, row) if tx.actor.may(P.SUBMIT) else None,
    }


def _checked(tx: Tx, row: dict[str, Any], papers: list[Any]) -> Any:  # noqa: ANN401 - Checked
    """Check the filed draft against the rules of the day it was filed, as the village saw them."""
    day = row["submitted_at"].astimezone(tx.now.tzinfo).date() if row["submitted_at"] else tx.today
    policy = tx.policy_for(row["division_code"])
    found = intake_queries.counted(papers)
    return check_draft(row["draft"], found, intake_rules(policy), today=day, work=policy.work_calendar)


def _same(form: Form[Any] | None, struct: type[msgspec.Struct]) -> Form[Any]:
    """Keep what was typed into one of the page's forms."""
    return form if form is not None and form.struct is struct else new_form(struct)


Work = Callable[[Tx, Any], Awaitable[object]]


async def _decide(  # noqa: PLR0913 - one decision has these parts
    request: AnyRequest, project_id: int, struct: type[msgspec.Struct], work: Work, *, flash: str, to: str = ""
) -> Page:
    """Read the form, do the work, lead on; whoever was slower sees who was faster, and keeps what was typed."""
    form: Form[Any] = await read_form(request, struct)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await work(tx, form.value)
            return see_other(await tx.done(to or "/reserve/queue"), flash=flash)
    if any(p.code == FASTER for p in form.problems):
        return await _conflict(request, project_id, form)
    return await _review(request, project_id, form)


async def _conflict(request: AnyRequest, project_id: int, form: Form[Any]) -> Page:
    """Show who did what in the meantime, and what the slower person had written."""
    async with open_tx(request) as tx:
        row = await find(tx, project_id)
        entries = await timeline(tx, PROJECT, project_id, limit=5)
    typed = [
        v for name, values in form.raw.items() for v in values if v and name.endswith(("text", "opinion", "reason"))
    ]
    return render(request, "projects/reserve/conflict.html", status=409, p=row, entries=entries, typed=typed, form=form)


@post("/reserve/{project_id:int}/pass", opt=needs(P.CHECK), status_code=200)
async def pass_on(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """The township passes."""

    async def work(tx: Tx, v: PassForm) -> object:
        return await service.pass_on(tx, project_id, v.seen, v.opinion)

    return await _decide(request, project_id, PassForm, work, flash="projects.flash.passed")


@post("/reserve/{project_id:int}/return", opt=needs(P.VIEW), status_code=200)
async def send_back(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """The township or the county returns, with remarks beside fields."""

    async def work(tx: Tx, v: ReturnForm) -> object:
        spoken = [(r.field, r.text) for r in v.remarks if r.text]
        return await service.send_back(tx, project_id, v.seen, spoken, v.opinion)

    return await _decide(request, project_id, ReturnForm, work, flash="projects.flash.returned")


@post("/reserve/{project_id:int}/admit", opt=needs(P.ADMIT), status_code=200)
async def admit(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """The county admits."""

    async def work(tx: Tx, v: AdmitForm) -> object:
        return await service.admit(tx, project_id, v.seen, v.years, v.opinion)

    return await _decide(request, project_id, AdmitForm, work, flash="projects.flash.admitted")


@post("/reserve/{project_id:int}/refuse", opt=needs(P.ADMIT), status_code=200)
async def refuse(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """The county refuses."""

    async def work(tx: Tx, v: RefuseForm) -> object:
        return await service.refuse(tx, project_id, v.seen, v.clause, v.reason)

    return await _decide(request, project_id, RefuseForm, work, flash="projects.flash.refused")


@post("/reserve/{project_id:int}/remove", opt=needs(P.ADMIT), status_code=200)
async def remove(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """The county takes a project out of the reserve."""

    async def work(tx: Tx, v: RefuseForm) -> object:
        return await service.remove(tx, project_id, v.seen, v.clause, v.reason)

    to = f"/projects/{project_id}"
    return await _decide(request, project_id, RefuseForm, work, flash="projects.flash.removed", to=to)


@post("/reserve/{project_id:int}/assign", opt=needs(P.VIEW), status_code=200)
async def assign(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Let a person take a filing on."""

    async def work(tx: Tx, v: AssignForm) -> None:
        await turns.assign(tx, project_id, v.person)

    to = f"/reserve/{project_id}"
    return await _decide(request, project_id, AssignForm, work, flash="projects.flash.assigned", to=to)


@post("/reserve/{project_id:int}/site-checks", opt=needs(P.VIEW), status_code=200, request_max_body_size=UPLOAD_BODY)
async def site_check(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Record what somebody saw at the place."""

    async def work(tx: Tx, v: SiteCheckForm) -> object:
        return await site_checks.record(tx, project_id, v)

    to = f"/reserve/{project_id}"
    return await _decide(request, project_id, SiteCheckForm, work, flash="projects.flash.site_checked", to=to)


ROUTES = [reserve, queue, review, pass_on, send_back, admit, refuse, remove, assign, site_check]

"""Pages from completion to handover, the faults in between, and the cards of the assets."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from projects import choices
from projects.assets import care, queries, rules, service
from projects.assets.forms import (
    AcceptForm,
    AuditForm,
    CaretakerForm,
    CheckForm,
    FaultForm,
    HandoverForm,
    MendForm,
    PreAcceptForm,
    ReasonForm,
)
from projects.assets.lists import ASSETS
from projects.assets.parameters import acceptance_rules
from projects.assets.states import ASSET, DEFECT
from projects.intake import queries as intake_queries
from projects.permissions import P
from projects.queries import find
from projects.states import PROJECT as MACHINE
from projects.states import S
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.money import apportion
from quzhou_migrants.kernel.states import verbs_open
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[bytes]
Row = dict[str, Any]
STEPS: dict[str, tuple[type[msgspec.Struct], Any, str]] = {
    "pre_accept": (PreAcceptForm, service.pre_accept, "projects.flash.pre_accepted"),
    "audit": (AuditForm, service.audit, "projects.flash.audited"),
    "accept": (AcceptForm, service.accept, "projects.flash.accepted"),
    "hand_over": (HandoverForm, service.hand_over, "projects.flash.handed_over"),
}
LEAST_ROWS = 3


async def _show(request: AnyRequest, project_id: int, verb: str, form: Form[Any] | None = None) -> Page:
    async with open_tx(request) as tx:
        row = await find(tx, project_id)
        MACHINE.arrow(row["state"], verb)
        known = acceptance_rules(tx.policy_for(row["division_code"]))
        have = await queries.kinds_of(tx, project_id)
        audited = await queries.audit_of(tx, project_id)
        settled = await queries.settled_fen(tx, project_id)
        defects = await queries.open_defects(tx, project_id)
        today = tx.today
        partners = (await intake_queries.tables(tx, project_id, row["round"]))["partners"]
    simple = row["state"] == S.COMPLETED
    lines = {
        "pre_accept": rules.paper_lines(have, known.completion_papers),
        "audit": [x for x in rules.evidence_lines(have, known, simple=False) if x.field in {"audit", "accounts"}],
        "accept": rules.evidence_lines(have, known, simple=simple),
    }.get(verb, [])
    shown = form or new_form(
        STEPS[verb][0], _proposed(row, verb, settled, partners), seen=row["version"], **_dates(today)
    )
    return render(
        request,
        f"projects/assets/{verb}.html",
        status=shown.status if shown.problems else 200,
        form=shown,
        p=row,
        lines=lines,
        simple=simple,
        limit=known.simple_max,
        too_large=simple and not rules.is_simple(row["contract_fen"], known.simple_max),
        audited=audited,
        settled=settled,
        open_defects=defects,
        warranty=known.warranty,
        sides=choices.SIDES,
        parts_titles=choices.PARTS,
        kinds=choices.ASSET_KINDS,
        rows={name: max(LEAST_ROWS, shown.rows(name) + 1) for name in ("defects", "owners", "cards")},
    )


def _dates(today: Any) -> Row:  # noqa: ANN401 - a date
    return dict.fromkeys(("held_on", "audited_on", "handed_on"), today)


def _proposed(row: Row, verb: str, settled: int, partners: list[Row]) -> Row:
    """Fill in what the project says already; a joint project belongs to its villages by their shares.

    Source: 衢政办发〔2016〕65号 二(五)1
    """
    if verb != "hand_over":
        return {"submitted_fen": row["contract_fen"]} if verb == "audit" else {}
    return {
        "caretaker": row["caretaker"],
        "owners": owners_of(row, settled, partners),
        "cards": [{"name": row["title"], "kind": "other", "value_fen": settled, "quantity": "", "operating": False}],
    }


def owners_of(row: Row, settled: int, partners: list[Row]) -> list[Row]:
    """Part what was settled among the villages of a joint project; a village alone owns it whole. Units: fen."""
    parts = apportion(settled, {p["name"]: p["share_bp"] for p in partners}) if partners else {}
    alone = [{"owner": row["asset_owner"], "invested_fen": settled}]
    return [{"owner": p["name"], "invested_fen": parts[p["name"]]} for p in partners] or alone


async def _take(request: AnyRequest, project_id: int, verb: str) -> Page:
    struct, work, flash = STEPS[verb]
    form: Form[Any] = await read_form(request, struct)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            moved = await work(tx, project_id, form.value)
            flash = "projects.flash.reworked" if moved["state"] == S.BUILDING else flash
            return see_other(await tx.done(f"/projects/{project_id}"), flash=flash)
    return await _show(request, project_id, verb, form)


def _verb(request: AnyRequest) -> str:
    return request.url.path.rsplit("/", 1)[-1]


@get("/projects/{project_id:int}/pre_accept", opt=needs(P.PRE_ACCEPT))
async def pre_accept_page(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Show the form of the preliminary acceptance."""
    return await _show(request, project_id, "pre_accept")


@post("/projects/{project_id:int}/pre_accept", opt=needs(P.PRE_ACCEPT), status_code=200)
async def pre_accept(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Pass the works preliminarily, or give them back."""
    return await _take(request, project_id, "pre_accept")


_STEP_PATHS = [f"/projects/{{project_id:int}}/{verb}" for verb in ("audit", "accept", "hand_over")]


@get(_STEP_PATHS, opt=needs(P.ACCEPT))
async def step_page(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Show the form of the audit, the acceptance or the handover."""
    return await _show(request, project_id, _verb(request))


@post(_STEP_PATHS, opt=needs(P.ACCEPT), status_code=200)
async def step(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Enter the audit, accept the works, hand the assets over."""
    return await _take(request, project_id, _verb(request))


@get("/projects/{project_id:int}/defects", opt=needs(P.VIEW))
async def defects(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Show the faults of a project and how long the builder answers for each part."""
    return await _defects(request, project_id)


async def _defects(request: AnyRequest, project_id: int, form: Form[FaultForm] | None = None) -> Page:
    async with open_tx(request) as tx:
        row = await find(tx, project_id)
        end = await queries.end_of(tx, project_id)
        may_report = tx.actor.may(P.KEEP_ASSET) and row["state"] in care.WARRANTED and bool(end["warranties"])
        today = tx.today
    shown = form or new_form(FaultForm, found_on=today)
    return render(
        request,
        "projects/assets/defects.html",
        status=shown.status if shown.problems else 200,
        p=row,
        form=shown,
        may_report=may_report,
        today=today,
        parts_titles=choices.PARTS,
        **end,
    )


@post("/projects/{project_id:int}/defects", opt=needs(P.KEEP_ASSET), status_code=200)
async def report_fault(request: AnyRequest, project_id: FromPath[int]) -> Page:
    """Report a fault during the warranty."""
    form = await read_form(request, FaultForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await care.report_fault(tx, project_id, form.value)
            return see_other(await tx.done(f"/projects/{project_id}/defects"), flash="projects.flash.fault")
    return await _defects(request, project_id, form)


@get("/defects/{defect_id:int}", opt=needs(P.VIEW))
async def defect(request: AnyRequest, defect_id: FromPath[int]) -> Page:
    """Show one fault and what may be done about it."""
    return await _defect(request, defect_id)


async def _defect(request: AnyRequest, defect_id: int, **forms: Form[Any]) -> Page:
    async with open_tx(request) as tx:
        row = await queries.row_of(tx, "projects_defect", defect_id)
        project = await find(tx, row["project"])
        verbs = verbs_open(DEFECT, row, tx.actor)
        entries = await timeline(tx, "projects_defect", defect_id)
        today = tx.today
    wrong = next((f for f in forms.values() if f.problems), None)
    return render(
        request,
        "projects/assets/defect.html",
        status=wrong.status if wrong else 200,
        d=row,
        p=project,
        verbs=verbs,
        entries=entries,
        mend=forms.get("mend") or new_form(MendForm, mended_on=today),
        judge=forms.get("judge") or new_form(ReasonForm),
    )


@post("/defects/{defect_id:int}/mend", opt=needs(P.BUILD), status_code=200)
async def mend(request: AnyRequest, defect_id: FromPath[int]) -> Page:
    """Report a fault mended."""
    form = await read_form(request, MendForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            row = await care.mend(tx, defect_id, form.value)
            return see_other(await tx.done(f"/projects/{row['project']}/defects"), flash="projects.flash.mended")
    return await _defect(request, defect_id, mend=form)


@post(["/defects/{defect_id:int}/confirm", "/defects/{defect_id:int}/reopen"], opt=needs(P.PRE_ACCEPT), status_code=200)
async def judge(request: AnyRequest, defect_id: FromPath[int]) -> Page:
    """Confirm a repair, or have it done again."""
    form = await read_form(request, ReasonForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            row = await care.judge(tx, defect_id, _verb(request), form.value.reason)
            return see_other(await tx.done(f"/projects/{row['project']}/defects"), flash="projects.flash.judged")
    return await _defect(request, defect_id, judge=form)


@get("/assets", opt=needs(P.VIEW))
async def assets(request: AnyRequest) -> Page:
    """List the assets of the range, those to be looked at first."""
    return await ASSETS.respond(request, "projects/assets/list.html")


@get("/assets/{asset_id:int}", opt=needs(P.VIEW))
async def asset(request: AnyRequest, asset_id: FromPath[int]) -> Page:
    """Show an asset card: owners, caretaker, condition over the years, warranty, trail."""
    return await _asset(request, asset_id)


async def _asset(request: AnyRequest, asset_id: int, **forms: Form[Any]) -> Page:
    async with open_tx(request) as tx:
        row = await queries.asset(tx, asset_id)
        context = await _card(tx, row)
        today = tx.today
    wrong = next((f for f in forms.values() if f.problems), None)
    return render(
        request,
        "projects/assets/asset.html",
        status=wrong.status if wrong else 200,
        a=row,
        today=today,
        conditions=choices.CONDITIONS,
        check=forms.get("check") or new_form(CheckForm, checked_on=today),
        hand_on=forms.get("hand_on") or new_form(CaretakerForm),
        move=forms.get("move") or new_form(ReasonForm),
        **context,
    )


async def _card(tx: Tx, row: Row) -> Row:
    end = await queries.end_of(tx, row["project"])
    return {
        "shares": await queries.shares(tx, row["id"]),
        "checks": await queries.checks(tx, row["id"]),
        "warranties": end["warranties"],
        "entries": await timeline(tx, "projects_asset", row["id"]),
        "verbs": verbs_open(ASSET, row, tx.actor),
        "may_keep": tx.actor.may(P.KEEP_ASSET) and row["state"] != "retired",
    }


@post("/assets/{asset_id:int}/check", opt=needs(P.KEEP_ASSET), status_code=200)
async def check(request: AnyRequest, asset_id: FromPath[int]) -> Page:
    """Enter a look at an asset."""
    form = await read_form(request, CheckForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await care.check(tx, asset_id, form.value)
            return see_other(await tx.done(f"/assets/{asset_id}"), flash="projects.flash.checked")
    return await _asset(request, asset_id, check=form)


@post("/assets/{asset_id:int}/caretaker", opt=needs(P.KEEP_ASSET), status_code=200)
async def caretaker(request: AnyRequest, asset_id: FromPath[int]) -> Page:
    """Name who looks after an asset from now on."""
    form = await read_form(request, CaretakerForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await care.hand_on(tx, asset_id, form.value)
            return see_other(await tx.done(f"/assets/{asset_id}"), flash="projects.flash.caretaker")
    return await _asset(request, asset_id, hand_on=form)


@post(
    [f"/assets/{{asset_id:int}}/{verb}" for verb in ("idle", "use", "retire")], opt=needs(P.KEEP_ASSET), status_code=200
)
async def move(request: AnyRequest, asset_id: FromPath[int]) -> Page:
    """Set an asset aside, use it again, strike it off."""
    form = await read_form(request, ReasonForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await care.move(tx, asset_id, _verb(request), form.value.reason)
            return see_other(await tx.done(f"/assets/{asset_id}"), flash="projects.flash.asset_moved")
    return await _asset(request, asset_id, move=form)


ROUTES = [
    pre_accept_page, pre_accept, step_page, step, defects, report_fault, defect, mend, judge, assets, asset, check,
    caretaker, move,
]  # fmt: skip

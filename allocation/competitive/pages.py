"""Pages of the county: the call, its candidates and panel, the ranking with its working, the decision."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Response

from allocation.budget.withheld import HOLDS_MONEY
from allocation.competitive import (
    alternative_pages,
    decisions,
    documents,
    dossier_pages,
    drawing,
    outcome_pages,
    pots,
    publishing,
    queries,
    service,
    view,
)
from allocation.competitive.forms import DecisionForm, EmptyForm, PickForm, PostponeForm, ReasonForm, RoundForm
from allocation.competitive.listing import ROUNDS
from allocation.competitive.rules import CutRule, written
from allocation.competitive.states import ROUND
from allocation.competitive.states import S as Stage
from allocation.permissions import P
from allocation.printing import printed
from projects import public as projects
from quzhou_migrants.kernel.actor import Actor
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.money import yuan
from quzhou_migrants.kernel.states import verbs_open
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[Any]
OFFERED = 200  # projects of the reserve on one page to choose from
ID_DIGITS = 18
UNPAID = {Stage.DRAFT, *HOLDS_MONEY}  # what lies there is shown beside the budget until it is given out
S = TypeVar("S", bound=msgspec.Struct)

STEP_FORMS: dict[str, type[msgspec.Struct]] = {"step": EmptyForm, "reason": ReasonForm}


def _cut_rules() -> list[tuple[str, str]]:
    return [(rule.value, CATALOGUE.text(f"cut.{rule.value}")) for rule in CutRule]


@get("/rounds", opt=needs(P.VIEW_ROUNDS), include_in_schema=False)
async def listed(request: AnyRequest) -> Page:
    """List the rounds of the range."""
    actor: Actor = request.scope["state"]["actor"]
    actions = [(CATALOGUE.text("rounds.new"), "/rounds/new", "primary")] if actor.may(P.PREPARE_ROUND) else []
    return await ROUNDS.respond(request, actions=actions)


@get("/rounds/new", opt=needs(P.PREPARE_ROUND), include_in_schema=False)
async def new(request: AnyRequest) -> Page:
    """Start a call."""
    return await _edit(request, new_form(RoundForm, cut_rule=CutRule.STOP), None)


async def _edit(request: AnyRequest, form: Form[RoundForm], row: dict[str, Any] | None) -> Page:
    async with open_tx(request) as tx:
        division = row["division_code"] if row else tx.actor.division_code
        blank = {"id": 0, "division_code": division, "earmark": 0, "township_code": "", "pot_title": ""}
        left = await drawing.left(tx, {**blank, "id": row["id"] if row else 0})
        offered = await pots.offered(tx, division)
        if row and pots.of_round(row).key not in {"", *(p.key for p in offered)}:
            offered.append(pots.of_round(row))  # spent since it was chosen: shown, and refused when kept
        terms = row["terms"] if row else queries.terms_in_force(tx, tx.actor.division_code)
    return render(
        request,
        "allocation/competitive/edit.html",
        form=form,
        row=row,
        left=left,
        pots=[(p.key, CATALOGUE.text("round.pot.holds").format(title=p.title, money=yuan(p.fen))) for p in offered],
        terms=terms,
        cut_rules=_cut_rules(),
        status=form.status if form.problems else 200,
    )


@post("/rounds/new", opt=needs(P.PREPARE_ROUND), include_in_schema=False, status_code=200)
async def create(request: AnyRequest) -> Page:
    """Keep a new call as a draft."""
    form = await read_form(request, RoundForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            round_id = await service.draft(tx, form.value)
            return see_other(await tx.done(f"/rounds/{round_id}"), flash="allocation.round.draft")
    return await _edit(request, form, None)


@get("/rounds/{round_id:int}/edit", opt=needs(P.PREPARE_ROUND), include_in_schema=False)
async def change(request: AnyRequest, round_id: FromPath[int]) -> Page:
    """Open a draft for change."""
    async with open_tx(request) as tx:
        row = await queries.round_of(tx, round_id)
        criteria = await queries.criteria(tx, round_id)
        vetoes = await queries.vetoes(tx, round_id)
    form = new_form(RoundForm, row, criteria=criteria, vetoes=vetoes, pot=pots.of_round(row).key)
    return await _edit(request, form, row)


@post("/rounds/{round_id:int}/edit", opt=needs(P.PREPARE_ROUND), include_in_schema=False, status_code=200)
async def save(request: AnyRequest, round_id: FromPath[int], version: FromQuery[int]) -> Page:
    """Keep the changes of a draft."""
    form = await read_form(request, RoundForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await service.edit(tx, round_id, version, form.value)
            return see_other(await tx.done(f"/rounds/{round_id}"), flash="allocation.round.edit")
    async with open_tx(request) as tx:
        row = await queries.round_of(tx, round_id)
    return await _edit(request, form, row)


@get("/rounds/{round_id:int}", opt=needs(P.VIEW_ROUNDS), include_in_schema=False)
async def shown(request: AnyRequest, round_id: FromPath[int]) -> Page:
    """Show one round as far as it has come."""
    return await _show(request, round_id)


async def _show(request: AnyRequest, round_id: int, failed: tuple[str, Form[Any]] | None = None) -> Page:
    forms: dict[str, Form[Any]] = {name: new_form(struct) for name, struct in STEP_FORMS.items()}
    async with open_tx(request) as tx:
        row = await queries.round_of(tx, round_id)
        forms["postpone"] = new_form(PostponeForm, decide_by=row["decide_by"])
        if failed:
            forms[failed[0]] = failed[1]
        own = row["division_code"] == tx.actor.division_code
        open_for_change = own and row["state"] in service.OPEN_FOR_CHANGE and tx.actor.may(P.PREPARE_ROUND)
        context: dict[str, Any] = {
            "row": row,
            "criteria": await queries.criteria(tx, round_id),
            "vetoes": await queries.vetoes(tx, round_id),
            "veto_marks": await queries.veto_marks(tx, row),
            "panel": await queries.experts(tx, round_id),
            "sheets": await view.sheets(tx, row),
            "decision": await queries.decision(tx, round_id),
            "verbs": verbs_open(ROUND, row, tx.actor) if own else [],
            "changeable": open_for_change,
            "may_postpone": own and row["state"] in {Stage.OPEN, Stage.SCORING} and tx.actor.may(P.APPROVE_ROUND),
            "left": await drawing.left(tx, row) if own and row["state"] in UNPAID else row["budget_fen"],
            "barring": await _barring(tx, row),
            "sealed": row["state"] in queries.SEALED,
            "entries": await timeline(tx, service.TABLE, round_id),
        }
    failing = failed[1] if failed else None
    return render(
        request,
        "allocation/competitive/round.html",
        forms=forms,
        blank=new_form(EmptyForm),
        failed=failing,
        score=written,
        status=failing.status if failing else 200,
        **context,
    )


async def _barring(tx: Tx, row: dict[str, Any]) -> list[str]:
    """Say in sentences what bars the approval of a posted result."""
    found = await publishing.barring(tx, row) if row["state"] == Stage.POSTED else []
    return [CATALOGUE.say(p.code, p.facts) for p in found]


async def _step(
    request: AnyRequest, round_id: int, name: str, struct: type[S], work: Callable[[Tx, int, S], Awaitable[object]]
) -> Page:
    """Take one step of a round from a small form on its page."""
    form = await read_form(request, struct)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await work(tx, round_id, form.value)
            return see_other(await tx.done(f"/rounds/{round_id}"), flash=tx.command)
    return await _show(request, round_id, (name, form))


def _plain(work: Callable[[Tx, int], Awaitable[object]]) -> Callable[[Tx, int, EmptyForm], Awaitable[object]]:
    async def run(tx: Tx, key: int, _form: EmptyForm) -> None:
        await work(tx, key)

    return run


@post("/rounds/{round_id:int}/publish", opt=needs(P.PREPARE_ROUND), include_in_schema=False, status_code=200)
async def publish(request: AnyRequest, round_id: FromPath[int]) -> Page:
    """Publish the call."""
    return await _step(request, round_id, "step", EmptyForm, _plain(service.publish))


@post("/rounds/{round_id:int}/start", opt=needs(P.PREPARE_ROUND), include_in_schema=False, status_code=200)
async def start(request: AnyRequest, round_id: FromPath[int]) -> Page:
    """Begin scoring."""
    return await _step(request, round_id, "step", EmptyForm, _plain(service.start))


@post("/rounds/{round_id:int}/close", opt=needs(P.PREPARE_ROUND), include_in_schema=False, status_code=200)
async def close(request: AnyRequest, round_id: FromPath[int]) -> Page:
    """End scoring and rank."""
    return await _step(request, round_id, "step", EmptyForm, _plain(decisions.close))


@post("/rounds/{round_id:int}/approve", opt=needs(P.APPROVE_ROUND), include_in_schema=False, status_code=200)
async def approve(request: AnyRequest, round_id: FromPath[int]) -> Page:
    """Approve the decision into awards."""
    return await _step(request, round_id, "step", EmptyForm, _plain(publishing.approve))


@post("/rounds/{round_id:int}/reject", opt=needs(P.APPROVE_ROUND), include_in_schema=False, status_code=200)
async def reject(request: AnyRequest, round_id: FromPath[int]) -> Page:
    """Send the decision back."""

    async def work(tx: Tx, key: int, form: ReasonForm) -> None:
        await publishing.reject(tx, key, form.reason)

    return await _step(request, round_id, "reason", ReasonForm, work)


@post("/rounds/{round_id:int}/cancel", opt=needs(P.VIEW_ROUNDS), include_in_schema=False, status_code=200)
async def cancel(request: AnyRequest, round_id: FromPath[int]) -> Page:
    """Give the round up; who may depends on how far it has come."""

    async def work(tx: Tx, key: int, form: ReasonForm) -> None:
        await service.cancel(tx, key, form.reason)

    return await _step(request, round_id, "reason", ReasonForm, work)


@post("/rounds/{round_id:int}/postpone", opt=needs(P.APPROVE_ROUND), include_in_schema=False, status_code=200)
async def postpone(request: AnyRequest, round_id: FromPath[int]) -> Page:
    """Give the experts more days."""
    return await _step(request, round_id, "postpone", PostponeForm, service.postpone)


@get("/rounds/{round_id:int}/reserve", opt=needs(P.PREPARE_ROUND), include_in_schema=False)
async def reserve(request: AnyRequest, round_id: FromPath[int]) -> Page:
    """Show the reserve to choose candidates from."""
    return await _reserve(request, round_id, new_form(PickForm))


async def _reserve(request: AnyRequest, round_id: int, form: Form[PickForm]) -> Page:
    async with open_tx(request) as tx:
        row = await queries.round_of(tx, round_id)
        chosen = {c["project"] for c in await queries.candidates(tx, round_id)}
        found = await projects.reserve_candidates(tx, row["division_code"], limit=OFFERED, after=_after(request))
        unfit = set(await pots.misfits(tx, row, [p["id"] for p in found]))
        offered = [p for p in found if p["id"] not in chosen and p["code"] not in unfit]
    return render(
        request,
        "allocation/competitive/reserve.html",
        row=row,
        offered=offered,
        further=found[-1]["id"] if len(found) == OFFERED else None,
        form=form,
        status=form.status if form.problems else 200,
    )


def _after(request: AnyRequest) -> int:
    text = request.query_params.get("after", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= ID_DIGITS else 0


@post("/rounds/{round_id:int}/reserve", opt=needs(P.PREPARE_ROUND), include_in_schema=False, status_code=200)
async def pick(request: AnyRequest, round_id: FromPath[int]) -> Page:
    """Take the ticked projects into the round."""
    form = await read_form(request, PickForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await service.add_candidates(tx, round_id, form.value.project)
            return see_other(await tx.done(f"/rounds/{round_id}"), flash="allocation.round.add_candidate")
    return await _reserve(request, round_id, form)


@get("/rounds/{round_id:int}/candidates/{candidate_id:int}", opt=needs(P.VIEW_ROUNDS), include_in_schema=False)
async def candidate(request: AnyRequest, round_id: FromPath[int], candidate_id: FromPath[int]) -> Page:
    """Show a candidate as it applied, and its scores once they are open."""
    async with open_tx(request) as tx:
        row = await queries.round_of(tx, round_id)
        sheet = next((s for s in await view.sheets(tx, row) if s.candidate["id"] == candidate_id), None)
        shown_row = sheet.candidate if sheet else await queries.candidate(tx, candidate_id)
    return render(
        request, "allocation/competitive/candidate.html", row=row, candidate=shown_row, sheet=sheet, score=written
    )


@post(
    "/rounds/{round_id:int}/candidates/{candidate_id:int}/drop",
    opt=needs(P.PREPARE_ROUND),
    include_in_schema=False,
    status_code=200,
)
async def drop_candidate(request: AnyRequest, round_id: FromPath[int], candidate_id: FromPath[int]) -> Page:
    """Take a candidate out."""

    async def work(tx: Tx, _key: int, _form: EmptyForm) -> None:
        await service.drop_candidate(tx, candidate_id)

    return await _step(request, round_id, "step", EmptyForm, work)


@get("/rounds/{round_id:int}/decision", opt=needs(P.PREPARE_ROUND), include_in_schema=False)
async def deciding(request: AnyRequest, round_id: FromPath[int]) -> Page:
    """Open the record of the collective decision, the ranking's proposal filled in."""
    return await _deciding(request, round_id, None)


async def _deciding(request: AnyRequest, round_id: int, form: Form[DecisionForm] | None) -> Page:
    async with open_tx(request) as tx:
        row = await queries.round_of(tx, round_id)
        if form is None and row["state"] != Stage.RANKED:  # an old link: nothing is decided twice, and nothing unranked
            return see_other(f"/rounds/{round_id}")
        ranked = await queries.candidates(tx, round_id)
        today, before = tx.today, await queries.last_roster(tx, row["division_code"])
        left = await drawing.left(tx, row)
    lines = [{"candidate": c["id"], "decided_fen": c["proposed_fen"] or 0} for c in ranked]
    filled = form or new_form(DecisionForm, held_on=today, lines=lines, members=before)
    return render(
        request,
        "allocation/competitive/decision.html",
        row=row,
        ranked=ranked,
        left=left,
        form=filled,
        score=written,
        status=form.status if form else 200,
    )


@post("/rounds/{round_id:int}/decision", opt=needs(P.PREPARE_ROUND), include_in_schema=False, status_code=200)
async def decide(request: AnyRequest, round_id: FromPath[int]) -> Page:
    """Record the collective decision."""
    form = await read_form(request, DecisionForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await decisions.decide(tx, round_id, form.value)
            return see_other(await tx.done(f"/rounds/{round_id}"), flash="allocation.round.decide")
    return await _deciding(request, round_id, form)


@get("/rounds/{round_id:int}/minutes.pdf", opt=needs(P.VIEW_ROUNDS), include_in_schema=False)
async def minutes(request: AnyRequest, round_id: FromPath[int]) -> Page:
    """Give the minutes of the decision as a PDF."""
    async with open_tx(request) as tx:
        document = await documents.minutes(tx, round_id)
    return await printed(document, f"minutes-{round_id}")


ROUTES = [
    listed,
    new,
    create,
    change,
    save,
    shown,
    publish,
    start,
    close,
    approve,
    reject,
    cancel,
    postpone,
    reserve,
    pick,
    candidate,
    drop_candidate,
    deciding,
    decide,
    minutes,
    *outcome_pages.ROUTES,
    *alternative_pages.ROUTES,
    *dossier_pages.ROUTES,
]

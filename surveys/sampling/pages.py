"""Pages of the sampling room: one survey from its frozen frame to the hands of the surveyors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response, Stream

from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.states import verbs_open
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other
from surveys.permissions import P
from surveys.sampling import queries, service
from surveys.sampling.forms import CampaignForm, DrawForm, HandOverForm, ReasonForm, StepForm
from surveys.sampling.lists import CAMPAIGNS, MINE, UNITS
from surveys.sampling.sheet import write_sheet
from surveys.sampling.states import CAMPAIGN, UNIT, S

AnyRequest = Request[Any, Any, Any]
Page = Response[bytes]
Decision = Callable[[Tx, int, str], Awaitable[dict[str, Any]]]
FORMS: dict[str, type[Any]] = {
    "draw": DrawForm,
    "hand_over": HandOverForm,
    "void": ReasonForm,
    "ask_void": ReasonForm,
    "decide": ReasonForm,
}
"""Steps that ask for something; every other one is a button."""
STEPS = (S.DRAFT, S.FROZEN, S.DRAWN, S.CONFIRMED, S.HANDED_OVER, S.CLOSED)


@get("/samples", opt=needs(P.VIEW))
async def campaigns(request: AnyRequest) -> Response[Any]:
    """List the surveys."""
    may = request.scope["state"]["actor"].may(P.PREPARE)
    return await CAMPAIGNS.respond(request, "surveys/sampling/list.html", may_open=may)


@get("/samples/new", opt=needs(P.PREPARE))
async def new(request: AnyRequest) -> Page:
    """Show the form of a new survey."""
    async with open_tx(request) as tx:
        form = new_form(CampaignForm, year=tx.today.year)
    return render(request, "surveys/sampling/edit.html", form=form)


@post("/samples/new", opt=needs(P.PREPARE), status_code=200)
async def create(request: AnyRequest) -> Page:
    """Open a survey."""
    form = await read_form(request, CampaignForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            key = await service.open_campaign(tx, form.value.title, form.value.year, form.value.purpose)
            return see_other(await tx.done(f"/samples/{key}"), flash="surveys.sample.open")
    return render(request, "surveys/sampling/edit.html", form=form, status=form.status)


@get("/samples/{campaign_id:int}", opt=needs(P.VIEW))
async def show(request: AnyRequest, campaign_id: FromPath[int]) -> Page:
    """Show a survey: where it stands, how many are drawn from which stratum, what can be done next."""
    return await _show(request, campaign_id)


async def _show(request: AnyRequest, campaign_id: int, step: str = "", form: Form[Any] | None = None) -> Page:
    """Show the survey; a form that was refused comes back in its place, as it was typed."""
    async with open_tx(request) as tx:
        row = await queries.campaign(tx, campaign_id)
        context = await _context(tx, row)
    forms: dict[str, Form[Any]] = {name: new_form(kind) for name, kind in FORMS.items()}
    if form and step in forms:
        forms[step] = form
    done = STEPS.index(S(row["state"])) + 1 if row["state"] in STEPS else 0
    refused = None if step in FORMS else form
    return render(
        request, "surveys/sampling/show.html", status=form.status if form else 200, row=row, step=done,
        forms=forms, form=new_form(StepForm), refused=refused, **context,
    )  # fmt: skip


async def _context(tx: Tx, row: dict[str, Any]) -> dict[str, Any]:
    """Gather what the page of a survey shows to this post."""
    verbs = verbs_open(CAMPAIGN, row, tx.actor)
    may_list = tx.actor.may(P.LIST)
    seed_shown = queries.seed_shown(row, may_list=may_list)
    hands = tx.actor.may(P.PREPARE) and row["state"] in service.ASKED
    strata = await queries.strata(tx, row["id"])
    return {
        "verbs": verbs,
        "same_person": tx.actor.user_id == row["drawn_by"],
        "strata": strata,
        "may_list": may_list and row["seed"] != "",
        "seed_shown": seed_shown,
        "assigned": await queries.assigned(tx, row["id"]) if may_list else [],
        "people": await queries.surveyors(tx, row["id"]) if hands else [],
        "counties": {one["division_code"]: one["county"] for one in strata},
        "hands": hands,
        "asked": await queries.void_asked(tx, row["id"]) if may_list and row["state"] == S.VOID_ASKED else None,
        "voided": await queries.voided(tx, row),
        "me": tx.actor.user_id,
        "design": service.design_in_force(tx.policy_for(row["division_code"])) if row["state"] == S.DRAFT else None,
        "entries": await timeline(tx, "surveys_campaign", row["id"]) if seed_shown else [],
        "clause": service.CLAUSE,
    }


@post("/samples/{campaign_id:int}/{step:str}", opt=needs(P.PREPARE), status_code=200)
async def move(request: AnyRequest, campaign_id: FromPath[int], step: FromPath[str]) -> Page:
    """Take a step of the survey: freeze, draw, hand_over, close, void, ask_void."""
    form: Form[Any] = await read_form(request, FORMS.get(step, StepForm))
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await _take(tx, campaign_id, step, form.value)
            return see_other(await tx.done(f"/samples/{campaign_id}"), flash=f"SAMPLE.{step}")
    return await _show(request, campaign_id, step, form)


async def _take(tx: Tx, campaign_id: int, step: str, given: Any) -> None:  # noqa: ANN401 - the form of the step
    match step:
        case "freeze":
            await service.freeze(tx, campaign_id)
        case "draw":
            await service.draw(tx, campaign_id, given.seed, given.seed_note)
        case "hand_over":
            await service.hand_over(tx, campaign_id, given.surveyor, given.ends_on, given.county)
        case "close":
            await service.close(tx, campaign_id)
        case "void":
            await service.void(tx, campaign_id, given.reason)
        case "ask_void":
            await service.ask_void(tx, campaign_id, given.reason)
        case _:
            CAMPAIGN.arrow("", step)


@post("/samples/{campaign_id:int}/confirm", opt=needs(P.CONFIRM), status_code=200)
async def confirm(request: AnyRequest, campaign_id: FromPath[int]) -> Page:
    """Draw again as the second person."""
    form = await read_form(request, StepForm)
    async with form.refusals(), open_tx(request, once=form.once) as tx:
        await service.confirm(tx, campaign_id)
        return see_other(await tx.done(f"/samples/{campaign_id}"), flash="SAMPLE.confirm")
    return await _show(request, campaign_id, "confirm", form)


@post("/samples/{campaign_id:int}/agree_void", opt=needs(P.CONFIRM), status_code=200)
async def agree_void(request: AnyRequest, campaign_id: FromPath[int]) -> Page:
    """Agree as the second person that the draw is void."""
    return await _decide(request, campaign_id, service.agree_void, "SAMPLE.agree_void")


@post("/samples/{campaign_id:int}/keep", opt=needs(P.CONFIRM), status_code=200)
async def keep(request: AnyRequest, campaign_id: FromPath[int]) -> Page:
    """Keep the draw as the second person."""
    return await _decide(request, campaign_id, service.keep, "SAMPLE.keep")


async def _decide(request: AnyRequest, campaign_id: int, work: Decision, flash: str) -> Page:
    form = await read_form(request, ReasonForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await work(tx, campaign_id, form.value.reason)
            return see_other(await tx.done(f"/samples/{campaign_id}"), flash=flash)
    return await _show(request, campaign_id, "decide", form)


@get("/samples/{campaign_id:int}/households", opt=needs(P.LIST))
async def households(request: AnyRequest, campaign_id: FromPath[int]) -> Response[Any]:
    """List the households of a sample."""
    async with open_tx(request) as tx:
        row = await queries.campaign(tx, campaign_id)
    return await UNITS.respond(
        request, "surveys/sampling/households.html", base=("u.campaign = {}", [campaign_id]), row=row
    )


@get("/samples/{campaign_id:int}/file", opt=needs(P.LIST))
async def file(request: AnyRequest, campaign_id: FromPath[int]) -> Stream:
    """Give the draw as one plain file; anybody can repeat it with `recompute sample`."""
    async with open_tx(request) as tx:
        sheet = await service.sheet(tx, campaign_id)
    name = f'attachment; filename="sample-{campaign_id}.csv"'
    return Stream(write_sheet(sheet), media_type="text/csv; charset=utf-8", headers={"Content-Disposition": name})


@get("/samples/households/{unit_id:int}", opt=needs(P.LIST))
async def household(request: AnyRequest, unit_id: FromPath[int]) -> Page:
    """Show one household of a sample and, while it is asked, the way to replace it."""
    return await _household(request, unit_id, new_form(ReasonForm))


async def _household(request: AnyRequest, unit_id: int, form: Form[Any], status: int = 200) -> Page:
    async with open_tx(request) as tx:
        unit = await queries.unit(tx, unit_id)
        row = await queries.campaign(tx, unit["campaign"])
        entries = await timeline(tx, "surveys_sample_unit", unit_id)
        verbs = verbs_open(UNIT, unit, tx.actor) if row["state"] in service.ASKED else []
    return render(
        request, "surveys/sampling/household.html", unit=unit, row=row, entries=entries, verbs=verbs, form=form,
        status=status,
    )  # fmt: skip


@post("/samples/households/{unit_id:int}/replace", opt=needs(P.PREPARE), status_code=200)
async def replace(request: AnyRequest, unit_id: FromPath[int]) -> Page:
    """Replace a household by the next substitute of its stratum."""
    form = await read_form(request, ReasonForm)
    if form.ok:
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            called = await service.replace(tx, unit_id, form.value.reason)
            return see_other(await tx.done(f"/samples/households/{called['id']}"), flash="SAMPLE_UNIT.call")
    return await _household(request, unit_id, form, form.status)


@get("/samples/mine", opt=needs(P.SURVEY))
async def mine(request: AnyRequest) -> Response[Any]:
    """List the households handed to the outside surveyor who asks."""
    return await MINE.respond(request, "surveys/sampling/mine.html")


ROUTES = [campaigns, new, create, mine, show, move, confirm, agree_void, keep, households, file, household, replace]

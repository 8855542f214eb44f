"""Results of performance, the notices of what was split, and one county that shares out among its townships."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from allocation.budget.queries import available
from allocation.budget.withheld import own_free
from allocation.factor import notice_service, queries, result_service, service
from allocation.factor.catalogue import default_scheme
from allocation.factor.data_service import take_offered
from allocation.factor.forms import ResultForm, RunForm
from allocation.factor.notice_document import proposal
from allocation.factor.notice_forms import NoticeForm
from allocation.factor.result_sheet import Line
from allocation.factor.scheme import Kind
from allocation.factor.scheme_build import build, rows_of
from allocation.factor.scheme_forms import BoundRow, SchemeForm
from allocation.factor.scheme_service import approve_scheme, keep_scheme
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.demo.lives import WAN
from quzhou_migrants.demo.staff import CITY
from quzhou_migrants.demo.world import BUSINESS_DATE, World, acting, say, words
from quzhou_migrants.kernel.clock import shanghai
from quzhou_migrants.kernel.money import YUAN, Rounding

DAY = timedelta(days=1)
MOST_LOSS_BP = 1000
GRADES = ((900, "优"), (800, "良"), (600, "中"))
"""From which score a grade begins, in tenths."""
SHARING, BRINGING = 1, 4  # counties, by number
SHARED, DOC_NUMBER = date(2026, 9, 3), 14
MOST_SHARED, SPARED = 50 * WAN, 10 * WAN


async def tell_results(world: World) -> None:
    """Tell every approved split of the years before, issue this year's, and draft the next version of the scheme."""
    clerk = world.actor(Role.CITY_CLERK, CITY)
    async with acting(clerk, BUSINESS_DATE) as tx:
        runs = await tx.conn.fetch(
            "SELECT id, approved_at FROM allocation_factor_run WHERE state = 'approved' ORDER BY id"
        )
    for n, run in enumerate(runs, 1):
        last = n == len(runs)
        day = BUSINESS_DATE - 5 * DAY if last else shanghai(run["approved_at"]).date() + 3 * DAY
        notice = await _told(world, CITY, run["id"], n + 4, day)
        if not last:
            await _published(world, CITY, notice, day + 4 * DAY)
    async with acting(clerk, BUSINESS_DATE - 2 * DAY) as tx:
        used = (await queries.schemes_in_use(tx, CITY))[0]
        made = queries.opened(used["body"])
        follower = SchemeForm(**{**rows_of(made), "bounds": [BoundRow(Kind.LOSS, bp=MOST_LOSS_BP)]})  # type: ignore[arg-type]  # rows_of gives the form's own fields
        await keep_scheme(tx, build(tx.policy, follower, made), say("scheme_note"), like=used["id"])


async def _told(world: World, house: str, run_id: int, number: int, day: date) -> int:
    """Draft and issue the notice of a run. Gives its id."""
    clerk, leader = (world.actor(role, house) for role in roles_of(house))
    async with acting(clerk, day) as tx:
        row = await queries.run(tx, run_id)
        given = sum(s["amount_fen"] for s in await queries.shares(tx, run_id))
        text = proposal(row, await queries.inputs(tx, row), given, tx.actor.org_name)
        doc_no = say("notice_doc", short=words()["short"].get(house[:6], "衢"), year=day.year, n=number)
        notice = await notice_service.draft_notice(tx, run_id, NoticeForm(doc_no=doc_no, **text))
    async with acting(leader, day, hour=14) as tx:
        await notice_service.issue_notice(tx, notice)
    return notice


async def _published(world: World, house: str, notice: int, day: date) -> None:
    async with acting(world.actor(roles_of(house)[0], house), day) as tx:
        await notice_service.publish_notice(tx, notice)


async def bring(world: World, house: str, year: int, places: list[str], day: date) -> None:
    """Bring in what a house found in the year before, by a clerk, and let a leader confirm it."""
    sheet = await _typed(world, house, year, places, day)
    async with acting(world.actor(roles_of(house)[1], house), day + DAY) as tx:
        await result_service.confirm_results(tx, sheet)


async def _typed(world: World, house: str, year: int, places: list[str], day: date) -> int:
    rng = world.rng(f"results {house} {year}")
    scores = {place: rng.randrange(720, 980) for place in places}  # tenths
    lines = [Line(p, f"{n // 10}.{n % 10}", next(g for least, g in GRADES if n >= least)) for p, n in scores.items()]
    name = "衢州市" if house == CITY else world.counties[house]
    form = ResultForm(year - 1, say("results_paper", name=name, year=year - 1), day - 3 * DAY)
    async with acting(world.actor(roles_of(house)[0], house), day) as tx:
        return await result_service.bring_results(tx, form, lines)


def roles_of(house: str) -> tuple[Role, Role]:
    """Give who prepares and who approves in a house."""
    county = house != CITY
    return (Role.COUNTY_CLERK, Role.COUNTY_LEADER) if county else (Role.CITY_CLERK, Role.CITY_LEADER)


async def share_among_townships(world: World) -> None:
    """Let one county share out part of what it has among its townships and tell everybody. Runs last.

    Another has only brought its results in; its leader has not looked at them yet.
    """
    county, later = (list(world.counties)[n] for n in (SHARING, BRINGING))
    await bring(world, county, BUSINESS_DATE.year, _places(world, county), SHARED - 8 * DAY)
    await _typed(world, later, BUSINESS_DATE.year, _places(world, later), BUSINESS_DATE - DAY)
    scheme = await _township_scheme(world, county)
    clerk, leader = world.actor(Role.COUNTY_CLERK, county), world.actor(Role.COUNTY_LEADER, county)
    async with acting(clerk, SHARED) as tx:
        pots = await available(tx, county)
        pot = max(pots, key=lambda p: p["fen"])
        pool = min((min(pot["fen"], await own_free(tx, county)) - SPARED) // WAN * WAN, MOST_SHARED)
        if pool <= 0:  # a demonstration of few projects may leave a county nothing
            return
        name = {"year": SHARED.year, "county": world.counties[county]}
        run = await service.draft_run(tx, RunForm(pot["batch"], scheme, say("township_run", **name), pool))
        await take_offered(tx, run)
        await service.freeze_run(tx, run, say("township_remark"))
    async with acting(leader, SHARED + DAY) as tx:
        await service.approve_run(tx, run)
    notice = await _told(world, county, run, DOC_NUMBER, SHARED + 2 * DAY)
    await _published(world, county, notice, SHARED + 5 * DAY)


def _places(world: World, county: str) -> list[str]:
    return [code for code in world.townships if code.startswith(county[:6])]


async def _township_scheme(world: World, county: str) -> int:
    async with acting(world.actor(Role.COUNTY_CLERK, county), SHARED - 7 * DAY) as tx:
        pack = default_scheme(tx.policy, say("township_scheme", county=world.counties[county]))
        factors = (replace(pack.factor("migrants"), weight_bp=pack.base_bp, confirmed=False), pack.factor("score"))
        rounding = Rounding(pack.rounding.mode, YUAN, pack.rounding.residual)
        scheme = await keep_scheme(tx, replace(pack, factors=factors, rounding=rounding))
    async with acting(world.actor(Role.COUNTY_LEADER, county), SHARED - 5 * DAY) as tx:
        await approve_scheme(tx, scheme)
    return scheme

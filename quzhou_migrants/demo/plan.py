"""Annual plans: approved ones of past years, next year's variants, a posted one, adjustments."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from projects.notices import service as notices
from projects.plan import adjusting, posting, queries
from projects.plan import service as plans
from projects.plan.forms import ItemForm, LineForm, PlanForm
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.demo.lives import WAN, Life
from quzhou_migrants.demo.money import YEARS, plan_year
from quzhou_migrants.demo.world import BUSINESS_DATE, World, acting, say, words
from quzhou_migrants.kernel.clock import is_working_day
from quzhou_migrants.kernel.tx import Tx

DAY = timedelta(days=1)
ROOM = 60 * WAN  # what a plan names beyond its projects, so that something can be added
CHOSEN = 6  # projects of next year's plan


def _facts(world: World, county: str) -> dict[str, str]:
    return {"county": world.counties[county], "short": words()["short"][county[:6]]}


def _workday(day: date) -> date:
    while not is_working_day(day):
        day += DAY
    return day


async def plan_county(world: World, county: str, lives: list[Life]) -> None:
    """Post and approve a plan for every year, with all projects that were to be planned in it."""
    for year in YEARS:
        chosen = [life for life in lives if plan_year(life) == year and life.reaches("planned")]
        if chosen:
            await _approved(world, county, year, chosen)


async def _approved(world: World, county: str, year: int, chosen: list[Life]) -> None:
    clerk, leader = world.actor(Role.COUNTY_CLERK, county), world.actor(Role.COUNTY_LEADER, county)
    facts = _facts(world, county) | {"year": year}
    made = _workday(date(year, 5, 4))
    async with acting(clerk, made) as tx:
        total = sum(life.asked_fen for life in chosen) + ROOM
        plan = await plans.open_plan(tx, PlanForm(year, say("plan_title", **facts), total, say("plan_money", **facts)))
        for life in chosen:
            await plans.take(tx, plan, ItemForm(life.id, life.asked_fen))
        await posting.post(tx, plan, await _version(tx, plan))
    async with acting(clerk, _workday(made + 6 * DAY)) as tx:
        await _close(tx, plan, county)
    async with acting(leader, _workday(made + 7 * DAY)) as tx:
        await plans.approve(tx, plan, say("plan_doc", n=12, **facts), await _version(tx, plan), say("plan_departure"))


async def _close(tx: Tx, plan: int, county: str) -> None:
    hanging = await notices.latest(tx, (posting.PLAN, plan, county))
    if hanging:
        await notices.close_notice(tx, hanging["id"], say("notice_outcome"))


async def _version(tx: Tx, plan: int) -> int:
    return int(await tx.conn.fetchval("SELECT version FROM projects_plan WHERE id = $1", plan))


async def plan_ahead(world: World, county: str, number: int) -> None:
    """Draft next year's plan in two variants, post one in every third county, propose to adjust this year's."""
    clerk = world.actor(Role.COUNTY_CLERK, county)
    year = BUSINESS_DATE.year + 1
    facts = _facts(world, county) | {"year": str(year)}
    async with acting(clerk, BUSINESS_DATE - 8 * DAY) as tx:
        found = await queries.candidates(tx, {"id": 0}, inside=county, category="", limit=CHOSEN + 1)
        if not found:
            return
        money = sum(row["asked_fen"] for row in found) + ROOM
        plan = await plans.open_plan(tx, PlanForm(year, say("plan_title", **facts), money, say("plan_money", **facts)))
        await plans.choose(tx, plan, [(row["id"], row["asked_fen"]) for row in found[:CHOSEN]])
        other = await plans.vary(tx, plan, say("plan_variant", **facts))
        await _vary(tx, other, found)
    if number % 3 == 0:
        async with acting(clerk, BUSINESS_DATE - 2 * DAY) as tx:
            await posting.post(tx, plan, await _version(tx, plan))
    await _adjust(world, county, [row for row in found if row["asked_fen"] <= ROOM])


async def _vary(tx: Tx, plan: int, found: list[dict[str, Any]]) -> None:
    """Let the second variant differ: its first project gives way to the one that was left over."""
    rows = await queries.items(tx, plan)
    if len(rows) > 1:
        await plans.drop(tx, plan, rows[0]["id"])
    if len(found) > CHOSEN:
        await plans.take(tx, plan, ItemForm(found[-1]["id"], found[-1]["asked_fen"]))


async def _adjust(world: World, county: str, found: list[dict[str, Any]]) -> None:
    """Drop a project that is only planned, by a document; then propose to add one from the reserve."""
    clerk, leader = world.actor(Role.COUNTY_CLERK, county), world.actor(Role.COUNTY_LEADER, county)
    facts = _facts(world, county) | {"year": BUSINESS_DATE.year}
    async with acting(clerk, BUSINESS_DATE - 5 * DAY) as tx:
        plan = await tx.conn.fetchval(
            "SELECT id FROM projects_plan WHERE division_code = $1 AND year = $2 AND state = 'approved'",
            county,
            BUSINESS_DATE.year,
        )
        if plan is None or not found:
            return
        waiting = [row for row in await queries.items(tx, plan) if row["project_state"] == "planned"]
        if waiting:
            first = await adjusting.open_adjustment(tx, plan, say("adjust_drop_reason"))
            await adjusting.put_line(tx, first, LineForm(waiting[0]["code"], 0, say("adjust_drop")))
    if waiting:
        async with acting(leader, BUSINESS_DATE - 4 * DAY) as tx:
            version = await tx.conn.fetchval("SELECT version FROM projects_adjustment WHERE id = $1", first)
            await adjusting.approve(tx, first, say("plan_doc", n=31, **facts), version)
    async with acting(clerk, BUSINESS_DATE - 3 * DAY) as tx:
        second = await adjusting.open_adjustment(tx, plan, say("adjust_add_reason"))
        await adjusting.put_line(tx, second, LineForm(found[0]["code"], found[0]["asked_fen"], say("adjust_add")))

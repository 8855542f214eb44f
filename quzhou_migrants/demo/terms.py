"""Money with a term: a start-up pool that grows, a share nobody applied for, money taken back or about to be."""

from __future__ import annotations

from datetime import date

from allocation.budget.withheld import own_free
from allocation.terms import queries, service
from allocation.terms.forms import DecideForm, FillForm, PoolForm, TakeForm
from allocation.terms.rules import Purpose
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.demo.lives import WAN, Life
from quzhou_migrants.demo.world import BUSINESS_DATE, World, acting, say, words
from quzhou_migrants.kernel.money import Fen

OPENED, GREW, SHARED = date(2024, 3, 5), date(2025, 3, 6), date(2025, 4, 10)
APPLY_BY = date(2026, 3, 31)
PROPOSED, DECIDED = date(2026, 9, 8), date(2026, 9, 10)
FIRST, SECOND, SHARE, SURPLUS = 12 * WAN, 8 * WAN, 6 * WAN, 3 * WAN


async def money_with_terms(world: World, county: str, lives: list[Life], number: int) -> None:
    """Set up a county's pools and take back what is over: in every second county it is done, else proposed."""
    if not lives:
        return
    townships = list(dict.fromkeys(v.township for v in world.villages if v.county == county))
    pool = await _pool(world, county, townships[0], Purpose.STARTUP, OPENED)
    await _fill(world, county, pool, FIRST, OPENED)
    await _fill(world, county, pool, SECOND, GREW)
    quiet = _quiet(world, county, lives)
    if quiet:
        share = await _pool(world, county, quiet, Purpose.SHARE, SHARED)
        await _fill(world, county, share, SHARE, SHARED)
        await _take_back(world, county, share, done=number % 2 == 0)
    if number % 3 == 0:
        await _surplus(world, county)


def _quiet(world: World, county: str, lives: list[Life]) -> str:
    """Find a village without any project."""
    busy = {life.village.code for life in lives}
    return next((v.code for v in world.villages if v.county == county and v.code not in busy), "")


async def _pool(world: World, county: str, place: str, purpose: Purpose, day: date) -> int:
    name = next((v.name for v in world.villages if v.code == place), world.townships.get(place, ""))
    facts = {"short": words()["short"][county[:6]], "year": day.year, "n": day.month}
    title = say(f"pool_{purpose.value}", name=name)
    apply_by = APPLY_BY if purpose is Purpose.SHARE else None
    async with acting(world.actor(Role.COUNTY_CLERK, county), day) as tx:
        form = PoolForm(place, purpose, title, say("pool_doc", **facts), 3, apply_by, say("pool_note"))
        return await service.open_pool(tx, form)


async def _fill(world: World, county: str, pool: int, most: Fen, day: date) -> None:
    async with acting(world.actor(Role.COUNTY_CLERK, county), day, hour=11) as tx:
        amount = min(most, await own_free(tx, county))
        if amount:
            facts = {"short": words()["short"][county[:6]], "year": day.year, "n": day.month + 10}
            await service.fill_pool(tx, pool, FillForm(amount, say("pool_doc", **facts)))


async def _take_back(world: World, county: str, pool: int, *, done: bool) -> None:
    async with acting(world.actor(Role.COUNTY_CLERK, county), PROPOSED) as tx:
        row = await queries.pool(tx, pool)
        amount = row["holds_fen"] - row["asked_fen"]
        if amount <= 0:
            return
        act = await service.prepare_replan(tx, pool, TakeForm(amount, say("takeback_replan")))
    if done:
        facts = {"short": words()["short"][county[:6]], "year": DECIDED.year, "n": 31}
        async with acting(world.actor(Role.COUNTY_LEADER, county), DECIDED) as tx:
            await service.decide(tx, act, DecideForm(say("pool_doc", **facts), DECIDED))


async def _surplus(world: World, county: str) -> None:
    async with acting(world.actor(Role.COUNTY_CLERK, county), BUSINESS_DATE, hour=9) as tx:
        batch = await tx.conn.fetchval(
            "SELECT b.batch FROM allocation_balance b JOIN allocation_batch a ON a.id = b.batch"
            " WHERE b.division_code = $1 AND b.kind = 'available' AND b.balance_fen >= $2 AND a.issued_on < $3"
            " ORDER BY b.batch LIMIT 1",
            county,
            SURPLUS,
            BUSINESS_DATE.replace(year=BUSINESS_DATE.year - 2),
        )
        if batch:
            await service.prepare_surplus(tx, batch, county, TakeForm(SURPLUS, say("takeback_surplus")))

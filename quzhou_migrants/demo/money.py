"""Three years of appropriations, each split among the counties by the factor method and last year's results."""

from __future__ import annotations

from datetime import date

from allocation.budget.checking import submit_batch
from allocation.budget.forms import BatchForm
from allocation.budget.rules import Fund, Level
from allocation.budget.service import draft_batch, record_batch
from allocation.factor.catalogue import default_scheme
from allocation.factor.data_service import save_values, take_offered
from allocation.factor.forms import RunForm, ValueRow
from allocation.factor.scheme_service import approve_scheme, keep_scheme
from allocation.factor.service import approve_run, draft_run, freeze_run
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.demo.factor import bring
from quzhou_migrants.demo.lives import WAN, Life
from quzhou_migrants.demo.staff import CITY
from quzhou_migrants.demo.world import BUSINESS_DATE, Report, World, acting, say
from quzhou_migrants.register import public as register

YEARS = (2024, 2025, 2026)
HEAD_FEN = 60_000
ROOM = 22  # tenths: counties get so much more than they will award, so that no share runs short


def plan_year(life: Life) -> int:
    """The year whose plan a project enters: the one after an autumn window, the same after a spring one."""
    year, month = life.window
    return year + (month > 6)  # noqa: PLR2004 - the second half of the year


async def make_money(world: World, lives: list[Life], report: Report) -> None:
    """Record the batches and split them; leave one to split and one to check for whoever tries the screens."""
    clerk = world.actor(Role.CITY_CLERK, CITY)
    async with acting(clerk, date(YEARS[0], 1, 8)) as tx:
        scheme = await keep_scheme(tx, default_scheme(tx.policy, say("scheme_title")))
    async with acting(world.actor(Role.CITY_LEADER, CITY), date(YEARS[0], 1, 12)) as tx:
        await approve_scheme(tx, scheme)
    for done, year in enumerate(YEARS, 1):
        need = sum(life.asked_fen for life in lives if plan_year(life) == year and life.reaches("awarded"))
        pool = max(need, 60 * WAN) * ROOM // 10 // WAN * WAN
        batch = await make_batch(world, year, 1, pool, date(year, 1, 15))
        await bring(world, CITY, year, list(world.counties), date(year, 1, 18))
        await _split(world, year, batch, scheme, pool)
        report("money", done, len(YEARS))
    await make_batch(world, BUSINESS_DATE.year, 2, 3_000 * WAN, BUSINESS_DATE.replace(day=11))
    await type_batch(world, BUSINESS_DATE.year, 4, 300 * WAN, BUSINESS_DATE.replace(day=15))


async def make_batch(world: World, year: int, number: int, pool: int, day: date) -> int:
    """Type a batch as the city's clerk and book it as the leader. Gives its id."""
    batch = await type_batch(world, year, number, pool, day)
    async with acting(world.actor(Role.CITY_LEADER, CITY), day, hour=14) as tx:
        await record_batch(tx, batch)
    return batch


async def type_batch(world: World, year: int, number: int, pool: int, day: date) -> int:
    """Type a batch and send it to be checked; the first of a year carries the cash part. Gives its id."""
    clerk = world.actor(Role.CITY_CLERK, CITY)
    async with acting(clerk, day) as tx:
        counts = await register.counts(tx, [CITY])
        cash = counts[CITY]["cash_migrants"] * HEAD_FEN if number == 1 else 0
        form = BatchForm(
            say("batch_doc", year=year, n=number * 7), say("batch_title", year=year, n=number), Level.PROVINCE,
            Fund.LATER_SUPPORT, day, pool + cash, cash, pool,
        )  # fmt: skip
        batch = await draft_batch(tx, form)
        await submit_batch(tx, batch)
    return batch


async def _split(world: World, year: int, batch: int, scheme: int, pool: int) -> None:
    clerk, leader = world.actor(Role.CITY_CLERK, CITY), world.actor(Role.CITY_LEADER, CITY)
    rng = world.rng(f"factors {year}")
    async with acting(clerk, date(year, 1, 22)) as tx:
        run = await draft_run(tx, RunForm(batch, scheme, say("run_title", year=year, n=1), pool))
        rows = [ValueRow("fiscal", county, str(rng.randrange(9_000, 16_000))) for county in world.counties]
        await save_values(tx, run, rows, say("value_source", year=year - 1), date(year - 1, 12, 31))
        await take_offered(tx, run)
        await freeze_run(tx, run, say("run_remark"))
    async with acting(leader, date(year, 1, 26)) as tx:
        await approve_run(tx, run)

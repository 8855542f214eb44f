"""Bound money passed down to counties and townships by documents, and months and years that are closed."""

from __future__ import annotations

from datetime import date

from allocation.budget.checking import submit_batch
from allocation.budget.closing import month_end, offered, year_end
from allocation.budget.earmarks import add_earmark
from allocation.budget.forms import BatchForm, EarmarkForm, SplitForm, SplitRow
from allocation.budget.rules import Fund, Level
from allocation.budget.service import draft_batch, record_batch
from allocation.budget.split_service import draft_split, issue_split
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.demo.lives import WAN
from quzhou_migrants.demo.staff import CITY
from quzhou_migrants.demo.world import BUSINESS_DATE, World, acting, say

TOLD, PASSED, ONWARD = date(2026, 9, 7), date(2026, 9, 9), date(2026, 9, 14)
WHOLE_FEN, BOUND_FEN, COUNTY_FEN, MARKED_FEN, TOWNSHIP_FEN = 500 * WAN, 120 * WAN, 40 * WAN, 20 * WAN, 5 * WAN
CLOSED_YEAR = 2024
MOST = 14  # periods of one house


async def keep_ledger(world: World) -> None:
    """Book, pass down, close: in the order in which a bureau does it. Runs last, for a closed month stays closed."""
    batch, mark = await _bound(world)
    await _to_counties(world, batch, mark)
    for number, county in enumerate(world.counties):
        await _to_township(world, batch, county, issued=number > 0)
    last = list(world.counties)[-1]
    await _close(world, Role.CITY_CLERK, CITY)
    await _close_months(world, last)


async def _bound(world: World) -> tuple[int, int]:
    async with acting(world.actor(Role.CITY_CLERK, CITY), TOLD) as tx:
        form = BatchForm(
            say("bound_doc"), say("bound_title"), Level.PROVINCE, Fund.RESERVOIR_AREA, TOLD, WHOLE_FEN, 0, WHOLE_FEN,
            direct_reach=True, upper_doc_no=say("bound_upper"),
        )  # fmt: skip
        batch = await draft_batch(tx, form)
        mark = await add_earmark(tx, batch, EarmarkForm(say("bound_mark"), BOUND_FEN, "ecology"))
        await submit_batch(tx, batch)
    async with acting(world.actor(Role.CITY_CLERK, CITY, 1), TOLD, hour=14) as tx:
        await record_batch(tx, batch)
    return batch, mark


async def _to_counties(world: World, batch: int, mark: int) -> None:
    async with acting(world.actor(Role.CITY_CLERK, CITY), PASSED) as tx:
        rows = [SplitRow(c, 0, COUNTY_FEN) for c in world.counties]
        rows += [SplitRow(c, earmark=mark, earmark_fen=MARKED_FEN) for c in world.counties]
        split = await draft_split(tx, batch, SplitForm(say("split_doc"), say("split_title"), PASSED, rows))
    async with acting(world.actor(Role.CITY_LEADER, CITY), PASSED, hour=14) as tx:
        await issue_split(tx, split)


async def _to_township(world: World, batch: int, county: str, *, issued: bool) -> None:
    """Pass a little on to the township most of a county's demonstration stands in; one county only drafts."""
    township = next(v.code for v in world.villages if v.county == county)[:9] + "000"
    async with acting(world.actor(Role.COUNTY_CLERK, county), ONWARD) as tx:
        form = SplitForm(say("onward_doc"), say("onward_title"), ONWARD, [SplitRow(township, 0, TOWNSHIP_FEN)])
        split = await draft_split(tx, batch, form)
    if issued:
        async with acting(world.actor(Role.COUNTY_LEADER, county), ONWARD, hour=14) as tx:
            await issue_split(tx, split)


async def _close(world: World, role: Role, house: str) -> None:
    """Close what the house may close on its own, until the demonstration's year is closed too."""
    for _ in range(MOST):
        async with acting(world.actor(role, house), BUSINESS_DATE) as tx:
            open_now = [p for p in await offered(tx, house) if p <= f"{CLOSED_YEAR}-12"]
            if not open_now:
                return
            year, _, month = open_now[0].partition("-")
            if month:
                await month_end(tx, house, date(int(year), int(month), 1))
            else:
                await year_end(tx, house, int(year))


async def _close_months(world: World, county: str) -> None:
    async with acting(world.actor(Role.COUNTY_FINANCE, county), BUSINESS_DATE) as tx:
        for month in range(1, 13):
            await month_end(tx, county, date(CLOSED_YEAR, month, 1))
        await year_end(tx, county, CLOSED_YEAR)

"""This year's sample, drawn and confirmed, and half of it in a surveyor's hands."""

from __future__ import annotations

from datetime import date

from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.demo.staff import CITY
from quzhou_migrants.demo.world import BUSINESS_DATE, Report, World, acting, say
from surveys.sampling import service

ENDS_ON = date(2026, 12, 15)


async def make_sample(world: World, report: Report) -> None:
    """Freeze the households of the register, draw, let a second person draw again, hand over two counties."""
    clerk, leader = world.actor(Role.CITY_CLERK, CITY), world.actor(Role.CITY_LEADER, CITY)
    year = BUSINESS_DATE.year
    async with acting(clerk, date(year, 9, 7)) as tx:
        key = await service.open_campaign(tx, say("survey_title", year=year), year, say("survey_purpose"))
        await service.freeze(tx, key)
    async with acting(clerk, date(year, 9, 8)) as tx:
        await service.draw(tx, key, say("survey_seed", year=year), say("survey_seed_note", year=year))
    async with acting(leader, date(year, 9, 9)) as tx:
        await service.confirm(tx, key)
    async with acting(clerk, date(year, 9, 10)) as tx:
        for number, county in enumerate(list(world.counties)[:2], 1):
            await service.hand_over(tx, key, world.outside[f"surveyor{number}"], ENDS_ON, county)
    report("sample", 1, 1)

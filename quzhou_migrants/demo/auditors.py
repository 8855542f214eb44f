"""This year's auditors: one reads the books of the whole city, one those of a county."""

from __future__ import annotations

from datetime import date

from quzhou_migrants.accounts import service
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.demo.staff import CITY
from quzhou_migrants.demo.world import BUSINESS_DATE, World, acting, say

TERM = (date(2026, 9, 1), date(2026, 12, 31))


async def engage_auditors(world: World) -> None:
    """Let in each auditor by the clerk of the division whose books they read."""
    county = min(world.counties)
    for number, (role, division) in enumerate(((Role.CITY_CLERK, CITY), (Role.COUNTY_CLERK, county)), 1):
        async with acting(world.actor(role, division), TERM[0]) as tx:
            await service.engage_auditor(
                tx,
                user_id=world.outside[f"auditor{number}"],
                purpose=say("audit_purpose", year=BUSINESS_DATE.year),
                starts_on=TERM[0],
                ends_on=TERM[1],
            )

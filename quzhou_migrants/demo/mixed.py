"""The mixed method: one batch of this spring parted into factor money and pots, before the rounds draw on them."""

from __future__ import annotations

from datetime import date

from allocation.mixed.forms import MixedForm, PotForm
from allocation.mixed.rules import WHOLE, Back
from allocation.mixed.service import draft, part
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.demo.lives import WAN
from quzhou_migrants.demo.money import make_batch
from quzhou_migrants.demo.staff import CITY
from quzhou_migrants.demo.world import World, acting, say
from quzhou_migrants.kernel.money import apportion

POOL, FACTOR_BP, OWN_BP = 1_000 * WAN, 7_000, 4_000
NOTIFIED, DRAFTED, PARTED, USE_BY = date(2026, 5, 12), date(2026, 5, 18), date(2026, 5, 22), date(2026, 12, 31)


async def make_mixed(world: World) -> None:
    """Part a batch: the city keeps a pot, every county has one."""
    batch = await make_batch(world, NOTIFIED.year, 3, POOL, NOTIFIED)
    shares = apportion(WHOLE - OWN_BP, dict.fromkeys(world.counties, 1))
    pots = [PotForm(CITY, OWN_BP), *(PotForm(code, bp) for code, bp in shares.items())]
    form = MixedForm(
        batch, say("mixed_title", year=NOTIFIED.year), POOL, FACTOR_BP, Back.HOLDER, USE_BY, pots,
        say("mixed_doc", year=NOTIFIED.year),
    )  # fmt: skip
    async with acting(world.actor(Role.CITY_CLERK, CITY), DRAFTED) as tx:
        mixed = await draft(tx, form)
    async with acting(world.actor(Role.CITY_LEADER, CITY), PARTED) as tx:
        await part(tx, mixed)

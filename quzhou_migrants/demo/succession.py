"""Villages that end: in each county one waits for its day, in one county one has gone into its neighbour."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from projects.succession import service
from projects.succession.forms import Kind, SuccessionForm
from quzhou_migrants.accounts import service as accounts
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.demo.lives import Life
from quzhou_migrants.demo.world import BUSINESS_DATE, Village, World, acting, say, words

RECORDED, APPLIED, WAITS = timedelta(days=40), timedelta(days=30), timedelta(days=20)


async def follow_villages(world: World, lives: list[Life]) -> None:
    """Record one merger a county between two villages without projects; carry the first one out."""
    busy = {life.village.code for life in lives}
    for number, code in enumerate(sorted(world.counties), 1):
        pair = _neighbours([v for v in world.villages if v.county == code and v.code not in busy])
        if pair:
            await _record(world, pair, number, done=number == 1)


def _neighbours(quiet: list[Village]) -> tuple[Village, Village] | None:
    """Give the first two villages of one township."""
    return next(((a, b) for a, b in pairwise(quiet) if a.township == b.township), None)


async def _record(world: World, pair: tuple[Village, Village], number: int, *, done: bool) -> None:
    old, new = pair
    admin = world.actor(Role.COUNTY_ADMIN, old.county)
    day = BUSINESS_DATE - APPLIED if done else BUSINESS_DATE + WAITS
    doc = say("succession_doc", short=words()["short"][old.code[:6]], n=number + 6)
    form = SuccessionForm(Kind.MERGE, old.code, day, doc, new.code, reason=say("succession_reason"))
    async with acting(admin, BUSINESS_DATE - RECORDED) as tx:
        made = await service.record(tx, form)
    if done:
        async with acting(admin, day) as tx:
            for post in await tx.conn.fetch("SELECT id FROM accounts_post WHERE division_code = $1", old.code):
                await accounts.end_post(tx, post["id"])
            await service.apply(tx, made["id"])

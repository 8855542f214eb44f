"""Build the whole demonstration, in the order in which a bureau would have come to it."""

from __future__ import annotations

import json
from asyncio import TaskGroup
from dataclasses import dataclass
from datetime import datetime, time
from itertools import count

from quzhou_migrants.demo.assets import ask_for_dossier
from quzhou_migrants.demo.auditors import engage_auditors
from quzhou_migrants.demo.bank import pass_cash, reach_people
from quzhou_migrants.demo.changes import change_county, late_works
from quzhou_migrants.demo.claims import name_deputies
from quzhou_migrants.demo.experts import make_pool
from quzhou_migrants.demo.factor import share_among_townships, tell_results
from quzhou_migrants.demo.filing import file_projects
from quzhou_migrants.demo.grants import recall_grants
from quzhou_migrants.demo.intake import file_late, make_intake
from quzhou_migrants.demo.ledger import keep_ledger
from quzhou_migrants.demo.lives import Life, by_county, make_lives
from quzhou_migrants.demo.mixed import make_mixed
from quzhou_migrants.demo.money import make_money
from quzhou_migrants.demo.notices import make_notices
from quzhou_migrants.demo.people import make_households
from quzhou_migrants.demo.places import VILLAGES, make_villages
from quzhou_migrants.demo.plan import plan_ahead, plan_county
from quzhou_migrants.demo.portal import show_photos
from quzhou_migrants.demo.refresh import publish_scheme, refresh_county
from quzhou_migrants.demo.refunds import ask_back
from quzhou_migrants.demo.reserve import review_county
from quzhou_migrants.demo.rounds import decided_round, posted_round, waiting_round
from quzhou_migrants.demo.staff import make_staff, seats
from quzhou_migrants.demo.succession import follow_villages
from quzhou_migrants.demo.survey import make_sample
from quzhou_migrants.demo.terms import money_with_terms
from quzhou_migrants.demo.works import live
from quzhou_migrants.demo.world import BUSINESS_DATE, Report, World
from quzhou_migrants.kernel.clock import SHANGHAI, system_now
from quzhou_migrants.kernel.tx import system_tx

SEED = 2026
POSTING = 1  # the county, by number, whose result hangs before the public
RECALLING = "330822000000"  # the county whose rewards proved wrong


@dataclass(frozen=True, slots=True)
class Summary:
    """What was written."""

    villages: int
    households: int
    people: int
    accounts: int
    projects: int


async def is_there() -> bool:
    """Tell whether the database holds a demonstration."""
    async with system_tx("demo") as tx:
        return bool(await tx.conn.fetchval("SELECT EXISTS (SELECT 1 FROM kernel_division WHERE is_demo)"))


async def build(
    owner_dsn: str, report: Report, *, households: int = 20_000, projects: int = 900, seed: int = SEED
) -> Summary:
    """Write places, people, accounts, projects with their money and visits, and a sample.

    The pool of the application has to be open. The same seed and numbers give the same
    demonstration. Shape: `report(title, done, total)`.
    """
    world = World(seed)
    await set_business_date()
    await make_villages(world, owner_dsn)
    report("villages", len(world.villages), VILLAGES)
    await make_staff(world)
    await make_pool(world)
    report("accounts", len(world.cast), len(world.cast))
    people = await make_households(world, households, report)
    lives = make_lives(world, projects)
    file_late(lives)
    await file_projects(world, lives)
    await make_intake(world, lives)
    await make_notices(world, lives)
    report("filing", len(lives), len(lives))
    await make_money(world, lives, report)
    await pass_cash(world)
    await make_mixed(world)
    await tell_results(world)
    await publish_scheme(world)
    await _live_everywhere(world, lives, report)
    await show_photos(world, lives)
    await follow_villages(world, lives)
    await make_sample(world, report)
    await engage_auditors(world)
    await keep_ledger(world)
    await share_among_townships(world)
    return Summary(len(world.villages), households, people, len(list(seats(world))), len(lives))


async def _live_everywhere(world: World, lives: list[Life], report: Report) -> None:
    """Let the counties work side by side, each on its own projects."""
    moving = [life for life in lives if life.reaches("awarded")]
    done = count(1)

    async def county(number: int, code: str, mine: list[Life]) -> None:
        await plan_county(world, code, mine)
        rng = world.rng(f"works {code}")
        for life in mine:
            if life.reaches("awarded"):
                await live(world, life, rng)
                report("works", next(done), len(moving))
        await name_deputies(world, code)
        await ask_back(world, code, mine)
        await decided_round(world, code, mine)
        await waiting_round(world, code, mine)
        if number == POSTING:
            await posted_round(world, code, mine)
        await ask_for_dossier(world, code, mine)
        await change_county(world, code, mine)
        await review_county(world, code, mine)
        await refresh_county(world, code, number)
        await plan_ahead(world, code, number)
        await money_with_terms(world, code, mine, number)
        await reach_people(world, code)
        if code == RECALLING:
            await recall_grants(world, code)

    async with TaskGroup() as group:
        for number, (code, mine) in enumerate(by_county(lives)):
            group.create_task(county(number, code, mine))
    await late_works()


async def set_business_date() -> None:
    """Let the business clock stand on the demonstration's day; its time of day goes on."""
    now = system_now()
    shift = datetime.combine(BUSINESS_DATE, time(now.hour, now.minute, now.second), SHANGHAI) - now
    async with system_tx("demo.business_date") as tx:
        await tx.conn.execute(
            "INSERT INTO kernel_setting (key, value) VALUES ('business_clock', $1::jsonb)"
            " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            json.dumps({"shift_seconds": round(shift.total_seconds())}),
        )

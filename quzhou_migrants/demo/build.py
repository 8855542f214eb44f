"""Build the whole demonstration, in the order in which a bureau would have come to it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, time

from quzhou_migrants.demo.filing import file_projects
from quzhou_migrants.demo.lives import make_lives
from quzhou_migrants.demo.people import make_households
from quzhou_migrants.demo.places import VILLAGES, make_villages
from quzhou_migrants.demo.staff import make_staff, seats
from quzhou_migrants.demo.world import BUSINESS_DATE, Report, World
from quzhou_migrants.kernel.clock import SHANGHAI, system_now
from quzhou_migrants.kernel.tx import system_tx

SEED = 2026


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
    report("accounts", len(world.cast), len(world.cast))
    people = await make_households(world, households, report)
    lives = make_lives(world, projects)
    await file_projects(world, lives)
    report("filing", len(lives), len(lives))
    return Summary(len(world.villages), households, people, len(list(seats(world))), len(lives))


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

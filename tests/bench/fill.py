"""Fill one data folder with the map, people who sign in, and any number of households.

`QM_DATA=… python -m tests.bench.fill 1000000`, a process of its own because keys belong to a folder.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import asyncpg

from quzhou_migrants import wiring  # noqa: F401 - grants, machines, tables
from quzhou_migrants.cli.loading import DIVISIONS
from quzhou_migrants.demo.build import SEED, set_business_date
from quzhou_migrants.demo.people import make_households
from quzhou_migrants.demo.places import make_villages
from quzhou_migrants.demo.staff import make_staff
from quzhou_migrants.demo.world import World
from quzhou_migrants.kernel import pg
from quzhou_migrants.kernel.db import ENGINE, close_pool, connect_arguments, open_pool
from quzhou_migrants.kernel.divisions import read_places, write_places
from quzhou_migrants.kernel.migrate import migrate


async def fill(server: pg.Server, households: int) -> None:
    """Write everything, then let the planner look at it."""
    await migrate(server.owner_dsn)
    owner = await asyncpg.connect(**connect_arguments(server.owner_dsn))
    await write_places(owner, read_places(DIVISIONS))
    ENGINE.configure(server.app_dsn)
    await open_pool(size=2, patience=600)
    world = World(SEED)
    await set_business_date()
    await make_villages(world, server.owner_dsn)
    await make_staff(world)
    await make_households(world, households, _report)
    await close_pool()
    await owner.execute("VACUUM ANALYZE", timeout=900)
    await owner.close()


def _report(title: str, done: int, total: int) -> None:
    sys.stderr.write(f"\r{title} {done:,} / {total:,}  ")


if __name__ == "__main__":
    running = pg.start(Path(os.environ["QM_DATA"]))
    try:
        asyncio.run(fill(running, int(sys.argv[1])))
    finally:
        running.release()

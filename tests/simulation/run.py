"""Live through three years in a database of its own and say what came of it: `make simulate PROJECTS=3000`."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import time
from pathlib import Path

import asyncpg

from quzhou_migrants.cli.loading import DIVISIONS
from quzhou_migrants.kernel import audit, pg
from quzhou_migrants.kernel.db import ENGINE, close_pool, connect_arguments, open_pool
from quzhou_migrants.kernel.divisions import read_places, write_places
from quzhou_migrants.kernel.migrate import migrate
from tests.simulation import check
from tests.simulation.years import simulate

FOLDER = Path("build/simulation").resolve()


async def main(server: pg.Server, projects: int) -> int:
    """Run and check; answer the number of faults."""
    await migrate(server.owner_dsn)
    owner = await asyncpg.connect(**connect_arguments(server.owner_dsn))
    await write_places(owner, read_places(DIVISIONS))
    ENGINE.configure(server.app_dsn)
    await open_pool(size=4)
    started = time.perf_counter()
    made = await simulate(server.owner_dsn, projects)
    await close_pool()
    states = await owner.fetch("SELECT state, count(*) AS n FROM projects_project GROUP BY state ORDER BY n DESC")
    facts = {
        "seconds": round(time.perf_counter() - started),
        "happened": dict(sorted(made.done.items())),
        "states": {r["state"]: r["n"] for r in states},
        "moves": await owner.fetchval("SELECT count(*) FROM kernel_journal WHERE to_state <> ''"),
        "snapshots": await owner.fetchval("SELECT count(*) FROM projects_snapshot"),
        "entries": await owner.fetchval("SELECT count(*) FROM allocation_entry"),
        "unexplained states": await check.unexplained(owner),
        "wrong money": await check.wrong_money(owner),
        "broken snapshots": await check.broken_snapshots(owner),
    }
    await audit.seal(owner)
    facts["changes sealed"] = await owner.fetchval("SELECT count(*) FROM kernel_seal")
    facts["chain"] = str(await audit.verify(owner))
    for name, value in facts.items():
        sys.stdout.write(f"{name}: {value}\n")
    await owner.close()
    return sum(len(facts[name]) for name in ("unexplained states", "wrong money", "broken snapshots"))


if __name__ == "__main__":
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    os.environ["QM_DATA"] = str(FOLDER)
    running = pg.start(FOLDER, fast=True)
    try:
        faults = asyncio.run(main(running, int(sys.argv[1])))
    finally:
        running.release()
    sys.exit(min(faults, 1))

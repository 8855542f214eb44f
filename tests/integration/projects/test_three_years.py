"""Three years through the public commands, and what must hold at their end. `make simulate` runs 3,000 projects."""

from __future__ import annotations

import asyncpg
import pytest
import pytest_asyncio
from house import Database
from simulation import check
from simulation.years import Simulation, simulate

from quzhou_migrants.cli.loading import DIVISIONS
from quzhou_migrants.kernel import pg
from quzhou_migrants.kernel.db import ENGINE, close_pool, connect_arguments, open_pool
from quzhou_migrants.kernel.divisions import read_places, write_places
from quzhou_migrants.kernel.migrate import migrate

PROJECTS = 60


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def years(server: pg.Server, worker_id: str):
    """Live through the years once for all tests of this file. Shape: (simulation, owner connection)."""
    name = f"years_{worker_id}"
    server.drop_database(name)
    database = Database(name, server.create_database(name), server.dsn(pg.APP, name))
    await migrate(database.owner)
    owner = await asyncpg.connect(**connect_arguments(database.owner))
    await write_places(owner, read_places(DIVISIONS))
    ENGINE.configure(database.app)
    await open_pool(size=4)
    done: Simulation = await simulate(database.owner, PROJECTS)
    await close_pool()
    yield done, owner
    await owner.close()
    server.drop_database(name)


async def test_every_state_is_what_the_history_leads_to(years) -> None:
    done, owner = years
    assert done.done["filed"] == len([life for life in done.lives if life.filed]) > PROJECTS // 2
    assert await check.unexplained(owner) == []


async def test_the_ledger_holds_what_every_project_was_awarded(years) -> None:
    _, owner = years
    assert await owner.fetchval("SELECT count(*) FROM projects_project WHERE award_fen > 0") > 0
    assert await check.wrong_money(owner) == []


async def test_snapshots_are_given_again_by_their_rows_and_by_the_timeline(years) -> None:
    _, owner = years
    assert await owner.fetchval("SELECT count(*) FROM projects_snapshot") > 0
    assert await check.broken_snapshots(owner) == []


@pytest.mark.parametrize(
    "what", ["corrected", "refused", "silent", "refresh confirmed", "planned", "built", "recalled"]
)
async def test_the_years_held_what_years_hold(years, what: str) -> None:
    done, _ = years
    assert done.done.get(what, 0) > 0

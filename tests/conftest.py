"""Fixtures: one embedded server, one migrated template, a clone where commits matter.

`tx` and `tx_as` run in one transaction that is rolled back; `db` gives a database of one's own.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import hypothesis
import pytest
import pytest_asyncio
from house import (
    AT_END,
    BAIMA,
    CITY,
    KECHENG,
    NIANLI,
    NOW,
    QUJIANG,
    SHILIANG,
    VILLAGE,
    Database,
    actor,
    make_account,
    rolled_back,
    running_server,
    visitor,
)
from recycling import Recycled

import quzhou_migrants.wiring  # noqa: F401 - grants, machines, tables
from quzhou_migrants.accounts.sessions import COOKIE, open_session
from quzhou_migrants.cli.loading import DIVISIONS
from quzhou_migrants.demo.build import Summary, is_there
from quzhou_migrants.demo.build import build as build_demo
from quzhou_migrants.kernel import pg
from quzhou_migrants.kernel.actor import SYSTEM
from quzhou_migrants.kernel.db import ENGINE, close_pool, connect_arguments, open_pool
from quzhou_migrants.kernel.divisions import read_places, write_places
from quzhou_migrants.kernel.migrate import migrate
from quzhou_migrants.kernel.tx import Tx

hypothesis.settings.register_profile("house", deadline=None)  # time is measured by benchmarks, never by tests
hypothesis.settings.load_profile("house")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files, so that no worker sits idle while the other walks every page."""
    order = {"test_every_page.py": 0, "slow": 1, "browser": 2}
    items.sort(key=lambda item: min(order.get(k, 3) for k in (item.path.name, *(m.name for m in item.iter_markers()))))


@pytest.fixture(autouse=True, scope="session")
def _own_keys(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("data")
    os.environ["QM_DATA"] = str(folder)
    os.environ["QM_KEYS"] = str(folder / "keys.json")


@pytest_asyncio.fixture(autouse=True, scope="session", loop_scope="session")
async def _at_end() -> AsyncIterator[None]:
    async with AT_END:
        yield


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[pg.Server]:
    """The embedded server, shared by the workers of a run and by nobody else."""
    base = tmp_path_factory.getbasetemp()
    shared = Path(os.environ.get("QM_TEST_DATA") or (base if worker_id == "main" else base.parent) / "postgres")
    running = pg.start(shared, fast=True)
    yield running
    running.release()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def template(server: pg.Server, worker_id: str) -> str:
    """A migrated database with the divisions most tests stand on; nobody connects to it."""
    name = f"template_{worker_id}"
    server.drop_database(name)
    owner = server.create_database(name)
    await migrate(owner)
    conn = await asyncpg.connect(**connect_arguments(owner))
    await conn.executemany(
        "INSERT INTO kernel_division (code, name, full_name, level, parent_code, kind, active,"
        " successor_code, source, is_demo) VALUES ($1, $2, $3, $4, $5, $6, true, '', '', true)",
        [
            (CITY, "衢州市", "衢州市", "city", "", ""),
            (KECHENG, "柯城区", "衢州市柯城区", "county", CITY, ""),
            (QUJIANG, "衢江区", "衢州市衢江区", "county", CITY, ""),
            (SHILIANG, "石梁镇", "柯城区石梁镇", "township", KECHENG, ""),
            (VILLAGE, "演示村", "石梁镇演示村", "village", SHILIANG, "resettlement"),
            (NIANLI, "廿里镇", "衢江区廿里镇", "township", QUJIANG, ""),
            (BAIMA, "白马新村", "廿里镇白马新村", "village", NIANLI, "reservoir_area"),
        ],
    )
    await conn.close()
    return name


@pytest.fixture(scope="session")
def worker_id(request: pytest.FixtureRequest) -> str:
    """Name of the xdist worker, `main` without xdist."""
    return str(getattr(request.config, "workerinput", {}).get("workerid", "main"))


def _clone(server: pg.Server, template: str) -> Database:
    name = f"t_{uuid.uuid4().hex[:12]}"
    owner = server.create_database(name, template)
    return Database(name, owner, server.dsn(pg.APP, name))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_db(server: pg.Server, template: str) -> AsyncIterator[Database]:
    """One clone for all tests that roll back."""
    database = _clone(server, template)
    yield database
    await close_pool()
    server.drop_database(database.name)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def demo_built(server: pg.Server, worker_id: str) -> tuple[str, Summary]:
    """A small demonstration of Quzhou, in every state: its database, that nobody connects to, and what it holds."""
    name = f"demo_{worker_id}"
    server.drop_database(name)
    owner = server.create_database(name)
    await migrate(owner)
    conn = await asyncpg.connect(**connect_arguments(owner))
    await write_places(conn, read_places(DIVISIONS))
    await conn.close()
    ENGINE.configure(server.dsn(pg.APP, name))
    await open_pool(size=4)
    assert not await is_there()
    done = await build_demo(owner, lambda *_: None, households=600, projects=90)
    assert await is_there()
    await close_pool()
    return name, done


@pytest.fixture(scope="session")
def demo_template(demo_built: tuple[str, Summary]) -> str:
    """Name of the demonstration, to be cloned."""
    return demo_built[0]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def demo_db(server: pg.Server, demo_template: str) -> AsyncIterator[Database]:
    """One clone of the demonstration for tests that only read, or write what nobody else looks at."""
    database = _clone(server, demo_template)
    yield database
    server.drop_database(database.name)


@pytest.fixture(scope="session")
def live(demo_db: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The real server on the demonstration, as `make run` starts it; answers its address."""
    with running_server(demo_db, tmp_path_factory.mktemp("live"), QM_STOP_SECONDS="1") as address:
        yield address


@pytest_asyncio.fixture(loop_scope="session")
async def pool(shared_db: Database) -> Database:
    """The pool on the shared clone; it stays open for the next test, with all its connections have learnt."""
    ENGINE.configure(shared_db.app)
    await open_pool(size=4)
    return shared_db


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def recycled(server: pg.Server, template: str) -> AsyncIterator[Recycled]:
    """The clone that tests hand on to each other, cleaned in between."""
    clone = Recycled(server, template)
    yield clone
    clone.drop()


@pytest_asyncio.fixture(loop_scope="session")
async def db(recycled: Recycled) -> AsyncIterator[Database]:
    """A database of one's own, with the pool on it: for commits, jobs, locks."""
    database = await recycled.take()
    ENGINE.configure(database.app)
    await open_pool(size=8)
    yield database
    await close_pool()
    await recycled.give_back()


@pytest_asyncio.fixture(loop_scope="session")
async def tx(pool: Database) -> AsyncIterator[Tx]:
    """A rolled-back transaction of the machine itself: whole range, every permission."""
    async with rolled_back(SYSTEM, NOW) as opened:
        yield opened


@pytest.fixture
def tx_as(pool: Database) -> Callable[..., AbstractAsyncContextManager[Tx]]:
    """`async with tx_as(Role.COUNTY_CLERK, KECHENG) as tx:` — rolled back at its end."""

    def open_as(role: str, division: str, *, at: datetime = NOW, **who: Any) -> AbstractAsyncContextManager[Tx]:
        return rolled_back(actor(role, division, **who), at)

    return open_as


@pytest.fixture
def client_as(db: Database) -> Callable[..., AbstractAsyncContextManager[Any]]:
    """`async with client_as(role, division) as http:` — an HTTP client signed in to the real application."""

    @asynccontextmanager
    async def sign_in(role: str | None, division: str = CITY) -> AsyncIterator[httpx.AsyncClient]:
        async with visitor() as http:
            if role:
                user = await make_account(db, role, division)
                http.cookies.set(COOKIE, await open_session(user, "test"))
            yield http

    return sign_in

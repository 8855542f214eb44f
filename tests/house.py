"""What tests share: places, people, ways to act as somebody. `from house import actor, become`."""

from __future__ import annotations

import asyncio
import functools
import itertools
import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from quzhou_migrants.accounts.roles import OUTSIDERS
from quzhou_migrants.app import create_app
from quzhou_migrants.kernel.actor import Actor, ancestors
from quzhou_migrants.kernel.audit import seal
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.clock import SHANGHAI
from quzhou_migrants.kernel.db import connect_arguments
from quzhou_migrants.kernel.permissions import permissions_of
from quzhou_migrants.kernel.tx import Tx, _range, begin
from quzhou_migrants.settings import load

NOW = datetime(2026, 9, 16, 10, 0, tzinfo=SHANGHAI)
CITY, KECHENG, QUJIANG = "330800000000", "330802000000", "330803000000"
SHILIANG, VILLAGE = "330802100000", "330802100201"
NIANLI, BAIMA = "330803112000", "330803112229"
_numbers = itertools.count(1)
AT_END = AsyncExitStack()
"""What tests share and the end of the run closes."""
PATIENCE = 1200
"""Tenths of a second that another test's transaction may take on a busy machine."""


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@functools.cache
def application() -> Any:
    """The application, built once for a run: which database it asks is the pool's affair, not its own."""
    return create_app(load({"QM_DATA": os.environ["QM_DATA"]}), app_dsn="the pool is opened by a fixture")


def visitor() -> httpx.AsyncClient:
    """An HTTP client before the application itself, from a page of its own; nobody signed in."""
    transport = httpx.ASGITransport(app=application(), raise_app_exceptions=False)
    headers = {"Sec-Fetch-Site": "same-origin"}
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", headers=headers)


@contextmanager
def running_server(db: Database, folder: Path, *, workers: int = 1, **environ: str) -> Iterator[str]:
    """Serve a database with the program's own command; answers its address. The process ends with the block."""
    with server_process(db, folder, workers=workers, **environ) as (address, _):
        yield address


@contextmanager
def server_process(
    db: Database, folder: Path, *, workers: int = 1, **environ: str
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Serve a database in a process group of its own, which a test may kill."""
    port = free_port()
    env = {
        **{k: v for k, v in os.environ.items() if not k.startswith("QM_") or k in {"QM_KEYS", "QM_DATA"}},
        "DATABASE_URL": db.owner,
        "DATABASE_APP_URL": db.app,
        "QM_PORT": str(port),
        "QM_WORKERS": str(workers),
        "QM_LOG_LEVEL": "warning",
        **environ,
    }
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "quzhou_migrants", "serve"],
            env=env,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        address = f"http://127.0.0.1:{port}"
        try:
            _wait_until_ready(address, process, folder / "server.log")
            yield address, process
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait(30)


def _wait_until_ready(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise RuntimeError(log.read_text())
        try:
            if httpx.get(f"{address}/ready", timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"not ready in 30 s: {log.read_text()}")


@dataclass(frozen=True)
class Database:
    """One database: addresses for its owner and for the application."""

    name: str
    owner: str
    app: str


def actor(
    role: str, division: str, *, user_id: int | None = None, name: str = "", engagement: int | None = None
) -> Actor:
    """A person in one post; no account row is needed."""
    number = user_id or next(_numbers)
    return Actor(
        number,
        name or f"{CATALOGUE.role(role)}{number}",
        str(role),
        1,
        "演示单位",
        division,
        number,
        (engagement or 0) if role in OUTSIDERS else None,
        permissions_of(role),
        f"演示单位{CATALOGUE.role(role)}",
        is_demo=True,
    )


class _UndoError(Exception):
    pass


@asynccontextmanager
async def rolled_back(who: Actor, at: datetime) -> AsyncIterator[Tx]:
    """A transaction that never commits."""
    try:
        async with begin(who, request_id=uuid.uuid4().hex[:16], command="test", at=at) as tx:
            yield tx
            await tx.deliver()
            raise _UndoError
    except _UndoError:
        pass


@asynccontextmanager
async def become(tx: Tx, who: Actor) -> AsyncIterator[Tx]:
    """Act as somebody else inside the same transaction (its range included), for whole journeys."""
    before = (tx.actor, tx._policy)

    async def enter(person: Actor) -> None:
        lo, hi = _range(person)
        up = ",".join(ancestors(person.division_code)) if person.division_code and not person.is_outsider else ""
        await tx.conn.execute(
            "SELECT set_config('app.lo',$1,true), set_config('app.hi',$2,true), set_config('app.up',$3,true),"
            " set_config('app.engagement',$4,true), set_config('app.actor',$5,true),"
            " set_config('app.actor_name',$6,true)",
            lo,
            hi,
            up,
            str(person.engagement_id or ""),
            str(person.user_id or ""),
            person.name,
        )
        tx.actor, tx._policy = person, None

    await enter(who)
    yield tx
    await tx.deliver()
    await enter(before[0])


async def make_account(db: Database, role: str, division: str) -> int:
    """Write an organisation, a person and a post; answer the person's id. The business clock is set."""
    conn = await asyncpg.connect(**connect_arguments(db.owner))
    number = next(_numbers)
    org = await conn.fetchval(
        "INSERT INTO accounts_org (division_code, name, kind, is_demo) VALUES ($1, $2, 'bureau', true) RETURNING id",
        division,
        f"演示单位{number}",
    )
    user = await conn.fetchval(
        "INSERT INTO accounts_user (division_code, login, name, phone_mask, password_hash, must_change, active,"
        " version, is_demo) VALUES ($1, $2, $3, '', '', false, true, 1, true) RETURNING id",
        division,
        f"user{number}",
        f"演示人员{number}",
    )
    await conn.execute(
        'INSERT INTO accounts_post (division_code, "user", org, role, active) VALUES ($1, $2, $3, $4, true)',
        division,
        user,
        org,
        str(role),
    )
    await conn.execute(
        "INSERT INTO kernel_setting (key, value) VALUES ('business_clock', jsonb_build_object('shift_seconds',"
        " extract(epoch FROM $1::timestamptz - now()))) ON CONFLICT DO NOTHING",
        NOW,
    )
    await conn.close()
    return int(user)


async def settled(conn: asyncpg.Connection) -> None:
    """Wait until nothing on the server runs that began before the last change: then all of them can be sealed."""
    for _ in range(PATIENCE):
        if await conn.fetchval(
            "SELECT coalesce(max(txid), 0) < pg_snapshot_xmin(pg_current_snapshot())::text::bigint FROM kernel_change"
        ):
            return
        await asyncio.sleep(0.1)


async def sealed(conn: asyncpg.Connection, count: int) -> int:
    """Seal until so many changes are linked; answer how many were.

    Sealing waits for every transaction that runs anywhere on the server, other tests' included.
    """
    done = 0
    for _ in range(PATIENCE):
        done += await seal(conn)
        if done >= count:
            break
        await asyncio.sleep(0.1)
    return done

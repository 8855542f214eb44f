"""The real server: ready only when it is, several processes, no request lost when it stops."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from quzhou_migrants.kernel.db import ENGINE, connect_arguments
from quzhou_migrants.web.health import ready

PATIENCE = 60  # seconds: the machine may be busy with other tests


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(db: Any, folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    port = free_port()
    environ = {
        **os.environ,
        "DATABASE_URL": db.owner,
        "DATABASE_APP_URL": db.app,
        "QM_DATA": str(folder),
        "QM_KEYS": str(folder / "keys.json"),
    }
    command = [sys.executable, "-m", "quzhou_migrants", "serve", "--port", str(port), *options]
    process = subprocess.Popen(
        command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    try:
        yield process, f"http://127.0.0.1:{port}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=PATIENCE)


async def until_ready(address: str) -> None:
    async with httpx.AsyncClient() as http, asyncio.timeout(PATIENCE):
        while True:
            try:
                if (await http.get(f"{address}/ready")).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)


def children(pid: int) -> list[int]:
    threads = Path(f"/proc/{pid}/task").iterdir()
    return [int(number) for thread in threads for number in (thread / "children").read_text().split()]


def alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status")
    return status.exists() and "State:\tZ" not in status.read_text()


async def test_requests_under_way_are_answered_when_it_stops(db: Any, tmp_path: Path) -> None:
    with served(db, tmp_path, "--workers", "2") as (process, address):
        await until_ready(address)
        form = {"login": "nobody", "password": "wrong-password"}
        headers = {"Origin": address, "Sec-Fetch-Site": "same-origin"}
        async with httpx.AsyncClient(timeout=PATIENCE, limits=httpx.Limits(max_connections=8)) as http:
            # Each takes a tenth of a second of password hashing, so the signal finds them under way.
            asked = [asyncio.create_task(http.post(f"{address}/sign-in", data=form, headers=headers)) for _ in range(8)]
            await asyncio.sleep(0.15)
            process.send_signal(signal.SIGTERM)
            answers = await asyncio.gather(*asked)
        assert {answer.status_code for answer in answers} <= {422, 429}
        assert len(answers) == 8
        output, _ = await asyncio.to_thread(process.communicate, timeout=PATIENCE)
        assert process.returncode == 0
        assert "已停止" in output
        assert "refused to gracefully stop" not in output


@pytest.mark.slow
async def test_a_fallen_process_is_replaced(db: Any, tmp_path: Path) -> None:
    with served(db, tmp_path, "--workers", "1", "--with-worker") as (process, address):
        await until_ready(address)
        before = set(children(process.pid))
        assert len(before) == 2
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + PATIENCE
        while len(set(children(process.pid)) - before) < 2 and time.monotonic() < deadline:
            await asyncio.sleep(0.2)
        await until_ready(address)
        assert len(set(children(process.pid)) - before) == 2


@pytest.mark.slow
async def test_nothing_survives_a_killed_server(db: Any, tmp_path: Path) -> None:
    with served(db, tmp_path, "--workers", "2", "--with-worker") as (process, address):
        await until_ready(address)
        left = children(process.pid)
        assert len(left) == 3
        process.kill()
        deadline = time.monotonic() + PATIENCE
        while any(alive(pid) for pid in left) and time.monotonic() < deadline:
            await asyncio.sleep(0.1)
        assert [pid for pid in left if alive(pid)] == []


def test_a_database_of_another_version_is_not_served(server: Any, tmp_path: Path) -> None:
    class Empty:
        owner = server.create_database("empty_for_serve")
        app = server.dsn("qm_app", "empty_for_serve")

    with served(Empty, tmp_path) as (process, _):
        output, _ = process.communicate(timeout=PATIENCE)
    server.drop_database("empty_for_serve")
    assert (process.returncode, "migrate" in output) == (4, True)


async def test_a_port_in_use_is_not_shared(db: Any, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        with served(db, tmp_path, "--port", str(other.getsockname()[1])) as (process, _):
            output, _ = await asyncio.to_thread(process.communicate, timeout=PATIENCE)
    assert (process.returncode, "占用" in output) == (1, True)


async def test_ready_tells_why_not(db: Any) -> None:
    assert (await ready.fn()).status_code == 200
    connection = await asyncpg.connect(**connect_arguments(db.owner))
    await connection.execute("UPDATE kernel_setting SET value = '{\"version\": \"older\"}' WHERE key = 'schema'")
    await connection.close()
    other = await ready.fn()
    assert (other.status_code, other.content) == (503, {"status": "other schema"})
    pool, ENGINE.pool = ENGINE.pool, None
    gone = await ready.fn()
    ENGINE.pool = pool
    assert (gone.status_code, gone.content) == (503, {"status": "no database"})

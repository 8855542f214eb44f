"""Scheduled work: one leader, every period once, nothing forgotten."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from quzhou_migrants.kernel.db import ENGINE, connect_arguments
from quzhou_migrants.kernel.jobs import ATTEMPTS, Job, Ticker
from quzhou_migrants.kernel.tx import Tx

ADD = "INSERT INTO kernel_refusal (code, path) VALUES ('JOB', $1)"


async def work(tx: Tx, period: str) -> None:
    await tx.conn.execute(ADD, period)


async def done() -> list[str]:
    return [row["path"] for row in await pool().fetch("SELECT path FROM kernel_refusal WHERE code = 'JOB' ORDER BY id")]


async def runs() -> list[tuple[str, str, int]]:
    rows = await pool().fetch("SELECT job, state, attempts FROM kernel_job_run WHERE job LIKE 'test.%' ORDER BY id")
    return [tuple(row) for row in rows]


def pool() -> Any:
    assert ENGINE.pool is not None
    return ENGINE.pool


async def set_business_clock(owner: str, day: str) -> None:
    shift = datetime.fromisoformat(f"{day}T12:00:00+08:00") - datetime.now(UTC)
    connection = await asyncpg.connect(**connect_arguments(owner))
    await connection.execute(
        "INSERT INTO kernel_setting (key, value) VALUES"
        " ('business_clock', jsonb_build_object('shift_seconds', $1::float8))"
        " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        shift.total_seconds(),
    )
    await connection.close()


async def test_a_period_runs_once_however_often_it_ticks(db: Any) -> None:
    await set_business_clock(db.owner, "2026-09-16")
    ticker = Ticker([Job("test.day", "day", work)], db.owner)
    assert [await ticker.tick() for _ in range(3)] == [2, 0, 0]
    assert await done() == ["2026-09-16"]


async def test_only_the_holder_of_the_lease_runs(db: Any) -> None:
    await set_business_clock(db.owner, "2026-09-16")
    first, second = (Ticker([Job("test.day", "day", work)], db.owner) for _ in range(2))
    assert await first.hold() is True
    assert await second.hold() is False
    assert await second.tick() == 0
    assert await done() == []


async def test_a_lease_that_ran_out_goes_to_another(db: Any) -> None:
    first, second = Ticker([], db.owner, lease=0.2), Ticker([], db.owner, lease=5)
    assert await first.hold() is True
    await asyncio.sleep(0.3)
    assert await second.hold() is True
    assert await first.hold() is False


async def test_missed_days_are_caught_up_oldest_first(db: Any) -> None:
    job = Job("test.day", "day", work)
    await set_business_clock(db.owner, "2026-09-12")
    await Ticker([job], db.owner, lease=0.01).tick()
    await set_business_clock(db.owner, "2026-09-16")
    await asyncio.sleep(0.05)
    await Ticker([job], db.owner).tick()
    assert await done() == ["2026-09-12", "2026-09-13", "2026-09-14", "2026-09-15", "2026-09-16"]


async def test_a_clock_moved_back_repeats_nothing(db: Any) -> None:
    ticker = Ticker([Job("test.day", "day", work)], db.owner)
    await set_business_clock(db.owner, "2026-09-16")
    await ticker.tick()
    await set_business_clock(db.owner, "2026-03-01")
    await ticker.tick()
    assert await done() == ["2026-09-16"]


async def test_a_failed_run_leaves_nothing_and_is_tried_again_later(db: Any) -> None:
    broken = [True]

    async def sometimes(tx: Tx, period: str) -> None:
        await tx.conn.execute(ADD, period)
        if broken[0]:
            raise ValueError("13812345678")

    await set_business_clock(db.owner, "2026-09-16")
    ticker = Ticker([Job("test.shaky", "day", sometimes)], db.owner)
    await ticker.tick()
    assert (await done(), await runs()) == ([], [("test.shaky", "failed", 1)])
    assert await pool().fetchval("SELECT note FROM kernel_job_run WHERE job = 'test.shaky'") == "ValueError: [phone]"
    broken[0] = False
    await ticker.tick()
    assert await runs() == [("test.shaky", "failed", 1)]
    await pool().execute("UPDATE kernel_job_run SET finished_at = now() - interval '2 minutes'")
    await ticker.tick()
    assert (await done(), await runs()) == (["2026-09-16"], [("test.shaky", "done", 2)])


async def test_a_hopeless_run_is_given_up(db: Any) -> None:
    async def never(tx: Tx, period: str) -> None:
        raise ValueError(period)

    await set_business_clock(db.owner, "2026-09-16")
    ticker = Ticker([Job("test.never", "day", never)], db.owner)
    for _ in range(ATTEMPTS + 2):
        await ticker.tick()
        await pool().execute("UPDATE kernel_job_run SET finished_at = now() - interval '1 hour'")
    assert await runs() == [("test.never", "failed", ATTEMPTS)]


async def test_one_failing_job_does_not_stop_the_others(db: Any) -> None:
    async def never(tx: Tx, period: str) -> None:
        raise ValueError(period)

    await set_business_clock(db.owner, "2026-09-16")
    await Ticker([Job("test.never", "day", never), Job("test.day", "day", work)], db.owner).tick()
    assert await runs() == [("test.never", "failed", 1), ("test.day", "done", 1)]


async def test_what_a_deposed_leader_did_is_rolled_back(db: Any) -> None:
    async def slow(tx: Tx, period: str) -> None:
        await tx.conn.execute(ADD, period)
        await pool().execute("UPDATE kernel_job_run SET owner = 'another' WHERE job = 'test.slow'")

    await set_business_clock(db.owner, "2026-09-16")
    await Ticker([Job("test.slow", "day", slow)], db.owner).tick()
    assert (await done(), await runs()) == ([], [("test.slow", "running", 1)])


async def test_work_of_a_dead_leader_is_done_again(db: Any) -> None:
    await set_business_clock(db.owner, "2026-09-16")
    await pool().execute(
        "INSERT INTO kernel_job_run (job, period, owner) VALUES ('test.day', '2026-09-16', 'a process that died')"
    )
    await Ticker([Job("test.day", "day", work)], db.owner).tick()
    assert (await done(), await runs()) == (["2026-09-16"], [("test.day", "done", 2)])


async def test_work_of_the_owner_gets_its_own_connection(db: Any) -> None:
    async def as_owner(connection: Any, period: str) -> None:
        user = await connection.fetchval("SELECT current_user")
        await connection.execute(ADD, f"{user} {period}")

    await set_business_clock(db.owner, "2026-09-16")
    await Ticker([Job("test.owner", "day", as_owner, as_owner=True)], db.owner).tick()
    assert await done() == ["qm_owner 2026-09-16"]


async def test_the_lease_is_handed_on_at_the_end(db: Any) -> None:
    stop = asyncio.Event()
    ticker = Ticker([Job("test.minute", "minute", work)], db.owner)
    serving = asyncio.create_task(ticker.serve(stop))
    async with asyncio.timeout(10):
        while not await done():
            await asyncio.sleep(0.05)
    stop.set()
    await asyncio.wait_for(serving, 10)
    assert await Ticker([], db.owner).hold() is True


PROCESS = textwrap.dedent("""
    import asyncio, sys
    from quzhou_migrants.kernel.db import ENGINE, open_pool
    from quzhou_migrants.kernel.jobs import Job, Ticker

    async def work(tx, period):
        await tx.conn.execute("INSERT INTO kernel_refusal (code, path) VALUES ('JOB', $1)", period)

    async def main():
        ENGINE.configure(sys.argv[1])
        await open_pool(size=2)
        ticker = Ticker([Job("test.minute", "minute", work)], sys.argv[2], lease=2)
        print(ticker.name, flush=True)
        await ticker.serve(asyncio.Event())

    asyncio.run(main())
""")


@pytest.mark.slow
async def test_after_the_leader_is_killed_another_takes_over_and_nothing_runs_twice(db: Any) -> None:
    command = [sys.executable, "-c", PROCESS, db.app, db.owner]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    names = {str(process.stdout and process.stdout.readline().strip()): process for process in processes}

    async def leader(other_than: str = "") -> str:
        async with asyncio.timeout(30):
            while True:
                found = str(await pool().fetchval("SELECT owner FROM kernel_lease WHERE until > now()"))
                if found in names and found != other_than:
                    return found
                await asyncio.sleep(0.1)

    try:
        first = await leader()
        async with asyncio.timeout(30):
            while not await done():
                await asyncio.sleep(0.1)
        os.kill(names[first].pid, signal.SIGKILL)
        await leader(other_than=first)
        found = await done()
        assert len(found) == len(set(found))
    finally:
        for process in processes:
            process.kill()
            process.communicate()

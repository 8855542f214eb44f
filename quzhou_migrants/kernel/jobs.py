"""Scheduled work: APScheduler ticks, the database decides.

One process leads by a lease on the database's clock. Every run is a row unique on (job, period),
finished in the transaction of the work itself: after a crash a period is either done or done again,
never half and never twice. Periods missed while nothing ran are caught up at the first tick.
A day's work starts when the day begins, so what closes at the end of a day is seen on the next.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from quzhou_migrants.kernel.db import ENGINE, connect_arguments
from quzhou_migrants.kernel.logs import logger, scrub_text
from quzhou_migrants.kernel.periods import CATCH_UP, Kind, due
from quzhou_migrants.kernel.tx import system_tx

LOG = logger("jobs")
LEASE_SECONDS = 15
BEAT_SECONDS = 4
ATTEMPTS = 5

HOLD = """
INSERT INTO kernel_lease (name, owner, until) VALUES ('jobs', $1, now() + make_interval(secs => $2))
ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until = excluded.until
WHERE kernel_lease.owner = excluded.owner OR kernel_lease.until < now()
RETURNING true
"""
# Only the leader claims, so a run left `running` by another owner belongs to a process that died.
CLAIM = """
INSERT INTO kernel_job_run AS r (job, period, owner, state, attempts, started_at, note)
VALUES ($1, $2, $3, 'running', 1, now(), '')
ON CONFLICT (job, period) DO UPDATE
SET owner = excluded.owner, state = 'running', attempts = r.attempts + 1, started_at = now()
WHERE r.attempts < $4 AND ((r.state = 'running' AND r.owner <> excluded.owner)
  OR (r.state = 'failed' AND r.finished_at < now() - make_interval(mins => r.attempts)))
RETURNING id
"""
KNOWN = """
SELECT job, max(period) AS last,
  array_agg(period ORDER BY period) FILTER (WHERE state <> 'done' AND attempts < $1) AS open
FROM kernel_job_run GROUP BY job
"""
FINISH = """
UPDATE kernel_job_run SET state = 'done', finished_at = now(), note = ''
WHERE id = $1 AND owner = $2 AND state = 'running' RETURNING true
"""
FAIL = "UPDATE kernel_job_run SET state = 'failed', finished_at = now(), note = $3 WHERE id = $1 AND owner = $2"
PRUNE = """
DELETE FROM kernel_job_run WHERE state = 'done'
AND finished_at < now() - CASE length(period) WHEN 16 THEN interval '2 days' ELSE interval '3 years' END
"""


@dataclass(frozen=True, slots=True)
class Job:
    """Work for every period. `run(tx, period)`; with `as_owner`, `run(connection, period)` outside a transaction."""

    name: str
    period: Kind
    run: Callable[[Any, str], Awaitable[object]]
    as_owner: bool = False
    catch_up: int | None = None


class LeaseLostError(RuntimeError):
    """Another process leads now; what this one was doing is rolled back."""


async def prune(tx: Any, _period: str) -> None:  # noqa: ANN401 - every job has this shape
    """Forget finished runs nobody will ask for."""
    await tx.conn.execute(PRUNE)


class Ticker:
    """Runs due jobs while it holds the lease; any number of tickers may stand by."""

    def __init__(self, jobs: Sequence[Job], owner_dsn: str, *, lease: float = LEASE_SECONDS) -> None:
        """Take the jobs of the house; nothing runs before `serve` or `tick`."""
        self.jobs = (*jobs, Job("kernel.jobs.prune", "day", prune, catch_up=1))
        self.owner_dsn = owner_dsn
        self.lease = lease
        self.name = uuid.uuid4().hex
        self._busy = asyncio.Lock()

    async def serve(self, stop: asyncio.Event) -> None:
        """Tick until told to stop; then finish what runs and hand the lease on."""
        scheduler = AsyncIOScheduler(
            timezone="Asia/Shanghai",
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        scheduler.add_job(self._safe(self.hold), "interval", seconds=min(BEAT_SECONDS, self.lease / 3))
        scheduler.add_job(self._safe(self.tick), "interval", seconds=BEAT_SECONDS)
        scheduler.start()
        await self._safe(self.tick)()
        await stop.wait()
        scheduler.remove_all_jobs()
        async with self._busy:
            scheduler.shutdown(wait=False)
            with contextlib.suppress(OSError, asyncpg.PostgresError):
                await self._pool().execute("DELETE FROM kernel_lease WHERE name = 'jobs' AND owner = $1", self.name)

    async def hold(self) -> bool:
        """Take or renew the lease; tell whether we lead."""
        return bool(await self._pool().fetchval(HOLD, self.name, float(self.lease)))

    async def tick(self) -> int:
        """Run everything that is due, if we lead; answer how many runs succeeded."""
        if self._busy.locked():
            return 0
        async with self._busy:
            if not await self.hold():
                return 0
            return sum([await self._run(job, period) for job, period in await self._due()])

    async def _due(self) -> list[tuple[Job, str]]:
        known = {row["job"]: row for row in await self._pool().fetch(KNOWN, ATTEMPTS)}
        async with system_tx("kernel.jobs.tick") as tx:
            now = tx.now
        found: list[tuple[Job, str]] = []
        for job in self.jobs:
            row = known.get(job.name)
            limit = job.catch_up or CATCH_UP[job.period]
            fresh = due(job.period, row["last"] if row else None, now, limit)
            found += [(job, period) for period in sorted({*((row and row["open"]) or ()), *fresh})]
        return found

    async def _run(self, job: Job, period: str) -> bool:
        run_id = await self._pool().fetchval(CLAIM, job.name, period, self.name, ATTEMPTS)
        if run_id is None:
            return False
        try:
            await (self._as_owner if job.as_owner else self._as_system)(job, period, run_id)
        except LeaseLostError:
            LOG.warning("job.lease_lost", job=job.name, period=period)
            return False
        except Exception as error:
            LOG.exception("job.failed", job=job.name, period=period)
            await self._pool().execute(FAIL, run_id, self.name, scrub_text(f"{type(error).__name__}: {error}")[:1000])
            return False
        LOG.info("job.done", job=job.name, period=period)
        return True

    async def _as_system(self, job: Job, period: str, run_id: int) -> None:
        async with system_tx(job.name) as tx:
            await job.run(tx, period)
            if not await tx.conn.fetchval(FINISH, run_id, self.name):
                raise LeaseLostError

    async def _as_owner(self, job: Job, period: str, run_id: int) -> None:
        connection = await asyncpg.connect(**connect_arguments(self.owner_dsn))
        try:
            await job.run(connection, period)
        finally:
            await connection.close()
        if not await self._pool().fetchval(FINISH, run_id, self.name):
            raise LeaseLostError

    @staticmethod
    def _safe(work: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[None]]:
        """Log instead of raising: a database restart must not end the ticking."""

        async def attempt() -> None:
            try:
                await work()
            except Exception:
                LOG.exception("job.tick_failed")

        return attempt

    @staticmethod
    def _pool() -> Any:  # noqa: ANN401 - asyncpg has no types
        if ENGINE.pool is None:
            raise LeaseLostError
        return ENGINE.pool

"""The reserve at 20,000 projects: its list with filters, a freeze, two freezes compared, a day of the past."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg

from projects.refresh import lists, queries, rules, service
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel import pg
from quzhou_migrants.kernel.actor import Actor
from quzhou_migrants.kernel.db import ENGINE, close_pool, connect_arguments, open_pool
from quzhou_migrants.kernel.permissions import permissions_of
from quzhou_migrants.kernel.tx import Tx, begin
from tests.bench.harness import RUNS, Figure
from tests.bench.load import load
from tests.bench.place import cookie, filled, served

PROJECTS, COUNTY = 20_000, "330803000000"
LISTS = {
    "reserve list": "/reserve",
    "reserve list by county and category": f"/reserve?division={COUNTY}&category=industry",
    "reserve list by title": "/reserve?q=%E6%B8%A0%E9%81%93",
    "reserve as of a day": "/refresh/as-of?day=2026-08-01",
}
COMPARED = "/refresh/compare?before=2026-04&after=2026-10"
_FILL = """
INSERT INTO projects_project (code, division_code, title, title_grams, category, state, estimate_fen, asked_fen,
  own_fen, beneficiaries, migrants, round, admitted_at, valid_until, submitted_at)
SELECT 'B-' || n, v.code, '渠道修复' || n, ARRAY['渠道', '道修', '修复'],
  (ARRAY['farmland_water', 'industry', 'ecology'])[1 + n % 3], 'admitted', 30000000 + n, 24000000, 6000000 + n,
  300 + n % 50, 200, 1, '2026-03-20 10:00+08', date '2029-03-20' + n % 700, '2026-03-02 10:00+08'
FROM generate_series(1, $1::int) n
JOIN (SELECT code, row_number() OVER (ORDER BY code) - 1 AS at, count(*) OVER () AS many FROM kernel_division
  WHERE level = 'village' AND code >= '330803' AND code < '330804') v ON v.at = n % v.many
"""
_TOLD = """
INSERT INTO kernel_journal (at, division_code, subject_table, subject_id, verb, to_state, request_id)
SELECT p.admitted_at, p.division_code, 'projects_project', p.id, 'PROJECT.admit', 'admitted', 'bench-' || p.id
FROM projects_project p WHERE p.code LIKE 'B-%'
"""
_TOUCH = """
UPDATE projects_project SET asked_fen = asked_fen - 100, own_fen = own_fen + 100
WHERE code LIKE 'B-%' AND id % 10 = 0
"""


def measure() -> list[Figure]:
    """Fill a folder once, freeze twice with a tenth changed between, then ask."""
    folder = filled(1_000)
    running = pg.start(folder)
    try:
        figures = asyncio.run(_prepared(running))
    finally:
        running.release()
    with served(folder) as site:
        signed_in = cookie(site.address)
        for title, path in LISTS.items():
            load(site.address + path, signed_in, seconds=2, connections=1)
            found = load(site.address + path, signed_in)
            figures.append(Figure(f"{title}, {PROJECTS:,} projects: p95", "ms", (found.p95,), aim=120))
        found = load(site.address + COMPARED, signed_in, connections=1)
        name = f"snapshots compared, {PROJECTS:,} projects, one visitor: p95"
        figures.append(Figure(name, "ms", (found.p95,), aim=120))
    return figures


async def _prepared(server: pg.Server) -> list[Figure]:
    owner = await asyncpg.connect(**connect_arguments(server.owner_dsn))
    there = await owner.fetchval("SELECT count(*) FROM projects_project WHERE code LIKE 'B-%'")
    if not there:
        await owner.execute(_FILL, PROJECTS)
        await owner.execute(_TOLD)
    ENGINE.configure(server.app_dsn)
    await open_pool(size=2, patience=600)
    clerk = Actor(
        1, "", Role.COUNTY_CLERK, division_code=COUNTY, post_id=1, permissions=permissions_of(Role.COUNTY_CLERK)
    )
    if not there:
        await _frozen(clerk, "2026-04")
        await owner.execute(_TOUCH)
        await _frozen(clerk, "2026-10")
        await owner.execute("ANALYZE", timeout=600)
    async with begin(clerk, request_id="bench") as tx:
        await tx.conn.execute(
            "SELECT set_config($1, '2026-04', true), set_config($2, '2026-10', true)", lists.BEFORE, lists.AFTER
        )
        figures = [
            await _timed("count what differs between two snapshots", tx, _differing),
            await _timed("reserve read and hashed", tx, _hashed),
        ]
    await close_pool()
    await owner.close()
    return figures


async def _frozen(clerk: Actor, name: str) -> None:
    async with begin(clerk, request_id=f"bench-{name}") as tx:
        await service.freeze(tx, COUNTY, name)


async def _differing(tx: Tx) -> int:
    return int(await tx.conn.fetchval(f"SELECT count(*) FROM {lists.COMPARED} WHERE kind <> 'same'"))


async def _hashed(tx: Tx) -> str:
    return rules.digest(await queries.reserve_now(tx, COUNTY, None))


async def _timed(title: str, tx: Tx, work: Callable[[Tx], Awaitable[Any]]) -> Figure:
    """Time some work on one connection, after one run that warms up."""
    loop = asyncio.get_running_loop()
    values = []
    for _ in range(RUNS + 1):
        started = loop.time()
        await work(tx)
        values.append((loop.time() - started) * 1000)
    return Figure(f"{title}, {PROJECTS:,} projects", "ms", tuple(values[1:]))

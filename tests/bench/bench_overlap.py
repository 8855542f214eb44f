"""The overlap check of one application against 50,000 projects: the database's part, the comparison, together."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from datetime import datetime
from pathlib import Path

import asyncpg

from projects.screening.rules import Asked
from projects.screening.service import screen_asked
from quzhou_migrants import wiring  # noqa: F401 - grants, machines, tables
from quzhou_migrants.cli.loading import DIVISIONS
from quzhou_migrants.kernel import pg
from quzhou_migrants.kernel.clock import SHANGHAI
from quzhou_migrants.kernel.db import ENGINE, close_pool, connect_arguments, open_pool
from quzhou_migrants.kernel.divisions import read_places, write_places
from quzhou_migrants.kernel.migrate import migrate
from quzhou_migrants.kernel.tx import system_tx
from tests.bench.harness import Figure

PROJECTS, VILLAGES, ASKED = 50_000, 1_500, 200
NOW = datetime(2026, 9, 16, 10, tzinfo=SHANGHAI)
PARTS = (
    "灌溉渠道修复",
    "村道硬化",
    "山塘整治",
    "饮水提升",
    "文化礼堂改造",
    "河道护岸",
    "胡柚分拣中心",
    "屋顶光伏",
    "民宿改造",
)
FILL = """
INSERT INTO kernel_division (code, name, full_name, level, parent_code, kind, active, successor_code, source, is_demo)
SELECT left(t.code, 9) || lpad((200 + n / $1)::text, 3, '0'), '测试' || n || '村', '测试' || n || '村', 'village',
  t.code, 'resettlement', true, '', '', true
FROM generate_series(1, $2::int) n
JOIN (SELECT code, row_number() OVER (ORDER BY code) AS k FROM kernel_division WHERE level = 'township') t
  ON t.k = 1 + n % $1
"""
PROJECT = """
INSERT INTO projects_project (code, division_code, title, state, estimate_fen, lat, lon, submitted_at, is_demo)
SELECT 'B-' || n, v.code, v.name || ($1::text[])[1 + n % array_length($1, 1)] || '工程', 'admitted', 10000000 + n * 100,
  28.3 + 0.9 * ((n::bigint * 7919) % 10007) / 10007.0, 118.0 + 1.2 * ((n::bigint * 104729) % 10009) / 10009.0,
  $2::timestamptz - make_interval(days => n % 1800), true
FROM generate_series(1, $3::int) n
JOIN (SELECT code, name, row_number() OVER (ORDER BY code) AS k FROM kernel_division WHERE level = 'village') v
  ON v.k = 1 + n % $4
"""


def measure() -> list[Figure]:
    """Screen some hundred applications over the county, each in a transaction of its own."""
    with tempfile.TemporaryDirectory(prefix="overlap-") as folder:
        running = pg.start(Path(folder) / "postgres", fast=True)
        try:
            values = asyncio.run(_measured(running))
        finally:
            running.release()
    worst = sorted(values)[int(len(values) * 0.95)]
    return [
        Figure("overlap check against 50,000 projects", "ms", tuple(values), aim=50),
        Figure("overlap check against 50,000 projects, 95th percentile", "ms", (worst,), aim=50),
    ]


async def _measured(server: pg.Server) -> list[float]:
    owner = server.create_database("overlap")
    await migrate(owner)
    conn = await asyncpg.connect(**connect_arguments(owner))
    await write_places(conn, read_places(DIVISIONS))
    towns = await conn.fetchval("SELECT count(*) FROM kernel_division WHERE level = 'township'")
    await conn.execute(FILL, towns, VILLAGES)
    await conn.execute(PROJECT, list(PARTS), NOW, PROJECTS, VILLAGES, timeout=600)
    villages = await conn.fetch("SELECT code, name FROM kernel_division WHERE level = 'village' ORDER BY code")
    await conn.execute("ANALYZE")
    await conn.close()
    ENGINE.configure(server.dsn(pg.APP, "overlap"))
    await open_pool(size=2)
    try:
        return await _screened([(v["code"], v["name"]) for v in villages])
    finally:
        await close_pool()


async def _screened(villages: list[tuple[str, str]]) -> list[float]:
    rng = random.Random(7)
    values: list[float] = []
    like = 0
    for _ in range(ASKED):
        code, name = rng.choice(villages)
        lat, lon = 28.3 + 0.9 * rng.random(), 118.0 + 1.2 * rng.random()
        title = f"{name}{rng.choice(PARTS)}工程"
        asked = Asked(0, code, name, title, "", "farmland_water", 30_000_000, lat, lon)
        async with system_tx("bench", at=NOW) as tx:
            begun = time.perf_counter()
            found = await screen_asked(tx, asked)
            values.append((time.perf_counter() - begun) * 1000)
        like += len(found.matches)
    if like < ASKED // 10:
        raise AssertionError(like)
    return values

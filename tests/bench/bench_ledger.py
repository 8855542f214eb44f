"""The ledger at 5,000,000 entries: balances, reports, drill-down, posting, month end; every sum is its entries'."""

from __future__ import annotations

import asyncio
import os
import time
from datetime import date, datetime
from pathlib import Path

import asyncpg

from allocation.budget import closing, ledger, queries
from allocation.budget.ledger import Kind
from allocation.reports.sums import sum_faults
from quzhou_migrants import wiring  # noqa: F401 - grants, machines, tables
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel import pg
from quzhou_migrants.kernel.actor import Actor
from quzhou_migrants.kernel.clock import SHANGHAI
from quzhou_migrants.kernel.db import ENGINE, close_pool, connect_arguments, open_pool
from quzhou_migrants.kernel.permissions import permissions_of
from quzhou_migrants.kernel.tx import begin
from tests.bench.harness import RUNS, Figure
from tests.bench.load import load
from tests.bench.place import cookie, filled, served

ENTRIES = int(os.environ.get("BENCH_ENTRIES", "5000000"))
LINES, BATCHES, PIECE = 50, 12, 5_000  # lines of a project, batches, projects posted by one statement
CITY, COUNTY = "330800000000", "330803000000"
NOW, MONTH = datetime(2026, 9, 16, 10, tzinfo=SHANGHAI), date(2026, 8, 31)
PAGES = {
    "balances of the city and its counties": "/funds",
    "balances of one batch": "/funds/{batch}",
    "entries behind a figure of all counties": "/funds/entries?kinds=paid,settled",
    "entries behind one county's figure": "/funds/entries?division=330803000000&batch={batch}&kinds=claimed",
    "entries of one project": "/funds/entries?project={project}",
    "entries of a county in a month": "/funds/entries?division=330803000000&since=2026-08-01&until=2026-08-31&way=in",
    "money of one project": "/awards/{award}",
    "report by county": "/reports/use",
    "report by township": "/reports/use?by=township",
    "report by batch": "/reports/use?by=batch",
    "report by project": "/reports/use?by=project",
    "report by category": "/reports/use?by=category",
    "report by quarter of a year": "/reports/use?by=quarter&booked=2025",
    "report of plans and payments": "/reports/plan?by=township",
    "report of idle money": "/reports/idle",
    "entries behind a report's figure": "/reports/entries?division=330803000000&figure=paid_fen",
    "entries behind a quarter's figure": "/reports/entries?quarter=20252&figure=paid_fen",
    "month of the bank beside the books": "/bank/months?county=330803000000",
}
_BATCHES = """
INSERT INTO allocation_batch (division_code, doc_no, title, level, fund_kind, issued_on, cash_fen, project_fen,
  per_head_fen, persons, state, budget_year, is_demo)
SELECT $1, '测财农〔' || 2021 + n / 2 || '〕' || n || '号', '测量用资金', 'province', 'project',
  make_date(2021 + n / 2, 1 + n % 12, 5), 0, 1000000000000000, 60000, 0, 'recorded', 2021 + n / 2, true
FROM generate_series(0, $2 - 1) n RETURNING id
"""
_PROJECTS = """
INSERT INTO projects_project (code, division_code, title, category, state, estimate_fen, asked_fen)
SELECT 'L-' || n, v.code, '测量项目' || n, 'ecology', 'building', 200000000, 100000000
FROM generate_series(1, $1::int) n
JOIN (SELECT code, row_number() OVER (ORDER BY code) - 1 AS at, count(*) OVER () AS many FROM kernel_division
  WHERE level = 'village') v ON v.at = n % v.many RETURNING id
"""
_AWARDS = """
INSERT INTO allocation_award (division_code, project, amount_fen, source, awarded_at, is_demo)
SELECT division_code, id, 1000000, 'factor', '2021-01-09 10:00+08', true FROM projects_project WHERE code LIKE 'L-%'
"""
# 50 lines a project: award, contract, eleven claims asked and paid, a final account; batches and years spread.
_LINES = """
INSERT INTO allocation_entry (event_key, line, division_code, batch, project, kind, amount_fen, source_table, source_id,
  posted_at)
SELECT 'bench:' || p.id || ':' || e.step, s.line,
  CASE WHEN e.step = 0 AND s.line = 0 THEN rpad(left(p.division_code, 6), 12, '0') ELSE p.division_code END,
  ($3::bigint[])[1 + p.id % array_length($3::bigint[], 1)],
  CASE WHEN e.step = 0 AND s.line = 0 THEN NULL ELSE p.id END, CASE s.line WHEN 0 THEN e.src ELSE e.dst END,
  CASE s.line WHEN 0 THEN -e.fen ELSE e.fen END, 'allocation_award', p.id,
  timestamptz '2021-01-10 10:00+08' + make_interval(days => (p.id % 700)::int + e.step * 55)
FROM projects_project p,
  (SELECT 0 AS step, 'available' AS src, 'awarded' AS dst, 1000000 AS fen UNION ALL
   SELECT 1, 'awarded', 'contracted', 900000 UNION ALL
   SELECT 2 * n, 'contracted', 'claimed', 60000 + n FROM generate_series(1, 11) n UNION ALL
   SELECT 2 * n + 1, 'claimed', 'paid', 60000 + n FROM generate_series(1, 11) n UNION ALL
   SELECT 24, 'paid', 'settled', 300000) e, generate_series(0, 1) AS s (line)
WHERE p.id >= $1 AND p.id < $2 ORDER BY p.id, e.step, s.line
"""
_QUIET = ("allocation_entry", "allocation_balance")


def measure() -> list[Figure]:
    """Fill a folder of its own once, then ask, post, and close."""
    folder = filled(1_001)
    running = pg.start(folder)
    try:
        known, figures = asyncio.run(_prepared(running))
    finally:
        running.release()
    return figures + _pages(folder, known)


async def _prepared(server: pg.Server) -> tuple[dict[str, int], list[Figure]]:
    owner = await asyncpg.connect(**connect_arguments(server.owner_dsn))
    figures = []
    if not await owner.fetchval("SELECT EXISTS (SELECT 1 FROM allocation_entry)"):
        figures.append(Figure(f"post {ENTRIES:,} entries through the trigger", "s", (await _fill(owner),)))
    if faults := await queries.ledger_faults(owner) + await sum_faults(owner):
        raise AssertionError(faults[:3])
    known = {
        "batch": await owner.fetchval("SELECT max(id) FROM allocation_batch"),
        "project": await owner.fetchval("SELECT max(id) FROM projects_project WHERE code LIKE 'L-%'"),
        "award": await owner.fetchval("SELECT max(id) FROM allocation_award"),
    }
    counties = [
        r["code"]
        for r in await owner.fetch("SELECT code FROM kernel_division WHERE parent_code = $1 ORDER BY code", CITY)
    ]
    await owner.execute(_BEFORE, [*counties, CITY])
    await owner.close()
    ENGINE.configure(server.app_dsn)
    await open_pool(size=2, patience=600)
    figures += [await _moves(), await _months([*counties, CITY])]
    await close_pool()
    return known, figures


async def _fill(owner: asyncpg.Connection) -> float:
    """Post everything by whole statements of 250,000 lines: balances are made by the posting's own trigger.

    Only the change log is off meanwhile; what it would write is not read by any page measured here.
    """
    batches = [r["id"] for r in await owner.fetch(_BATCHES, CITY, BATCHES)]
    ids = [r["id"] for r in await owner.fetch(_PROJECTS, ENTRIES // LINES)]
    await owner.execute(_AWARDS)
    await _logging(owner, "DISABLE")
    started = time.perf_counter()
    await owner.execute(_OPEN, batches, timeout=600)
    for first in range(min(ids), max(ids) + 1, PIECE):
        await owner.execute("DISCARD PLANS")  # what was planned for an empty table is slow in a full one
        await owner.execute(_LINES, first, min(first + PIECE, max(ids) + 1), batches, timeout=900)
    took = time.perf_counter() - started
    await _logging(owner, "ENABLE")
    await owner.execute("VACUUM ANALYZE", timeout=1800)
    return took


_OPEN = """
INSERT INTO allocation_entry (event_key, line, division_code, batch, kind, amount_fen, source_table, source_id,
  posted_at)
SELECT 'bench:open:' || b || ':' || d.code, s.line, CASE s.line WHEN 0 THEN '330800000000' ELSE d.code END, b,
  CASE s.line WHEN 0 THEN 'notified' ELSE 'available' END, CASE s.line WHEN 0 THEN -1 ELSE 1 END * 100000000000,
  'allocation_batch', b, '2021-01-05 10:00+08'
FROM unnest($1::bigint[]) b, kernel_division d, generate_series(0, 1) AS s (line) WHERE d.parent_code = '330800000000'
"""


async def _logging(owner: asyncpg.Connection, what: str) -> None:
    for table in _QUIET:
        for verb in ("insert", "update"):
            await owner.execute(f"ALTER TABLE {table} {what} TRIGGER {table}_log_{verb}")


def _actor(role: Role, place: str) -> Actor:
    return Actor(1, "测量", str(role), 1, "", place, 1, None, permissions_of(role), "", is_demo=True)


async def _moves() -> Figure:
    """Move a fen of one project there and back, each time in a transaction of its own."""
    values = []
    there = (Kind.CONTRACTED, Kind.CLAIMED)
    for n in range(2 * RUNS):
        started = time.perf_counter()
        async with begin(_actor(Role.COUNTY_CLERK, COUNTY), request_id="bench", at=NOW) as tx:
            project = await tx.conn.fetchval(
                "SELECT project FROM allocation_balance WHERE kind = 'contracted' AND balance_fen > 9 LIMIT 1"
            )
            src, dst = there if n % 2 == 0 else reversed(there)
            source = ("allocation_award", 1)
            await ledger.move(tx, f"bench:move:{time.time_ns()}", project, src, dst, 1, source=source)
        values.append((time.perf_counter() - started) * 1000)
    return Figure("one posting into a full ledger", "ms", tuple(values))


_BEFORE = """
INSERT INTO allocation_closing (division_code, period, starts_at, ends_at, entries, accounts, sha256)
SELECT code, '2026-07', '2026-07-01 00:00+08', '2026-08-01 00:00+08', 0, 0, '' FROM unnest($1::text[]) code
ON CONFLICT DO NOTHING
"""


async def _months(places: list[str]) -> Figure:
    """Close August 2026 of every county and of the city: each adds up its whole history, as a month end does.

    The months before stand as closed, so that one run measures one month end; it is undone each time.
    """
    values = []
    for _ in range(3):
        took = 0.0
        for place in places:
            role = Role.CITY_CLERK if place == CITY else Role.COUNTY_FINANCE
            try:
                async with begin(_actor(role, place), request_id="bench", at=NOW) as tx:
                    started = time.perf_counter()
                    await closing.month_end(tx, place, MONTH)
                    took += time.perf_counter() - started
                    raise _UndoneError
            except _UndoneError:
                pass
        values.append(took)
    return Figure("month end of six counties and the city", "s", tuple(values), aim=30)


class _UndoneError(Exception):
    """Takes a measured month end back."""


def _pages(folder: Path, known: dict[str, int]) -> list[Figure]:
    figures = []
    with served(folder) as site:
        signed_in = cookie(site.address)
        for title, path in PAGES.items():
            address = site.address + path.format(**known)
            load(address, signed_in, seconds=1)
            runs = [load(address, signed_in, connections=4) for _ in range(RUNS)]
            name = f"{title}, {ENTRIES:,} entries"
            figures.append(Figure(f"{name}: p50 at 4 connections", "ms", tuple(r.p50 for r in runs)))
            figures.append(Figure(f"{name}: p95 at 4 connections", "ms", tuple(r.p95 for r in runs), aim=150))
    return figures

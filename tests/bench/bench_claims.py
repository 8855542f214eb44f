"""A hundred clerks press submit at once: on a hundred projects, and all on the award of one."""

from __future__ import annotations

import asyncio
import tempfile
import time
import uuid
from datetime import date, datetime
from pathlib import Path

import asyncpg

from allocation.budget import ledger
from allocation.budget.ledger import Kind as Lies
from allocation.payments import judging, queries, service
from allocation.payments.forms import ClaimForm
from allocation.payments.rules import Kind
from quzhou_migrants import wiring  # noqa: F401 - grants, machines, tables
from quzhou_migrants.cli.loading import DIVISIONS
from quzhou_migrants.kernel import pg
from quzhou_migrants.kernel.actor import SYSTEM
from quzhou_migrants.kernel.clock import SHANGHAI
from quzhou_migrants.kernel.db import ENGINE, close_pool, connect_arguments, open_pool
from quzhou_migrants.kernel.divisions import read_places, write_places
from quzhou_migrants.kernel.errors import Invalid
from quzhou_migrants.kernel.migrate import migrate
from quzhou_migrants.kernel.tx import Tx, begin
from tests.bench.harness import Figure

AT_ONCE, CONNECTIONS = 100, 20
AWARD, EACH = 480_000_00, 30_000_00
CITY, VILLAGE = "330800000000", "330802100000"
NOW = datetime(2026, 9, 16, 10, tzinfo=SHANGHAI)
_PROJECT = """
INSERT INTO projects_project (code, division_code, title, state, asked_fen, own_fen, award_fen, contract_fen,
  contractor, progress_bp, is_demo)
SELECT 'BENCH-' || $1 || '-' || n, $2, '村道硬化', 'building', $3, 0, $3, $3, '建设公司', 5000, true
FROM generate_series(1, $4) n RETURNING id
"""
_BATCH = """
INSERT INTO allocation_batch (division_code, doc_no, title, level, fund_kind, issued_on, project_fen, is_demo)
VALUES ($1, $2, '批次', 'city', 'project', '2026-01-10', $3, true) RETURNING id
"""
_PAPER = """
INSERT INTO kernel_file (division_code, owner_table, owner_id, kind, sha256, name, media_type, size, added_at, is_demo)
SELECT $1, 'allocation_claim', $2, k, repeat('0', 64), k || '.pdf', 'application/pdf', 1, $3, true
FROM unnest($4::text[]) AS k
"""


def measure() -> list[Figure]:
    """Submit a hundred prepared claims at the same moment; the ledger must agree with every answer."""
    with tempfile.TemporaryDirectory(prefix="claims-") as folder:
        running = pg.start(Path(folder) / "postgres", fast=True)
        try:
            spread, single = asyncio.run(_measured(running))
        finally:
            running.release()
    return [
        Figure("100 claims submitted at once on 100 projects", "s", tuple(spread), aim=5.0),
        Figure("100 claims submitted at once on one award", "s", tuple(single), aim=5.0),
    ]


async def _measured(server: pg.Server) -> tuple[list[float], list[float]]:
    owner = server.create_database("claims")
    await migrate(owner)
    conn = await asyncpg.connect(**connect_arguments(owner))
    await write_places(conn, read_places(DIVISIONS))
    await conn.close()
    ENGINE.configure(server.dsn(pg.APP, "claims"))
    await open_pool(size=CONNECTIONS)
    try:
        spread = [await _storm(f"s{n}", AT_ONCE, AT_ONCE) for n in range(3)]
        most = AWARD * 5000 * 8500 // 10_000**2 // EACH
        single = [await _storm(f"o{n}", 1, most) for n in range(3)]
    finally:
        await close_pool()
    return spread, single


async def _storm(name: str, projects: int, allowed: int) -> float:
    """Let all press at once; give the seconds until the last answer. Exactly the allowed ones pass."""
    async with begin(SYSTEM, request_id=name, at=NOW) as tx:
        claims = await _prepared(tx, name, projects)
    started = time.perf_counter()
    said = await asyncio.gather(*(_submitted(claim) for claim in claims))
    took = time.perf_counter() - started
    async with begin(SYSTEM, request_id=name, at=NOW) as tx:
        claimed = await tx.conn.fetchval(
            "SELECT coalesce(sum(b.balance_fen), 0)::bigint FROM allocation_balance b JOIN allocation_batch t"
            " ON t.id = b.batch WHERE t.doc_no = $1 AND b.kind = 'claimed'",
            name,
        )
    if (sum(said), claimed) != (allowed, allowed * EACH):
        raise AssertionError((name, sum(said), claimed))
    return took


async def _prepared(tx: Tx, name: str, projects: int) -> list[int]:
    keys = [r["id"] for r in await tx.conn.fetch(_PROJECT, name, VILLAGE, AWARD, projects)]
    batch = await tx.conn.fetchval(_BATCH, CITY, name, AWARD * projects)
    lines = [ledger.Line(batch, CITY, Lies.NOTIFIED, -AWARD * projects)]
    lines += [ledger.Line(batch, VILLAGE, Lies.CONTRACTED, AWARD, key) for key in keys]
    await ledger.post(tx, f"bench:{name}", lines, source=("allocation_batch", batch))
    return [await _claim(tx, keys[n % projects]) for n in range(AT_ONCE)]


async def _claim(tx: Tx, project: int) -> int:
    number = str(uuid.uuid4().int)[:20].rjust(20, "1")
    form = ClaimForm(Kind.PROGRESS, EACH, "建设公司", number, EACH, date(2026, 9, 10), wages_fen=0)
    key = await service.draft(tx, project, form)
    await tx.conn.execute(_PAPER, VILLAGE, key, NOW, judging.needed_papers(tx, await queries.claim(tx, key)))
    return key


async def _submitted(claim: int) -> bool:
    try:
        async with begin(SYSTEM, request_id=f"c{claim}", at=NOW) as tx:
            await service.submit(tx, claim)
    except Invalid:
        return False
    return True

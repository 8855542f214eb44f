"""Bringing in a sheet of 100,000 household rows: read, checked, written; and the memory it takes."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import os
import random
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import psutil

from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel import pg
from quzhou_migrants.kernel.actor import Actor
from quzhou_migrants.kernel.db import ENGINE, close_pool, connect_arguments, open_pool
from quzhou_migrants.kernel.ids import DemoIds
from quzhou_migrants.kernel.migrate import migrate
from quzhou_migrants.kernel.permissions import permissions_of
from quzhou_migrants.kernel.tx import begin
from quzhou_migrants.kernel.xlsx import Book, Column
from quzhou_migrants.register import import_service, import_work
from quzhou_migrants.register.columns import COLUMNS
from quzhou_migrants.register.import_upload import Received, receive
from quzhou_migrants.register.words import Mode
from tests.bench.harness import RUNS, Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

ROWS = 100_000
COUNTY = "330802000000"
VILLAGES = tuple(f"33080210{t}2{v:02d}" for t in range(1, 10) for v in range(1, 61))
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = "".join(chr(0x4E00 + n * 7) for n in range(900))


def measure() -> list[Figure]:
    """Bring the same sheet into an empty register five times."""
    with tempfile.TemporaryDirectory(prefix="qm-bench-") as folder, _keys(folder):
        sheet = Path(folder) / "sheet.xlsx"
        _write(sheet)
        server = pg.start(Path(folder) / "data")
        try:
            runs = [asyncio.run(_run(server, sheet)) for _ in range(RUNS)]
        finally:
            server.stop()
    return [
        Figure("import of 100,000 household rows", "s", tuple(seconds for seconds, _ in runs), aim=20),
        Figure("memory an import adds to a worker", "MB", tuple(megabytes for _, megabytes in runs), aim=40),
    ]


@contextmanager
def _keys(folder: str) -> Iterator[None]:
    before = os.environ.get("QM_KEYS")
    os.environ["QM_KEYS"] = before or f"{folder}/keys.json"
    yield
    if before is None:
        del os.environ["QM_KEYS"]


def _write(path: Path) -> None:
    ids, rng = DemoIds(), random.Random(1)
    with Book(path) as book:
        table = book.table("登记", [Column(c.title) for c in COLUMNS])
        for n in range(ROWS):
            born = date(rng.randrange(1940, 2006), rng.randrange(1, 13), rng.randrange(1, 29))
            cells = {
                "household_code": f"B-{n:06d}", "village_code": VILLAGES[n % len(VILLAGES)], "relation": "户主",
                "name": rng.choice(SURNAMES) + rng.choice(GIVEN) + rng.choice(GIVEN), "migrant": "是",
                "resident_id": ids.next(born, "male"), "support": "直补到人", "low_income": "否",
                "reservoir": "湖南镇水库", "moved_year": "1979", "phone": "13800000000", "bank_name": "演示银行",
                "bank_account": f"62284804{n:011d}",
            }  # fmt: skip
            table.add([cells[c.key] for c in COLUMNS])


async def _run(server: pg.Server, sheet: Path) -> tuple[float, float]:
    """Answer seconds from the file to the last row written, and by how much the process grew."""
    name = "bench_import"
    server.drop_database(name)
    owner = server.create_database(name)
    await migrate(owner)
    await _villages(owner)
    ENGINE.configure(server.dsn(pg.APP, name))
    await open_pool(size=4)
    clerk = Actor(
        1, "演示", Role.COUNTY_CLERK, 1, "演示", COUNTY, 1, None, permissions_of(Role.COUNTY_CLERK), is_demo=True
    )
    file = Received(sheet, sheet.name, hashlib.sha256(sheet.read_bytes()).hexdigest(), sheet.stat().st_size)
    gc.collect()
    process = psutil.Process()
    before, peak = process.memory_info().rss, 0
    started = time.perf_counter()
    async with begin(clerk, request_id="bench", command="bench") as tx:
        key = await receive(tx, file)
    peak = max(peak, process.memory_info().rss)
    await import_work.run(key)
    peak = max(peak, process.memory_info().rss)
    async with begin(clerk, request_id="bench", command="bench") as tx:
        await import_service.apply(tx, key, Mode.ALL)
    await import_work.run(key)
    seconds = time.perf_counter() - started
    peak = max(peak, process.memory_info().rss)
    async with begin(clerk, request_id="bench", command="bench") as tx:
        written = await tx.conn.fetchval("SELECT count(*) FROM register_household")
    await close_pool()
    if written != ROWS:
        sys.stderr.write(f"{written} of {ROWS} rows were written\n")
        raise AssertionError
    return seconds, (peak - before) / (1 << 20)


async def _villages(owner: str) -> None:
    conn = await asyncpg.connect(**connect_arguments(owner))
    await conn.executemany(
        "INSERT INTO kernel_division (code, name, full_name, level, parent_code, kind, active, successor_code, source,"
        " is_demo) VALUES ($1, $1, $1, $2, $3, '', true, '', '', true)",
        [(COUNTY, "county", ""), *((code, "village", f"{code[:9]}000") for code in VILLAGES)],
    )
    await conn.close()

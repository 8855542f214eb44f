"""One import of an xlsx file into a fresh database, in a process of its own; prints seconds and memory as JSON.

`QM_DATA=… python -m tests.bench.importing FILE`
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import resource
import sys
import time
from pathlib import Path

import asyncpg

from quzhou_migrants import wiring  # noqa: F401 - grants, machines, tables
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel import pg
from quzhou_migrants.kernel.actor import Actor
from quzhou_migrants.kernel.db import ENGINE, close_pool, connect_arguments, open_pool
from quzhou_migrants.kernel.memory import settle
from quzhou_migrants.kernel.migrate import migrate
from quzhou_migrants.kernel.permissions import permissions_of
from quzhou_migrants.kernel.tx import begin
from quzhou_migrants.register import import_service, import_work
from quzhou_migrants.register.import_upload import Received, receive
from quzhou_migrants.register.words import Mode
from tests.bench.sheet import COUNTY, villages

DATABASE = "bench_import"
ROLE = Role.COUNTY_CLERK
CLERK = Actor(7, "clerk", ROLE, 1, "bureau", COUNTY, 7, None, permissions_of(ROLE), "clerk", is_demo=True)


def memory() -> float:
    """Highest memory of this process so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def main(server: pg.Server, file: Path) -> dict[str, float]:
    """Receive, check, write; answer how long that took and by how much the process grew."""
    server.drop_database(DATABASE)
    owner = server.create_database(DATABASE)
    await migrate(owner)
    connection = await asyncpg.connect(**connect_arguments(owner))
    await connection.executemany(
        "INSERT INTO kernel_division (code, name, full_name, level, parent_code, kind, active, successor_code, source,"
        " is_demo) VALUES ($1, $2, $2, $3, $4, '', true, '', '', true)",
        [(COUNTY, "county", "county", ""), *((code, code, "village", COUNTY) for code in villages())],
    )
    await connection.close()
    ENGINE.configure(server.dsn(pg.APP, DATABASE))
    await open_pool(size=4)
    settle()  # as the server's processes do
    body = file.read_bytes()
    digest, size = hashlib.sha256(body).hexdigest(), len(body)
    del body
    before, started = memory(), time.perf_counter()
    async with begin(CLERK, request_id="bench", command="bench") as tx:
        key = await receive(tx, Received(file, file.name, digest, size))
    await import_work.run(key)
    async with begin(CLERK, request_id="bench", command="bench") as tx:
        await import_service.apply(tx, key, Mode.ALL)
    await import_work.run(key)
    seconds = time.perf_counter() - started
    async with begin(CLERK, request_id="bench", command="bench") as tx:
        written = await tx.conn.fetchval("SELECT count(*) FROM register_household")
    await close_pool()
    server.drop_database(DATABASE)
    return {"seconds": seconds, "grown": memory() - before, "written": written}


if __name__ == "__main__":
    running = pg.start(Path(os.environ["QM_DATA"]))
    try:
        found = asyncio.run(main(running, Path(sys.argv[1])))
    finally:
        running.release()
    sys.stdout.write(json.dumps(found))

"""Two questions of a supervisor: does the process live, and may it be sent visitors?"""

from __future__ import annotations

import asyncio

import asyncpg
from litestar import Response, get

from quzhou_migrants.kernel import schema
from quzhou_migrants.kernel.db import ENGINE
from quzhou_migrants.kernel.guards import public

PATIENCE = 2.0  # seconds; a supervisor asks again anyway


@get("/health", opt=public(), include_in_schema=False)
async def health() -> dict[str, str]:
    """Answer as long as the process can answer anything."""
    return {"status": "ok"}


@get("/ready", opt=public(), include_in_schema=False)
async def ready() -> Response[dict[str, str]]:
    """Answer 200 when the database is there in the shape this program expects, else 503 with the reason."""
    found = await _schema()
    status = {schema.version(): "ready"}.get(found, found if found == "no database" else "other schema")
    return Response({"status": status}, status_code=200 if status == "ready" else 503)


async def _schema() -> str:
    if ENGINE.pool is None:
        return "no database"
    try:
        async with asyncio.timeout(PATIENCE):
            return str(await ENGINE.pool.fetchval(schema.READ))
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return "no database"


ROUTES = [health, ready]

"""The yardstick: a bare Litestar route that sends the statements of a page and answers the rows as JSON.

`statements.json` holds what the product's page sent, recorded by `record.py`.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
from litestar import Litestar, get
from litestar.datastructures import State

from quzhou_migrants.kernel.db import connect_arguments


def _argument(value: Any) -> Any:
    return base64.b64decode(value["bytes"]) if isinstance(value, dict) else value


STATEMENTS = [(sql, [_argument(a) for a in args]) for sql, args in json.loads(Path(os.environ["BARE"]).read_text())]


@get("/")
async def page(state: State) -> list[dict[str, Any]]:
    """Send every statement of the page in one transaction; the last but longest answer is the list."""
    rows: list[Any] = []
    async with state.pool.acquire() as connection, connection.transaction():
        for sql, args in STATEMENTS:
            found = await connection.fetch(sql, *args)
            rows = found if len(found) > len(rows) else rows
    return [{name: str(value) for name, value in row.items()} for row in rows]


@asynccontextmanager
async def _pool(app: Litestar) -> AsyncIterator[None]:
    async def keep(_connection: object) -> None:
        """Leave settings alone, as the product does."""

    arguments = connect_arguments(os.environ["BARE_DSN"])
    async with asyncpg.create_pool(min_size=1, max_size=8, reset=keep, **arguments) as pool:
        app.state.pool = pool
        yield


app = Litestar([page], lifespan=[_pool], openapi_config=None, logging_config=None)

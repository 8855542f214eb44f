"""How long a statement of the program may take."""

from typing import Any

import asyncpg
import pytest

from quzhou_migrants.kernel.db import ENGINE, close_pool, open_pool


async def test_the_server_ends_a_statement_that_takes_too_long(db: Any) -> None:
    await close_pool()
    await open_pool(size=1, patience=0.1)
    assert ENGINE.pool is not None
    with pytest.raises(asyncpg.QueryCanceledError):
        await ENGINE.pool.execute("SELECT pg_sleep(60)")
    assert await ENGINE.pool.fetchval("SELECT 1") == 1

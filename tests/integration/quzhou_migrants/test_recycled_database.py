"""The database that tests hand on: nothing of one is left for the next, and a changed shape is never handed on."""

from __future__ import annotations

import asyncpg
import pytest
from house import KECHENG, make_account

from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.db import connect_arguments

EVERYTHING = "SELECT code, name, (SELECT last_value FROM accounts_user_id_seq) FROM kernel_division ORDER BY code"


@pytest.fixture
async def handed(recycled):
    await recycled.take()
    yield recycled
    await recycled.take()
    await recycled.give_back()


async def test_rows_and_counters_are_as_they_were(handed) -> None:
    name = (await handed.take()).name
    conn = await asyncpg.connect(**connect_arguments(handed.database.owner))
    before = await conn.fetch(EVERYTHING)
    assert len(before) == 7
    await make_account(handed.database, Role.COUNTY_CLERK, KECHENG)
    await conn.execute("UPDATE kernel_division SET name = 'x'")
    await conn.close()
    await handed.give_back()
    assert (await handed.take()).name == name
    conn = await asyncpg.connect(**connect_arguments(handed.database.owner))
    assert await conn.fetch(EVERYTHING) == before
    assert await conn.fetchval("SELECT count(*) FROM accounts_user") == 0
    await conn.close()


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE accounts_user ADD COLUMN x int",
        "ALTER TABLE kernel_change DISABLE TRIGGER ALL",
        "TRUNCATE kernel_setting",
        "DROP POLICY {policy}",
    ],
)
async def test_another_shape_is_made_anew(handed, change: str) -> None:
    name = (await handed.take()).name
    conn = await asyncpg.connect(**connect_arguments(handed.server.dsn("postgres", name)))
    policy = await conn.fetchval("SELECT format('%I ON %I', policyname, tablename) FROM pg_policies LIMIT 1")
    await conn.execute(change.format(policy=policy))
    await conn.close()
    await handed.give_back()
    assert (await handed.take()).name != name

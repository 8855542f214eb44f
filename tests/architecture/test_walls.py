"""Both walls stand on every business table: triggers, row-level security, an application that owns nothing."""

from __future__ import annotations

import asyncpg
import pytest
import pytest_asyncio

from quzhou_migrants.kernel.db import connect_arguments
from quzhou_migrants.kernel.tables import BUSINESS, PLATFORM
from quzhou_migrants.piccolo_conf import APP_REGISTRY

OPEN_TO_ALL = {"kernel_division", "kernel_change"}
TABLES = sorted(t._meta.tablename for app in APP_REGISTRY.app_configs.values() for t in app.table_classes)


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def owner(shared_db):
    """A connection of the tables' owner, to read the system catalogues."""
    conn = await asyncpg.connect(**connect_arguments(shared_db.owner))
    yield conn
    await conn.close()


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def app(shared_db):
    """A connection as the application."""
    conn = await asyncpg.connect(**connect_arguments(shared_db.app))
    yield conn
    await conn.close()


def test_every_table_is_declared():
    assert set(TABLES) - set(BUSINESS) - set(PLATFORM) - OPEN_TO_ALL == set()


@pytest.mark.parametrize("table", sorted(t for t, wall in BUSINESS.items() if not wall.derived))
async def test_changes_are_recorded_by_triggers(owner, table):
    rows = await owner.fetch(
        "SELECT tgname FROM pg_trigger WHERE tgrelid = $1::text::regclass AND NOT tgisinternal AND tgenabled = 'O'",
        table,
    )
    assert {f"{table}_log_{verb}" for verb in ("insert", "update", "delete")} <= {r["tgname"] for r in rows}


@pytest.mark.parametrize("table", sorted(BUSINESS))
async def test_rows_are_walled_by_division(owner, table):
    assert await owner.fetchval("SELECT relrowsecurity FROM pg_class WHERE oid = $1::text::regclass", table)
    column = await owner.fetchrow(
        "SELECT c.collname, a.attnotnull FROM pg_attribute a JOIN pg_collation c ON c.oid = a.attcollation"
        " WHERE a.attrelid = $1::text::regclass AND a.attname = 'division_code'",
        table,
    )
    assert (column["collname"], column["attnotnull"]) == ("C", True)


@pytest.mark.parametrize("table", sorted(BUSINESS))
async def test_application_without_a_range_sees_nothing(app, table):
    async with app.transaction():
        assert await app.fetchval(f"SELECT count(*) FROM {table}") == 0


@pytest.mark.parametrize("table", sorted(t for t, wall in BUSINESS.items() if wall.append_only))
async def test_append_only_rows_are_never_altered(owner, table):
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await owner.execute(f"DELETE FROM {table}")


@pytest.mark.parametrize("table", sorted(t for t, wall in BUSINESS.items() if wall.derived))
async def test_derived_rows_are_read_only_and_written_by_nobody(app, owner, table):
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await app.execute(f"DELETE FROM {table}")
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await owner.execute(f"DELETE FROM {table}")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE kernel_change SET actor_name = 'x'",
        "DELETE FROM kernel_change",
        "DELETE FROM kernel_seal",
        "INSERT INTO kernel_change (txid, table_name, row_id, division_code, op) VALUES (1, 'x', '1', '', 'I')",
        "UPDATE kernel_checkpoint SET hash = ''",
        "UPDATE kernel_division SET name = 'x'",
        "TRUNCATE kernel_journal",
        "ALTER TABLE accounts_user DISABLE ROW LEVEL SECURITY",
        "SET ROLE qm_owner",
        "CREATE TABLE mine (id int)",
    ],
)
async def test_application_cannot_touch_the_record(app, statement):
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with app.transaction():
            await app.execute(statement)


async def test_application_owns_nothing(owner):
    assert (
        await owner.fetchval(
            "SELECT count(*) FROM pg_class WHERE relowner = (SELECT oid FROM pg_roles WHERE rolname = 'qm_app')"
        )
        == 0
    )

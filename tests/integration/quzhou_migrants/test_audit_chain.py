"""The change log misses nothing, and `verify` names the first place where somebody went behind it."""

from __future__ import annotations

from datetime import date

import asyncpg
import pytest
import pytest_asyncio
from house import CITY, KECHENG, NOW, sealed

from quzhou_migrants.kernel.audit import Fault, checkpoint, seal, verify
from quzhou_migrants.kernel.db import connect_arguments
from quzhou_migrants.kernel.tx import system_tx


@pytest_asyncio.fixture(loop_scope="session")
async def owner(db):
    """The owner's connection, with three organisations written by the application and sealed."""
    async with system_tx("test.orgs", at=NOW) as tx:
        await tx.conn.executemany(
            "INSERT INTO accounts_org (division_code, name, kind, is_demo) VALUES ($1, $2, 'bureau', true)",
            [(KECHENG, "甲"), (KECHENG, "乙"), (CITY, "丙")],
        )
        await tx.conn.execute("UPDATE accounts_org SET name = '丁' WHERE name = '丙'")
    conn = await asyncpg.connect(**connect_arguments(db.owner))
    assert await sealed(conn, 4) == 4
    yield conn
    await conn.close()


async def test_untouched_database_verifies(owner):
    verdict = await verify(owner)
    assert (verdict.fault, verdict.changes) == (None, 4)


async def test_log_holds_old_and_new_values_actor_and_command(owner):
    row = await owner.fetchrow(
        "SELECT old->>'name' AS old, new->>'name' AS new, command FROM kernel_change WHERE op = 'U'"
    )
    assert tuple(row) == ("丙", "丁", "test.orgs")


async def test_bulk_copy_is_logged_row_by_row(owner, db):
    async with system_tx("test.copy", at=NOW) as tx:
        await tx.conn.execute(
            "CREATE TEMP TABLE draft ON COMMIT DROP AS SELECT division_code, name, kind, is_demo FROM accounts_org"
            " WITH NO DATA"
        )
        await tx.conn.copy_records_to_table(
            "draft", records=[(KECHENG, f"单位{n}", "outside", True) for n in range(500)]
        )
        await tx.conn.execute("INSERT INTO accounts_org (division_code, name, kind, is_demo) SELECT * FROM draft")
    assert await owner.fetchval("SELECT count(*) FROM kernel_change WHERE command = 'test.copy'") == 500
    assert await sealed(owner, 500) == 500
    assert (await verify(owner)).fault is None


async def _behind(owner, statement: str) -> Fault | None:
    for table in ("accounts_org", "kernel_change", "kernel_seal"):
        await owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    await owner.execute(statement)
    return (await verify(owner)).fault


@pytest.mark.parametrize(
    ("statement", "kind", "table"),
    [
        ("UPDATE accounts_org SET name = '戊' WHERE name = '乙'", "row", "accounts_org"),
        ("DELETE FROM accounts_org WHERE name = '乙'", "row", "accounts_org"),
        (
            "INSERT INTO accounts_org (division_code, name, kind) VALUES ('330802000000', '己', 'bureau')",
            "row",
            "accounts_org",
        ),
        ("UPDATE kernel_change SET actor_name = '别人' WHERE id = 2", "altered", "accounts_org"),
        ("UPDATE kernel_change SET new = jsonb_set(new, '{name}', '\"庚\"') WHERE id = 1", "altered", "accounts_org"),
        ("DELETE FROM kernel_change WHERE id = 3", "altered", "kernel_change"),
        ("DELETE FROM kernel_seal WHERE pos = 2", "gap", "kernel_seal"),
    ],
)
async def test_verify_names_the_first_fault(owner, statement, kind, table):
    fault = await _behind(owner, statement)
    assert fault is not None
    assert (fault.kind, fault.table) == (kind, table)


async def test_row_and_log_altered_together_break_the_chain(owner):
    fault = await _behind(
        owner,
        """
        UPDATE accounts_org SET name = '辛' WHERE name = '甲';
        UPDATE kernel_change SET new = jsonb_set(new, '{name}', '"辛"') WHERE new->>'name' = '甲'""",
    )
    assert fault is not None
    assert fault.kind == "altered"


async def test_whole_chain_rewritten_is_found_by_a_checkpoint_kept_elsewhere(owner):
    head = await checkpoint(owner, date(2026, 9, 16))
    kept = {4: head}
    assert (await verify(owner, against=kept)).fault is None
    for table in ("accounts_org", "kernel_change", "kernel_seal"):
        await owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    await owner.execute("""
        UPDATE accounts_org SET name = '壬' WHERE name = '甲';
        UPDATE kernel_change SET new = jsonb_set(new, '{name}', '"壬"') WHERE new->>'name' = '甲';
        DELETE FROM kernel_seal; DELETE FROM kernel_checkpoint""")
    assert await sealed(owner, 4) == 4
    assert (await verify(owner)).fault is None
    fault = (await verify(owner, against=kept)).fault
    assert fault is not None
    assert fault.kind == "checkpoint"


async def test_running_transaction_is_not_overtaken(owner, db):
    """A slow writer's rows are sealed after it commits, and nothing newer is sealed before them."""
    slow = await asyncpg.connect(**connect_arguments(db.owner))
    transaction = slow.transaction()
    await transaction.start()
    await slow.execute(
        "INSERT INTO accounts_org (division_code, name, kind, is_demo) VALUES ('330802000000', '慢', 'bureau', true)"
    )
    async with system_tx("test.fast", at=NOW) as tx:
        await tx.conn.execute(
            "INSERT INTO accounts_org (division_code, name, kind, is_demo)"
            " VALUES ('330802000000', '快', 'bureau', true)"
        )
    assert await seal(owner) == 0
    await transaction.commit()
    await slow.close()
    assert await sealed(owner, 2) == 2
    assert (await verify(owner)).fault is None

"""The platform's own scheduled work."""

from typing import Any

import asyncpg
import pytest
from house import settled

from quzhou_migrants.kernel import audit
from quzhou_migrants.kernel.chores import CHORES
from quzhou_migrants.kernel.db import ENGINE, connect_arguments
from quzhou_migrants.kernel.jobs import Ticker
from quzhou_migrants.kernel.tx import system_tx


@pytest.fixture
async def owner(db: Any) -> Any:
    connection = await asyncpg.connect(**connect_arguments(db.owner))
    yield connection
    await connection.close()


async def test_one_tick_seals_the_log_and_keeps_yesterdays_head(db: Any, owner: Any) -> None:
    async with system_tx("test.write") as tx:
        await tx.conn.execute(
            "INSERT INTO accounts_org (division_code, name, kind, is_demo) VALUES ('330802000000', 'a', 'bureau', true)"
        )
        today = tx.today
    await settled(owner)
    assert await Ticker(CHORES, db.owner).tick() == len(CHORES) + 1
    changes = await owner.fetchval("SELECT count(*) FROM kernel_change")
    verdict = await audit.verify(owner)
    assert (verdict.changes, verdict.fault) == (changes, None)
    kept = await owner.fetchrow("SELECT day, hash FROM kernel_checkpoint")
    assert ((today - kept["day"]).days, kept["hash"]) == (1, verdict.head)


async def test_old_form_tokens_are_forgotten_and_fresh_ones_kept(db: Any, owner: Any) -> None:
    assert ENGINE.pool is not None
    await ENGINE.pool.execute(
        "INSERT INTO kernel_once (token, location, at) VALUES (gen_random_uuid(), '/old', now() - interval '31 days'),"
        " (gen_random_uuid(), '/fresh', now())"
    )
    await Ticker(CHORES, db.owner).tick()
    assert [row["location"] for row in await owner.fetch("SELECT location FROM kernel_once")] == ["/fresh"]

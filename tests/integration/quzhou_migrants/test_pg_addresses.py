"""One way to the data, embedded or not."""

from pathlib import Path

import asyncpg

from quzhou_migrants.database import at_hand
from quzhou_migrants.kernel import pg
from quzhou_migrants.kernel.db import connect_arguments
from quzhou_migrants.settings import Settings


async def who(dsn: str) -> str:
    connection = await asyncpg.connect(**connect_arguments(dsn))
    try:
        return str(await connection.fetchval("SELECT session_user || ' as ' || current_user"))
    finally:
        await connection.close()


async def test_without_an_address_the_embedded_server_runs_as_long_as_needed(tmp_path: Path) -> None:
    with at_hand(Settings(data_dir=tmp_path / "data")) as found:
        assert (await who(found.owner), await who(found.app)) == ("qm_owner as qm_owner", "qm_app as qm_app")
    assert not (tmp_path / "data" / "pg" / "postmaster.pid").exists()


async def test_with_one_address_the_application_acts_as_its_own_role(tmp_path: Path) -> None:
    server = pg.start(tmp_path / "data", fast=True)
    server.sql("GRANT qm_app TO qm_owner")
    unused = tmp_path / "unused"
    with at_hand(Settings(data_dir=unused, database_url=server.owner_dsn)) as found:
        assert (await who(found.owner), await who(found.app)) == ("qm_owner as qm_owner", "qm_owner as qm_app")
    two = Settings(data_dir=unused, database_url=server.owner_dsn, database_app_url=server.app_dsn)
    with at_hand(two) as found:
        assert await who(found.app) == "qm_app as qm_app"
    assert not unused.exists()
    server.stop()

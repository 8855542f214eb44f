"""One way to the data, embedded or not."""

from pathlib import Path

import asyncpg

from quzhou_migrants.kernel import pg
from quzhou_migrants.kernel.db import connect_arguments
from quzhou_migrants.kernel.place import open_place


async def who(dsn: str) -> str:
    connection = await asyncpg.connect(**connect_arguments(dsn))
    try:
        return str(await connection.fetchval("SELECT session_user || ' as ' || current_user"))
    finally:
        await connection.close()


async def test_without_an_address_the_embedded_server_runs_as_long_as_needed(tmp_path: Path) -> None:
    with open_place(tmp_path / "data") as place:
        assert (await who(place.owner_dsn), await who(place.app_dsn)) == ("qm_owner as qm_owner", "qm_app as qm_app")
    assert not (tmp_path / "data" / "pg" / "postmaster.pid").exists()


async def test_with_one_address_the_application_acts_as_its_own_role(tmp_path: Path) -> None:
    server = pg.start(tmp_path / "data", fast=True)
    server.sql("GRANT qm_app TO qm_owner")
    with open_place(tmp_path / "unused", server.owner_dsn) as place:
        assert (await who(place.owner_dsn), await who(place.app_dsn)) == ("qm_owner as qm_owner", "qm_owner as qm_app")
    with open_place(tmp_path / "unused", server.owner_dsn, server.app_dsn) as place:
        assert await who(place.app_dsn) == "qm_app as qm_app"
    assert not (tmp_path / "unused").exists()
    server.stop()

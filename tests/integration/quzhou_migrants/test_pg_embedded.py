"""The embedded PostgreSQL: made once, shared, stopped by the last one, back after a crash."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from quzhou_migrants.kernel import pg
from quzhou_migrants.kernel.db import connect_arguments
from quzhou_migrants.kernel.pg_exec import PostgresError


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pg.Server]:
    found = pg.start(tmp_path_factory.mktemp("pg") / "data", fast=True)
    yield found
    found.stop()


async def fetch(dsn: str, sql: str) -> object:
    connection = await asyncpg.connect(**connect_arguments(dsn))
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def postmaster(data: Path) -> int:
    return int((data / "pg" / "postmaster.pid").read_text().split()[0])


async def test_three_roles_reach_one_database(server: pg.Server) -> None:
    users = [await fetch(dsn, "SELECT current_user") for dsn in (server.admin_dsn, server.owner_dsn, server.app_dsn)]
    assert users == ["postgres", "qm_owner", "qm_app"]


async def test_text_is_utf8_and_sorted_by_bytes(server: pg.Server) -> None:
    sql = "SELECT pg_encoding_to_char(encoding) || ' ' || datcollate FROM pg_database WHERE datname = 'quzhou_migrants'"
    assert await fetch(server.app_dsn, sql) == "UTF8 C"


async def test_the_application_role_can_make_nothing(server: pg.Server) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await fetch(server.app_dsn, "CREATE TABLE mine (id int)")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await fetch(server.app_dsn, "CREATE DATABASE mine")
    assert await fetch(server.app_dsn, "SELECT rolbypassrls OR rolsuper FROM pg_roles WHERE rolname = user") is False


async def test_no_port_is_open(server: pg.Server) -> None:
    assert await fetch(server.admin_dsn, "SHOW listen_addresses") == ""


async def test_a_database_is_copied_from_a_template(server: pg.Server) -> None:
    template = server.create_database("tpl")
    await fetch(template, "CREATE TABLE given AS SELECT 7 AS n")
    copy = server.create_database("copy", template="tpl")
    assert await fetch(copy, "SELECT n FROM given") == 7
    server.drop_database("copy")
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await fetch(copy, "SELECT 1")


def test_a_second_database_of_the_same_name_is_refused(server: pg.Server) -> None:
    with pytest.raises(PostgresError, match="already exists"):
        server.create_database(pg.DATABASE)


def test_a_second_process_joins_and_leaving_does_not_stop_it(server: pg.Server) -> None:
    code = (
        "import sys; from pathlib import Path; from quzhou_migrants.kernel import pg;"
        "s = pg.start(Path(sys.argv[1])); print(s.sql('SELECT 40 + 2')); s.release()"
    )
    before = postmaster(server.folder)
    said = subprocess.run(
        [sys.executable, "-c", code, str(server.folder)], capture_output=True, text=True, check=True, timeout=60
    )
    assert said.stdout.strip() == "42"
    assert postmaster(server.folder) == before
    assert server.sql("SELECT 1") == "1"


def test_the_last_one_out_stops_the_server(tmp_path: Path) -> None:
    first, second = pg.start(tmp_path / "data", fast=True), pg.start(tmp_path / "data", fast=True)
    first.release()
    assert second.sql("SELECT 1") == "1"
    second.release()
    assert not (tmp_path / "data" / "pg" / "postmaster.pid").exists()


def test_two_processes_may_start_it_at_the_same_moment(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from quzhou_migrants.kernel import pg;"
        "s = pg.start(Path(sys.argv[1]), fast=True); print(s.sql('SELECT 1')); time.sleep(0.5); s.release()"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "data")]
    racers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [racer.communicate(timeout=60)[0].strip() for racer in racers] == ["1", "1", "1"]
    assert not (tmp_path / "data" / "pg" / "postmaster.pid").exists()


def test_it_comes_back_after_it_was_killed(tmp_path: Path) -> None:
    server = pg.start(tmp_path / "data")
    server.sql("CREATE TABLE kept (n int); INSERT INTO kept VALUES (5)", pg.DATABASE)
    os.kill(postmaster(server.folder), signal.SIGKILL)
    deadline = time.monotonic() + 10
    while pg._answers(server.socket_dir) and time.monotonic() < deadline:
        time.sleep(0.05)
    again = pg.start(tmp_path / "data")
    assert again.sql("SELECT n FROM kept", pg.DATABASE) == "5"
    again.stop()
    server.users.close()


def test_a_pid_file_with_the_number_of_another_program_is_no_obstacle(tmp_path: Path) -> None:
    pg.start(tmp_path / "data", fast=True).stop()
    pid_file = tmp_path / "data" / "pg" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{pid_file.parent}\n")
    server = pg.start(tmp_path / "data", fast=True)
    assert server.sql("SELECT 1") == "1"
    server.stop()


def test_a_half_made_cluster_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "data" / "pg.new").mkdir(parents=True)
    (tmp_path / "data" / "pg.new" / "PG_VERSION").write_text("18")
    server = pg.start(tmp_path / "data", fast=True)
    assert server.sql("SELECT 1") == "1"
    server.stop()


def test_a_long_path_still_gets_a_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60) / "data"
    server = pg.start(deep, fast=True)
    assert len(str(server.socket_dir / pg.SOCKET)) <= pg.LONGEST_SOCKET_PATH
    assert server.sql("SELECT 1") == "1"
    server.stop()


def test_what_postgres_says_is_passed_on(tmp_path: Path) -> None:
    server = pg.start(tmp_path / "data", fast=True)
    server.stop()
    (tmp_path / "data" / "pg" / "postgresql.conf").write_text("max_connections = many\n")
    with pytest.raises(PostgresError, match="max_connections"):
        pg.start(tmp_path / "data", fast=True)


def test_the_data_folder_is_closed_to_others(server: pg.Server) -> None:
    assert (server.folder / "pg").stat().st_mode & 0o077 == 0

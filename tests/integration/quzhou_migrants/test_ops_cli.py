"""The command line: what it does, what it says, how it ends."""

import asyncio
import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest
from click.testing import CliRunner, Result

from quzhou_migrants.cli import main
from quzhou_migrants.kernel import crypto, pg
from quzhou_migrants.kernel.db import connect_arguments

Run = Callable[..., Result]


def runner(data: Path) -> Run:
    environ = {"QM_DATA": str(data), "QM_KEYS": str(data / "keys.json"), "DATABASE_URL": None, "COLUMNS": "160"}

    def run(*args: str, **extra: str) -> Result:
        crypto.keys.cache_clear()
        found = CliRunner(catch_exceptions=False).invoke(main, args, env={**environ, **extra})
        crypto.keys.cache_clear()
        return found

    return run


@pytest.fixture(scope="module", autouse=True)
def _same_signals() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A place with the map and one administrator; held open so that commands start fast."""
    folder = tmp_path_factory.mktemp("cli") / "data"
    holder = pg.start(folder, fast=True)
    run = runner(folder)
    assert run("load").exit_code == 0
    assert run("load").exit_code == 0
    made = run(
        *("user", "create", "admin1", "--name", "赵一", "--role", "city_admin"),
        *("--division", "330800000000", "--org", "衢州市水利局"),
    )
    assert made.exit_code == 0, made.output
    yield folder
    holder.release()


def fetch(dsn: str, sql: str) -> object:
    async def ask() -> object:
        connection = await asyncpg.connect(**connect_arguments(dsn))
        try:
            await connection.execute("SELECT set_config('app.lo', '', false), set_config('app.hi', '~', false)")
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(ask())


def owner(data: Path) -> str:
    return pg.Server(data, data / "socket", None).owner_dsn  # type: ignore[arg-type]


def test_help_lists_every_command_without_a_database() -> None:
    found = runner(Path("/nowhere"))("--help")
    assert found.exit_code == 0
    assert [line.split()[0] for line in found.output.partition("命令:")[2].splitlines() if line.strip()] == [
        *("serve", "worker", "migrate", "load", "demo", "backup", "restore", "verify"),
        *("user", "recompute", "check-settings"),
    ]


def test_wrong_settings_end_with_three_and_name_the_variable() -> None:
    found = runner(Path("/nowhere"))("migrate", QM_PORT="0")
    assert (found.exit_code, "QM_PORT" in found.output) == (3, True)


def test_a_database_out_of_reach_ends_with_four() -> None:
    found = runner(Path("/nowhere"))("migrate", DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert (found.exit_code, "没有可用的数据库" in found.output) == (4, True)


def test_settings_are_shown_without_passwords(data: Path) -> None:
    found = runner(data)("check-settings", DATABASE_URL="postgresql://a:secret@db/x")
    assert found.exit_code == 0
    assert "postgresql://a:***@db/x" in found.output
    assert "secret" not in found.output


def test_the_map_is_loaded_once_however_often(data: Path) -> None:
    assert fetch(owner(data), "SELECT count(*) FROM kernel_division") == 107
    full = fetch(owner(data), "SELECT full_name FROM kernel_division WHERE code = '330803112000'")
    assert full == "衢州市衢江区廿里镇"


def test_an_account_is_created_listed_reset_and_disabled(data: Path) -> None:
    run = runner(data)
    assert "衢州市水利局 系统管理员" in run("user", "list").output
    assert "新首次登录密码" in run("user", "password", "admin1").output
    assert run("user", "disable", "admin1").exit_code == 0
    assert fetch(owner(data), "SELECT active FROM accounts_user WHERE login = 'admin1'") is False
    unknown = run("user", "password", "nobody")
    assert (unknown.exit_code, "KRN-404" in unknown.output) == (1, True)


def test_verify_finds_the_first_altered_row(data: Path) -> None:
    run = runner(data)
    assert run("verify").exit_code == 0
    server = pg.Server(data, data / "socket", None)  # type: ignore[arg-type]
    server.sql(
        "SET session_replication_role = replica; UPDATE accounts_user SET name = '钱二' WHERE login = 'admin1'",
        pg.DATABASE,
    )
    found = run("verify")
    assert (found.exit_code, "accounts_user" in found.output) == (1, True)
    server.sql(
        "SET session_replication_role = replica; UPDATE accounts_user SET name = '赵一' WHERE login = 'admin1'",
        pg.DATABASE,
    )
    assert run("verify").exit_code == 0


def test_verify_holds_the_chain_against_a_head_kept_elsewhere(data: Path, tmp_path: Path) -> None:
    run = runner(data)
    assert run("backup", str(tmp_path / "b.tar")).exit_code == 0
    head = fetch(owner(data), "SELECT pos || ':' || encode(hash, 'hex') FROM kernel_seal ORDER BY pos DESC LIMIT 1")
    assert run("verify", "--checkpoint", str(head)).exit_code == 0
    position = str(head).partition(":")[0]
    assert run("verify", "--checkpoint", f"{position}:{'0' * 64}").exit_code == 1


def test_a_backup_restores_into_another_folder_keys_included(data: Path, tmp_path: Path) -> None:
    archive = tmp_path / "b.tar"
    (data / "keys.json").write_text((data / "keys.json").read_text() if (data / "keys.json").exists() else "{}")
    assert runner(data)("backup", str(archive), "--with-keys").exit_code == 0
    other = runner(tmp_path / "other")
    done = other("restore", str(archive))
    assert (done.exit_code, "逐项核对一致" in done.output) == (0, True)
    assert other("verify").exit_code == 0
    assert "admin1" in other("user", "list").output
    assert (tmp_path / "other" / "keys.json").read_bytes() == (data / "keys.json").read_bytes()
    again = other("restore", str(archive))
    assert (again.exit_code, "KRN-715" in again.output) == (1, True)


def test_an_empty_database_is_told_what_to_do(tmp_path: Path) -> None:
    holder = pg.start(tmp_path / "data", fast=True)
    for command in (["verify"], ["user", "list"], ["worker"], ["backup", str(tmp_path / "b.tar")]):
        found = runner(tmp_path / "data")(*command)
        assert (command, found.exit_code, "migrate" in found.output) == (command, 4, True)
    holder.stop()


def test_no_server_is_left_running_by_a_command(tmp_path: Path) -> None:
    assert runner(tmp_path / "data")("migrate").exit_code == 0
    assert not (tmp_path / "data" / "pg" / "postmaster.pid").exists()


def test_recompute_needs_no_database(tmp_path: Path) -> None:
    broken = tmp_path / "split.json"
    broken.write_text(json.dumps({"format": "quzhou-migrants/split/1"}))
    found = runner(Path("/nowhere"))("recompute", "split", str(broken))
    assert found.exit_code == 1
    assert "ALC-" in found.output
    assert runner(Path("/nowhere"))("recompute", "split", str(tmp_path / "missing")).exit_code == 2
    assert not os.path.exists("/nowhere")  # noqa: PTH110 - plainly

"""`backup`, `restore`, `verify`: keep everything, bring it back, find the first altered row."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import asyncpg
import click

from quzhou_migrants import wiring
from quzhou_migrants.cli.console import (
    ERR,
    FAILED,
    as_option,
    database,
    progress,
    refusals,
    run,
    say,
    tell,
)
from quzhou_migrants.kernel.audit import Verdict
from quzhou_migrants.kernel.audit import verify as verify_chain
from quzhou_migrants.kernel.backup import Report
from quzhou_migrants.kernel.backup import backup as write_backup
from quzhou_migrants.kernel.crypto import key_path
from quzhou_migrants.kernel.db import connect_arguments
from quzhou_migrants.kernel.restore import restore as read_backup

SIGNING_KEYS = "signing-keys.json"


@click.command(help=say("cli.help.backup"))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@as_option("--with-keys", is_flag=True)
@refusals
def backup(file: Path, *, with_keys: bool) -> None:
    """Write one archive and say what is in it."""
    with database(current=True) as (settings, found), progress() as report:
        ring = key_path()
        keys = [path for path in (ring, ring.with_name(SIGNING_KEYS)) if with_keys and path.exists()]
        done = run(write_backup(found.owner, settings.data_dir / "files", file, keys=keys, report=_titled(report)))
    tell("cli.backed_up", file=file, rows=done.rows, tables=len(done.tables), files=len(done.files))
    tell("cli.chain_head", position=done.chain_position, head=done.chain_head)
    tell("cli.keys_inside" if keys else "cli.keys_apart")


@click.command(help=say("cli.help.restore"))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@refusals
def restore(file: Path) -> None:
    """Fill an empty place and prove it."""
    with database() as (settings, found), progress() as report:
        keys = key_path().parent if not key_path().exists() else None
        done = run(read_backup(found.owner, settings.data_dir / "files", file, keys=keys, report=_titled(report)))
    tell("cli.restored", rows=done.rows, tables=len(done.tables), files=len(done.files))
    tell("cli.chain_head", position=done.chain_position, head=done.chain_head)
    if done.keys and keys is None:
        tell("cli.keys_kept")


@click.command(help=say("cli.help.verify"))
@as_option("--checkpoint", multiple=True)
@refusals
def verify(checkpoint: tuple[str, ...]) -> None:
    """Recompute the chain, hold every row against it, close every sum."""
    against = dict(map(_checkpoint, checkpoint))
    with database(current=True) as (_, found):
        verdict, problems = run(_verify(found.owner, against))
    if verdict.fault:
        fault = verdict.fault
        where = {"table": fault.table, "row": fault.row_id, "kind": say(f"cli.fault.{fault.kind}")}
        ERR.print(say("cli.fault", **where), style="red", markup=False)
    for problem in problems:
        ERR.print(problem, style="red", markup=False)
    if verdict.fault or problems:
        sys.exit(FAILED)
    tell("cli.verified", changes=verdict.changes, rows=verdict.rows, sums=len(wiring.VERIFIERS))
    tell("cli.chain_head", position=verdict.changes, head=verdict.head)


def _checkpoint(text: str) -> tuple[int, str]:
    """Read a checkpoint that was kept elsewhere: position:hash."""
    position, _, head = text.partition(":")
    if not position.isdecimal() or not re.fullmatch(r"[0-9a-f]{64}", head):
        raise click.BadParameter(text, param_hint="--checkpoint")
    return int(position), head


async def _verify(owner_dsn: str, against: dict[int, str]) -> tuple[Verdict, list[str]]:
    connection = await asyncpg.connect(**connect_arguments(owner_dsn))
    try:
        verdict = await verify_chain(connection, against=against)
        async with connection.transaction(readonly=True):
            await connection.execute("SELECT set_config('app.lo', '', true), set_config('app.hi', '~', true)")
            return verdict, [problem for check in wiring.VERIFIERS for problem in await check(connection)]
    finally:
        await connection.close()


def _titled(report: Report) -> Report:
    def titled(title: str, done: int, total: int) -> None:
        report(say(f"cli.progress.{title}"), done, total)

    return titled

"""`migrate`, `load`, `demo`: the database's shape, the administrative map, people who do not exist."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import asyncpg
import click
import msgspec

import quzhou_migrants.policy
from quzhou_migrants.cli.console import (
    FAILED,
    as_option,
    database,
    give_up,
    pool,
    progress,
    refusals,
    run,
    say,
    tell,
)
from quzhou_migrants.database import Addresses
from quzhou_migrants.demo import build
from quzhou_migrants.demo.build import Summary
from quzhou_migrants.demo.world import Report
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.db import connect_arguments
from quzhou_migrants.kernel.divisions import read_places, write_places
from quzhou_migrants.kernel.migrate import migrate as migrate_database
from quzhou_migrants.kernel.tx import system_tx

DIVISIONS = Path(quzhou_migrants.policy.__file__).parent / "quzhou_divisions.csv"
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(help=say("cli.help.migrate"))
def migrate() -> None:
    """Bring the database to this version."""
    with database() as (_, found):
        run(migrate_database(found.owner))
        tell("cli.migrated")


@click.command(help=say("cli.help.load"))
@as_option("--divisions", type=FILE, default=DIVISIONS)
def load(divisions: Path) -> None:
    """Write the administrative map."""
    with database() as (_, found):
        run(migrate_database(found.owner))
        tell("cli.loaded", count=run(_load(found, divisions)))


@click.command(help=say("cli.help.demo"))
@as_option("--households", type=click.IntRange(600, 2_000_000), default=20_000)
@as_option("--if-empty", is_flag=True)
@refusals
def demo(households: int, *, if_empty: bool) -> None:
    """Write the demonstration: places, people, projects in every state."""
    with database() as (_, found):
        run(migrate_database(found.owner))
        run(_load(found, DIVISIONS))
        if run(_state(found)):
            if not if_empty:
                give_up(FAILED, "cli.demo_there")
            return
        tell("cli.demo")
        with progress() as report:
            done = run(_demo(found, households, report))
        tell("cli.demo_done", **asdict(done))


async def _load(found: Addresses, divisions: Path) -> int:
    connection = await asyncpg.connect(**connect_arguments(found.owner))
    try:
        async with connection.transaction():
            return await write_places(connection, read_places(divisions))
    finally:
        await connection.close()


async def _state(found: Addresses) -> bool:
    """Tell whether a whole demonstration is there; give up when half of one is."""
    async with pool(found.app):
        async with system_tx("demo.look") as tx:
            whole = await tx.conn.fetchval("SELECT EXISTS (SELECT 1 FROM kernel_setting WHERE key = 'demo')")
        if not whole and await build.is_there():
            give_up(FAILED, "cli.demo_half")
    return bool(whole)


async def _demo(found: Addresses, households: int, report: Report) -> Summary:
    def titled(title: str, done: int, total: int) -> None:
        report(CATALOGUE.text(f"demo.{title}"), done, total)

    async with pool(found.app, size=6):
        done = await build.build(found.owner, titled, households=households)
        async with system_tx("demo.done") as tx:
            summary = msgspec.json.encode(asdict(done)).decode()
            await tx.conn.execute("INSERT INTO kernel_setting (key, value) VALUES ('demo', $1::jsonb)", summary)
    connection = await asyncpg.connect(**connect_arguments(found.owner))
    await connection.execute("ANALYZE")
    await connection.close()
    return done

"""`migrate`, `load`, `demo`: the database's shape, the administrative map, people who do not exist."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import click

import quzhou_migrants.policy
from quzhou_migrants.cli.console import as_option, database, pool, refusals, run, say, tell
from quzhou_migrants.database import Addresses
from quzhou_migrants.kernel.db import connect_arguments
from quzhou_migrants.kernel.divisions import read_places, write_places
from quzhou_migrants.kernel.migrate import migrate as migrate_database

DIVISIONS = Path(quzhou_migrants.policy.__file__).parent / "quzhou_divisions.csv"


@click.command(help=say("cli.help.migrate"))
def migrate() -> None:
    """Bring the database to this version."""
    with database() as (_, found):
        run(migrate_database(found.owner))
        tell("cli.migrated")


@click.command(help=say("cli.help.load"))
@click.option(
    "--divisions",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=DIVISIONS,
    help=say("cli.option.divisions"),
)
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
        run(_demo(found, households, if_empty=if_empty))


async def _load(found: Addresses, divisions: Path) -> int:
    connection = await asyncpg.connect(**connect_arguments(found.owner))
    try:
        async with connection.transaction():
            return await write_places(connection, read_places(divisions))
    finally:
        await connection.close()


async def _demo(found: Addresses, households: int, *, if_empty: bool) -> None:
    await migrate_database(found.owner)
    await _load(found, DIVISIONS)
    async with pool(found.app):
        tell("cli.demo")

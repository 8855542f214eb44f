"""What every command shares: speaking Chinese, settings, the database, and an honest exit code."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, NoReturn, ParamSpec

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.errors import Invalid, Problem
from quzhou_migrants.settings import Settings, SettingsError, load

if TYPE_CHECKING:
    from quzhou_migrants.database import Addresses

P = ParamSpec("P")
FAILED, WRONG_SETTINGS, NO_DATABASE = 1, 3, 4
OUT = Console(soft_wrap=True, highlight=False)
ERR = Console(stderr=True, soft_wrap=True, highlight=False)


def say(code: str, **facts: Any) -> str:  # noqa: ANN401 - facts are any value the sentence names
    """Say a sentence of this folder's catalogue."""
    return CATALOGUE.sentence(Problem(code, facts=facts))


def tell(code: str, **facts: Any) -> None:  # noqa: ANN401 - facts are any value the sentence names
    """Print a sentence."""
    OUT.print(say(code, **facts), markup=False)


def give_up(exit_code: int, code: str, **facts: Any) -> NoReturn:  # noqa: ANN401 - facts are any value
    """Print a sentence on standard error and leave with an exit code."""
    ERR.print(say(code, **facts), markup=False, style="red")
    sys.exit(exit_code)


def settings() -> Settings:
    """Read the settings; print every wrong one and leave with 3 when there is any."""
    try:
        return load(os.environ)
    except SettingsError as error:
        for variable, reason in error.problems:
            code = "cli.setting_unknown" if reason == "unknown" else "cli.setting_wrong"
            ERR.print(say(code, variable=variable, reason=reason), markup=False, style="red")
        sys.exit(WRONG_SETTINGS)


@contextmanager
def database(*, current: bool = False) -> Iterator[tuple[Settings, Addresses]]:
    """Hold the database for as long as the command runs; leave with 4 when there is none.

    `current` also asks that it has the shape this program expects.
    """
    from quzhou_migrants.database import at_hand  # noqa: PLC0415 - commands without a database stay light
    from quzhou_migrants.kernel.pg_exec import PostgresError  # noqa: PLC0415 - as above

    chosen = settings()
    try:
        with at_hand(chosen) as found:
            if current and not run(_is_current(found.owner)):
                give_up(NO_DATABASE, "cli.migrate_first")
            yield chosen, found
    except (PostgresError, ConnectionError, TimeoutError) as error:
        give_up(NO_DATABASE, "cli.no_database", reason=str(error))


async def _is_current(owner_dsn: str) -> bool:
    import asyncpg  # noqa: PLC0415 - commands without a database stay light

    from quzhou_migrants.kernel import schema  # noqa: PLC0415 - as above
    from quzhou_migrants.kernel.db import connect_arguments  # noqa: PLC0415 - as above

    connection = await asyncpg.connect(**connect_arguments(owner_dsn))
    try:
        return bool(await connection.fetchval(schema.READ) == schema.version())
    except asyncpg.UndefinedTableError:
        return False
    finally:
        await connection.close()


@asynccontextmanager
async def pool(dsn: str, size: int = 4) -> AsyncIterator[None]:
    """Open the program's pool on a database."""
    from quzhou_migrants.kernel.db import ENGINE, close_pool, open_pool  # noqa: PLC0415 - as above

    ENGINE.configure(dsn)
    await open_pool(size=size, patience=600)
    try:
        yield
    finally:
        await close_pool()


def refusals(command: Callable[P, None]) -> Callable[P, None]:
    """Turn a refusal into its Chinese sentence and exit code 1."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except Invalid as error:
            for problem in error.problems:
                ERR.print(f"{problem.code} {CATALOGUE.sentence(problem)}", markup=False, style="red")
            sys.exit(FAILED)

    return wrapped


def run(work: Awaitable[Any]) -> Any:  # noqa: ANN401 - whatever the work answers
    """Run asynchronous work to its end."""

    async def whole() -> Any:  # noqa: ANN401 - as above
        return await work

    return asyncio.run(whole())


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """Show bars; the function given takes a title, what is done and the total."""
    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=ERR,
    )
    known: dict[str, Any] = {}
    with bars:

        def report(title: str, done: int, total: int) -> None:
            if title not in known:
                known[title] = bars.add_task(title, total=total)
            bars.update(known[title], completed=done, total=total)

        yield report


def show(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table."""
    table = Table(title=say(title), title_justify="left")
    for head in heads:
        table.add_column(say(head), overflow="fold")
    for row in rows:
        table.add_row(*row)
    OUT.print(table)


def as_option(name: str, **kwargs: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:  # noqa: ANN401 - click's own
    """Declare an option whose help stands in the catalogue as `cli.option.<name>`."""
    key = name.strip("-").partition("/")[0]
    return click.option(name, help=say(f"cli.option.{key}"), show_default=kwargs.get("default") is not None, **kwargs)

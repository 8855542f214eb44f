"""`recompute`: a stranger checks us with one file and without a database."""

from __future__ import annotations

from pathlib import Path

import click

from allocation.recompute import recompute_draw, recompute_round, recompute_split
from quzhou_migrants.cli.console import OUT, refusals, say
from surveys.recompute import recompute_sample

FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))


@click.group(help=say("cli.help.recompute"))
def recompute() -> None:
    """Group the recomputations."""


@recompute.command(help=say("cli.help.recompute.split"))
@FILE
@click.option("--steps", is_flag=True, help=say("cli.help.recompute.steps"))
@refusals
def split(file: Path, *, steps: bool) -> None:
    """Print the shares of a frozen allocation, with every step when asked."""
    OUT.print(recompute_split(file, steps=steps), markup=False)


@recompute.command(help=say("cli.help.recompute.sample"))
@FILE
@refusals
def sample(file: Path) -> None:
    """Print the households of a frozen draw."""
    OUT.print(recompute_sample(file), markup=False)


@recompute.command(help=say("cli.help.recompute.draw"))
@FILE
@refusals
def draw(file: Path) -> None:
    """Print the experts of a frozen draw."""
    OUT.print(recompute_draw(file), markup=False)


@recompute.command("round", help=say("cli.help.recompute.round"))
@FILE
@refusals
def round_(file: Path) -> None:
    """Print the ranking and the money of a frozen round."""
    OUT.print(recompute_round(file), markup=False)

"""`check-settings`: print every setting in force, or everything that is wrong with them."""

from __future__ import annotations

import click

from quzhou_migrants.cli.console import say, settings, show
from quzhou_migrants.settings import rows


@click.command(help=say("cli.help.check-settings"))
def check_settings() -> None:
    """Print the table."""
    found = [(variable, value, say(f"cli.setting.{variable}")) for variable, value in rows(settings())]
    show("cli.settings", ["cli.head.variable", "cli.head.value", "cli.head.meaning"], found)

"""The command line. Each command lives in its own file and is loaded only when it is called.

Exit codes: 0 done · 1 refused, or a check found something · 2 wrong usage · 3 wrong settings · 4 no database.
"""

from __future__ import annotations

import signal
import sys
from importlib import import_module

import click

from quzhou_migrants.cli.console import say

ENDED = 143
COMMANDS = {
    "serve": "serving:serve",
    "worker": "working:worker",
    "migrate": "loading:migrate",
    "load": "loading:load",
    "demo": "loading:demo",
    "backup": "keeping:backup",
    "restore": "keeping:restore",
    "verify": "keeping:verify",
    "user": "people:user",
    "recompute": "recomputing:recompute",
    "check-settings": "settling:check_settings",
}


class Lazy(click.Group):
    """A group that imports a command when it is needed, so that `recompute` never loads a web server."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Name the commands in the order of a working day."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(f"quzhou_migrants.cli.{module}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """List the commands without importing them."""
        with formatter.section(say("cli.commands")):
            formatter.write_dl([(name, say(f"cli.help.{name}")) for name in COMMANDS])


@click.command(cls=Lazy, help=say("cli.help"), context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="quzhou-migrants")
def main() -> None:
    """Run one command; a polite end (SIGTERM) unwinds like an exception, so that nothing is left running."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(ENDED))

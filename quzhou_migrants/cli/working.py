"""`worker`: scheduled work. Several may run; one leads, the others stand by."""

from __future__ import annotations

import asyncio
import signal

import click

from quzhou_migrants import wiring
from quzhou_migrants.cli.console import database, pool, run, say
from quzhou_migrants.database import Addresses
from quzhou_migrants.kernel import lifeline, logs
from quzhou_migrants.kernel.jobs import Ticker

LOG = logs.logger("worker")


@click.command(help=say("cli.help.worker"))
def worker() -> None:
    """Tick until told to stop, or until the server that started us is gone."""
    lifeline.hold()
    with database(current=True) as (settings, found):
        logs.configure(settings.log_level)
        run(_work(found))


async def _work(found: Addresses) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with pool(found.app):
        LOG.info("worker.started", jobs=[job.name for job in wiring.JOBS])
        await Ticker(wiring.JOBS, found.owner).serve(stop)
    LOG.info("worker.stopped")

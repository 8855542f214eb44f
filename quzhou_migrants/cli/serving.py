"""`serve`: the web server with its worker processes and, if wished, the scheduled work beside it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from importlib import import_module
from pathlib import Path

import asyncpg
import click
from granian.constants import Interfaces
from granian.http import HTTP1Settings
from granian.server.mp import MPServer

from quzhou_migrants.cli.console import FAILED, NO_DATABASE, as_option, database, give_up, run, say, tell
from quzhou_migrants.cli.welcome import DEMO, welcome
from quzhou_migrants.kernel import lifeline, schema
from quzhou_migrants.kernel.db import connect_arguments
from quzhou_migrants.settings import Settings

TARGET = "quzhou_migrants.app:application"


@click.command(help=say("cli.help.serve"))
@as_option("--host", envvar="QM_HOST")
@as_option("--port", envvar="QM_PORT", type=click.IntRange(1, 65535))
@as_option("--workers", envvar="QM_WORKERS", type=click.IntRange(1, 64))
@as_option("--with-worker", is_flag=True)
@as_option("--demo", type=click.IntRange(600, 2_000_000))
def serve(host: str | None, port: int | None, workers: int | None, demo: int | None, *, with_worker: bool) -> None:
    """Serve until told to stop, then finish what runs."""
    for variable, value in (("QM_HOST", host), ("QM_PORT", port), ("QM_WORKERS", workers)):
        if value is not None:
            os.environ[variable] = str(value)
    with database() as (settings, found):
        if demo and run(_look(found.owner)) != (schema.version(), True):
            _make_demo(demo)
        if run(_look(found.owner))[0] != schema.version():
            give_up(NO_DATABASE, "cli.migrate_first")
        if _taken(settings):
            give_up(FAILED, "cli.port_taken", host=settings.host, port=settings.port)
        run(welcome(settings, found.owner))
        import_module(TARGET.partition(":")[0])  # once, before the server's processes split off and share it
        lifeline.offer()
        os.register_at_fork(after_in_child=_stop_at_once)
        companion = Companion(settings.stop_seconds) if with_worker else None
        try:
            _server(settings).serve()
        finally:
            if companion:
                companion.stop()
    tell("cli.stopped")


def _taken(settings: Settings) -> bool:
    """Ask for the port alone: the server itself would share it with another one without a word."""
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError:
            return True
    return False


def _stop_at_once() -> None:
    # A process that is told to stop before it serves has nothing to finish; later the server handles it.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


async def _look(owner_dsn: str) -> tuple[str | None, bool]:
    """Answer the shape of the database and whether it holds a demonstration."""
    connection = await asyncpg.connect(**connect_arguments(owner_dsn))
    try:
        return await connection.fetchval(schema.READ), await connection.fetchval(DEMO)
    except asyncpg.UndefinedTableError:
        return None, False
    finally:
        await connection.close()


def _make_demo(households: int) -> None:
    """Load the demonstration in a process of its own: what it needs, the server does not."""
    command = [sys.executable, "-m", "quzhou_migrants", "demo", "--if-empty", "--households", str(households)]
    done = subprocess.run(command, check=False)  # noqa: S603 - ourselves
    if done.returncode:
        sys.exit(done.returncode)


def _server(settings: Settings) -> MPServer:
    return MPServer(
        TARGET,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        factory=True,
        workers=settings.workers,
        respawn_failed_workers=True,
        workers_kill_timeout=settings.stop_seconds,
        http1_settings=HTTP1Settings(header_read_timeout=30_000),
        websockets=False,
        # The program writes its own lines: an access log would hold what people searched for.
        log_access=False,
        log_level="warning",  # type: ignore[arg-type]
    )


class Companion:
    """The scheduled work in a process of its own, started again when it falls."""

    def __init__(self, patience: int) -> None:
        """Start it; `patience` seconds are given to it at the end."""
        self._patience = patience
        self._stopping = threading.Event()
        self._process = self._start()
        threading.Thread(target=self._watch, daemon=True).start()

    @staticmethod
    def _start() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "quzhou_migrants", "worker"]
        return subprocess.Popen(command, cwd=Path.cwd())  # noqa: S603 - ourselves

    def _watch(self) -> None:
        while not self._stopping.wait(2):
            if self._process.poll() is not None:
                self._process = self._start()

    def stop(self) -> None:
        """Ask it to finish; end it when it does not."""
        self._stopping.set()
        self._process.terminate()
        try:
            self._process.wait(self._patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

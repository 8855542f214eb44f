"""Memory of one server process after it has worked."""

from __future__ import annotations

from pathlib import Path

import psutil

from tests.bench.harness import RUNS, Figure
from tests.bench.load import load
from tests.bench.pages import PAGES
from tests.bench.place import cookie, filled, served


def measure() -> list[Figure]:
    """Ask every page for some seconds, then look. Units: MB resident, shared pages included."""
    folder, values = filled(20_000), []
    for _ in range(RUNS):
        with served(folder, workers=1) as running:
            signed_in = cookie(running.address)
            for path in PAGES.values():
                load(running.address + path, signed_in, seconds=2)
            values.append(max(_resident(child) for child in psutil.Process(running.process.pid).children()))
    return [Figure("memory of one worker", "MB", tuple(values), aim=150)]


def _resident(process: psutil.Process) -> float:
    program = Path(f"/proc/{process.pid}/cmdline").read_bytes()
    return process.memory_info().rss / 1e6 if b"serve" in program else 0.0

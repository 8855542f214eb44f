"""List and search pages of the register under load, beside a bare route that sends the same statements."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

from tests.bench.harness import RUNS, Figure
from tests.bench.load import load
from tests.bench.place import Running, cookie, environ, filled, free_port, served, started

PAGES = {
    "list": "/register/households",
    "search by name": f"/register/households?q={quote('王小')}",
    "search by ID": "/register/households?sealed=p" + "ab" * 32,  # what a typed number leads to
}


def measure(households: int, aim: float) -> list[Figure]:
    """Measure every page over so many households. Units: ms, requests per second, statements."""
    folder, figures = filled(households), []
    with served(folder) as running:
        signed_in = cookie(running.address)
        for title, path in PAGES.items():
            figures += _page(folder, running, signed_in, f"{title}, {households:,} households", path, aim)
    return figures


def _page(  # noqa: PLR0913 - one page has these parts
    folder: Path, running: Running, signed_in: str, name: str, path: str, aim: float
) -> list[Figure]:
    target = folder / "statements.json"
    record = [sys.executable, "-m", "tests.bench.record", path, signed_in, str(target)]
    subprocess.run(record, env=environ(folder), check=True, stderr=subprocess.DEVNULL)
    statements = len(json.loads(target.read_text()))
    port = free_port()
    dsn = f"postgresql://qm_app@/quzhou_migrants?host={folder / 'socket'}"
    bare = [
        *(sys.executable, "-m", "granian", "--interface", "asgi", "--workers", "2", "--no-log"),
        *("--port", str(port), "tests.bench.bare:app"),
    ]
    with started(bare, "/", environ(folder, BARE=str(target), BARE_DSN=dsn), port) as yardstick:
        load(running.address + path, signed_in, seconds=2)
        load(yardstick.address + "/", seconds=2)
        # Side by side, one after the other: whatever else the machine does meets both.
        pairs = [(load(running.address + path, signed_in), load(yardstick.address + "/")) for _ in range(RUNS)]
    ours = [pair[0] for pair in pairs]
    return [
        Figure(f"{name}: p50 at 16 connections", "ms", tuple(one.p50 for one in ours)),
        Figure(f"{name}: p95 at 16 connections", "ms", tuple(one.p95 for one in ours), aim=aim),
        Figure(f"{name}: pages per second", "1/s", tuple(one.rate for one in ours), least=True),
        Figure(f"{name}: of a bare route", "x", tuple(o.rate / b.rate for o, b in pairs), aim=0.5, least=True),
        Figure(f"{name}: statements", "", (float(statements),)),
    ]

"""Import of 100,000 household rows from xlsx: receive, check every cell, write."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.bench.harness import RUNS, Figure
from tests.bench.place import FOLDER, environ
from tests.bench.sheet import write_sheet

HOUSEHOLDS = 100_000


def measure() -> list[Figure]:
    """Import the same file into a fresh database each time. Memory counts from before the upload."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    sheet = FOLDER / f"import-{HOUSEHOLDS}.xlsx"
    if not sheet.exists():
        write_sheet(sheet, HOUSEHOLDS)
    command = [sys.executable, "-m", "tests.bench.importing", str(sheet)]
    runs = []
    for _ in range(RUNS):
        done = subprocess.run(command, env=environ(FOLDER / "import"), capture_output=True, text=True, check=True)
        runs.append(json.loads(done.stdout))
    if {run["written"] for run in runs} != {HOUSEHOLDS}:
        raise AssertionError(runs)
    return [
        Figure("import of 100,000 household rows", "s", tuple(run["seconds"] for run in runs), aim=20),
        Figure("import: memory growth", "MB", tuple(run["grown"] for run in runs), aim=100),
    ]

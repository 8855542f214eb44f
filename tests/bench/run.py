"""Measure everything, print a table, write build/bench.json.

`python -m tests.bench.run` measures all; names after it choose: `… split sample pages`.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import statistics
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.harness import Figure

BENCHES = (
    "split",
    "ledger",
    "factor",
    "sample",
    "placards",
    "import",
    "ranking",
    "dossier",
    "snapshot",
    "overlap",
    "claims",
    "cash",
    "pages_small",
    "pages_large",
    "worker",
    "start",
)
OUT = Path("build/bench.json")


def main(chosen: list[str]) -> int:
    """Run the chosen measurements; the exit code tells whether every aim was met."""
    unknown = set(chosen) - set(BENCHES)
    if unknown:
        sys.stderr.write(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(BENCHES)}\n")
        return 2
    kept = {figure["name"]: figure for figure in _kept()}
    found: list[Figure] = []
    for name in chosen or BENCHES:
        sys.stderr.write(f"{name} …\n")
        figures = importlib.import_module(f"tests.bench.bench_{name}").measure()
        found += figures
        kept |= {figure.name: figure.as_json() for figure in figures}
        _write(list(kept.values()))
    _show(found)
    return int(any(figure.met is False for figure in found))


def _kept() -> list[dict[str, object]]:
    """Figures of earlier runs stay until they are measured again."""
    if not OUT.exists():
        return []
    figures: list[dict[str, object]] = json.loads(OUT.read_text())["figures"]
    return figures


def _write(figures: list[dict[str, object]]) -> None:
    OUT.parent.mkdir(exist_ok=True)
    machine = {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()} | {
        "load": [round(x, 1) for x in os.getloadavg()]
    }
    OUT.write_text(json.dumps({"machine": machine, "figures": figures}, indent=1, ensure_ascii=False) + "\n")


def _show(figures: list[Figure]) -> None:
    table = Table("figure", "median", "worst", "cpu", "unit", "aim", "met")
    for figure in figures:
        aim = "" if figure.aim is None else f"{'≥' if figure.least else '≤'} {figure.aim:g}"
        met = {True: "yes", False: "NO", None: ""}[figure.met]
        cpu = f"{statistics.median(figure.cpu):.4g}" if figure.cpu else ""
        table.add_row(figure.name, f"{figure.median:.4g}", f"{figure.worst:.4g}", cpu, figure.unit, aim, met)
    Console(soft_wrap=True).print(table)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

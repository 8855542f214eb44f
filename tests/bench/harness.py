"""What every measurement shares: figures with an aim, five runs, the median and the worst."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

RUNS = 5


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured quantity. `least` marks an aim that must be reached, not stayed under."""

    name: str
    unit: str
    values: tuple[float, ...]
    aim: float | None = None
    least: bool = False
    cpu: tuple[float, ...] = ()

    @property
    def median(self) -> float:
        """The middle of all runs."""
        return statistics.median(self.values)

    @property
    def worst(self) -> float:
        """The least favourable run."""
        return min(self.values) if self.least else max(self.values)

    @property
    def met(self) -> bool | None:
        """Tell whether the median reaches the aim; None without one."""
        if self.aim is None:
            return None
        return self.median >= self.aim if self.least else self.median <= self.aim

    def as_json(self) -> dict[str, Any]:
        """Write the figure as build/bench.json keeps it."""
        return {
            "name": self.name,
            "median": round(self.median, 4),
            "worst": round(self.worst, 4),
            "unit": self.unit,
            "aim": self.aim,
            "met": self.met,
            "values": [round(value, 4) for value in self.values],
            # On a busy machine the processor time tells what the clock cannot.
            **({"cpu": round(statistics.median(self.cpu), 4)} if self.cpu else {}),
        }


def timed(work: Callable[[], object], runs: int = RUNS, scale: float = 1.0) -> dict[str, tuple[float, ...]]:
    """Run some work several times, after one run that warms up; `values` and `cpu` for a Figure, in seconds x scale."""
    work()
    values, cpu = [], []
    for _ in range(runs):
        gc.collect()
        started, used = time.perf_counter(), time.process_time()
        work()
        values.append((time.perf_counter() - started) * scale)
        cpu.append((time.process_time() - used) * scale)
    return {"values": tuple(values), "cpu": tuple(cpu)}

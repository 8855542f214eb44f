"""A sample drawn from a frame of 1,000,000 households."""

from __future__ import annotations

import random

from surveys.sampling.rules import Design, draw
from tests.bench.harness import Figure, timed

COUNTIES = (330802, 330803, 330822, 330824, 330825, 330881)
HOUSEHOLDS = 1_000_000


def measure() -> list[Figure]:
    """Draw five per cent by county, village kind and support."""
    rng = random.Random(1)

    def line(number: int) -> bytes:
        village = f"{rng.choice(COUNTIES)}1{rng.randrange(20):02d}2{rng.randrange(30):02d}"
        kind, support = rng.choice(("reservoir_area", "resettlement")), rng.choice(("cash", "project"))
        return f"H{number:09d},{village},{kind},{support},{int(rng.random() < 0.1)},{rng.randrange(1, 7)}".encode()

    frame = [line(number) for number in range(HOUSEHOLDS)]
    design = Design(rate_bp=500, least=2, substitutes_bp=2000)
    seed = "20260916" * 8

    def once() -> None:
        if sum(size.main for size in draw(frame, design, seed).sizes.values()) < HOUSEHOLDS // 20:
            raise AssertionError

    return [Figure("sample from 1,000,000 households", "s", aim=3, **timed(once))]

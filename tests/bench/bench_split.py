"""The factor split of 3,000 units by 10 factors."""

from __future__ import annotations

import random

from allocation.factor.rules import split
from allocation.factor.scheme import Factor, Part, Scheme
from quzhou_migrants.kernel.money import FEN_EXACT
from tests.bench.harness import Figure, timed

UNITS, FACTORS = 3_000, 10
POOL_FEN = 123_456_789_01


def measure() -> list[Figure]:
    """Split one pool again and again; the sum is proven each time."""
    rng = random.Random(7)
    units = [f"{330802000000 + number}" for number in range(UNITS)]
    parts = [Part.BASE] * 6 + [Part.PERFORMANCE] * 4
    weights = [2000, 1500, 1000, 1000, 1000, 500, 1000, 1000, 500, 500]
    factors = tuple(
        Factor(f"f{number}", f"factor {number}", "", part, weight, places=2)
        for number, (part, weight) in enumerate(zip(parts, weights, strict=True))
    )
    scheme = Scheme("bench", 7000, 3000, factors, FEN_EXACT)
    data = {f.key: {unit: f"{rng.randrange(1, 10**6) / 100:.2f}" for unit in units} for f in factors}

    def once() -> None:
        if sum(split(POOL_FEN, scheme, units, data).shares.values()) != POOL_FEN:
            raise AssertionError

    return [Figure("split 3,000 units x 10 factors", "ms", aim=100, **timed(once, scale=1000))]

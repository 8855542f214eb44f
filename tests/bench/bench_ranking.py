"""The order of 20,000 candidates by the six criteria of the pack: decided exactly, every tie broken."""

from __future__ import annotations

import random
from datetime import date, timedelta

from projects.ranking.parameters import pack_scheme
from projects.ranking.rules import Candidate, Pair, rank
from quzhou_migrants.kernel.tx import installed_packs
from tests.bench.harness import Figure, timed

CANDIDATES = 20_000
DAY = date(2026, 9, 16)


def measure() -> list[Figure]:
    """Rank the same candidates again and again; each time every place is given once."""
    rng = random.Random(7)
    scheme = pack_scheme(installed_packs().at(DAY, "330803000000"))
    candidates = [_candidate(rng, number) for number in range(CANDIDATES)]
    places = list(range(1, CANDIDATES + 1))

    def once() -> None:
        if [r.rank for r in rank(scheme, candidates)] != places:
            raise AssertionError

    return [Figure("rank 20,000 candidates by 6 criteria", "s", aim=1.0, **timed(once))]


def _candidate(rng: random.Random, number: int) -> Candidate:
    due, migrants, estimate = rng.randrange(30, 80), rng.randrange(20, 500), rng.randrange(8, 60) * 1_000_000
    values: dict[str, Pair | None] = {
        "votes": (rng.randrange(due // 2, due) * 100, due),
        "migrants": (migrants, 1),
        "low_income": (rng.randrange(20) * 100, migrants),
        "readiness": (rng.randrange(6) * 100, 5),
        "cost": (estimate, 100 * (migrants + rng.randrange(300))),
        "own": (rng.randrange(estimate) * 100, estimate),
    }
    return Candidate(number, f"330803-2026-{number:06d}", DAY - timedelta(days=rng.randrange(900)), values)

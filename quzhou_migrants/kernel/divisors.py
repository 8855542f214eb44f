"""Divisor methods: whole units go one by one to whoever has the greatest weight per unit held.

The method says what a party's weight is divided by for its next unit. All comparisons are made in
whole numbers and fractions; a claim's place depends on weight, units held and key alone, so the
order of rows never matters and equal claims favour the lower key.
Source: Balinski and Young, Fair Representation (1982), chapter on divisor methods
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from heapq import heappop, heappush
from typing import TypeAlias

Limits: TypeAlias = Mapping[str, tuple[int, int | None]]  # key -> least and most; None: no most
Claim: TypeAlias = tuple[int, Fraction, int]  # sorted best first

# What a weight is divided by for the unit after `held`; a zero means that this unit comes first of all.
DIVISORS: dict[str, Callable[[int], Fraction]] = {
    "adams": Fraction,
    "dean": lambda held: Fraction(2 * held * (held + 1), 2 * held + 1),
    "hill": lambda held: Fraction(held * (held + 1)),  # squared: weights are squared with it
    "webster": lambda held: Fraction(2 * held + 1),
    "jefferson": lambda held: Fraction(held + 1),
}


def claims(weight: int, order: int, method: str) -> Callable[[int], Claim]:
    """Give the place of a party's next claim by the units it holds; smaller sorts earlier."""
    divide, strength = DIVISORS[method], weight * weight if method == "hill" else weight

    def claim(held: int) -> Claim:
        by = divide(held)
        return (1, -strength / by, order) if by else (0, Fraction(-weight), order)

    return claim


def place(units: int, weights: Mapping[str, int], method: str, limits: Limits | None = None) -> dict[str, int]:
    """Hand out whole units by a divisor method.

    Starts near the end, at everybody's exact share cut to whole units, and then adds the best
    claims and takes back the worst until no swap would be fairer: only one result is left then.
    Shape: {key: units} in key order, summing to `units`; within `limits`, where given.
    Raises: ValueError, limits that cannot hold so many.
    """
    keys, total = sorted(weights), sum(weights.values())
    counter = _Counter(
        [claims(weights[k], n, method) for n, k in enumerate(keys)],
        [(limits or {}).get(k, (0, None)) for k in keys],
        [units * weights[k] // total for k in keys],
    )
    for n, k in enumerate(keys):
        if weights[k]:
            counter.offer(n)
    counter.fill(units)
    return dict(zip(keys, counter.held, strict=True))


class _Counter:
    """Units held, the next claims, and the last ones served. What a heap says of an older holding is skipped."""

    def __init__(
        self, ask: Sequence[Callable[[int], Claim]], room: Sequence[tuple[int, int | None]], start: Sequence[int]
    ) -> None:
        self.ask, self.room = ask, room
        self.held = [
            max(least, n if most is None else min(n, most)) for n, (least, most) in zip(start, room, strict=True)
        ]
        self.next: list[tuple[Claim, int, int]] = []
        self.last: list[tuple[Claim, int, int]] = []

    def offer(self, n: int) -> None:
        """Say what a party claims next and what it was served last."""
        least, most = self.room[n]
        held = self.held[n]
        if most is None or held < most:
            heappush(self.next, (self.ask[n](held), n, held))
        if held > least:
            heappush(self.last, (_mirrored(self.ask[n](held - 1)), n, held))

    def top(self, heap: list[tuple[Claim, int, int]]) -> tuple[Claim, int] | None:
        """Look at the first claim that still stands."""
        while heap and heap[0][2] != self.held[heap[0][1]]:
            heappop(heap)
        return (heap[0][0], heap[0][1]) if heap else None

    def fill(self, units: int) -> None:
        """Add and take back until the sum is right and no swap is fairer. Raises: ValueError."""
        missing = units - sum(self.held)
        while True:
            best, worst = self.top(self.next), self.top(self.last)
            if missing == 0 and (best is None or worst is None or best[0] >= _mirrored(worst[0])):
                return
            mover, step = (best, 1) if missing >= 0 else (worst, -1)
            if mover is None:
                raise ValueError(missing)
            self.held[mover[1]] += step
            missing -= step
            self.offer(mover[1])


def _mirrored(claim: Claim) -> Claim:
    first, value, order = claim
    return (-first, -value, -order)

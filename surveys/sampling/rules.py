"""How large the sample is and who is in it; pure, so that anybody can repeat it.

Size: every county gives at least the rate, rounded up; inside a county the largest remainder
spreads the places over the strata; a stratum that is not empty gives at least the stated number
(or all it has). Raising a stratum only ever adds, so the floor of the clause always holds.

Draw: inside each stratum, households stand in the order of SHA-256("seed|household code"), as
lower-case hexadecimal; the first are the sample, the next are the substitutes, in that order.
Nothing else plays a part: neither the order of the frame nor the computer nor the language.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from math import ceil
from typing import TypeAlias

from quzhou_migrants.kernel.errors import Refused

WHOLE_BP = 10_000
STRATA = ("county", "village_kind", "support", "low_income")
COLUMNS = ("household", "village", "village_kind", "support", "low_income", "members")
COUNTY_DIGITS = 6
SEED_LENGTH = (8, 120)

Stratum: TypeAlias = tuple[str, ...]
"""A value for each field of `Design.strata`; the county's six digits come first."""


@dataclass(frozen=True, slots=True)
class Design:
    """The declared numbers of a draw.

    Units: basis points, households.
    """

    rate_bp: int
    least: int
    substitutes_bp: int
    strata: tuple[str, ...] = ("county", "village_kind", "support")

    def __post_init__(self) -> None:
        """Refuse a design that cannot keep the clause.

        Raises: Refused SUR-101, a rate outside 0 to 100 %; SUR-102, strata that are unknown or
            do not begin with the county.
        """
        if not 0 < self.rate_bp <= WHOLE_BP:
            raise Refused("SUR-101", rate_bp=self.rate_bp)
        if self.strata[:1] != ("county",) or set(self.strata) - set(STRATA) or len(set(self.strata)) < len(self.strata):
            raise Refused("SUR-102", strata=", ".join(self.strata))


def proper_seed(seed: str) -> str:
    """Give a seed as it is stored: one line of visible text that a file can carry unchanged.

    Raises: Refused SUR-104.
    """
    seed = seed.strip()
    if not SEED_LENGTH[0] <= len(seed) <= SEED_LENGTH[1] or not seed.isprintable() or seed.endswith(","):
        raise Refused("SUR-104", field="seed")
    return seed


@dataclass(frozen=True, slots=True)
class Size:
    """The places of one stratum.

    Units: households; `quota` is the largest-remainder share before the least number is applied.
    """

    households: int
    quota: int
    main: int
    substitutes: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """One household of the result: its stratum, its role and its rank within both."""

    household: str
    stratum: Stratum
    role: str
    rank: int


@dataclass(frozen=True, slots=True)
class Draw:
    """A result: the places of every stratum, and who takes them, by stratum, role and rank."""

    sizes: Mapping[Stratum, Size]
    drawn: list[Drawn]


def sizes(counts: Mapping[Stratum, int], design: Design) -> dict[Stratum, Size]:
    """Say how many households every stratum gives.

    Shape: one Size per non-empty stratum, in the order of the strata.
    Raises: Refused SUR-103, nobody to draw from.
    Source: 衢政办发〔2016〕65号 二(五)2
    """
    filled = {stratum: count for stratum, count in sorted(counts.items()) if count}
    if not filled:
        raise Refused("SUR-103")
    counties: defaultdict[str, dict[Stratum, int]] = defaultdict(dict)
    for stratum, count in filled.items():
        counties[stratum[0]][stratum] = count
    quotas: dict[Stratum, int] = {}
    for strata in counties.values():
        quotas |= largest_remainder(ceil(Fraction(sum(strata.values()) * design.rate_bp, WHOLE_BP)), strata)
    return {stratum: _size(count, quotas[stratum], design) for stratum, count in filled.items()}


def _size(households: int, quota: int, design: Design) -> Size:
    main = max(quota, min(design.least, households))
    spare = ceil(Fraction(main * design.substitutes_bp, WHOLE_BP))
    return Size(households, quota, main, min(spare, households - main))


def largest_remainder(places: int, counts: Mapping[Stratum, int]) -> dict[Stratum, int]:
    """Spread places in proportion; the left-over ones go to the largest remainders.

    Shape: shares that sum to `places`; equal remainders go to the stratum that sorts first.
    """
    total = sum(counts.values())
    shares = {stratum: places * count // total for stratum, count in counts.items()}
    left = places - sum(shares.values())
    by_remainder = sorted(counts, key=lambda stratum: (-(places * counts[stratum] % total), stratum))
    for stratum in by_remainder[:left]:
        shares[stratum] += 1
    return shares


def draw(frame: Iterable[bytes], design: Design, seed: str) -> Draw:
    """Draw the sample and its substitutes from a frozen frame.

    Shape: `frame` is lines of COLUMNS joined by commas; main households stand before substitutes.
    Raises: Refused SUR-103, nobody to draw from.
    Source: 衢政办发〔2016〕65号 二(五)2
    """
    strata = ordered(frame, design, seed)
    places = sizes({stratum: len(queue) for stratum, queue in strata.items()}, design)
    return Draw(places, [one for stratum, size in places.items() for one in _take(stratum, strata[stratum], size)])


def ordered(frame: Iterable[bytes], design: Design, seed: str) -> dict[Stratum, list[bytes]]:
    """Put every household of every stratum in drawing order.

    Shape: per stratum, the 32 bytes of the hash followed by the household code, sorted.
    """
    salt = seed.encode() + b"|"
    queues: defaultdict[Stratum, list[bytes]] = defaultdict(list)
    # Households of a village share most of their facts, so each combination is read only once.
    queue_of: dict[bytes, list[bytes]] = {}
    for line in frame:
        code, _, facts = line.partition(b",")
        queue = queue_of.get(facts)
        if queue is None:
            queue = queue_of[facts] = queues[stratum_of(facts.decode(), design)]
        queue.append(sha256(salt + code).digest() + code)
    for queue in queues.values():
        queue.sort()
    return dict(queues)


def stratum_of(facts: str, design: Design) -> Stratum:
    """Name the stratum of a household from the columns after its code."""
    cells = dict(zip(COLUMNS[1:], facts.split(","), strict=True))
    cells["county"] = cells["village"][:COUNTY_DIGITS]
    return tuple(cells[name] for name in design.strata)


def _take(stratum: Stratum, queue: list[bytes], size: Size) -> Iterable[Drawn]:
    """Take the first of a queue as the sample, the next as substitutes."""
    digest = sha256().digest_size
    for place, entry in enumerate(queue[: size.main + size.substitutes]):
        spare = place >= size.main
        rank = place - size.main + 1 if spare else place + 1
        yield Drawn(entry[digest:].decode(), stratum, "substitute" if spare else "main", rank)

"""How one batch is parted into money by factors and money by competition, and where unspent pots flow. Pure.

Source: 衢政办发〔2016〕65号 二(三)1 (factor, project and mixed method; ratios are the place's own)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from quzhou_migrants.kernel.errors import Problem, Refused
from quzhou_migrants.kernel.money import Fen, Rounding, apportion, part_of

WHOLE = 10_000  # basis points in one whole


class Back(StrEnum):
    """Where money that nobody won in time flows: to who held the pot, to who parted, to who parted's own pot."""

    HOLDER = "holder"
    ORIGIN = "origin"
    POT = "pot"


class Lies(StrEnum):
    """The kinds of the ledger that pots know."""

    AVAILABLE = "available"
    COMPETING = "competing"


@dataclass(frozen=True, slots=True)
class PotShare:
    """One pot of the competitive part. Units: basis points of that part."""

    division_code: str
    share_bp: int


@dataclass(frozen=True, slots=True)
class Parted:
    """What a pool becomes. Units: fen. Shape: pots {division: fen}; factor + pots = pool."""

    factor_fen: Fen
    competitive_fen: Fen
    pots: Mapping[str, Fen]


@dataclass(frozen=True, slots=True)
class Flow:
    """Unspent money of one pot and where it goes. Units: fen."""

    division_code: str
    amount_fen: Fen
    to_division: str
    to_kind: Lies


def problems(
    pool_fen: Fen, left_fen: Fen, factor_bp: int, shares: Sequence[PotShare], holders: set[str]
) -> list[Problem]:
    """Find what is wrong with a parting as it was typed.

    Codes: ALC-390 (nothing for competition), ALC-391 (more than is available), ALC-392 (shares do not sum to
    one whole), ALC-393 (a holder twice, or not of this division).
    """
    found = []
    if not 0 <= factor_bp < WHOLE:
        found.append(Problem("ALC-390", "factor_bp"))
    if pool_fen > left_fen:
        found.append(Problem("ALC-391", "pool_fen", {"asked": pool_fen, "left": left_fen}))
    total = sum(s.share_bp for s in shares)
    if total != WHOLE:
        found.append(Problem("ALC-392", "pots", {"total": total}))
    named = [s.division_code for s in shares]
    if len(set(named)) != len(named) or set(named) - holders:
        found.append(Problem("ALC-393", "pots"))
    return found


def part(pool_fen: Fen, factor_bp: int, shares: Sequence[PotShare], rounding: Rounding) -> Parted:
    """Part a pool: the factor share is cut to the unit, the rest is for competition and goes into the pots exactly.

    The order of the shares never matters; what rounding leaves goes by largest remainder, ties to the lower code.
    Raises: Refused ALC-390 (nothing is left for competition).
    """
    factor = part_of(pool_fen, Fraction(factor_bp, WHOLE), rounding)
    competitive = pool_fen - factor
    if competitive <= 0:
        raise Refused("ALC-390", field="factor_bp")
    return Parted(factor, competitive, apportion(competitive, {s.division_code: s.share_bp for s in shares}))


def flows(left: Mapping[str, Fen], origin: str, back: Back) -> list[Flow]:
    """Say where what is left in each pot flows, by the rule of the parting. Shape: left {division: fen}.

    Under "pot" the money of others goes into the origin's own pot, and the origin's own stays where it is.
    """
    found = []
    for code in sorted(left):
        if not left[code] or (back is Back.POT and code == origin):
            continue
        to = code if back is Back.HOLDER else origin
        found.append(Flow(code, left[code], to, Lies.COMPETING if back is Back.POT else Lies.AVAILABLE))
    return found

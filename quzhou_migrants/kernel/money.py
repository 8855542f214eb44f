"""Money is whole fen. Reading it, writing it, and parting it exactly.

`apportion` is the only place in the system where an amount is parted among several: every
split, draw-down and share of a cost goes through it, so the sum always equals what was parted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import lcm
from typing import TypeAlias

from quzhou_migrants.kernel import divisors
from quzhou_migrants.kernel.divisors import Limits
from quzhou_migrants.kernel.errors import Refused

Fen: TypeAlias = int
Weight: TypeAlias = int | Fraction

YUAN = 100  # fen in one yuan
WAN = 10_000 * YUAN  # fen in ten thousand yuan, the unit of every published table
MOST = 9_000_000_000_000_000_00  # the largest amount a BIGINT column holds with room to add

_SIGN_YUAN, _SIGN_WAN = "\N{CJK UNIFIED IDEOGRAPH-5143}", "\N{CJK UNIFIED IDEOGRAPH-4E07}"
_WIDTHS = str.maketrans(
    {chr(0xFF10 + d): str(d) for d in range(10)}
    | {"\uff0c": ",", "\uff0e": ".", "\uff0d": "-", "\uffe5": "\xa5", "\u3000": " "}
)
_NUMBER = re.compile(r"(-?)(\d{1,20}|\d{1,3}(?:,\d{3}){1,6})(?:\.(\d{1,12}))?", re.ASCII)
_LONGEST = 64  # a text longer than this is no amount, and int() must not be asked


class Mode(StrEnum):
    """How an exact part becomes a whole number of units before the residual is placed.

    The last five are divisor methods: they place every unit by their own rule, so no residual of
    whole units is left.
    """

    LARGEST_REMAINDER = "largest_remainder"
    HALF_UP = "half_up"
    HALF_EVEN = "half_even"
    FLOOR = "floor"
    JEFFERSON = "jefferson"
    WEBSTER = "webster"
    HILL = "hill"
    DEAN = "dean"
    ADAMS = "adams"

    @property
    def by_divisor(self) -> bool:
        """Tell whether this is a divisor method."""
        return self.value in divisors.DIVISORS


BY_REMAINDER = "largest_remainder"
TO_LARGEST = "largest"


@dataclass(frozen=True, slots=True)
class Rounding:
    """How a split is rounded: mode, unit, and who takes what rounding leaves over.

    `residual` is "largest_remainder" (unit by unit to those rounding hurt most), "largest" (the
    party with the greatest weight), or the key of a named party. In mode "largest_remainder"
    only the first applies; a divisor method leaves at most what is smaller than one unit.
    Units: unit_fen in fen (1 = fen, 100 = yuan, 1_000_000 = ten thousand yuan).
    """

    mode: Mode = Mode.LARGEST_REMAINDER
    unit_fen: Fen = 1
    residual: str = BY_REMAINDER


FEN_EXACT = Rounding()


def apportion(
    pool: Fen, weights: Mapping[str, Weight], rounding: Rounding = FEN_EXACT, limits: Limits | None = None
) -> dict[str, Fen]:
    """Part a pool in proportion to weights, exactly.

    `limits` hold the least and the most a key may get, in whole units; the exact shares must lie
    within them, so that only rounding has to respect them.
    Shape: {key: fen} in key order; the sum is the pool, no part is negative, and the order of
    `weights` never matters. Ties always favour the lower key.
    Units: fen. Weights are integers or fractions of any common scale.
    Raises: Refused KRN-201 (no weight to go by), KRN-202 (negative weight or pool),
    KRN-203 (unit, or a residual party that is not among the keys); ValueError, limits that no
    rounding can respect.
    """
    _check(pool, weights, rounding)
    scaled = whole_weights(weights)
    if rounding.mode.by_divisor:
        return _by_divisor(pool, scaled, rounding, limits or {})
    total, unit = sum(scaled.values()), rounding.unit_fen
    whole, error = {}, {}
    for key in sorted(scaled):
        floor, rest = divmod(pool * scaled[key], total * unit)
        up = _rounds_up(rounding.mode, floor, rest, total * unit)
        whole[key] = (floor + up) * unit
        error[key] = rest - up * total * unit  # what rounding owes (+) or gave too much (-)
    _place(pool - sum(whole.values()), whole, _takers(rounding, scaled, error), rounding, limits or {})
    return whole


def _by_divisor(pool: Fen, scaled: Mapping[str, int], r: Rounding, limits: Limits) -> dict[str, Fen]:
    """Place whole units by a divisor method; what is smaller than a unit goes where the residual goes."""
    unit = r.unit_fen
    room = {k: (-(-least // unit), None if most is None else most // unit) for k, (least, most) in limits.items()}
    units = divisors.place(pool // unit, scaled, r.mode.value, room)
    whole = {key: held * unit for key, held in units.items()}
    takers = _takers(r, scaled, dict.fromkeys(scaled, 0))
    if r.residual == BY_REMAINDER:
        ask = {k: divisors.claims(scaled[k], n, r.mode.value)(units[k]) for n, k in enumerate(sorted(scaled))}
        takers = sorted(takers, key=lambda k: (not scaled[k], ask[k]))
    _place(pool % unit, whole, takers, r, limits)
    return whole


def whole_weights(weights: Mapping[str, Weight]) -> dict[str, int]:
    """Write the same proportions as whole numbers over one common denominator."""
    common = lcm(*{w.denominator for w in weights.values()})
    return {k: w.numerator * (common // w.denominator) for k, w in weights.items()}


def _check(pool: Fen, weights: Mapping[str, Weight], rounding: Rounding) -> None:
    if pool < 0 or any(w < 0 for w in weights.values()):
        raise Refused("KRN-202", pool=pool)
    if not any(weights.values()):
        raise Refused("KRN-201")
    named = rounding.residual not in {BY_REMAINDER, TO_LARGEST}
    if rounding.unit_fen < 1 or (named and rounding.residual not in weights):
        raise Refused("KRN-203", unit=rounding.unit_fen, party=rounding.residual)


def _rounds_up(mode: Mode, floor: int, rest: int, whole: int) -> int:
    if mode is Mode.HALF_UP:
        return int(2 * rest >= whole)
    if mode is Mode.HALF_EVEN:
        return int(2 * rest > whole or (2 * rest == whole and floor % 2 == 1))
    return 0


def _takers(r: Rounding, scaled: Mapping[str, int], error: Mapping[str, int]) -> list[str]:
    """Who takes the residual, first to last. Built from sorted keys, so ties keep key order."""
    keys = sorted(scaled)
    if r.mode is Mode.LARGEST_REMAINDER or r.residual == BY_REMAINDER:
        return sorted(keys, key=lambda k: -error[k])
    by_weight = sorted(keys, key=lambda k: -scaled[k])
    if r.residual == TO_LARGEST:
        return by_weight
    return [r.residual, *(k for k in by_weight if k != r.residual)]


def _place(left: int, whole: dict[str, Fen], takers: list[str], r: Rounding, limits: Limits) -> None:
    """Give out or take back what rounding left; nobody falls below zero or leaves its limits."""
    by_unit = r.mode is Mode.LARGEST_REMAINDER or r.residual == BY_REMAINDER
    while left:
        before = left
        for key in takers if left > 0 or not by_unit else reversed(takers):
            if not left:
                return
            least, most = limits.get(key, (0, None))
            step = min(r.unit_fen, abs(left)) if by_unit else abs(left)
            room = (step if most is None else most - whole[key]) if left > 0 else whole[key] - least
            move = min(step, max(room, 0))
            whole[key] += move if left > 0 else -move
            left -= move if left > 0 else -move
        if left == before:
            raise ValueError(left)


def part_of(amount: Fen, share: Fraction, rounding: Rounding = FEN_EXACT) -> Fen:
    """Take one share of an amount, rounded by mode and unit alone (no residual to place).

    Units: fen. A mode that compares parties has nobody to compare with and cuts, like "floor".
    """
    exact = amount * share / rounding.unit_fen
    floor, rest = divmod(exact.numerator, exact.denominator)
    return (floor + _rounds_up(rounding.mode, floor, rest, exact.denominator)) * rounding.unit_fen


def parse_yuan(text: str, *, signed: bool = False) -> Fen:
    """Read an amount a person typed: yuan, or ten thousand yuan when the sign for it follows.

    Full-width digits, grouping commas, the currency sign and the unit are understood; anything
    else is refused rather than guessed.
    Units: fen.
    Raises: Refused KRN-204 (not an amount), KRN-205 (finer than a fen), KRN-206 (too large).
    """
    body = text.translate(_WIDTHS).strip() if len(text) <= _LONGEST else ""
    body = body.removeprefix("\xa5").removesuffix(_SIGN_YUAN).strip()
    if body.endswith(_SIGN_WAN):
        return _parse(body.removesuffix(_SIGN_WAN).strip(), 6, text, signed=signed)
    return _parse(body, 2, text, signed=signed)


def parse_wan(text: str, *, signed: bool = False) -> Fen:
    """Read a bare figure of a table in ten thousand yuan. Units: fen. Raises: see parse_yuan."""
    body = text.translate(_WIDTHS).strip() if len(text) <= _LONGEST else ""
    return _parse(body, 6, text, signed=signed)


def _parse(body: str, places: int, text: str, *, signed: bool) -> Fen:
    match = _NUMBER.fullmatch(body)
    if match is None or (match[1] and not signed):
        raise Refused("KRN-204", text=text[:20])
    decimals = (match[3] or "").rstrip("0")
    if len(decimals) > places:
        raise Refused("KRN-205", text=text[:20])
    fen = int(match[2].replace(",", "") + decimals.ljust(places, "0"))
    if fen > MOST:
        raise Refused("KRN-206", text=text[:20])
    return -fen if match[1] else fen


def yuan(fen: Fen) -> str:
    """Write an amount in yuan, always two decimals: 123456 -> "1,234.56"."""
    sign, fen = ("-", -fen) if fen < 0 else ("", fen)
    return f"{sign}{fen // YUAN:,}.{fen % YUAN:02d}"


def wan(fen: Fen) -> str:
    """Write an amount in ten thousand yuan, exact, no idle zeros: 79_450_000 -> "79.45"."""
    sign, fen = ("-", -fen) if fen < 0 else ("", fen)
    decimals = f"{fen % WAN:06d}".rstrip("0")
    return f"{sign}{fen // WAN:,}" + (f".{decimals}" if decimals else "")


def about_wan(fen: Fen) -> str:
    """Write an amount in ten thousand yuan to two places, half up: a headline whose exact figure stands beside it.

    What would round to nothing is written out, since something is not nothing.
    """
    cent = WAN // 100
    whole = (2 * abs(fen) + cent) // (2 * cent) * cent
    return wan((-whole if fen < 0 else whole) or fen)


def total(amounts: Iterable[Fen]) -> Fen:
    """Add up amounts that may come as Decimal from the database, as whole fen."""
    return sum(int(a) for a in amounts)

"""A divisor method in the open: one divisor for all, and the two signposts each unit stands between.

Exact share in units ÷ divisor lies between the signpost of the last unit held and that of the next;
whoever checks needs only a division and a look.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt

from allocation.factor.written import decimal
from quzhou_migrants.kernel.divisors import DIVISORS
from quzhou_migrants.kernel.money import Fen, Mode, Rounding

_MOST_PLACES, _SHOWN = 18, 6


@dataclass(frozen=True, slots=True)
class Gate:
    """What one unit's exact share gives when divided, the signpost passed and the one not reached; units held."""

    quotient: str
    passed: str
    next: str
    held: int


def gates(exact: Mapping[str, Fraction], final: Mapping[str, Fen], rounding: Rounding) -> tuple[str, dict[str, Gate]]:
    """Give the divisor and every unit's gate; nothing for a method without one.

    Shape: (divisor as text, {unit: Gate}). Units: fen.
    """
    if not rounding.mode.by_divisor or not any(exact.values()):
        return "", {}
    units = {u: value / rounding.unit_fen for u, value in exact.items() if value}
    held = {u: final[u] // rounding.unit_fen for u in units}
    divisor = _divisor(units, held, rounding.mode)
    marks = {
        u: Gate(
            decimal(value / divisor, _SHOWN),
            _text(signpost(held[u] - 1, rounding.mode), rounding.mode) if held[u] else "",
            _text(signpost(held[u], rounding.mode), rounding.mode),
            held[u],
        )
        for u, value in units.items()
    }
    return decimal(divisor, _MOST_PLACES, trim=True), marks


def signpost(held: int, mode: Mode) -> Fraction:
    """Give the signpost between `held` units and the next, squared for the geometric mean."""
    by = DIVISORS[mode.value](held)
    return by / 2 if mode is Mode.WEBSTER else by


def _text(mark: Fraction, mode: Mode) -> str:
    if mode is not Mode.HILL:
        return decimal(mark, _SHOWN)
    return decimal(Fraction(isqrt(int(mark) * 10**24), 10**12), _SHOWN)


def _divisor(units: Mapping[str, Fraction], held: Mapping[str, int], mode: Mode) -> Fraction:
    """Find the shortest decimal that divides rightly: not below any next claim, not above any last one."""
    power = 2 if mode is Mode.HILL else 1
    low = max((v**power / s for u, v in units.items() if (s := signpost(held[u], mode))), default=Fraction(1))
    lasts = [v**power / s for u, v in units.items() if held[u] and (s := signpost(held[u] - 1, mode))]
    high = min(lasts) if lasts else low + 1
    for places in range(_MOST_PLACES + 1):
        scale = 10**places
        found = _ceiling_root(low * scale**power, power)
        candidate = Fraction(found, scale)
        if candidate and candidate**power <= high:
            return candidate
    return Fraction(_ceiling_root(low * 10 ** (_MOST_PLACES * power), power), 10**_MOST_PLACES)


def _ceiling_root(value: Fraction, power: int) -> int:
    up = -(-value.numerator // value.denominator)
    if power == 1:
        return up
    root = isqrt(up)
    return root if root * root >= up else root + 1

"""How exact figures are written: rounded half up to a stated number of decimals, and only then."""

from __future__ import annotations

from fractions import Fraction

YUAN_DECIMALS = 6


def decimal(value: Fraction, places: int, *, trim: bool = False) -> str:
    """Write a non-negative fraction with so many decimals, half up; `trim` drops idle zeros."""
    units = (2 * value.numerator * 10**places + value.denominator) // (2 * value.denominator)
    whole, rest = divmod(units, 10**places)
    decimals = str(rest).rjust(places, "0") if places else ""
    decimals = decimals.rstrip("0") if trim else decimals
    return f"{whole:,}" + (f".{decimals}" if decimals else "")


def in_yuan(fen: Fraction) -> str:
    """Write exact money in yuan, with six decimals. Units: fen in, yuan out."""
    return decimal(fen / 100, YUAN_DECIMALS)

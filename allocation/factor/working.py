"""The working of a split, step by step, so that a person with a pocket calculator can follow.

It is made from the frozen inputs alone and uses exact fractions; figures are cut to a stated
number of decimals only when they are written. The last step repeats the rounding in the open:
cut to whole units, then who takes what is left and why.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from allocation.factor.frozen import Inputs, Unit
from allocation.factor.reading import Sheet, read, strengths
from allocation.factor.rules import part_pools, weights
from allocation.factor.scheme import Factor, Form, Part, Scheme
from quzhou_migrants.kernel.errors import Invalid, Problem
from quzhou_migrants.kernel.money import Fen, apportion

STRENGTH_PLACES, SHARE_PLACES, MONEY_PLACES = 8, 8, 4


@dataclass(frozen=True, slots=True)
class FactorRow:
    """One unit under one factor: the value, its strength, the share of all strength, the money."""

    code: str
    name: str
    value: str
    times: str
    coefficient: str
    strength: str
    percent: str
    yuan: str


@dataclass(frozen=True, slots=True)
class FactorStep:
    """One factor: the money it shares out and how."""

    factor: Factor
    times: Factor | None
    yuan: str
    strength: str
    rows: tuple[FactorRow, ...]


@dataclass(frozen=True, slots=True)
class RoundRow:
    """One unit's rounding in one part: exact yuan, cut to whole units, the rest, the final share."""

    code: str
    name: str
    pieces: tuple[str, ...]
    exact: str
    cut_fen: Fen
    rest: str
    added_fen: Fen
    final_fen: Fen


@dataclass(frozen=True, slots=True)
class PartStep:
    """One part: its pool, its factors, its rounding."""

    part: Part
    share_bp: int
    pool_fen: Fen
    factors: tuple[FactorStep, ...]
    rows: tuple[RoundRow, ...]


@dataclass(frozen=True, slots=True)
class Total:
    """One unit's result: each part and the whole."""

    code: str
    name: str
    parts: tuple[Fen, ...]
    total_fen: Fen


@dataclass(frozen=True, slots=True)
class Working:
    """The whole sheet."""

    inputs: Inputs
    parts: tuple[PartStep, ...]
    totals: tuple[Total, ...]

    @property
    def proof(self) -> bool:
        """Tell whether every column and the whole close on the pool."""
        columns = [sum(t.parts[n] for t in self.totals) == p.pool_fen for n, p in enumerate(self.parts)]
        return all(columns) and sum(t.total_fen for t in self.totals) == self.inputs.pool_fen


def working(inputs: Inputs) -> Working:
    """Write out every step of a split. Raises: Invalid, see rules.split."""
    codes = [u.code for u in inputs.units]
    sheet, found = read(inputs.pool_fen, inputs.scheme, codes, inputs.table())
    if found:
        raise Invalid([Problem(f.code, f.subject, f.facts) for f in found])
    parts = tuple(_part(part, pool, inputs, sheet) for part, pool in part_pools(inputs.pool_fen, inputs.scheme).items())
    totals = []
    for n, unit in enumerate(inputs.in_order):
        own = tuple(p.rows[n].final_fen for p in parts)
        totals.append(Total(unit.code, unit.name, own, sum(own)))
    return Working(inputs, parts, tuple(totals))


def _part(part: Part, pool: Fen, inputs: Inputs, sheet: Sheet) -> PartStep:
    scheme, factors = inputs.scheme, inputs.scheme.part(part)
    money = [_pieces(f, pool, scheme, sheet) for f in factors]
    steps = [_factor(f, pieces, inputs, sheet) for f, pieces in zip(factors, money, strict=True)]
    final = apportion(pool, weights(scheme, part, sheet), scheme.rounding)
    rows = [
        _round(unit, [column[n] for column in money], final[unit.code], scheme.rounding.unit_fen)
        for n, unit in enumerate(inputs.in_order)
    ]
    return PartStep(part, scheme.share_bp(part), pool, tuple(steps), tuple(rows))


def _pieces(factor: Factor, pool: Fen, scheme: Scheme, sheet: Sheet) -> list[Fraction]:
    """Give each unit's exact money from one factor. Units: fen."""
    own = Fraction(pool * factor.weight_bp, scheme.share_bp(factor.part))
    column = strengths(factor, scheme, sheet)
    return [own * value / sum(column) for value in column]


def _factor(factor: Factor, pieces: list[Fraction], inputs: Inputs, sheet: Sheet) -> FactorStep:
    scheme, values, column = inputs.scheme, inputs.table(), strengths(factor, inputs.scheme, sheet)
    times = next((f for f in scheme.factors if f.key == factor.times), None)
    scale, whole = _scale(factor, times, scheme), sum(column)
    rows = tuple(
        FactorRow(
            unit.code,
            unit.name,
            values[factor.key][unit.code],
            values[times.key][unit.code] if times else "",
            _coefficient(factor, scheme, sheet.columns[factor.key], n),
            decimal(Fraction(column[n], scale), STRENGTH_PLACES, trim=True),
            decimal(Fraction(100 * column[n], whole), SHARE_PLACES),
            _yuan(pieces[n]),
        )
        for n, unit in enumerate(inputs.in_order)
    )
    all_strength = decimal(Fraction(whole, scale), STRENGTH_PLACES, trim=True)
    return FactorStep(factor, times, _yuan(sum(pieces, Fraction(0))), all_strength, rows)


def _scale(factor: Factor, times: Factor | None, scheme: Scheme) -> int:
    own = scheme.inverse_places if factor.form is Form.INVERSE else factor.places
    return int(10 ** (own + (times.places if times else 0)))


def _coefficient(factor: Factor, scheme: Scheme, column: list[int], n: int) -> str:
    if factor.form is Form.DIRECT:
        return ""
    return decimal(Fraction(min(column), column[n]), scheme.inverse_places)


def _round(who: Unit, pieces: list[Fraction], final: Fen, unit: Fen) -> RoundRow:
    exact = sum(pieces, Fraction(0))
    cut = int(exact // unit) * unit
    return RoundRow(
        who.code,
        who.name,
        tuple(_yuan(p) for p in pieces),
        _yuan(exact),
        cut,
        decimal((exact - cut) / unit, MONEY_PLACES),
        final - cut,
        final,
    )


def _yuan(fen: Fraction) -> str:
    return decimal(fen / 100, MONEY_PLACES + 2)


def decimal(value: Fraction, places: int, *, trim: bool = False) -> str:
    """Write a non-negative fraction with so many decimals, half up; `trim` drops idle zeros."""
    units = (2 * value.numerator * 10**places + value.denominator) // (2 * value.denominator)
    whole, rest = divmod(units, 10**places)
    decimals = str(rest).rjust(places, "0")
    decimals = decimals.rstrip("0") if trim else decimals
    return f"{whole:,}" + (f".{decimals}" if decimals else "")

"""The working of a split, step by step, so that a person with a pocket calculator can follow.

It is made from the frozen inputs alone and uses exact fractions; figures are cut to a stated
number of decimals only when they are written. The last steps repeat rounding and bounds in the
open: cut to whole units, who takes what is left and why; who is held by which bound in which round.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from allocation.factor.frozen import Inputs, Unit
from allocation.factor.held import Held, held
from allocation.factor.reading import Sheet, coefficient_places, coefficients, scale_places, strength_places
from allocation.factor.rules import Made, Purse, part_pools, purse
from allocation.factor.scheme import Factor, Form, Part, Scheme
from allocation.factor.signposts import Gate, gates
from allocation.factor.written import decimal, in_yuan
from quzhou_migrants.kernel.money import Fen

SHARE_PLACES, MONEY_PLACES = 8, 4

__all__ = ["FactorRow", "FactorStep", "PartStep", "RoundRow", "Total", "Working", "decimal", "working"]


@dataclass(frozen=True, slots=True)
class FactorRow:
    """One unit under one factor: the value, its strength, the share of all strength, the money."""

    code: str
    name: str
    value: str
    per: str
    quotient: str
    coefficient: str
    times: str
    strength: str
    percent: str
    yuan: str


@dataclass(frozen=True, slots=True)
class FactorStep:
    """One factor: the money it shares out and how."""

    factor: Factor
    per: Factor | None
    times: Factor | None
    yuan: str
    strength: str
    rows: tuple[FactorRow, ...]


@dataclass(frozen=True, slots=True)
class RoundRow:
    """One unit's rounding in one part: exact yuan, cut to whole units, the rest, the final share.

    By a divisor method `gate` tells between which two signposts the unit stands.
    """

    code: str
    name: str
    pieces: tuple[str, ...]
    exact: str
    cut_fen: Fen
    rest: str
    added_fen: Fen
    final_fen: Fen
    gate: Gate | None = None


@dataclass(frozen=True, slots=True)
class PartStep:
    """One part: its pool, its factors, its rounding; the divisor, where the method has one."""

    part: Part
    share_bp: int
    pool_fen: Fen
    factors: tuple[FactorStep, ...]
    rows: tuple[RoundRow, ...]
    divisor: str = ""


@dataclass(frozen=True, slots=True)
class Total:
    """One unit's result: what was fixed, each part, what bounds changed, and the whole."""

    code: str
    name: str
    parts: tuple[Fen, ...]
    total_fen: Fen
    fixed_fen: Fen = 0
    adjusted_fen: Fen = 0


@dataclass(frozen=True, slots=True)
class Working:
    """The whole sheet. `held` tells how bounds were kept; None without any."""

    inputs: Inputs
    purse: Purse
    parts: tuple[PartStep, ...]
    held: Held | None
    totals: tuple[Total, ...]

    @property
    def proof(self) -> bool:
        """Tell whether every column and, with the reserve, the whole close on the pool."""
        columns = [sum(t.parts[n] for t in self.totals) == p.pool_fen for n, p in enumerate(self.parts)]
        nothing = not sum(t.adjusted_fen for t in self.totals)
        whole = sum(t.total_fen for t in self.totals) + self.purse.reserve_fen
        return all(columns) and nothing and whole == self.inputs.pool_fen


def working(inputs: Inputs) -> Working:
    """Write out every step of a split. Raises: Invalid, see rules.split."""
    made = inputs.made()
    parted = purse(inputs.pool_fen, inputs.scheme, made.sheet.units)
    pools = part_pools(parted.left_fen, inputs.scheme)
    parts = tuple(_part(part, pool, inputs, made) for part, pool in pools.items())
    totals = tuple(_total(unit, made) for unit in inputs.in_order)
    return Working(inputs, parted, parts, held(inputs, made), totals)


def _total(unit: Unit, made: Made) -> Total:
    outcome, code = made.split, unit.code
    fixed, adjusted = outcome.fixed.get(code, 0), outcome.adjusted.get(code, 0)
    own = tuple(shares[code] for shares in outcome.parts.values())
    return Total(code, unit.name, own, sum(own) + fixed + adjusted, fixed, adjusted)


def _part(part: Part, pool: Fen, inputs: Inputs, made: Made) -> PartStep:
    scheme, factors, sheet = inputs.scheme, inputs.scheme.part(part), made.sheet
    money = [_pieces(f, pool, scheme, sheet) for f in factors]
    steps = [_factor(f, pieces, inputs, sheet) for f, pieces in zip(factors, money, strict=True)]
    final = made.split.parts[part]
    exact = {u: sum((column[n] for column in money), Fraction(0)) for n, u in enumerate(sheet.units)}
    divisor, marks = gates(exact, final, scheme.rounding)
    rows = tuple(
        _round(unit, [column[n] for column in money], final[unit.code], scheme.rounding.unit_fen, marks.get(unit.code))
        for n, unit in enumerate(inputs.in_order)
    )
    return PartStep(part, scheme.share_bp(part), pool, tuple(steps), rows, divisor)


def _pieces(factor: Factor, pool: Fen, scheme: Scheme, sheet: Sheet) -> list[Fraction]:
    """Give each unit's exact money from one factor. Units: fen."""
    column = sheet.strengths[factor.key]
    own = Fraction(pool * factor.weight_bp, scheme.share_bp(factor.part) * sum(column))
    return [own * value for value in column]


def _factor(factor: Factor, pieces: list[Fraction], inputs: Inputs, sheet: Sheet) -> FactorStep:
    scheme, values, column = inputs.scheme, inputs.table(), sheet.strengths[factor.key]
    per = scheme.factor(factor.per) if factor.per else None
    times = scheme.factor(factor.times) if factor.times else None
    scale, whole = 10 ** strength_places(factor, scheme), sum(column)
    own, quotients = coefficients(factor, scheme, sheet), sheet.quotients.get(factor.key, [])
    rows = tuple(
        FactorRow(
            unit.code,
            unit.name,
            values[factor.key][unit.code],
            values[per.key][unit.code] if per else "",
            _places(quotients[n], scale_places(factor, scheme)) if per else "",
            "" if factor.form is Form.DIRECT else _places(own[n], coefficient_places(factor, scheme)),
            values[times.key][unit.code] if times else "",
            _places(column[n], strength_places(factor, scheme), trim=True),
            decimal(Fraction(100 * column[n], whole), SHARE_PLACES),
            in_yuan(pieces[n]),
        )
        for n, unit in enumerate(inputs.in_order)
    )
    all_strength = decimal(Fraction(whole, scale), strength_places(factor, scheme), trim=True)
    return FactorStep(factor, per, times, in_yuan(sum(pieces, Fraction(0))), all_strength, rows)


def _places(value: int, places: int, *, trim: bool = False) -> str:
    return decimal(Fraction(value, 10**places), places, trim=trim)


def _round(who: Unit, pieces: list[Fraction], final: Fen, unit: Fen, gate: Gate | None) -> RoundRow:
    exact = sum(pieces, Fraction(0))
    cut = int(exact // unit) * unit
    return RoundRow(
        who.code,
        who.name,
        tuple(in_yuan(p) for p in pieces),
        in_yuan(exact),
        cut,
        decimal((exact - cut) / unit, MONEY_PLACES),
        final - cut,
        final,
        gate,
    )

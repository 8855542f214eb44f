"""Why a share differs from last year's: the change parted exactly into its causes, factor by factor if asked.

Pool, weights and data act together, so each is measured in every order in which the three can
change, and the mean is taken (Shapley 1953): no order is preferred.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import lcm

from allocation.factor.reading import Sheet, read
from allocation.factor.rules import Split
from allocation.factor.scheme import WHOLE, Reserve, Scheme
from allocation.factor.whatif import Case
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.money import FEN_EXACT, Fen


@dataclass(frozen=True, slots=True)
class Effect:
    """Why one unit's share differs from last year's; the causes sum to the change. Units: fen.

    `fixed`: amounts given beforehand. `pool`: more or less to share out. `weight`: factors, weights
    and transforms of the scheme. `data`: the unit's and everybody's values, and who takes part.
    `bounds`: what floors, caps and bands gave or took. `rounding`: what rounding left.
    """

    code: str
    before_fen: Fen
    after_fen: Fen
    fixed_fen: Fen
    pool_fen: Fen
    weight_fen: Fen
    data_fen: Fen
    bounds_fen: Fen
    rounding_fen: Fen

    @property
    def change_fen(self) -> Fen:
        """Give what is more (+) or less (-)."""
        return self.after_fen - self.before_fen


@dataclass(frozen=True, slots=True)
class Decomposition:
    """The change of every unit's share by cause, units in code order."""

    before: Split
    after: Split
    rows: tuple[Effect, ...]

    def row(self, code: str) -> Effect:
        """Give one unit. Raises: StopIteration."""
        return next(r for r in self.rows if r.code == code)


def decompose(last: Case, now: Case) -> Decomposition:
    """Part the change of every share exactly into its causes.

    Fractions are rounded to the fen for pool, weight and data so that each of these columns sums to
    what it is by definition (the change of the pool, nothing, nothing); what that and the splits'
    own rounding leave is the rounding effect.
    Raises: Invalid (a split that cannot be made), Refused ALC-236 (neither year's data can be read
    under the other's scheme).
    """
    one, other = last.made().split, now.made().split
    causes = _mean_of_orders(last, now, _shared_out(one), _shared_out(other))
    then, later = one.shares, other.shares
    rows = []
    for code in sorted({*then, *later}):
        pool, weight, data = causes[code]
        fixed = other.fixed.get(code, 0) - one.fixed.get(code, 0)
        bounds = other.adjusted.get(code, 0) - one.adjusted.get(code, 0)
        before, after = then.get(code, 0), later.get(code, 0)
        rest = after - before - pool - weight - data - fixed - bounds
        rows.append(Effect(code, before, after, fixed, pool, weight, data, bounds, rest))
    return Decomposition(one, other, tuple(rows))


def _shared_out(outcome: Split) -> Fen:
    return sum(outcome.part_pools.values())


def _mean_of_orders(last: Case, now: Case, then: Fen, later: Fen) -> dict[str, tuple[Fen, Fen, Fen]]:
    """Give the pool, weight and data effect of each unit, in whole fen, each column with its exact sum.

    Three of the six orders change the weights before the data, three after; in each three the pool
    comes first, between, and last. Where the one year's data cannot be read under the other's
    scheme, only the other three are possible.
    Raises: Refused ALC-236, none is possible.
    """
    path = _Path(last, now)
    plain = [_proportions(scheme, sheet) for scheme, sheet in path.corners]
    common = lcm(*(below for below, _ in plain))
    raised = [{u: above * (common // below) for u, above in column.items()} for below, column in plain]
    units = sorted({*last.units, *now.units})
    each = [path.ways([g.get(u, 0) for g in raised], then, later) for u in units]
    below = 3 * common * len(path.turned)
    effects = zip(*([sum(effect) for effect in zip(*ways, strict=True)] for ways in each), strict=True)
    return dict(zip(units, zip(*(_rounded(column, below) for column in effects), strict=True), strict=True))


def _rounded(column: Sequence[int], below: int) -> list[Fen]:
    """Round what stands over one denominator so that the column keeps its sum: cut, one more to the greatest rests."""
    cut = [above // below for above in column]
    by_rest = sorted(range(len(column)), key=lambda n: -(column[n] % below))
    for n in by_rest[: sum(column) // below - sum(cut)]:
        cut[n] += 1
    return cut


class _Path:
    """The corners between two years that can be read: the ends, and one or both years' data under the other scheme."""

    def __init__(self, last: Case, now: Case) -> None:
        old, new = _bare(last.scheme), _bare(now.scheme)
        begin, end = _sheet(old, last, now), _sheet(new, now, last)
        middle = [(new, _sheet(new, last, now), False), (old, _sheet(old, now, last), True)]
        between = [(scheme, sheet, turned) for scheme, sheet, turned in middle if sheet is not None]
        if begin is None or end is None or not between:
            raise Refused("ALC-236")
        self.turned = [turned for _, _, turned in between]
        self.corners: list[tuple[Scheme, Sheet]] = [(old, begin), *((p, s) for p, s, _ in between), (new, end)]

    def ways(self, values: Sequence[int], then: Fen, later: Fen) -> list[tuple[int, int, int]]:
        """Give three times the mean effects of each half of the orders, from the values at the corners."""
        old, *between, new = values
        return [_way((old, mid, new), then, later, turned=t) for mid, t in zip(between, self.turned, strict=True)]


def _way(at: tuple[int, int, int], then: Fen, later: Fen, *, turned: bool) -> tuple[int, int, int]:
    """Three times the mean effect of pool, weight and data when weights change first, or `turned`, data."""
    old, mid, new = at
    one, other = (mid - old) * (2 * then + later), (new - mid) * (then + 2 * later)
    weight, data = (other, one) if turned else (one, other)
    return (later - then) * (old + mid + new), weight, data


def _proportions(scheme: Scheme, sheet: Sheet) -> tuple[int, dict[str, int]]:
    """Give each unit's exact proportion. Shape: (denominator, {unit: numerator})."""
    counted = [f for f in scheme.factors if f.weight_bp]
    common = lcm(*(sum(sheet.strengths[f.key]) for f in counted))
    each = [f.weight_bp * (common // sum(sheet.strengths[f.key])) for f in counted]
    rows = zip(*(sheet.strengths[f.key] for f in counted), strict=True)
    above = [sum(e * v for e, v in zip(each, row, strict=True)) for row in rows]
    return common * WHOLE, dict(zip(sheet.units, above, strict=True))


@dataclass(frozen=True, slots=True)
class FactorEffect:
    """What one factor's weight and its data did to one unit's share. Units: fen."""

    key: str
    title: str
    weight_fen: Fen
    data_fen: Fen


def by_factor(found: Decomposition, last: Case, now: Case) -> dict[str, tuple[FactorEffect, ...]]:
    """Part every unit's weight and data effect among the factors, summing to them to the fen.

    Fractions are cut to the fen; what is left goes fen by fen to the greatest rest, ties to the
    factor named first. Shape: {unit: effects in the order of the factors, this year's first}.
    Raises: Refused ALC-236.
    """
    path = _Path(last, now)
    then, later = _shared_out(found.before), _shared_out(found.after)
    titles = {f.key: f.title for case in (now, last) for f in case.scheme.factors if f.weight_bp}
    result = {}
    for row in found.rows:
        exact = {key: _own_effects(path, key, row.code, then, later) for key in titles}
        weight = _cut([w for w, _ in exact.values()], row.weight_fen)
        data = _cut([d for _, d in exact.values()], row.data_fen)
        rows = zip(titles.items(), weight, data, strict=True)
        result[row.code] = tuple(FactorEffect(key, title, w, d) for (key, title), w, d in rows)
    return result


def _own_effects(path: _Path, key: str, unit: str, then: Fen, later: Fen) -> tuple[Fraction, Fraction]:
    own = [_proportion(*corner, key, unit) for corner in path.corners]
    common = lcm(*(p.denominator for p in own))
    ways = path.ways([p.numerator * (common // p.denominator) for p in own], then, later)
    _, weight, data = (Fraction(sum(effect), 3 * len(ways) * common) for effect in zip(*ways, strict=True))
    return weight, data


def _proportion(scheme: Scheme, sheet: Sheet, key: str, unit: str) -> Fraction:
    factor = next((f for f in scheme.factors if f.key == key and f.weight_bp), None)
    if factor is None or unit not in sheet.units:
        return Fraction(0)
    column = sheet.strengths[key]
    return Fraction(factor.weight_bp * column[sheet.units.index(unit)], WHOLE * sum(column))


def _cut(exact: Sequence[Fraction], whole: Fen) -> list[Fen]:
    """Round so that the sum is kept: cut, then one more where the rest is greatest."""
    cut = [value.numerator // value.denominator for value in exact]
    by_rest = sorted(range(len(exact)), key=lambda n: cut[n] - exact[n])
    for n in by_rest[: whole - sum(cut)]:
        cut[n] += 1
    return cut


def _bare(scheme: Scheme) -> Scheme:
    """Leave only what proportions depend on: factors with weight and those they lean on."""
    counted = [f for f in scheme.factors if f.weight_bp]
    needed = {f.key for f in counted} | {key for f in counted for key in (f.times, f.per) if key}
    factors = tuple(f for f in scheme.factors if f.key in needed)
    return replace(scheme, factors=factors, rounding=FEN_EXACT, reserve=Reserve(), fixed=(), bounds=(), against="")


def _sheet(scheme: Scheme, own: Case, other: Case) -> Sheet | None:
    """Read one year's data under a scheme; a value that year did not have is filled from the other."""
    data = {f.key: {u: own.value(f, u) or other.value(f, u) for u in own.units} for f in scheme.factors}
    sheet, found = read(own.pool_fen, scheme, own.units, data)
    return None if found else sheet

"""What would be if: other weights, another pool, other data beside the official run; nothing is stored.

Three questions, all answered exactly and to the fen: what changes (`compare`), how much every unit
hangs on every weight (`sensitivity`), and why a share differs from last year's (`decompose`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import lcm

from allocation.factor.frozen import Inputs
from allocation.factor.reading import Data, Sheet, read
from allocation.factor.rules import Made, Split, made, part_pools, purse, stops, weights, within
from allocation.factor.scheme import WHOLE, Factor, Kind, Part, Reserve, Scheme
from quzhou_migrants.kernel.errors import Finding, Invalid, Problem, Refused
from quzhou_migrants.kernel.money import FEN_EXACT, Fen, apportion

STEP_BP = 100  # one percentage point
CONFLICTS = frozenset({"ALC-224", "ALC-225", "ALC-226"})  # bounds that no split can respect


@dataclass(frozen=True, slots=True)
class Case:
    """One pool to be split, official or imagined. Units: fen; values as written."""

    pool_fen: Fen
    scheme: Scheme
    units: tuple[str, ...]
    data: Data

    def made(self) -> Made:
        """Make the split. Raises: Invalid, see rules.split."""
        return made(self.pool_fen, self.scheme, self.units, self.data)

    def value(self, factor: Factor, unit: str) -> str:
        """Give a value as written, or nothing."""
        return self.data.get(factor.key, {}).get(unit, "")


def case_of(inputs: Inputs) -> Case:
    """Take what a run depends on, without its words."""
    return Case(inputs.pool_fen, inputs.scheme, tuple(sorted(u.code for u in inputs.units)), inputs.table())


def changed(
    case: Case,
    *,
    pool_fen: Fen | None = None,
    weights_bp: Mapping[str, int] | None = None,
    values: Mapping[tuple[str, str], str] | None = None,
    scheme: Scheme | None = None,
) -> Case:
    """Imagine another pool, other weights by factor, other values by (factor, unit), or another scheme.

    The shares of the parts follow the weights; that they sum to the whole is checked by the split.
    Raises: Refused ALC-237, a factor or unit that takes no part.
    """
    plan = scheme or case.scheme
    known = {f.key for f in plan.factors}
    for factor, unit in [*((f, "") for f in weights_bp or {}), *(values or {})]:
        if factor not in known or (unit and unit not in case.units):
            raise Refused("ALC-237", factor=factor[:40], unit=unit[:20])
    if weights_bp:
        plan = reweighted(plan, {f.key: weights_bp.get(f.key, f.weight_bp) for f in plan.factors})
    data = {key: dict(column) for key, column in case.data.items() if key in known}
    for (factor, unit), text in (values or {}).items():
        data.setdefault(factor, {})[unit] = text
    return Case(case.pool_fen if pool_fen is None else pool_fen, plan, case.units, data)


def reweighted(scheme: Scheme, weights_bp: Mapping[str, int]) -> Scheme:
    """Give every factor another weight; the parts' shares are the sums of their factors'."""
    factors = tuple(replace(f, weight_bp=weights_bp[f.key]) for f in scheme.factors)
    shares = {part: sum(f.weight_bp for f in factors if f.part is part) for part in Part}
    return replace(scheme, factors=factors, base_bp=shares[Part.BASE], performance_bp=shares[Part.PERFORMANCE])


@dataclass(frozen=True, slots=True)
class Difference:
    """One unit before and after. Units: fen, basis points of what it was (None where that was nothing)."""

    code: str
    before_fen: Fen
    after_fen: Fen

    @property
    def change_fen(self) -> Fen:
        """Give what is more (+) or less (-)."""
        return self.after_fen - self.before_fen

    @property
    def change_bp(self) -> int | None:
        """Give the change in basis points of what was, half up."""
        if not self.before_fen:
            return None
        return (2 * self.change_fen * WHOLE + self.before_fen) // (2 * self.before_fen)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two splits side by side, units in code order."""

    before: Split
    after: Split
    rows: tuple[Difference, ...]


def compare(before: Case, after: Case) -> Comparison:
    """Split both and set them side by side. Raises: Invalid, with what stops either."""
    one, other = before.made().split, after.made().split
    then, now = one.shares, other.shares
    rows = tuple(Difference(code, then.get(code, 0), now.get(code, 0)) for code in sorted({*then, *now}))
    return Comparison(one, other, rows)


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """What every unit gains or loses when one weight rises by a step and all others give way in proportion.

    Shape: {factor key: {unit: fen}}, each column summing to nothing; a column is empty, and the
    factor stands in `stopped`, where bounds leave no such split. Units: fen, basis points.
    """

    step_bp: int
    columns: Mapping[str, Mapping[str, Fen]]
    stopped: Mapping[str, Finding]


def sensitivity(case: Case, step_bp: int = STEP_BP) -> Sensitivity:
    """Raise each weight in turn and split anew, exactly, rounding and bounds included.

    Values are read once; of the weights only what the step changes is worked out again.
    Raises: Invalid, see rules.split.
    """
    official = case.made()
    base = official.split.shares
    columns: dict[str, Mapping[str, Fen]] = {}
    stopped: dict[str, Finding] = {}
    engine = _Engine(case, official)
    for factor in case.scheme.factors:
        if not factor.weight_bp:
            continue
        outcome, found = engine.raised(factor, min(step_bp, WHOLE - factor.weight_bp))
        if outcome is None:
            columns[factor.key], stopped[factor.key] = {}, found[0]
        else:
            columns[factor.key] = {u: fen - base[u] for u, fen in outcome.split.shares.items()}
    return Sensitivity(step_bp, columns, stopped)


class _Engine:
    """What stays the same while weights move: values, strengths, each part's weights."""

    def __init__(self, case: Case, official: Made) -> None:
        self.case, self.sheet, self.limits = case, official.sheet, official.limits
        self.parts = {part: weights(case.scheme, part, self.sheet) for part in Part if case.scheme.part(part)}
        self.common = {
            part: lcm(*(sum(self.sheet.strengths[f.key]) for f in case.scheme.part(part))) for part in self.parts
        }

    def raised(self, factor: Factor, step_bp: int) -> tuple[Made | None, list[Finding]]:
        """Split with one weight raised. All weights are kept times what the others hold, so they stay whole."""
        scheme, own = self.case.scheme, factor.weight_bp
        others = WHOLE - own
        others_now, own_now = others - step_bp, (own + step_bp) * others
        if not others:
            return within(self._plain(scheme, self.parts), scheme, self.sheet, self.limits)
        shares = {part: scheme.share_bp(part) * others_now for part in Part}
        shares[factor.part] += own_now - own * others_now
        moved = replace(scheme, base_bp=shares[Part.BASE], performance_bp=shares[Part.PERFORMANCE])
        strengths = self.sheet.strengths[factor.key]
        each = (own_now - own * others_now) * (self.common[factor.part] // sum(strengths))
        lifted = {
            u: others_now * weight + each * strength
            for (u, weight), strength in zip(self.parts[factor.part].items(), strengths, strict=True)
        }
        parts = {**self.parts, factor.part: lifted}
        return within(self._plain(moved, parts), scheme, self.sheet, self.limits)

    def _plain(self, scheme: Scheme, parts: Mapping[Part, Mapping[str, int]]) -> Split:
        parted = purse(self.case.pool_fen, scheme, self.sheet.units)
        pools = part_pools(parted.left_fen, scheme)
        shared = {p: apportion(pools[p], w, scheme.rounding) for p, w in parts.items() if any(w.values())}
        return Split(self.case.pool_fen, shared, parted.reserve_fen, parted.fixed)


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

    Pool, weights and data act together, so each is measured in every order in which the three can
    change, and the mean is taken (Shapley 1953): no order is preferred. Fractions are rounded to
    the fen for the three; what that and the splits' own rounding leave is the rounding effect.
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
    """Give the pool, weight and data effect of each unit, in whole fen.

    Three of the six orders change the weights before the data, three after; in each three the pool
    comes first, between, and last. Where the one year's data cannot be read under the other's
    scheme, only the other three are possible.
    Raises: Refused ALC-236, none is possible.
    """
    ends = (_proportions(last.scheme, last, now), _proportions(now.scheme, now, last))
    by_weight, by_data = (_proportions(now.scheme, last, now), _proportions(last.scheme, now, last))
    if ends[0] is None or ends[1] is None or (by_weight is None and by_data is None):
        raise Refused("ALC-236")
    corners = [ends[0], *(c for c in (by_weight, by_data) if c is not None), ends[1]]
    common = lcm(*(below for below, _ in corners))
    raised = [{u: above * (common // below) for u, above in column.items()} for below, column in corners]
    middles = list(zip((by_weight is not None, by_data is not None), (True, False), strict=True))
    first = [weight_first for known, weight_first in middles if known]
    found = {}
    for u in sorted({*last.units, *now.units}):
        old, *between, new = (g.get(u, 0) for g in raised)
        ways = [_way(old, mid, new, then, later, turned=not w) for mid, w in zip(between, first, strict=True)]
        below = 3 * common * len(ways)
        pool, weight, data = ((2 * sum(effect) + below) // (2 * below) for effect in zip(*ways, strict=True))
        found[u] = (pool, weight, data)
    return found


def _way(old: int, mid: int, new: int, then: Fen, later: Fen, *, turned: bool) -> tuple[int, int, int]:  # noqa: PLR0913 - three corners and two pools
    """Three times the mean effect of pool, weight and data when weights change first, or `turned`, data."""
    one, other = (mid - old) * (2 * then + later), (new - mid) * (then + 2 * later)
    weight, data = (other, one) if turned else (one, other)
    return (later - then) * (old + mid + new), weight, data


def _proportions(scheme: Scheme, own: Case, other: Case) -> tuple[int, dict[str, int]] | None:
    """Give each unit's exact proportion under a scheme with the data of one year; None where they do not fit.

    Shape: (denominator, {unit: numerator}).
    """
    bare = _bare(scheme)
    sheet = _sheet(bare, own, other)
    if sheet is None:
        return None
    counted = [f for f in bare.factors if f.weight_bp]
    common = lcm(*(sum(sheet.strengths[f.key]) for f in counted))
    each = [f.weight_bp * (common // sum(sheet.strengths[f.key])) for f in counted]
    columns = [sheet.strengths[f.key] for f in counted]
    rows = zip(*columns, strict=True)
    above = [sum(e * v for e, v in zip(each, row, strict=True)) for row in rows]
    return common * WHOLE, dict(zip(sheet.units, above, strict=True))


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


def least_band(case: Case, kind: Kind = Kind.LOSS) -> int | None:
    """Find the narrowest common band, in whole basis points, with which bounds leave a split; None if none does.

    A wider band only ever takes conflicts away, so halving the interval finds it.
    Raises: Invalid, what stops the split besides bounds.
    """
    narrow, wide = 0, WHOLE
    if _conflict(case, kind, wide):
        return None
    while narrow < wide:
        middle = (narrow + wide) // 2
        if _conflict(case, kind, middle):
            narrow = middle + 1
        else:
            wide = middle
    return wide


def _conflict(case: Case, kind: Kind, band_bp: int) -> bool:
    bounds = tuple(replace(b, bp=band_bp) if b.kind is kind else b for b in case.scheme.bounds)
    found = stops(case.pool_fen, replace(case.scheme, bounds=bounds), case.units, case.data)
    if any(f.code not in CONFLICTS for f in found):
        raise Invalid([Problem(f.code, f.subject, f.facts) for f in found])
    return bool(found)

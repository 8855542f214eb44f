"""What would be if: other weights, another pool, other data beside the official run; nothing is stored.

What changes (`compare`) and how much every unit hangs on every weight (`sensitivity`), exactly and
to the fen. Why a share differs from last year's is told in `causes`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import lcm

from allocation.factor.frozen import Inputs
from allocation.factor.reading import Data
from allocation.factor.rules import Made, Split, made, part_pools, purse, stops, weights, within
from allocation.factor.scheme import WHOLE, Factor, Kind, Part, Scheme
from quzhou_migrants.kernel.errors import Finding, Invalid, Problem, Refused
from quzhou_migrants.kernel.money import Fen, apportion

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

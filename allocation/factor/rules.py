"""The factor method: values become strengths, strengths become shares, shares become whole fen.

Everything is whole numbers. The factors of one part are brought to one common denominator and
rounded once, so a county's part carries at most one unit of rounding, whatever the number of
factors. Order of counties and of rows never matters. What bounds then take and give stands in a
column of its own, which sums to nothing.
Source: 衢政办发〔2016〕65号 二(三)1
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm

from allocation.factor.bounds import Limit, Round, conflicts, limits, respread, rooms
from allocation.factor.reading import Data, Sheet, grade_of, grade_places, read, scaled, written
from allocation.factor.scheme import WHOLE, YUAN_PLACES, Factor, Form, Part, Scheme
from quzhou_migrants.kernel.errors import Finding, Invalid, Problem
from quzhou_migrants.kernel.money import Fen, Mode, Rounding, apportion, part_of

__all__ = ["Data", "Sheet", "Split", "made", "odd", "read", "scaled", "split", "stops", "untied"]


@dataclass(frozen=True, slots=True)
class Split:
    """One pool parted among units.

    Shape: {unit code: fen} in code order for fixed amounts, each part, and what bounds changed
    (summing to nothing). Units: fen.
    """

    pool_fen: Fen
    parts: Mapping[Part, Mapping[str, Fen]]
    reserve_fen: Fen = 0
    fixed: Mapping[str, Fen] = field(default_factory=dict)
    adjusted: Mapping[str, Fen] = field(default_factory=dict)

    @property
    def part_pools(self) -> dict[Part, Fen]:
        """Give what each part had to share out."""
        return {part: sum(shares.values()) for part, shares in self.parts.items()}

    @property
    def shares(self) -> dict[str, Fen]:
        """Give each unit's whole share; with the reserve they sum to the pool."""
        columns = [c for c in (*self.parts.values(), self.fixed, self.adjusted) if c]
        units = sorted({u for shares in columns for u in shares})
        return {u: sum(shares.get(u, 0) for shares in columns) for u in units}


@dataclass(frozen=True, slots=True)
class Made:
    """A split with all that was decided on the way: the values as read, limits, rounds of re-spreading."""

    split: Split
    sheet: Sheet
    limits: Mapping[str, Limit]
    rounds: tuple[Round, ...]


@dataclass(frozen=True, slots=True)
class Purse:
    """How a pool is divided before any factor counts. Units: fen."""

    reserve_fen: Fen
    fixed: Mapping[str, Fen]
    left_fen: Fen


def split(pool_fen: Fen, scheme: Scheme, units: Sequence[str], data: Data) -> Split:
    """Split one appropriation among units by the published factors.

    Units: fen; values in the factor's own unit.
    Raises: Invalid with every finding of `stops`.
    """
    return made(pool_fen, scheme, units, data).split


def made(pool_fen: Fen, scheme: Scheme, units: Sequence[str], data: Data) -> Made:
    """Make a split and tell all that was decided on the way. Raises: Invalid, as `split`."""
    outcome, found = attempt(pool_fen, scheme, units, data)
    if outcome is None:
        raise Invalid([Problem(f.code, f.subject, f.facts) for f in found])
    return outcome


def stops(pool_fen: Fen, scheme: Scheme, units: Sequence[str], data: Data) -> list[Finding]:
    """Find everything that forbids a split; an empty list means that it can be made."""
    return attempt(pool_fen, scheme, units, data)[1]


def attempt(pool_fen: Fen, scheme: Scheme, units: Sequence[str], data: Data) -> tuple[Made | None, list[Finding]]:
    """Make a split, or tell why there is none.

    Codes: those of `reading.read`; ALC-222 (reserve and fixed amounts exceed the pool); those of
    `bounds.conflicts`.
    """
    sheet, found = read(pool_fen, scheme, units, data)
    if found:
        return None, found
    parted = purse(pool_fen, scheme, sheet.units)
    if parted.left_fen < 0:
        set_aside = pool_fen - parted.left_fen
        return None, [Finding("ALC-222", "pool_fen", {"set_aside": set_aside, "pool": pool_fen})]
    return share_out(pool_fen, scheme, sheet, parted)


def share_out(pool_fen: Fen, scheme: Scheme, sheet: Sheet, parted: Purse) -> tuple[Made | None, list[Finding]]:
    """Share out what is left by the factors, then within the bounds."""
    pools = part_pools(parted.left_fen, scheme)
    parts = {part: apportion(pool, weights(scheme, part, sheet), scheme.rounding) for part, pool in pools.items()}
    return within(Split(pool_fen, parts, parted.reserve_fen, parted.fixed), scheme, sheet)


def within(
    plain: Split, scheme: Scheme, sheet: Sheet, known: Mapping[str, Limit] | None = None
) -> tuple[Made | None, list[Finding]]:
    """Bring a split within the bounds of its scheme, or tell why none can be; `known` saves working out limits."""
    if not scheme.bounds:
        return Made(plain, sheet, {}, ()), []
    bound = known or limits(scheme, plain.pool_fen - plain.reserve_fen, last_shares(scheme, sheet), sheet.units)
    whole = plain.shares
    if all(bound[u].holds(fen) for u, fen in whole.items()):
        return Made(plain, sheet, bound, ()), []
    provisional = {u: fen - plain.fixed.get(u, 0) for u, fen in whole.items()}
    room = rooms(bound, plain.fixed, provisional, scheme.rounding.unit_fen)
    pool = sum(provisional.values())
    found = conflicts(pool, bound, room)
    if found:
        return None, found
    final, rounds = respread(pool, provisional, room, scheme.rounding)
    adjusted = {u: final[u] - provisional[u] for u in provisional}
    held = Split(plain.pool_fen, plain.parts, plain.reserve_fen, plain.fixed, adjusted)
    return Made(held, sheet, bound, tuple(rounds)), []


def last_shares(scheme: Scheme, sheet: Sheet) -> dict[str, Fen]:
    """Give last year's shares from the factor that holds them. Units: fen."""
    if not scheme.against:
        return {}
    factor = scheme.factor(scheme.against)
    up = 10 ** (YUAN_PLACES - factor.places)
    return {u: value * up for u, value in zip(sheet.units, sheet.columns[factor.key], strict=True)}


def purse(pool_fen: Fen, scheme: Scheme, units: Sequence[str]) -> Purse:
    """Take the reserve and the fixed amounts from the pool. What is left is below zero if they exceed it."""
    cut = Rounding(Mode.FLOOR, max(scheme.rounding.unit_fen, 1))
    reserve = scheme.reserve.fen + part_of(pool_fen, Fraction(scheme.reserve.bp, WHOLE), cut)
    fixed = {u: sum(f.fen for f in scheme.fixed if f.unit in {"", u}) for u in units} if scheme.fixed else {}
    return Purse(reserve, fixed, pool_fen - reserve - sum(fixed.values()))


def part_pools(pool_fen: Fen, scheme: Scheme) -> dict[Part, Fen]:
    """Part the pool into base and performance, in the scheme's rounding unit, the rest by remainder."""
    shares = {part.value: scheme.share_bp(part) for part in Part}
    pools = apportion(pool_fen, shares, Rounding(Mode.LARGEST_REMAINDER, scheme.rounding.unit_fen))
    return {part: pools[part.value] for part in Part if scheme.part(part)}


def weights(scheme: Scheme, part: Part, sheet: Sheet) -> dict[str, int]:
    """Give each unit's weight in one part: the sum of factor weight x own strength / all strength.

    Shape: {unit: whole number over one common denominator}.
    """
    columns = [(f.weight_bp, sheet.strengths[f.key]) for f in scheme.part(part)]
    common = lcm(*(sum(column) for _, column in columns))
    parts = []
    for weight_bp, column in columns:
        each = weight_bp * (common // sum(column))
        parts.append([each * value for value in column])
    return dict(zip(sheet.units, map(sum, zip(*parts, strict=True)), strict=True))


def odd(scheme: Scheme, data: Data, before: Data, most_bp: int) -> list[Finding]:
    """Notice values that moved by more than `most_bp` against the last approved run; of grades, the coefficients.

    They do not stop a split, but freezing it needs a word of explanation.
    Code: ALC-220.
    """
    found = []
    for f in scheme.factors:
        for unit, text in sorted(data.get(f.key, {}).items()):
            then = before.get(f.key, {}).get(unit, "")
            now, was = _counted(f, text), _counted(f, then)
            if now is not None and was is not None and abs(now - was) * WHOLE > was * most_bp:
                facts = {"factor": f.title, "unit": unit, "now": text, "was": then}
                found.append(Finding("ALC-220", f"{f.key}.{unit}", facts))
    return found


def _counted(f: Factor, text: str) -> int | None:
    """Read what a value counts with: the number, or the coefficient of its grade."""
    if f.form is not Form.GRADE:
        return written(text, f.places)
    grade = grade_of(f, text)
    return scaled(grade.coefficient, grade_places(f.grades)) if grade else None


def untied(scheme: Scheme, data: Data, offered: Data, most_bp: int) -> list[Finding]:
    """Notice values that differ from what the register offers by more than `most_bp`. Code: ALC-221."""
    found = odd(scheme, data, offered, most_bp)
    return [Finding("ALC-221", f.subject, f.facts) for f in found]

"""The factor method: values become strengths, strengths become shares, shares become whole fen.

Everything is whole numbers. The factors of one part are brought to one common denominator and
rounded once, so a county's part carries at most one unit of rounding, whatever the number of
factors. Order of counties and of rows never matters.
Source: 衢政办发〔2016〕65号 二(三)1
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import lcm

from allocation.factor.scheme import WHOLE, Factor, Form, Part, Scheme, faults
from quzhou_migrants.kernel.errors import Finding, Invalid, Problem
from quzhou_migrants.kernel.money import Fen, Mode, Rounding, apportion

Data = Mapping[str, Mapping[str, str]]  # factor key -> unit code -> the value as written

_VALUE = re.compile(r"(-?\d{1,15})(?:\.(\d{1,9}))?", re.ASCII)
_MOST = 10**24  # above every value that can be written


@dataclass(frozen=True, slots=True)
class Sheet:
    """Factor values as read: units in code order, each column in the factor's smallest unit."""

    units: tuple[str, ...]
    columns: Mapping[str, list[int]]


@dataclass(frozen=True, slots=True)
class Split:
    """One pool parted among units.

    Shape: {unit code: fen} for each part, in code order. Units: fen.
    """

    pool_fen: Fen
    parts: Mapping[Part, Mapping[str, Fen]]

    @property
    def part_pools(self) -> dict[Part, Fen]:
        """Give what each part had to share out."""
        return {part: sum(shares.values()) for part, shares in self.parts.items()}

    @property
    def shares(self) -> dict[str, Fen]:
        """Give each unit's whole share, summing to the pool."""
        units = sorted({u for shares in self.parts.values() for u in shares})
        return {u: sum(shares.get(u, 0) for shares in self.parts.values()) for u in units}


def split(pool_fen: Fen, scheme: Scheme, units: Sequence[str], data: Data) -> Split:
    """Split one appropriation among units by the published factors.

    Units: fen; values in the factor's own unit.
    Raises: Invalid with every finding of `stops`.
    """
    sheet, found = read(pool_fen, scheme, units, data)
    if found:
        raise Invalid([Problem(f.code, f.subject, f.facts) for f in found])
    parts = {
        part: apportion(pool, weights(scheme, part, sheet), scheme.rounding)
        for part, pool in part_pools(pool_fen, scheme).items()
    }
    return Split(pool_fen, parts)


def stops(pool_fen: Fen, scheme: Scheme, units: Sequence[str], data: Data) -> list[Finding]:
    """Find everything that forbids a split; an empty list means that it can be made."""
    return read(pool_fen, scheme, units, data)[1]


def part_pools(pool_fen: Fen, scheme: Scheme) -> dict[Part, Fen]:
    """Part the pool into base and performance, in the scheme's rounding unit, the rest by remainder."""
    shares = {part.value: scheme.share_bp(part) for part in Part}
    pools = apportion(pool_fen, shares, Rounding(Mode.LARGEST_REMAINDER, scheme.rounding.unit_fen))
    return {part: pools[part.value] for part in Part if scheme.part(part)}


def weights(scheme: Scheme, part: Part, sheet: Sheet) -> dict[str, int]:
    """Give each unit's weight in one part: the sum of factor weight x own strength / all strength.

    Shape: {unit: whole number over one common denominator}.
    """
    columns = [(f.weight_bp, strengths(f, scheme, sheet)) for f in scheme.part(part)]
    common = lcm(*(sum(column) for _, column in columns))
    parts = []
    for weight_bp, column in columns:
        each = weight_bp * (common // sum(column))
        parts.append([each * value for value in column])
    return dict(zip(sheet.units, map(sum, zip(*parts, strict=True)), strict=True))


def strengths(factor: Factor, scheme: Scheme, sheet: Sheet) -> list[int]:
    """Turn the values of one factor into strengths, as whole numbers of one scale.

    Direct: the value, times the value of `factor.times`. Inverse: the smallest value divided by
    the unit's own, half up to `inverse_places` decimals.
    """
    column = sheet.columns[factor.key]
    if factor.form is Form.INVERSE:
        smallest, scale = min(column), 10**scheme.inverse_places
        column = [(2 * smallest * scale + value) // (2 * value) for value in column]
    if factor.times:
        column = [a * b for a, b in zip(column, sheet.columns[factor.times], strict=True)]
    return column


def scaled(text: str, places: int) -> int:
    """Read a written value as a whole number of its smallest unit: ("12.5", 2) -> 1250."""
    whole, _, decimals = text.partition(".")
    return int(whole + decimals.ljust(places, "0"))


def read(pool_fen: Fen, scheme: Scheme, units: Sequence[str], data: Data) -> tuple[Sheet, list[Finding]]:
    """Read the written values, each once, and find everything that forbids a split.

    Codes: those of `scheme.faults`; ALC-206 (pool), ALC-207 (no unit, or one named twice),
    ALC-210 (missing value), ALC-211 (not a number of the allowed decimals), ALC-212 (out of
    bounds), ALC-213 (zero in an inverse factor), ALC-214 (nobody has any), ALC-215 (value of a
    unit or factor that takes no part).
    """
    order = tuple(sorted(units))
    sheet = Sheet(order, {f.key: [] for f in scheme.factors})
    found = faults(scheme, order)
    if pool_fen <= 0:
        found.append(Finding("ALC-206", "pool_fen", {"pool": pool_fen}))
    if not order or len(set(order)) != len(order):
        found.append(Finding("ALC-207", "units", {"count": len(order)}))
    for factor in scheme.factors:
        found += _read_column(factor, order, data.get(factor.key, {}), sheet.columns[factor.key])
    found += _strangers(scheme, order, data)
    if not found:
        found += [
            Finding("ALC-214", f.key, {"factor": f.title})
            for f in scheme.factors
            if f.weight_bp and not any(strengths(f, scheme, sheet))
        ]
    return sheet, found


def _read_column(
    factor: Factor, units: Sequence[str], values: Mapping[str, str], column: list[int]
) -> Iterator[Finding]:
    least, most = _bound(factor.least, factor.places, 0), _bound(factor.most, factor.places, _MOST)
    inverse = factor.form is Form.INVERSE
    for unit in units:
        text = values.get(unit, "")
        value = _read(text, factor.places)
        if value is not None and least <= value <= most and (value or not inverse):
            column.append(value)
            continue
        code = "ALC-212" if value or not inverse else "ALC-213"
        if value is None:
            code = "ALC-211" if text else "ALC-210"
        facts = {
            "factor": factor.title,
            "unit": unit,
            "value": text[:20],
            "places": factor.places,
            "least": factor.least,
            "most": factor.most,
        }
        yield Finding(code, f"{factor.key}.{unit}", facts)


def _read(text: str, places: int) -> int | None:
    """Read one value, or nothing when it is not a number of at most so many decimals."""
    match = _VALUE.fullmatch(text)
    if match is None:
        return None
    whole, decimals = match.groups("")
    return int(whole + decimals.ljust(places, "0")) if len(decimals) <= places else None


def _bound(text: str, places: int, otherwise: int) -> int:
    return scaled(text, places) if text else otherwise


def _strangers(scheme: Scheme, units: Sequence[str], data: Data) -> Iterator[Finding]:
    known, counted = set(units), {f.key for f in scheme.factors}
    for key, values in data.items():
        for unit in values if key not in counted else values.keys() - known:
            yield Finding("ALC-215", f"{key}.{unit}", {"factor": key, "unit": unit})


def odd(scheme: Scheme, data: Data, before: Data, most_bp: int) -> list[Finding]:
    """Notice values that moved by more than `most_bp` against the last approved run.

    They do not stop a split, but freezing it needs a word of explanation.
    Code: ALC-220.
    """
    found = []
    for f in scheme.factors:
        for unit, text in sorted(data.get(f.key, {}).items()):
            then = before.get(f.key, {}).get(unit, "")
            now, was = _read(text, f.places), _read(then, f.places)
            if now is not None and was is not None and abs(now - was) * WHOLE > was * most_bp:
                facts = {"factor": f.title, "unit": unit, "now": text, "was": then}
                found.append(Finding("ALC-220", f"{f.key}.{unit}", facts))
    return found


def untied(scheme: Scheme, data: Data, offered: Data, most_bp: int) -> list[Finding]:
    """Notice values that differ from what the register offers by more than `most_bp`. Code: ALC-221."""
    found = odd(scheme, data, offered, most_bp)
    return [Finding("ALC-221", f.subject, f.facts) for f in found]

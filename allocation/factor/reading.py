"""Written values become whole numbers, whole numbers become strengths; what cannot be read is found.

Every quotient (a value per head, the smallest value divided by one's own) is rounded half up to the
scheme's stated decimals, so a pocket calculator gives the same figure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from allocation.factor.scheme import Factor, Form, Grade, Scheme, faults
from quzhou_migrants.kernel.errors import Finding
from quzhou_migrants.kernel.money import Fen

Data = Mapping[str, Mapping[str, str]]  # factor key -> unit code -> the value as written

MOST_DIGITS = 15  # before the point
_MOST = 10**24  # above every value that can be written


@dataclass(frozen=True, slots=True)
class Sheet:
    """Factor values as read: units in code order, each column in the factor's smallest unit.

    `quotients` holds the columns divided by another, `strengths` what every factor with weight
    counts with; both only when nothing stops the split.
    """

    units: tuple[str, ...]
    columns: Mapping[str, list[int]]
    quotients: dict[str, list[int]] = field(default_factory=dict)
    strengths: dict[str, list[int]] = field(default_factory=dict)


def read(pool_fen: Fen, scheme: Scheme, units: Sequence[str], data: Data) -> tuple[Sheet, list[Finding]]:
    """Read the written values, each once, and find everything that forbids a split.

    Codes: those of `scheme.faults`; ALC-206 (pool), ALC-207 (no unit, or one named twice),
    ALC-210 (missing value), ALC-211 (not a number of the allowed decimals), ALC-212 (out of
    bounds), ALC-213 (zero in an inverse factor), ALC-214 (nobody has any), ALC-215 (value of a
    unit or factor that takes no part), ALC-223 (nothing to divide by), ALC-235 (no such grade).
    """
    order = tuple(sorted(units))
    sheet = Sheet(order, {f.key: [] for f in scheme.factors})
    found = faults(scheme, order)
    if pool_fen <= 0:
        found.append(Finding("ALC-206", "pool_fen", {"pool": pool_fen}))
    if not order or len(set(order)) != len(order):
        found.append(Finding("ALC-207", "units", {"count": len(order)}))
    broken = {f.subject for f in found if f.code in {"ALC-229", "ALC-238"}}
    for factor in scheme.factors:
        if factor.key in broken:
            continue
        column = _grade_column if factor.form is Form.GRADE and factor.grades else _read_column
        found += column(factor, order, data.get(factor.key, {}), sheet.columns[factor.key])
    found += _strangers(scheme, order, data)
    if not found:
        found += _strengthen(scheme, sheet)
    return sheet, found


def _strengthen(scheme: Scheme, sheet: Sheet) -> Iterator[Finding]:
    """Work out every strength once. Codes: ALC-213, ALC-214, ALC-223."""
    for f in scheme.factors:
        if not f.weight_bp:
            continue
        if f.per and (nobody := _divide(f, scheme, sheet)):
            yield Finding("ALC-223", f"{f.key}.{nobody}", {"factor": f.title, "unit": nobody})
            continue
        column = sheet.quotients.get(f.key, sheet.columns[f.key])
        if f.form is Form.INVERSE and not all(column):
            yield Finding("ALC-213", f.key, {"factor": f.title, "unit": sheet.units[column.index(0)]})
            continue
        sheet.strengths[f.key] = strengths(f, scheme, sheet)
        if not any(sheet.strengths[f.key]):
            yield Finding("ALC-214", f.key, {"factor": f.title})


def _divide(factor: Factor, scheme: Scheme, sheet: Sheet) -> str:
    """Divide a column by that of `factor.per`, half up to `inverse_places`. Gives a unit that has nothing, if any."""
    by = scheme.factor(factor.per)
    shift = scheme.inverse_places + value_places(by) - factor.places
    up, down = 10 ** max(shift, 0), 10 ** max(-shift, 0)
    below = sheet.columns[by.key]
    if not all(below):
        return sheet.units[below.index(0)]
    above = sheet.columns[factor.key]
    sheet.quotients[factor.key] = [half_up(a * up, b * down) for a, b in zip(above, below, strict=True)]
    return ""


def strengths(factor: Factor, scheme: Scheme, sheet: Sheet) -> list[int]:
    """Turn the values of one factor into strengths, as whole numbers of one scale.

    The value (divided by that of `factor.per`): as it is, or the smallest divided by it half up to
    `inverse_places` decimals, or how far it lies below the greatest; or the coefficient of a grade.
    Then times the value of `factor.times`.
    """
    column = coefficients(factor, scheme, sheet)
    if factor.times:
        column = [a * b for a, b in zip(column, sheet.columns[factor.times], strict=True)]
    return column


def coefficients(factor: Factor, scheme: Scheme, sheet: Sheet) -> list[int]:
    """Give strengths before they are multiplied by another factor's values."""
    column = sheet.quotients.get(factor.key, sheet.columns[factor.key])
    if factor.form is Form.INVERSE:
        smallest = min(column) * 10**scheme.inverse_places
        return [half_up(smallest, value) for value in column]
    if factor.form is Form.GAP:
        greatest = max(column)
        return [greatest - value for value in column]
    return column


def half_up(above: int, below: int) -> int:
    """Divide whole numbers that are not negative, half up."""
    return (2 * above + below) // (2 * below)


def scale_places(factor: Factor, scheme: Scheme) -> int:
    """Tell how many decimals the whole numbers of a factor's own column stand for."""
    if factor.form is Form.GRADE:
        return grade_places(factor.grades)
    return scheme.inverse_places if factor.per else factor.places


def coefficient_places(factor: Factor, scheme: Scheme) -> int:
    """Tell how many decimals a coefficient stands for."""
    return scheme.inverse_places if factor.form is Form.INVERSE else scale_places(factor, scheme)


def strength_places(factor: Factor, scheme: Scheme) -> int:
    """Tell how many decimals a strength stands for."""
    times = value_places(scheme.factor(factor.times)) if factor.times else 0
    return coefficient_places(factor, scheme) + times


def value_places(factor: Factor) -> int:
    """Tell how many decimals a column as read stands for, before anything divides it."""
    return grade_places(factor.grades) if factor.form is Form.GRADE else factor.places


def grade_places(grades: Sequence[Grade]) -> int:
    """Tell how many decimals the finest coefficient has."""
    return max((len(g.coefficient.partition(".")[2]) for g in grades), default=0)


def scaled(text: str, places: int) -> int:
    """Read a written value as a whole number of its smallest unit: ("12.5", 2) -> 1250."""
    whole, _, decimals = text.partition(".")
    return int(whole + decimals.ljust(places, "0"))


def _read_column(
    factor: Factor, units: Sequence[str], values: Mapping[str, str], column: list[int]
) -> Iterator[Finding]:
    least, most = max(_bound(factor.least, factor.places, 0), 0), _bound(factor.most, factor.places, _MOST)
    inverse = factor.form is Form.INVERSE
    for unit in units:
        text = values.get(unit, "")
        value = written(text, factor.places)
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


def _grade_column(
    factor: Factor, units: Sequence[str], values: Mapping[str, str], column: list[int]
) -> Iterator[Finding]:
    places = grade_places(factor.grades)
    known = {text: grade_of(factor, text) for text in {*values.values(), ""}}
    for unit in units:
        text = values.get(unit, "")
        grade = known[text]
        if grade is not None:
            column.append(scaled(grade.coefficient, places))
            continue
        names = ", ".join(g.name for g in factor.grades)
        facts = {"factor": factor.title, "unit": unit, "value": text[:20], "grades": names}
        yield Finding("ALC-235" if text else "ALC-210", f"{factor.key}.{unit}", facts)


def grade_of(factor: Factor, text: str) -> Grade | None:
    """Find the grade of a written name, or of a written score by where the grades begin."""
    named = next((g for g in factor.grades if g.name == text), None)
    score = written(text, factor.places)
    if named is not None or score is None:
        return named
    if factor.most and score > scaled(factor.most, factor.places):
        return None
    begun = [(least, g) for g in factor.grades if (least := written(g.least, factor.places)) is not None]
    return max((p for p in begun if p[0] <= score), key=lambda p: p[0], default=(0, None))[1]


def written(text: str, places: int) -> int | None:
    """Read one value, or nothing when it is not a number of at most so many decimals."""
    whole, point, decimals = text.partition(".")
    digits = whole.removeprefix("-")
    if not (text.isascii() and digits.isdecimal() and len(digits) <= MOST_DIGITS):
        return None
    if point and not (decimals.isdecimal() and len(decimals) <= places):
        return None
    return int(whole + decimals.ljust(places, "0"))


def _bound(text: str, places: int, otherwise: int) -> int:
    return scaled(text, places) if text else otherwise


def _strangers(scheme: Scheme, units: Sequence[str], data: Data) -> Iterator[Finding]:
    known, counted = set(units), {f.key for f in scheme.factors}
    for key, values in data.items():
        for unit in values if key not in counted else values.keys() - known:
            yield Finding("ALC-215", f"{key}.{unit}", {"factor": key, "unit": unit})

"""A scheme of the factor method as data: what is kept back and fixed, factors, weights, bounds, rounding.

Pool = reserve + fixed amounts + base part + performance part. Weights are basis points of the
money the factors share out, as published tables write them (65 : 20 : 15); the base and
performance shares are declared beside them and must tie. Floors, caps and the bands against last
year bind a unit's whole share.
Source: 衢政办发〔2016〕65号 二(三)1 (base share and performance share by a set ratio)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any, TypeVar

from quzhou_migrants.kernel.errors import Finding
from quzhou_migrants.kernel.money import BY_REMAINDER, TO_LARGEST, Fen, Mode, Rounding

WHOLE = 10_000  # basis points in one whole
YUAN_PLACES = 2  # decimals an amount in yuan may have

MOST_PLACES = 9  # decimals a written value may have
MOST_QUOTIENT_PLACES = 12

_NUMBER = re.compile(r"\d{1,9}(?:\.\d{1,6})?", re.ASCII)
_BOUND = re.compile(r"-?\d{1,15}(?:\.(\d{1,9}))?", re.ASCII)
_NEW_IN_TWO = ("reserve", "fixed", "bounds", "against")
_NEW_IN_FACTOR = ("per", "grades")
_CLAUSES = ("share_source", "rounding_source")  # written only where they say something


class Part(StrEnum):
    """The two parts of factor money."""

    BASE = "base"
    PERFORMANCE = "performance"


class Form(StrEnum):
    """How a value becomes strength.

    Direct: more gives more. Inverse: the smallest value divided by one's own. Gap: how far one
    lies below the greatest value. Grade: the coefficient of the grade reached.
    """

    DIRECT = "direct"
    INVERSE = "inverse"
    GAP = "gap"
    GRADE = "grade"


class Kind(StrEnum):
    """What a bound does. Floor and cap hold for everybody or one unit; loss and gain bind against last year."""

    FLOOR = "floor"
    CAP = "cap"
    LOSS = "loss"
    GAIN = "gain"


@dataclass(frozen=True, slots=True)
class Grade:
    """One grade: its name, its coefficient, and the score it begins at when scores are written instead of names.

    Units: coefficient and score as decimal text.
    """

    name: str
    coefficient: str
    least: str = ""


@dataclass(frozen=True, slots=True)
class Factor:
    """One factor. `times` names a factor whose value multiplies this one (score x migrants).

    `per` names a factor whose value divides this one before anything else (money per head);
    `grades` belong to the form "grade". `places` is how many decimals a value may have; `least`
    and `most` are its bounds as text. A factor without weight takes no part of its own: it only
    serves as `times`, `per` or `Scheme.against`.
    """

    key: str
    title: str
    unit: str
    part: Part
    weight_bp: int
    form: Form = Form.DIRECT
    times: str = ""
    places: int = 0
    least: str = "0"
    most: str = ""
    source: str = ""
    confirmed: bool = False
    per: str = ""
    grades: tuple[Grade, ...] = ()


@dataclass(frozen=True, slots=True)
class Reserve:
    """What the division keeps back: an amount, a share of the pool cut to whole units, or both. Units: fen, bp."""

    fen: Fen = 0
    bp: int = 0
    source: str = ""


@dataclass(frozen=True, slots=True)
class Fixed:
    """An amount given before the factors share out the rest; an empty unit means every unit. Units: fen."""

    unit: str
    fen: Fen
    source: str = ""


@dataclass(frozen=True, slots=True)
class Bound:
    """One bound on a unit's whole share (fixed amounts included); an empty unit means every unit.

    Floor, cap: `fen`, plus `bp` of the pool less the reserve. Loss, gain: `bp` is the most a share
    may fall or rise against last year's; a unit that got nothing last year is not bound by them.
    Several bounds hold together: the highest floor and the lowest cap count.
    """

    kind: Kind
    fen: Fen = 0
    bp: int = 0
    unit: str = ""
    source: str = ""
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Scheme:
    """Everything a split needs besides pool and data.

    `inverse_places` is how many decimals a quotient keeps, half up (the smallest value divided by
    one's own, a value per head): the same figure a pocket calculator gives. `against` names the
    weightless factor whose values are last year's shares in yuan. `share_source` and `rounding_source` are
    the clauses the two parts' shares and the rounding rest on.
    """

    title: str
    base_bp: int
    performance_bp: int
    factors: tuple[Factor, ...]
    rounding: Rounding
    inverse_places: int = 8
    reserve: Reserve = field(default_factory=Reserve)
    fixed: tuple[Fixed, ...] = ()
    bounds: tuple[Bound, ...] = ()
    against: str = ""
    share_source: str = ""
    rounding_source: str = ""

    def part(self, part: Part) -> tuple[Factor, ...]:
        """Give the factors of one part that carry weight."""
        return tuple(f for f in self.factors if f.part is part and f.weight_bp)

    def share_bp(self, part: Part) -> int:
        """Give the declared share of one part."""
        return self.base_bp if part is Part.BASE else self.performance_bp

    def factor(self, key: str) -> Factor:
        """Find a factor by its key. Raises: KeyError."""
        return {f.key: f for f in self.factors}[key]

    @property
    def holds(self) -> bool:
        """Tell whether shares are bound against last year's."""
        return any(b.kind in {Kind.LOSS, Kind.GAIN} for b in self.bounds)

    @property
    def version(self) -> int:
        """Tell which version of the file format can hold this scheme: 1 while nothing of 2 is used."""
        plain = self.reserve == Reserve() and not (self.fixed or self.bounds or self.against)
        plain = plain and not (self.share_source or self.rounding_source)
        old = {Form.DIRECT, Form.INVERSE}
        plain = plain and not self.rounding.mode.by_divisor
        return 1 if plain and all(f.form in old and not f.per and not f.grades for f in self.factors) else 2


def to_mapping(scheme: Scheme) -> dict[str, Any]:
    """Write a scheme as plain JSON values, in the oldest version that can hold it."""
    raw = asdict(scheme)
    for key in _CLAUSES:
        if not raw[key]:
            del raw[key]
    if scheme.version == 1:
        for key in _NEW_IN_TWO:
            del raw[key]
        for factor in raw["factors"]:
            for key in _NEW_IN_FACTOR:
                del factor[key]
    return raw


def from_mapping(raw: Mapping[str, Any]) -> Scheme:
    """Read a scheme of any version back from plain JSON values.

    Raises: KeyError, TypeError, ValueError when something is missing or of the wrong kind.
    """
    rounding = raw["rounding"]
    return _plain(
        Scheme,
        raw,
        factors=tuple(_factor(f) for f in raw["factors"]),
        rounding=_plain(Rounding, rounding, mode=Mode(rounding["mode"])),
        reserve=_plain(Reserve, raw.get("reserve", {})),
        fixed=tuple(_plain(Fixed, f) for f in raw.get("fixed", ())),
        bounds=tuple(_plain(Bound, b, kind=Kind(b["kind"])) for b in raw.get("bounds", ())),
    )


def _factor(raw: Mapping[str, Any]) -> Factor:
    grades = tuple(_plain(Grade, g) for g in raw.get("grades", ()))
    return _plain(Factor, raw, part=Part(raw["part"]), form=Form(raw["form"]), grades=grades)


_KINDS: dict[object, type] = {"int": int, "Fen": int, "str": str, "bool": bool}
Made = TypeVar("Made")


def _plain(record: type[Made], raw: Mapping[str, Any], **given: object) -> Made:
    """Make one record; a whole number, text or truth value must really be one. Raises: TypeError."""
    values = {**raw, **given}
    for known in fields(record):  # type: ignore[arg-type]  # every record here is a dataclass
        wanted = _KINDS.get(known.type)
        if wanted is not None and known.name in values and type(values[known.name]) is not wanted:
            raise TypeError(known.name)
    return record(**values)


def faults(scheme: Scheme, units: tuple[str, ...]) -> list[Finding]:
    """Find what makes a scheme unusable: weights that do not add up, parts that do not tie.

    Codes: ALC-201 (weights), ALC-202 (a part), ALC-203 (a factor named twice, or multiplied or
    divided by an unknown one), ALC-204 (residual party), ALC-205 (a weight or unit below zero),
    ALC-227 (a bound that binds nothing or an unknown unit), ALC-228 (last year's shares not among
    the factors), ALC-229 (grades), ALC-234 (reserve or fixed amounts), ALC-238 (decimals or
    bounds of values).
    """
    found: list[Finding] = []
    total = sum(f.weight_bp for f in scheme.factors)
    if total != WHOLE or scheme.base_bp + scheme.performance_bp != WHOLE:
        found.append(Finding("ALC-201", scheme.title, {"total": total}))
    for part in Part:
        weights = sum(f.weight_bp for f in scheme.factors if f.part is part)
        if weights != scheme.share_bp(part):
            facts = {"part": part.value, "weights": weights, "share": scheme.share_bp(part)}
            found.append(Finding("ALC-202", part.value, facts))
    keys = [f.key for f in scheme.factors]
    found += [
        Finding("ALC-203", f.key, {"factor": f.title})
        for f in scheme.factors
        if keys.count(f.key) > 1 or any(named and named not in keys for named in (f.times, f.per))
    ]
    residual = scheme.rounding.residual
    if residual not in {BY_REMAINDER, TO_LARGEST, *units}:
        found.append(Finding("ALC-204", residual, {"party": residual}))
    if scheme.rounding.unit_fen < 1 or any(f.weight_bp < 0 for f in scheme.factors):
        found.append(Finding("ALC-205", scheme.title))
    found += [Finding("ALC-238", f.key, {"factor": f.title}) for f in scheme.factors if not _measured(f)]
    if not 0 <= scheme.inverse_places <= MOST_QUOTIENT_PLACES:
        found.append(Finding("ALC-238", "inverse_places", {"factor": scheme.title}))
    return [*found, *_grade_faults(scheme), *_set_aside_faults(scheme, units), *_bound_faults(scheme, units)]


def _measured(f: Factor) -> bool:
    """Tell whether decimals and bounds of a factor are numbers that fit each other."""
    if not 0 <= f.places <= MOST_PLACES:
        return False
    matches = [_BOUND.fullmatch(text) for text in (f.least, f.most) if text]
    return all(m is not None and len(m[1] or "") <= f.places for m in matches)


def _grade_faults(scheme: Scheme) -> Iterator[Finding]:
    """Grades belong to their form; each has another name, another beginning, a number as coefficient."""
    for f in scheme.factors:
        names, begins = [g.name for g in f.grades], [g.least for g in f.grades if g.least]
        sound = (
            bool(f.grades) == (f.form is Form.GRADE)
            and all(names)
            and len(set(names)) == len(names)
            and len(set(begins)) == len(begins)
            and all(_NUMBER.fullmatch(text) for g in f.grades for text in (g.coefficient, g.least or "0"))
            and not (f.per and f.form is Form.GRADE)
        )
        if not sound:
            yield Finding("ALC-229", f.key, {"factor": f.title})


def _set_aside_faults(scheme: Scheme, units: tuple[str, ...]) -> Iterator[Finding]:
    reserve = scheme.reserve
    if reserve.fen < 0 or not 0 <= reserve.bp <= WHOLE:
        yield Finding("ALC-234", "reserve", {"unit": ""})
    for f in scheme.fixed:
        if f.fen < 0 or (f.unit and f.unit not in units):
            yield Finding("ALC-234", f"fixed.{f.unit}", {"unit": f.unit})


def _bound_faults(scheme: Scheme, units: tuple[str, ...]) -> Iterator[Finding]:
    for n, b in enumerate(scheme.bounds):
        banded = b.kind in {Kind.LOSS, Kind.GAIN}
        too_much = b.bp > WHOLE and b.kind is not Kind.GAIN
        if b.fen < 0 or b.bp < 0 or too_much or (banded and b.fen) or (b.unit and b.unit not in units):
            yield Finding("ALC-227", f"bounds.{n}", {"unit": b.unit, "kind": b.kind.value})
    last = next((f for f in scheme.factors if f.key == scheme.against), None)
    named = last is not None and last.places <= YUAN_PLACES and not last.weight_bp and last.form is Form.DIRECT
    if (scheme.holds or scheme.against) and not named:
        yield Finding("ALC-228", scheme.against)

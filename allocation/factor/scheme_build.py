"""From a form to a scheme and back: pack factors keep their names and clauses, own ones get keys."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from allocation.factor.catalogue import known
from allocation.factor.scheme import Bound, Factor, Fixed, Form, Grade, Kind, Part, Reserve, Scheme
from allocation.factor.scheme_forms import BoundRow, FactorRow, FixedRow, SchemeForm
from allocation.factor.sheet import COLUMNS
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.errors import Invalid, Problem
from quzhou_migrants.kernel.money import Rounding
from quzhou_migrants.kernel.policy import Policies

LAST = "last_share"
_BANDS = frozenset({Kind.LOSS, Kind.GAIN})
_GRADE = re.compile(r"(\S+?)\s*[=＝:：\s]\s*(\d+(?:\.\d+)?)(?:\s*[=＝:：≥\s]\s*(\d+(?:\.\d+)?))?")
_CHOSEN = ("part", "form", "weight_bp", "times", "per")
_OWN = re.compile(r"own(\d+)")


def build(policy: Policies, form: SchemeForm, before: Scheme | None = None) -> Scheme:
    """Make a scheme from what a person typed.

    A factor of the pack keeps title, unit, decimals and bounds, and its clause unless another is given; a
    changed weight, part or form is no longer the pack's, so it counts as unconfirmed until the bureau names
    its own clause. Bands against last year bring the weightless factor that holds last year's shares.
    Raises: Invalid ALC-243 (a factor that neither pack nor the version before knows), ALC-261 (no
    title), ALC-262 (a grade that cannot be read), ALC-263 (a title that a sheet of data could not tell apart).
    """
    pack = {k.factor.key: k.factor for k in known(policy)}
    kept = {f.key: f for f in before.factors} if before else {}
    problems: list[Problem] = []
    factors = list(_factors(form.factors, pack, kept, problems))
    bounds = tuple(Bound(b.kind, b.fen, b.bp, b.unit, b.source) for b in form.bounds if b.kind)
    if any(b.kind in _BANDS for b in bounds):
        factors.append(last_share())
    if problems:
        raise Invalid(problems)
    return Scheme(
        title=form.title,
        base_bp=form.base_bp,
        performance_bp=form.performance_bp,
        factors=tuple(factors),
        rounding=Rounding(form.mode, form.unit_fen, form.residual),
        inverse_places=form.places,
        reserve=Reserve(form.reserve_fen, form.reserve_bp, form.reserve_source),
        fixed=tuple(Fixed(f.unit, f.fen, f.source) for f in form.fixed if f.fen),
        bounds=bounds,
        against=LAST if any(b.kind in _BANDS for b in bounds) else "",
        share_source=form.share_source,
        rounding_source=form.rounding_source,
    )


def last_share() -> Factor:
    """Give the factor without weight whose values are last year's shares. Units: yuan."""
    text = CATALOGUE.text
    return Factor(LAST, text("factor.last_share"), text("factor.yuan"), Part.BASE, 0, places=2, confirmed=True)


def _factors(
    rows: Sequence[FactorRow], pack: Mapping[str, Factor], kept: Mapping[str, Factor], problems: list[Problem]
) -> Iterator[Factor]:
    numbers = [int(m[1]) for key in kept if (m := _OWN.fullmatch(key))]
    fresh = max(numbers, default=0)
    titles = {f.title for f in pack.values()} | {CATALOGUE.text(name) for name in COLUMNS}
    for n, row in enumerate(rows):
        if row.key == LAST:
            continue
        grades = _grades(row.grades, n, problems) if row.form is Form.GRADE else ()
        chosen: dict[str, Any] = {name: getattr(row, name) for name in _CHOSEN}
        base = pack.get(row.key)
        if base is not None:
            same = all(getattr(base, name) == value for name, value in chosen.items()) and base.grades == grades
            confirmed = (base.confirmed and same) or _named_by_us(row, base, kept.get(row.key))
            source = row.source or base.source
            yield replace(base, **chosen, grades=grades, source=source, confirmed=confirmed)
            continue
        if row.key and row.key not in kept:
            problems.append(Problem("ALC-243", f"factors.{n}.title", {"factor": row.key}))
            continue
        if not row.title:
            problems.append(Problem("ALC-261", f"factors.{n}.title"))
            continue
        if row.title in titles:
            problems.append(Problem("ALC-263", f"factors.{n}.title", {"factor": row.title}))
            continue
        titles.add(row.title)
        fresh += not row.key
        yield Factor(
            row.key or f"own{fresh}", row.title, row.unit, **chosen, places=row.places, least=row.least,
            most=row.most, source=row.source, grades=grades, confirmed=bool(row.source),
        )  # fmt: skip


def _named_by_us(row: FactorRow, base: Factor, was: Factor | None) -> bool:
    """Tell whether the bureau names a clause of its own: neither the pack's nor what an earlier pack left behind."""
    if row.source in {"", base.source}:
        return False
    return was.confirmed if was is not None and row.source == was.source else True


def _grades(text: str, n: int, problems: list[Problem]) -> tuple[Grade, ...]:
    found = []
    for line in re.split(r"[\n;；]", text):
        if not line.strip():
            continue
        match = _GRADE.fullmatch(line.strip())
        if match is None:
            problems.append(Problem("ALC-262", f"factors.{n}.grades", {"line": line.strip()[:40]}))
        else:
            found.append(Grade(match[1], match[2], match[3] or ""))
    return tuple(found)


def rows_of(scheme: Scheme) -> dict[str, object]:
    """Give what a form shows of a scheme: fields of `SchemeForm`."""
    return {
        "title": scheme.title,
        "base_bp": scheme.base_bp,
        "performance_bp": scheme.performance_bp,
        "mode": scheme.rounding.mode,
        "unit_fen": scheme.rounding.unit_fen,
        "residual": scheme.rounding.residual,
        "places": scheme.inverse_places,
        "reserve_fen": scheme.reserve.fen,
        "reserve_bp": scheme.reserve.bp,
        "reserve_source": scheme.reserve.source,
        "share_source": scheme.share_source,
        "rounding_source": scheme.rounding_source,
        "factors": [_row(f) for f in scheme.factors if f.key != LAST],
        "fixed": [FixedRow(f.unit, f.fen, f.source) for f in scheme.fixed],
        "bounds": [BoundRow(b.kind, b.unit, b.fen, b.bp, b.source) for b in scheme.bounds],
    }


def _row(f: Factor) -> FactorRow:
    grades = "\n".join(" ".join(part for part in (g.name, g.coefficient, g.least) if part) for g in f.grades)
    return FactorRow(
        f.key, f.title, f.unit, f.part, f.form, f.weight_bp, f.times, f.per, f.places, f.least, f.most, grades, f.source
    )

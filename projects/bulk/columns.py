"""The columns of the sheet: one for every answer of the application, taken from its own forms.

A table inside an application (contents, targets, partners, approvals) is one cell with a line for each
row and a bar between its values, so that one application stays one row of the sheet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any, get_args

import msgspec

from projects import choices
from projects.intake.forms import SECTIONS, Category, Grade, Land, Operator, ReservoirKind, ShapeKind, Way
from projects.intake.rules import Body
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.web.fields import Field, fields_of

KEY, VILLAGE = "key", "village"
_BAR = re.compile(r"[|｜]")
_TITLES: dict[Any, choices.Options] = {
    Category: choices.CATEGORIES,
    Way: choices.WAYS,
    Body: choices.BODIES,
    Grade: choices.GRADES,
    Land: choices.LANDS,
    ReservoirKind: choices.RESERVOIR_KINDS,
    Operator: choices.OPERATORS,
    ShapeKind: choices.titled(ShapeKind, "projects.shape."),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the part and field it fills, its heading, what may be chosen, the cells of an inner table."""

    section: str
    field: str
    title: str
    required: bool
    options: Mapping[str, str]
    inner: tuple[Column, ...] = ()
    note: str = ""

    def written(self, cell: str) -> dict[str, list[str]]:
        """Write a cell as the form would have sent it."""
        if not self.inner:
            return {self.field: [self.options.get(cell, cell)]}
        typed: dict[str, list[str]] = {}
        lines = [line for line in cell.replace("\r", "\n").split("\n") if line.strip()]
        for n, line in enumerate(lines):
            for column, value in zip(self.inner, _BAR.split(line), strict=False):
                text = value.strip()
                typed[f"{self.field}.{n}.{column.field}"] = [column.options.get(text, text)]
        return typed


@lru_cache(maxsize=1)
def columns() -> tuple[Column, ...]:
    """List every column in the order of the application."""
    heads = [
        Column("", KEY, _say("key"), required=True, options={}, note=_say("key_note")),
        Column("", VILLAGE, _say("village"), required=True, options={}, note=_say("village_note")),
    ]
    return (*heads, *(c for section, struct in SECTIONS.items() for c in _of(section, struct)))


def _of(section: str, struct: type[msgspec.Struct]) -> Iterator[Column]:
    for f in fields_of(struct):
        inner = tuple(_plain("", r, f"projects.bulk.inner.{f.name}.{r.name}") for r in f.rows)
        if inner:
            note = _say("lines_note") + " | ".join(c.title for c in inner)
            yield Column(section, f.name, _title(f), f.least > 0, {}, inner, note)
        else:
            yield _plain(section, f, f"projects.field.{f.name}")


def _plain(section: str, f: Field, key: str) -> Column:
    options = _options(f.kind)
    title = CATALOGUE.text(key) if key in CATALOGUE.sections["text"] else _title(f)
    return Column(section, f.name, title, f.required, options, (), "、".join(options) or _note(f))


def _title(f: Field) -> str:
    return CATALOGUE.text(f"projects.field.{f.name}")


def _options(kind: Any) -> dict[str, str]:  # noqa: ANN401 - annotations have no common type
    """What may be chosen. Shape: {title: value}."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {title: value for value, title in _TITLES[kind]}
    if set(get_args(kind)) == {"yes", "no"}:
        return {_say("yes"): "yes", _say("no"): "no"}
    return {}


def _note(f: Field) -> str:
    if f.typed:
        return _say(f"{f.typed}_note")
    if f.kind in {date, int, float, Decimal}:
        return _say(f"{f.kind.__name__}_note")
    return ""


def _say(name: str) -> str:
    return CATALOGUE.text(f"projects.bulk.{name}")

"""Read one policy pack strictly: every mistake of the file is named, nothing is guessed.

A pack is a TOML file: a `[pack]` head with the division prefix it speaks for, then parameters
`[package.room.name]` with title, unit, source, confirmed and dated values. A wider pack may also
set `min` and `max` beside a value, or alone: the limits that narrower packs are measured against.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from quzhou_migrants.kernel.errors import Invalid, Problem


@dataclass(frozen=True, slots=True)
class Dated:
    """One value from one day on, with its own source where a later document changed it.

    Shape: value None when the line only sets limits or repeals.
    """

    since: date
    value: Any
    source: str
    confirmed: bool
    least: Any = None
    most: Any = None
    repealed: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One parameter as one pack writes it; a narrower pack may leave title and unit to the wider."""

    key: str
    title: str
    unit: str
    note: str
    values: tuple[Dated, ...]


@dataclass(frozen=True, slots=True)
class Pack:
    """One file: the divisions it speaks for (a code prefix) and its parameters by key."""

    file: str
    title: str
    prefix: str
    entries: Mapping[str, Entry]


class PackError(Invalid):
    """A pack that cannot be trusted: every problem, with its file and key."""

    def __str__(self) -> str:
        """List the problems, one a line."""
        return "\n".join(f"{p.field}: {p.code} {p.facts or ''}".rstrip() for p in self.problems)


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is(kind: type[object]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, kind)


UNITS: Mapping[str, Callable[[object], bool]] = {
    **dict.fromkeys(("basis_point", "percent", "fen", "yuan"), _whole),
    **dict.fromkeys(("minute", "hour", "day", "working_day", "month", "year"), _whole),
    **dict.fromkeys(("person", "household", "count", "point", "metre", "byte", "character"), _whole),
    "text": _is(str),
    "list": _is(list),
    "table": _is(dict),
    "bool": _is(bool),
    "date": _is(date),
}
_FIELDS = {"title", "unit", "source", "confirmed", "note"}
_DATED = {"value", "source", "confirmed", "min", "max", "repealed"}
_KEY_PARTS = 3


def read_pack(path: Path) -> tuple[Pack, list[Problem]]:
    """Read a pack and everything that is wrong with it.

    Shape: (pack without the faulty parameters, problems).
    Raises: PackError POL-101, the file is not TOML; POL-102, its head is incomplete.
    """
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PackError([Problem("POL-101", path.name, {"reason": str(error)})]) from None
    head = raw.pop("pack", {})
    if not (isinstance(head, dict) and set(head) == {"title", "prefix"} and all(map(_is(str), head.values()))):
        raise PackError([Problem("POL-102", path.name)])
    problems: list[Problem] = []
    entries = {key: _entry(path.name, key, table, problems) for key, table in _tables(path.name, raw, problems)}
    return Pack(path.name, head["title"], head["prefix"], entries), problems


def _tables(file: str, raw: Mapping[str, Any], problems: list[Problem]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Walk to the parameters; a table that is not exactly three levels deep is a mistake."""

    def walk(path: tuple[str, ...], node: object) -> Iterator[tuple[str, dict[str, Any]]]:
        if isinstance(node, dict) and len(path) < _KEY_PARTS and not (_FIELDS & node.keys()):
            for name, child in node.items():
                yield from walk((*path, name), child)
        elif isinstance(node, dict) and len(path) == _KEY_PARTS:
            yield ".".join(path), node
        else:
            problems.append(Problem("POL-103", f"{file} [{'.'.join(path)}]"))

    yield from walk((), raw)


def _entry(file: str, key: str, table: dict[str, Any], problems: list[Problem]) -> Entry:
    """Read one parameter, adding what is wrong with it."""
    place = f"{file} [{key}]"
    fields = {name: value for name, value in table.items() if name in _FIELDS}
    for name, kind in (("source", str), ("confirmed", bool)):
        if not isinstance(fields.get(name), kind) or fields[name] == "":
            problems.append(Problem("POL-105", place, {"name": name}))
    unit = fields.get("unit", "")
    if unit and unit not in UNITS:
        problems.append(Problem("POL-106", place, {"unit": unit}))
    values = [
        dated
        for name, value in table.items()
        if name not in _FIELDS and (dated := _dated(place, name, value, fields, problems))
    ]
    if not values:
        problems.append(Problem("POL-109", place))
    values.sort(key=lambda dated: dated.since)
    return Entry(key, fields.get("title", ""), unit, fields.get("note", ""), tuple(values))


def _dated(place: str, name: str, value: object, fields: dict[str, Any], problems: list[Problem]) -> Dated | None:
    """Read one dated value: the bare value, or a table with its own source and limits."""
    try:
        since = date.fromisoformat(name)
    except ValueError:
        problems.append(Problem("POL-104", place, {"name": name}))
        return None
    table = value if isinstance(value, dict) else {"value": value}
    if unknown := table.keys() - _DATED:
        problems.append(Problem("POL-104", f"{place} {name}", {"name": ", ".join(sorted(unknown))}))
        return None
    repealed = table.get("repealed") is True
    if not (repealed or table.keys() & {"value", "min", "max"}):
        problems.append(Problem("POL-105", f"{place} {name}", {"name": "value"}))
        return None
    return Dated(
        since,
        table.get("value"),
        table.get("source", fields.get("source", "")),
        bool(table.get("confirmed", fields.get("confirmed"))),
        table.get("min"),
        table.get("max"),
        repealed,
    )

"""Policy packs: what a clause can change, as dated values with their source.

Packs are layered by division prefix: national < province < city < county; the narrowest pack
with a value in force on the day speaks. A value outside a limit that a wider pack sets stays in
force, and carries a warning with both clauses: the law decides which one holds, not a program.
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from quzhou_migrants.kernel.clock import WorkCalendar
from quzhou_migrants.kernel.errors import Problem, Refused
from quzhou_migrants.kernel.policy_files import UNITS, Dated, Entry, Pack, PackError, read_pack


@dataclass(frozen=True, slots=True)
class Breach:
    """A narrower value outside a wider limit, with the clause of the limit."""

    side: str
    bound: Any
    source: str
    since: date
    pack: str


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter in force: the value, what it means, where it comes from, since when."""

    key: str
    value: Any
    title: str
    unit: str
    source: str
    confirmed: bool
    since: date
    pack: str
    note: str = ""
    repealed: bool = False
    least: Any = None
    most: Any = None
    breaches: tuple[Breach, ...] = ()

    @property
    def clause(self) -> str:
        """Name the clause: what follows the document's number in the source."""
        return self.source.partition(" ")[2]

    @property
    def room(self) -> str:
        """Name the room that uses it: the first two parts of the key."""
        return self.key.rpartition(".")[0]


@dataclass(frozen=True, slots=True)
class Policies:
    """Every parameter in force on one day in one division."""

    day: date
    version: str
    known: frozenset[str]
    params: Mapping[str, Param] = field(repr=False)

    def param(self, key: str) -> Param:
        """Give a parameter with its source.

        Raises: KeyError, no pack declares the key; Refused POL-120, no value in force on the day.
        """
        if key not in self.known:
            raise KeyError(key)
        if key not in self.params:
            raise Refused("POL-120", key=key, day=self.day)
        return self.params[key]

    def get(self, key: str) -> Any:  # noqa: ANN401 - the unit of the parameter says the type
        """Give the value in force."""
        return self.param(key).value

    def whole(self, key: str) -> int:
        """Give the value of a counted unit (fen, basis points, days, persons)."""
        return int(self.param(key).value)

    def text(self, key: str) -> str:
        """Give the value of a text parameter."""
        return str(self.param(key).value)

    def __iter__(self) -> Iterator[Param]:
        """Walk the parameters in the order of their keys."""
        return iter(self.params.values())

    @property
    def breaches(self) -> list[Param]:
        """List the parameters whose value breaks a wider limit."""
        return [param for param in self if param.breaches]

    @property
    def work_calendar(self) -> WorkCalendar:
        """Give the working days of this day's packs: the published ones and the years added."""
        days = [self.get(f"kernel.calendar.{name}") for name in ("years", "rest_days", "worked_days")]
        return WorkCalendar(*(frozenset(day) for day in days))


class Packs:
    """All packs of a folder, checked together."""

    def __init__(self, packs: list[Pack]) -> None:
        """Layer the packs from the widest to the narrowest and name their content."""
        self.packs = sorted(packs, key=lambda pack: (len(pack.prefix), pack.prefix))
        self.version = _version(self.packs)
        self._known = frozenset(key for pack in packs for key in pack.entries)
        self._changes = sorted(
            {dated.since for pack in packs for entry in pack.entries.values() for dated in entry.values}
        )
        self._seen: dict[tuple[int, tuple[str, ...]], Mapping[str, Param]] = {}

    @classmethod
    def load(cls, folder: Path) -> Packs:
        """Read every pack of a folder and its sub-folders.

        Raises: PackError with every problem of every file.
        """
        read = [read_pack(path) for path in sorted(folder.rglob("*.toml")) if not path.name.startswith("messages")]
        problems = [problem for _, found in read for problem in found]
        packs = cls([pack for pack, _ in read])
        problems += packs._clashes()
        if problems:
            raise PackError(problems)
        return packs

    def at(self, day: date, division_code: str = "") -> Policies:
        """Give what is in force on a day in a division (the wider packs alone, without one)."""
        layers = [pack for pack in self.packs if division_code.startswith(pack.prefix)]
        # Nothing changes between two days on which some value begins, so one reading serves them all.
        seen = (bisect_right(self._changes, day), tuple(pack.prefix for pack in layers))
        if seen not in self._seen:
            found = ((key, self._in_force(key, day, layers)) for key in sorted(self._known))
            self._seen[seen] = {key: param for key, param in found if param}
        return Policies(day, self.version, self._known, self._seen[seen])

    def history(self, key: str, division_code: str = "") -> list[Param]:
        """List every value a parameter ever had in a division, the newest first."""
        layers = [pack for pack in self.packs if division_code.startswith(pack.prefix)]
        params = [
            self._param(pack, pack.entries[key], dated, layers)
            for pack in layers
            if key in pack.entries
            for dated in pack.entries[key].values
        ]
        return sorted(params, key=lambda param: param.since, reverse=True)

    def _in_force(self, key: str, day: date, layers: list[Pack]) -> Param | None:
        for pack in reversed(layers):
            dated = _on(pack, key, day)
            if dated and dated.value is not None:
                return self._param(pack, pack.entries[key], dated, layers, day)
        return None

    def _param(self, pack: Pack, entry: Entry, dated: Dated, layers: list[Pack], day: date | None = None) -> Param:
        wider = layers[: layers.index(pack)]
        return Param(
            entry.key,
            tuple(dated.value) if isinstance(dated.value, list) else dated.value,
            self._said(entry.key, "title", pack),
            self._said(entry.key, "unit", pack),
            dated.source,
            dated.confirmed,
            dated.since,
            pack.title,
            self._said(entry.key, "note", pack),
            dated.repealed,
            dated.least,
            dated.most,
            tuple(_breaches(entry.key, dated, wider, day or dated.since)),
        )

    def _said(self, key: str, name: str, pack: Pack) -> str:
        """Give what the narrowest pack, up to this one, says of a parameter."""
        lineage = [one for one in self.packs if pack.prefix.startswith(one.prefix) and key in one.entries]
        return next((text for one in reversed(lineage) if (text := getattr(one.entries[key], name))), "")

    def _clashes(self) -> Iterator[Problem]:
        """Find what only shows when the packs are read together."""
        prefixes = [pack.prefix for pack in self.packs]
        for pack in self.packs:
            if prefixes.count(pack.prefix) > 1:
                yield Problem("POL-111", pack.file, {"prefix": pack.prefix})
            for key, entry in pack.entries.items():
                yield from self._clash(f"{pack.file} [{key}]", pack, entry)

    def _clash(self, place: str, pack: Pack, entry: Entry) -> Iterator[Problem]:
        for name in ("title", "unit"):
            if not self._said(entry.key, name, pack):
                yield Problem("POL-105", place, {"name": name})
        wider = [p for p in self.packs if p is not pack and pack.prefix.startswith(p.prefix) and entry.key in p.entries]
        units = {unit for p in wider if (unit := p.entries[entry.key].unit)}
        if entry.unit and units - {entry.unit}:
            yield Problem("POL-110", place, {"unit": entry.unit, "wider": ", ".join(sorted(units))})
        fits = UNITS.get(self._said(entry.key, "unit", pack), bool)
        for dated in entry.values:
            if dated.value is not None and not fits(dated.value):
                yield Problem("POL-108", f"{place} {dated.since}", {"value": repr(dated.value)})


def _on(pack: Pack, key: str, day: date) -> Dated | None:
    """Find the value a pack gives on a day."""
    entry = pack.entries.get(key)
    return next((dated for dated in reversed(entry.values if entry else ()) if dated.since <= day), None)


def _breaches(key: str, dated: Dated, wider: list[Pack], day: date) -> Iterator[Breach]:
    """Compare a value with the limits of every wider pack in force on the day."""
    for pack in wider:
        rule = _on(pack, key, day)
        if rule is None or dated.value is None:
            continue
        if rule.most is not None and dated.value > rule.most:
            yield Breach("max", rule.most, rule.source, rule.since, pack.title)
        if rule.least is not None and dated.value < rule.least:
            yield Breach("min", rule.least, rule.source, rule.since, pack.title)


def _version(packs: list[Pack]) -> str:
    """Name the content of all packs: the first half of a SHA-256 over their canonical form."""
    content = [
        [
            pack.prefix,
            [[key, entry.unit, [str(dated) for dated in entry.values]] for key, entry in sorted(pack.entries.items())],
        ]
        for pack in packs
    ]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()[:32]

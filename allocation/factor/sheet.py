"""Factor values as a spreadsheet: one row per unit, one column per factor, its source and day above the values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO

from allocation.factor.frozen import Datum, Unit
from allocation.factor.scheme import Factor
from quzhou_migrants.kernel import xlsx
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.errors import Problem, Refused
from quzhou_migrants.kernel.sheets import read_batches

CODE, NAME, SOURCE, AS_OF = (f"factor.sheet.{key}" for key in ("code", "name", "source", "as_of"))
COLUMNS = (CODE, NAME, "factor.last_share")  # titles that are taken in every sheet
_DATE = re.compile(r"(\d{4})\D{0,2}(\d{1,2})\D{0,2}(\d{1,2})\D*(?: ?00:00:00)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cell:
    """One value where it stood. Shape: row counts from 1, as the spreadsheet shows it."""

    factor: str
    unit: str
    value: str
    row: int


@dataclass(frozen=True, slots=True)
class Upload:
    """A sheet as read: cells, the source and day of each factor where they were given, what cannot be read."""

    cells: tuple[Cell, ...]
    sources: Mapping[str, str]
    days: Mapping[str, date]
    problems: tuple[Problem, ...]


def write(
    target: IO[bytes],
    factors: Sequence[Factor],
    units: Sequence[Unit],
    values: Mapping[str, Mapping[str, str]],
    held: Sequence[Datum] = (),
) -> None:
    """Write the table of a run, filled with what is known, to be completed and sent back."""
    sources = {d.factor: d.source for d in held}
    days = {d.factor: d.as_of for d in held}
    heads = [CATALOGUE.text(CODE), CATALOGUE.text(NAME), *(f.title for f in factors)]
    with xlsx.Book(target) as book:
        table = book.table(CATALOGUE.text("factor.sheet.title"), [xlsx.Column(head) for head in heads])
        table.add(["", CATALOGUE.text(SOURCE), *(sources.get(f.key, "") for f in factors)])
        table.add(["", CATALOGUE.text(AS_OF), *(days.get(f.key, "") for f in factors)])
        for unit in units:
            table.add([unit.code, unit.name, *(values.get(f.key, {}).get(unit.code, "") for f in factors)])


async def read(path: Path, factors: Sequence[Factor]) -> Upload:
    """Read a table back. Columns are found by their headings, in any order.

    Raises: Refused ALC-249 (headings missing), and what `read_batches` refuses.
    """
    return opened([row async for batch in read_batches(path) for row in batch], factors)


def opened(table: Sequence[Sequence[str]], factors: Sequence[Factor]) -> Upload:
    """Turn a table into cells; whoever takes them looks whether the units are known.

    Codes: ALC-258 (a unit named twice), ALC-260 (not a date).
    Raises: Refused ALC-249.
    """
    head = [cell.strip() for cell in table[0]] if table else []
    wanted = {CATALOGUE.text(CODE): "", **{f.title: f.key for f in factors}}
    missing = [title for title in wanted if title not in head]
    if missing:
        raise Refused("ALC-249", field="file", missing="、".join(missing))
    at = {key: head.index(title) for title, key in wanted.items()}
    name = head.index(CATALOGUE.text(NAME)) if CATALOGUE.text(NAME) in head else -1
    cells: list[Cell] = []
    problems: list[Problem] = []
    above: dict[str, tuple[int, Sequence[str]]] = {}
    rows: dict[str, int] = {}
    for number, row in enumerate(table[1:], 2):
        code, label = _cell(row, at[""]), _cell(row, name)
        if not code and label in {CATALOGUE.text(SOURCE), CATALOGUE.text(AS_OF)}:
            above[label] = (number, row)
        elif code in rows:
            problems.append(Problem("ALC-258", "file", {"row": number, "unit": code[:20], "first": rows[code]}))
        elif code:
            rows[code] = number
            cells += [Cell(f.key, code, _cell(row, at[f.key]).replace(",", ""), number) for f in factors]
    sources = {f.key: text for f in factors if (text := _above(above, SOURCE, at[f.key]))}
    days: dict[str, date] = {}
    for f in factors:
        if text := _above(above, AS_OF, at[f.key]):
            day = _day(text)
            if day is None:
                facts = {"row": above[CATALOGUE.text(AS_OF)][0], "factor": f.title, "value": text[:20]}
                problems.append(Problem("ALC-260", "file", facts))
            else:
                days[f.key] = day
    return Upload(tuple(cells), sources, days, tuple(problems))


def _cell(row: Sequence[str], n: int) -> str:
    return row[n].strip() if 0 <= n < len(row) else ""


def _above(above: Mapping[str, tuple[int, Sequence[str]]], label: str, n: int) -> str:
    _, row = above.get(CATALOGUE.text(label), (0, ()))
    return _cell(row, n)


def _day(text: str) -> date | None:
    match = _DATE.fullmatch(text)
    try:
        return date(*map(int, match.groups())) if match else None
    except ValueError:
        return None

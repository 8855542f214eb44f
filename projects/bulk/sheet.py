"""From the cells of a sheet to applications: headings found, rows read, each slip at its cell."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from projects.bulk.columns import KEY, VILLAGE, Column, columns
from quzhou_migrants.kernel.errors import Problem, Refused

Draft = dict[str, dict[str, list[str]]]
HEAD_ROWS = 10  # the heading stands somewhere at the top
LETTERS = 26


@dataclass(slots=True)
class Line:
    """One application of a sheet. `row` counts as the sheet does; problems name a column's field."""

    row: int
    key: str
    village: str
    draft: Draft
    problems: list[Problem] = field(default_factory=list)

    @property
    def title(self) -> str:
        """What it is called, as far as it was typed."""
        return (self.draft.get("basics", {}).get("title") or [""])[0]

    def digest(self, village_code: str) -> str:
        """Name what is asked for: the same application in another sheet has the same name."""
        content = json.dumps([village_code, self.draft], ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Heading:
    """Where the columns stand. Shape: places {field: index}; `row` counts from 1."""

    row: int
    places: dict[str, int]


def find_heading(grid: Sequence[Sequence[str]]) -> Heading:
    """Find the heading row.

    Raises: Refused PRJ-561 (no heading), PRJ-562 naming the missing columns.
    """
    known = {c.title: c.field for c in columns()}
    for row, cells in enumerate(grid[:HEAD_ROWS], 1):
        titles = [cell.strip().rstrip("*").strip() for cell in cells]
        places = {known[t]: i for i, t in reversed(list(enumerate(titles))) if t in known}
        if KEY in places and VILLAGE in places:
            missing = [c.title for c in columns() if c.required and c.field not in places]
            if missing:
                raise Refused("PRJ-562", field="sheet", columns="、".join(missing))
            return Heading(row, places)
    raise Refused("PRJ-561", field="sheet")


def read_lines(grid: Sequence[Sequence[str]], heading: Heading) -> list[Line]:
    """Read the rows below the heading; empty ones are left out.

    Raises: Refused PRJ-561, there is no row at all.
    """
    lines = [
        _line(row, cells, heading)
        for row, cells in enumerate(grid, 1)
        if row > heading.row and any(cell.strip() for cell in cells)
    ]
    if not lines:
        raise Refused("PRJ-561", field="sheet")
    seen: set[str] = set()
    for line in lines:
        if not line.key:
            line.problems.append(Problem("WEB-101", KEY))
        elif line.key in seen:
            line.problems.append(Problem("PRJ-565", KEY, {"key": line.key}))
        seen.add(line.key)
    return lines


def _line(row: int, cells: Sequence[str], heading: Heading) -> Line:
    def cell(name: str) -> str:
        at = heading.places.get(name)
        return cells[at].strip() if at is not None and at < len(cells) else ""

    draft: Draft = {}
    for column in columns():
        if column.section and (typed := cell(column.field)):
            draft.setdefault(column.section, {}).update(column.written(typed))
    return Line(row, cell(KEY), cell(VILLAGE), draft)


def cell_name(heading: Heading, row: int, name: str) -> str:
    """Name the cell of a problem as a spreadsheet does ("F7"); the row alone when it has no column."""
    at = heading.places.get(name.partition(".")[0])
    return f"{_letters(at)}{row}" if at is not None else str(row)


def _letters(index: int) -> str:
    high, low = divmod(index, LETTERS)
    return (_letters(high - 1) if high else "") + chr(ord("A") + low)


def column_of(name: str) -> Column | None:
    """Give the column of a field, also of a cell inside its table."""
    plain = name.partition(".")[0]
    return next((c for c in columns() if c.field == plain), None)


def kept(problems: Sequence[Problem], heading: Heading, row: int, say: Any) -> list[dict[str, str]]:  # noqa: ANN401 - the catalogue
    """Write problems as a batch keeps them: cell, heading, sentence."""
    found = []
    for p in problems:
        column = column_of(p.field)
        what = column.title if column else say.text(f"projects.paper.{p.field}") if p.field else ""
        found.append({"cell": cell_name(heading, row, p.field), "what": what, "say": say.sentence(p), "code": p.code})
    return found

"""Other departments' projects, a list at a time: read, checked row by row, kept whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from projects.screening.forms import SectorForm
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.errors import Invalid, Problem, Refused
from quzhou_migrants.kernel.sheets import read_batches
from quzhou_migrants.web.forms import read_raw

HEAD_ROWS = 10
FIELDS = SectorForm.__struct_fields__


def titles() -> dict[str, str]:
    """Name the columns. Shape: {heading: field}."""
    return {CATALOGUE.text(f"projects.sector.{name}"): name for name in FIELDS}


async def read_sector(path: Path, most: int) -> list[tuple[int, SectorForm]]:
    """Read a list of projects. Shape: [(row of the sheet, project)].

    Raises: Refused PRJ-545 (no heading or no row), PRJ-546 (too many); Invalid PRJ-547 naming every wrong cell.
    """
    grid = [row async for batch in read_batches(path) for row in batch]
    head, places = _heading(grid)
    rows = [(n, cells) for n, cells in enumerate(grid, 1) if n > head and any(c.strip() for c in cells)]
    if not rows:
        raise Refused("PRJ-545", field="sheet")
    if len(rows) > most:
        raise Refused("PRJ-546", field="sheet", most=most, count=len(rows))
    return _read(rows, places)


def _heading(grid: Sequence[Sequence[str]]) -> tuple[int, dict[str, int]]:
    known = titles()
    for row, cells in enumerate(grid[:HEAD_ROWS], 1):
        places = {known[c.strip()]: i for i, c in enumerate(cells) if c.strip() in known}
        if {"village", "sector", "title", "finished_on"} <= places.keys():
            return row, places
    raise Refused("PRJ-545", field="sheet")


def _read(rows: Sequence[tuple[int, Sequence[str]]], places: dict[str, int]) -> list[tuple[int, SectorForm]]:
    named = {name: title for title, name in titles().items()}
    found: list[tuple[int, SectorForm]] = []
    slips: list[Problem] = []
    for row, cells in rows:
        form = read_raw({name: [cells[at]] for name, at in places.items() if at < len(cells)}, SectorForm)
        if form.ok:
            found.append((row, form.value))
        slips += [
            Problem("PRJ-547", "sheet", {"row": row, "column": named.get(p.field, ""), "why": CATALOGUE.sentence(p)})
            for p in form.problems
        ]
    if slips:
        raise Invalid(slips)
    return found

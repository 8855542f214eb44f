"""Performance results as a spreadsheet: one row for each unit, its score, its grade."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from allocation.factor.frozen import Unit
from allocation.factor.reading import scaled, written
from allocation.factor.scheme import Factor
from allocation.factor.sheet import CODE, NAME
from quzhou_migrants.kernel import xlsx
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.errors import Problem, Refused
from quzhou_migrants.kernel.sheets import read_batches

SCORE, GRADE = "factor.results.score", "factor.results.grade"
HEADS = (CODE, NAME, SCORE, GRADE)
LONGEST_GRADE = 20  # characters, as wide as its column


@dataclass(frozen=True, slots=True)
class Line:
    """What one unit got, where it stood. Shape: row counts from 1, as the spreadsheet shows it."""

    unit: str
    score: str
    grade: str
    row: int = 0


def write(target: IO[bytes], units: Sequence[Unit]) -> None:
    """Write the table to be filled in."""
    with xlsx.Book(target) as book:
        table = book.table(CATALOGUE.text("factor.results.sheet"), [xlsx.Column(CATALOGUE.text(h)) for h in HEADS])
        for unit in units:
            table.add([unit.code, unit.name, "", ""])


async def read(path: Path) -> list[Line]:
    """Read a table back. Raises: Refused ALC-249 (headings missing), and what `read_batches` refuses."""
    return opened([row async for batch in read_batches(path) for row in batch])


def opened(table: Sequence[Sequence[str]]) -> list[Line]:
    """Turn a table into lines, columns found by their headings in any order; a row without result is left out.

    Raises: Refused ALC-249.
    """
    head = [cell.strip() for cell in table[0]] if table else []
    wanted = [CATALOGUE.text(h) for h in (CODE, SCORE, GRADE)]
    if missing := [title for title in wanted if title not in head]:
        raise Refused("ALC-249", field="file", missing="、".join(missing))
    at = [head.index(title) for title in wanted]
    cells = ([row[n].strip() if n < len(row) else "" for n in at] for row in table[1:])
    return [Line(unit, score, grade, n) for n, (unit, score, grade) in enumerate(cells, 2) if score or grade]


def problems(lines: Sequence[Line], names: Mapping[str, str], measure: Factor) -> list[Problem]:
    """Find what cannot be taken over. `measure` is the factor of the pack the scores are read for.

    Codes: ALC-257 (an unknown unit), ALC-258 (named twice), ALC-265 (no result at all), ALC-266 (not
    such a score), ALC-268 (a grade too long).
    """
    found = [] if lines else [Problem("ALC-265", "file")]
    first: dict[str, int] = {}
    for line in lines:
        facts = {"row": line.row, "unit": names.get(line.unit, line.unit[:20])}
        if line.unit not in names:
            found.append(Problem("ALC-257", "file", facts))
        elif line.unit in first:
            found.append(Problem("ALC-258", "file", {**facts, "first": first[line.unit]}))
        first.setdefault(line.unit, line.row)
        if line.score and not _is_score(line.score, measure):
            bounds = {"least": measure.least, "most": measure.most or "…", "places": measure.places}
            found.append(Problem("ALC-266", "file", {**facts, "value": line.score[:20], **bounds}))
        if len(line.grade) > LONGEST_GRADE:
            found.append(Problem("ALC-268", "file", {**facts, "value": line.grade[:20], "most": LONGEST_GRADE}))
    return found


def _is_score(text: str, measure: Factor) -> bool:
    value = written(text, measure.places)
    least, most = scaled(measure.least or "0", measure.places), measure.most
    return value is not None and least <= value and (not most or value <= scaled(most, measure.places))

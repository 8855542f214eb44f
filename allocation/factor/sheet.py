"""Factor values as a spreadsheet: one row per unit, one column per factor, out and back in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from allocation.factor.forms import ValueRow
from allocation.factor.frozen import Unit
from allocation.factor.scheme import Factor
from quzhou_migrants.kernel import xlsx
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.sheets import read_batches

CODE, NAME = "factor.sheet.code", "factor.sheet.name"


def write(
    target: IO[bytes], factors: Sequence[Factor], units: Sequence[Unit], values: Mapping[str, Mapping[str, str]]
) -> None:
    """Write the table of a run, filled with what is known, to be completed and sent back."""
    heads = [CATALOGUE.text(CODE), CATALOGUE.text(NAME), *(f.title for f in factors)]
    with xlsx.Book(target) as book:
        table = book.table(CATALOGUE.text("factor.sheet.title"), [xlsx.Column(head) for head in heads])
        for unit in units:
            table.add([unit.code, unit.name, *(values.get(f.key, {}).get(unit.code, "") for f in factors)])


async def read(path: Path, factors: Sequence[Factor]) -> list[ValueRow]:
    """Read a table back. Columns are found by their headings, in any order.

    Raises: Refused ALC-249 (headings missing), and what `read_batches` refuses.
    """
    table = [row async for batch in read_batches(path) for row in batch]
    return rows(table, factors)


def rows(table: Sequence[Sequence[str]], factors: Sequence[Factor]) -> list[ValueRow]:
    """Turn a table into values; empty rows are left out, unknown units are found by the preview.

    Raises: Refused ALC-249.
    """
    head = [cell.strip() for cell in table[0]] if table else []
    wanted = {CATALOGUE.text(CODE): "", **{f.title: f.key for f in factors}}
    missing = [title for title in wanted if title not in head]
    if missing:
        raise Refused("ALC-249", field="file", missing="、".join(missing))
    at = {key: head.index(title) for title, key in wanted.items()}
    found = []
    for row in table[1:]:
        code = _cell(row, at[""])
        if code:
            found += [ValueRow(f.key, code, _cell(row, at[f.key])) for f in factors]
    return found


def _cell(row: Sequence[str], n: int) -> str:
    return row[n].strip().replace(",", "") if n < len(row) else ""

"""Studies beside a run as an official paper and as a spreadsheet."""

from __future__ import annotations

from typing import IO, Final

from allocation.factor.paper import pct, signed
from allocation.factor.studies import Head, Study, Table, Value
from quzhou_migrants.kernel import xlsx
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.money import yuan
from quzhou_migrants.kernel.pdf import Block, Document, Fields, Grid, Heading, Text

ACROSS: Final = 9  # columns of figures beside each other on paper before a table is broken
_KINDS: Final[dict[str, xlsx.Kind]] = {"text": "text", "yuan": "yuan", "change": "yuan", "percent": "percent"}


def paper(study: Study, author: str, day: str) -> Document:
    """Lay a study out for print; a table wider than the paper goes on below, its rows named again."""
    blocks: list[Block] = [Fields(study.facts, 2), Text(study.note, small=True, indent=False)]
    for table in study.tables:
        blocks.append(Heading(table.title))
        blocks += [Text(note, small=True, indent=False) for note in table.notes]
        blocks += [_grid(table, begin) for begin in range(1, len(table.heads), ACROSS)]
    return Document(study.title, tuple(blocks), author=author, footer=f"{author} {day}", wide=True)


def _grid(table: Table, begin: int) -> Grid:
    chosen = [0, *range(begin, min(begin + ACROSS, len(table.heads)))]
    heads = [table.heads[n] for n in chosen]
    rows = tuple(tuple(said(h, row[n]) for h, n in zip(heads, chosen, strict=True)) for row in table.rows)
    right = frozenset(n for n, head in enumerate(heads) if head.kind != "text")
    return Grid(tuple(h.title for h in heads), rows, right=right, total=table.total)


def said(head: Head, value: Value) -> str:
    """Write a value as its column shows it."""
    if not isinstance(value, int):
        return value or ""
    if head.kind == "percent":
        return ("+" if value > 0 else "") + pct(value)
    return signed(value) if head.kind == "change" else yuan(value)


def book(target: IO[bytes], study: Study) -> None:
    """Write a study as a workbook: what it is about, then every table on a sheet of its own."""
    with xlsx.Book(target) as made:
        made.facts(CATALOGUE.text("study.about"), [("", study.title), *study.facts, ("", study.note)])
        for table in study.tables:
            sheet = made.table(table.title, [xlsx.Column(h.title, _KINDS[h.kind], 20) for h in table.heads])
            for row in table.rows:
                sheet.add(row)
            blank = (None,) * (len(table.heads) - 1)
            for note in table.notes:
                sheet.add((note, *blank))

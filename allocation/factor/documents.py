"""The working of a run as an official paper and as a spreadsheet, from the same sections as the page."""

from __future__ import annotations

from typing import IO

from allocation.factor.paper import Section, facts, sections
from allocation.factor.working import Working
from quzhou_migrants.kernel import xlsx
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.pdf import Block, Document, Fields, Grid, Heading, Text

_SHEET_NAME = 28  # a spreadsheet's tab holds 31 characters


def _t(key: str, **said: object) -> str:
    return CATALOGUE.text(f"working.{key}").format(**said)


def paper(sheet: Working, sha256: str) -> Document:
    """Lay the working out for print, every step with its table."""
    blocks: list[Block] = [Fields(tuple(facts(sheet, sha256))), Text(_t("how"), small=True, indent=False)]
    for section in sections(sheet):
        blocks.append(Heading(section.title))
        blocks += [Text(note, small=True, indent=False) for note in section.notes]
        blocks.append(_grid(section))
    blocks += [Heading(_t("sources")), _sources(sheet)]
    if sheet.inputs.remark:
        blocks.append(Text(_t("remark", remark=sheet.inputs.remark), small=True))
    title = _t("title", title=sheet.inputs.title)
    return Document(title, tuple(blocks), author=sheet.inputs.division, footer=sha256 or _t("not_frozen"), wide=True)


def _grid(section: Section) -> Grid:
    rows = (*section.rows, section.foot) if section.foot else section.rows
    right = frozenset(range(len(section.head))) - section.text_columns
    return Grid(section.head, rows, right=right, total=bool(section.foot))


def _sources(sheet: Working) -> Grid:
    """Say once for each factor where its values come from."""
    titles = {f.key: f.title for f in sheet.inputs.scheme.factors}
    said = sorted({(d.factor, d.source, d.as_of) for d in sheet.inputs.data})
    rows = tuple((titles.get(factor, factor), source, as_of) for factor, source, as_of in said)
    return Grid((_t("factor"), _t("data_source"), _t("as_of")), rows, (2, 4, 1))


def book(target: IO[bytes], sheet: Working, sha256: str) -> None:
    """Write the working as a workbook: what it is, every step on a sheet of its own, the data with their sources."""
    with xlsx.Book(target) as made:
        made.facts(_t("run"), [*facts(sheet, sha256), ("", _t("how"))])
        for section in sections(sheet):
            _tab(made, section)
        data = made.table(_t("sources"), [xlsx.Column(_t(k), width=22) for k in _DATA_HEADS])
        titles = {f.key: f.title for f in sheet.inputs.scheme.factors}
        names = {u.code: u.name for u in sheet.inputs.units}
        for d in sorted(sheet.inputs.data, key=lambda d: (d.factor, d.unit)):
            data.add([titles.get(d.factor, d.factor), names.get(d.unit, d.unit), d.value, d.source, d.as_of])


_DATA_HEADS = ("factor", "head.unit", "value", "data_source", "as_of")


def _tab(made: xlsx.Book, section: Section) -> None:
    """Write one step; figures stay text, because a spreadsheet number keeps fifteen digits only."""
    name = section.title.translate(_FORBIDDEN)[:_SHEET_NAME]
    table = made.table(name, [xlsx.Column(head, width=20) for head in section.head])
    for row in section.rows:
        table.add(row)
    if section.foot:
        table.add(section.foot)
    blank = ("",) * (len(section.head) - 1)
    for note in section.notes:
        table.add((note, *blank))


_FORBIDDEN = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))

"""Sheets of bulk filing: the template to fill in, and the slips of a sheet that was checked."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from typing import IO, Any

from projects.bulk.columns import columns
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.xlsx import Book, Column

WIDE, NARROW = 60, 18


def _say(name: str) -> str:
    return CATALOGUE.text(f"projects.bulk.{name}")


def template() -> IO[bytes]:
    """Write the sheet to fill in and, beside it, what each column takes."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by who sends it
    with Book(file) as book:
        book.table(_say("rows"), [Column(c.title + ("*" if c.required else ""), width=NARROW) for c in columns()])
        notes = book.table(
            _say("notes"), [Column(_say("column")), Column(_say("needed")), Column(_say("note"), width=WIDE)]
        )
        for c in columns():
            notes.add((c.title, _say("yes") if c.required else "", c.note))
        notes.add((_say("zip"), "", _say("zip_note")))
    return file


def slips(rows: Iterable[Mapping[str, Any]]) -> IO[bytes]:
    """Write every slip of a sheet: cell, heading, what is wrong."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by who sends it
    with Book(file) as book:
        heads = ("cell", "key", "title", "column", "wrong")
        table = book.table(_say("slips"), [Column(_say(h), width=WIDE if h == "wrong" else NARROW) for h in heads])
        for row in rows:
            for slip in row["problems"]:
                table.add((slip["cell"], row["key"], row["title"], slip["what"], slip["say"]))
    return file

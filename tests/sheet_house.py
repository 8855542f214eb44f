"""A sheet of bulk filing as a township fills it in, and the zip of its papers."""

from __future__ import annotations

import zipfile
from pathlib import Path

from project_house import TYPED, picture

from projects.bulk.columns import Column, columns
from quzhou_migrants.kernel.xlsx import Book
from quzhou_migrants.kernel.xlsx import Column as Head

PAPERS = ("决议.png", "公示.png", "设计.png")


def cell(column: Column, typed: dict[str, str]) -> str:
    """Write an answer as a person types it into a cell."""
    back = {value: title for title, value in column.options.items()}
    if not column.inner:
        return back.get(typed.get(column.field, ""), typed.get(column.field, ""))
    first = [
        {v: t for t, v in c.options.items()}.get(text, text)
        for c in column.inner
        if (text := typed.get(f"{column.field}.0.{c.field}", "")) or True
    ]
    return "|".join(first) if any(first) else ""


def sheet(folder: Path, *rows: dict[str, str]) -> Path:
    """Write a sheet as a township fills it in."""
    base = {k: v for part in TYPED.values() for k, v in part.items()}
    path = folder / "sheet.xlsx"
    with Book(path) as book:
        table = book.table("申报表", [Head(c.title) for c in columns()])
        for n, change in enumerate(rows, 1):
            typed = {**base, **change}
            heads = {"key": str(n), "village": change.get("village", "廿里镇白马新村")}
            table.add([heads.get(c.field) or cell(c, typed) for c in columns()])
    return path


def packed(folder: Path, keys: list[str], names: tuple[str, ...] = PAPERS) -> Path:
    """Pack the same papers into a folder for each row."""
    path = folder / "papers.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for key in keys:
            for shade, name in enumerate(names):
                archive.writestr(f"{key}/{name}", picture(200 + shade))
    return path

"""Write spreadsheets row by row: long numbers stay text, formulas are defused, memory stays flat.

    with Book(target) as book:
        book.facts(title_of_sheet, [("县", "柯城区"), …])      # first sheet: what this file is
        table = book.table(title_of_sheet, [Column("户编号"), Column("金额（元）", "yuan")])
        for row in rows:
            table.add(row)

Reading is in `kernel/sheets.py`, because what people send in needs a separate process.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import IO, TYPE_CHECKING, Any, Final, Literal

from xlsxwriter import Workbook

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path
    from types import TracebackType

Kind = Literal["text", "integer", "yuan", "percent", "date", "datetime"]

MEDIA_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")
_EXACT: Final = 10**15  # a spreadsheet number keeps fifteen digits; what is longer goes out as text
_ROWS: Final = 1_048_576
_FORMATS: Final[dict[str, str]] = {
    "text": "@",  # so that what a clerk types into a text column later stays text as well
    "integer": "#,##0",
    "yuan": "#,##0.00",
    "percent": "0.00%",
    "date": "yyyy-mm-dd",
    "datetime": "yyyy-mm-dd hh:mm",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading, how its values are shown, its width in characters.

    Units: yuan takes fen, percent takes basis points, datetime drops the time zone of the caller.
    """

    title: str
    kind: Kind = "text"
    width: int = 16


class Table:
    """A sheet under one heading row that grows downwards."""

    def __init__(self, book: Book, title: str, columns: Sequence[Column]) -> None:
        """Write the heading."""
        self._book, self._columns, self._row = book, columns, 1
        self._sheet = book.workbook.add_worksheet(title[:31])
        for i, column in enumerate(columns):
            self._sheet.set_column(i, i, column.width, book.formats.get(column.kind))
            self._sheet.write_string(0, i, column.title, book.formats["head"])
        self._sheet.freeze_panes(1, 0)

    def add(self, values: Iterable[Any]) -> None:
        """Append one row in the order of the columns; None leaves a cell empty.

        Raises: ValueError, when the sheet is full (1,048,576 rows).
        """
        if self._row >= _ROWS:
            raise ValueError(self._row)
        for i, (column, value) in enumerate(zip(self._columns, values, strict=True)):
            if value is not None:
                self._put(i, column.kind, value)
        self._row += 1

    def _put(self, col: int, kind: Kind, value: Any) -> None:  # noqa: ANN401 - a cell is any value of a row
        formats = self._book.formats
        if kind == "text" or isinstance(value, str):
            text = str(value)
            style = formats["defused" if text.startswith(FORMULA_STARTS) else "text"]
            self._sheet.write_string(self._row, col, text, style)
        elif isinstance(value, date):
            plain = value.replace(tzinfo=None) if isinstance(value, datetime) else value
            self._sheet.write_datetime(self._row, col, plain, formats[kind])
        elif abs(value) >= _EXACT:
            self._sheet.write_string(self._row, col, str(value))
        else:
            self._sheet.write_number(self._row, col, _shown(kind, value), formats[kind])


def _shown(kind: Kind, value: float) -> float:
    return value / {"yuan": 100, "percent": 10_000}.get(kind, 1)


class Book(AbstractContextManager["Book"]):
    """A workbook that is written as it is made and closed at the end of the `with`."""

    def __init__(self, target: Path | IO[bytes]) -> None:
        """Open; rows go to a temporary file, not to memory."""
        self.workbook = Workbook(target, {"constant_memory": True, "default_date_format": "yyyy-mm-dd"})
        self.formats = {kind: self.workbook.add_format({"num_format": code}) for kind, code in _FORMATS.items()}
        self.formats["head"] = self.workbook.add_format({"bold": True, "bottom": 1, "bg_color": "#F1F5F9"})
        self.formats["defused"] = self.workbook.add_format({"quote_prefix": True, "num_format": "@"})
        self.formats["note"] = self.workbook.add_format({"text_wrap": True, "valign": "top"})

    def facts(self, title: str, pairs: Iterable[tuple[str, str]]) -> None:
        """Add a sheet of two columns: the filters of an export, or notes on filling in."""
        sheet = self.workbook.add_worksheet(title[:31])
        sheet.set_column(0, 0, 22)
        sheet.set_column(1, 1, 70)
        for row, (name, value) in enumerate(pairs):
            sheet.write_string(row, 0, name, self.formats["head"])
            sheet.write_string(row, 1, value, self.formats["note"])

    def table(self, title: str, columns: Sequence[Column]) -> Table:
        """Add a sheet with a heading row."""
        return Table(self, title, columns)

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file; after an exception it is closed all the same and the caller throws it away."""
        self.workbook.close()

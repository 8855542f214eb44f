"""The process that opens tables people send in: run alone, with little memory, time and no rights.

A spreadsheet is a program for its reader: 1.4 KB with one cell at A1 and one at XFD1048576 makes the
fastest parser allocate until the kernel kills it, and a zip can promise 10 MB and unfold to 10 GB.
So nothing is parsed in the server. This file imports nothing of ours, is started by `kernel/sheets.py`
with the path of a file, checks it by content (never by name), and prints one JSON line per batch of
rows, then {"end": rows}, or {"refused": code, "facts": {…}}.
"""

from __future__ import annotations

import codecs
import csv
import json
import re
import resource
import sys
import zipfile
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MEMORY = 1 << 30
CPU_SECONDS = 90
UNFOLDED = 400 << 20
RATIO = 200
ENTRIES = 500
COLUMNS = 100
ROWS = 300_000
CELL = 32_767
BATCH = 500

_REF = re.compile(rb"""\sr\s*=\s*["']\$?([A-Za-z]{1,9})\$?([0-9]{1,19})["']""")
# Columns from CA on and rows from 300,000 on: what has neither cannot be beyond COLUMNS and ROWS. Any name that
# ends in r is taken for a place here: a false alarm only costs the slower look.
_FAR = re.compile(
    rb"""r\s*=\s*["']\$?(?:(?:[A-Za-z]{3,9}|[C-Zc-z][A-Za-z])\$?[0-9]|[A-Za-z]{1,9}\$?(?:[0-9]{7}|[3-9][0-9]{5}))"""
)
_EXACT = 10**15
_MIDNIGHT = time(0)


class Refused(Exception):  # noqa: N818 - reads as a sentence at the raise
    """This file is not read; a code of the kernel's catalogue and its facts."""

    def __init__(self, code: str, **facts: object) -> None:
        """Keep both."""
        self.code, self.facts = code, facts
        super().__init__(code)


def main(path: str) -> None:
    """Print the rows of one file, or why it is refused."""
    for what, limit in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, CPU_SECONDS), (resource.RLIMIT_FSIZE, 0)):
        resource.setrlimit(what, (limit, limit))
    try:
        count = 0
        for batch in _batches(_rows(path)):
            count += len(batch)
            _say(batch)
        _say({"end": count})
    except Refused as refused:
        _say({"refused": refused.code, "facts": refused.facts})
    except MemoryError:
        _say({"refused": "KRN-635", "facts": {}})


def _say(thing: object) -> None:
    # Bytes, because the text stream would speak the machine's own encoding, GBK on many a server.
    sys.stdout.buffer.write(json.dumps(thing, ensure_ascii=False).encode(errors="replace") + b"\n")


def _batches(rows: Iterator[list[str]]) -> Iterator[list[list[str]]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


def _rows(path: str) -> Iterator[list[str]]:
    with open(path, "rb") as file:  # noqa: PTH123 - this process holds one open file and no more
        head = file.read(4096)
        if head.startswith(b"PK\x03\x04"):
            _check_zip(file)
            return _sheet_rows(path)
    if head.startswith(b"\xd0\xcf\x11\xe0"):  # the old binary format, or a workbook under a password
        raise Refused("KRN-631")
    return _csv_rows(path, head)


def _check_zip(file: IO[bytes]) -> None:
    """Refuse what unfolds too far, what is no workbook, and cells too far out."""
    try:
        with zipfile.ZipFile(file) as book:
            entries = book.infolist()
            _check_entries(entries)
            far_row = far_column = 0
            for entry in entries:
                with book.open(entry) as part:
                    far = _goes_far(part)
                if far:
                    with book.open(entry) as part:
                        row, column = _farthest(part)
                    far_row, far_column = max(far_row, row), max(far_column, column)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise Refused("KRN-632") from error
    if far_row > ROWS or far_column > COLUMNS:
        raise Refused("KRN-634", rows=far_row, columns=far_column, rows_limit=ROWS, columns_limit=COLUMNS)


def _check_entries(entries: list[zipfile.ZipInfo]) -> None:
    names = {entry.filename for entry in entries}
    if "xl/workbook.xml" not in names or len(names) != len(entries):
        raise Refused("KRN-632")
    unfolded = sum(entry.file_size for entry in entries)
    steep = any(e.file_size > RATIO * max(e.compress_size, 1) for e in entries if e.file_size > 1 << 20)
    if unfolded > UNFOLDED or steep or len(entries) > ENTRIES:
        raise Refused("KRN-633", megabytes=unfolded >> 20)


def _goes_far(part: IO[bytes]) -> bool:
    """Tell whether one XML part names a cell that may lie too far out, without looking at all the others."""
    tail = b""
    while piece := part.read(1 << 20):
        if _FAR.search(tail + piece):
            return True
        tail = piece[-48:]
    return False


def _farthest(part: IO[bytes]) -> tuple[int, int]:
    """Find the last row and column named in one XML part, reading it in pieces."""
    row = column = 0
    tail = b""
    while piece := part.read(1 << 20):
        refs = _REF.findall(tail + piece)
        if refs:
            letters, numbers = zip(*refs, strict=True)
            row = max(row, *map(int, numbers))
            column = max(column, *map(_column, set(letters)))
        tail = piece[-48:]
    return row, column


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _sheet_rows(path: str) -> Iterator[list[str]]:
    from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum  # noqa: PLC0415 - after the file has passed

    try:
        book = CalamineWorkbook.from_path(path)
        shown = [
            s.name
            for s in book.sheets_metadata
            if s.typ is SheetTypeEnum.WorkSheet and s.visible is SheetVisibleEnum.Visible
        ]
        rows = book.get_sheet_by_name(shown[0]).to_python(skip_empty_area=False)
    except (CalamineError, IndexError, KeyError, ValueError) as error:
        raise Refused("KRN-632") from error
    return ([_text(value) for value in row] for row in rows)


def _text(value: Any) -> str:  # noqa: ANN401 - a cell of a foreign file
    """Give a cell as text; a number too long for a spreadsheet keeps its damage visible (3.3E+17)."""
    if isinstance(value, str):
        return value[:CELL]
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, datetime):
        return (value.date() if value.time() == _MIDNIGHT else value).isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value) if isinstance(value, timedelta) else ""


def _number(value: float) -> str:
    if abs(value) >= _EXACT:
        return f"{value:.14E}"
    return str(int(value)) if value == int(value) else repr(value)


def _csv_rows(path: str, head: bytes) -> Iterator[list[str]]:
    if head.lstrip().startswith((b"<", b"%PDF", b"{\\rtf")):  # a web page or document under a table's name
        raise Refused("KRN-630")
    encoding = _encoding(path, head)
    with open(path, encoding=encoding, newline="") as file:  # noqa: PTH123 - this process holds one open file and no more
        csv.field_size_limit(1 << 20)
        first = file.readline()
        file.seek(0)
        delimiter = max(",\t;", key=first.count)
        try:
            yield from ([c[:CELL] for c in row] for row in _limited(csv.reader(file, delimiter=delimiter)))
        except csv.Error as error:
            raise Refused("KRN-630") from error


def _limited(rows: Iterable[list[str]]) -> Iterator[list[str]]:
    for number, row in enumerate(rows, 1):
        if number > ROWS or len(row) > COLUMNS:
            raise Refused("KRN-634", rows=number, columns=len(row), rows_limit=ROWS, columns_limit=COLUMNS)
        yield row


def _encoding(path: str, head: bytes) -> str:
    """Choose UTF-8 where the whole file is UTF-8, else GB18030; binary content is no table."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidates: tuple[str, ...] = ("utf-16",)
    elif b"\0" in head:
        raise Refused("KRN-630")
    else:
        candidates = ("utf-8-sig", "gb18030")
    for encoding in candidates:
        if _decodes(path, encoding):
            return encoding
    raise Refused("KRN-630")


def _decodes(path: str, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with open(path, "rb") as file:  # noqa: PTH123 - this process holds one open file and no more
        try:
            while piece := file.read(1 << 20):
                if _is_binary(decoder.decode(piece)):
                    return False
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _is_binary(text: str) -> bool:
    return any(control in text for control in map(chr, (*range(9), *range(14, 27), 127)))


if __name__ == "__main__":
    main(sys.argv[1])

"""What is written is read back by another program: text stays text, nothing computes."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook

from quzhou_migrants.kernel.xlsx import Book, Column


def written(tmp_path, columns: list[Column], *rows: list[Any]) -> Any:
    """The table sheet as openpyxl sees it."""
    path = tmp_path / "out.xlsx"
    with Book(path) as book:
        book.facts("条件", [("乡镇", "石梁镇")])
        table = book.table("数据", columns)
        for row in rows:
            table.add(row)
    return load_workbook(path)


def test_first_sheet_says_what_the_file_is(tmp_path) -> None:
    book = written(tmp_path, [Column("户编号")])
    assert book.sheetnames == ["条件", "数据"]
    assert [c.value for c in book["条件"][1]] == ["乡镇", "石梁镇"]


def test_long_numbers_stay_text(tmp_path) -> None:
    cell = written(tmp_path, [Column("身份号码")], ["11010519491231002X"], ["330802199001011000"])["数据"]["A3"]
    assert (cell.value, cell.data_type) == ("330802199001011000", "s")


def test_integers_beyond_fifteen_digits_are_not_rounded(tmp_path) -> None:
    cell = written(tmp_path, [Column("数", "integer")], [330802199001011001])["数据"]["A2"]
    assert cell.value == "330802199001011001"


@pytest.mark.parametrize("text", ["=1+1", "+86", "-1", "@SUM(A1)", '=HYPERLINK("http://x","y")', "\t=1"])
def test_formulas_are_defused(tmp_path, text: str) -> None:
    cell = written(tmp_path, [Column("备注")], [text])["数据"]["A2"]
    assert (cell.value.strip(), cell.data_type, cell.quotePrefix) == (text.strip(), "s", True)


def test_kinds_carry_their_numbers(tmp_path) -> None:
    columns = [
        Column("元", "yuan"),
        Column("率", "percent"),
        Column("日", "date"),
        Column("时", "datetime"),
        Column("户", "integer"),
    ]
    at = datetime(2026, 9, 16, 8, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
    sheet = written(tmp_path, columns, [123456, 6550, date(2026, 9, 16), at, 0])["数据"]
    assert [c.value for c in sheet[2]] == [1234.56, 0.655, datetime(2026, 9, 16), datetime(2026, 9, 16, 8, 30), 0]  # noqa: DTZ001 - a sheet knows no zone


def test_rare_and_control_characters_survive(tmp_path) -> None:
    text = "𬭎\U0003134f\x01_x0041_"
    assert written(tmp_path, [Column("姓名")], [text])["数据"]["A2"].value is not None


def test_a_short_row_is_a_mistake_of_the_caller(tmp_path) -> None:
    with pytest.raises(ValueError, match="zip"):
        written(tmp_path, [Column("甲"), Column("乙")], ["一"])


def test_memory_stays_flat(tmp_path) -> None:
    program = (
        "import sys, resource; from quzhou_migrants.kernel.xlsx import Book, Column\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "with Book(sys.argv[1]) as b:\n"
        "    t = b.table('x', [Column(str(i)) for i in range(20)])\n"
        "    for i in range(20000): t.add([f'{i}-{j}' for j in range(20)])\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    grown = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "big.xlsx")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(grown.stdout) < 16_000  # kilobytes

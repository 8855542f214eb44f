"""The plan table on paper and in a spreadsheet: the published columns, the exact amounts, the sums."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from openpyxl import load_workbook
from project_house import cases

from projects.plan.documents import plan_book, plan_table
from quzhou_migrants.kernel.money import parse_yuan
from quzhou_migrants.kernel.pdf import Document, Grid

NAMES = ("township_name", "reservoir", "village_name", "title", "content")
TX: Any = SimpleNamespace(now=datetime(2026, 9, 16, 2, tzinfo=UTC), actor=SimpleNamespace(org_name="演示单位"))
PLAN = {
    "title": "2025年度计划",
    "doc_no": "",
    "state": "posted",
    "money_fen": 300_000_000,
    "money_source": "2025年第一批",
}
HEAD = ("序号", "乡镇（街道）", "类型", "村", "项目", "内容", "概算（万元）", "移民拟补助资金（万元）", "备注")


def lines(**more: Any) -> list[dict[str, Any]]:
    return [
        {
            "no": n,
            **dict(zip(NAMES, case["given"], strict=False)),
            "estimate_fen": parse_yuan(case["given"][5]),
            "amount_fen": parse_yuan(case["given"][6]),
            "remark": "",
            "outside": False,
            **more,
        }
        for n, case in enumerate(cases("plan_table"), 1)
    ]


def grid(document: Document) -> Grid:
    return next(block for block in document.blocks if isinstance(block, Grid))


@pytest.mark.parametrize("case", list(enumerate(cases("plan_table"))), ids=lambda c: c[1]["name"])
def test_line_is_printed_as_it_was_published(case: tuple[int, dict[str, Any]]) -> None:
    number, worked = case
    table = grid(plan_table(TX, PLAN, lines()))
    assert table.head == HEAD
    assert table.rows[number] == tuple(worked["printed"])


def test_the_foot_adds_up_exactly() -> None:
    assert grid(plan_table(TX, PLAN, lines())).rows[-1] == ("", "合计", "", "", "", "", "255.697", "217.665", "")


def test_an_exception_says_so_before_its_remark() -> None:
    first = grid(plan_table(TX, PLAN, lines(outside=True, remark="跨年实施"))).rows[0]
    assert first[-1] == "库外列入；跨年实施"


def test_the_spreadsheet_gives_yuan_and_what_it_is() -> None:
    book = load_workbook(io.BytesIO(plan_book(TX, PLAN, lines())))
    about, sheet = book.worksheets
    assert {row[0].value: row[1].value for row in about.rows}["计划名称"] == "2025年度计划"
    rows = [[cell.value for cell in row] for row in sheet.rows]
    assert rows[0][6:8] == ["概算（元）", "移民拟补助资金（元）"]
    assert (rows[4][6], rows[4][7], rows[-1][6], rows[-1][7]) == (499_610, 424_660, 2_556_970, 2_176_650)

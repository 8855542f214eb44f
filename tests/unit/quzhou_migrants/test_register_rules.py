"""Rows to people, people to households: every slip told at its row and column, nothing half read."""

from __future__ import annotations

from datetime import date
from random import Random
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quzhou_migrants.kernel.ids import DemoIds, IdFault, demo_resident_id
from quzhou_migrants.register.columns import COLUMNS, find_heading
from quzhou_migrants.register.rules import MOST_PEOPLE, House, Known, Line, Slip, gather, read_line
from quzhou_migrants.register.words import Relation, Support

VILLAGE = "330802100201"
KNOWN = Known(date(2026, 9, 16), True, {VILLAGE: "演示村"}, "330802000000", "330803000000")
PLACES = {c.key: n for n, c in enumerate(COLUMNS)}
IDS = DemoIds()
GOOD = {
    "household_code": "T-1", "village_code": VILLAGE, "name": "王小明", "relation": "户主", "support": "直补到人",
    "resident_id": "990000197001010017",
}  # fmt: skip


def line(row_no: int = 2, known: Known = KNOWN, **cells: str) -> Line:
    """A row that is right but for the given cells."""
    values = {**GOOD, "resident_id": IDS.next(date(1970, 1, 1), "male"), **cells}
    return read_line(row_no, [values.get(c.key, "") for c in COLUMNS], PLACES, known)


def codes(slips: list[Slip]) -> list[tuple[int, str, str]]:
    """Where and what."""
    return [(s.row_no, s.column, s.code) for s in slips]


def spouse(row_no: int, **cells: str) -> Line:
    """A second row of the same household."""
    return line(row_no, relation="配偶", name="李芳", support="", **cells)


def test_a_household_is_gathered_from_its_rows() -> None:
    house, slips = gather([line(2, low_income="是", moved_year="1979"), spouse(3, migrant="否")])
    assert slips == []
    assert isinstance(house, House)
    assert (house.code, house.support, house.low_income, house.moved_year) == ("T-1", Support.CASH, True, 1979)
    assert [(p.name, p.relation, p.migrant) for p in house.people] == [
        ("王小明", Relation.HEAD, True), ("李芳", Relation.SPOUSE, False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "column", "code"),
    [
        ({"household_code": ""}, "household_code", "REG-110"),
        ({"household_code": "户 1"}, "household_code", "REG-118"),
        ({"household_code": "A" * 33}, "household_code", "REG-118"),
        ({"village_code": "33080210020"}, "village_code", "REG-113"),
        ({"village_code": "3.30802E+11"}, "village_code", "REG-113"),
        ({"village_code": "330803112229"}, "village_code", "REG-114"),
        ({"village_code": "330802100999"}, "village_code", "REG-115"),
        ({"name": "王" * 61}, "name", "REG-111"),
        ({"name": "长" * 20_000}, "name", "REG-111"),
        ({"name": "王\x01明"}, "name", "REG-119"),
        ({"relation": "邻居"}, "relation", "REG-112"),
        ({"resident_id": "3.30802199001011E+17"}, "resident_id", IdFault.NUMBER_DAMAGED),
        ({"resident_id": "330802199001011000"}, "resident_id", IdFault.TRAILING_ZEROS),
        ({"resident_id": "110105194912310021"}, "resident_id", IdFault.CHECK_DIGIT),
        ({"support": "补贴"}, "support", "REG-112"),
        ({"support": ""}, "support", "REG-126"),
        ({"low_income": "也许"}, "low_income", "REG-112"),
        ({"moved_year": "2027"}, "moved_year", "REG-116"),
        ({"phone": "12345"}, "phone", "REG-117"),
        ({"bank_account": "6.22848E+18"}, "bank_account", IdFault.NUMBER_DAMAGED),
        ({"reservoir": "库" * 61}, "reservoir", "REG-111"),
    ],
)
def test_a_wrong_cell_is_told_at_its_place(cells: dict[str, str], column: str, code: str) -> None:
    assert codes(gather([line(7, **cells)])[1]) == [(7, column, str(code))]


def test_all_slips_of_a_row_are_told_at_once() -> None:
    slips = gather([line(2, name="", relation="邻居", moved_year="千年")])[1]
    assert sorted(codes(slips)) == [(2, "moved_year", "REG-116"), (2, "name", "REG-110"), (2, "relation", "REG-112")]


@pytest.mark.parametrize("name", ["𬭎三", "欧阳·娜娜", "\U0003134f", "阿依古丽·买买提"])
def test_rare_characters_pass(name: str) -> None:
    house, slips = gather([line(name=name)])
    assert slips == []
    assert house is not None
    assert house.head.name == name


def test_demonstration_numbers_pass_only_in_demonstration() -> None:
    real = Known(KNOWN.today, False, KNOWN.villages, KNOWN.range_lo, KNOWN.range_hi)
    assert codes(gather([line(known=real)])[1]) == [(2, "resident_id", str(IdFault.AREA))]


def test_one_wrong_row_holds_back_its_household() -> None:
    slips = gather([line(2), spouse(3, resident_id="1"), spouse(4)])[1]
    assert codes(slips) == [(3, "resident_id", "KRN-613"), (2, "", "REG-125"), (4, "", "REG-125")]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([spouse(2)], [(2, "relation", "REG-120")]),
        ([line(2), line(3)], [(3, "relation", "REG-121"), (2, "", "REG-125")]),
        (
            [line(2), spouse(3, reservoir="此处"), spouse(4, reservoir="别处")],
            [(4, "reservoir", "REG-123"), (2, "", "REG-125"), (3, "", "REG-125")],
        ),
        ([line(2, reservoir="此处"), spouse(3, reservoir="别处")], [(3, "reservoir", "REG-123"), (2, "", "REG-125")]),
    ],
)
def test_rows_of_a_household_must_agree(lines: list[Line], expected: list[Any]) -> None:
    assert codes(gather(lines)[1]) == expected


def test_what_only_another_row_tells_is_not_lost() -> None:
    house, slips = gather([line(2), spouse(3, reservoir="此处")])
    assert slips == []
    assert house is not None
    assert house.reservoir == "此处"


def test_a_household_lies_in_one_village() -> None:
    known = Known(KNOWN.today, True, {VILLAGE: "甲", "330802100202": "乙"}, KNOWN.range_lo, KNOWN.range_hi)
    slips = gather([line(2, known), spouse(3, known=known, village_code="330802100202")])[1]
    assert codes(slips) == [(3, "village_code", "REG-122"), (2, "", "REG-125")]


def test_a_code_shared_by_a_whole_village_is_noticed() -> None:
    slips = gather([line(2), *(spouse(n) for n in range(3, MOST_PEOPLE + 4))])[1]
    assert (MOST_PEOPLE + 2, "household_code", "REG-124") in codes(slips)


def test_headings_are_found_below_a_title_and_under_other_names() -> None:
    rows = [["移民名册"], [], ["户号*", "村代码（12位）", "姓 名", "关系", "身份证号", "备注"], ["T-1"]]
    heading = find_heading(rows)
    assert heading.row_no == 3
    assert heading.places == {"household_code": 0, "village_code": 1, "name": 2, "relation": 3, "resident_id": 4}
    assert (heading.missing, heading.unknown, heading.repeated) == ((), ("备注",), ())


def test_missing_and_repeated_headings_are_named() -> None:
    heading = find_heading([["户编号", "姓名", "成员姓名"]])
    assert heading.missing == ("村代码", "与户主关系", "公民身份号码")
    assert heading.repeated == ("姓名",)


def test_an_empty_sheet_lacks_every_heading() -> None:
    assert len(find_heading([]).missing) == 5


@given(st.lists(st.text(max_size=40), min_size=len(COLUMNS), max_size=len(COLUMNS)))
def test_whatever_is_typed_is_read_or_told(cells: list[str]) -> None:
    house, slips = gather([read_line(2, cells, PLACES, KNOWN)])
    assert (house is None) == bool(slips)


def test_short_rows_are_read_as_empty_cells() -> None:
    assert (9, "resident_id", "REG-110") in codes(read_line(9, ["T-1"], PLACES, KNOWN).slips)


def test_reading_is_fast_enough_for_a_county() -> None:
    rng = Random(1)
    rows = [
        [{**GOOD, "resident_id": demo_resident_id(rng, date(1970, 1, 1), "male")}.get(c.key, "") for c in COLUMNS]
        for _ in range(5_000)
    ]
    start = process_time()
    for n, row in enumerate(rows):
        gather([read_line(n, row, PLACES, KNOWN)])
    assert process_time() - start < 1.0

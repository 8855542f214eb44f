"""Parameters in words: percent, money, lists and tables with the names people use."""

from __future__ import annotations

import re
from datetime import date

import pytest

from quzhou_migrants.kernel.policy import Param
from quzhou_migrants.kernel.tx import installed_packs
from quzhou_migrants.policy.show import room_title, shown, titled


def param(value: object, unit: str, key: str = "a.b.c") -> Param:
    return Param(key, value, "题", unit, "文 一", confirmed=True, since=date(2020, 1, 1), pack="市")


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (500, "basis_point", "5%"),
        (1250, "basis_point", "12.5%"),
        (60000, "fen", "600.00元"),
        (20, "year", "20年"),
        (1000, "household", "1,000户"),
        ((3, 9), "list", "3、9"),
        ((), "list", "—"),
        (True, "bool", "是"),
        ("2/3", "text", "2/3"),
        ({"优": 90, "良": 80}, "table", "优 90；良 80"),
        ({"weight_bp": 6500}, "table", "权重 65%"),
        (((0, "county_leader"), (100, "county_finance")), "list", "0、县级分管领导；100、县级财务"),
        (None, "fen", "—"),
    ],
)
def test_a_value_is_written_for_people(value: object, unit: str, expected: str) -> None:
    assert shown(param(value, unit)) == expected


def test_one_word_may_mean_different_things_to_different_parameters() -> None:
    assert shown(param(("base",), "list", "register.hardship.clears")) == "底数清"
    assert shown(param(("base",), "list")) == "基数部分"


def test_money_and_posts_in_a_list_are_written_in_words() -> None:
    steps = ((0, "county_leader"), (20_000_000, "township_clerk", "county_leader"))
    said = shown(param(steps, "list", "allocation.payments.signatures"))
    assert said == "0.00元、县级分管领导；200,000.00元、乡镇经办、县级分管领导"


def test_every_parameter_is_shown_in_chinese() -> None:
    said = {p.key: f"{titled(p)} {shown(p)}" for p in installed_packs().at(date(2026, 9, 16), "330802000000")}
    assert [key for key, text in said.items() if re.search(r"[a-z_]{4,}", text)] == []


def test_every_room_of_the_shipped_packs_has_a_name() -> None:
    rooms = {param.room for param in installed_packs().at(date(2026, 9, 16), "330802000000")}
    assert {room for room in rooms if room_title(room) == room} == set()

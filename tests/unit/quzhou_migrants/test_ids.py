"""Identity numbers: published vectors, python-stdnum as the oracle, and spreadsheet damage."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric, uscc

from quzhou_migrants.kernel.ids import (
    DemoIds,
    IdFault,
    Sex,
    age_on,
    bank_account_fault,
    birth_of,
    check_digit,
    clean,
    credit_code_fault,
    demo_resident_id,
    mask_bank_account,
    mask_resident_id,
    resident_id_fault,
    sex_of,
)

TODAY = date(2026, 9, 16)
CASES = Path(__file__).parents[2] / "cases/quzhou_migrants/checksum_vectors.toml"
BIRTHS = st.dates(date(1900, 1, 1), TODAY)
SEXES: st.SearchStrategy[Sex] = st.sampled_from(("male", "female"))


def vectors(kind: str) -> list[dict[str, Any]]:
    """The published vectors of one kind."""
    return [v for v in tomllib.loads(CASES.read_text("utf-8"))["vector"] if v["kind"] == kind]


@pytest.mark.parametrize("vector", vectors("resident_id"), ids=lambda v: v["value"])
def test_resident_id_matches_published_vectors(vector: dict[str, Any]) -> None:
    assert (resident_id_fault(vector["value"], today=TODAY) == "") is vector["valid"]


@pytest.mark.parametrize("vector", vectors("uscc"), ids=lambda v: v["value"])
def test_credit_code_matches_published_vectors(vector: dict[str, Any]) -> None:
    assert (credit_code_fault(vector["value"]) == "") is vector["valid"]


@given(st.from_regex(r"(33|44|11)[0-9]{15}", fullmatch=True))
def test_check_digit_agrees_with_stdnum(body: str) -> None:
    assert check_digit(body) == ric.calc_check_digit(body + "0")


@given(
    st.from_regex(r"9[1-3]330802[0-9A-HJ-NPQRTUWXY]{9}", fullmatch=True),
    st.sampled_from("0123456789ABCDEFGHJKLMNPQRTUWXY"),
)
def test_credit_code_agrees_with_stdnum(body: str, digit: str) -> None:
    assert (credit_code_fault(body + digit) == "") is uscc.is_valid(body + digit)


@given(BIRTHS, st.integers(0, 999), st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(birth: date, serial: int, place: int, by: int) -> None:
    body = f"330802{birth:%Y%m%d}{serial:03d}"
    number = body + check_digit(body)
    wrong = number[:place] + str((int(number[place]) + by) % 10) + number[place + 1 :]
    assert resident_id_fault(number, today=TODAY) == ""
    assert resident_id_fault(wrong, today=TODAY) != ""


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        ("", IdFault.EMPTY),
        ("3.30802E+17", IdFault.NUMBER_DAMAGED),
        ("3.3E17", IdFault.NUMBER_DAMAGED),
        ("330802199001011000", IdFault.TRAILING_ZEROS),
        ("330802900101123", IdFault.OLD_15),
        ("33080219900101", IdFault.SHAPE),
        ("X30802199001011234", IdFault.SHAPE),
        ("99000019900101100" + check_digit("99000019900101100"), IdFault.AREA),
        ("33080219900230123" + check_digit("33080219900230123"), IdFault.BIRTH),
        ("33080220260917123" + check_digit("33080220260917123"), IdFault.BIRTH),
        ("11010519491231002Y", IdFault.SHAPE),
        ("110105194912310021", IdFault.CHECK_DIGIT),
    ],
)
def test_resident_id_says_what_is_wrong(number: str, fault: IdFault) -> None:
    assert resident_id_fault(number, today=TODAY) == fault


@pytest.mark.parametrize(
    "typed",
    ["11010519491231002x", " 110105 19491231 002X", "１１０１０５１９４９１２３１００２Ｘ", "110105-19491231-002X"],
)
def test_clean_undoes_what_typing_adds(typed: str) -> None:
    assert clean(typed) == "11010519491231002X"


def test_birth_sex_and_age_are_read_from_the_number() -> None:
    number = "11010519491231002X"
    assert (birth_of(number), sex_of(number)) == (date(1949, 12, 31), "female")


@pytest.mark.parametrize(("day", "years"), [(date(2026, 12, 30), 76), (date(2026, 12, 31), 77)])
def test_age_changes_on_the_birthday(day: date, years: int) -> None:
    assert age_on(date(1949, 12, 31), day) == years


@given(st.integers(), BIRTHS, SEXES)
def test_demonstration_numbers_pass_only_in_demonstration(seed: int, birth: date, sex: Sex) -> None:
    number = demo_resident_id(Random(seed), birth, sex)
    assert resident_id_fault(number, today=TODAY, demo=True) == ""
    assert resident_id_fault(number, today=TODAY) == IdFault.AREA
    assert (birth_of(number), sex_of(number)) == (birth, sex)


def test_demonstration_numbers_never_repeat() -> None:
    ids, birth = DemoIds(), date(1980, 2, 29)
    numbers = [ids.next(birth, sex) for _ in range(2_000) for sex in ("male", "female")]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize(
    ("number", "fault"),
    [("6228480402564890018", ""), ("6.22848E+18", IdFault.NUMBER_DAMAGED), ("1234567", IdFault.BANK_SHAPE)],
)
def test_bank_account_fault(number: str, fault: str) -> None:
    assert bank_account_fault(number) == fault


def test_masks_show_what_the_rule_allows() -> None:
    assert mask_resident_id("11010519491231002X") == "110105**********2X"
    assert mask_bank_account("6228480402564890018") == "***************0018"
    assert mask_bank_account("123") == "***"

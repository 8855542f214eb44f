"""When a refresh runs, what may change in it, when silence ends a term, how a freeze is named."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from project_house import read

from projects.refresh.rules import FROZEN, as_admitted, check_change, coming, digest, lapsed, running

CASES = read("refresh")
BEFORE = {
    "estimate_fen": 10_000_000, "asked_fen": 8_000_000, "own_fen": 2_000_000, "other_fen": 0, "beneficiaries": 300,
    "migrants": 200, "low_income": 5, "starts_on": date(2027, 3, 1), "ends_on": date(2027, 11, 30),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES["span"], ids=lambda c: c["name"])
def test_refresh_months_match_worked_case(case: dict[str, Any]) -> None:
    span = running(case["today"], (4, 10))
    assert (span.name if span else "") == case["running"]
    assert coming(case["today"], (4, 10)).name == case["coming"]
    if span:
        assert span.opens_on <= case["today"] <= span.closes_on


@pytest.mark.parametrize("case", CASES["change"], ids=lambda c: c["name"])
def test_change_matches_worked_case(case: dict[str, Any]) -> None:
    assert [p.code for p in check_change(BEFORE, BEFORE | case["after"], 1000)] == case["codes"]


def test_growth_is_measured_against_what_was_admitted() -> None:
    former = [{"starts_on": "2027-03-01"}, {"estimate_fen": 9_500_000}, {"estimate_fen": 9_900_000}]
    admitted = as_admitted(BEFORE, former)
    assert admitted == {"estimate_fen": 9_500_000, "asked_fen": 8_000_000}
    after = BEFORE | {"estimate_fen": 10_500_000, "own_fen": 2_500_000}
    assert [p.code for p in check_change(BEFORE, after, 1000, admitted)] == ["PRJ-273"]
    assert check_change(BEFORE, after, 1000) == []


def test_works_cannot_end_before_they_begin() -> None:
    after = BEFORE | {"ends_on": date(2027, 2, 28)}
    assert [p.code for p in check_change(BEFORE, after, 1000)] == ["PRJ-142"]


@pytest.mark.parametrize("case", CASES["silence"], ids=lambda c: c["name"])
def test_silence_matches_worked_case(case: dict[str, Any]) -> None:
    assert lapsed(case["silences"], case["limit"]) is case["lapsed"]


def frozen(code: str, change: dict[str, Any] | None = None) -> dict[str, Any]:
    facts = {"code": code, "title": "渠道", "valid_until": date(2029, 9, 16)}
    return dict.fromkeys(FROZEN, 0) | facts | (change or {})


@given(st.permutations(["A", "B", "C"]))
def test_hash_does_not_depend_on_reading_order(codes: list[str]) -> None:
    assert digest(map(frozen, codes)) == digest(map(frozen, "ABC"))


@pytest.mark.parametrize("name", FROZEN)
def test_hash_sees_every_column(name: str) -> None:
    assert digest([frozen("A")]) != digest([frozen("A", {name: "other"})])

"""Windows, resolutions and notices against their worked cases, and properties that hold for all."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from project_house import cases

from projects.intake import windows
from projects.intake.rules import (
    Body,
    DayKind,
    Money,
    Notice,
    NoticeRule,
    Resolution,
    ResolutionRule,
    at_least,
    check_money,
    check_notice,
    check_resolution,
    missing_files,
    more_than,
    notice_days,
)
from projects.rules import Bound, problems
from quzhou_migrants.kernel.clock import SHANGHAI, STATUTORY

MONTHS = [3, 9]
TODAY = date(2026, 9, 16)
RULE = ResolutionRule(
    Bound(3, "办法"),
    Bound(Fraction(2, 3), "二十六"),
    Bound(Fraction(1, 2), "二十六"),
    Bound(Fraction(2, 3), "条例"),
    Bound(Fraction(4, 5), "二十五"),
    Bound(Fraction(1, 3), "二十五"),
    meeting_days=Bound(10, "二十一"),
    villagers=Bound(Fraction(1, 2), "二十二"),
    households=Bound(Fraction(2, 3), "二十二"),
    assembly=Bound({"0": 30, "500": 40, "1000": 50}, "办法"),
    delegated=Bound(value=True, source="二十五"),
    supervised=Bound(value=True, source="条例"),
    collective_own=Bound(20_000_000, "条例", confirmed=False),
)
BASE = {
    "body": "representatives",
    "told_on": date(2026, 9, 1),
    "held_on": date(2026, 9, 5),
    "due": 45,
    "representatives": 40,
    "women": 16,
    "present": 32,
    "votes_for": 20,
    "votes_against": 8,
    "abstained": 4,
    "basis": "村民会议授权",
    "supervised": True,
}


def resolution(change: dict[str, Any]) -> Resolution:
    facts = {**BASE, **change}
    return Resolution(**{**facts, "body": Body(facts["body"])})


@pytest.mark.parametrize("case", cases("windows"), ids=lambda c: c["name"])
def test_window_matches_worked_case(case: dict[str, Any]) -> None:
    found = windows.open_window(MONTHS, case["at"])
    assert (found.name if found else "") == case["open"]
    assert windows.next_window(MONTHS, case["at"]).name == case["next"]


def test_window_refuses_a_moment_without_a_zone() -> None:
    with pytest.raises(ValueError, match="time zone"):
        windows.open_window(MONTHS, datetime(2026, 9, 16, 12))  # noqa: DTZ001 - the point of the test


def test_window_closes_at_its_last_moment() -> None:
    september = windows.named("2026-09")
    assert september.closes_at == datetime(2026, 9, 30, 23, 59, 59, 999999, SHANGHAI)
    assert september.contains(september.closes_at)
    assert not september.contains(september.closes_at + timedelta(microseconds=1))
    assert september.contains(september.opens_at)
    assert not september.contains(september.opens_at - timedelta(microseconds=1))


@given(st.datetimes(datetime(2016, 1, 1), datetime(2099, 1, 1), timezones=st.just(SHANGHAI)))  # noqa: DTZ001 - hypothesis adds the zone
def test_next_window_is_never_open_yet_and_follows_the_open_one(moment: datetime) -> None:
    coming = windows.next_window(MONTHS, moment)
    current = windows.open_window(MONTHS, moment)
    assert not coming.contains(moment)
    assert coming.opens_at > moment
    assert current is None or current.contains(moment)
    assert windows.named(coming.name) == coming


@pytest.mark.parametrize("case", cases("resolutions"), ids=lambda c: c["name"])
def test_resolution_matches_worked_case(case: dict[str, Any]) -> None:
    lines = check_resolution(resolution(case.get("change", {})), RULE, TODAY)
    assert [p.code for p in problems(lines)] == case["fails"]
    assert all(line.source for line in lines)


@given(st.fractions(0, 1), st.integers(0, 3000))
def test_shares_of_people_are_exact(share: Fraction, whole: int) -> None:
    least, more = at_least(share, whole), more_than(share, whole)
    assert least >= share * whole > least - 1
    assert more > share * whole >= more - 1


@given(st.integers(1, 300), st.data())
def test_one_more_vote_for_never_breaks_a_valid_decision(present: int, data: st.DataObject) -> None:
    votes = data.draw(st.integers(0, present - 1))
    here = {"due": present, "representatives": present, "women": present, "present": present}
    before = resolution({**here, "votes_for": votes, "votes_against": present - votes, "abstained": 0})
    after = resolution({**here, "votes_for": votes + 1, "votes_against": present - votes - 1, "abstained": 0})
    failed_before = {p.code for p in problems(check_resolution(before, RULE, TODAY))}
    failed_after = {p.code for p in problems(check_resolution(after, RULE, TODAY))}
    assert failed_after <= failed_before


def notice_of(case: dict[str, Any]) -> tuple[Notice, NoticeRule]:
    notice = Notice(**{"objections": 0, "answered": 0, **case["notice"]})
    kind = DayKind(case.get("kind", "calendar"))
    return notice, NoticeRule(Bound(5, "公示"), Bound(kind, "公示"), Bound(case.get("first_day", True), "公示"))


@pytest.mark.parametrize("case", cases("notices"), ids=lambda c: c["name"])
def test_notice_matches_worked_case(case: dict[str, Any]) -> None:
    notice, rule = notice_of(case)
    held = case.get("held_on", date(2026, 9, 5))
    lines = check_notice(notice, held, rule, TODAY, STATUTORY.works)
    assert notice_days(notice, rule, STATUTORY.works) == case["days"]
    assert [p.code for p in problems(lines)] == case["fails"]


@given(st.dates(date(2024, 1, 1), date(2025, 11, 30)), st.integers(0, 30))
def test_working_days_never_exceed_calendar_days(start: date, length: int) -> None:
    notice = Notice(start, start + timedelta(days=length), 0, 0)
    counted = {
        kind: notice_days(notice, NoticeRule(Bound(5, ""), Bound(kind, ""), Bound(True, "")), STATUTORY.works)
        for kind in DayKind
    }
    assert counted[DayKind.WORKING] <= counted[DayKind.CALENDAR] == length + 1


@pytest.mark.parametrize(("asked", "fails"), [(424_660_00, []), (424_660_01, ["PRJ-141"])])
def test_money_by_source_adds_up_to_the_estimate(asked: int, fails: list[str]) -> None:
    money = Money(estimate_fen=499_610_00, asked_fen=asked, own_fen=74_950_00, other_fen=0)
    assert [p.code for p in problems(check_money(money, "申报表"))] == fails


def test_missing_files_are_named_in_the_order_of_the_list() -> None:
    assert missing_files(["resolution", "notice", "design"], {"notice": 2, "design": 0}) == ["resolution", "design"]

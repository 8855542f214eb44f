"""The clock: ends of days, working days around holidays, honest refusal of unknown years."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quzhou_migrants.kernel.clock import (
    SHANGHAI,
    WorkCalendar,
    add_working_days,
    business_now,
    end_of_day,
    is_working_day,
    month_span,
    shanghai,
    start_of_day,
    working_days_between,
)
from quzhou_migrants.kernel.errors import Refused

KNOWN_DAYS = st.dates(date(2010, 1, 1), date(2025, 6, 1))


def test_end_of_day_is_inclusive_and_in_shanghai() -> None:
    closing = end_of_day(date(2026, 9, 30))
    assert closing == datetime(2026, 9, 30, 15, 59, 59, 999999, tzinfo=UTC)
    assert start_of_day(date(2026, 9, 30)) == datetime(2026, 9, 29, 16, tzinfo=UTC)


def test_a_moment_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        shanghai(datetime(2026, 9, 16))  # noqa: DTZ001 - the refusal is the point
    assert shanghai(datetime(2026, 9, 15, 16, tzinfo=UTC)).date() == date(2026, 9, 16)


def test_the_business_date_moves_the_day_and_keeps_the_time_zone() -> None:
    moved = business_now(date(2026, 9, 16))
    assert moved.date() == date(2026, 9, 16)
    assert moved.utcoffset() == datetime(2026, 9, 16, tzinfo=SHANGHAI).utcoffset()
    assert abs((business_now(None) - datetime.now(UTC)).total_seconds()) < 5


def test_month_span_knows_leap_years() -> None:
    assert month_span(2024, 2) == (date(2024, 2, 1), date(2024, 2, 29))
    assert month_span(2026, 9) == (date(2026, 9, 1), date(2026, 9, 30))


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        (date(2026, 9, 16), True),
        (date(2026, 9, 19), False),  # an ordinary Saturday
        (date(2026, 9, 20), True),  # a Sunday worked before the National Day
        (date(2026, 10, 1), False),  # National Day, a Thursday
        (date(2026, 10, 10), True),  # a Saturday worked after it
        (date(2026, 2, 17), False),  # Spring Festival
    ],
)
def test_working_days_follow_the_published_notice(day: date, *, worked: bool) -> None:
    assert is_working_day(day) is worked


def test_five_working_days_skip_the_national_holiday() -> None:
    assert add_working_days(date(2026, 9, 30), 5) == date(2026, 10, 13)
    assert add_working_days(date(2026, 10, 13), -5) == date(2026, 9, 30)
    assert add_working_days(date(2026, 10, 3), 0) == date(2026, 10, 3)


def test_unknown_years_are_refused_not_guessed() -> None:
    with pytest.raises(Refused) as refusal:
        add_working_days(date(2026, 12, 31), 1)
    assert (refusal.value.code, refusal.value.facts) == ("KRN-120", {"year": 2027})
    with pytest.raises(Refused, match="KRN-120"):
        is_working_day(date(2003, 1, 2))


def test_a_pack_may_answer_for_a_year_the_calendar_does_not_know() -> None:
    pack = WorkCalendar(frozenset({2027}), frozenset({date(2027, 1, 1)}), frozenset({date(2027, 1, 3)}))
    assert is_working_day(date(2027, 1, 1), pack) is False
    assert is_working_day(date(2027, 1, 2), pack) is False
    assert is_working_day(date(2027, 1, 3), pack) is True
    assert add_working_days(date(2026, 12, 31), 2, pack) == date(2027, 1, 4)
    with pytest.raises(Refused, match="KRN-120"):
        is_working_day(date(2028, 1, 3), pack)


@given(KNOWN_DAYS, st.integers(-200, 200))
def test_adding_and_counting_working_days_agree(day: date, count: int) -> None:
    there = add_working_days(day, count)
    if count > 0:
        assert working_days_between(day, there) == count
        assert is_working_day(there)
    # Going back and forth may only differ by the rest days around the start.
    if is_working_day(day):
        assert add_working_days(there, -count) == day


@given(KNOWN_DAYS, KNOWN_DAYS)
def test_working_days_between_is_antisymmetric(one: date, other: date) -> None:
    assert working_days_between(one, other) == -working_days_between(other, one)

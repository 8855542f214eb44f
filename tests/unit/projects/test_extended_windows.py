"""Windows that a county keeps open longer, against worked cases and as a property."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar
from project_house import cases

from projects.intake import windows
from projects.intake.feed import Day, write
from projects.intake.window_service import latest_close
from quzhou_migrants.kernel.clock import SHANGHAI

MONTHS = (3, 9)


@pytest.mark.parametrize("case", cases("windows_extended"), ids=lambda c: c["name"])
def test_extended_window_matches_worked_case(case):
    found = windows.open_window(MONTHS, case["at"], case["extended"])
    assert (found.name if found else "") == case["open"]
    if found:
        assert found.closes_on == case["closes"]
        assert found.is_extended == (found.closes_on > found.usual)


@given(st.dates(date(2020, 1, 1), date(2035, 12, 31)), st.integers(0, 40))
def test_a_day_is_inside_exactly_when_it_is_not_after_the_last_day(day, more):
    moment = datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=SHANGHAI)
    last = windows.last_window(MONTHS, moment)
    until = last.usual + timedelta(days=more)
    assert (windows.open_window(MONTHS, moment, {last.name: until}) is not None) == (day <= until)


def test_the_latest_day_stays_before_the_next_window():
    march = windows.named("2026-03")
    assert latest_close(march, 15, MONTHS) == date(2026, 4, 15)
    assert latest_close(march, 400, MONTHS) == date(2026, 8, 31)


def test_the_calendar_is_read_back_as_it_was_written():
    days = [
        Day(
            "window-2026-09-closes",
            date(2026, 9, 30),
            "2026年9月申报期截止；甲、乙，丙" * 6,
            url="https://x.example/windows",
        )
    ]
    written = write(days, host="x.example", at=datetime(2026, 9, 16, 10, tzinfo=SHANGHAI))
    assert max(map(len, written.split(b"\r\n"))) <= 75
    assert b"DTSTAMP:20260916T020000Z" in written
    (event,) = Calendar.from_ical(written).walk("VEVENT")
    assert str(event["summary"]) == days[0].title
    assert (event["dtstart"].dt, event["dtend"].dt) == (date(2026, 9, 30), date(2026, 10, 1))
    assert str(event["uid"]) == "window-2026-09-closes@x.example"

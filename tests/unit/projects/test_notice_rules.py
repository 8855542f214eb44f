"""The end of a notice and what keeps it from being closed, against worked cases."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar.testing import RequestFactory
from project_house import read

from projects.intake.rules import DayKind, Notice, NoticeRule, notice_days
from projects.notices.rules import Posted, PostingRule, check_posting, last_day
from projects.rules import Bound, problems
from quzhou_migrants.kernel.clock import STATUTORY
from quzhou_migrants.web.address import address_of

TODAY = date(2026, 9, 16)
CASES = read("postings")
BASE: dict[str, Any] = {
    "starts_on": date(2026, 9, 8),
    "ends_on": date(2026, 9, 12),
    "received": 1,
    "answered": 1,
    "photos": ["start_photo", "end_photo"],
}


def days(kind: str = "calendar", *, first: bool = True, need: int = 5) -> NoticeRule:
    return NoticeRule(Bound(need, "公示"), Bound(DayKind(kind), "公示"), Bound(first, "公示"))


@pytest.mark.parametrize("case", CASES["end"], ids=lambda c: c["name"])
def test_last_day_matches_worked_case(case: dict[str, Any]) -> None:
    rule = days(case.get("kind", "calendar"), first=case.get("first_day", True))
    assert last_day(case["starts_on"], rule, STATUTORY.works) == case["ends_on"]


@pytest.mark.parametrize("case", CASES["close"], ids=lambda c: c["name"])
def test_closing_matches_worked_case(case: dict[str, Any]) -> None:
    facts = {**BASE, **case.get("change", {})}
    posted = Posted(**{**facts, "photos": frozenset(facts["photos"])})
    rule = PostingRule(days(), Bound(case.get("photographed", True), "照片", confirmed=False))
    lines = check_posting(posted, rule, TODAY, STATUTORY.works)
    assert [p.code for p in problems(lines)] == case["fails"]
    assert all(line.source for line in lines)


@given(st.dates(date(2024, 1, 1), date(2025, 10, 31)), st.integers(1, 20), st.sampled_from(DayKind), st.booleans())
def test_last_day_is_the_first_that_is_long_enough(start: date, need: int, kind: DayKind, first: bool) -> None:
    rule = days(kind.value, first=first, need=need)
    end = last_day(start, rule, STATUTORY.works)
    assert notice_days(Notice(start, end, 0, 0), rule, STATUTORY.works) == need
    earlier = Notice(start, date.fromordinal(end.toordinal() - 1), 0, 0)
    assert notice_days(earlier, rule, STATUTORY.works) < need


@pytest.mark.parametrize(
    ("host", "said", "address"),
    [
        ("10.1.2.3", "", "10.1.2.3"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "6.6.6.6, 10.1.2.3", "10.1.2.3"),
        ("10.1.2.3", "6.6.6.6", "10.1.2.3"),
    ],
)
def test_only_the_own_proxy_is_believed_about_an_address(host: str, said: str, address: str) -> None:
    request = RequestFactory().get("/", headers={"x-forwarded-for": said} if said else {})
    request.scope["client"] = (host, 1)
    assert address_of(request) == address

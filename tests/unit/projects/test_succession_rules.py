"""Who may follow whom, case by case; when a succession may be carried out."""

from __future__ import annotations

from datetime import date

import pytest
from project_house import cases, read

from projects.succession.rules import asked_step, problems
from projects.succession.states import SUCCESSION
from quzhou_migrants.kernel.errors import Refused

TODAY = date(2026, 9, 16)
KNOWN = {c: {"level": level, "active": active} for c, (level, active) in read("succession")["known"].items()}


@pytest.mark.parametrize("case", cases("succession"), ids=lambda c: c["name"])
def test_a_succession_is_judged(case):
    step = asked_step(**case["given"])
    assert [[p.code, p.field] for p in problems(step, KNOWN, case["within"])] == case["expect"]


@pytest.mark.parametrize(("on", "posts", "code"), [(date(2026, 9, 17), 0, "PRJ-724"), (TODAY, 1, "PRJ-725")])
def test_it_waits_for_its_day_and_for_the_last_post(on, posts, code):
    guard = SUCCESSION.arrow("pending", "apply").guard
    with pytest.raises(Refused) as refused:
        guard({"effective_on": on}, {"today": TODAY, "posts": posts})
    assert refused.value.code == code


def test_on_its_day_without_posts_it_may():
    guard = SUCCESSION.arrow("pending", "apply").guard
    assert guard({"effective_on": TODAY}, {"today": TODAY, "posts": 0}) is None


def test_giving_up_is_explained():
    with pytest.raises(Refused) as refused:
        SUCCESSION.arrow("pending", "cancel").guard({}, {"reason": "  "})
    assert refused.value.code == "PRJ-205"

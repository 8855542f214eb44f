"""Visits: distances agree with geodesy, marks of doubt are raised when and only when they should be."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection.visits.rules import Evidence, Limits, Point, Shot, distance_m, doubts, must_wait
from inspection.visits.states import FINDING, VISIT, V
from quzhou_migrants.kernel.clock import SHANGHAI
from quzhou_migrants.kernel.errors import Refused

LIMITS = Limits(distance_m=500, accuracy_m=100, skew_min=10, photos=1)
T0 = datetime(2026, 9, 16, 10, 0, tzinfo=SHANGHAI)
SITE = Point(28.970, 118.870)


def shot(number: int = 0, **changes: object) -> Shot:
    made = Shot(f"{number:064x}", "camera", T0 + timedelta(minutes=5), Point(28.970, 118.870 + number / 1e5, 8))
    return replace(made, **changes)  # type: ignore[arg-type]


GOOD = Evidence(
    SITE,
    Point(28.9701, 118.8702, 12),
    sent_at=T0 + timedelta(minutes=30),
    received_at=T0 + timedelta(minutes=30),
    started_at=T0,
    finished_at=T0 + timedelta(minutes=20),
    shots=(shot(1), shot(2)),
)


def codes(**changes: object) -> list[str]:
    return [mark.code for mark in doubts(replace(GOOD, **changes), LIMITS)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("a", "b", "metres"),
    [
        # Independent figures: one minute of arc on the mean sphere is 1853.25 m, a degree 111.195 km.
        (Point(0, 0), Point(0, 1 / 60), 1853),
        (Point(28, 118), Point(29, 118), 111_195),
        (SITE, SITE, 0),
        (Point(28.970, 118.870), Point(28.970, 118.880), 973),
        (Point(0, 0), Point(0, 180), 20_015_114),
    ],
)
def test_distance_agrees_with_geodesy(a: Point, b: Point, metres: int) -> None:
    assert distance_m(a, b) == metres


@given(st.floats(-89, 89), st.floats(-180, 180), st.floats(-89, 89), st.floats(-180, 180))
def test_distance_is_symmetric_and_bounded(a: float, b: float, c: float, d: float) -> None:
    there, back = distance_m(Point(a, b), Point(c, d)), distance_m(Point(c, d), Point(a, b))
    assert there == back
    assert 0 <= there <= 20_015_115


def test_good_visit_has_no_mark() -> None:
    assert doubts(GOOD, LIMITS) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"point": None}, ["INS-231"]),
        ({"point": Point(28.980, 118.870, 20)}, ["INS-232"]),
        ({"point": Point(28.9750, 118.870, 90)}, []),  # 556 m away, but the fix may be off by 90
        ({"site": None}, ["INS-233"]),
        ({"point": Point(28.970, 118.870, 400)}, ["INS-234"]),
        ({"shots": ()}, ["INS-235"]),
        ({"sent_at": GOOD.received_at + timedelta(minutes=11)}, ["INS-236"]),
        ({"sent_at": GOOD.received_at - timedelta(days=1)}, ["INS-236", "INS-241"]),
        ({"sent_at": GOOD.received_at + timedelta(minutes=9)}, []),
        ({"shots": (shot(1, seen_before=True), shot(2))}, ["INS-237"]),
        ({"shots": (shot(1, taken_at=T0 - timedelta(days=3)), shot(2))}, ["INS-238"]),
        ({"shots": (shot(1, source="file"), shot(2))}, ["INS-239"]),
        ({"shots": tuple(shot(n, point=SITE) for n in range(3))}, ["INS-240"]),
        ({"shots": tuple(shot(n, point=None) for n in range(3))}, []),
    ],
)
def test_marks_of_doubt(changes: dict[str, object], expected: list[str]) -> None:
    assert codes(**changes) == expected


def test_only_grave_marks_hold_the_progress() -> None:
    held = [
        must_wait(doubts(replace(GOOD, **c), LIMITS))
        for c in (  # type: ignore[arg-type]
            {"point": None},
            {"point": Point(29, 118.87, 20)},
            {"shots": ()},
            {"shots": (shot(1, seen_before=True),)},
            {"site": None},
            {"sent_at": GOOD.received_at + timedelta(days=1)},
            {"shots": (shot(1, source="file"),)},
        )
    ]
    assert held == [True, True, True, True, False, False, False]


def test_skew_is_measured_at_sending() -> None:
    ahead = replace(GOOD, sent_at=GOOD.received_at + timedelta(seconds=90))
    assert (ahead.skew_s, GOOD.skew_s) == (90, 0)


def refusal(machine: object, state: str, verb: str, row: dict[str, object], facts: dict[str, object]) -> str:
    arrow = machine.arrow(state, verb)  # type: ignore[attr-defined]
    try:
        arrow.guard(row, facts)
    except Refused as refused:
        return refused.code
    return ""


def test_record_without_its_photos_never_counts() -> None:
    assert [refusal(VISIT, V.INCOMPLETE, "count", {}, {"missing": n}) for n in (1, 0)] == ["INS-206", ""]


def test_nobody_judges_their_own_visit_and_a_reason_is_written() -> None:
    row = {"inspector_id": 7}
    tries = [{"judge_id": 7, "reason": "好"}, {"judge_id": 8, "reason": "  "}, {"judge_id": 8, "reason": "已核实"}]
    assert [refusal(VISIT, V.HELD, "accept", row, t) for t in tries] == ["INS-207", "INS-208", ""]


def test_finding_is_mended_and_closed_with_words_and_by_two_people() -> None:
    assert [refusal(FINDING, "open", "mend", {}, {"note": n}) for n in ("", "已返工")] == ["INS-209", ""]
    row = {"mended_by": 7}
    tries = [{"judge_id": 7, "note": "好"}, {"judge_id": 8, "note": " "}, {"judge_id": 8, "note": "已复测"}]
    assert [refusal(FINDING, "mended", "close", row, t) for t in tries] == ["INS-217", "INS-209", ""]
    with pytest.raises(Refused, match="KRN-408"):
        FINDING.arrow("open", "close")

"""Tender thresholds by date, bids, supervision, the money and picture before a start, plan against progress."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from project_house import cases

from projects.rules import Bound
from projects.works import tender
from projects.works.parameters import duties_on, limits, terms_on
from projects.works.rules import check_parties, check_start, own_share, supervision_bound
from projects.works.schedule import (
    FULL_BP,
    Beside,
    Limits,
    Planned,
    Point,
    Works,
    beside,
    curve,
    day_of,
    planned_on,
    warnings,
)
from projects.works.tender import Deal, Kind, Offer
from quzhou_migrants.kernel.money import parse_yuan
from quzhou_migrants.kernel.tx import installed_packs

COUNTY = "330803000000"
TODAY = date(2026, 9, 16)
TERMS = terms_on(TODAY, COUNTY, Kind.WORKS)
START, END = date(2026, 3, 1), date(2026, 6, 9)  # one hundred days
STEPS = (Planned(4000, date(2026, 4, 10)), Planned(6000, END))
BOUNDS = Limits(warn_bp=1000, alarm_bp=2500, start_days=15, quiet_days=45)


@pytest.mark.parametrize("case", cases("tenders"), ids=lambda c: c["name"])
def test_tender_matches_worked_case(case: dict[str, Any]) -> None:
    terms = terms_on(case["day"], COUNTY, Kind(case["kind"]))
    deal = Deal(parse_yuan(case["amount"]), parse_yuan(case["public"]), parse_yuan(case["investment"]))
    assert (tender.must_tender(deal, terms), list(tender.methods(deal, terms))) == (case["must"], case["methods"])
    shut = [m for m in ("own_labour", "negotiated", "small_works", "tender") if m not in case["methods"]]
    code = "PRJ-451" if case["must"] else "PRJ-452"
    for method in shut:
        assert [line.code for line in tender.explain(deal, method, terms) if not line.holds] == [code]
    for method in case["methods"]:
        assert all(line.holds for line in tender.explain(deal, method, terms))


def offers(*prices: int, won: int = 0) -> list[Offer]:
    return [Offer(f"单位{n}", f"code{n}", price, n == won) for n, price in enumerate(prices)]


@pytest.mark.parametrize(
    ("given_offers", "fails"),
    [
        (offers(90, 95, 99), []),
        (offers(90, 95), ["PRJ-453"]),
        (offers(90, 95, 99, won=9), ["PRJ-454"]),
        (offers(101, 102, 103), ["PRJ-455"]),
        (
            [Offer("甲", "same", 90, won=True), Offer("乙", "same", 95, won=False), Offer("丙", "c", 99, won=False)],
            ["PRJ-456"],
        ),
    ],
)
def test_bids_are_judged(given_offers: list[Offer], fails: list[str]) -> None:
    deal = Deal(100, 0, 0)
    lines = tender.check_offers(deal, "tender", given_offers, TERMS)
    assert [line.code for line in lines if not line.holds] == fails


def test_small_own_labour_has_no_bids_and_a_tender_always_has() -> None:
    assert not tender.bids_needed(Deal(49_999_99, 0, 0), "own_labour", TERMS)
    assert tender.bids_needed(Deal(50_000_00, 0, 0), "negotiated", TERMS)
    assert tender.bids_needed(Deal(1_00, 0, 0), "tender", TERMS)


@pytest.mark.parametrize(("bond", "holds"), [(2_000_00, True), (2_000_01, False)])
def test_bid_bond_stays_within_two_percent(bond: int, *, holds: bool) -> None:
    assert tender.check_bond(Deal(100_000_00, 0, 0), bond, TERMS).holds is holds


@pytest.mark.parametrize(
    ("yuan", "underground", "duty"),
    [
        ("499999.99", True, False),
        ("500000", True, True),
        ("500000", False, False),
        ("30000000", False, True),
    ],
)
def test_supervision_is_a_duty_from_its_bound_on(yuan: str, *, underground: bool, duty: bool) -> None:
    found = supervision_bound(parse_yuan(yuan), duties_on(TODAY, COUNTY), underground=underground)
    assert (found is not None) is duty


def test_parties_of_a_contract() -> None:
    duties = duties_on(TODAY, COUNTY)
    found = check_parties("A", "", "A", amount_fen=100_00, bond_fen=10_01, duty=duties.underground_fen, duties=duties)
    assert [p.code for p in found] == ["PRJ-461", "PRJ-462", "PRJ-463"]
    assert check_parties("A", "监理", "B", amount_fen=100_00, bond_fen=10_00, duty=None, duties=duties) == []


def test_no_start_without_money_and_a_picture() -> None:
    share, least = Bound(FULL_BP, ""), Bound(1, "")
    own = own_share(500, 300, 50)
    assert own == 150
    assert [p.code for p in check_start(149, own, share, 0, least)] == ["PRJ-465", "PRJ-466"]
    assert check_start(150, own, share, 1, least) == []
    assert own_share(300, 400, 0) == 0


def test_the_plan_runs_straight_between_its_days() -> None:
    points = curve(START, END, STEPS)
    assert points == [Point(START, 0), Point(date(2026, 4, 10), 4000), Point(END, FULL_BP)]
    expected = {
        date(2026, 2, 1): 0,
        START: 0,
        date(2026, 3, 21): 2000,
        date(2026, 4, 10): 4000,
        date(2026, 5, 10): 7000,
    }
    assert {day: planned_on(points, day) for day in expected} == expected
    assert planned_on(points, END + timedelta(days=400)) == FULL_BP
    assert (day_of(points, 0), day_of(points, 2000), day_of(points, 7000)) == (
        START,
        date(2026, 3, 21),
        date(2026, 5, 10),
    )


def test_a_step_without_a_day_ends_with_the_contract() -> None:
    assert curve(START, END, [Planned(FULL_BP, None)]) == [Point(START, 0), Point(END, FULL_BP)]


@st.composite
def plans(draw: st.DrawFn) -> list[Planned]:
    cuts = sorted(draw(st.sets(st.integers(1, FULL_BP - 1), max_size=6)))
    days = st.integers(-30, 400).map(lambda n: START + timedelta(days=n))
    return [Planned(b - a, draw(st.none() | days)) for a, b in zip([0, *cuts], [*cuts, FULL_BP], strict=True)]


@given(plans(), st.integers(-50, 500), st.integers(0, FULL_BP))
def test_a_plan_never_falls_and_its_days_are_its_inverse(steps: list[Planned], n: int, bp: int) -> None:
    points = curve(START, END, steps)
    day = START + timedelta(days=n)
    assert 0 <= planned_on(points, day) <= planned_on(points, day + timedelta(days=1)) <= FULL_BP
    reached = day_of(points, bp)
    assert planned_on(points, reached) >= bp
    assert bp == 0 or reached == START or planned_on(points, reached - timedelta(days=1)) < bp


def test_plan_and_progress_stand_beside_each_other_at_even_distances() -> None:
    points = curve(START, END, STEPS)
    seen = [Point(date(2026, 3, 21), 1500)]
    assert beside(points, seen, date(2026, 4, 20), 4) == [
        Beside(START, 0, 0),
        Beside(date(2026, 3, 26), 2500, 1500),
        Beside(date(2026, 4, 20), 5000, 1500),
        Beside(date(2026, 5, 15), 7500, None),
        Beside(END, FULL_BP, None),
    ]
    assert [b.day for b in beside(points, seen, END + timedelta(days=100), 2)] == [
        START,
        END,
        END + timedelta(days=100),
    ]


def works(**change: Any) -> Works:
    facts = {
        "state": "building", "starts_on": START, "ends_on": END, "steps": STEPS, "progress_bp": 2000,
        "started_on": START, "seen_on": None, **change,
    }  # fmt: skip
    return Works(**facts)


@pytest.mark.parametrize(
    ("given_works", "today", "found"),
    [
        (works(), date(2026, 3, 30), []),
        (works(), date(2026, 3, 31), [("behind", "warn", date(2026, 3, 21), 10, 1000)]),
        (works(seen_on=date(2026, 4, 14)), date(2026, 4, 15), [("behind", "alarm", date(2026, 3, 21), 25, 2500)]),
        (works(progress_bp=4000), date(2026, 4, 15), []),
        (works(progress_bp=4000), date(2026, 4, 16), [("quiet", "warn", START, 46, 0)]),
        (works(progress_bp=FULL_BP, seen_on=END), END, []),
        (works(progress_bp=FULL_BP, seen_on=END), END + timedelta(days=1), [("overdue", "alarm", END, 1, 0)]),
        (works(state="suspended"), END + timedelta(days=90), []),
        (works(state="contracted"), date(2026, 3, 16), []),
        (works(state="contracted"), date(2026, 3, 17), [("start", "warn", START, 16, 0)]),
        (works(state="contracted"), date(2026, 4, 1), [("start", "alarm", START, 31, 0)]),
    ],
)
def test_works_are_late(given_works: Works, today: date, found: list[tuple[Any, ...]]) -> None:
    told = [(w.kind, w.level, w.since_on, w.days, w.behind_bp) for w in warnings(given_works, BOUNDS, today)]
    assert told == found


def test_limits_come_from_the_pack() -> None:
    assert limits(installed_packs().at(TODAY, COUNTY)) == BOUNDS

"""Shares of a plan, adjustments, terms, readiness, comparison of variants."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from project_house import cases

from projects.plan.rules import (
    Change,
    Item,
    PlanRules,
    Shown,
    by_township,
    check_adjustment,
    check_notice,
    check_plan,
    check_recall,
    compare,
    departures,
    groups_of,
    lapsed,
    months_after,
    readiness,
    share_of,
    shares,
)
from projects.plan.states import ADJUSTMENT, PLAN, A, S, needs_no_notice
from projects.rules import Bound
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.money import parse_yuan

TODAY = date(2026, 9, 16)
WAYS = frozenset({"e_commerce", "land_transfer", "rooftop_solar", "share_quantification", "orders", "shares"})


def rules(startup: int = 0, industry: int = 0, township: int = 10_000, *, confirmed: bool = True) -> PlanRules:
    months = Bound(12, "条款", confirmed=True)
    bounds = [Bound(bp, "条款", confirmed) for bp in (startup, industry, township)]
    return PlanRules(*bounds, WAYS, True, False, months, months, 60, ("design", "budget"))


def item(project: int, amount: int, *, groups: frozenset[str] = frozenset(), township: str = "甲") -> Item:
    facts: dict[str, Any] = {"asked_fen": 10**9, "outside": False, "allowed": False, "valid_until": None}
    return Item(project, f"项目{project}", amount, groups=groups, township=township, **facts)


@pytest.mark.parametrize("case", cases("plan_shares"), ids=lambda c: c["name"])
def test_shares_match_worked_case(case: dict[str, Any]) -> None:
    known = rules(case["floors"]["startup"], case["floors"]["industry"], case["ceiling"])
    items = [
        item(n, parse_yuan(i["amount"]), groups=groups_of(i["category"], i["way"], WAYS), township=i["township"])
        for n, i in enumerate(case["items"])
    ]
    lines = shares(items, parse_yuan(case["money"]), known)
    failed = [line for line in lines if not line.holds]
    assert [line.code for line in failed] == case["fails"]
    if "short" in case:
        assert failed[0].facts["short"] == parse_yuan(case["short"])
    if "place" in case:
        assert failed[0].facts["place"] == case["place"]


def test_a_confirmed_share_bars_a_plan_and_an_unconfirmed_one_asks_for_a_reason() -> None:
    for confirmed, barred, asked in ((True, ["PRJ-341"], 0), (False, [], 1)):
        items = [item(1, 10)]
        lines = shares(items, 100, rules(2000, confirmed=confirmed))
        assert [p.code for p in check_plan(items, 100, TODAY, lines)] == barred
        assert len(departures(lines)) == asked


@given(st.integers(1, 10**13), st.integers(0, 10_000))
def test_a_share_is_never_below_its_exact_value_nor_a_fen_above(money: int, bp: int) -> None:
    assert 0 <= share_of(money, bp) * 10_000 - money * bp < 10_000


@given(st.lists(st.tuples(st.sampled_from("甲乙丙"), st.integers(1, 10**9)), max_size=20))
def test_townships_add_up_to_the_plan(given_items: list[tuple[str, int]]) -> None:
    items = [item(n, amount, township=place) for n, (place, amount) in enumerate(given_items)]
    sums = by_township(items)
    assert sum(fen for _, fen in sums) == sum(i.amount_fen for i in items)
    assert [fen for _, fen in sums] == sorted((fen for _, fen in sums), reverse=True)


@pytest.mark.parametrize(
    ("notice", "waiting", "needed", "codes"),
    [
        (None, 0, True, ["PRJ-328"]),
        (None, 0, False, []),
        (Shown(closed=False, ends_on=TODAY), 0, False, ["PRJ-330"]),
        (Shown(closed=True, ends_on=TODAY), 0, True, []),
        (Shown(closed=True, ends_on=TODAY), 1, True, ["PRJ-510"]),
        (None, 2, False, ["PRJ-510"]),
    ],
)
def test_a_notice_is_finished_before_what_it_is_about(
    notice: Shown | None, waiting: int, needed: bool, codes: list[str]
) -> None:
    assert [p.code for p in check_notice(notice, waiting, needed=needed)] == codes


def change(project: int, before: int, after: int, **more: Any) -> Change:
    return Change(
        project, f"项目{project}", before, after, **{"asked_fen": 100, "eligible": True, "movable": True, **more}
    )


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ([], ["PRJ-351"]),
        ([change(3, 0, 40)], []),
        ([change(3, 0, 41)], ["PRJ-322"]),
        ([change(1, 50, 0), change(3, 0, 90)], []),
        ([change(1, 50, 100)], ["PRJ-322"]),
        ([change(1, 49, 0)], ["PRJ-352"]),
        ([change(3, 5, 0)], ["PRJ-352"]),
        ([change(1, 0, 10)], ["PRJ-352"]),
        ([change(3, 0, 10, eligible=False)], ["PRJ-325"]),
        ([change(1, 50, 0, movable=False)], ["PRJ-353"]),
        ([change(1, 50, 20, movable=False)], ["PRJ-353"]),
        ([change(1, 50, 60, asked_fen=59)], ["PRJ-312"]),
    ],
)
def test_adjustment_is_checked_against_the_plan_as_it_stands(changes: list[Change], codes: list[str]) -> None:
    assert [p.code for p in check_adjustment(changes, [item(1, 50), item(2, 10)], 100)] == codes


def test_a_change_says_what_it_is() -> None:
    assert [change(1, b, a).kind for b, a in ((0, 5), (5, 0), (5, 6))] == ["add", "drop", "change"]


@pytest.mark.parametrize("case", cases("plan_terms"), ids=lambda c: c["name"])
def test_term_in_months_matches_worked_case(case: dict[str, Any]) -> None:
    until = months_after(case["since"], case["months"])
    assert until == case["until"]
    assert not lapsed(case["since"], case["months"], until)
    assert lapsed(case["since"], case["months"], until + timedelta(days=1))


@given(st.dates(date(2016, 1, 1), date(2090, 1, 1)), st.integers(0, 60), st.integers(0, 60))
def test_more_months_never_end_earlier(day: date, some: int, more: int) -> None:
    assert months_after(day, some) <= months_after(day, some + more)


def test_an_award_is_recalled_after_its_term_or_when_given_up() -> None:
    check_recall(date(2026, 3, 15), 6, TODAY, given_up=False)
    check_recall(TODAY, 6, TODAY, given_up=True)
    with pytest.raises(Refused) as caught:
        check_recall(date(2026, 3, 16), 6, TODAY, given_up=False)
    assert (caught.value.code, caught.value.facts["until"]) == ("PRJ-361", TODAY)


def test_readiness_names_every_point() -> None:
    assert readiness(["budget", "notice"], ("design", "budget"), located=True, cared_for=False) == [
        ("design", False),
        ("budget", True),
        ("place", True),
        ("caretaker", False),
    ]


def test_comparison_marks_the_best_and_nothing_where_all_are_the_same() -> None:
    base = {
        "projects": 2, "planned": 100, "left": 10, "startup": 0, "industry": 0, "townships": 1, "migrants": 10,
        "ready": 5000, "outside": 0,
    }  # fmt: skip
    rows = {m.key: m for m in compare([base, base | {"planned": 90, "left": 20, "migrants": 0}])}
    assert rows["planned"].best == frozenset({0})
    assert rows["left"].best == frozenset({0})
    assert rows["townships"].best == frozenset()
    assert rows["per_head"].values == (10, 0)


def test_a_draft_is_approved_without_notice_only_where_none_is_asked_for() -> None:
    facts = {"problems": [], "doc_no": "9号", "approver": 8}
    needs_no_notice({"created_by": 7}, {**facts, "notice_needed": False})
    with pytest.raises(Refused, match="PRJ-328"):
        needs_no_notice({"created_by": 7}, {**facts, "notice_needed": True})


def test_nothing_leaves_an_end_and_every_state_is_reached() -> None:
    for made, ends in ((PLAN, {S.APPROVED, S.SET_ASIDE}), (ADJUSTMENT, {A.APPROVED, A.REFUSED, A.WITHDRAWN})):
        assert {a.src for a in made.arrows} == set(made.states) - ends
        assert {a.dst for a in made.arrows} | {made.start} == set(made.states)

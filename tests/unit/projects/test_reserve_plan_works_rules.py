"""Terms in the reserve, plans against money, contracts against awards, progress from milestones."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from project_house import cases

from projects.plan.rules import Item, check_item, check_plan, left_fen, planned_fen
from projects.reserve.rules import correction_term, expired, valid_until
from projects.works.rules import (
    FULL_BP,
    Contract,
    Step,
    ceiling,
    check_contract,
    check_weights,
    merge,
    progress,
)
from quzhou_migrants.kernel.clock import PUBLISHED, STATUTORY, WorkCalendar, add_working_days
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.money import parse_yuan

TODAY = date(2026, 10, 10)
DATES = {"signed_on": date(2026, 10, 8), "starts_on": date(2026, 10, 15), "ends_on": date(2027, 3, 31)}


@pytest.mark.parametrize("case", cases("terms"), ids=lambda c: c["name"])
def test_term_matches_worked_case(case: dict[str, Any]) -> None:
    if refused := case.get("refused"):
        with pytest.raises(Refused) as caught:
            valid_until(case["admitted"], case["years"], 3, 5)
        assert caught.value.code == refused
        return
    assert valid_until(case["admitted"], case["years"], 3, 5) == case["until"]


def test_the_last_day_in_the_reserve_is_still_inside() -> None:
    assert not expired(date(2029, 9, 16), date(2029, 9, 16))
    assert expired(date(2029, 9, 16), date(2029, 9, 17))


def test_correction_counts_working_days_and_weekdays_where_nothing_is_published() -> None:
    assert correction_term(date(2026, 9, 29), 10, STATUTORY) == date(2026, 10, 19)
    unknown = max(PUBLISHED) + 1
    assert correction_term(date(unknown, 3, 1), 5, STATUTORY) == add_working_days(
        date(unknown, 3, 1), 5, WorkCalendar(frozenset({unknown}))
    )


def test_a_project_that_left_the_reserve_holds_the_plan_back() -> None:
    assert [p.code for p in check_plan([item(eligible=False)], 100, TODAY)] == ["PRJ-325"]


def item(project: int = 1, amount: int = 10, **kwargs: Any) -> Item:
    facts = {"asked_fen": 100, "outside": False, "allowed": False, "valid_until": date(2029, 9, 16), **kwargs}
    return Item(project, f"项目{project}", amount, **facts)


def test_plan_within_its_money_has_no_problem() -> None:
    items = [item(1, 60), item(2, 40)]
    assert check_plan(items, 100, TODAY) == []
    assert left_fen(100, items) == 0


def test_plan_problems_are_all_reported() -> None:
    items = [item(1, 60), item(2, 41, outside=True), item(3, 1, valid_until=date(2026, 10, 9))]
    assert [p.code for p in check_plan(items, 100, TODAY)] == ["PRJ-322", "PRJ-323", "PRJ-324"]
    assert [p.code for p in check_plan([], 100, TODAY)] == ["PRJ-321"]


def test_an_allowed_exception_passes() -> None:
    assert check_plan([item(outside=True, allowed=True, valid_until=None)], 100, TODAY) == []


@pytest.mark.parametrize(
    ("amount", "money", "code"), [(0, 100, "PRJ-311"), (101, 1000, "PRJ-312"), (51, 50, "PRJ-313")]
)
def test_item_is_refused(amount: int, money: int, code: str) -> None:
    with pytest.raises(Refused) as caught:
        check_item(item(amount=amount), money, [])
    assert caught.value.code == code


@given(st.lists(st.integers(1, 10**12), max_size=30), st.integers(0, 10**13))
def test_items_taken_one_by_one_never_exceed_the_money(amounts: list[int], money: int) -> None:
    taken: list[Item] = []
    for n, amount in enumerate(amounts):
        wanted = item(n, amount, asked_fen=10**12)
        if amount <= left_fen(money, taken):
            check_item(wanted, money, taken)
            taken.append(wanted)
        else:
            with pytest.raises(Refused, match="PRJ-313"):
                check_item(wanted, money, taken)
    assert planned_fen(taken) <= money
    assert {p.code for p in check_plan(taken, money, TODAY)} <= {"PRJ-321"}


@pytest.mark.parametrize("case", cases("contracts"), ids=lambda c: c["name"])
def test_contract_matches_worked_case(case: dict[str, Any]) -> None:
    top = ceiling(parse_yuan(case["award"]), parse_yuan(case["own"]), parse_yuan(case.get("other", "0")))
    contract = Contract(parse_yuan(case["amount"]), **{**DATES, **case.get("dates", {})})
    assert [p.code for p in check_contract(contract, top, TODAY)] == case["fails"]


@pytest.mark.parametrize(
    ("weights", "codes"),
    [
        ([10_000], []),
        ([3333, 3333, 3334], []),
        ([3333, 3333, 3333], ["PRJ-402"]),
        ([10_001, -1], ["PRJ-421"]),
        ([], ["PRJ-402"]),
    ],
)
def test_weights_make_one_hundred_percent(weights: list[int], codes: list[str]) -> None:
    assert [p.code for p in check_weights(weights)] == codes


@st.composite
def milestones(draw: st.DrawFn) -> list[Step]:
    cuts = sorted(draw(st.sets(st.integers(1, FULL_BP - 1), max_size=8)))
    weights = [b - a for a, b in zip([0, *cuts], [*cuts, FULL_BP], strict=True)]
    return [Step(n, w, draw(st.integers(0, FULL_BP))) for n, w in enumerate(weights)]


@given(milestones())
def test_progress_stays_between_nothing_and_all(steps: list[Step]) -> None:
    assert 0 <= progress(steps) <= FULL_BP
    assert (progress(steps) == FULL_BP) == all(s.progress_bp == FULL_BP for s in steps)


@given(milestones(), st.integers(0, FULL_BP))
def test_seeing_more_of_one_step_never_lowers_the_whole(steps: list[Step], more: int) -> None:
    first = steps[0]
    after = merge(steps, {first.id: max(more, first.progress_bp)})
    assert progress(after) >= progress(steps)
    assert [s.weight_bp for s in after] == [s.weight_bp for s in steps]


def test_works_can_be_undone() -> None:
    steps = [Step(1, 4000, FULL_BP), Step(2, 6000, 5000)]
    assert progress(steps) == 7000
    assert progress(merge(steps, {1: 2500})) == 4000

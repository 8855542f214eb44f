"""Ranked orders with their cut lines, quotas, terms of appeal."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from project_house import cases

from projects.reserve.rules import Part, check_appeal, check_order, check_quota, limit_fen, line_up, per_head, shifted
from quzhou_migrants.kernel.clock import STATUTORY
from quzhou_migrants.kernel.errors import Refused


@pytest.mark.parametrize("case", cases("orders"), ids=lambda c: c["name"])
def test_order_matches_worked_case(case: dict[str, Any]) -> None:
    entries = [(n, yuan * 100) for n, yuan in enumerate(case["asked"])]
    placed = line_up(entries, case["amount"] * 100, case["factor_bp"])
    assert [p.total_fen // 100 for p in placed] == case["totals"]
    assert [p.part.value for p in placed] == case["parts"]
    assert [p.position for p in placed] == list(range(1, len(entries) + 1))


@pytest.mark.parametrize("case", cases("appeals"), ids=lambda c: c["name"])
def test_the_last_day_of_appeal_is_inside_and_the_next_is_not(case: dict[str, Any]) -> None:
    until = case["until"]
    assert check_appeal(case["refused"], until, case["days"], STATUTORY) == until
    with pytest.raises(Refused) as caught:
        check_appeal(case["refused"], until + timedelta(days=1), case["days"], STATUTORY)
    assert (caught.value.code, caught.value.facts) == ("PRJ-226", {"until": until})


AMOUNTS = st.lists(st.integers(1, 10**9), min_size=1, max_size=30)


@given(AMOUNTS, st.integers(1, 10**10), st.integers(10_000, 40_000))
def test_parts_follow_each_other_and_chosen_never_exceed_the_amount(asked: list[int], amount: int, factor: int) -> None:
    placed = line_up(list(enumerate(asked)), amount, factor)
    order = [list(Part).index(p.part) for p in placed]
    assert order == sorted(order)
    assert sum(a for a, p in zip(asked, placed, strict=True) if p.part is Part.CHOSEN) <= amount
    assert all((p.part is Part.OVER) == (p.total_fen > limit_fen(amount, factor)) for p in placed)


@given(st.permutations(range(8)), st.integers(0, 7), st.integers(-9, 9))
def test_shifting_moves_one_and_keeps_the_others_in_order(order: list[int], who: int, step: int) -> None:
    moved = shifted(order, who, step)
    assert [p for p in moved if p != who] == [p for p in order if p != who]
    assert moved.index(who) == min(7, max(0, order.index(who) + step))


@pytest.mark.parametrize("order", [[1, 2], [1, 2, 3, 4], [1, 2, 2], [1, 2, 4]])
def test_an_order_names_each_application_once(order: list[int]) -> None:
    with pytest.raises(Refused, match="PRJ-222"):
        check_order(order, [1, 2, 3])
    with pytest.raises(Refused, match="PRJ-222"):
        shifted(order, 9, 1)


def test_a_township_passes_up_to_its_quota_and_not_a_fen_more() -> None:
    check_quota(150_00, 50_00, 100_00, 20_000)
    with pytest.raises(Refused) as caught:
        check_quota(150_00, 50_01, 100_00, 20_000)
    assert caught.value.facts == {"total": 200_01, "limit": 200_00, "amount": 100_00, "factor": 20_000}


def test_cost_for_a_head_is_cut_to_a_fen_and_unknown_without_heads() -> None:
    assert (per_head(100, 3), per_head(100, 0)) == (33, None)

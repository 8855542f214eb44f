"""Withheld money is the money drawn last of its own pot, never more than is withheld, never below nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from allocation.budget.rules import Pot, unwithheld
from allocation.budget.withheld import HOLDS_MONEY
from allocation.competitive.states import ROUND, S

COUNTY, TOWNSHIP, BOUND = Pot("330802000000"), Pot("330802100000"), Pot("330802000000", 7)
POTS = st.sampled_from((COUNTY, TOWNSHIP, BOUND))
SUMS = st.lists(st.tuples(POTS, st.integers(0, 10**12)), max_size=8)


def test_what_is_drawn_last_is_withheld_first() -> None:
    rows = [(BOUND, 50), (TOWNSHIP, 30), (COUNTY, 40), (COUNTY, 100)]
    assert unwithheld(rows, [(COUNTY, 90), (COUNTY, 20), (TOWNSHIP, 99)]) == [50, 0, 30, 0]


@given(SUMS, SUMS)
def test_each_pot_keeps_back_what_is_withheld_or_all_it_has(rows, kept) -> None:
    free = unwithheld(rows, kept)
    for pot in (COUNTY, TOWNSHIP, BOUND):
        there = sum(fen for p, fen in rows if p == pot)
        left = sum(f for (p, _), f in zip(rows, free, strict=True) if p == pot)
        assert left == max(0, there - sum(fen for p, fen in kept if p == pot))
    assert all(0 <= f <= fen for f, (_, fen) in zip(free, rows, strict=True))


def test_a_round_withholds_from_its_call_until_it_is_awarded_or_called_off() -> None:
    assert set(HOLDS_MONEY) == {s.value for s in S} - {ROUND.start, S.AWARDED, S.CANCELLED}

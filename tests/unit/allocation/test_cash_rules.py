"""Lists of cash support: whole persons, accounts that cannot be used, order-free, changes told."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocation.cash.rules import Change, add_up, changes, digest, plan
from quzhou_migrants.kernel.errors import Refused

HEAD = 600_00


@dataclass(frozen=True)
class House:
    id: int
    code: str
    persons: int
    account: str


ONE, TWO = House(1, "H-1", 3, "6228480402564890018"), House(2, "H-2", 1, "6228480402564890026")


def test_missing_damaged_and_shared_accounts_hold_a_household_back() -> None:
    houses = [
        ONE, TWO, House(3, "H-3", 2, ""), House(4, "H-4", 2, "6.22848E+18"), House(5, "H-5", 4, TWO.account),
    ]  # fmt: skip
    found = {p.household: p.finding for p in plan(houses, HEAD, 1)}
    assert found == {1: "", 2: "ALC-532", 3: "ALC-530", 4: "ALC-531", 5: "ALC-532"}
    assert {p.household: p.finding for p in plan(houses, HEAD, 2)}[2] == ""


ACCOUNTS = ["", "x", *(f"62284804025648{n:05d}" for n in range(40))]
HOUSES = st.lists(
    st.builds(
        lambda n, persons, account: House(n, f"H-{n:03d}", persons, account),
        st.integers(1, 400), st.integers(1, 9), st.sampled_from(ACCOUNTS),
    ),
    max_size=30, unique_by=lambda h: h.id,
)  # fmt: skip


@given(HOUSES, st.randoms())
@settings(max_examples=60)
def test_every_sum_is_whole_persons_and_no_order_matters(houses, rng) -> None:
    shuffled = list(houses)
    rng.shuffle(shuffled)
    planned = plan(houses, HEAD, 1)
    assert planned == plan(shuffled, HEAD, 1)
    persons = {h.id: h.persons for h in houses}
    sums = add_up(((persons[p.household], p.amount_fen, p.finding) for p in planned), HEAD)
    assert sums.total_fen == sums.persons * HEAD
    assert sums.households + sums.held == len(houses)
    assert [p.line_no for p in planned] == list(range(1, len(houses) + 1))


def test_half_a_person_is_refused() -> None:
    for lines in ([(1, HEAD - 1, "")], [(2, HEAD, "")], [(1, HEAD, ""), (1, HEAD + 1, "")]):
        with pytest.raises(Refused, match="ALC-533"):
            add_up(lines, HEAD)
    assert add_up([(1, HEAD - 1, "ALC-530")], HEAD).total_fen == 0


def test_a_digest_sees_every_change() -> None:
    lines = [("H-1", 3, 3 * HEAD, ""), ("H-2", 1, HEAD, "")]
    others = [
        [("H-1", 3, 3 * HEAD, ""), ("H-2", 1, HEAD, "ALC-530")],
        [("H-1", 2, 3 * HEAD, ""), ("H-2", 1, HEAD, "")],
        lines[:1],
        lines[::-1],
    ]
    assert len({digest(lines), *map(digest, others)}) == 5


def test_changes_name_who_came_who_left_and_who_is_more_or_fewer() -> None:
    now = {"H-1": ("甲", 3), "H-2": ("乙", 1), "H-3": ("丙", 2)}
    before = {"H-1": ("甲", 3), "H-2": ("乙", 2), "H-9": ("丁", 4)}
    assert changes(now, before) == [Change("H-2", "乙", 2, 1), Change("H-3", "丙", 0, 2), Change("H-9", "丁", 4, 0)]

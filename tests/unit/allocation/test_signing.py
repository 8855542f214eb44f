"""Hands under a claim: deputies by dated authority, nobody twice in any guise, the village group's names."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.payments.signing import Authority, Signed, authority_for, check_authority, group_names, may_sign
from quzhou_migrants.kernel.errors import Refused

DAY = date(2026, 9, 16)
TWO = ("county_leader", "county_finance")


def authority(number: int = 1, *, ends: int = 5, limit: int | None = None, role: str = "county_leader") -> Authority:
    return Authority(number, 10, "principal", role, 20, DAY, DAY + timedelta(days=ends), limit)


def test_an_authority_holds_from_its_first_to_its_last_day_and_up_to_its_amount() -> None:
    held = [authority(1, ends=9), authority(2, ends=5, limit=100)]

    def found(amount: int, day: date, deputy: int = 20, role: str = "county_leader") -> int | None:
        best = authority_for(held, deputy, role, amount, day)
        return best.id if best else None

    assert found(100, DAY) == 2
    assert found(101, DAY) == 1
    assert found(100, DAY + timedelta(days=9)) == 1
    assert found(100, DAY + timedelta(days=10)) is None
    assert found(100, DAY - timedelta(days=1)) is None
    assert found(100, DAY, deputy=21) is None
    assert found(100, DAY, role="county_finance") is None


@pytest.mark.parametrize(
    ("given_", "preparers", "code"),
    [
        ([], {10}, "ALC-422"),
        ([], {20}, "ALC-422"),
        ([Signed(0, 10, "county_leader")], set(), "ALC-423"),
        ([Signed(0, 30, "county_leader", for_user=10)], set(), "ALC-423"),
        ([Signed(0, 20, "county_leader", for_user=40)], set(), "ALC-423"),
    ],
)
def test_a_deputy_brings_the_principal_along(given_: list[Signed], preparers: set[int], code: str) -> None:
    with pytest.raises(Refused) as caught:
        may_sign(TWO, given_, preparers, 20, TWO[len(given_)], 10)
    assert caught.value.code == code


TRIES = st.lists(st.tuples(st.integers(1, 5), st.none() | st.integers(1, 5), st.sampled_from(TWO)), max_size=15)


@given(TRIES, st.sets(st.integers(1, 5), max_size=2))
def test_nobody_stands_twice_under_a_claim_in_any_guise(
    tries: list[tuple[int, int | None, str]], preparers: set[int]
) -> None:
    steps, given_ = (*TWO, "county_finance"), []
    for user, principal, role in tries:
        try:
            step = may_sign(steps, given_, preparers, user, role, principal)
        except Refused:
            continue
        given_.append(Signed(step, user, role, principal))
    people = [p for s in given_ for p in {s.user_id, s.for_user} - {None}]
    assert len(people) == len(set(people))
    assert not set(people) & preparers
    assert [s.role for s in given_] == list(steps[: len(given_)])


def test_names_of_the_village_group_count_once_however_they_are_parted() -> None:
    assert group_names("甲、乙，丙 乙;", 3) == ("甲", "乙", "丙")
    with pytest.raises(Refused) as caught:
        group_names("甲 甲 乙", 3)
    assert (caught.value.code, caught.value.facts["count"]) == ("ALC-442", 2)


@pytest.mark.parametrize(
    ("start", "end", "same", "code"),
    [
        (0, 89, False, ""),
        (0, 90, False, "ALC-445"),
        (-1, 5, False, "ALC-444"),
        (3, 2, False, "ALC-444"),
        (0, 1, True, "ALC-443"),
    ],
)
def test_an_authority_is_for_somebody_else_from_today_on_and_for_a_time(
    start: int, end: int, same: bool, code: str
) -> None:
    days = (DAY + timedelta(days=start), DAY + timedelta(days=end))
    if not code:
        return check_authority(*days, DAY, 90, same=same)
    with pytest.raises(Refused) as caught:
        check_authority(*days, DAY, 90, same=same)
    assert caught.value.code == code
    return None

"""The mixed method as rules: a pool is parted exactly, pots add up, unspent money flows where the rule says."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocation.mixed.rules import WHOLE, Back, Flow, Lies, PotShare, flows, part, problems
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.money import Mode, Rounding

CITY, ONE, TWO = "330800000000", "330802000000", "330803000000"
YUAN = Rounding(Mode.FLOOR, 100)


def shares(*bp: int) -> list[PotShare]:
    return [PotShare(code, b) for code, b in zip((CITY, ONE, TWO), bp, strict=False)]


def test_a_pool_is_parted_to_the_fen():
    parted = part(1_000_00, 3333, shares(3334, 3333, 3333), YUAN)
    assert (parted.factor_fen, parted.competitive_fen) == (333_00, 667_00)
    assert parted.pots == {CITY: 22238, ONE: 22231, TWO: 22231}


def test_nothing_for_competition_is_no_mixed_method():
    with pytest.raises(Refused, match="ALC-390"):
        part(1_000_00, WHOLE, shares(WHOLE), YUAN)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 10**13),
    st.integers(0, 9_999),
    st.lists(st.integers(1, 500), min_size=1, max_size=8),
    st.sampled_from([1, 100, 1_000_000]),
    st.randoms(),
)
def test_parts_sum_to_the_pool_and_order_never_matters(pool, factor_bp, weights, unit, random):
    named = [PotShare(f"3308{n:08d}", w) for n, w in enumerate(weights)]
    rounding = Rounding(Mode.FLOOR, unit)
    parted = part(pool, factor_bp, named, rounding)
    assert parted.factor_fen + sum(parted.pots.values()) == pool
    assert parted.factor_fen % unit == 0
    assert 0 <= pool * factor_bp - parted.factor_fen * WHOLE < unit * WHOLE
    total = sum(weights)
    assert all(abs(parted.pots[s.division_code] * total - parted.competitive_fen * s.share_bp) < total for s in named)
    assert part(pool, factor_bp, random.sample(named, len(named)), rounding) == parted


@pytest.mark.parametrize(
    ("pool", "factor_bp", "pots", "codes"),
    [
        (100, 7000, shares(WHOLE), []),
        (101, 7000, shares(WHOLE), ["ALC-391"]),
        (100, WHOLE, shares(WHOLE), ["ALC-390"]),
        (100, 7000, shares(5000, 4999), ["ALC-392"]),
        (100, 7000, [PotShare(ONE, 5000), PotShare(ONE, 5000)], ["ALC-393"]),
        (100, 7000, [PotShare("330900000000", WHOLE)], ["ALC-393"]),
        (101, -1, [], ["ALC-390", "ALC-391", "ALC-392"]),
    ],
)
def test_slips_of_a_parting_are_told_all_at_once(pool, factor_bp, pots, codes):
    assert [p.code for p in problems(pool, 100, factor_bp, pots, {CITY, ONE, TWO})] == codes


def test_unspent_money_flows_by_the_rule_of_the_parting():
    left = {TWO: 30, CITY: 10, ONE: 0}
    assert flows(left, CITY, Back.HOLDER) == [Flow(CITY, 10, CITY, Lies.AVAILABLE), Flow(TWO, 30, TWO, Lies.AVAILABLE)]
    assert flows(left, CITY, Back.ORIGIN) == [Flow(CITY, 10, CITY, Lies.AVAILABLE), Flow(TWO, 30, CITY, Lies.AVAILABLE)]
    assert flows(left, CITY, Back.POT) == [Flow(TWO, 30, CITY, Lies.COMPETING)]

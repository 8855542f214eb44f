"""Floors, caps and bands: kept exactly, spread anew to an end, or refused with the reason."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from factor_house import COLUMNS, FULL, POOL, SIX, columns, inputs, runs
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from allocation.factor.bounds import Room, conflicts, limits, respread
from allocation.factor.rules import attempt, made, split, stops
from allocation.factor.scheme import Bound, Factor, Fixed, Kind, Part, Reserve, Scheme
from quzhou_migrants.kernel.errors import Invalid
from quzhou_migrants.kernel.money import Mode, Rounding, yuan

PEOPLE = Factor("people", "人口", "人", Part.BASE, 10_000)
LAST = Factor("last", "上年", "元", Part.BASE, 0, places=2)
QUICK = settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


def simple(*bounds: Bound, **changes: object) -> Scheme:
    return replace(Scheme("x", 10_000, 0, (PEOPLE, LAST), Rounding(), bounds=bounds, against="last"), **changes)


def share(pool: int, people: dict[str, int], scheme: Scheme, last: dict[str, str] | None = None) -> dict[str, int]:
    data = {"people": {k: str(v) for k, v in people.items()}, "last": last or dict.fromkeys(people, "0")}
    return split(pool, scheme, list(people), data).shares


def meeting_point(pool: int, weights: dict[str, int], room: dict[str, Room]) -> dict[str, Fraction]:
    """Another way to the same shares: find the one factor with which clipped weights sum to the pool."""
    marks = {Fraction(0)}
    for k, w in weights.items():
        marks |= {Fraction(m, w) for m in (room[k].least_fen, room[k].most_fen) if m is not None}

    def clipped(by: Fraction) -> dict[str, Fraction]:
        risen = {k: max(by * w, Fraction(room[k].least_fen)) for k, w in weights.items()}
        return {k: v if room[k].most_fen is None else min(v, Fraction(room[k].most_fen)) for k, v in risen.items()}

    steps = sorted(marks)
    for low, high in zip(steps, [*steps[1:], None], strict=True):
        there = high if high is not None else Fraction(10**30)
        if sum(clipped(there).values()) >= pool:
            a, b = sum(clipped(low).values()), sum(clipped(there).values())
            by = low if a == b else low + (there - low) * (pool - a) / (b - a)
            return clipped(by)
    raise AssertionError


@given(
    st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 9_999), min_size=2, max_size=8),
    st.integers(1, 10**8),
    st.data(),
)
@QUICK
def test_spreading_anew_ends_where_one_common_factor_meets_the_pool(weights, pool, data) -> None:
    least = {k: data.draw(st.integers(0, pool // len(weights) + 1)) for k in weights}
    tops = {k: data.draw(st.none() | st.integers(0, 2 * pool)) for k in weights}
    room = {k: Room(least[k], None if tops[k] is None else least[k] + tops[k]) for k in weights}
    assume(not conflicts(pool, limits(simple(), pool, {}, list(weights)), room))
    placed, rounds = respread(pool, weights, room, Rounding())
    exact = meeting_point(pool, weights, room)
    assert sum(placed.values()) == pool
    assert all(abs(placed[k] - exact[k]) < 1 for k in weights)
    assert len(rounds) <= len(weights) + 1


@given(runs())
@QUICK
def test_every_share_keeps_its_bounds_or_the_run_is_refused_with_a_reason(run) -> None:
    found, why = attempt(run.pool_fen, run.scheme, [u.code for u in run.units], run.table())
    if found is None:
        assert why
        return
    outcome = found.split
    assert sum(outcome.shares.values()) + outcome.reserve_fen == run.pool_fen
    assert sum(outcome.adjusted.values()) == 0
    assert min(outcome.shares.values()) >= 0
    assert all(found.limits[u].holds(fen) for u, fen in outcome.shares.items() if run.scheme.bounds)


@given(st.integers(1, 20_000), st.integers(1, 5_000), st.integers(0, 4_000), st.integers(0, 4_000))
@QUICK
def test_more_of_ones_own_factor_never_gives_less_with_bounds(people, more, loss, gain) -> None:
    """A unit of rounding in each of two steps is all that may be lost."""
    scheme = simple(Bound(Kind.LOSS, bp=loss), Bound(Kind.GAIN, bp=gain), Bound(Kind.FLOOR, fen=1_000))
    last = {"a": "3000", "b": "3000", "c": "4000"}
    crowd = {"a": people, "b": 8_000, "c": 9_000}
    assume(not stops(1_000_000, scheme, list(crowd), {"people": {k: str(v) for k, v in crowd.items()}, "last": last}))
    before = share(1_000_000, crowd, scheme, last)["a"]
    after = share(1_000_000, {**crowd, "a": people + more}, scheme, last)["a"]
    assert after >= before - 2


def test_a_floor_is_paid_by_the_others_in_proportion() -> None:
    people = {"a": 10, "b": 300, "c": 690}
    assert share(100_000, people, simple(Bound(Kind.FLOOR, fen=10_000))) == {
        "a": 10_000,
        "b": 30_000 - 2_727,
        "c": 62_727,
    }


def test_a_cap_is_spread_over_the_others_in_proportion() -> None:
    people = {"a": 100, "b": 300, "c": 600}
    assert share(100_000, people, simple(Bound(Kind.CAP, bp=5_000))) == {"a": 12_500, "b": 37_500, "c": 50_000}


def test_floor_and_cap_together_take_the_heavier_side_first() -> None:
    """Setting both at once would leave one county on its floor that is above it in the end."""
    people = {"a": 80, "b": 120, "c": 800}
    scheme = simple(Bound(Kind.FLOOR, fen=15_000), Bound(Kind.CAP, bp=4_000))
    data = {"people": {k: str(v) for k, v in people.items()}, "last": dict.fromkeys(people, "0")}
    outcome = made(100_000, scheme, list(people), data)
    assert outcome.split.shares == {"a": 24_000, "b": 36_000, "c": 40_000}
    assert [(dict(r.at_floor), dict(r.at_cap)) for r in outcome.rounds] == [({}, {"c": 40_000}), ({}, {})]


def test_hold_harmless_within_fifteen_percent() -> None:
    last = {"a": "500", "b": "300", "c": "200"}
    scheme = simple(Bound(Kind.LOSS, bp=1_500), Bound(Kind.GAIN, bp=1_500))
    outcome = share(100_000, {"a": 300, "b": 310, "c": 390}, scheme, last)
    assert outcome == {"a": 42_500, "b": 34_500, "c": 23_000}


def test_who_got_nothing_last_year_is_bound_by_no_band() -> None:
    last = {"a": "500", "b": "500", "c": "0"}
    scheme = simple(Bound(Kind.LOSS, bp=2_000), Bound(Kind.GAIN, bp=2_000))
    assert share(100_000, {"a": 400, "b": 450, "c": 150}, scheme, last)["c"] == 15_000


def test_bounds_that_nobody_breaks_change_nothing() -> None:
    people = {"a": 100, "b": 300, "c": 600}
    data = {"people": {k: str(v) for k, v in people.items()}, "last": dict.fromkeys(people, "0")}
    outcome = made(100_001, simple(Bound(Kind.CAP, bp=6_001)), list(people), data)
    assert (outcome.rounds, outcome.split.adjusted) == ((), {})
    assert outcome.split.shares == split(100_001, simple(), list(people), data).shares


@pytest.mark.parametrize("unit", [1, 100, 10_000])
@pytest.mark.parametrize("mode", list(Mode))
def test_bounds_are_kept_in_every_rounding(mode, unit) -> None:
    scheme = replace(FULL, rounding=Rounding(mode, unit, SIX[2]))
    outcome = made(POOL, scheme, SIX, columns())
    assert outcome.split.adjusted
    assert sum(outcome.split.shares.values()) + outcome.split.reserve_fen == POOL
    assert all(outcome.limits[u].holds(fen) for u, fen in outcome.split.shares.items())


@pytest.mark.parametrize(
    ("scheme", "pool", "last", "code", "facts"),
    [
        (simple(Bound(Kind.FLOOR, fen=40_000)), 100_000, "0", "ALC-225", {"needed": 120_000, "short": 20_000}),
        (simple(Bound(Kind.CAP, bp=3_000)), 100_000, "0", "ALC-226", {"held": 90_000, "over": 10_000}),
        (simple(Bound(Kind.LOSS, bp=500)), 80_000, "333.34", "ALC-225", {"needed": 95_004, "short": 15_004}),
        (simple(Bound(Kind.GAIN, bp=500)), 120_000, "333.33", "ALC-226", {"held": 104_997, "over": 15_003}),
        (
            simple(Bound(Kind.FLOOR, fen=50_000), Bound(Kind.CAP, fen=40_000)),
            100_000,
            "0",
            "ALC-224",
            {"floor": 50_000, "cap": 40_000},
        ),
        (simple(fixed=(Fixed("a", 90_000),), reserve=Reserve(bp=2_000)), 100_000, "0", "ALC-222", {"pool": 100_000}),
        (
            simple(Bound(Kind.CAP, fen=10_000), fixed=(Fixed("a", 20_000),)),
            100_000,
            "0",
            "ALC-224",
            {"unit": "a", "cap": 10_000},
        ),
    ],
)
def test_what_cannot_be_held_is_refused_with_figures(scheme, pool, last, code, facts) -> None:
    data = {"people": dict(zip("abc", ("100", "300", "600"), strict=True)), "last": dict.fromkeys("abc", last)}
    found = stops(pool, scheme, "abc", data)
    assert found[0].code == code
    assert facts.items() <= found[0].facts.items()
    with pytest.raises(Invalid):
        split(pool, scheme, "abc", data)


def test_a_unit_without_weight_gets_its_floor_and_no_more() -> None:
    people = {"a": 0, "b": 300, "c": 700}
    scheme = simple(Bound(Kind.FLOOR, fen=5_000), Bound(Kind.CAP, bp=6_000))
    assert share(100_000, people, scheme) == {"a": 5_000, "b": 35_000, "c": 60_000}


def test_bounds_of_one_unit_bind_that_unit_alone() -> None:
    people = {"a": 100, "b": 300, "c": 600}
    assert share(100_000, people, simple(Bound(Kind.CAP, fen=21_000, unit="b")))["b"] == 21_000


def test_reserve_and_fixed_amounts_come_first() -> None:
    outcome = inputs().split()
    assert outcome.reserve_fen == POOL // 100
    assert outcome.fixed[SIX[3]] == 150_000
    assert [outcome.fixed[u] for u in SIX if u != SIX[3]] == [100_000] * 5
    assert sum(outcome.shares.values()) == POOL - outcome.reserve_fen
    assert sum(outcome.part_pools.values()) == POOL - outcome.reserve_fen - 650_000


def test_shares_of_last_year_stay_within_the_band() -> None:
    shares = inputs().split().shares
    for unit, text in zip(SIX, COLUMNS["last"], strict=True):
        assert shares[unit] * 10_000 >= Fraction(text) * 100 * 8_500, yuan(shares[unit])


@pytest.mark.parametrize(
    ("scheme", "code"),
    [
        (simple(Bound(Kind.LOSS, bp=100), against=""), "ALC-228"),
        (simple(Bound(Kind.LOSS, bp=100), against="people"), "ALC-228"),
        (simple(Bound(Kind.LOSS, fen=5, bp=100)), "ALC-227"),
        (simple(Bound(Kind.LOSS, bp=10_001)), "ALC-227"),
        (simple(Bound(Kind.FLOOR, fen=-1)), "ALC-227"),
        (simple(Bound(Kind.CAP, bp=100, unit="z")), "ALC-227"),
        (simple(reserve=Reserve(fen=-1)), "ALC-234"),
        (simple(fixed=(Fixed("z", 5),)), "ALC-234"),
    ],
)
def test_a_bound_that_means_nothing_is_named(scheme, code) -> None:
    data = {"people": dict.fromkeys("abc", "1"), "last": dict.fromkeys("abc", "0")}
    assert [f.code for f in stops(1_000, scheme, "abc", data)] == [code]

"""Divisor methods: published apportionments, unit by unit as an oracle, limits, ties."""

from __future__ import annotations

import tomllib
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from split_oracle import one_by_one

from quzhou_migrants.kernel.divisors import DIVISORS, place
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.money import Mode, Rounding, apportion

CASES = Path(__file__).parents[2] / "cases" / "allocation" / "apportionment.toml"
SEATS = tomllib.loads(CASES.read_text("utf-8"))["seats"]
METHODS = sorted(DIVISORS)
WEIGHTS = st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.integers(0, 9_999), min_size=1, max_size=8)


@pytest.mark.parametrize(("case", "method"), [(c, m) for c in SEATS for m in c["expect"]])
def test_published_apportionment_is_reproduced(case, method) -> None:
    assert apportion(case["seats"], case["weights"], Rounding(Mode(method))) == dict(
        sorted(case["expect"][method].items())
    )


@given(WEIGHTS.filter(lambda w: any(w.values())), st.integers(0, 200), st.sampled_from(METHODS))
@settings(max_examples=80)
def test_units_handed_out_at_once_are_those_handed_out_one_by_one(weights, units, method) -> None:
    exact = {k: Fraction(w) for k, w in weights.items()}
    expected, _ = one_by_one(units, exact, method, dict.fromkeys(weights, (0, 10**9)))
    assert place(units, weights, method) == dict(sorted(expected.items()))


@given(WEIGHTS.filter(lambda w: any(w.values())), st.integers(0, 300), st.sampled_from(METHODS), st.data())
@settings(max_examples=60)
def test_limits_are_kept_and_everything_else_stays_in_order(weights, units, method, data) -> None:
    weights = {k: w or 1 for k, w in weights.items()}
    least = {k: data.draw(st.integers(0, 5)) for k in weights}
    most = {k: least[k] + data.draw(st.integers(0, 60)) for k in weights}
    room = {k: (least[k], most[k]) for k in weights}
    if not sum(least.values()) <= units <= sum(most.values()):
        return
    expected, _ = one_by_one(units, {k: Fraction(w) for k, w in weights.items()}, method, room)
    assert place(units, weights, method, room) == dict(sorted(expected.items()))


@given(WEIGHTS.filter(lambda w: any(w.values())), st.integers(0, 10**13), st.sampled_from(METHODS))
@settings(max_examples=25)
def test_large_pools_sum_and_one_more_unit_takes_from_nobody(weights, pool, method) -> None:
    """House monotone, the property largest remainders lack (Alabama 1880)."""
    rounding = Rounding(Mode(method))
    one, more = apportion(pool, weights, rounding), apportion(pool + 1, weights, rounding)
    assert sum(one.values()) == pool
    assert sorted(more[k] - one[k] for k in one) == [0] * (len(one) - 1) + [1]


def test_equal_weights_favour_the_lower_key_in_every_method() -> None:
    for method in METHODS:
        assert place(5, {"c": 7, "a": 7, "b": 7}, method) == {"a": 2, "b": 2, "c": 1}


def test_limits_that_cannot_hold_the_units_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^3$"):
        place(5, {"a": 1, "b": 1}, "webster", {"a": (0, 1), "b": (0, 1)})
    with pytest.raises(ValueError, match=r"^-1$"):
        place(1, {"a": 1, "b": 1}, "webster", {"a": (1, None), "b": (1, None)})


def test_what_is_smaller_than_a_unit_goes_to_the_next_claim_or_the_named_party() -> None:
    weights = {"a": 3, "b": 2}
    assert apportion(503, weights, Rounding(Mode.WEBSTER, 100)) == {"a": 303, "b": 200}
    assert apportion(503, weights, Rounding(Mode.WEBSTER, 100, "b")) == {"a": 300, "b": 203}


@pytest.mark.parametrize("mode", list(Mode))
def test_rounding_keeps_limits_around_exact_shares(mode) -> None:
    """Exact thirds between limits of whole units: no mode leaves them."""
    limits = {"a": (300, 400), "b": (300, 300), "c": (0, None)}
    parts = apportion(1_000, {"a": 351, "b": 300, "c": 349}, Rounding(mode, 100, "largest"), limits)
    assert sum(parts.values()) == 1_000
    assert 300 <= parts["a"] <= 400
    assert parts["b"] == 300


@pytest.mark.parametrize("mode", list(Mode))
def test_no_mode_parts_what_it_has_no_weight_for(mode) -> None:
    with pytest.raises(Refused) as refusal:
        apportion(1, {"a": 0}, Rounding(mode))
    assert refusal.value.code == "KRN-201"

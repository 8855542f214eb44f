"""Exact money: published tables, every rounding mode, and what a person may type."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.money import (
    WAN,
    Mode,
    Rounding,
    about_wan,
    apportion,
    parse_wan,
    parse_yuan,
    part_of,
    wan,
    yuan,
)

KEYS = st.text("abcdefgh", min_size=1, max_size=4)
WEIGHT = st.one_of(st.integers(0, 10**6), st.fractions(0, 1000, max_denominator=997), st.just(0))
WEIGHTS = st.dictionaries(KEYS, WEIGHT, min_size=1, max_size=12).filter(lambda w: any(w.values()))
POOL = st.integers(0, 10**13)
UNIT = st.sampled_from([1, 10, 100, 1000, WAN])


@st.composite
def splits(draw: st.DrawFn) -> tuple[int, dict[str, int | Fraction], Rounding]:
    """Any pool, any weights, any declared rounding, a named residual party included."""
    weights = draw(WEIGHTS)
    residual = draw(st.sampled_from(["largest_remainder", "largest", *sorted(weights)]))
    return draw(POOL), weights, Rounding(draw(st.sampled_from(Mode)), draw(UNIT), residual)


@given(splits())
def test_apportion_sums_to_pool_and_is_never_negative(case) -> None:
    pool, weights, rounding = case
    parts = apportion(pool, weights, rounding)
    assert sum(parts.values()) == pool
    assert min(parts.values()) >= 0
    assert set(parts) == set(weights)


@given(splits(), st.randoms(use_true_random=False))
def test_apportion_ignores_order_of_rows(case, rng) -> None:
    pool, weights, rounding = case
    rows = list(weights.items())
    rng.shuffle(rows)
    assert apportion(pool, dict(rows), rounding) == apportion(pool, weights, rounding)


@given(splits(), st.fractions(Fraction(1, 50), 50).filter(bool))
def test_apportion_ignores_scale_of_weights(case, scale) -> None:
    pool, weights, rounding = case
    scaled = {k: w * scale for k, w in weights.items()}
    assert apportion(pool, scaled, rounding) == apportion(pool, weights, rounding)


@given(POOL, WEIGHTS, UNIT)
def test_largest_remainder_stays_within_one_unit_of_the_exact_share(pool, weights, unit) -> None:
    parts = apportion(pool, weights, Rounding(Mode.LARGEST_REMAINDER, unit))
    whole = sum(Fraction(w) for w in weights.values())
    for key, weight in weights.items():
        assert abs(parts[key] - pool * Fraction(weight) / whole) < unit


@given(POOL, WEIGHTS)
def test_a_party_without_weight_gets_nothing(pool, weights) -> None:
    parts = apportion(pool, weights)
    assert [parts[k] for k, w in weights.items() if w == 0] == [0 for w in weights.values() if w == 0]


def test_ties_favour_the_lower_key() -> None:
    assert apportion(100, {"c": 1, "a": 1, "b": 1}) == {"a": 34, "b": 33, "c": 33}
    assert apportion(101, {"c": 1, "a": 1, "b": 1}) == {"a": 34, "b": 34, "c": 33}


def test_hare_quota_textbook_example() -> None:
    """Hamilton's method on the usual textbook seats: 10 seats for 1,5,8,... by largest remainder."""
    votes = {
        "yellow": 47_000,
        "white": 16_000,
        "red": 15_900,
        "green": 12_000,
        "blue": 6_000,
        "pink": 3_100,
    }
    assert apportion(10, votes) == {
        "yellow": 5,
        "white": 2,
        "red": 1,
        "green": 1,
        "blue": 1,
        "pink": 0,
    }


def test_half_up_takes_an_excess_back_from_the_higher_key_on_ties() -> None:
    equal = dict.fromkeys("abcd", 1)
    assert apportion(2, equal, Rounding(Mode.HALF_UP)) == {"a": 1, "b": 1, "c": 0, "d": 0}


def test_residual_party_never_falls_below_zero() -> None:
    equal = dict.fromkeys("abcd", 1)
    parts = apportion(2, equal, Rounding(Mode.HALF_UP, residual="d"))
    assert parts == {"a": 0, "b": 1, "c": 1, "d": 0}


def test_pool_below_the_unit_goes_to_the_residual_party() -> None:
    weights = {"a": 1, "b": 3}
    rounding = Rounding(Mode.FLOOR, WAN, "largest")
    assert apportion(4_500_000, weights, rounding) == {"a": WAN, "b": 3_500_000}


@pytest.mark.parametrize(
    ("pool", "weights", "rounding", "code"),
    [
        (1, {}, Rounding(), "KRN-201"),
        (1, {"a": 0}, Rounding(), "KRN-201"),
        (-1, {"a": 1}, Rounding(), "KRN-202"),
        (1, {"a": -1, "b": 2}, Rounding(), "KRN-202"),
        (1, {"a": 1}, Rounding(unit_fen=0), "KRN-203"),
        (1, {"a": 1}, Rounding(residual="z"), "KRN-203"),
    ],
)
def test_apportion_refuses_what_it_cannot_part(pool, weights, rounding, code) -> None:
    with pytest.raises(Refused) as refusal:
        apportion(pool, weights, rounding)
    assert refusal.value.code == code


def test_part_of_cuts_or_rounds_by_mode() -> None:
    share = Fraction(85, 100)
    estimate = parse_wan("49.961")
    assert wan(part_of(estimate, share, Rounding(Mode.FLOOR, 1000))) == "42.466"
    assert wan(part_of(estimate, share, Rounding(Mode.HALF_UP, 1000))) == "42.467"
    assert part_of(5, Fraction(1, 2), Rounding(Mode.HALF_EVEN)) == 2
    assert part_of(7, Fraction(1, 2), Rounding(Mode.HALF_EVEN)) == 4


@pytest.mark.parametrize(
    ("fen", "headline"),
    [
        (0, "0"),
        (1_311_202_14, "131.12"),
        (6_518_385_290_00, "651,838.53"),
        (50_00, "0.01"),
        (49_99, "0.004999"),
        (-1_005_000_00, "-100.5"),
        (10_000_00, "1"),
    ],
)
def test_headline_has_two_places_and_never_hides_an_amount(fen, headline) -> None:
    assert about_wan(fen) == headline


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("0", 0),
        ("1234.5", 123_450),
        ("1,234.56", 123_456),
        ("¥1,234.56元", 123_456),
        ("1234.56 元", 123_456),
        ("１２３．４５", 12_345),
        ("３，０００元", 300_000),
        ("79.45万元", 79_450_000),
        ("568 万", 568_000_000),
        ("0.000001万元", 1),
        ("12.3400", 1234),
        ("  7 ", 700),
    ],
)
def test_parse_yuan_reads_what_people_type(text, fen) -> None:
    assert parse_yuan(text) == fen


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "KRN-204"),
        ("abc", "KRN-204"),
        ("1,23", "KRN-204"),
        ("1.2.3", "KRN-204"),
        ("-1", "KRN-204"),
        ("3.3E+17", "KRN-204"),
        ("10²", "KRN-204"),
        ("٣", "KRN-204"),
        ("9" * 20_000, "KRN-204"),
        ("0.001", "KRN-205"),
        ("0.0000001万", "KRN-205"),
        ("99999999999999999999", "KRN-206"),
    ],
)
def test_parse_yuan_refuses_rather_than_guesses(text, code) -> None:
    with pytest.raises(Refused) as refusal:
        parse_yuan(text)
    assert refusal.value.code == code


def test_signed_amounts_only_where_asked() -> None:
    assert parse_yuan("-12.30", signed=True) == -1230
    assert parse_wan("-0.5", signed=True) == -500_000


@given(st.integers(-(10**17), 10**17))
def test_written_amounts_read_back_the_same(fen) -> None:
    assert parse_yuan(yuan(fen), signed=True) == fen
    assert parse_wan(wan(fen), signed=True) == fen


def test_written_forms() -> None:
    assert [yuan(123_456), yuan(-5), yuan(0)] == ["1,234.56", "-0.05", "0.00"]
    assert [wan(79_450_000), wan(568 * WAN), wan(1), wan(-12_345_678_900)] == [
        "79.45",
        "568",
        "0.000001",
        "-12,345.6789",
    ]

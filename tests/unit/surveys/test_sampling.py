"""The sample: floors kept, places spread fairly, one seed one list, whatever the order."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from hashlib import sha256
from math import ceil
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quzhou_migrants.kernel.errors import Refused
from surveys.sampling.rules import Design, Size, Stratum, draw, largest_remainder, sizes
from surveys.sampling.sheet import frame_hash, result_hash

DESIGN = Design(rate_bp=500, least=2, substitutes_bp=2000)
COUNTIES = ("330802", "330803", "330881")
KINDS, SUPPORTS = ("reservoir_area", "resettlement", ""), ("cash", "project")
STRATA = st.tuples(st.sampled_from(COUNTIES), st.sampled_from(KINDS), st.sampled_from(SUPPORTS))
COUNTS = st.dictionaries(STRATA, st.integers(0, 5000), min_size=1).filter(lambda counts: any(counts.values()))
RATES = st.integers(1, 10_000)


def household(number: int, stratum: Stratum) -> bytes:
    county, kind, support = stratum
    return f"H{county}{number:06d},{county}101201,{kind},{support},0,3".encode()


def frame(**counts: int) -> list[bytes]:
    strata = {
        "a": ("330802", "reservoir_area", "cash"),
        "b": ("330802", "resettlement", "cash"),
        "c": ("330881", "", "project"),
    }
    start = {"a": 0, "b": 1000, "c": 2000}
    return [household(start[name] + n, strata[name]) for name, count in counts.items() for n in range(count)]


def test_a_worked_example_of_the_sizes() -> None:
    """衢政办发〔2016〕65号 二(五)2: 柯城 1,050 households need 53, 江山 41 need 3."""
    found = sizes(
        {
            ("330802", "reservoir_area", "cash"): 1000,  # 53 x 1000/1050 = 50.476
            ("330802", "resettlement", "cash"): 49,  # 2.473
            ("330802", "resettlement", "project"): 1,  # 0.050: the least is all it has
            ("330881", "reservoir_area", "cash"): 41,
        },
        DESIGN,
    )
    assert [(s.quota, s.main, s.substitutes) for s in found.values()] == [(51, 51, 11), (2, 2, 1), (0, 1, 0), (3, 3, 1)]


def test_equal_remainders_go_to_the_stratum_that_sorts_first() -> None:
    assert largest_remainder(1, {("b",): 5, ("a",): 5}) == {("a",): 1, ("b",): 0}


@given(COUNTS, RATES, st.integers(0, 5))
def test_the_floor_holds_in_the_whole_by_county_and_by_stratum(
    counts: dict[Stratum, int], rate: int, least: int
) -> None:
    found = sizes(counts, Design(rate, least, 2000))
    whole = sum(counts.values())
    assert sum(size.main for size in found.values()) >= ceil(whole * rate / 10_000 - 1e-9)
    for county in {stratum[0] for stratum in found}:
        households = sum(count for stratum, count in counts.items() if stratum[0] == county)
        quotas = sum(size.quota for stratum, size in found.items() if stratum[0] == county)
        assert quotas == -(-households * rate // 10_000)
    for stratum, size in found.items():
        assert min(least, counts[stratum]) <= size.main <= counts[stratum]
        assert abs(size.quota - counts[stratum] * sum_quota(found, stratum) / county_total(counts, stratum)) < 1
        assert size.main + size.substitutes <= counts[stratum]
    assert set(found) == {stratum for stratum, count in counts.items() if count}


def sum_quota(found: Mapping[Stratum, Size], stratum: Stratum) -> int:
    return sum(size.quota for other, size in found.items() if other[0] == stratum[0])


def county_total(counts: dict[Stratum, int], stratum: Stratum) -> int:
    return sum(count for other, count in counts.items() if other[0] == stratum[0])


@given(COUNTS)
def test_sizes_do_not_depend_on_the_order_of_the_strata(counts: dict[Stratum, int]) -> None:
    shuffled = dict(random.sample(sorted(counts.items()), len(counts)))
    assert list(sizes(shuffled, DESIGN).items()) == list(sizes(counts, DESIGN).items())


@given(
    st.integers(1, 120), st.integers(0, 60), st.integers(0, 30), st.text(max_size=20), st.randoms(use_true_random=False)
)
def test_one_seed_gives_one_list_whatever_the_order(a: int, b: int, c: int, seed: str, shuffle: random.Random) -> None:
    seed = seed.encode("utf-8", "ignore").decode()
    lines = frame(a=a, b=b, c=c)
    first = draw(lines, DESIGN, seed)
    again = lines[:]
    shuffle.shuffle(again)
    assert draw(again, DESIGN, seed) == first
    assert len({one.household for one in first.drawn}) == len(first.drawn)


def test_the_draw_can_be_repeated_by_hand() -> None:
    lines = frame(a=60, b=20)
    codes = [line.split(b",")[0] for line in lines if b"reservoir_area" in line]
    byhand = sorted(sha256(b"2026-09-16 08:30|" + code).hexdigest() + code.decode() for code in codes)
    found = [one for one in draw(lines, DESIGN, "2026-09-16 08:30").drawn if one.stratum[1] == "reservoir_area"]
    assert [one.household for one in found] == [entry[64:] for entry in byhand[: len(found)]]
    assert [(one.role, one.rank) for one in found] == [("main", 1), ("main", 2), ("main", 3), ("substitute", 1)]


def test_another_seed_gives_another_list() -> None:
    lines = frame(a=500)
    assert result_hash(draw(lines, DESIGN, "one").drawn) != result_hash(draw(lines, DESIGN, "two").drawn)


def test_every_household_is_as_likely_as_another() -> None:
    lines = frame(a=40)
    draws = (draw(lines, DESIGN, str(seed)).drawn for seed in range(2000))
    met = Counter(one.household for drawn in draws for one in drawn if one.role == "main")
    # 2 of 40 places, 2,000 draws: 100 expected each, standard deviation 9.7; five of them is one in millions.
    assert len(met) == 40
    assert all(51 <= count <= 149 for count in met.values())


def test_strata_may_follow_other_facts() -> None:
    lines = [b"H1,330802101201,,cash,1,3", b"H2,330802101201,,cash,0,3", b"H3,330803101201,,cash,0,3"]
    found = draw(lines, Design(500, 1, 0, ("county", "low_income")), "seed")
    assert list(found.sizes) == [("330802", "0"), ("330802", "1"), ("330803", "0")]


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        ("SUR-101", (0, 2, 0)),
        ("SUR-101", (10_001, 2, 0)),
        ("SUR-102", (500, 2, 0, ("village_kind",))),
        ("SUR-102", (500, 2, 0, ("county", "colour"))),
        ("SUR-102", (500, 2, 0, ("county", "county"))),
    ],
)
def test_a_design_that_cannot_keep_the_clause_is_refused(code: str, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(Refused) as refusal:
        Design(*arguments)
    assert refusal.value.code == code


def test_nobody_to_draw_from_is_refused() -> None:
    with pytest.raises(Refused, match="SUR-103"):
        draw([], DESIGN, "seed")


def test_the_hash_of_a_frame_is_that_of_its_lines() -> None:
    lines = frame(a=3)
    assert frame_hash(lines) == sha256(b"\n".join(lines) + b"\n").hexdigest()
    assert frame_hash(lines[::-1]) != frame_hash(lines)

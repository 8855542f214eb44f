"""Published tables of other places, reproduced where their inputs are known."""

from __future__ import annotations

import tomllib
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from allocation.budget.rules import Stated, batch_problems, draw, persons, register_gap
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.money import Mode, Rounding, apportion, parse_wan, part_of, wan

CASES = Path(__file__).parents[2] / "cases" / "allocation"
ROUNDING = tomllib.loads((CASES / "rounding.toml").read_text("utf-8"))
BATCHES = tomllib.loads((CASES / "batches.toml").read_text("utf-8"))
PER_HEAD = 60_000


def name(case: dict[str, object]) -> str:
    return str(case["name"])


@pytest.mark.parametrize("case", ROUNDING["split"], ids=name)
def test_published_split_is_reproduced(case) -> None:
    rounding = Rounding(Mode(case["rounding"]["mode"]), case["rounding"]["unit_fen"], case["rounding"]["residual"])
    parts = apportion(parse_wan(case["pool"]), case["weights"], rounding)
    assert {k: wan(v) for k, v in parts.items()} == case["expect"]


@pytest.mark.parametrize("case", ROUNDING["share"], ids=name)
def test_published_share_is_cut_not_rounded(case) -> None:
    share = Fraction(case["share_bp"], 10_000)
    cut = part_of(parse_wan(case["estimate"]), share, Rounding(Mode.FLOOR, 1_000))
    assert wan(cut) == case["expect"]


@pytest.mark.parametrize("case", BATCHES["batch"], ids=name)
def test_published_batch_ties_or_says_why_not(case) -> None:
    amounts = [parse_wan(case[k]) for k in ("total", "cash", "project")]
    day = date(2026, 1, 1)
    found = batch_problems(Stated(*amounts, day), PER_HEAD, day)
    assert [p.code for p in found] == case["codes"]
    if "persons" in case:
        assert persons(amounts[1], PER_HEAD) == case["persons"]


@pytest.mark.parametrize("case", BATCHES["parts"], ids=name)
def test_published_parts_sum_to_their_total(case) -> None:
    assert sum(parse_wan(part) for part in case["of"]) == parse_wan(case["total"])


def test_kunming_share_is_the_printed_percentage() -> None:
    """550 of 2400 is printed as 22.92 %. Source: 昆明日报, 2023 batch 2."""
    assert part_of(10_000, Fraction(550, 2400), Rounding(Mode.HALF_UP)) == 2292


def test_persons_refuses_half_a_person() -> None:
    with pytest.raises(Refused) as refusal:
        persons(PER_HEAD * 3 + 1, PER_HEAD)
    assert (refusal.value.code, refusal.value.facts["rest"]) == ("ALC-110", 1)


def test_a_batch_dated_tomorrow_or_empty_is_named() -> None:
    found = batch_problems(Stated(0, 0, 0, date(2026, 9, 17)), PER_HEAD, date(2026, 9, 16))
    assert [p.code for p in found] == ["ALC-113", "ALC-114"]


def test_register_gap_is_a_notice() -> None:
    assert [f.facts["gap"] for f in register_gap(51_230, 51_200)] == [30]
    assert register_gap(51_230, 51_230) == []


def test_draw_empties_the_oldest_pot_first() -> None:
    assert draw(70, [(1, 50), (2, 0), (3, 100)]) == [(1, 50), (3, 20)]
    with pytest.raises(Refused) as refusal:
        draw(151, [(1, 50), (3, 100)])
    assert refusal.value.facts == {"asked": 151, "left": 150}

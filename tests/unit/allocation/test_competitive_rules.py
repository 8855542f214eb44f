"""Competitive round: worked rankings and cuts, the vote, and properties no order may break."""

from __future__ import annotations

import tomllib
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.competitive import rules
from allocation.competitive.rules import Criterion, Cut, CutRule, Entry, Line, Member, Placing, Vote
from quzhou_migrants.kernel.errors import Refused

FILE = tomllib.loads((Path(__file__).parents[2] / "cases/allocation/competitive.toml").read_text(encoding="utf-8"))


def criteria_of(weights: list[int]) -> list[Criterion]:
    return [Criterion(i, w) for i, w in enumerate(weights, start=1)]


def sheet(points: list[int]) -> dict[int, int]:
    return dict(enumerate(points, start=1))


def name_of(case: dict[str, Any]) -> str:
    return str(case["name"])


@pytest.mark.parametrize("case", FILE["case"], ids=name_of)
def test_ranking_matches_worked_example(case: dict[str, Any]) -> None:
    entries = [
        Entry(code, e["asked"] * 100, tuple(sheet(s) for s in e["scores"])) for code, e in case["entries"].items()
    ]
    found = rules.rank(entries, criteria_of(case["weights"]), case["trim_from"])
    assert [p.code for p in found] == case["expect"]["order"]
    assert [p.rank for p in found] == list(range(1, len(found) + 1))
    assert {p.code: str(p.mean) for p in found} == case["expect"]["mean"]
    assert {p.code: p.counted for p in found} == case["expect"]["counted"]


@pytest.mark.parametrize("case", FILE["cut"], ids=name_of)
def test_cut_matches_worked_example(case: dict[str, Any]) -> None:
    placings = [Placing(code, n, Fraction(m), 3, 5) for n, (code, m) in enumerate(case["means"].items(), 1)]
    terms = Cut(case["budget"] * 100, case["cap"] * 100, 60, CutRule(case["rule"]), 5000)
    asked = {code: yuan * 100 for code, yuan in case["asked"].items()}
    assert rules.cut(placings, asked, terms) == {k: v * 100 for k, v in case["expect"].items()}


SHEETS = st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), min_size=1, max_size=9)
FIELD = st.lists(st.tuples(st.integers(1, 10**9), SHEETS), min_size=1, max_size=8)


def entries_of(field: list[tuple[int, list[tuple[int, int]]]]) -> list[Entry]:
    return [Entry(f"P{n}", asked, tuple(sheet(list(s)) for s in sheets)) for n, (asked, sheets) in enumerate(field)]


@given(FIELD, st.randoms())
def test_ranking_does_not_depend_on_any_order(field, random) -> None:
    criteria = criteria_of([7000, 3000])
    entries = entries_of(field)
    straight = rules.rank(entries, criteria, 5)
    shuffled = [Entry(e.code, e.asked_fen, tuple(random.sample(e.scores, len(e.scores)))) for e in entries]
    random.shuffle(shuffled)
    assert rules.rank(shuffled, criteria[::-1], 5) == straight
    assert all(a.mean >= b.mean for a, b in pairwise(straight))


@given(
    FIELD,
    st.builds(
        Cut,
        st.integers(0, 3 * 10**9),
        st.integers(1, 10**9),
        st.integers(0, 100),
        st.sampled_from(CutRule),
        st.integers(0, 10_000),
    ),
)
def test_cut_never_exceeds_budget_cap_or_request(field, terms: Cut) -> None:
    entries = entries_of(field)
    placings = rules.rank(entries, criteria_of([5000, 5000]), 5)
    asked = {e.code: e.asked_fen for e in entries}
    given_ = rules.cut(placings, asked, terms)
    assert sum(given_.values()) <= terms.budget_fen
    assert all(0 <= fen <= min(asked[code], terms.cap_fen) for code, fen in given_.items())
    assert all(not given_[p.code] for p in placings if p.mean < terms.pass_mark)
    assert set(given_) == set(asked)


@given(st.lists(st.fractions(0, 100), min_size=1, max_size=15), st.integers(3, 15))
def test_trimming_keeps_the_mean_inside_and_drops_two_or_none(totals: list[Fraction], trim_from: int) -> None:
    kept = rules.trimmed(totals, trim_from)
    assert len(totals) - len(kept) == (2 if len(totals) >= trim_from else 0)
    if kept:
        assert min(totals) <= rules.mean(kept) <= max(totals)


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: rules.check_weights([6000, 5000]), "ALC-301"),  # the published forms that add to 110
        (lambda: rules.check_weights([10_000, 0]), "ALC-302"),
        (lambda: rules.check_panel(4, 5), "ALC-303"),
        (lambda: rules.check_panel(6, 5), "ALC-304"),
        (lambda: rules.check_points({1: 50}, criteria_of([5000, 5000])), "ALC-305"),
        (lambda: rules.check_points({1: 50, 2: 101}, criteria_of([5000, 5000])), "ALC-306"),
        (lambda: rules.mean([]), "ALC-307"),
    ],
)
def test_bad_call_panel_or_sheet_is_refused(call, code: str) -> None:
    with pytest.raises(Refused) as caught:
        call()
    assert caught.value.code == code


def test_outliers_are_measured_from_the_panel_median() -> None:
    totals = {"1": Fraction(80), "2": Fraction(82), "3": Fraction(84), "4": Fraction(102), "5": Fraction(61)}
    assert [f.subject for f in rules.outliers(totals, 20)] == ["5"]
    assert rules.outliers({}, 20) == []


TWO_THIRDS, HALF = Fraction(2, 3), Fraction(1, 2)


def member(name: str, vote: str = "for", *, present: bool = True, avoids: bool = False) -> Member:
    return Member(name, present, avoids, Vote(vote))


FIVE = [member("a"), member("b"), member("c"), member("d", "against"), member("e", "", present=False)]


def test_tally_counts_from_the_rows() -> None:
    found = rules.tally(FIVE, TWO_THIRDS, HALF)
    assert (found.due, found.present, found.avoided) == (5, 4, 0)
    assert (found.votes_for, found.votes_against, found.votes_abstain) == (3, 1, 0)


def test_stepping_out_lowers_the_votes_needed_but_not_the_quorum() -> None:
    members = [member("a"), member("b"), member("c", "", avoids=True), member("d", "", present=False)]
    assert rules.tally(members, TWO_THIRDS, HALF).votes_for == 2
    with pytest.raises(Refused) as caught:
        rules.tally([*members, member("e", "", present=False)], TWO_THIRDS, HALF)
    assert caught.value.code == "ALC-313"


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ([member("a"), member("a")], "ALC-310"),
        ([*FIVE[:4], member("e", "for", present=False)], "ALC-311"),
        ([*FIVE[:4], member("e", "for", avoids=True)], "ALC-311"),
        ([*FIVE[:4], member("e", "")], "ALC-312"),
        ([], "ALC-313"),
        ([member("a"), member("b"), member("c", "against"), member("d", "abstain")], "ALC-314"),
    ],
)
def test_invalid_meeting_is_refused(members: list[Member], code: str) -> None:
    with pytest.raises(Refused) as caught:
        rules.tally(members, TWO_THIRDS, HALF)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([Line("A", 60, 60, 60, ""), Line("B", 60, 40, 41, "x")], "ALC-315"),
        ([Line("A", 60, 60, 61, "x")], "ALC-316"),
        ([Line("A", 60, 60, -1, "x")], "ALC-316"),
        ([Line("A", 60, 60, 0, " ")], "ALC-317"),
    ],
)
def test_decision_outside_its_bounds_is_refused(lines: list[Line], code: str) -> None:
    with pytest.raises(Refused) as caught:
        rules.check_lines(lines, 100)
    assert caught.value.code == code


def test_written_score_rounds_for_people_only() -> None:
    assert rules.written(Fraction(251, 3)) == "83.67"
    assert rules.written(Fraction(645, 8)) == "80.63"
    assert rules.written(Fraction(100)) == "100.00"

"""The order of the reserve: worked cases, exactness, no place shared, nobody's rank turned by a third."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from project_house import cases, read

from projects.ranking.parameters import MEASURES, from_row, pack_scheme, to_json
from projects.ranking.rules import Candidate, Criterion, Scheme, check_scheme, explain, move, rank
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.tx import installed_packs


def scheme() -> Scheme:
    known = read("ranking")
    return Scheme(
        tuple(
            Criterion(c["key"], c["key"], "", c["weight_bp"], Fraction(c["zero"]), Fraction(c["full"]))
            for c in known["criteria"]
        ),
        tuple(known["ties"]),
    )


def candidate(number: int, facts: dict[str, Any]) -> Candidate:
    values = {key: Fraction(facts[key]) for key in ("votes", "cost") if key in facts}
    pairs = {key: (v.numerator, v.denominator) for key, v in values.items()}
    return Candidate(number, facts["code"], facts["admitted"], pairs)


@pytest.mark.parametrize("case", cases("ranking"), ids=lambda c: c["name"])
def test_order_matches_worked_case(case: dict[str, Any]) -> None:
    found = rank(scheme(), [candidate(n, facts) for n, facts in enumerate(case["projects"])])
    assert [case["projects"][r.id]["code"] for r in found] == case["order"]
    assert [str(r.score) for r in found] == case["scores"]
    assert [r.tie for r in found] == case["ties"]
    assert [r.rank for r in found] == list(range(1, len(found) + 1))


VALUES = st.tuples(st.integers(0, 10**6), st.integers(1, 10**4))
MANY = st.lists(st.tuples(VALUES, VALUES, st.integers(0, 3)), min_size=1, max_size=30)


def made(rows: list[Any]) -> list[Candidate]:
    return [
        Candidate(n, f"P-{n:03}", date(2026, 4, 1 + day), {"votes": votes, "cost": cost})
        for n, (votes, cost, day) in enumerate(rows)
    ]


@given(MANY)
def test_fast_score_equals_the_sum_of_the_shown_working(rows: list[Any]) -> None:
    candidates = made(rows)
    by_id = {c.id: c for c in candidates}
    for one in rank(scheme(), candidates):
        assert one.score == sum((w.points for w in explain(scheme(), by_id[one.id].values)), Fraction(0))


@given(MANY)
def test_order_falls_and_no_place_is_shared(rows: list[Any]) -> None:
    found = rank(scheme(), made(rows))
    assert sorted(r.rank for r in found) == list(range(1, len(rows) + 1))
    assert all(a.score >= b.score for a, b in pairwise(found))
    assert all((a.score == b.score) == bool(b.tie) for a, b in pairwise(found))


@given(MANY, st.randoms(use_true_random=False))
def test_order_depends_neither_on_reading_order_nor_on_the_others(rows: list[Any], chance: Any) -> None:
    candidates = made(rows)
    order = [r.id for r in rank(scheme(), candidates)]
    shuffled = list(candidates)
    chance.shuffle(shuffled)
    assert [r.id for r in rank(scheme(), shuffled)] == order
    left = [c for c in candidates if c.id != order[0]]
    assert [r.id for r in rank(scheme(), left)] == order[1:]


def test_move_closes_up_and_explains_itself() -> None:
    assert move([5, 6, 7, 8], 7, 1, "群众安全急需") == [7, 5, 6, 8]
    assert move([5, 6, 7, 8], 5, 4, "前期手续未办结") == [6, 7, 8, 5]
    for to, reason, code in (
        (5, "理由", "PRJ-253"),
        (0, "理由", "PRJ-253"),
        (2, "理由", "PRJ-254"),
        (1, " ", "PRJ-255"),
    ):
        with pytest.raises(Refused) as caught:
            move([5, 6, 7, 8], 6, to, reason)
        assert caught.value.code == code


def test_scheme_of_the_pack_ties_and_survives_the_database() -> None:
    proposed = pack_scheme(installed_packs().at(date(2026, 9, 16), "330803000000"))
    assert check_scheme(proposed, MEASURES) == []
    criteria, ties = to_json(proposed)
    assert from_row({"criteria": criteria, "ties": ties}) == proposed


@pytest.mark.parametrize(
    ("change", "code"),
    [({"weight_bp": 5999}, "PRJ-250"), ({"full": Fraction(50)}, "PRJ-251")],
)
def test_scheme_that_does_not_tie_is_refused(change: dict[str, Any], code: str) -> None:
    first, *others = scheme().criteria
    facts = {name: getattr(first, name) for name in Criterion.__slots__} | change
    assert [p.code for p in check_scheme(Scheme((Criterion(**facts), *others), scheme().ties), MEASURES)] == [code]


@pytest.mark.parametrize("ties", [(), ("votes",), ("charm", "code"), ("code", "votes")])
def test_tie_rules_end_with_what_is_unique(ties: tuple[str, ...]) -> None:
    assert [p.code for p in check_scheme(Scheme(scheme().criteria, ties), MEASURES)] == ["PRJ-252"]

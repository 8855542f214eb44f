"""What an application is asked about, against worked cases and properties."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from project_house import cases

from projects.screening.parameters import screening_rule
from projects.screening.rules import (
    Asked,
    Content,
    Other,
    Weight,
    core,
    distance,
    likeness_bp,
    resembling,
    screen,
)
from quzhou_migrants.kernel.tx import installed_packs

RULE = screening_rule(installed_packs().at(date(2026, 9, 16), "330803112229"))
RECENT = date(2025, 9, 16)
BASE: dict[str, Any] = {
    "id": 1,
    "village": "330803112229",
    "village_name": "白马新村",
    "title": "白马新村灌溉渠道修复工程",
    "content": "修复灌溉渠道一千二百米",
    "category": "farmland_water",
    "estimate_fen": 30_000_000,
    "lat": 28.95,
    "lon": 118.78,
    "papers": ["budget"],
}
NEIGHBOUR: dict[str, Any] = {
    "kind": "project",
    "id": 2,
    "code": "330803-2023-000002",
    "village": "330803112229",
    "village_name": "白马新村",
    "lat": 28.95,
    "lon": 118.78,
    "day": date(2023, 9, 1),
    "state": "accepted",
    "category": "farmland_water",
}


def asked_of(change: dict[str, Any]) -> Asked:
    facts = {**BASE, **change}
    lines = [Content(n, Decimal(q), u, p) for n, q, u, p in facts.pop("contents", [])]
    return Asked(**{**facts, "papers": frozenset(facts["papers"]), "contents": tuple(lines)})


@pytest.mark.parametrize("case", cases("screening"), ids=lambda c: c["name"])
def test_signs_match_worked_case(case: dict[str, Any]) -> None:
    others = [Other(**{**NEIGHBOUR, **o}) for o in case.get("others", [])]
    signs, _ = screen(asked_of(case.get("change", {})), others, RULE, recent=RECENT)
    assert [s.code for s in signs] == case["signs"]
    assert all(s.source and s.weight in Weight for s in signs)


def test_split_names_the_whole_the_line_and_who_built() -> None:
    other = Other(
        **{
            **NEIGHBOUR,
            "title": "白马新村灌溉渠道修复",
            "estimate_fen": 25_000_000,
            "contractor": "演示公司",
            "day": RECENT,
        }
    )
    signs, matches = screen(asked_of({"sector_note": "无"}), [other], RULE, recent=RECENT)
    assert signs[-1].facts == {"count": 2, "whole": 55_000_000, "line": 50_000_000, "builders": "演示公司"}
    assert (matches[0].metres, matches[0].likeness_bp) == (0, 10_000)


def test_core_leaves_out_places_and_common_words() -> None:
    assert core("白马新村道路硬化工程", ("白马新村", "工程")) == {"道路", "路硬", "硬化"}
    assert core("白马新村", ("白马新村",)) == frozenset()


def test_distance_is_good_to_three_in_a_thousand() -> None:
    on_ellipsoid = 974.9  # N cos(lat) d(lon) on CGCS2000, a = 6378137, e2 = 0.00669438
    found = distance(28.95, 118.78, 28.95, 118.79)
    assert found is not None
    assert abs(found - on_ellipsoid) <= 3
    assert distance(28.95, 118.78, None, 118.79) is None


WORDS = st.frozensets(st.text("渠道修复硬化", min_size=2, max_size=2), max_size=8)


@given(WORDS, WORDS)
def test_likeness_is_mutual_and_within_bounds(one: frozenset[str], other: frozenset[str]) -> None:
    found = likeness_bp(one, other)
    assert found == likeness_bp(other, one)
    assert 0 <= found <= 10_000
    assert likeness_bp(one, one) == (10_000 if one else 0)


@given(st.lists(st.sampled_from(["渠道修复", "灌溉渠道", "道路硬化"]), max_size=6), st.randoms())
def test_matches_do_not_depend_on_the_order_of_the_rows(titles: list[str], rng: Any) -> None:
    others = [Other(**{**NEIGHBOUR, "id": n, "title": t, "estimate_fen": 1}) for n, t in enumerate(titles, 2)]
    mixed = list(others)
    rng.shuffle(mixed)
    assert resembling(asked_of({}), others, RULE) == resembling(asked_of({}), mixed, RULE)

"""Split documents: every slip at once, beside its line; what fits passes."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.budget.rules import earmark_problems
from allocation.budget.split_rules import Holds, Part, persons_gaps, split_problems

KECHENG, QUJIANG, SHILIANG = "330802000000", "330803000000", "330802100000"
HEAD, DAY = 600_00, date(2026, 9, 5)


def holds(**changes) -> Holds:
    values = {
        "cash_fen": 10 * HEAD,
        "project_fen": 1_000,
        "earmarks": {7: 500},
        "places": {7: KECHENG},
        "receivers": frozenset({KECHENG, QUJIANG}),
        "per_head_fen": HEAD,
        "notified_on": date(2026, 9, 1),
    }
    return Holds(**values | changes)


def codes(parts, held=None, issued=DAY, today=DAY) -> list[tuple[str, str]]:
    return [(p.code, p.field) for p in split_problems(parts, held or holds(), issued, today)]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([Part(0, KECHENG, 10 * HEAD, 1_000)], []),
        ([], [("ALC-136", "")]),
        ([Part(3, KECHENG, HEAD + 1)], [("ALC-110", "lines.3.cash_fen")]),
        ([Part(0, KECHENG, 11 * HEAD)], [("ALC-137", "lines.0.cash_fen")]),
        ([Part(0, KECHENG, 0, 600), Part(1, QUJIANG, 0, 401)], [("ALC-137", "lines.0.project_fen")]),
        ([Part(0, SHILIANG, 0, 1)], [("ALC-139", "lines.0.division_code")]),
        ([Part(0, KECHENG, 0, 0, 7, 500)], []),
        ([Part(0, KECHENG, 0, 0, 7, 501)], [("ALC-137", "lines.0.earmark_fen")]),
        ([Part(0, QUJIANG, 0, 0, 7, 1)], [("ALC-146", "lines.0.earmark_fen")]),
        ([Part(0, KECHENG, 0, 0, 8, 1)], [("ALC-137", "lines.0.earmark_fen")]),
    ],
)
def test_a_split_says_what_is_wrong_and_where(parts, expected) -> None:
    assert codes(parts) == expected


def test_a_document_is_dated_between_its_batch_and_today() -> None:
    parts = [Part(0, KECHENG, 0, 1)]
    assert codes(parts, issued=date(2026, 8, 31)) == [("ALC-138", "issued_on")]
    assert codes(parts, issued=date(2026, 9, 6)) == [("ALC-114", "issued_on")]


def test_an_earmark_bound_to_a_township_may_pass_through_its_county() -> None:
    bound = holds(places={7: SHILIANG})
    assert codes([Part(0, KECHENG, 0, 0, 7, 1)], bound) == []
    assert codes([Part(0, QUJIANG, 0, 0, 7, 1)], bound) == [("ALC-146", "lines.0.earmark_fen")]


@given(st.lists(st.integers(0, 30), max_size=5), st.lists(st.integers(0, 900), max_size=5))
def test_a_split_passes_exactly_when_it_fits_what_is_held(persons, amounts) -> None:
    parts = [Part(n, KECHENG, heads * HEAD) for n, heads in enumerate(persons) if heads]
    parts += [Part(9 + n, QUJIANG, 0, fen) for n, fen in enumerate(amounts) if fen]
    fits = bool(parts) and sum(persons) <= 10 and sum(amounts) <= 1_000
    assert (codes(parts) == []) == fits


def test_cash_that_does_not_tie_to_the_register_is_named() -> None:
    found = persons_gaps({KECHENG: 3, QUJIANG: 5}, {KECHENG: 3, QUJIANG: 7})
    assert [(f.subject, f.facts) for f in found] == [(QUJIANG, {"persons": 5, "register": 7, "gap": -2})]


def test_bound_parts_stay_inside_the_project_part() -> None:
    assert earmark_problems([400, 600], 1_000) == []
    assert [p.facts for p in earmark_problems([400, 601], 1_000)] == [{"bound": 1_001, "project": 1_000}]

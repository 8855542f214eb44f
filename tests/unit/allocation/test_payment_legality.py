"""Payment schedules of other places, stage by stage, against the national rules in force since August 2022."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocation.payments.legality import Limits, Stage, judge, limits_on, running, schedule_of
from allocation.payments.queries import terms_of
from allocation.payments.rules import WHOLE, Kind, Terms
from quzhou_migrants.kernel.tx import installed_packs

CASES = tomllib.loads((Path(__file__).parents[2] / "cases/allocation/schedules.toml").read_text(encoding="utf-8"))
TODAY, BEFORE = date(2026, 9, 16), date(2022, 7, 31)


def schedule(case: dict[str, Any]) -> tuple[Stage, ...]:
    return tuple(Stage(Kind(kind), at * 100, share * 100) for kind, at, share in case["stages"])


@pytest.mark.parametrize("case", CASES["schedule"], ids=lambda c: c["name"])
def test_published_schedule_is_judged_by_the_limits_of_its_day(case: dict[str, Any]) -> None:
    limits = limits_on(installed_packs(), TODAY)
    found = [[f.name, f.stage, f.given_bp / 100, f.limit_bp / 100] for f in judge(schedule(case), limits)]
    assert found == case["faults"]
    assert sum(s.share_bp for s in schedule(case)) == case["total"] * 100


def test_before_august_2022_neither_progress_nor_retention_had_a_limit() -> None:
    limits = limits_on(installed_packs(), BEFORE)
    assert (limits.progress_least_bp, limits.retention_most_bp, limits.advance_most_bp) == (None, None, 3000)
    flow = next(c for c in CASES["schedule"] if c["name"].startswith("flow"))
    assert judge(schedule(flow), limits) == ()


def test_our_own_scheme_breaks_nothing_and_pays_the_whole() -> None:
    terms = terms_of(installed_packs().at(TODAY, "330802000000"))
    stages = schedule_of(terms)
    assert judge(stages, limits_on(installed_packs(), TODAY)) == ()
    assert [s.kind for s in stages] == [
        Kind.ADVANCE,
        Kind.PROGRESS,
        Kind.COMPLETION,
        Kind.SETTLEMENT,
        Kind.RETENTION,
    ]
    assert running(stages)[-1][2] == WHOLE


def test_our_scheme_of_2021_kept_more_than_is_allowed_today() -> None:
    old = schedule_of(terms_of(installed_packs().at(date(2021, 1, 1), "330802000000")))
    found = judge(old, limits_on(installed_packs(), TODAY))
    assert [(f.name, f.given_bp, f.limit_bp) for f in found] == [("retention", 500, 300)]


STEPS = st.lists(st.tuples(st.integers(1, WHOLE), st.integers(0, 9_700)), max_size=5).map(sorted)


@given(STEPS, st.integers(0, 3000), st.integers(0, 3000))
def test_a_scheme_written_as_stages_is_faulty_exactly_where_a_step_pays_too_little(
    steps: list[tuple[int, int]], advance: int, retention: int
) -> None:
    totals = [max([advance, *(t for _, t in steps[: n + 1])]) for n in range(len(steps))]
    terms = Terms(advance, 8000, retention, 0, steps=[(at, t) for (at, _), t in zip(steps, totals, strict=True)])
    faults = judge(schedule_of(terms), Limits(8000, 300, None))
    low = [n for n, ((at, _), total) in enumerate(zip(steps, totals, strict=True), 1) if total * WHOLE < at * 8000]
    first = 1 if advance else 0
    assert [f.stage - first for f in faults if f.name == "progress" and f.stage - first <= len(steps)][
        : len(low)
    ] == low
    assert any(f.name == "retention" for f in faults) == (retention > 300)

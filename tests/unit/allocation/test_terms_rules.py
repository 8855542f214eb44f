"""Last days of money: worked cases with their clauses, and what must hold for any pool on any day."""

from __future__ import annotations

import tomllib
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocation.terms import rules
from allocation.terms.listing import _due
from allocation.terms.rules import Basis, PoolState, Stage, Years
from quzhou_migrants.kernel.errors import Refused

CASES: dict[str, list[dict[str, Any]]] = tomllib.loads(
    (Path(__file__).parents[2] / "cases/allocation/terms.toml").read_text(encoding="utf-8")
)
DAYS = st.dates(date(2006, 7, 1), date(2060, 12, 31))
FEN = st.integers(0, 10**13)


def named(kind: str) -> Any:
    return pytest.mark.parametrize("case", CASES[kind], ids=[c["name"] for c in CASES[kind]])


@named("carry")
def test_carried_over_money_has_its_last_day(case):
    assert rules.carry_due(case["notified"], case["years"], Basis(case["basis"])) == case["due"]


@named("pool")
def test_a_pool_runs_three_to_five_years(case):
    bounds = Years(3, 5)
    if "code" in case:
        with pytest.raises(Refused) as refusal:
            rules.pool_ends(case["opened"], case["years"], bounds)
        assert refusal.value.code == case["code"]
    else:
        assert rules.pool_ends(case["opened"], case["years"], bounds) == case["use_by"]


@named("replan")
def test_what_goes_back_to_be_planned_anew(case):
    pool = PoolState(case["holds"], case["asked"], case.get("apply_by"), case["use_by"])
    assert rules.replannable(pool, case["today"]) == case["back"]


@settings(max_examples=60)
@given(FEN, FEN, st.none() | DAYS, DAYS, DAYS)
def test_never_more_goes_back_than_lies_there_and_never_less_as_days_pass(holds, asked, apply_by, use_by, today):
    apply_by = min(apply_by, use_by) if apply_by else None
    pool = PoolState(holds, asked, apply_by, use_by)
    now, later = rules.replannable(pool, today), rules.replannable(pool, today + timedelta(days=400))
    assert 0 <= now <= later <= holds
    if today <= (apply_by or use_by):
        assert now == 0
    if now:
        rules.check_replan(now, pool, today)
        with pytest.raises(Refused):
            rules.check_replan(now + 1, pool, today)


@settings(max_examples=60)
@given(DAYS, DAYS, st.integers(0, 400))
def test_a_last_day_belongs_to_its_term(due, today, warn):
    near = rules.stage(due, today, warn)
    assert (near is Stage.OVER) == (today > due)
    assert (near is Stage.SOON) == (0 <= (due - today).days <= warn)


@settings(max_examples=60)
@given(st.integers(-2000, 2000), st.lists(st.integers(-400, 400), max_size=6))
def test_the_reminder_is_the_nearest_mark_reached(left, marks):
    mark = rules.due_mark(left, marks)
    assert mark == min([m for m in marks if left <= m], default=None)


@pytest.mark.parametrize(
    ("left", "mark"), [(181, None), (180, 180), (91, 180), (90, 90), (1, 7), (0, 0), (-1, 0), (-30, -30), (-300, -30)]
)
def test_marks_of_the_pack(left, mark):
    assert rules.due_mark(left, (180, 90, 30, 7, 0, -30)) == mark


@pytest.mark.parametrize("basis", list(Basis))
async def test_sql_and_rule_name_the_same_day(tx, basis):
    """A list sorts by SQL, an act is judged by the rule: they agree on every day, leap days included."""
    days = [date(2024, 2, 27) + timedelta(days=n) for n in range(5)] + [date(2025, 1, 1), date(2025, 12, 31)]
    sql = f"SELECT {_due(2, basis)} FROM (SELECT $1::date AS issued_on) a"
    assert [await tx.conn.fetchval(sql, day) for day in days] == [rules.carry_due(day, 2, basis) for day in days]


def test_surplus_waits_for_its_day_and_stays_within_what_is_free():
    due = date(2026, 9, 16)
    with pytest.raises(Refused) as early:
        rules.check_surplus(1, 100, due, due)
    with pytest.raises(Refused) as much:
        rules.check_surplus(101, 100, due, due + timedelta(days=1))
    rules.check_surplus(100, 100, due, due + timedelta(days=1))
    assert [early.value.code, much.value.code] == ["ALC-170", "ALC-171"]

"""What-if, sensitivity and the decomposition of change: exact, closing, and the same as splitting anew."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import permutations

import pytest
from factor_house import COLUMNS, FULL, POOL, SIX, case, columns, inputs, runs
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st
from split_oracle import strength

from allocation.factor.causes import by_factor, decompose
from allocation.factor.rules import attempt
from allocation.factor.scheme import Bound, Factor, Form, Kind, Part, Scheme, to_mapping
from allocation.factor.whatif import (
    Case,
    case_of,
    changed,
    compare,
    least_band,
    reweighted,
    sensitivity,
)
from quzhou_migrants.kernel.errors import Invalid, Refused
from quzhou_migrants.kernel.money import FEN_EXACT

QUICK = settings(
    max_examples=15, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much], deadline=None
)
OFFICIAL = case_of(inputs())


def feasible(made: Case) -> bool:
    return attempt(made.pool_fen, made.scheme, made.units, made.data)[0] is not None


def test_what_if_changes_nothing_of_the_official_run() -> None:
    before = OFFICIAL.made().split
    imagined = changed(
        OFFICIAL, pool_fen=POOL + 5, values={("migrants", SIX[0]): "9999"}, weights_bp={"migrants": 5000}
    )
    assert imagined.data["migrants"][SIX[0]] == "9999"
    assert OFFICIAL.data["migrants"][SIX[0]] == COLUMNS["migrants"][0]
    assert OFFICIAL.made().split == before


def test_comparison_closes_on_the_change_of_the_pool() -> None:
    found = compare(OFFICIAL, changed(OFFICIAL, pool_fen=POOL + 1_000_000))
    assert sum(r.change_fen for r in found.rows) == 1_000_000 - (found.after.reserve_fen - found.before.reserve_fen)
    assert [r.code for r in found.rows] == list(SIX)


def test_change_in_basis_points_is_half_up_and_nothing_from_nothing() -> None:
    small = case(10_000, replace(FULL, reserve=FULL.reserve.__class__(), fixed=(), bounds=(), against=""), columns())
    row = compare(small, replace(small, pool_fen=20_000)).rows[1]
    assert abs(row.change_bp - 10_000) < 10
    assert replace(row, before_fen=0).change_bp is None
    assert replace(row, before_fen=300, after_fen=299).change_bp == -33


def test_weights_that_do_not_add_up_are_refused_as_in_the_official_run() -> None:
    with pytest.raises(Invalid) as refusal:
        compare(OFFICIAL, changed(OFFICIAL, weights_bp={"migrants": 6000}))
    assert refusal.value.problems[0].code == "ALC-201"


def test_parts_follow_the_weights() -> None:
    plan = changed(OFFICIAL, weights_bp={"migrants": 4000, "grade": 2500}).scheme
    assert (plan.base_bp, plan.performance_bp) == (7500, 2500)


@pytest.mark.parametrize(
    "change", [{"weights_bp": {"x": 1}}, {"values": {("x", SIX[0]): "1"}}, {"values": {("migrants", "9"): "1"}}]
)
def test_unknown_names_are_refused(change) -> None:
    with pytest.raises(Refused) as refusal:
        changed(OFFICIAL, **change)
    assert refusal.value.code == "ALC-237"


def raised_by_hand(made: Case, key: str, step: int) -> dict[str, int]:
    """Split anew under a scheme whose weights are written out, where they come out even."""
    others = 10_000 - made.scheme.factor(key).weight_bp
    weights = {
        f.key: f.weight_bp + step if f.key == key else Fraction(f.weight_bp * (others - step), others)
        for f in made.scheme.factors
    }
    assert all(Fraction(w).denominator == 1 for w in weights.values())
    plan = reweighted(made.scheme, {k: int(w) for k, w in weights.items()})
    return replace(made, scheme=plan).made().split.shares


@pytest.mark.parametrize(("key", "step"), [("migrants", 500), ("revenue", 800), ("grade", 1_700), ("income", 1_700)])
def test_sensitivity_is_what_splitting_anew_gives(key, step) -> None:
    """Steps for which the other weights stay whole basis points."""
    before = OFFICIAL.made().split.shares
    after = raised_by_hand(OFFICIAL, key, step)
    assert sensitivity(OFFICIAL, step).columns[key] == {u: after[u] - before[u] for u in SIX}


@given(runs(), st.integers(1, 2_000))
@QUICK
def test_every_column_of_sensitivity_sums_to_nothing(run, step) -> None:
    made = case_of(run)
    assume(feasible(made))
    found = sensitivity(made, step)
    assert set(found.columns) == {f.key for f in made.scheme.factors if f.weight_bp}
    assert all(sum(column.values()) == 0 for column in found.columns.values())
    assert all(found.columns[key] == {} for key in found.stopped)


def test_a_step_that_bounds_forbid_is_named() -> None:
    """With all weight on what only b has, a has nothing to go by and b may not take it all."""
    both, only = (Factor(k, k, "", Part.BASE, 5_000) for k in ("both", "only"))
    capped = Scheme("x", 10_000, 0, (both, only), FEN_EXACT, bounds=(Bound(Kind.CAP, bp=8_000),))
    made = Case(1_000, capped, ("a", "b"), {"both": {"a": "1", "b": "1"}, "only": {"a": "0", "b": "1"}})
    found = sensitivity(made, 5_000)
    assert found.columns == {"both": {"a": 250, "b": -250}, "only": {}}
    assert found.stopped["only"].code == "ALC-226"


@given(runs(units=2), runs(units=2))
@QUICK
def test_causes_sum_to_the_change_for_any_two_runs(one, other) -> None:
    last, now = case_of(one), case_of(other)
    assume(feasible(last) and feasible(now))
    try:
        rows = decompose(last, now).rows
    except Refused as refusal:
        event(refusal.code)
        return
    for row in rows:
        causes = (row.fixed_fen, row.pool_fen, row.weight_fen, row.data_fen, row.bounds_fen, row.rounding_fen)
        assert sum(causes) == row.change_fen
    before, after = (sum(year.made().split.part_pools.values()) for year in (last, now))
    columns_sum = (sum(r.pool_fen for r in rows), sum(r.weight_fen for r in rows), sum(r.data_fen for r in rows))
    assert columns_sum == (after - before, 0, 0)


def test_a_larger_pool_alone_is_all_pool() -> None:
    plain = replace(FULL, bounds=(), against="", reserve=replace(FULL.reserve, bp=0), fixed=())
    last = case(POOL, plain, columns())
    for row in decompose(last, replace(last, pool_fen=POOL + 5_000_000)).rows:
        assert (row.weight_fen, row.data_fen, row.bounds_fen, row.fixed_fen) == (0, 0, 0, 0)
        assert abs(row.rounding_fen) <= 3
        assert row.pool_fen > 0


def test_other_data_alone_are_all_data_and_sum_to_nothing() -> None:
    plain = replace(FULL, bounds=(), against="")
    last = case(POOL, plain, columns())
    rows = decompose(last, replace(last, data=columns(migrants=("5120", *COLUMNS["migrants"][1:])))).rows
    assert all((r.pool_fen, r.weight_fen, r.fixed_fen) == (0, 0, 0) for r in rows)
    assert rows[0].data_fen > 0
    assert all(r.data_fen < 0 for r in rows[1:])
    assert sum(r.data_fen for r in rows) == 0


def proportion(scheme: Scheme, data: dict[str, dict[str, str]], unit: str) -> Fraction:
    raw = to_mapping(scheme)
    values = {(key, u): text for key, column in data.items() for u, text in column.items()}
    found = Fraction(0)
    for f in raw["factors"]:
        if f["weight_bp"]:
            own = strength(f, raw, list(SIX), values)
            found += Fraction(f["weight_bp"], 10_000) * own[unit] / sum(own.values())
    return found


def test_causes_are_the_mean_of_all_orders_of_change() -> None:
    """Walk all six orders in plain fractions and take the mean: the same figures to the fen."""
    plain = replace(FULL, bounds=(), against="", reserve=replace(FULL.reserve, bp=0), fixed=())
    then = case(POOL, plain, columns())
    plan = reweighted(plain, {f.key: {"migrants": 4000, "income": 2500}.get(f.key, f.weight_bp) for f in plain.factors})
    now = case(POOL - 9_000_000, plan, columns(migrants=("5120", *COLUMNS["migrants"][1:])))
    both = {
        "pool": (then.pool_fen, now.pool_fen),
        "weight": (then.scheme, now.scheme),
        "data": (then.data, now.data),
    }
    for row in decompose(then, now).rows:
        mean = dict.fromkeys(both, Fraction(0))
        for order in permutations(both):
            state = {key: pair[0] for key, pair in both.items()}
            before = state["pool"] * proportion(state["weight"], state["data"], row.code)
            for cause in order:
                state[cause] = both[cause][1]
                after = state["pool"] * proportion(state["weight"], state["data"], row.code)
                mean[cause] += (after - before) / 6
                before = after
        assert abs(row.pool_fen - mean["pool"]) < 1
        assert abs(row.weight_fen - mean["weight"]) < 1
        assert abs(row.data_fen - mean["data"]) < 1


@given(runs(units=2), runs(units=2))
@QUICK
def test_effects_of_single_factors_sum_to_those_of_all(one, other) -> None:
    last, now = case_of(one), case_of(other)
    assume(feasible(last) and feasible(now))
    try:
        found = decompose(last, now)
    except Refused as refusal:
        event(refusal.code)
        return
    for code, effects in by_factor(found, last, now).items():
        row = found.row(code)
        assert sum(e.weight_fen for e in effects) == row.weight_fen
        assert sum(e.data_fen for e in effects) == row.data_fen


def test_only_the_factor_that_moved_has_an_effect() -> None:
    plain = replace(FULL, bounds=(), against="")
    last = case(POOL, plain, columns())
    now = replace(last, data=columns(income=(*COLUMNS["income"][:3], "34000", *COLUMNS["income"][4:])))
    effects = by_factor(decompose(last, now), last, now)
    for unit, row in effects.items():
        moved = {e.key: e.data_fen for e in row if abs(e.data_fen) > 1}
        assert set(moved) == ({"income"} if unit != SIX[0] else set())  # the richest has no gap in either year
        assert all(abs(e.weight_fen) <= 1 for e in row)
        assert unit == SIX[0] or (moved["income"] < 0) == (unit == SIX[3])


def test_a_new_factor_counts_as_weight_and_a_newcomer_as_data() -> None:
    people = Factor("people", "人口", "人", Part.BASE, 10_000)
    area = Factor("area", "面积", "", Part.BASE, 4_000)
    old = Scheme("x", 10_000, 0, (people,), FEN_EXACT)
    new = replace(old, factors=(replace(people, weight_bp=6_000), area))
    heads = {"people": {"a": "100", "b": "300"}}
    later = {**heads, "area": {"a": "9", "b": "1"}}
    by_factor = decompose(Case(40_000, old, ("a", "b"), heads), Case(40_000, new, ("a", "b"), later)).rows
    assert [(r.weight_fen, r.data_fen) for r in by_factor] == [(10_400, 0), (-10_400, 0)]
    three = {"people": {"a": "100", "b": "300", "c": "400"}}
    joined = decompose(Case(40_000, old, ("a", "b"), heads), Case(40_000, old, ("a", "b", "c"), three)).rows
    assert [(r.before_fen, r.data_fen, r.after_fen) for r in joined] == [
        (10_000, -5_000, 5_000),
        (30_000, -15_000, 15_000),
        (0, 20_000, 20_000),
    ]


def test_where_last_years_data_do_not_fit_the_new_scheme_only_the_other_orders_count() -> None:
    """Last year everybody's income was the same, which a gap cannot share out."""
    people, income = Factor("p", "", "", Part.BASE, 10_000), Factor("i", "", "", Part.BASE, 0, Form.GAP)
    old = Scheme("x", 10_000, 0, (people, income), FEN_EXACT)
    new = reweighted(old, {"p": 5_000, "i": 5_000})
    last = Case(60_000, old, ("a", "b"), {"p": {"a": "1", "b": "1"}, "i": {"a": "7", "b": "7"}})
    now = Case(60_000, new, ("a", "b"), {"p": {"a": "1", "b": "2"}, "i": {"a": "5", "b": "7"}})
    rows = decompose(last, now).rows
    assert [(r.pool_fen, r.data_fen, r.weight_fen, r.change_fen) for r in rows] == [
        (0, -10_000, 20_000, 10_000),
        (0, 10_000, -20_000, -10_000),
    ]


def test_units_and_factors_changed_at_once_cannot_be_parted() -> None:
    people, area = (Factor(k, k, "", Part.BASE, 10_000) for k in ("people", "area"))
    old, new = (Scheme("x", 10_000, 0, (f,), FEN_EXACT) for f in (people, area))
    last = Case(1_000, old, ("a", "b"), {"people": {"a": "1", "b": "1"}})
    now = Case(1_000, new, ("a", "c"), {"area": {"a": "1", "c": "1"}})
    with pytest.raises(Refused) as refusal:
        decompose(last, now)
    assert refusal.value.code == "ALC-236"


def test_least_band_is_the_narrowest_that_works() -> None:
    poorer = replace(OFFICIAL, pool_fen=POOL - 25_000_000)
    assert not feasible(poorer)
    band = least_band(poorer)
    wide, narrow = (
        replace(
            poorer,
            scheme=replace(FULL, bounds=tuple(replace(b, bp=bp) if b.kind is Kind.LOSS else b for b in FULL.bounds)),
        )
        for bp in (band, band - 1)
    )
    assert (feasible(wide), feasible(narrow)) == (True, False)


def test_no_band_helps_where_caps_hold_too_little() -> None:
    capped = replace(FULL, bounds=(Bound(Kind.LOSS, bp=1_500), Bound(Kind.CAP, bp=1_000)))
    assert least_band(replace(OFFICIAL, scheme=capped)) is None

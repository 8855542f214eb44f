"""A scheme built on screen: what the pack knows keeps its clause, own factors get keys, the way back is the same."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace as struct_replace

from allocation.factor.approval import levels
from allocation.factor.catalogue import default_scheme
from allocation.factor.notice_service import late_days
from allocation.factor.scheme import Form, Kind, Part, faults, from_mapping, to_mapping
from allocation.factor.scheme_build import LAST, build, rows_of
from allocation.factor.scheme_diff import differences
from allocation.factor.scheme_forms import BoundRow, FactorRow, FixedRow, SchemeForm
from quzhou_migrants.kernel.errors import Invalid
from quzhou_migrants.kernel.money import Mode
from quzhou_migrants.kernel.tx import installed_packs

POLICY = installed_packs().at(date(2026, 9, 16), "330800000000")
PACK = default_scheme(POLICY, "示例")
UNIT = "330802000000"


def form(**changes: object) -> SchemeForm:
    return SchemeForm(**{**rows_of(PACK), **changes})


def rows(**weights: int) -> list[FactorRow]:
    return [
        FactorRow(f.key, f.title, f.unit, f.part, f.form, weights.get(f.key, f.weight_bp), f.times)
        for f in PACK.factors
    ]


def test_the_packs_scheme_comes_back_from_its_form_unchanged() -> None:
    assert build(POLICY, form()) == PACK


def test_a_changed_weight_is_no_longer_confirmed_by_anybody() -> None:
    made = build(POLICY, form(factors=rows(migrants=6000, fiscal=2500)))
    assert [(f.key, f.weight_bp, f.confirmed) for f in made.factors[:2]] == [
        ("migrants", 6000, False), ("fiscal", 2500, False),
    ]  # fmt: skip
    assert made.factors[0].source == PACK.factors[0].source


def test_a_clause_of_our_own_confirms_and_one_left_by_an_older_pack_does_not() -> None:
    ours = [
        struct_replace(r, source="衢移〔2026〕5号" if r.key == "migrants" else "")
        for r in rows(migrants=6000, fiscal=2500)
    ]
    made = build(POLICY, form(factors=ours))
    assert [(f.source, f.confirmed) for f in made.factors] == [
        ("衢移〔2026〕5号", True), (PACK.factors[1].source, False), (PACK.factors[2].source, False),
    ]  # fmt: skip
    assert build(POLICY, SchemeForm(**rows_of(made)), made) == made
    older = replace(PACK, factors=tuple(replace(f, source="旧办法") for f in PACK.factors))
    followed = build(POLICY, SchemeForm(**rows_of(older)), older)
    assert [(f.source, f.confirmed) for f in followed.factors] == [("旧办法", False)] * 3


def test_every_part_of_a_scheme_carries_its_clause_and_the_next_version_keeps_it() -> None:
    made = build(
        POLICY,
        form(
            share_source="甲", rounding_source="乙", reserve_bp=100, reserve_source="丙",
            fixed=[FixedRow(fen=5, source="丁")], bounds=[BoundRow(Kind.CAP, bp=9000, source="戊")],
        ),
    )  # fmt: skip
    assert build(POLICY, SchemeForm(**rows_of(made)), made) == made
    assert from_mapping(json.loads(json.dumps(to_mapping(made)))) == made
    assert made.version == 2
    assert "share_source" not in to_mapping(PACK)
    assert {d.what: d.now for d in differences(PACK, made)} == {
        "基数 : 绩效": "85% : 15%（依据：甲）", "预留": "1%（依据：丙）", "固定数 1": "所有单位 0.05（依据：丁）",
        "限制 1": "封顶 所有单位 90%（依据：戊）",
        "取整": "最大余数，取到0.01元，尾差逐单位给余数最大者，相同时代码小者在前（依据：乙）",
    }  # fmt: skip


def test_own_factors_get_keys_that_stay_theirs() -> None:
    area = FactorRow(title="库区面积", unit="平方公里", weight_bp=500, places=2, source="衢移〔2026〕5号")
    made = build(POLICY, form(factors=[*rows(fiscal=1500), area]))
    own = made.factors[-1]
    assert (own.key, own.title, own.places, own.part, own.confirmed) == ("own1", "库区面积", 2, Part.BASE, True)
    assert faults(made, (UNIT,)) == []
    again = SchemeForm(**{**rows_of(made), "factors": [*rows_of(made)["factors"], FactorRow(title="另一项")]})
    assert [f.key for f in build(POLICY, again, made).factors[-2:]] == ["own1", "own2"]


def test_grades_are_read_line_by_line() -> None:
    graded = FactorRow(
        title="考核等次", part=Part.PERFORMANCE, form=Form.GRADE, weight_bp=0, grades="优秀 1.2 90\n良好=1=80；一般 0.8"
    )
    own = build(POLICY, form(factors=[*rows(), graded])).factors[-1]
    assert [(g.name, g.coefficient, g.least) for g in own.grades] == [
        ("优秀", "1.2", "90"), ("良好", "1", "80"), ("一般", "0.8", ""),
    ]  # fmt: skip
    with pytest.raises(Invalid) as refusal:
        build(POLICY, form(factors=[*rows(), FactorRow(title="x", form=Form.GRADE, grades="优秀")]))
    assert [(p.code, p.field) for p in refusal.value.problems] == [("ALC-262", "factors.3.grades")]


def test_bands_bring_last_years_shares_and_leave_with_them() -> None:
    made = build(POLICY, form(bounds=[BoundRow(Kind.LOSS, bp=1000), BoundRow(None, fen=100)], fixed=[FixedRow(fen=5)]))
    assert (made.against, made.factors[-1].key, made.factors[-1].weight_bp) == (LAST, LAST, 0)
    assert [b.kind for b in made.bounds] == [Kind.LOSS]
    assert faults(made, (UNIT,)) == []
    freed = build(POLICY, SchemeForm(**{**rows_of(made), "bounds": []}), made)
    assert (freed.against, [f.key for f in freed.factors]) == ("", [f.key for f in PACK.factors])


def test_a_unit_that_takes_no_part_is_found_and_never_widened_to_all() -> None:
    made = build(POLICY, form(bounds=[BoundRow(Kind.CAP, unit="339999000000", fen=1)]))
    assert [f.code for f in faults(made, (UNIT,))] == ["ALC-227"]


def test_an_approver_reads_what_a_version_changes_and_nothing_else() -> None:
    made = build(
        POLICY,
        form(factors=rows(migrants=6000, fiscal=2500), bounds=[BoundRow(Kind.LOSS, bp=1000)], reserve_bp=250),
    )
    found = {(d.what, d.was, d.now) for d in differences(PACK, made)}
    assert found == {
        ("移民人口", "65%，基数，正向（越多得越多）", "60%，基数，正向（越多得越多）"),
        ("人均财力（反向因素）", "20%，基数，反向（越少得越多）", "25%，基数，反向（越少得越多）"),
        ("上年分配额", "", "不占权重，只供引用"),
        ("预留", "", "2.5%"),
        ("限制 1", "", "比上年降幅不超过 所有单位 10%"),
    }
    assert differences(made, made) == []


@given(
    st.sampled_from(Mode),
    st.sampled_from([1, 100, 1_000_000]),
    st.lists(st.tuples(st.sampled_from(Kind), st.integers(0, 10**9), st.integers(0, 10_000)), max_size=4),
    st.integers(0, 10**10),
    st.integers(0, 10_000),
)
@settings(max_examples=60)
def test_a_scheme_written_into_its_form_and_built_again_is_itself(mode, unit, bounds, fen, bp) -> None:
    made = build(
        POLICY,
        form(
            mode=mode,
            unit_fen=unit,
            bounds=[BoundRow(k, "", f, b) for k, f, b in bounds],
            reserve_fen=fen,
            reserve_bp=bp,
        ),
    )
    assert build(POLICY, SchemeForm(**rows_of(made)), made) == made


@pytest.mark.parametrize(("pool", "count"), [(1, 1), (49_999_999_999, 1), (50_000_000_000, 2)])
def test_levels_of_approval_grow_with_the_pool(pool: int, count: int) -> None:
    assert levels(pool, POLICY.get("allocation.factor.approval_amounts_fen")) == count
    assert levels(pool, []) == 1


def test_days_past_the_last_day_of_publication_are_counted() -> None:
    today = date(2026, 9, 16)
    assert [late_days(today + timedelta(days=n), today) for n in (1, 0, -3)] == [0, 0, 3]
    assert late_days(None, today) == 0

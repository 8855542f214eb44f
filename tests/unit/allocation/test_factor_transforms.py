"""How written values become strengths: per head, inverse, gap, grade, times; and what is found on the way."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from factor_house import FULL, GRADE, GRADES, POOL, REVENUE, SIX, columns

from allocation.factor.reading import grade_of, read
from allocation.factor.rules import odd, split, stops
from allocation.factor.scheme import Factor, Form, Grade, Part, Scheme, from_mapping, to_mapping
from quzhou_migrants.kernel.money import FEN_EXACT, Mode, Rounding

UNITS = ("a", "b", "c")


def one(factor: Factor, *others: Factor, places: int = 8) -> Scheme:
    return Scheme("x", 10_000, 0, (replace(factor, weight_bp=10_000), *others), FEN_EXACT, places)


def strengths(scheme: Scheme, **data: tuple[str, ...]) -> list[int]:
    sheet, found = read(1_000, scheme, UNITS, {k: dict(zip(UNITS, v, strict=True)) for k, v in data.items()})
    assert found == []
    return sheet.strengths["f"]


F = Factor("f", "因素", "", Part.BASE, 0, places=1)
HEADS = Factor("heads", "人数", "人", Part.BASE, 0)


def test_direct_is_the_value_in_its_smallest_unit() -> None:
    assert strengths(one(F), f=("1.5", "2", "0")) == [15, 20, 0]


def test_inverse_is_the_smallest_divided_by_ones_own() -> None:
    assert strengths(one(replace(F, form=Form.INVERSE), places=3), f=("2", "3", "6")) == [1_000, 667, 333]


def test_gap_is_how_far_one_lies_below_the_greatest() -> None:
    assert strengths(one(replace(F, form=Form.GAP)), f=("2.5", "10", "0")) == [75, 0, 100]


def test_per_head_divides_first_half_up() -> None:
    scheme = one(replace(F, per="heads"), HEADS, places=2)
    assert strengths(scheme, f=("10", "20", "1.5"), heads=("3", "6", "100")) == [333, 333, 2]


def test_per_head_then_inverse_then_times() -> None:
    scheme = one(replace(F, per="heads", form=Form.INVERSE, times="heads"), HEADS, places=2)
    # 2.00, 4.00, 8.00 a head; coefficients 1.00, 0.50, 0.25; times heads
    assert strengths(scheme, f=("10", "40", "16"), heads=("5", "10", "2")) == [500, 500, 50]


def test_divisor_with_decimals_keeps_its_scale() -> None:
    scheme = one(replace(F, per="heads", places=0), replace(HEADS, places=3), places=1)
    assert strengths(scheme, f=("5", "5", "5"), heads=("2.5", "0.125", "1")) == [20, 400, 50]


def test_grade_by_name_or_by_score() -> None:
    scheme = one(replace(F, form=Form.GRADE, grades=GRADES))
    assert strengths(scheme, f=("优", "80", "59.9")) == [11, 10, 5]


@pytest.mark.parametrize(
    ("text", "name"),
    [("90", "优"), ("100", "优"), ("89.9", "良"), ("80", "良"), ("60", "中"), ("0", "差"), ("中", "中")],
)
def test_published_grade_bands(text, name) -> None:
    """Source: unified bands of the finance ministry, 90 / 80 / 60, the lower end included."""
    assert grade_of(replace(GRADE, most="100"), text).name == name


@pytest.mark.parametrize("text", ["101", "-1", "优良", "89.95", ""])
def test_what_is_no_grade_has_none(text) -> None:
    assert grade_of(replace(GRADE, most="100"), text) is None


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"grade": ("特优", "优", "优", "优", "优", "优")}, {"ALC-235"}),
        ({"grade": ("", "优", "优", "优", "优", "优")}, {"ALC-210"}),
        ({"grade": ("89.95", "优", "优", "优", "优", "优")}, {"ALC-235"}),
        ({"income": ("5", "5", "5", "5", "5", "5")}, {"ALC-214"}),
        ({"people": ("0.00", "1", "1", "1", "1", "1")}, {"ALC-212"}),
        ({"last": ("1.234", "1", "1", "1", "1", "1")}, {"ALC-211"}),
        ({"revenue": ("0.1", "1", "1", "1", "1", "1"), "people": ("99999999999.00",) * 6}, {"ALC-213"}),
    ],
)
def test_values_that_cannot_be_transformed_stop_the_run(changes, codes) -> None:
    assert {f.code for f in stops(POOL, FULL, SIX, columns(**changes))} == codes


def test_nothing_to_divide_by_stops_the_run() -> None:
    free = replace(FULL, factors=tuple(replace(f, least="0") if f.key == "people" else f for f in FULL.factors))
    found = stops(POOL, free, SIX, columns(people=("1", "1", "0", "1", "1", "1")))
    assert [(f.code, f.facts["unit"]) for f in found] == [("ALC-223", SIX[2])]


@pytest.mark.parametrize(
    ("factor", "code"),
    [
        (replace(GRADE, grades=()), "ALC-229"),
        (replace(GRADE, form=Form.DIRECT), "ALC-229"),
        (replace(GRADE, per="people"), "ALC-229"),
        (replace(GRADE, grades=(Grade("优", "1.1"), Grade("优", "1"))), "ALC-229"),
        (replace(GRADE, grades=(Grade("优", "1.1", "90"), Grade("良", "1", "90"))), "ALC-229"),
        (replace(GRADE, grades=(Grade("优", "-1"),)), "ALC-229"),
        (replace(GRADE, grades=(Grade("优", "1e3"),)), "ALC-229"),
        (replace(REVENUE, per="ghost"), "ALC-203"),
        (replace(REVENUE, least="abc"), "ALC-238"),
        (replace(REVENUE, most="1.25"), "ALC-238"),
        (replace(REVENUE, places=-1), "ALC-238"),
    ],
)
def test_a_transform_that_means_nothing_is_named(factor, code) -> None:
    scheme = replace(FULL, factors=tuple(factor if f.key == factor.key else f for f in FULL.factors))
    assert code in {f.code for f in stops(POOL, scheme, SIX, columns())}


def test_full_scheme_reads_back_as_written() -> None:
    assert from_mapping(json.loads(json.dumps(to_mapping(FULL)))) == FULL


@pytest.mark.parametrize(
    ("scheme", "version"),
    [
        (one(F), 1),
        (one(replace(F, form=Form.INVERSE, times="heads"), HEADS), 1),
        (one(replace(F, form=Form.GAP)), 2),
        (one(replace(F, per="heads"), HEADS), 2),
        (replace(one(F), rounding=Rounding(Mode.HILL)), 2),
        (replace(one(F, HEADS), against="heads"), 2),
        (FULL, 2),
    ],
)
def test_a_scheme_is_written_in_the_oldest_version_that_holds_it(scheme, version) -> None:
    assert scheme.version == version
    assert ("bounds" in to_mapping(scheme)) == (version == 2)


def test_a_grade_that_fell_far_asks_for_a_word() -> None:
    before = columns(grade=("优", "92.5", "优", "95", "差", "88"))
    found = odd(FULL, columns(grade=("差", "91", "良", "优", "", "88")), before, 3_000)
    assert [(f.code, f.subject, f.facts["was"], f.facts["now"]) for f in found] == [
        ("ALC-220", f"grade.{SIX[0]}", "优", "差")
    ]


def test_a_grade_multiplies_another_factor_by_its_coefficient() -> None:
    scheme = one(replace(F, times="g"), replace(GRADE, key="g", weight_bp=0, times="", part=Part.BASE))
    assert split(
        100, scheme, UNITS, {"f": dict.fromkeys(UNITS, "1"), "g": dict(zip(UNITS, "优良差", strict=True))}
    ).shares == {
        "a": 42,
        "b": 39,
        "c": 19,
    }

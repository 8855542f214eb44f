"""Published tables through the whole engine, from scheme and values to the printed figures, and from the file."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from split_oracle import recompute

from allocation.factor.frozen import Datum, Inputs, Unit, export, freeze
from allocation.factor.scheme import Factor, Fixed, Part, Scheme
from quzhou_migrants.kernel.money import Mode, Rounding, apportion, parse_wan, wan

CASES = tomllib.loads((Path(__file__).parents[2] / "cases/allocation/factor.toml").read_text("utf-8"))


def inputs(case) -> Inputs:
    factors = tuple(
        Factor(f["key"], f["key"], "", Part.BASE, f["weight_bp"], places=f.get("places", 0)) for f in case["factors"]
    )
    how = case["rounding"]
    fixed = tuple(Fixed(unit, parse_wan(text)) for unit, text in case.get("fixed", {}).items())
    rounding = Rounding(Mode(how["mode"]), how["unit_fen"], how["residual"])
    scheme = Scheme(case["name"], 10_000, 0, factors, rounding, fixed=fixed)
    data = tuple(
        Datum(f["key"], unit, value, case["source"], "2025-12-31")
        for f in case["factors"]
        for unit, value in f["values"].items()
    )
    units = tuple(Unit(code, code) for code in case["expect"])
    return Inputs(case["name"], "", "", "2026-09-16", "", "", parse_wan(case["pool"]), scheme, units, data)


@pytest.mark.parametrize("case", CASES["run"], ids=lambda c: c["name"])
def test_published_table_comes_out_of_the_engine(case) -> None:
    run = inputs(case)
    assert {u: wan(fen) for u, fen in run.split().shares.items()} == case["expect"]
    body = json.loads(export(freeze(run)))
    assert recompute(body["frozen"]) == body["result"]


@pytest.mark.parametrize("case", CASES["matrix"], ids=lambda c: c["name"])
def test_rows_and_columns_of_a_published_matrix_close(case) -> None:
    assert [sum(row) for row in case["rows"]] == case["row_sums"]
    assert [sum(column) for column in zip(*case["rows"], strict=True)] == case["column_sums"]
    assert sum(case["row_sums"]) == sum(case["column_sums"]) == case["total"]


def test_guangyuan_matrix_is_the_rule_applied_to_each_county() -> None:
    """20 : 30 : 50 in two decimals, the residual on the county: all three printed rows."""
    matrix = CASES["matrix"][1]
    rounding = Rounding(Mode.HALF_UP, 1, "3")
    for whole, row in zip(matrix["row_sums"], matrix["rows"], strict=True):
        assert list(apportion(whole, {"1": 20, "2": 30, "3": 50}, rounding).values()) == row

"""Every rounding mode, transform and bound from an exported file alone, beside what a pocket calculator gives."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from factor_house import GRADES, LAST

from allocation.factor.frozen import Datum, Inputs, Unit, export, freeze
from allocation.factor.scheme import Bound, Factor, Fixed, Form, Kind, Part, Reserve, Scheme
from allocation.recompute import recompute_split
from quzhou_migrants.kernel.errors import Invalid
from quzhou_migrants.kernel.money import FEN_EXACT, YUAN, Mode, Rounding

CASES = tomllib.loads((Path(__file__).parents[2] / "cases/allocation/pocket.toml").read_text("utf-8"))
SEVEN = ("91490", "1660", "1460", "1450", "1440", "1400", "1100")
ONE = Factor("f", "因素", "", Part.BASE, 10_000)
TOTAL = re.compile(r"^(\d)\s+\d\s.*?([\d,]+\.\d\d)$", re.MULTILINE)


def run(pool_fen: int, scheme: Scheme, data: dict[str, tuple[str, ...]]) -> Inputs:
    count = len(data["f"])
    units = tuple(Unit(str(n), str(n)) for n in range(1, count + 1))
    values = tuple(
        Datum(key, u.code, v, "手算", "2025-12-31") for key, c in data.items() for u, v in zip(units, c, strict=True)
    )
    return Inputs("手算", "", "", "2026-09-16", "", "", pool_fen, scheme, units, values)


def printed(folder: Path, made: Inputs) -> list[str]:
    """The last column of the recomputed table, unit by unit."""
    file = folder / "run.json"
    file.write_text(export(freeze(made)), "utf-8")
    text = recompute_split(file)
    assert "与文件所载结果一致" in text
    return [total for _, total in TOTAL.findall(text)]


def whole(case: dict[str, object]) -> Scheme:
    rounding = Rounding(Mode(case["mode"]), YUAN, case.get("residual", "largest_remainder"))
    return Scheme("手算", 10_000, 0, (ONE,), rounding)


@pytest.mark.parametrize("case", CASES["seven"], ids=lambda c: f"{c['mode']}-{c.get('residual', '')}")
def test_seven_places_share_a_hundred_yuan_in_every_mode(tmp_path, case) -> None:
    assert printed(tmp_path, run(100 * YUAN, whole(case), {"f": SEVEN})) == [f"{n}.00" for n in case["expect"]]


def test_every_mode_is_worked_out() -> None:
    assert {c["mode"] for c in CASES["seven"]} == {m.value for m in Mode}
    assert {c.get("form", "direct") for c in CASES["one"]} == {f.value for f in Form}
    assert {b["kind"] for c in CASES["bound"] for b in c["bounds"]} == {k.value for k in Kind}


@pytest.mark.parametrize("case", CASES["halves"], ids=lambda c: f"{c['mode']}-{c.get('residual', '')}")
def test_what_stands_at_a_half_goes_by_the_published_rule(tmp_path, case) -> None:
    made = run(10 * YUAN, whole(case), {"f": ("25", "35", "40")})
    assert printed(tmp_path, made) == [f"{n}.00" for n in case["expect"]]


@pytest.mark.parametrize("case", CASES["one"], ids=lambda c: c["name"])
def test_a_transform_gives_what_the_calculator_gives(tmp_path, case) -> None:
    form = Form(case.get("form", "direct"))
    others = {key: tuple(case[key]) for key in ("per", "times") if key in case}
    grades = GRADES if form is Form.GRADE else ()
    factor = Factor("f", "因素", "", Part.BASE, 10_000, form, grades=grades, **{key: key for key in others})
    weightless = tuple(Factor(key, key, "", Part.BASE, 0) for key in others)
    scheme = Scheme("手算", 10_000, 0, (factor, *weightless), FEN_EXACT, inverse_places=2)
    assert printed(tmp_path, run(1_000 * YUAN, scheme, {"f": tuple(case["value"]), **others})) == case["expect"]


@pytest.mark.parametrize("case", CASES["bound"], ids=lambda c: c["name"])
def test_a_bound_spreads_the_rest_as_the_calculator_does(tmp_path, case) -> None:
    bounds = tuple(Bound(Kind(b["kind"]), b.get("fen", 0), b.get("bp", 0)) for b in case["bounds"])
    last = {"last": tuple(case["last"])} if "last" in case else {}
    scheme = Scheme(
        "手算", 10_000, 0, (ONE, *([LAST] if last else [])), FEN_EXACT, reserve=Reserve(bp=case.get("reserve_bp", 0)),
        fixed=tuple(Fixed(unit, fen) for unit, fen in case.get("fixed", {}).items()), bounds=bounds,
        against="last" if last else "",
    )  # fmt: skip
    made = run(1_000 * YUAN, scheme, {"f": ("1", "2", "7"), **last})
    if "refused" in case:
        with pytest.raises(Invalid) as refusal:
            made.split()
        assert {p.code for p in refusal.value.problems} == {case["refused"]}
    else:
        assert printed(tmp_path, made) == case["expect"]


def test_base_and_performance_are_two_pots(tmp_path) -> None:
    """800 in 1 : 3 is 200, 600; 200 in 90·1 : 80·3 = 90 : 240 is 54.55, 145.45."""
    score = Factor("score", "得分", "分", Part.PERFORMANCE, 2000, times="f")
    base = Factor("f", "人口", "人", Part.BASE, 8000)
    made = run(
        1_000 * YUAN, Scheme("手算", 8000, 2000, (base, score), FEN_EXACT), {"f": ("1", "3"), "score": ("90", "80")}
    )
    assert printed(tmp_path, made) == ["254.55", "745.45"]

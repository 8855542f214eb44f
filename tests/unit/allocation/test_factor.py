"""The factor method: exact sums, published working, findings, frozen files that recompute."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocation.factor.frozen import Datum, Inputs, Unit, canonical, digest, export, freeze, thaw
from allocation.factor.rules import odd, split, stops, untied
from allocation.factor.scheme import Factor, Form, Part, Scheme, from_mapping, to_mapping
from allocation.factor.working import decimal, working
from allocation.recompute import recompute_split
from quzhou_migrants.kernel.errors import Invalid, Refused
from quzhou_migrants.kernel.money import Mode, Rounding

SIX = ("330802000000", "330803000000", "330822000000", "330824000000", "330825000000", "330881000000")
NAMES = ("柯城区", "衢江区", "常山县", "开化县", "龙游县", "江山市")
MIGRANTS = Factor("migrants", "移民人口", "人", Part.BASE, 6500)
FISCAL = Factor("fiscal", "人均财力", "元", Part.BASE, 2000, Form.INVERSE)
SCORE = Factor("score", "绩效得分", "分", Part.PERFORMANCE, 1500, times="migrants", places=1, most="100")
SCHEME = Scheme("示例方案", 8500, 1500, (MIGRANTS, FISCAL, SCORE), Rounding())
DATA = {
    "migrants": dict(zip(SIX, ("3120", "28826", "5210", "9054", "7718", "30011"), strict=True)),
    "fiscal": dict(zip(SIX, ("21000", "9800", "8700", "7600", "10400", "12000"), strict=True)),
    "score": dict(zip(SIX, ("88.5", "92", "79.5", "90", "85", "96.5"), strict=True)),
}
POOL = 123_456_789


def oracle(pool: int, scheme: Scheme, data: dict[str, dict[str, str]]) -> dict[Part, dict[str, Fraction]]:
    """Each part's exact shares by the plain formula, in fractions: a second method."""

    def strength(f: Factor, unit: str) -> Fraction:
        value = Fraction(data[f.key][unit])
        if f.form is Form.INVERSE:
            least = min(Fraction(v) for v in data[f.key].values())
            value = Fraction(int(least / value * 10**scheme.inverse_places + Fraction(1, 2)), 10**scheme.inverse_places)
        return value * (Fraction(data[f.times][unit]) if f.times else 1)

    shares: dict[Part, dict[str, Fraction]] = {}
    for part in Part:
        share = Fraction(scheme.share_bp(part), 10_000)
        shares[part] = {}
        for f in scheme.part(part):
            whole = sum(strength(f, u) for u in data[f.key])
            for u in data[f.key]:
                own = Fraction(f.weight_bp, scheme.share_bp(part)) * strength(f, u) / whole
                shares[part][u] = shares[part].get(u, Fraction(0)) + share * own
    return {part: {u: pool * s for u, s in own.items()} for part, own in shares.items()}


def inputs(**changes: object) -> Inputs:
    made = Inputs(
        "2026年因素法分配",
        "衢财农〔2026〕8号",
        "衢州市",
        "2026-09-16",
        "pack-1",
        "",
        POOL,
        SCHEME,
        tuple(Unit(c, n) for c, n in zip(SIX, NAMES, strict=True)),
        tuple(Datum(f, u, v, "移民统计年报", "2025-12-31") for f, col in DATA.items() for u, v in col.items()),
    )
    return replace(made, **changes)


@st.composite
def runs(draw: st.DrawFn) -> tuple[int, Scheme, dict[str, dict[str, str]]]:
    """Any pool, weights, rounding and values for two to eight units."""
    units = [f"{n:012d}" for n in range(1, draw(st.integers(2, 8)) + 1)]
    base = draw(st.integers(1, 9_999))
    migrants = draw(st.integers(1, base))
    rounding = Rounding(
        draw(st.sampled_from(Mode)),
        draw(st.sampled_from([1, 100, 10_000])),
        draw(st.sampled_from(["largest_remainder", "largest", units[0]])),
    )
    factors = (
        replace(MIGRANTS, weight_bp=migrants),
        replace(FISCAL, weight_bp=base - migrants),
        replace(SCORE, weight_bp=10_000 - base),
    )
    data = {
        "migrants": {u: str(draw(st.integers(1, 99_999))) for u in units},
        "fiscal": {u: str(draw(st.integers(1, 99_999))) for u in units},
        "score": {u: f"{draw(st.integers(1, 99))}.{draw(st.integers(0, 9))}" for u in units},
    }
    return draw(st.integers(1, 10**12)), Scheme("x", base, 10_000 - base, factors, rounding), data


@given(runs())
def test_split_sums_to_pool_in_every_rounding(case) -> None:
    pool, scheme, data = case
    outcome = split(pool, scheme, list(data["migrants"]), data)
    assert sum(outcome.shares.values()) == pool
    assert sum(outcome.part_pools.values()) == pool
    assert min(outcome.shares.values()) >= 0


@given(runs(), st.randoms(use_true_random=False))
def test_split_ignores_order_of_units_and_factors(case, rng) -> None:
    pool, scheme, data = case
    units = list(data["migrants"])
    expected = split(pool, scheme, units, data)
    rng.shuffle(units)
    factors = list(scheme.factors)
    rng.shuffle(factors)
    shuffled = {k: dict(sorted(v.items(), reverse=True)) for k, v in sorted(data.items(), reverse=True)}
    assert split(pool, replace(scheme, factors=tuple(factors)), units, shuffled) == expected


@given(runs())
@settings(max_examples=60)
def test_split_agrees_with_exact_fractions_within_one_unit(case) -> None:
    pool, scheme, data = case
    exact_rounding = replace(scheme, rounding=Rounding())
    outcome = split(pool, exact_rounding, list(data["migrants"]), data)
    for part, shares in oracle(pool, scheme, data).items():
        for unit, exact in shares.items():
            assert abs(outcome.parts[part][unit] - exact) < 2  # one for the part's pool, one for the share


@given(runs(), st.integers(1, 50_000))
@settings(max_examples=60)
def test_more_of_a_direct_factor_never_gives_less(case, more) -> None:
    pool, scheme, data = case
    scheme = replace(scheme, rounding=Rounding())
    unit = next(iter(data["migrants"]))
    richer = {**data, "migrants": {**data["migrants"], unit: str(int(data["migrants"][unit]) + more)}}
    before, after = (split(pool, scheme, list(data["migrants"]), d).shares[unit] for d in (data, richer))
    assert after >= before - 2


def test_six_counties_by_hand() -> None:
    """Base 65:20 and performance 15; checked with a calculator, see the printed working."""
    outcome = split(POOL, SCHEME, SIX, DATA)
    exact = oracle(POOL, SCHEME, DATA)
    assert outcome.part_pools == {Part.BASE: 104_938_271, Part.PERFORMANCE: 18_518_518}
    for part in Part:
        assert all(abs(outcome.parts[part][u] - exact[part][u]) < 2 for u in SIX)
    assert sum(outcome.shares.values()) == POOL


def test_equal_counties_share_the_odd_fen_by_code() -> None:
    scheme = Scheme("等分", 10_000, 0, (replace(MIGRANTS, weight_bp=10_000),), Rounding())
    equal = {"migrants": dict.fromkeys(SIX, "100")}
    assert list(split(100, scheme, SIX, equal).shares.values()) == [17, 17, 17, 17, 16, 16]


def changed(factor: str, unit: str, value: str | None) -> dict[str, dict[str, str]]:
    data = {k: dict(v) for k, v in DATA.items()}
    if value is None:
        del data[factor][unit]
    else:
        data[factor][unit] = value
    return data


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (changed("migrants", SIX[0], None), "ALC-210"),
        (changed("migrants", SIX[0], ""), "ALC-210"),
        (changed("migrants", SIX[0], "12.5"), "ALC-211"),
        (changed("migrants", SIX[0], "3.3E+17"), "ALC-211"),
        (changed("migrants", SIX[0], "many"), "ALC-211"),
        (changed("migrants", SIX[0], "1" * 20_000), "ALC-211"),
        (changed("migrants", SIX[0], "-1"), "ALC-212"),
        (changed("score", SIX[0], "100.1"), "ALC-212"),
        (changed("fiscal", SIX[0], "0"), "ALC-213"),
        ({**DATA, "migrants": dict.fromkeys(SIX, "0")}, "ALC-214"),
        (changed("migrants", "999999999999", "5"), "ALC-215"),
        ({**DATA, "weather": {SIX[0]: "1"}}, "ALC-215"),
    ],
)
def test_missing_or_odd_values_stop_the_run(data, code) -> None:
    assert code in {f.code for f in stops(POOL, SCHEME, SIX, data)}
    with pytest.raises(Invalid) as refusal:
        split(POOL, SCHEME, SIX, data)
    assert code in {p.code for p in refusal.value.problems}


@pytest.mark.parametrize(
    ("scheme", "codes"),
    [
        (replace(SCHEME, factors=(replace(MIGRANTS, weight_bp=7500), FISCAL, SCORE)), ["ALC-201", "ALC-202"]),
        (replace(SCHEME, base_bp=7000, performance_bp=3000), ["ALC-202", "ALC-202"]),
        (replace(SCHEME, factors=(MIGRANTS, FISCAL, replace(SCORE, times="ghost"))), ["ALC-203"]),
        (replace(SCHEME, rounding=Rounding(residual="ghost")), ["ALC-204"]),
        (replace(SCHEME, rounding=Rounding(unit_fen=0)), ["ALC-205"]),
    ],
)
def test_a_scheme_that_does_not_add_up_is_named(scheme, codes) -> None:
    """Weights of 110 were found on a real form."""
    assert [f.code for f in stops(POOL, scheme, SIX, DATA)] == codes


def test_empty_pool_and_doubled_units_are_named() -> None:
    assert {f.code for f in stops(0, SCHEME, [*SIX, SIX[0]], DATA)} == {"ALC-206", "ALC-207"}


def test_odd_changes_ask_for_a_word() -> None:
    before = changed("migrants", SIX[1], "20000")
    assert [f.subject for f in odd(SCHEME, DATA, before, 3000)] == [f"migrants.{SIX[1]}"]
    assert odd(SCHEME, DATA, before, 5000) == []
    assert [f.code for f in untied(SCHEME, DATA, before, 100)] == ["ALC-221"]


def test_scheme_reads_back_as_written() -> None:
    assert from_mapping(json.loads(json.dumps(to_mapping(SCHEME)))) == SCHEME


def test_frozen_inputs_read_back_and_hash_alike() -> None:
    text = freeze(inputs())
    again = freeze(thaw(json.loads(text)))
    assert (digest(again), again) == (digest(text), text)
    shuffled = inputs(data=tuple(reversed(inputs().data)), units=tuple(reversed(inputs().units)))
    assert freeze(shuffled) == text


def test_the_same_inputs_give_the_same_bytes_for_ever() -> None:
    """The hash of this run was written down once; whoever changes the format sees it here."""
    assert digest(freeze(inputs())) == "94494b05ad469698ea8a4b1ddd525c54e3a8d1e818760a07149c4f988a1d2231"


def test_canonical_refuses_fractions() -> None:
    with pytest.raises(Refused) as refusal:
        canonical({"pool": 1.5})
    assert refusal.value.code == "ALC-230"


def test_working_closes_and_repeats_the_split() -> None:
    sheet = working(inputs())
    outcome = split(POOL, SCHEME, SIX, DATA)
    assert sheet.proof
    assert {t.code: t.total_fen for t in sheet.totals} == outcome.shares
    for part in sheet.parts:
        assert sum(r.cut_fen + r.added_fen for r in part.rows) == part.pool_fen
        assert [r.final_fen for r in part.rows] == list(outcome.parts[part.part].values())


def test_working_can_be_followed_with_a_pocket_calculator() -> None:
    """Recompute each printed step from the printed figures alone."""
    sheet = working(inputs())
    for part in sheet.parts:
        for step in part.factors:
            whole = number(step.strength)
            for row in step.rows:
                assert abs(number(row.strength) / whole * 100 - number(row.percent)) < Fraction(1, 10**7)
                assert abs(number(step.yuan) * number(row.percent) / 100 - number(row.yuan)) < Fraction(1, 100)
        for row in part.rows:
            assert abs(sum(number(p) for p in row.pieces) - number(row.exact)) < Fraction(1, 10**4)
            assert row.final_fen == row.cut_fen + row.added_fen


def number(text: str) -> Fraction:
    return Fraction(text.replace(",", ""))


def test_decimal_rounds_half_up_and_trims() -> None:
    assert decimal(Fraction(1, 3), 4) == "0.3333"
    assert decimal(Fraction(5, 100), 1) == "0.1"
    assert decimal(Fraction(123456, 10), 3, trim=True) == "12,345.6"


def test_export_recomputes_without_a_database(tmp_path) -> None:
    file = tmp_path / "run.json"
    file.write_text(export(freeze(inputs())), "utf-8")
    printed = recompute_split(file)
    assert digest(freeze(inputs())) in printed
    assert "与文件所载结果一致" in printed
    assert "1,234,567.89" in printed
    assert all(name in printed for name in NAMES)


@pytest.mark.parametrize(
    ("alter", "code"),
    [
        (lambda b: b["frozen"].update(pool_fen=POOL + 1), "ALC-232"),
        (lambda b: b["result"]["shares"][SIX[0]].update(total=1), "ALC-233"),
        (lambda b: b["frozen"].update(pool_fen=1.5), "ALC-230"),
        (lambda b: b.update(sha256=None, frozen={"format": "other/1"}), "ALC-231"),
        (lambda b: b.update(sha256=None, frozen={"format": "quzhou-migrants/split/1"}), "ALC-231"),
    ],
)
def test_an_altered_file_is_found_out(tmp_path, alter, code) -> None:
    body = json.loads(export(freeze(inputs())))
    alter(body)
    file = tmp_path / "run.json"
    file.write_text(json.dumps(body), "utf-8")
    with pytest.raises(Refused) as refusal:
        recompute_split(file)
    assert refusal.value.code == code


@pytest.mark.parametrize("text", ["", "[]", "{", "GIF89a", "[" * 100_000, '{"frozen": 3}'])
def test_what_is_not_such_a_file_is_refused(tmp_path, text) -> None:
    file = tmp_path / "run.json"
    file.write_text(text, "utf-8")
    with pytest.raises(Refused) as refusal:
        recompute_split(file)
    assert refusal.value.code == "ALC-231"


def test_three_thousand_units_by_ten_factors_are_quick() -> None:
    """The bench states the aim (100 ms); here only that nothing grew out of proportion."""
    units = [f"{n:012d}" for n in range(3_000)]
    factors = tuple(
        Factor(f"f{n}", "", "", Part.BASE if n < 8 else Part.PERFORMANCE, 1_000, Form.DIRECT if n - 3 else Form.INVERSE)
        for n in range(10)
    )
    scheme = Scheme("大", 8_000, 2_000, factors, Rounding())
    data = {f.key: {u: str(7 + (i * (n + 3)) % 9_973) for i, u in enumerate(units)} for n, f in enumerate(factors)}
    start = time.perf_counter()
    outcome = split(987_654_321_000, scheme, units, data)
    assert time.perf_counter() - start < 1
    assert sum(outcome.shares.values()) == 987_654_321_000

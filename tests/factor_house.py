"""What tests of the factor engine start from: six counties, a scheme that uses everything, any scheme at all."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from allocation.factor.frozen import Datum, Inputs, Unit
from allocation.factor.scheme import Bound, Factor, Fixed, Form, Grade, Kind, Part, Reserve, Scheme
from allocation.factor.whatif import Case
from quzhou_migrants.kernel.money import Mode, Rounding

SIX = ("330802000000", "330803000000", "330822000000", "330824000000", "330825000000", "330881000000")
NAMES = ("柯城区", "衢江区", "常山县", "开化县", "龙游县", "江山市")
POOL = 103_456_789
GRADES = (Grade("优", "1.1", "90"), Grade("良", "1", "80"), Grade("中", "0.8", "60"), Grade("差", "0.5", "0"))
MIGRANTS = Factor("migrants", "移民人口", "人", Part.BASE, 5000)
REVENUE = Factor("revenue", "财政收入", "万元", Part.BASE, 2000, Form.INVERSE, places=1, least="0.1", per="people")
PEOPLE = Factor("people", "总人口", "万人", Part.BASE, 0, places=2, least="0.01")
INCOME = Factor("income", "人均收入", "元", Part.BASE, 1500, Form.GAP)
GRADE = Factor("grade", "绩效等次", "", Part.PERFORMANCE, 1500, Form.GRADE, times="migrants", places=1, grades=GRADES)
LAST = Factor("last", "上年分配额", "元", Part.BASE, 0, places=2)
FULL = Scheme(
    "全要素示例方案",
    8500,
    1500,
    (MIGRANTS, REVENUE, PEOPLE, INCOME, GRADE, LAST),
    Rounding(),
    reserve=Reserve(bp=100, source="某办法第三条"),
    fixed=(Fixed("", 1_000_00), Fixed(SIX[3], 500_00, "某办法第四条")),
    bounds=(Bound(Kind.LOSS, bp=1500, source="某办法第五条"), Bound(Kind.CAP, bp=3000, source="某办法第六条")),
    against="last",
)
COLUMNS = {
    "migrants": ("3120", "28826", "5210", "9054", "7718", "30011"),
    "revenue": ("215000.5", "98000", "87000", "76000", "104000", "120000"),
    "people": ("48.21", "40.88", "34.10", "35.87", "40.25", "61.40"),
    "income": ("41000", "34500", "33800", "31200", "36100", "38000"),
    "grade": ("良", "92.5", "79.9", "优", "85", "88"),
    "last": ("61234.56", "300000", "91000.5", "155000", "110000", "310000"),
}


def columns(**changes: tuple[str, ...]) -> dict[str, dict[str, str]]:
    return {key: dict(zip(SIX, column, strict=True)) for key, column in {**COLUMNS, **changes}.items()}


def inputs(**changes: object) -> Inputs:
    """A run that uses everything; bounds hold three counties."""
    made = Inputs(
        "2026年因素法分配",
        "衢财农〔2026〕8号",
        "衢州市",
        "2026-09-16",
        "pack-2",
        "",
        POOL,
        FULL,
        tuple(Unit(c, n) for c, n in zip(SIX, NAMES, strict=True)),
        tuple(Datum(f, u, v, "统计年报", "2025-12-31") for f, col in columns().items() for u, v in col.items()),
    )
    return replace(made, **changes)


def mode(inputs_: Inputs, name: Mode, unit_fen: int = 1, residual: str = "largest_remainder") -> Inputs:
    """The same run rounded otherwise."""
    return replace(inputs_, scheme=replace(inputs_.scheme, rounding=Rounding(name, unit_fen, residual)))


@st.composite
def runs(draw: st.DrawFn, *, divisors: bool = True, units: int = 6) -> Inputs:
    """Any pool, weights, transforms, reserve, fixed amounts, bounds and rounding for two to six units."""
    codes = [f"{n:012d}" for n in range(1, draw(st.integers(2, units)) + 1)]
    cuts = sorted(draw(st.lists(st.integers(0, 10_000), min_size=3, max_size=3)))
    shares = [b - a for a, b in zip([0, *cuts], [*cuts, 10_000], strict=True)]
    weighted = [replace(f, weight_bp=w) for f, w in zip((MIGRANTS, REVENUE, INCOME, GRADE), shares, strict=True)]
    bound = st.builds(
        Bound,
        st.sampled_from(Kind),
        bp=st.integers(0, 6_000),
        unit=st.sampled_from(["", *codes]),
    )
    base = sum(shares[:3])
    scheme = Scheme(
        "x",
        base,
        10_000 - base,
        (*weighted, PEOPLE, LAST),
        draw(roundings(codes, divisors=divisors)),
        draw(st.integers(2, 8)),
        Reserve(draw(st.integers(0, 500)), draw(st.integers(0, 500))),
        tuple(draw(st.lists(st.builds(Fixed, st.sampled_from(["", *codes]), st.integers(0, 900)), max_size=2))),
        tuple(draw(st.lists(bound, max_size=4))),
        "last",
    )
    data = {
        "migrants": st.integers(1, 30_000).map(str),
        "revenue": st.integers(1, 99_999).map(lambda n: f"{n // 10}.{n % 10}" if n > 9 else "1.5"),
        "people": st.integers(1, 999).map(lambda n: f"{n}.25"),
        "income": st.integers(10_000, 50_000).map(str),
        "grade": st.one_of(st.sampled_from("优良中差"), st.integers(0, 100).map(str)),
        "last": st.integers(0, 20_000).map(lambda n: f"{n // 100}.{n % 100:02d}"),
    }
    rows = tuple(Datum(key, code, draw(values), "x", "2025-12-31") for key, values in data.items() for code in codes)
    pool = draw(st.integers(10_000, 40_000 if scheme.rounding.mode.by_divisor else 10**9))
    return Inputs("x", "", "", "2026-09-16", "p", "", pool, scheme, tuple(Unit(c, c) for c in codes), rows)


@st.composite
def roundings(draw: st.DrawFn, codes: list[str], *, divisors: bool) -> Rounding:
    """Any rounding; a divisor method with units so large that its oracle may count them one by one."""
    chosen = draw(st.sampled_from([m for m in Mode if divisors or not m.by_divisor]))
    unit = draw(st.sampled_from([100, 1_000] if chosen.by_divisor else [1, 100, 10_000]))
    return Rounding(chosen, unit, draw(st.sampled_from(["largest_remainder", "largest", codes[-1]])))


def case(pool_fen: int, scheme: Scheme, data: dict[str, dict[str, str]], units: tuple[str, ...] = SIX) -> Case:
    return Case(pool_fen, scheme, units, data)

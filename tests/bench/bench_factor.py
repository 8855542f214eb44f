"""The factor engine at 3,000 units by 20 factors: split with floors and caps, sensitivity, decomposition."""

from __future__ import annotations

import random
from dataclasses import replace

from allocation.factor.causes import decompose
from allocation.factor.scheme import Bound, Factor, Fixed, Form, Grade, Kind, Part, Reserve, Scheme
from allocation.factor.whatif import Case, sensitivity
from quzhou_migrants.kernel.money import FEN_EXACT, Mode, Rounding
from tests.bench.harness import Figure, timed

UNITS, FACTORS, SEED = 3_000, 20, 7
POOL_FEN = 987_654_321_00
GRADES = (Grade("A", "1.1"), Grade("B", "1"), Grade("C", "0.8"))


def the_case() -> Case:
    """Every transform, a reserve, fixed amounts, floors, caps and bands that bind hundreds of units."""
    rng = random.Random(SEED)
    units = tuple(f"{330802000000 + n}" for n in range(UNITS))
    forms = [Form.DIRECT, Form.INVERSE, Form.DIRECT, Form.GAP, Form.DIRECT, Form.GRADE, Form.INVERSE]
    factors = [
        Factor(
            f"f{n}",
            f"factor {n}",
            "",
            Part.BASE if n < 14 else Part.PERFORMANCE,
            500,
            forms[n % len(forms)],
            times="f0" if n == 19 else "",
            places=2,
            least="0.01",
            per="f2" if n in {4, 6} else "",
            grades=GRADES if forms[n % len(forms)] is Form.GRADE else (),
        )
        for n in range(FACTORS)
    ]
    last = Factor("last", "last year", "", Part.BASE, 0, places=2)
    data = {
        f.key: {u: rng.choice("ABC") if f.grades else f"{rng.randrange(100, 10**6) / 100:.2f}" for u in units}
        for f in factors
    }
    data["last"] = {u: f"{rng.randrange(200_000, 450_000)}.00" for u in units}
    bounds = (
        Bound(Kind.FLOOR, fen=22_000_000),
        Bound(Kind.CAP, fen=48_000_000),
        Bound(Kind.LOSS, bp=2_500),
        Bound(Kind.GAIN, bp=6_000),
    )
    scheme = Scheme(
        "bench", 7_000, 3_000, (*factors, last), FEN_EXACT, 8, Reserve(bp=100), (Fixed("", 1_000_00),), bounds, "last"
    )
    return Case(POOL_FEN, scheme, units, data)


def measure() -> list[Figure]:
    """Each is proven every time: sums, bounds, columns that close."""
    case = the_case()
    other = replace(case, pool_fen=POOL_FEN - 1_000_000_00, data={**case.data, "f0": case.data["f2"]})
    seats = replace(case, scheme=replace(case.scheme, rounding=Rounding(Mode.WEBSTER, 100)))

    def split(what: Case) -> None:
        made = what.made()
        whole = sum(made.split.shares.values()) + made.split.reserve_fen == what.pool_fen
        if not whole or len(made.rounds) < 3 or not all(made.limits[u].holds(v) for u, v in made.split.shares.items()):
            raise AssertionError(len(made.rounds))

    def hang() -> None:
        found = sensitivity(case)
        if found.stopped or any(sum(c.values()) for c in found.columns.values()) or len(found.columns) != FACTORS:
            raise AssertionError

    def why() -> None:
        rows = decompose(case, other).rows
        causes = ("fixed_fen", "pool_fen", "weight_fen", "data_fen", "bounds_fen", "rounding_fen")
        if any(sum(getattr(r, c) for c in causes) != r.change_fen for r in rows):
            raise AssertionError

    return [
        Figure(
            "split 3,000 units x 20 factors, floors and caps", "ms", aim=200, **timed(lambda: split(case), scale=1000)
        ),
        Figure("the same by a divisor method", "ms", **timed(lambda: split(seats), scale=1000)),
        Figure("sensitivity of 3,000 units to 20 weights", "s", aim=2, **timed(hang, runs=3)),
        Figure("causes of change of 3,000 units", "s", **timed(why, runs=3)),
    ]

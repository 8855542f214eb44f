"""A second reading of allocation/factor/FORMAT.md: plain fractions, no line shared with the engine.

It takes the exported file's `frozen` as a dictionary and gives its `result`, or None where the
format says that the calculation stops.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor
from typing import Any

Amounts = dict[str, Fraction]
SQUARED = {
    "jefferson": lambda h: Fraction((h + 1) ** 2),
    "webster": lambda h: Fraction((2 * h + 1) ** 2),
    "hill": lambda h: Fraction(h * (h + 1)),
    "dean": lambda h: Fraction(2 * h * (h + 1), 2 * h + 1) ** 2,
    "adams": lambda h: Fraction(h * h),
}


def recompute(frozen: dict[str, Any]) -> dict[str, Any] | None:
    scheme, pool = frozen["scheme"], frozen["pool_fen"]
    units = sorted(u["code"] for u in frozen["units"])
    values = {(d["factor"], d["unit"]): d["value"] for d in frozen["data"]}
    rounding = scheme["rounding"]
    keep = scheme.get("reserve", {"fen": 0, "bp": 0})
    size = rounding["unit_fen"]
    reserve = keep["fen"] + floor(Fraction(pool * keep["bp"], 10_000) / size) * size
    fixed = {u: sum(f["fen"] for f in scheme.get("fixed", []) if f["unit"] in ("", u)) for u in units}
    left = pool - reserve - sum(fixed.values())
    if left < 0:
        return None
    shares = {"base": Fraction(scheme["base_bp"]), "performance": Fraction(scheme["performance_bp"])}
    plain = {"mode": "largest_remainder", "unit_fen": size, "residual": "largest_remainder"}
    pools = share(left, shares, plain, {})
    parts = {}
    for part in ("base", "performance"):
        factors = [f for f in scheme["factors"] if f["part"] == part and f["weight_bp"]]
        if factors:
            weight = dict.fromkeys(units, Fraction(0))
            for f in factors:
                own = strength(f, scheme, units, values)
                if not sum(own.values()):
                    return None
                for u in units:
                    weight[u] += f["weight_bp"] * own[u] / sum(own.values())
            parts[part] = share(pools[part], weight, rounding, {})
    before = {u: fixed[u] + sum(p[u] for p in parts.values()) for u in units}
    after = bounded(before, fixed, scheme, pool - reserve, values)
    if after is None:
        return None
    result: dict[str, Any] = {"pool_fen": pool, "part_pools": {p: sum(own.values()) for p, own in parts.items()}}
    two = frozen["format"].endswith("/2")
    result["shares"] = {
        u: {
            **{p: parts.get(p, {}).get(u, 0) for p in ("base", "performance")},
            **({"fixed": fixed[u], "adjusted": after[u] - before[u]} if two else {}),
            "total": after[u],
        }
        for u in units
    }
    return {**result, "reserve_fen": reserve} if two else result


def half_up(value: Fraction, places: int) -> Fraction:
    return Fraction(floor(value * 10**places + Fraction(1, 2)), 10**places)


def strength(f: dict[str, Any], scheme: dict[str, Any], units: list[str], values: dict[Any, str]) -> Amounts:
    by_key, places = {g["key"]: g for g in scheme["factors"]}, scheme["inverse_places"]

    def value(g: dict[str, Any], u: str) -> Fraction:
        text = values[g["key"], u]
        if g["form"] != "grade":
            return Fraction(text)
        for grade in g["grades"]:
            if grade["name"] == text:
                return Fraction(grade["coefficient"])
        begun = [x for x in g["grades"] if x["least"] and Fraction(x["least"]) <= Fraction(text)]
        return Fraction(max(begun, key=lambda x: Fraction(x["least"]))["coefficient"])

    own = {u: value(f, u) for u in units}
    if f.get("per"):
        own = {u: half_up(own[u] / value(by_key[f["per"]], u), places) for u in units}
    if f["form"] == "inverse":
        if not all(own.values()):
            return dict.fromkeys(units, Fraction(0))
        own = {u: half_up(min(own.values()) / own[u], places) for u in units}
    if f["form"] == "gap":
        own = {u: max(own.values()) - own[u] for u in units}
    return {u: own[u] * value(by_key[f["times"]], u) for u in units} if f["times"] else own


def limits(scheme: dict[str, Any], base: int, last: dict[str, int]) -> tuple[dict[str, int], dict[str, int]]:
    low, high = dict.fromkeys(last, 0), dict.fromkeys(last, 10**30)
    for b in scheme.get("bounds", []):
        part = Fraction(base * b["bp"], 10_000) + b["fen"]
        for u in [b["unit"]] if b["unit"] else last:
            fall, rise = (Fraction(last[u] * (10_000 + sign * b["bp"]), 10_000) for sign in (-1, 1))
            if b["kind"] == "floor" or (b["kind"] == "loss" and last[u]):
                low[u] = max(low[u], ceil(part if b["kind"] == "floor" else fall))
            elif b["kind"] == "cap" or (b["kind"] == "gain" and last[u]):
                high[u] = min(high[u], floor(part if b["kind"] == "cap" else rise))
    return low, high


def bounded(
    before: dict[str, int], fixed: dict[str, int], scheme: dict[str, Any], base: int, values: dict[Any, str]
) -> dict[str, int] | None:
    units = list(before)
    last = {u: int(Fraction(values[scheme["against"], u]) * 100) if scheme.get("against") else 0 for u in units}
    low, high = limits(scheme, base, last)
    if all(low[u] <= before[u] <= high[u] for u in units):
        return before
    size = scheme["rounding"]["unit_fen"]
    due = {u: before[u] - fixed[u] for u in units}
    least = {u: max(0, ceil(Fraction(low[u] - fixed[u], size)) * size) for u in units}
    most = {u: floor(Fraction(high[u] - fixed[u], size)) * size for u in units}
    most = {u: most[u] if due[u] else min(most[u], least[u]) for u in units}
    whole = sum(due.values())
    if any(least[u] > most[u] for u in units) or not sum(least.values()) <= whole <= sum(most.values()):
        return None
    got = {u: least[u] for u in units if not due[u]}
    while free := [u for u in units if u not in got]:
        left = whole - sum(got.values())
        exact = {u: Fraction(left * due[u], sum(due[x] for x in free)) for u in free}
        below = {u: least[u] for u in free if exact[u] < least[u]}
        above = {u: most[u] for u in free if exact[u] > most[u]}
        lacking = sum(below[u] - exact[u] for u in below)
        over = sum(exact[u] - above[u] for u in above)
        if not below and not above:
            rule = dict(scheme["rounding"])
            if rule["residual"] in units and rule["residual"] not in free:
                rule["residual"] = "largest"
            got |= share(left, {u: Fraction(due[u]) for u in free}, rule, {u: (least[u], most[u]) for u in free})
            break
        got |= (below if lacking >= over else {}) | (above if over >= lacking else {})
    return {u: got[u] + fixed[u] for u in units}


def share(pool: int, weight: Amounts, rounding: dict[str, Any], limits: dict[str, tuple[int, int]]) -> dict[str, int]:
    size, mode, residual = rounding["unit_fen"], rounding["mode"], rounding["residual"]
    keys = sorted(weight)
    room = {k: limits.get(k, (0, 10**30)) for k in keys}
    if mode in SQUARED:
        got, order = one_by_one(pool // size, weight, mode, {k: (a // size, b // size) for k, (a, b) in room.items()})
        got = {k: n * size for k, n in got.items()}
        step = size
        if residual != "largest_remainder":
            order = sorted(keys, key=lambda k: (k != residual, -weight[k], k))
    else:
        exact = {k: pool * weight[k] / sum(weight.values()) / size for k in keys}
        up = {
            "floor": floor,
            "largest_remainder": floor,
            "half_up": lambda x: floor(x + Fraction(1, 2)),
            "half_even": round,
        }[mode]
        got = {k: up(exact[k]) * size for k in keys}
        order = sorted(keys, key=lambda k: (got[k] - exact[k] * size, k))
        step = size
        if mode != "largest_remainder" and residual != "largest_remainder":
            order, step = sorted(keys, key=lambda k: (k != residual, -weight[k], k)), 10**30
    left = pool - sum(got.values())
    turn = order if left > 0 or step > size else order[::-1]
    while left:
        for k in turn:
            move = min(step, abs(left), room[k][1] - got[k] if left > 0 else got[k] - room[k][0])
            got[k] += move if left > 0 else -move
            left -= move if left > 0 else -move
    return got


def one_by_one(
    seats: int, weight: Amounts, mode: str, room: dict[str, tuple[int, int]]
) -> tuple[dict[str, int], list[str]]:
    """Hand seats out one by one; give what everybody holds and who would be next."""
    held = {k: room[k][0] for k in weight}

    def claim(k: str) -> tuple[Any, ...]:
        by = SQUARED[mode](held[k])
        return (1, -(weight[k] ** 2) / by, k) if by else (0, -weight[k], k)

    for _ in range(seats - sum(held.values())):
        held[min((k for k in weight if weight[k] and held[k] < room[k][1]), key=claim)] += 1
    return held, sorted(weight, key=lambda k: (not weight[k], claim(k)))

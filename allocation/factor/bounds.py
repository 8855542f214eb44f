"""Floors, caps and bands against last year: who is bound, and the rest spread anew, exactly, to an end.

Each round shares what is left among the free units in proportion to their provisional shares. If
floors lack more than caps cut, those below their floor are set to it; if caps cut more, those above
their cap; if both weigh the same, all of them. A unit once set stays set, so there are at most as
many rounds as units, and the result is the only one in which every free unit keeps its proportion.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from allocation.factor.scheme import WHOLE, Bound, Kind, Scheme
from quzhou_migrants.kernel.errors import Finding
from quzhou_migrants.kernel.money import Fen, Mode, Rounding, apportion

_FLOORS = frozenset({Kind.FLOOR, Kind.LOSS})
_PLAIN = frozenset({Kind.FLOOR, Kind.CAP})


@dataclass(frozen=True, slots=True)
class Limit:
    """The floor and the cap of one unit's whole share, and the bounds they come from. Units: fen."""

    floor_fen: Fen = 0
    cap_fen: Fen | None = None
    floor: Bound | None = None
    cap: Bound | None = None

    def holds(self, fen: Fen) -> bool:
        """Tell whether a share lies within."""
        return self.floor_fen <= fen and (self.cap_fen is None or fen <= self.cap_fen)


@dataclass(frozen=True, slots=True)
class Room:
    """What one unit may get from the money that is spread, in whole units of rounding. Units: fen."""

    least_fen: Fen
    most_fen: Fen | None


@dataclass(frozen=True, slots=True)
class Round:
    """One round: what was left for the free units, their provisional shares together, and who was set to what."""

    left_fen: Fen
    weight_fen: Fen
    free: tuple[str, ...]
    at_floor: Mapping[str, Fen]
    at_cap: Mapping[str, Fen]


def limits(scheme: Scheme, spread_fen: Fen, last: Mapping[str, Fen], units: Sequence[str]) -> dict[str, Limit]:
    """Give each unit the tightest floor and cap that bind it; those no bound names are free.

    `spread_fen` is the pool less the reserve, the base of floors and caps in basis points.
    """
    plain = {n: _amount(b, spread_fen, 0) for n, b in enumerate(scheme.bounds) if b.kind in _PLAIN}
    found = {}
    for unit in units:
        before = last.get(unit, 0)
        floor: tuple[Fen, Bound | None] = (0, None)
        cap: tuple[Fen | None, Bound | None] = (None, None)
        for n, b in enumerate(scheme.bounds):
            if (b.unit and b.unit != unit) or (n not in plain and not before):
                continue
            fen = plain[n] if n in plain else _amount(b, spread_fen, before)
            if b.kind in _FLOORS and (floor[1] is None or fen > floor[0]):
                floor = (fen, b)
            elif b.kind not in _FLOORS and (cap[0] is None or fen < cap[0]):
                cap = (fen, b)
        found[unit] = Limit(floor[0], cap[0], floor[1], cap[1])
    return found


def _amount(b: Bound, spread_fen: Fen, last_fen: Fen) -> Fen:
    """Work out a bound in whole fen: floors rounded up, caps cut, so that both are kept."""
    match b.kind:
        case Kind.FLOOR:
            return b.fen - (-spread_fen * b.bp // WHOLE)
        case Kind.CAP:
            return b.fen + spread_fen * b.bp // WHOLE
        case Kind.LOSS:
            return -(-last_fen * (WHOLE - b.bp) // WHOLE)
        case Kind.GAIN:
            return last_fen * (WHOLE + b.bp) // WHOLE


def rooms(
    bound: Mapping[str, Limit], fixed: Mapping[str, Fen], provisional: Mapping[str, Fen], unit_fen: Fen
) -> dict[str, Room]:
    """Turn limits of whole shares into room for what is spread, in whole rounding units.

    A unit that gets nothing by the factors cannot be given more than its floor: there is no
    proportion to go by.
    """
    found = {}
    for unit, limit in bound.items():
        own = fixed.get(unit, 0)
        least = max(0, -(-(limit.floor_fen - own) // unit_fen) * unit_fen)
        most = None if limit.cap_fen is None else (limit.cap_fen - own) // unit_fen * unit_fen
        if not provisional[unit]:
            most = least if most is None else min(least, most)
        found[unit] = Room(least, most)
    return found


def conflicts(pool_fen: Fen, bound: Mapping[str, Limit], room: Mapping[str, Room]) -> list[Finding]:
    """Find why no split can respect all bounds.

    Codes: ALC-224 (a unit's floor above its cap), ALC-225 (floors need more than there is),
    ALC-226 (caps hold less than there is). Units: fen.
    """
    found = [
        Finding("ALC-224", unit, {"unit": unit, "floor": bound[unit].floor_fen, "cap": bound[unit].cap_fen or 0})
        for unit, r in room.items()
        if r.most_fen is not None and r.least_fen > r.most_fen
    ]
    if found:
        return found
    least = sum(r.least_fen for r in room.values())
    if least > pool_fen:
        found.append(Finding("ALC-225", "bounds", {"needed": least, "pool": pool_fen, "short": least - pool_fen}))
    if all(r.most_fen is not None for r in room.values()):
        most = sum(r.most_fen or 0 for r in room.values())
        if most < pool_fen:
            found.append(Finding("ALC-226", "bounds", {"held": most, "pool": pool_fen, "over": pool_fen - most}))
    return found


def respread(
    pool_fen: Fen, provisional: Mapping[str, Fen], room: Mapping[str, Room], rounding: Rounding
) -> tuple[dict[str, Fen], list[Round]]:
    """Spread a pool in proportion to provisional shares within everybody's room, and tell every round.

    Shape: ({unit: fen} summing to the pool, rounds). Only for rooms without `conflicts`.
    """
    placed = {u: room[u].least_fen for u in sorted(provisional) if not provisional[u]}
    free = [u for u in sorted(provisional) if provisional[u]]
    left, rounds = pool_fen - sum(placed.values()), []
    while free:
        step = _round(left, free, provisional, room)
        rounds.append(step)
        if not step.at_floor and not step.at_cap:
            break
        set_now = {**step.at_floor, **step.at_cap}
        placed |= set_now
        left -= sum(set_now.values())
        free = [u for u in free if u not in set_now]
    if free:
        within = {u: (room[u].least_fen, room[u].most_fen) for u in free}
        placed |= apportion(left, {u: provisional[u] for u in free}, _among(rounding, free), within)
    return dict(sorted(placed.items())), rounds


def _among(rounding: Rounding, free: Sequence[str]) -> Rounding:
    """A residual party that is itself bound takes nothing; then the greatest share does."""
    named = rounding.residual not in {Mode.LARGEST_REMAINDER.value, "largest"}
    if named and rounding.residual not in free:
        return Rounding(rounding.mode, rounding.unit_fen, "largest")
    return rounding


def _round(left: Fen, free: Sequence[str], provisional: Mapping[str, Fen], room: Mapping[str, Room]) -> Round:
    """Share what is left, see who would leave the room, and set the side that weighs more.

    All figures are kept times the free units' weight, so they are whole numbers.
    """
    weight = sum(provisional[u] for u in free)
    below, above, lacking = {}, {}, 0
    for u in free:
        exact, own = left * provisional[u], room[u]
        if exact < own.least_fen * weight:
            below[u] = own.least_fen
            lacking += own.least_fen * weight - exact
        elif own.most_fen is not None and exact > own.most_fen * weight:
            above[u] = own.most_fen
            lacking -= exact - own.most_fen * weight
    return Round(left, weight, tuple(free), below if lacking >= 0 else {}, above if lacking <= 0 else {})

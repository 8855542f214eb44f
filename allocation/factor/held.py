"""How bounds were kept, round by round, with the figures a pocket calculator needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from allocation.factor.bounds import Limit, Room, Round, rooms
from allocation.factor.frozen import Inputs
from allocation.factor.rules import Made, last_shares
from allocation.factor.scheme import Bound
from allocation.factor.written import in_yuan
from quzhou_migrants.kernel.money import Fen


@dataclass(frozen=True, slots=True)
class LimitRow:
    """One unit before bounds: what it was given last year, its provisional share, its floor and cap. Units: fen."""

    code: str
    name: str
    last_fen: Fen
    provisional_fen: Fen
    floor_fen: Fen
    cap_fen: Fen | None
    floor: Bound | None
    cap: Bound | None

    @property
    def verdict(self) -> str:
        """Tell how the provisional share stands: below, above, within."""
        if self.provisional_fen < self.floor_fen:
            return "below"
        return "above" if self.cap_fen is not None and self.provisional_fen > self.cap_fen else "within"


@dataclass(frozen=True, slots=True)
class SpreadRow:
    """One free unit in one round: its weight, what the round would give it, its room, what follows."""

    code: str
    name: str
    weight_fen: Fen
    exact: str
    least_fen: Fen
    most_fen: Fen | None
    verdict: str


@dataclass(frozen=True, slots=True)
class SpreadRound:
    """One round: what was left, the free units' weight, what floors lack and caps cut, and each unit."""

    number: int
    left_fen: Fen
    weight_fen: Fen
    lacking: str
    cut: str
    rows: tuple[SpreadRow, ...]


@dataclass(frozen=True, slots=True)
class HeldRow:
    """One unit at the end: from provisional to final. `exact` is what it came to before rounding. Units: fen."""

    code: str
    name: str
    provisional_fen: Fen
    exact: str
    fixed_fen: Fen
    final_fen: Fen

    @property
    def adjusted_fen(self) -> Fen:
        """Give what bounds gave (+) or took (-)."""
        return self.final_fen - self.provisional_fen


@dataclass(frozen=True, slots=True)
class Held:
    """All of it. Without rounds every provisional share lies within its bounds already."""

    limits: tuple[LimitRow, ...]
    rounds: tuple[SpreadRound, ...]
    rows: tuple[HeldRow, ...]


def held(inputs: Inputs, made: Made) -> Held | None:
    """Write out how bounds were kept; None for a scheme without any."""
    if not inputs.scheme.bounds:
        return None
    names = {u.code: u.name for u in inputs.in_order}
    final, last = made.split.shares, last_shares(inputs.scheme, made.sheet)
    before = {u: fen - made.split.adjusted.get(u, 0) for u, fen in final.items()}
    limits = tuple(_limit(code, names, last, before, made.limits[code]) for code in names)
    provisional = {u: fen - made.split.fixed.get(u, 0) for u, fen in before.items()}
    room = rooms(made.limits, made.split.fixed, provisional, inputs.scheme.rounding.unit_fen)
    rounds = tuple(_round(n, step, names, provisional, room) for n, step in enumerate(made.rounds, start=1))
    exact = {r.code: r.exact for step in rounds for r in step.rows if r.verdict == "free"}
    fixed = {code: made.split.fixed.get(code, 0) for code in names}
    rows = tuple(
        HeldRow(
            code,
            name,
            before[code],
            exact[code] if code in exact else in_yuan(Fraction(final[code] - fixed[code])),
            fixed[code],
            final[code],
        )
        for code, name in names.items()
    )
    return Held(limits, rounds, rows)


def _limit(
    code: str, names: Mapping[str, str], last: Mapping[str, Fen], before: Mapping[str, Fen], own: Limit
) -> LimitRow:
    return LimitRow(code, names[code], last.get(code, 0), before[code], own.floor_fen, own.cap_fen, own.floor, own.cap)


def _round(
    number: int, step: Round, names: Mapping[str, str], provisional: Mapping[str, Fen], room: Mapping[str, Room]
) -> SpreadRound:
    exact = {u: Fraction(step.left_fen * provisional[u], step.weight_fen) for u in step.free}
    lacking = sum((max(room[u].least_fen - x, Fraction(0)) for u, x in exact.items()), Fraction(0))
    over = {u: x - most for u, x in exact.items() if (most := room[u].most_fen) is not None and x > most}
    rows = tuple(
        SpreadRow(
            u,
            names[u],
            provisional[u],
            in_yuan(exact[u]),
            room[u].least_fen,
            room[u].most_fen,
            "floor" if u in step.at_floor else "cap" if u in step.at_cap else "free",
        )
        for u in step.free
    )
    cut = in_yuan(sum(over.values(), Fraction(0)))
    return SpreadRound(number, step.left_fen, step.weight_fen, in_yuan(lacking), cut, rows)

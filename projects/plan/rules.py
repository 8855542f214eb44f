"""May this plan be approved, adjusted, left standing? Money named, shares kept, entries valid, time kept.

Source: 衢政办发〔2016〕65号 二(二)1 (supported projects are drawn from the reserve as a rule),
二(三)1 (money without a project in time is planned anew by the county), 二(三)2 (more for 创业致富).
"""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from projects.rules import Bound, Line
from quzhou_migrants.kernel.errors import Problem, Refused
from quzhou_migrants.kernel.money import Fen, total

FULL_BP = 10_000
STARTUP, INDUSTRY = "startup", "industry"


@dataclass(frozen=True, slots=True)
class Item:
    """One project in a plan. Shape: `groups` are the shares it counts for. Units: fen."""

    project: int
    title: str
    amount_fen: Fen
    asked_fen: Fen
    outside: bool
    allowed: bool
    valid_until: date | None
    eligible: bool = True
    groups: frozenset[str] = frozenset()
    township: str = ""


@dataclass(frozen=True, slots=True)
class PlanRules:
    """What the pack asks of a plan. Units: basis points of the money named, months, days."""

    startup_floor: Bound[int]
    industry_floor: Bound[int]
    township_ceiling: Bound[int]
    startup_ways: frozenset[str]
    notice_needed: bool
    adjustment_notice_needed: bool
    start_months: Bound[int]
    contract_months: Bound[int]
    warn_days: int
    ready_papers: tuple[str, ...]


def groups_of(category: str, way: str, startup_ways: frozenset[str]) -> frozenset[str]:
    """Name the shares a project counts for."""
    found = {INDUSTRY} if category == INDUSTRY else set()
    return frozenset(found | ({STARTUP} if way in startup_ways else set()))


def planned_fen(items: Iterable[Item]) -> Fen:
    """Money the items take together."""
    return total(i.amount_fen for i in items)


def left_fen(money_fen: Fen, items: Iterable[Item]) -> Fen:
    """Money named and not yet planned; negative when the plan takes too much."""
    return money_fen - planned_fen(items)


def share_of(money_fen: Fen, bp: int) -> Fen:
    """What a share of the money comes to, a broken fen counted as a whole one. Units: fen, basis points."""
    return -(-money_fen * bp // FULL_BP)


def check_item(item: Item, money_fen: Fen, items: Sequence[Item]) -> None:
    """Refuse an item that asks for nothing, more than was applied for, or more than is left.

    Raises: Refused PRJ-311, PRJ-312, PRJ-313.
    """
    if item.amount_fen <= 0:
        raise Refused("PRJ-311", field="amount_fen")
    if item.amount_fen > item.asked_fen:
        facts = {"title": item.title, "amount": item.amount_fen, "asked": item.asked_fen}
        raise Refused("PRJ-312", field="amount_fen", **facts)
    left = left_fen(money_fen, items)
    if item.amount_fen > left:
        raise Refused("PRJ-313", field="amount_fen", title=item.title, amount=item.amount_fen, left=left)


def shares(items: Sequence[Item], money_fen: Fen, rules: PlanRules) -> list[Line]:
    """Explain every floor and ceiling of the pack against what is chosen, whether it holds or not.

    Shape: facts have (fen), share (basis points, cut), need (fen), bp, short (fen missing or too much), place.
    """
    return [
        _floor("PRJ-341", STARTUP, items, money_fen, rules.startup_floor),
        _floor("PRJ-342", INDUSTRY, items, money_fen, rules.industry_floor),
        _ceiling("PRJ-343", items, money_fen, rules.township_ceiling),
    ]


def _floor(code: str, group: str, items: Sequence[Item], money_fen: Fen, bound: Bound[int]) -> Line:
    have = total(i.amount_fen for i in items if group in i.groups)
    need = share_of(money_fen, bound.value)
    facts = _facts(have, money_fen, need, bound.value) | {"short": max(need - have, 0), "place": ""}
    return Line(code, group, have >= need, bound.source, bound.confirmed, facts)


def _ceiling(code: str, items: Sequence[Item], money_fen: Fen, bound: Bound[int]) -> Line:
    place, have = max(by_township(items), key=lambda t: t[1], default=("", 0))
    most = money_fen * bound.value // FULL_BP
    facts = _facts(have, money_fen, most, bound.value) | {"short": max(have - most, 0), "place": place}
    return Line(code, "township", have <= most, bound.source, bound.confirmed, facts)


def _facts(have: Fen, money_fen: Fen, need: Fen, bp: int) -> dict[str, int]:
    return {"have": have, "share": have * FULL_BP // money_fen, "need": need, "bp": bp}


def by_township(items: Sequence[Item]) -> list[tuple[str, Fen]]:
    """Sum the items by township, the most first, ties by name. Shape: [(township, fen)]."""
    sums: dict[str, Fen] = defaultdict(int)
    for item in items:
        sums[item.township] += item.amount_fen
    return sorted(sums.items(), key=lambda t: (-t[1], t[0]))


def departures(lines: Sequence[Line]) -> list[Line]:
    """List the shares that nobody confirmed for this place and that the plan does not keep.

    They do not bar a plan, but whoever approves it says why.
    """
    return [line for line in lines if not line.holds and not line.confirmed]


def check_plan(items: Sequence[Item], money_fen: Fen, today: date, lines: Sequence[Line] = ()) -> list[Problem]:
    """List everything that keeps a plan from being approved; an empty list lets it pass."""
    found: list[Problem] = []
    if not items:
        found.append(Problem("PRJ-321"))
    if left_fen(money_fen, items) < 0:
        facts = {"planned": planned_fen(items), "money": money_fen}
        found.append(Problem("PRJ-322", "", facts))
    for item in items:
        if not item.eligible:
            found.append(Problem("PRJ-325", "", {"title": item.title}))
        if item.outside and not item.allowed:
            found.append(Problem("PRJ-323", "", {"title": item.title}))
        if item.valid_until is not None and item.valid_until < today:
            found.append(Problem("PRJ-324", "", {"title": item.title, "until": item.valid_until}))
    return found + [Problem(line.code, "", line.facts) for line in lines if not line.holds and line.confirmed]


@dataclass(frozen=True, slots=True)
class Shown:
    """A public notice: whether it is closed, and its last day."""

    closed: bool
    ends_on: date


def check_notice(notice: Shown | None, waiting: int, *, needed: bool) -> list[Problem]:
    """List what of a public notice keeps back what it is about.

    Where none is asked for, one that was put up all the same has to be finished.
    Units: `waiting` objections without an answer.
    """
    found = [Problem("PRJ-510", "", {"left": waiting})] if waiting else []
    if notice is None:
        return found + ([Problem("PRJ-328")] if needed else [])
    return found + ([] if notice.closed else [Problem("PRJ-330", "", {"ends": notice.ends_on})])


@dataclass(frozen=True, slots=True)
class Change:
    """One line of an adjustment: what the plan gives a project now and what it is to give. Units: fen."""

    project: int
    title: str
    before_fen: Fen
    after_fen: Fen
    asked_fen: Fen
    eligible: bool
    movable: bool

    @property
    def kind(self) -> str:
        """add, drop or change."""
        return "add" if not self.before_fen else "change" if self.after_fen else "drop"


def check_adjustment(changes: Sequence[Change], standing: Sequence[Item], money_fen: Fen) -> list[Problem]:
    """List everything that keeps an adjustment from being approved.

    A project enters from the reserve, leaves or changes only while no money was awarded to it, never
    gets more than it asked for; the plan as adjusted stays within its money and names each amount as
    the adjustment says it is today.
    """
    found: list[Problem] = [] if changes else [Problem("PRJ-351")]
    now = {i.project: i.amount_fen for i in standing}
    for c in changes:
        named: dict[str, Any] = {"title": c.title}
        if now.get(c.project, 0) != c.before_fen:
            found.append(Problem("PRJ-352", "", named))
        elif c.kind == "add" and not c.eligible:
            found.append(Problem("PRJ-325", "", named))
        elif c.kind != "add" and not c.movable:
            found.append(Problem("PRJ-353", "", named))
        if c.after_fen > c.asked_fen:
            found.append(Problem("PRJ-312", "", named | {"amount": c.after_fen, "asked": c.asked_fen}))
    planned = planned_fen(standing) + total(c.after_fen - c.before_fen for c in changes)
    if planned > money_fen:
        found.append(Problem("PRJ-322", "", {"planned": planned, "money": money_fen}))
    return found


def months_after(day: date, months: int) -> date:
    """The same day some months later; where the month has no such day, its last one."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def lapsed(since: date, months: int, today: date) -> bool:
    """Tell whether the last day of a term is over: it ends with the same day some months later."""
    return months_after(since, months) < today


def check_recall(awarded_on: date, months: int, today: date, *, given_up: bool) -> None:
    """Let an award be recalled once its term for a contract is over, or when the village gave the project up.

    Raises: Refused PRJ-361.
    """
    if not given_up and not lapsed(awarded_on, months, today):
        raise Refused("PRJ-361", field="given_up", months=months, until=months_after(awarded_on, months))


Ready = tuple[str, bool]


def readiness(papers: Iterable[str], needed: Sequence[str], *, located: bool, cared_for: bool) -> list[Ready]:
    """Say how ready a project is to begin. Shape: [(point, met)], the papers of the pack first."""
    there = set(papers)
    return [*((kind, kind in there) for kind in needed), ("place", located), ("caretaker", cared_for)]


@dataclass(frozen=True, slots=True)
class Measure:
    """One row of a comparison: the same figure of every variant, and which of them are best."""

    key: str
    values: tuple[int, ...]
    best: frozenset[int]


_MEASURES: tuple[tuple[str, bool, Callable[[dict[str, int]], int]], ...] = (
    ("projects", True, lambda f: f["projects"]),
    ("planned", True, lambda f: f["planned"]),
    ("left", False, lambda f: f["left"]),
    ("startup", True, lambda f: f["startup"]),
    ("industry", True, lambda f: f["industry"]),
    ("townships", True, lambda f: f["townships"]),
    ("migrants", True, lambda f: f["migrants"]),
    ("per_head", False, lambda f: f["planned"] // f["migrants"] if f["migrants"] else 0),
    ("ready", True, lambda f: f["ready"]),
    ("outside", False, lambda f: f["outside"]),
)
"""What variants are compared by; True: more is better."""


def compare(facts: Sequence[dict[str, int]]) -> list[Measure]:
    """Lay the figures of several variants side by side and mark the best of each row, unless all are the same."""
    rows = []
    for key, more, value in _MEASURES:
        values = tuple(value(f) for f in facts)
        top = (max if more else min)(values)
        best = frozenset(n for n, v in enumerate(values) if v == top)
        rows.append(Measure(key, values, best if len(best) < len(values) else frozenset()))
    return rows

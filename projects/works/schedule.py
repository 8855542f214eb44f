"""Planned against seen: the curve of a contract's milestones, and when works count as late.

Between two planned dates the plan runs straight; a milestone without a date ends with the contract.
Source: 政府投资条例 第二十四条 (works keep their term); 衢政办发〔2016〕65号 二(二)1 (进度清)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

FULL_BP = 10_000
WARN, ALARM = "warn", "alarm"
POINTS = 16


@dataclass(frozen=True, slots=True)
class Planned:
    """A milestone as agreed. Units: basis points."""

    weight_bp: int
    planned_on: date | None


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a curve. Units: basis points of the whole."""

    day: date
    bp: int


@dataclass(frozen=True, slots=True)
class Limits:
    """From when on works are late. Units: basis points behind the plan, calendar days."""

    warn_bp: int
    alarm_bp: int
    start_days: int
    quiet_days: int


@dataclass(frozen=True, slots=True)
class Works:
    """Where the works of one project stand. Units: basis points."""

    state: str
    starts_on: date
    ends_on: date
    steps: tuple[Planned, ...]
    progress_bp: int
    started_on: date | None = None
    seen_on: date | None = None


@dataclass(frozen=True, slots=True)
class Warning:  # noqa: A001 - the field's own word
    """One reason why works count as late, since when, how far. Units: basis points, days."""

    kind: str
    level: str
    since_on: date
    days: int
    behind_bp: int = 0


def curve(starts_on: date, ends_on: date, steps: Sequence[Planned]) -> list[Point]:
    """Draw the plan: nothing at the start, the sum of the weights at each planned date, never falling."""
    by_day: dict[date, int] = {}
    for step in steps:
        day = max(step.planned_on or ends_on, starts_on)
        by_day[day] = by_day.get(day, 0) + step.weight_bp
    points, total = [Point(starts_on, 0)], 0
    for day in sorted(by_day):
        total += by_day[day]
        points.append(Point(day, total))
    return points


def planned_on(points: Sequence[Point], day: date) -> int:
    """Give what the plan asks for on a day, cut to a whole basis point."""
    if day < points[0].day:
        return 0
    for a, b in pairwise(points):
        if a.day <= day < b.day:
            return a.bp + (b.bp - a.bp) * (day - a.day).days // (b.day - a.day).days
    return points[-1].bp


def day_of(points: Sequence[Point], bp: int) -> date:
    """Give the first day on which the plan asks for so much; its last day when it never does."""
    for a, b in pairwise(points):
        if b.bp >= bp:
            if b.bp == a.bp or b.day == a.day:
                return b.day
            span = (b.day - a.day).days
            return a.day + timedelta(days=-(-max(bp - a.bp, 0) * span // (b.bp - a.bp)))
    return points[-1].day


@dataclass(frozen=True, slots=True)
class Beside:
    """Plan and progress on one day; `seen_bp` None where nobody can know yet. Units: basis points."""

    day: date
    planned_bp: int
    seen_bp: int | None


def beside(points: Sequence[Point], seen: Sequence[Point], today: date, count: int = POINTS) -> list[Beside]:
    """Set plan and progress beside each other at even distances, so that a drawing shows time as it passes.

    Shape: at most `count` + 1 days from the start to the end or today, whichever is later; `seen` is in the
    order of its days, and what was seen holds until something else is seen.
    """
    first, last = points[0].day, max(points[-1].day, today)
    span = (last - first).days
    steps = min(count, span) or 1
    found: list[Beside] = []
    for day in sorted({first + timedelta(days=span * n // steps) for n in range(steps + 1)}):
        before = [p.bp for p in seen if p.day <= day]
        known = None if day > today else (before[-1] if before else 0)
        found.append(Beside(day, planned_on(points, day), known))
    return found


def warnings(works: Works, limits: Limits, today: date) -> list[Warning]:
    """Find every reason why works count as late today; works that stand still by order are not late."""
    if works.state == "contracted":
        return _not_begun(works, limits, today)
    if works.state != "building":
        return []
    return [*_behind(works, limits, today), *_overdue(works, today), *_quiet(works, limits, today)]


def _not_begun(works: Works, limits: Limits, today: date) -> list[Warning]:
    last = works.starts_on + timedelta(days=limits.start_days)
    if today <= last:
        return []
    level = ALARM if today > last + timedelta(days=limits.start_days) else WARN
    return [Warning("start", level, works.starts_on, (today - works.starts_on).days)]


def _behind(works: Works, limits: Limits, today: date) -> list[Warning]:
    points = curve(works.starts_on, works.ends_on, works.steps)
    behind = planned_on(points, today) - works.progress_bp
    if behind < limits.warn_bp:
        return []
    since = day_of(points, works.progress_bp)
    return [
        Warning("behind", ALARM if behind >= limits.alarm_bp else WARN, since, max((today - since).days, 0), behind)
    ]


def _overdue(works: Works, today: date) -> list[Warning]:
    if today <= works.ends_on:
        return []
    return [Warning("overdue", ALARM, works.ends_on, (today - works.ends_on).days)]


def _quiet(works: Works, limits: Limits, today: date) -> list[Warning]:
    last = max(d for d in (works.seen_on, works.started_on, works.starts_on) if d)
    days = (today - last).days
    return [Warning("quiet", WARN, last, days)] if days > limits.quiet_days else []

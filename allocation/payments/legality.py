"""What a payment schedule breaks of the national rules: looked at stage by stage.

A schedule is judged, never altered: the law decides which rule holds, a program only shows both.
Source: 财建〔2022〕183号 一、二; 财建〔2004〕369号 十二
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate

from allocation.payments.rules import WHOLE, Kind, Terms
from quzhou_migrants.kernel.policy import Packs


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a schedule: its kind, the finished value it waits for, what it pays. Units: basis points."""

    kind: Kind
    at_bp: int
    share_bp: int


@dataclass(frozen=True, slots=True)
class Limits:
    """The national limits in force on a day; None where there is none yet. Units: basis points."""

    progress_least_bp: int | None
    retention_most_bp: int | None
    advance_most_bp: int | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """One limit a stage breaks: which, what the schedule gives, what the limit is. Units: basis points."""

    name: str
    stage: int
    given_bp: int
    limit_bp: int


def judge(schedule: Sequence[Stage], limits: Limits) -> tuple[Fault, ...]:
    """Name every limit a schedule breaks, stage by stage (counted from 1).

    Progress: the running total at a stage against the value finished by then. Retention: what the
    schedule keeps back until its last stage. Advance: what is paid before any work.
    """
    faults: list[Fault] = []
    total = 0
    for number, stage in enumerate(schedule, 1):
        total += stage.share_bp
        faults += _stage(number, stage, total, limits)
    return tuple(faults)


def _stage(number: int, stage: Stage, total: int, limits: Limits) -> list[Fault]:
    if stage.kind is Kind.RETENTION:
        most = limits.retention_most_bp
        return [Fault("retention", number, stage.share_bp, most)] if most is not None and stage.share_bp > most else []
    if stage.kind in {Kind.ADVANCE, Kind.PREPAY}:
        most = limits.advance_most_bp
        return [Fault("advance", number, total, most)] if most is not None and total > most else []
    least = limits.progress_least_bp
    if least is None or not stage.at_bp:
        return []
    of_finished = total * WHOLE // stage.at_bp
    return [Fault("progress", number, of_finished, least)] if of_finished < least else []


def schedule_of(terms: Terms) -> tuple[Stage, ...]:
    """Write terms as stages, so that every scheme can be judged and shown the same way.

    Smooth progress is one stage at full value: what it pays of each finished part is the same.
    """
    first = terms.prepay_bp or terms.advance_bp
    stages = [Stage(Kind.PREPAY if terms.prepay_bp else Kind.ADVANCE, 0, first)] if first else []
    total = first
    for seen, running in terms.steps or [(WHOLE, terms.progress_bp)]:
        stages.append(Stage(Kind.PROGRESS, seen, max(0, running - total)))
        total = max(total, running)
    if terms.completion_bp > total:
        stages.append(Stage(Kind.COMPLETION, WHOLE, terms.completion_bp - total))
        total = terms.completion_bp
    stages.append(Stage(Kind.SETTLEMENT, WHOLE, max(0, WHOLE - terms.retention_bp - total)))
    if terms.retention_bp:
        stages.append(Stage(Kind.RETENTION, WHOLE, terms.retention_bp))
    return tuple(stages)


def running(schedule: Sequence[Stage]) -> tuple[tuple[int, Stage, int], ...]:
    """Number the stages of a schedule and give each its running total. Units: basis points."""
    totals = accumulate(stage.share_bp for stage in schedule)
    return tuple((number, stage, total) for number, (stage, total) in enumerate(zip(schedule, totals, strict=True), 1))


def limits_on(packs: Packs, day: date) -> Limits:
    """Read the national limits in force on a day from the widest pack."""
    return Limits(
        _bound(packs, "progress_bp", "least", day),
        _bound(packs, "retention_bp", "most", day),
        _bound(packs, "advance_bp", "most", day),
    )


def _bound(packs: Packs, name: str, side: str, day: date) -> int | None:
    national = (p for p in packs.history(f"allocation.payments.{name}") if p.since <= day)
    return next((getattr(p, side) for p in national), None)

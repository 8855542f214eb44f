"""The pack's parameters of intake, read once into the shapes that the rules take."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from projects.intake.answers import AnswerRules
from projects.intake.rules import DayKind, NoticeRule, ResolutionRule
from projects.rules import Bound
from quzhou_migrants.kernel.policy import Policies


@dataclass(frozen=True, slots=True)
class IntakeRules:
    """Everything that decides whether an application may be filed today."""

    months: tuple[int, ...]
    resolution: ResolutionRule
    notice: NoticeRule
    needed: tuple[str, ...]
    needed_source: str
    uses_source: str
    correction_days: int
    answers: AnswerRules


def intake_rules(policy: Policies) -> IntakeRules:
    """Read the rules of intake in force."""
    return IntakeRules(
        months=tuple(policy.get("projects.intake.window_months")),
        resolution=ResolutionRule(
            told_days=bound(policy, "told_days"),
            quorum=share(policy, "quorum"),
            majority=share(policy, "majority"),
            collective=share(policy, "collective"),
            representatives=share(policy, "representatives"),
            women=share(policy, "women"),
            meeting_days=bound(policy, "meeting_days"),
            villagers=share(policy, "villagers"),
            households=share(policy, "households"),
            assembly=bound(policy, "assembly"),
            delegated=bound(policy, "delegated"),
            supervised=bound(policy, "supervised"),
            collective_own=bound(policy, "collective_own_fen"),
        ),
        notice=NoticeRule(
            days=bound(policy, "notice_days"),
            kind=_kind(policy),
            first_day_counts=bound(policy, "notice_first_day"),
        ),
        needed=tuple(policy.get("projects.intake.required_files")),
        needed_source=policy.param("projects.intake.required_files").source,
        uses_source=policy.param("projects.intake.uses").source,
        correction_days=policy.whole("projects.intake.correction_days"),
        answers=AnswerRules(
            design_fen=bound(policy, "design_unit_fen"),
            contents_source=policy.param("projects.intake.uses").source,
        ),
    )


@dataclass(frozen=True, slots=True)
class WindowRules:
    """What moves a window and what is still possible after it. Units: days, working days."""

    months: tuple[int, ...]
    longest: Bound[int]
    ask_days: Bound[int]
    grant_days: Bound[int]
    remind_days: tuple[int, ...]


def window_rules(policy: Policies) -> WindowRules:
    """Read the rules of windows in force."""
    return WindowRules(
        months=tuple(policy.get("projects.intake.window_months")),
        longest=bound(policy, "extension_days"),
        ask_days=bound(policy, "late_ask_days"),
        grant_days=bound(policy, "late_grant_days"),
        remind_days=tuple(policy.get("projects.intake.reminder_days")),
    )


def bound(policy: Policies, name: str) -> Bound[Any]:
    """Give a parameter of this room with its clause."""
    param = policy.param(f"projects.intake.{name}")
    return Bound(param.value, param.source, param.confirmed)


def share(policy: Policies, name: str) -> Bound[Fraction]:
    """Give a parameter written as a fraction, such as 2/3, exactly."""
    param = policy.param(f"projects.intake.{name}")
    return Bound(Fraction(param.value), param.source, param.confirmed)


def _kind(policy: Policies) -> Bound[DayKind]:
    param = policy.param("projects.intake.notice_kind")
    return Bound(DayKind(param.value), param.source, param.confirmed)

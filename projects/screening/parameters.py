"""The pack's parameters of screening, read once into the shape that the checks take."""

from __future__ import annotations

from typing import Any

from projects.rules import Bound
from projects.screening.rules import ScreeningRule
from quzhou_migrants.kernel.policy import Policies


def screening_rule(policy: Policies) -> ScreeningRule:
    """Read every bound of screening in force."""
    return ScreeningRule(
        banned=_bound(policy, "projects.screening.banned_words"),
        uses=_bound(policy, "projects.intake.uses"),
        sector_first=_bound(policy, "projects.screening.sector_first"),
        caps=_bound(policy, "projects.screening.unit_caps"),
        years=_bound(policy, "projects.screening.overlap_years"),
        metres=_bound(policy, "projects.screening.overlap_metres"),
        likeness_bp=_bound(policy, "projects.screening.likeness_bp"),
        likeness_near_bp=_bound(policy, "projects.screening.likeness_near_bp"),
        common_words=tuple(policy.get("projects.screening.common_words")),
        thresholds=_bound(policy, "projects.screening.thresholds"),
        margin_bp=_bound(policy, "projects.screening.margin_bp"),
        split_years=_bound(policy, "projects.screening.split_years"),
        beside=_bound(policy, "projects.screening.split_metres"),
        papers_above=_bound(policy, "projects.screening.papers_above"),
        papers_of=_bound(policy, "projects.screening.papers_of"),
    )


def _bound(policy: Policies, key: str) -> Bound[Any]:
    param = policy.param(key)
    return Bound(param.value, param.source, param.confirmed)

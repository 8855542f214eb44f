"""The pack's parameters of the plan, read once into the shapes that the rules take."""

from __future__ import annotations

from typing import Any

from projects.plan.rules import PlanRules
from projects.rules import Bound
from quzhou_migrants.kernel.policy import Policies


def plan_rules(policy: Policies) -> PlanRules:
    """Read the rules of the plan in force."""
    return PlanRules(
        startup_floor=bound(policy, "startup_floor_bp"),
        industry_floor=bound(policy, "industry_floor_bp"),
        township_ceiling=bound(policy, "township_ceiling_bp"),
        startup_ways=frozenset(policy.get("projects.intake.startup_ways")),
        notice_needed=bool(policy.get("projects.plan.notice_needed")),
        adjustment_notice_needed=bool(policy.get("projects.plan.adjustment_notice_needed")),
        start_months=bound(policy, "start_months"),
        contract_months=bound(policy, "contract_months"),
        warn_days=policy.whole("projects.plan.warn_days"),
        ready_papers=tuple(policy.get("projects.plan.ready_papers")),
    )


def bound(policy: Policies, name: str) -> Bound[Any]:
    """Give a parameter of this room with its clause."""
    param = policy.param(f"projects.plan.{name}")
    return Bound(param.value, param.source, param.confirmed)

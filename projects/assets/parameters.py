"""The pack's parameters of acceptance and care, in the shapes that the rules take."""

from __future__ import annotations

from typing import Any

from projects.assets.rules import AcceptanceRules
from projects.rules import Bound
from quzhou_migrants.kernel.policy import Policies


def acceptance_rules(policy: Policies) -> AcceptanceRules:
    """Read the rules of acceptance in force."""
    return AcceptanceRules(
        simple_max=bound(policy, "simple_max"),
        simple_sides=_listed(policy, "simple_sides"),
        evidence=bound(policy, "evidence"),
        completion_papers=_listed(policy, "completion_papers"),
        warranty=bound(policy, "warranty_years"),
        check_months=bound(policy, "check_months"),
    )


def bound(policy: Policies, name: str) -> Bound[Any]:
    """Give a parameter of this room with its clause."""
    param = policy.param(f"projects.assets.{name}")
    return Bound(param.value, param.source, param.confirmed)


def _listed(policy: Policies, name: str) -> Bound[tuple[str, ...]]:
    found = bound(policy, name)
    return Bound(tuple(found.value), found.source, found.confirmed)

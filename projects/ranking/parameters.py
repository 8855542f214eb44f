"""Schemes between the pack, the database and the rules: the pack proposes, a published scheme is frozen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from projects.ranking.rules import Criterion, Scheme
from quzhou_migrants.kernel.policy import Policies

MEASURES = ("votes", "migrants", "low_income", "readiness", "cost", "own")
"""What the system can count by itself; `queries.candidates` gives a value for each."""


def pack_scheme(policy: Policies) -> Scheme:
    """Give the scheme that the pack proposes."""
    return Scheme(
        tuple(_criterion(policy, key) for key in policy.get("projects.ranking.criteria")),
        tuple(policy.get("projects.ranking.ties")),
    )


def _criterion(policy: Policies, key: str) -> Criterion:
    param = policy.param(f"projects.ranking.{key}")
    value = param.value
    return Criterion(
        key,
        param.title,
        value["unit"],
        int(value["weight_bp"]),
        Fraction(value["zero"]),
        Fraction(value["full"]),
        param.source,
        param.confirmed,
    )


def to_json(scheme: Scheme) -> tuple[str, str]:
    """Write criteria and tie rules as the database keeps them."""
    criteria = [
        {
            "key": c.key,
            "title": c.title,
            "unit": c.unit,
            "weight_bp": c.weight_bp,
            "zero": str(c.zero),
            "full": str(c.full),
            "source": c.source,
            "confirmed": c.confirmed,
        }
        for c in scheme.criteria
    ]
    return json.dumps(criteria, ensure_ascii=False), json.dumps(scheme.ties)


def from_row(row: Mapping[str, Any]) -> Scheme:
    """Read the scheme of a row."""
    return Scheme(
        tuple(
            Criterion(**{**one, "zero": Fraction(one["zero"]), "full": Fraction(one["full"])})
            for one in json.loads(row["criteria"])
        ),
        tuple(json.loads(row["ties"])),
    )

"""A succession is recorded, then carried out on or after its day, or given up; carried out, it stands."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from projects.permissions import P
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.states import Arrow, machine

Row = Mapping[str, Any]


class S(StrEnum):
    """States of a succession."""

    PENDING = "pending"
    APPLIED = "applied"
    CANCELLED = "cancelled"


def in_force(row: Row, facts: Row) -> None:
    """Nothing moves before the day of the document, nor while somebody still acts for the old village."""
    if row["effective_on"] > facts["today"]:
        raise Refused("PRJ-724", on=row["effective_on"])
    if facts["posts"]:
        raise Refused("PRJ-725", count=facts["posts"])


def has_reason(_row: Row, facts: Row) -> None:
    """Giving up is explained."""
    if not str(facts.get("reason") or "").strip():
        raise Refused("PRJ-205", field="reason")


SUCCESSION = machine(
    "SUCCESSION",
    S,
    S.PENDING,
    (
        Arrow(S.PENDING, "apply", S.APPLIED, P.SUCCEED, in_force),
        Arrow(S.PENDING, "cancel", S.CANCELLED, P.SUCCEED, has_reason),
    ),
)

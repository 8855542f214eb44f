"""The life of a parting: drafted, put into effect by another person, settled when what nobody won has flowed back."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from allocation.permissions import P
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.states import Arrow, machine

Row = Mapping[str, Any]


class S(StrEnum):
    """States of a parting."""

    DRAFT = "draft"
    PARTED = "parted"
    SETTLED = "settled"
    CANCELLED = "cancelled"


def has_reason(_row: Row, facts: Row) -> None:
    """Giving something up is always explained. Raises: Refused ALC-396."""
    if not str(facts.get("reason", "")).strip():
        raise Refused("ALC-396", field="reason")


def another_hand(row: Row, facts: Row) -> None:
    """Who drafted does not put into effect. Raises: Refused ALC-397."""
    if row["created_by"] is not None and row["created_by"] == facts["by"]:
        raise Refused("ALC-397")


MIXED = machine(
    "MIXED",
    S,
    S.DRAFT,
    (
        Arrow(S.DRAFT, "part", S.PARTED, P.APPROVE_MIXED, another_hand),
        Arrow(S.DRAFT, "cancel", S.CANCELLED, P.PREPARE_MIXED, has_reason),
        Arrow(S.PARTED, "settle", S.SETTLED, P.APPROVE_MIXED, has_reason),
        Arrow(S.PARTED, "undo", S.CANCELLED, P.APPROVE_MIXED, has_reason),
    ),
)

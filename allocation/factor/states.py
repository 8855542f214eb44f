"""The life of a factor run: data are gathered, frozen under a hash, approved by a second person."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from allocation.permissions import P
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.states import Arrow, machine


class S(StrEnum):
    """States of a run."""

    DRAFT = "draft"
    FROZEN = "frozen"
    APPROVED = "approved"
    CANCELLED = "cancelled"
    REVOKED = "revoked"


Row = Mapping[str, Any]


def is_whole(_row: Row, facts: Row) -> None:
    """Only inputs without a stopping finding are frozen, and only under their hash."""
    if not facts.get("sha256"):
        raise Refused("ALC-240")


def by_another(row: Row, facts: Row) -> None:
    """Whoever froze the inputs does not approve them."""
    if row["frozen_by"] is not None and row["frozen_by"] == facts.get("approver"):
        raise Refused("ALC-241")


def has_reason(_row: Row, facts: Row) -> None:
    """Taking a step back is always explained."""
    if not str(facts.get("reason") or "").strip():
        raise Refused("ALC-242", field="reason")


RUN = machine(
    "FACTOR_RUN",
    S,
    S.DRAFT,
    (
        Arrow(S.DRAFT, "freeze", S.FROZEN, P.PREPARE_FACTOR, is_whole),
        Arrow(S.FROZEN, "approve", S.APPROVED, P.APPROVE_FACTOR, by_another),
        Arrow(S.FROZEN, "reopen", S.DRAFT, P.PREPARE_FACTOR, has_reason),
        Arrow(S.FROZEN, "send_back", S.DRAFT, P.APPROVE_FACTOR, has_reason),
        Arrow(S.DRAFT, "cancel", S.CANCELLED, P.PREPARE_FACTOR, has_reason),
        Arrow(S.APPROVED, "revoke", S.REVOKED, P.APPROVE_FACTOR, has_reason),
    ),
)

"""A plan is drafted by a clerk, posted for everybody to see, approved by a leader with a document number.

Approved, it is changed only by an adjustment, which is decided by its own document.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from projects.permissions import P
from quzhou_migrants.kernel.errors import Invalid, Refused
from quzhou_migrants.kernel.states import Arrow, machine

Row = Mapping[str, Any]


class S(StrEnum):
    """States of a plan."""

    DRAFT = "draft"
    POSTED = "posted"
    APPROVED = "approved"
    SET_ASIDE = "set_aside"


class A(StrEnum):
    """States of an adjustment."""

    DRAFT = "draft"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


def has_nothing_wrong(_row: Row, facts: Row) -> None:
    """Only a plan that could be approved is shown to the public."""
    if facts["problems"]:
        raise Invalid(facts["problems"])


def in_order(row: Row, facts: Row) -> None:
    """A plan is approved only without problems, with its document, and not by who drafted it."""
    has_nothing_wrong(row, facts)
    if not facts["doc_no"]:
        raise Refused("PRJ-301", field="doc_no")
    if facts["approver"] == row["created_by"]:
        raise Refused("PRJ-304")


def needs_no_notice(row: Row, facts: Row) -> None:
    """A draft is approved without public notice only where the pack asks for none."""
    if facts["notice_needed"]:
        raise Refused("PRJ-328")
    in_order(row, facts)


def has_reason(_row: Row, facts: Row) -> None:
    """What is put aside or refused is explained."""
    if not str(facts.get("reason") or "").strip():
        raise Refused("PRJ-205", field="reason")


PLAN = machine(
    "PLAN",
    S,
    S.DRAFT,
    (
        Arrow(S.DRAFT, "post", S.POSTED, P.PLAN, has_nothing_wrong),
        Arrow(S.POSTED, "take_back", S.DRAFT, P.PLAN, has_reason),
        Arrow(S.POSTED, "approve", S.APPROVED, P.APPROVE_PLAN, in_order),
        Arrow(S.DRAFT, "approve", S.APPROVED, P.APPROVE_PLAN, needs_no_notice),
        Arrow(S.DRAFT, "discard", S.SET_ASIDE, P.PLAN, has_reason),
        Arrow(S.DRAFT, "give_way", S.SET_ASIDE, P.APPROVE_PLAN, has_reason),
        Arrow(S.POSTED, "give_way", S.SET_ASIDE, P.APPROVE_PLAN, has_reason),
    ),
)

ADJUSTMENT = machine(
    "ADJUSTMENT",
    A,
    A.DRAFT,
    (
        Arrow(A.DRAFT, "approve", A.APPROVED, P.APPROVE_PLAN, in_order),
        Arrow(A.DRAFT, "refuse", A.REFUSED, P.APPROVE_PLAN, has_reason),
        Arrow(A.DRAFT, "withdraw", A.WITHDRAWN, P.PLAN),
    ),
)

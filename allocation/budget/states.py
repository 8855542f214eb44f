"""The life of a fund batch: typed from its document, checked and booked by another person; a mistake is reversed."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from allocation.permissions import P
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.states import Arrow, machine


class S(StrEnum):
    """States of a batch."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RECORDED = "recorded"
    REVERSED = "reversed"


Row = Mapping[str, Any]


def has_reason(_row: Row, facts: Row) -> None:
    """A reversal is always explained."""
    if not str(facts.get("reason") or "").strip():
        raise Refused("ALC-117", field="reason")


def says_what_is_wrong(_row: Row, facts: Row) -> None:
    """Who sends a batch back says what to mend."""
    if not str(facts.get("reason") or "").strip():
        raise Refused("ALC-154", field="reason")


BATCH = machine(
    "BATCH",
    S,
    S.DRAFT,
    (
        Arrow(S.DRAFT, "submit", S.SUBMITTED, P.RECORD_BATCH),
        Arrow(S.SUBMITTED, "return", S.DRAFT, P.BOOK_BATCH, says_what_is_wrong),
        Arrow(S.SUBMITTED, "record", S.RECORDED, P.BOOK_BATCH),
        Arrow(S.RECORDED, "reverse", S.REVERSED, P.BOOK_BATCH, has_reason),
    ),
)


class D(StrEnum):
    """States of a split document."""

    DRAFT = "draft"
    PASSED_DOWN = "passed_down"
    REVERSED = "reversed"


SPLIT = machine(
    "SPLIT",
    D,
    D.DRAFT,
    (
        Arrow(D.DRAFT, "issue", D.PASSED_DOWN, P.ISSUE_SPLIT),
        Arrow(D.PASSED_DOWN, "reverse", D.REVERSED, P.ISSUE_SPLIT, has_reason),
    ),
)


class A(StrEnum):
    """States of an award."""

    STANDING = "standing"
    CANCELLED = "cancelled"


AWARD = machine("AWARD", A, A.STANDING, (Arrow(A.STANDING, "cancel", A.CANCELLED, P.AWARD, has_reason),))

"""The life of a grant: prepared by one, its result checked by another, approved by a third, paid by the bank.

What proves wrong is withdrawn before it is paid, and recalled, whole or in part, afterwards.

Source: 衢政办发〔2016〕65号 二(三)2 (以奖代补, 贷款贴息)
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from allocation.permissions import P
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.states import Arrow, machine

Row = Mapping[str, Any]


class S(StrEnum):
    """States of a grant."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    CHECKED = "checked"
    RETURNED = "returned"
    APPROVED = "approved"
    PAID = "paid"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    RECALLED = "recalled"
    RECOVERED = "recovered"


def another_hand(row: Row, facts: Row) -> None:
    """Preparing, checking and approving take three people. Raises: Refused ALC-545."""
    if facts.get("by") in {row["prepared_by"], row["checked_by"]} - {None}:
        raise Refused("ALC-545")


def has_reason(_row: Row, facts: Row) -> None:
    """Sending back is always explained. Raises: Refused ALC-546."""
    if not str(facts.get("reason") or "").strip():
        raise Refused("ALC-546", field="reason")


GRANT = machine(
    "GRANT",
    S,
    S.DRAFT,
    (
        Arrow(S.DRAFT, "submit", S.SUBMITTED, P.PREPARE_GRANT),
        Arrow(S.RETURNED, "submit", S.SUBMITTED, P.PREPARE_GRANT),
        Arrow(S.SUBMITTED, "check", S.CHECKED, P.CHECK_GRANT, another_hand),
        Arrow(S.SUBMITTED, "return", S.RETURNED, P.CHECK_GRANT, has_reason),
        Arrow(S.SUBMITTED, "reject", S.REJECTED, P.CHECK_GRANT, has_reason),
        Arrow(S.CHECKED, "approve", S.APPROVED, P.APPROVE_GRANT, another_hand),
        Arrow(S.CHECKED, "send_back", S.RETURNED, P.APPROVE_GRANT, has_reason),
        Arrow(S.DRAFT, "cancel", S.REJECTED, P.PREPARE_GRANT),
        Arrow(S.RETURNED, "cancel", S.REJECTED, P.PREPARE_GRANT),
        Arrow(S.APPROVED, "pay", S.PAID, P.RECONCILE),
        Arrow(S.PAID, "bounce", S.APPROVED, P.RECONCILE),
        Arrow(S.APPROVED, "withdraw", S.WITHDRAWN, P.APPROVE_GRANT, has_reason),
        Arrow(S.PAID, "recall", S.RECALLED, P.APPROVE_GRANT, has_reason),
        Arrow(S.RECALLED, "uphold", S.PAID, P.APPROVE_GRANT, has_reason),
        Arrow(S.RECALLED, "recover", S.RECOVERED, P.PAY),
    ),
)
EDITABLE = (S.DRAFT, S.RETURNED)
CLOSED = (S.PAID, S.REJECTED, S.WITHDRAWN, S.RECALLED, S.RECOVERED)
"""States in which no account is chosen any more."""

"""The life of a claim, as data. Signing leaves it in place; the last signature moves it on.

Source: 衢政办发〔2016〕65号 二(三)3
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
    """States of a claim."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    SIGNED = "signed"
    PAID = "paid"
    CANCELLED = "cancelled"


def has_reason(_row: Row, facts: Row) -> None:
    """A claim goes back only with a reason. Raises: Refused ALC-425."""
    if not str(facts.get("reason", "")).strip():
        raise Refused("ALC-425", field="reason")


CLAIM = machine(
    "CLAIM",
    S,
    S.DRAFT,
    (
        Arrow(S.DRAFT, "submit", S.SUBMITTED, P.CLAIM),
        Arrow(S.RETURNED, "submit", S.SUBMITTED, P.CLAIM),
        Arrow(S.DRAFT, "cancel", S.CANCELLED, P.CLAIM),
        Arrow(S.RETURNED, "cancel", S.CANCELLED, P.CLAIM),
        Arrow(S.SUBMITTED, "sign", S.SUBMITTED, P.SIGN),
        Arrow(S.SUBMITTED, "sign_last", S.SIGNED, P.SIGN),
        Arrow(S.SUBMITTED, "return", S.RETURNED, P.SIGN, has_reason),
        Arrow(S.SIGNED, "return", S.RETURNED, P.PAY, has_reason),
        Arrow(S.SIGNED, "pay", S.PAID, P.PAY),
    ),
)

EDITABLE = (S.DRAFT, S.RETURNED)
COUNTED = (S.SUBMITTED, S.SIGNED, S.PAID)
"""States in which a claim uses up the ceilings."""


class D(StrEnum):
    """States of an authority; its last day ends it without a move."""

    STANDING = "standing"
    REVOKED = "revoked"


DEPUTY = machine("DEPUTY", D, D.STANDING, (Arrow(D.STANDING, "revoke", D.REVOKED, P.SIGN, has_reason),))


class R(StrEnum):
    """States of a letter that asks an overpayment back."""

    ASKED = "asked"
    BACK = "back"
    WITHDRAWN = "withdrawn"


def another_hand(row: Row, facts: Row) -> None:
    """Whoever asks money back does not say that it came. Raises: Refused ALC-454."""
    if row["asked_by"] is not None and row["asked_by"] == facts.get("by"):
        raise Refused("ALC-454")


REFUND = machine(
    "REFUND",
    R,
    R.ASKED,
    (
        Arrow(R.ASKED, "receive", R.BACK, P.PAY, another_hand),
        Arrow(R.ASKED, "withdraw", R.WITHDRAWN, P.CLAIM, has_reason),
    ),
)

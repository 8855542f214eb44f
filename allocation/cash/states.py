"""The life of a list of cash support, as data.

Source: 国发〔2006〕17号; 衢政办发〔2016〕65号 二(三)3 (who prepares does not approve)
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
    """States of a list."""

    DRAFT = "draft"
    APPROVED = "approved"
    CLOSED = "closed"
    DISCARDED = "discarded"


def another_hand(row: Row, facts: Row) -> None:
    """Whoever made the list does not approve it. Raises: Refused ALC-534."""
    if row["prepared_by"] is not None and row["prepared_by"] == facts.get("by"):
        raise Refused("ALC-534")


CASH_LIST = machine(
    "CASH_LIST",
    S,
    S.DRAFT,
    (
        Arrow(S.DRAFT, "approve", S.APPROVED, P.APPROVE_CASH, another_hand),
        Arrow(S.DRAFT, "discard", S.DISCARDED, P.PREPARE_CASH),
        Arrow(S.APPROVED, "close", S.CLOSED, P.PREPARE_CASH),
    ),
)

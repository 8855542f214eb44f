"""The life of a refresh campaign: it opens, the owners answer, it closes with a snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from projects.permissions import P
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.states import Arrow, machine

Row = Mapping[str, Any]


class S(StrEnum):
    """States of a campaign."""

    OPEN = "open"
    CLOSED = "closed"


class Said(StrEnum):
    """What an owner may say of a project; silence is counted, never typed."""

    CONFIRMED = "confirmed"
    CHANGED = "changed"
    WITHDRAWN = "withdrawn"


def is_over(row: Row, facts: Row) -> None:
    """A campaign closes when its last day is over, or when everybody answered."""
    if facts["unanswered"] and facts["today"] <= row["closes_on"]:
        raise Refused("PRJ-271", closes=row["closes_on"], count=facts["unanswered"])


REFRESH = machine("REFRESH", S, S.OPEN, (Arrow(S.OPEN, "close", S.CLOSED, P.REFRESH, is_over),))

"""The life of a plea to file after the window has closed, as data."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from projects.permissions import P
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.states import Arrow, machine


class LateState(StrEnum):
    """States of a plea."""

    ASKED = "asked"
    GRANTED = "granted"
    REFUSED = "refused"


Row = Mapping[str, Any]


def has_term(_row: Row, facts: Row) -> None:
    """Who may file late may do so until a named day."""
    if not facts.get("until"):
        raise Refused("PRJ-101")


def has_reason(_row: Row, facts: Row) -> None:
    """A refusal is explained."""
    if not facts.get("reason"):
        raise Refused("PRJ-205")


LATE = machine(
    "LATE",
    LateState,
    LateState.ASKED,
    (
        Arrow(LateState.ASKED, "grant", LateState.GRANTED, P.ALLOW_LATE, has_term),
        Arrow(LateState.ASKED, "refuse", LateState.REFUSED, P.ALLOW_LATE, has_reason),
    ),
)

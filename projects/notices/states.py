"""A notice hangs, then it is closed or taken down; an objection is answered one way or the other."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from projects.permissions import P
from quzhou_migrants.kernel.errors import Invalid, Refused
from quzhou_migrants.kernel.states import Arrow, machine

Row = Mapping[str, Any]


class N(StrEnum):
    """States of a notice."""

    OPEN = "open"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class Said(StrEnum):
    """States of an objection."""

    RECEIVED = "received"
    UPHELD = "upheld"
    DISMISSED = "dismissed"
    RETRACTED = "retracted"


def hung_long_enough(_row: Row, facts: Row) -> None:
    """A notice is closed when its days are over, its board photographed and every objection answered."""
    if facts.get("problems"):
        raise Invalid(facts["problems"])


def has_reason(_row: Row, facts: Row) -> None:
    """Taking something down or back is always explained."""
    if not facts.get("reason"):
        raise Refused("PRJ-205", field="reason")


def has_answer(_row: Row, facts: Row) -> None:
    """An objection is closed by an answer, not by a tick."""
    if not facts.get("answer"):
        raise Refused("PRJ-511", field="answer")


NOTICE = machine(
    "NOTICE",
    N,
    N.OPEN,
    (
        Arrow(N.OPEN, "close", N.CLOSED, P.POST_NOTICE, hung_long_enough),
        Arrow(N.OPEN, "cancel", N.CANCELLED, P.POST_NOTICE, has_reason),
    ),
)

OBJECTION = machine(
    "OBJECTION",
    Said,
    Said.RECEIVED,
    (
        Arrow(Said.RECEIVED, "uphold", Said.UPHELD, P.ANSWER_OBJECTION, has_answer),
        Arrow(Said.RECEIVED, "dismiss", Said.DISMISSED, P.ANSWER_OBJECTION, has_answer),
        Arrow(Said.RECEIVED, "retract", Said.RETRACTED, P.ANSWER_OBJECTION, has_reason),
    ),
)

"""The life of a visit and of a finding, as data.

A visit's progress moves the payment gate at once when everything is in and nothing is doubtful;
a doubtful one waits for somebody in the office who did not make it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from inspection.permissions import P
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.states import Arrow, machine

Row = Mapping[str, Any]


class V(StrEnum):
    """States of a visit."""

    INCOMPLETE = "incomplete"
    HELD = "held"
    COUNTED = "counted"
    SET_ASIDE = "set_aside"


class F(StrEnum):
    """States of a finding."""

    OPEN = "open"
    CLOSED = "closed"


def all_in(_row: Row, facts: Row) -> None:
    """A record without its photos proves nothing."""
    if facts["missing"]:
        raise Refused("INS-206", missing=facts["missing"])


def judged(row: Row, facts: Row) -> None:
    """Somebody else than the visitor decides, and says why."""
    if facts["judge_id"] == row["inspector_id"]:
        raise Refused("INS-207")
    if not str(facts.get("reason", "")).strip():
        raise Refused("INS-208", field="reason")


def has_note(_row: Row, facts: Row) -> None:
    """What was done is written down before a finding is closed."""
    if not str(facts.get("note", "")).strip():
        raise Refused("INS-209", field="note")


VISIT = machine(
    "VISIT",
    V,
    V.INCOMPLETE,
    (
        Arrow(V.INCOMPLETE, "count", V.COUNTED, P.VISIT, all_in),
        Arrow(V.INCOMPLETE, "hold", V.HELD, P.VISIT, all_in),
        Arrow(V.HELD, "accept", V.COUNTED, P.JUDGE, judged),
        Arrow(V.HELD, "set_aside", V.SET_ASIDE, P.JUDGE, judged),
    ),
)

FINDING = machine(
    "FINDING",
    F,
    F.OPEN,
    (
        Arrow(F.OPEN, "close", F.CLOSED, P.CLOSE, has_note),
        Arrow(F.CLOSED, "reopen", F.OPEN, P.CLOSE, has_note),
    ),
)

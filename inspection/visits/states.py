"""The life of a visit and of a finding, as data.

A visit's progress moves the payment gate at once when everything is in and nothing is doubtful;
a doubtful one waits for somebody in the office who did not make it. Who says that a finding is
mended does not close it: somebody else looks.
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
    MENDED = "mended"
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
    """What was done, or seen, is written down before a finding moves."""
    if not str(facts.get("note", "")).strip():
        raise Refused("INS-209", field="note")


def seen_by_another(row: Row, facts: Row) -> None:
    """Who said that it is mended is not the one who confirms it. Raises: Refused INS-217, INS-209."""
    if facts["judge_id"] == row["mended_by"]:
        raise Refused("INS-217")
    has_note(row, facts)


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
        Arrow(F.OPEN, "mend", F.MENDED, P.MEND, has_note),
        Arrow(F.MENDED, "close", F.CLOSED, P.CLOSE, seen_by_another),
        Arrow(F.MENDED, "send_back", F.OPEN, P.CLOSE, has_note),
        Arrow(F.CLOSED, "reopen", F.OPEN, P.CLOSE, has_note),
    ),
)

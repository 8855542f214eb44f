"""The life of a survey's sample, and of one household in it, as data.

The frame is frozen before the seed is known, the seed is stored before anybody looks at the list,
and a second person has to get the same list before an outsider is handed any of it. What was drawn
is not thrown away by one person: somebody asks with a reason, somebody else agrees or keeps the draw.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.states import Arrow, machine
from surveys.permissions import P

Row = Mapping[str, Any]


class S(StrEnum):
    """States of a campaign."""

    DRAFT = "draft"
    FROZEN = "frozen"
    DRAWN = "drawn"
    CONFIRMED = "confirmed"
    HANDED_OVER = "handed_over"
    CLOSED = "closed"
    VOID_ASKED = "void_asked"
    VOID = "void"


class U(StrEnum):
    """States of one household of the sample; a substitute waits until it is called."""

    WAITING = "waiting"
    ACTIVE = "active"
    REPLACED = "replaced"


def has_reason(_row: Row, facts: Row) -> None:
    """What undoes work is always explained. Raises: Refused SUR-120."""
    if not str(facts.get("reason", "")).strip():
        raise Refused("SUR-120", field="reason")


def another_person_same_list(row: Row, facts: Row) -> None:
    """The second draw is another person's, and gives the same list.

    Raises: Refused SUR-121 (the same person), SUR-122 (another list).
    """
    if facts["user_id"] == row["drawn_by"]:
        raise Refused("SUR-121")
    if facts["result"] != row["result_sha256"]:
        raise Refused("SUR-122", stored=row["result_sha256"], again=facts["result"])


def another_person_agrees(row: Row, facts: Row) -> None:
    """Who asked to void a draw does not decide on it. Raises: Refused SUR-138, SUR-120."""
    if facts["user_id"] == facts["asked_by"]:
        raise Refused("SUR-138")
    has_reason(row, facts)


CAMPAIGN = machine("SAMPLE", S, S.DRAFT, (
    Arrow(S.DRAFT, "freeze", S.FROZEN, P.PREPARE),
    Arrow(S.FROZEN, "draw", S.DRAWN, P.PREPARE),
    Arrow(S.DRAWN, "confirm", S.CONFIRMED, P.CONFIRM, another_person_same_list),
    Arrow(S.CONFIRMED, "hand_over", S.HANDED_OVER, P.PREPARE),
    Arrow(S.HANDED_OVER, "close", S.CLOSED, P.PREPARE),
    Arrow(S.DRAFT, "void", S.VOID, P.PREPARE, has_reason),
    Arrow(S.FROZEN, "void", S.VOID, P.PREPARE, has_reason),
    Arrow(S.DRAWN, "ask_void", S.VOID_ASKED, P.PREPARE, has_reason),
    Arrow(S.CONFIRMED, "ask_void", S.VOID_ASKED, P.PREPARE, has_reason),
    Arrow(S.VOID_ASKED, "agree_void", S.VOID, P.CONFIRM, another_person_agrees),
    Arrow(S.VOID_ASKED, "keep", S.DRAWN, P.CONFIRM, another_person_agrees),
    Arrow(S.VOID_ASKED, "keep_confirmed", S.CONFIRMED, P.CONFIRM, another_person_agrees),
))  # fmt: skip

UNIT = machine("SAMPLE_UNIT", U, U.WAITING, (
    Arrow(U.WAITING, "call", U.ACTIVE, P.PREPARE, has_reason),
    Arrow(U.ACTIVE, "replace", U.REPLACED, P.PREPARE, has_reason),
))  # fmt: skip

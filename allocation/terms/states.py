"""The lives of a pool and of taking money back."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from allocation.permissions import P
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.states import Arrow, machine

Row = Mapping[str, Any]


class S(StrEnum):
    """States of a pool."""

    OPEN = "open"
    CLOSED = "closed"


class T(StrEnum):
    """States of taking money back."""

    DRAFT = "draft"
    DONE = "done"
    DROPPED = "dropped"
    REVERSED = "reversed"


def has_reason(_row: Row, facts: Row) -> None:
    """What is taken back, or undone, is explained."""
    if not str(facts.get("reason") or "").strip():
        raise Refused("ALC-172", field="reason")


def is_empty(_row: Row, facts: Row) -> None:
    """A pool closes when nothing lies in it."""
    if facts["holds_fen"]:
        raise Refused("ALC-164", holds=facts["holds_fen"])


TERM_POOL = machine("TERM_POOL", S, S.OPEN, (Arrow(S.OPEN, "close", S.CLOSED, P.KEEP_POOL, is_empty),))
TAKEBACK = machine(
    "TAKEBACK",
    T,
    T.DRAFT,
    (
        Arrow(T.DRAFT, "decide", T.DONE, P.TAKE_BACK),
        Arrow(T.DRAFT, "drop", T.DROPPED, P.PREPARE_TAKEBACK, has_reason),
        Arrow(T.DONE, "reverse", T.REVERSED, P.TAKE_BACK, has_reason),
    ),
)

"""The lives of an expert of the pool, of a draw, of one who was drawn, and of one let in from outside, as data.

Source: 招标投标法实施条例 第四十五条、第四十六条 (by analogy)
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from allocation.permissions import P
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.states import Arrow, machine

Row = Mapping[str, Any]


class E(StrEnum):
    """States of an expert of the pool."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    REMOVED = "removed"


class D(StrEnum):
    """States of a draw."""

    FROZEN = "frozen"
    DRAWN = "drawn"
    VOID = "void"


class L(StrEnum):
    """States of one who was drawn."""

    WAITING = "waiting"
    SEATED = "seated"
    DECLINED = "declined"


class O(StrEnum):  # noqa: E742 - beside E, D and L
    """States of one let in from outside the pool."""

    ASKED = "asked"
    PERMITTED = "permitted"
    REFUSED = "refused"
    SEATED = "seated"
    LEFT = "left"


def has_reason(_row: Row, facts: Row) -> None:
    """Such a step is always explained. Raises: Refused ALC-320."""
    if not str(facts.get("reason", "")).strip():
        raise Refused("ALC-320", field="reason")


def another(row: Row, facts: Row) -> None:
    """Who froze a draw does not draw. Raises: Refused ALC-346."""
    if row["frozen_by"] is not None and row["frozen_by"] == facts["by"]:
        raise Refused("ALC-346")


def not_the_asker(row: Row, facts: Row) -> None:
    """Who asked does not permit. Raises: Refused ALC-367."""
    if row["asked_by"] is not None and row["asked_by"] == facts["by"]:
        raise Refused("ALC-367")


POOL = machine(
    "POOL_EXPERT",
    E,
    E.ACTIVE,
    (
        Arrow(E.ACTIVE, "suspend", E.SUSPENDED, P.KEEP_EXPERTS, has_reason),
        Arrow(E.SUSPENDED, "restore", E.ACTIVE, P.KEEP_EXPERTS),
        Arrow(E.ACTIVE, "remove", E.REMOVED, P.KEEP_EXPERTS, has_reason),
        Arrow(E.SUSPENDED, "remove", E.REMOVED, P.KEEP_EXPERTS, has_reason),
    ),
)

DRAW = machine(
    "PANEL_DRAW",
    D,
    D.FROZEN,
    (
        Arrow(D.FROZEN, "draw", D.DRAWN, P.WITNESS_DRAW, another),
        Arrow(D.FROZEN, "void", D.VOID, P.PREPARE_ROUND, has_reason),
    ),
)

DRAWN = machine(
    "DRAWN_EXPERT",
    L,
    L.WAITING,
    (
        Arrow(L.WAITING, "seat", L.SEATED, P.PREPARE_ROUND),
        Arrow(L.WAITING, "decline", L.DECLINED, P.PREPARE_ROUND, has_reason),
        Arrow(L.SEATED, "decline", L.DECLINED, P.PREPARE_ROUND, has_reason),
    ),
)

OUTSIDE = machine(
    "OUTSIDE_EXPERT",
    O,
    O.ASKED,
    (
        Arrow(O.ASKED, "permit", O.PERMITTED, P.APPROVE_ROUND, not_the_asker),
        Arrow(O.ASKED, "refuse", O.REFUSED, P.APPROVE_ROUND, has_reason),
        Arrow(O.PERMITTED, "seat", O.SEATED, P.PREPARE_ROUND),
        Arrow(O.SEATED, "leave", O.LEFT, P.PREPARE_ROUND, has_reason),
    ),
)

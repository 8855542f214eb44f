"""Two small lives as data: of a defect until it is mended, of an asset until it is struck off."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from projects.permissions import P
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.states import Arrow, machine


class D(StrEnum):
    """States of a defect."""

    OPEN = "open"
    MENDED = "mended"
    CONFIRMED = "confirmed"


class A(StrEnum):
    """States of an asset."""

    IN_USE = "in_use"
    IDLE = "idle"
    RETIRED = "retired"


def has_reason(_row: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
    """What goes against the course of things is explained."""
    if not facts.get("reason"):
        raise Refused("PRJ-205", field="reason")


DEFECT = machine(
    "DEFECT",
    D,
    D.OPEN,
    (
        Arrow(D.OPEN, "mend", D.MENDED, P.BUILD),
        Arrow(D.MENDED, "confirm", D.CONFIRMED, P.PRE_ACCEPT),
        Arrow(D.MENDED, "reopen", D.OPEN, P.PRE_ACCEPT, has_reason),
    ),
)

ASSET = machine(
    "ASSET",
    A,
    A.IN_USE,
    (
        Arrow(A.IN_USE, "idle", A.IDLE, P.KEEP_ASSET, has_reason),
        Arrow(A.IDLE, "use", A.IN_USE, P.KEEP_ASSET, has_reason),
        Arrow(A.IN_USE, "retire", A.RETIRED, P.ACCEPT, has_reason),
        Arrow(A.IDLE, "retire", A.RETIRED, P.ACCEPT, has_reason),
    ),
)

"""A sheet is checked, then filed or set aside; it is filed once."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from projects.permissions import P
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.states import Arrow, machine


class B(StrEnum):
    """States of a sheet."""

    CHECKED = "checked"
    FILED = "filed"
    DISCARDED = "discarded"


def has_rows(_row: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
    """A sheet without a good row files nothing."""
    if not facts.get("count"):
        raise Refused("PRJ-568")


BULK = machine(
    "BULK",
    B,
    B.CHECKED,
    (
        Arrow(B.CHECKED, "file", B.FILED, P.FILE_BULK, has_rows),
        Arrow(B.CHECKED, "discard", B.DISCARDED, P.FILE_BULK),
    ),
)

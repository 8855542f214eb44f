"""A site code is active until it is revoked; a lost or copied board gets a new code, never the old one again."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from inspection.permissions import P
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.states import Arrow, machine


class S(StrEnum):
    """States of a site code."""

    ACTIVE = "active"
    REVOKED = "revoked"


def has_reason(_row: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
    """Whoever scans a revoked code is told why."""
    if not str(facts.get("reason", "")).strip():
        raise Refused("INS-105", field="reason")


CODE = machine(
    "SITE_CODE",
    S,
    S.ACTIVE,
    (
        Arrow(S.ACTIVE, "revoke", S.REVOKED, P.ISSUE, has_reason),
        Arrow(S.ACTIVE, "succeed", S.REVOKED, P.SUCCEED, has_reason),  # the village is no more; a new code follows
    ),
)

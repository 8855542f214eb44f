"""A public photo is shown until it is withdrawn; withdrawn, it is never shown again."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from projects.permissions import P
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.states import Arrow, machine


class S(StrEnum):
    """States of a public photo."""

    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


def has_reason(_row: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
    """Taking something back from the public is explained."""
    if not str(facts.get("reason") or "").strip():
        raise Refused("PRJ-205", field="reason")


PHOTO = machine("PUBLIC_PHOTO", S, S.PUBLISHED, (Arrow(S.PUBLISHED, "withdraw", S.WITHDRAWN, P.BUILD, has_reason),))

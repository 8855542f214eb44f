"""What is typed when a village is followed by another."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta


class Kind(StrEnum):
    """How one village follows another."""

    MERGE = "merge"
    RENAME = "rename"
    TRANSFER = "transfer"


class SuccessionForm(msgspec.Struct, frozen=True):
    """A village ends. Its successor is there already, or is named here with its new code."""

    kind: Kind
    old_code: Annotated[str, Meta(pattern=r"^\d{12}$")]
    effective_on: date
    doc_no: Annotated[str, Meta(min_length=4, max_length=80)]
    successor_code: Annotated[str, Meta(pattern=r"^(\d{12})?$")] = ""
    new_code: Annotated[str, Meta(pattern=r"^(\d{12})?$")] = ""
    new_name: Annotated[str, Meta(max_length=60)] = ""
    reason: Annotated[str, Meta(max_length=500)] = ""


class CancelForm(msgspec.Struct, frozen=True):
    """The succession is given up."""

    reason: Annotated[str, Meta(min_length=2, max_length=300)]

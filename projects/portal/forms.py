"""What is typed when a picture is let out, or taken back."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta


class PublishForm(msgspec.Struct, frozen=True):
    """A picture goes out. `masks`: one rectangle a line, left top width height in percent."""

    source: Annotated[int, Meta(ge=1)]
    caption: Annotated[str, Meta(min_length=2, max_length=120)]
    masks: Annotated[str, Meta(max_length=4000)] = ""
    taken_on: date | None = None
    looked: bool = False


class WithdrawForm(msgspec.Struct, frozen=True):
    """A picture is taken back."""

    reason: Annotated[str, Meta(min_length=2, max_length=300)]


class ReceiptForm(msgspec.Struct, frozen=True):
    """Who objected asks what became of it."""

    receipt: Annotated[str, Meta(min_length=6, max_length=24)]

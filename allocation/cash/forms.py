"""What people type about lists of cash support."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta


class ListForm(msgspec.Struct):
    """A list to be made out of the register."""

    batch: int
    year: Annotated[int, Meta(ge=2006, le=2100)]
    kind: Literal["regular", "supplement"] = "regular"
    remark: Annotated[str, Meta(max_length=500)] = ""


class EmptyForm(msgspec.Struct):
    """A button: nothing but the token of its form."""

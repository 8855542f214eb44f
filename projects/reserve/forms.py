"""Forms of review. `seen` is the version of the application that was looked at."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

Opinion = Annotated[str, Meta(max_length=500)]


class Spoken(msgspec.Struct, frozen=True):
    """A remark beside a field; empty for fields nobody spoke about."""

    field: Annotated[str, Meta(max_length=40)]
    text: Annotated[str, Meta(max_length=500)] = ""


class PassForm(msgspec.Struct, frozen=True):
    """The application is in order."""

    seen: int
    opinion: Opinion = ""


class ReturnForm(msgspec.Struct, frozen=True):
    """The application goes back, with remarks."""

    seen: int
    remarks: Annotated[list[Spoken], Meta(max_length=60)]
    opinion: Opinion = ""


class AdmitForm(msgspec.Struct, frozen=True):
    """The project enters the reserve for some years."""

    seen: int
    years: Annotated[int, Meta(ge=1, le=10)]
    opinion: Opinion = ""


class RefuseForm(msgspec.Struct, frozen=True):
    """The project is refused, or leaves the reserve, with clause and reason."""

    seen: int
    clause: Annotated[str, Meta(min_length=4, max_length=200)]
    reason: Annotated[str, Meta(min_length=4, max_length=500)]

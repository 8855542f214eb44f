"""What people type in the bank room."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from litestar.datastructures import UploadFile
from msgspec import Meta

from quzhou_migrants.web.fields import Yuan

# A name that a spreadsheet would take for a formula is no name of a payee.
Name = Annotated[str, Meta(min_length=2, max_length=120, pattern=r"^[^=+\-@\t]")]


class PayeeForm(msgspec.Struct):
    """One account, as its proof states it."""

    name: Name
    bank_name: Annotated[str, Meta(min_length=4, max_length=120, pattern=r"^[^=+\-@\t]")]
    account: Annotated[str, Meta(min_length=8, max_length=40)]


class BatchForm(msgspec.Struct):
    """Which payments go into a file."""

    purpose: Literal["claims", "grants", "cash"]
    chosen: list[int] = []


class EmptyForm(msgspec.Struct):
    """A button: nothing but the token of its form."""


class StatementForm(msgspec.Struct):
    """The bank's file."""

    file: UploadFile


class CloseForm(msgspec.Struct):
    """What the bank says lies in the account on the last day, and a word about a difference. Units: fen."""

    bank_fen: Annotated[Yuan, Meta(ge=0)]
    remark: Annotated[str, Meta(max_length=500)] = ""

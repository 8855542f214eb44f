"""Forms of the plan room."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from quzhou_migrants.web.fields import Yuan

Amount = Annotated[Yuan, Meta(gt=0, le=100_000_000_000)]


class PlanForm(msgspec.Struct, frozen=True):
    """A new plan: year, batch, the money named and where it comes from."""

    year: Annotated[int, Meta(ge=2016, le=2100)]
    title: Annotated[str, Meta(min_length=4, max_length=80)]
    money_fen: Amount
    money_source: Annotated[str, Meta(min_length=2, max_length=200)]
    batch: Annotated[int, Meta(ge=1, le=20)] = 1


class ItemForm(msgspec.Struct, frozen=True):
    """A project taken from the reserve."""

    project: int
    amount_fen: Amount


class ExceptionForm(msgspec.Struct, frozen=True):
    """A project from outside the reserve, with its reason."""

    code: Annotated[str, Meta(min_length=6, max_length=32)]
    amount_fen: Amount
    reason: Annotated[str, Meta(min_length=10, max_length=500)]


class ApproveForm(msgspec.Struct, frozen=True):
    """The document that approves a plan."""

    doc_no: Annotated[str, Meta(min_length=4, max_length=80)]
    seen: int


class SeenForm(msgspec.Struct, frozen=True):
    """A button without a field of its own."""

    seen: int = 0

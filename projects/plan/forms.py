"""Forms of the plan room."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from quzhou_migrants.web.fields import Yuan

Amount = Annotated[Yuan, Meta(gt=0, le=100_000_000_000)]
Reason = Annotated[str, Meta(min_length=10, max_length=500)]


class Reservoir(StrEnum):
    """Kind of the reservoir, as plan tables print it."""

    LARGE = "large"
    SMALL = "small"


class PlanForm(msgspec.Struct, frozen=True):
    """A new plan: year, batch, the money named and where it comes from."""

    year: Annotated[int, Meta(ge=2016, le=2100)]
    title: Annotated[str, Meta(min_length=4, max_length=80)]
    money_fen: Amount
    money_source: Annotated[str, Meta(min_length=2, max_length=200)]
    batch: Annotated[int, Meta(ge=1, le=20)] = 1


class VaryForm(msgspec.Struct, frozen=True):
    """A further variant of a plan."""

    title: Annotated[str, Meta(min_length=4, max_length=80)]


class ItemForm(msgspec.Struct, frozen=True):
    """A project taken from the reserve."""

    project: int
    amount_fen: Amount


class PickForm(msgspec.Struct, frozen=True):
    """One candidate of the list: ticked or not, with its amount."""

    project: int
    amount_fen: Amount
    take: bool = False


class PicksForm(msgspec.Struct, frozen=True):
    """The candidates of the list, as ticked."""

    picks: Annotated[list[PickForm], Meta(max_length=200)]


class PlaceForm(msgspec.Struct, frozen=True):
    """What the plan table says of one project."""

    amount_fen: Amount
    reservoir: Reservoir
    remark: Annotated[str, Meta(max_length=200)] = ""


class ExceptionForm(msgspec.Struct, frozen=True):
    """A project from outside the reserve, with its reason."""

    code: Annotated[str, Meta(min_length=6, max_length=32)]
    amount_fen: Amount
    reason: Reason


class ApproveForm(msgspec.Struct, frozen=True):
    """The document that approves a plan, and why shares without a confirmed clause are not kept."""

    doc_no: Annotated[str, Meta(min_length=4, max_length=80)]
    seen: int
    departure: Annotated[str, Meta(max_length=500)] = ""


class SeenForm(msgspec.Struct, frozen=True):
    """A button without a field of its own."""

    seen: int = 0


class ReasonForm(msgspec.Struct, frozen=True):
    """A step that is explained."""

    reason: Reason


class LineForm(msgspec.Struct, frozen=True):
    """One project of an adjustment: what the plan is to give it, 0 when it leaves."""

    code: Annotated[str, Meta(min_length=6, max_length=32)]
    after_fen: Annotated[Yuan, Meta(ge=0, le=100_000_000_000)]
    reason: Annotated[str, Meta(max_length=200)] = ""


class DecideForm(msgspec.Struct, frozen=True):
    """The document that decides an adjustment."""

    doc_no: Annotated[str, Meta(min_length=4, max_length=80)]
    seen: int


class RecallForm(msgspec.Struct, frozen=True):
    """An award is recalled: why, and whether the village gave the project up itself."""

    reason: Reason
    seen: int
    given_up: bool = False

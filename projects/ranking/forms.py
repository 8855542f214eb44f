"""Forms of the ranking room."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from quzhou_migrants.web.fields import Percent

Mark = Annotated[str, Meta(max_length=16, pattern=r"^\d{1,9}(\.\d{1,4})?$")]
Measure = Literal["votes", "migrants", "low_income", "readiness", "cost", "own"]
TieRule = Literal["votes", "migrants", "low_income", "readiness", "cost", "own", "admitted", "code"]


class CriterionForm(msgspec.Struct, frozen=True):
    """One criterion: its weight and the two marks."""

    key: Measure
    weight_bp: Annotated[Percent, Meta(ge=0, le=10_000)]
    zero: Mark
    full: Mark


class SchemeForm(msgspec.Struct, frozen=True):
    """A scheme as it is drafted; `ties` in their order, the project's code always last."""

    title: Annotated[str, Meta(min_length=4, max_length=80)]
    criteria: Annotated[list[CriterionForm], Meta(min_length=1, max_length=12)]
    ties: Annotated[list[TieRule], Meta(min_length=1, max_length=4)]


class PublishSchemeForm(msgspec.Struct, frozen=True):
    """The document under which a scheme is published."""

    doc_no: Annotated[str, Meta(min_length=4, max_length=80)]
    seen: int


class SeenForm(msgspec.Struct, frozen=True):
    """The version that was looked at."""

    seen: int = 0


class MoveForm(msgspec.Struct, frozen=True):
    """A place given by hand."""

    to: Annotated[int, Meta(ge=1, le=100_000)]
    reason: Annotated[str, Meta(min_length=4, max_length=500)]
    seen: int

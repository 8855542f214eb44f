"""What people fill in about batches and awards."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from msgspec import Meta, Struct

from allocation.budget.rules import Fund, Level
from quzhou_migrants.web.fields import Yuan


class BatchForm(Struct):
    """A batch as its document states it. Units: fen."""

    doc_no: Annotated[str, Meta(max_length=80)]
    title: Annotated[str, Meta(max_length=200)]
    level: Level
    fund_kind: Fund
    issued_on: date
    total_fen: Annotated[Yuan, Meta(gt=0)]
    cash_fen: Annotated[Yuan, Meta(ge=0)] = 0
    project_fen: Annotated[Yuan, Meta(ge=0)] = 0
    direct_reach: bool = False
    note: Annotated[str, Meta(max_length=500)] = ""


class ReasonForm(Struct):
    """Why a step is taken back."""

    reason: Annotated[str, Meta(max_length=500)]


class EmptyForm(Struct):
    """A button without fields; it still carries its token."""


class AwardForm(Struct):
    """An award from the county's own pot. Units: fen."""

    project: int
    amount_fen: Annotated[Yuan, Meta(gt=0)]
    doc_no: Annotated[str, Meta(max_length=80)] = ""
    reason: Annotated[str, Meta(max_length=500)] = ""

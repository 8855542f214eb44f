"""What people fill in about batches and awards."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from litestar.datastructures import UploadFile
from msgspec import Meta, Struct

from allocation.budget.rules import Fund, Level
from quzhou_migrants.web.fields import Yuan

MOST_FEN = 10**14  # of one batch, a trillion yuan: sums of thousands of them still fit a column


class BatchForm(Struct):
    """A batch as its document states it. Units: fen."""

    doc_no: Annotated[str, Meta(max_length=80)]
    title: Annotated[str, Meta(max_length=200)]
    level: Level
    fund_kind: Fund
    issued_on: date
    total_fen: Annotated[Yuan, Meta(gt=0, le=MOST_FEN)]
    cash_fen: Annotated[Yuan, Meta(ge=0, le=MOST_FEN)] = 0
    project_fen: Annotated[Yuan, Meta(ge=0, le=MOST_FEN)] = 0
    direct_reach: bool = False
    upper_doc_no: Annotated[str, Meta(max_length=80)] = ""
    budget_year: Annotated[int, Meta(ge=2000, le=2100)] | None = None
    note: Annotated[str, Meta(max_length=500)] = ""


class EarmarkForm(Struct):
    """Money of a batch bound by its document. Units: fen. Place by name or code, project by its number."""

    title: Annotated[str, Meta(max_length=200)]
    amount_fen: Annotated[Yuan, Meta(gt=0)]
    category: Annotated[str, Meta(max_length=24)] = ""
    place: Annotated[str, Meta(max_length=80)] = ""
    project: Annotated[str, Meta(max_length=32)] = ""


class SplitRow(Struct):
    """What one division gets; a row without amounts is left out. Units: fen."""

    division_code: Annotated[str, Meta(max_length=12)]
    cash_fen: Annotated[Yuan, Meta(ge=0)] = 0
    project_fen: Annotated[Yuan, Meta(ge=0)] = 0
    earmark: int = 0
    earmark_fen: Annotated[Yuan, Meta(ge=0)] = 0


class SplitForm(Struct):
    """A document that passes money of a batch down."""

    doc_no: Annotated[str, Meta(max_length=80)]
    title: Annotated[str, Meta(max_length=200)]
    issued_on: date
    lines: Annotated[list[SplitRow], Meta(min_length=1, max_length=400)]
    note: Annotated[str, Meta(max_length=500)] = ""


class CloseForm(Struct):
    """A month to close, as "2026-08"."""

    period: Annotated[str, Meta(pattern=r"^\d{4}(-\d{2})?$")]
    remark: Annotated[str, Meta(max_length=500)] = ""


class ScanForm(Struct):
    """The scanned document."""

    file: UploadFile


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

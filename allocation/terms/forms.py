"""What people fill in about pools and about taking money back. Units: fen."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from litestar.datastructures import UploadFile
from msgspec import Meta, Struct

from allocation.terms.rules import Purpose
from quzhou_migrants.web.fields import Yuan

Doc = Annotated[str, Meta(max_length=80)]
Reason = Annotated[str, Meta(max_length=500)]


class PoolForm(Struct):
    """A pool as the county's document sets it up."""

    division: Annotated[str, Meta(pattern=r"^\d{12}$")]
    purpose: Purpose
    title: Annotated[str, Meta(min_length=2, max_length=120)]
    doc_no: Doc
    years: Annotated[int, Meta(ge=1, le=20)]
    apply_by: date | None = None
    note: Reason = ""


class FillForm(Struct):
    """Money put into a pool out of the county's own."""

    amount_fen: Annotated[Yuan, Meta(gt=0)]
    doc_no: Doc
    reason: Reason = ""


class GiveForm(Struct):
    """A project that is given money out of a pool."""

    project: Annotated[int, Meta(ge=1)]
    amount_fen: Annotated[Yuan, Meta(gt=0)]
    doc_no: Doc = ""
    reason: Reason = ""


class TakeForm(Struct):
    """What is to be taken back, and why."""

    amount_fen: Annotated[Yuan, Meta(gt=0)]
    reason: Annotated[str, Meta(min_length=2, max_length=500)]


class DecideForm(Struct):
    """The leader's act: its document, and the paper itself where there is a scan."""

    doc_no: Annotated[str, Meta(min_length=2, max_length=80)]
    doc_on: date
    paper: UploadFile | None = None


class ReasonForm(Struct):
    """Why a step is dropped or undone."""

    reason: Annotated[str, Meta(min_length=2, max_length=500)]


class EmptyForm(Struct):
    """A button without fields; it still carries its token."""

"""What people type about claims."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import msgspec
from litestar.datastructures import UploadFile
from msgspec import Meta

from allocation.payments.rules import Kind
from quzhou_migrants.web.fields import Percent, Yuan

Positive = Annotated[Yuan, Meta(gt=0)]
NotNegative = Annotated[Yuan, Meta(ge=0)]
Paper = Literal[
    "invoice",
    "contract",
    "prepay_approval",
    "progress",
    "photo",
    "completion",
    "acceptance",
    "final_account",
    "guarantee",
    "inspection",
    "group",
    "other",
]


class ClaimForm(msgspec.Struct):
    """One claim as the county clerk prepares it. Units: fen, typed as yuan."""

    kind: Kind
    amount_fen: Positive
    payee: Annotated[str, Meta(max_length=120)]
    invoice_number: Annotated[str, Meta(max_length=20)]
    invoice_fen: Positive
    invoice_on: date
    invoice_code: Annotated[str, Meta(max_length=20)] = ""
    invoice_tax_fen: NotNegative | None = None
    wages_fen: NotNegative | None = None
    measured_bp: Annotated[Percent, Meta(ge=0, le=10_000)] | None = None
    final_fen: Positive | None = None
    guarantee: Annotated[str, Meta(max_length=80)] = ""
    note: Annotated[str, Meta(max_length=500)] = ""


class PaperForm(msgspec.Struct):
    """One paper added to a claim."""

    kind: Paper
    file: UploadFile


class EmptyForm(msgspec.Struct):
    """A button: nothing but the token of its form."""


class SignForm(msgspec.Struct):
    """One signature. `group` are the members of the village money group who signed on paper."""

    opinion: Annotated[str, Meta(max_length=500)] = ""
    group: Annotated[str, Meta(max_length=300)] = ""


class DeputyForm(msgspec.Struct):
    """Who signs in one's place, from when to when. `deputy` is the post of the other person."""

    deputy: int
    starts_on: date
    ends_on: date
    doc_no: Annotated[str, Meta(min_length=2, max_length=80)]
    reason: Annotated[str, Meta(min_length=2, max_length=300)]
    limit_fen: Positive | None = None


class ReturnForm(msgspec.Struct):
    """Why a claim goes back, or is given up."""

    reason: Annotated[str, Meta(min_length=2, max_length=500)]


class PayForm(msgspec.Struct):
    """The voucher and the bank's reference of a payment made."""

    voucher_no: Annotated[str, Meta(max_length=40)]
    bank_ref: Annotated[str, Meta(min_length=4, max_length=40)]
    paid_on: date


class RefundForm(msgspec.Struct):
    """A letter that asks an overpayment back; how much follows from the books."""

    doc_no: Annotated[str, Meta(min_length=2, max_length=80)]
    asked_on: date
    due_on: date
    note: Annotated[str, Meta(max_length=500)] = ""
    letter: UploadFile | None = None


class ReturnedForm(msgspec.Struct):
    """Money that came back: how much, when, and by which voucher and reference. Units: fen."""

    returned_fen: Positive
    returned_on: date
    voucher_no: Annotated[str, Meta(min_length=2, max_length=40)]
    bank_ref: Annotated[str, Meta(min_length=4, max_length=40)]


Whole = Annotated[int, Meta(gt=0, le=2**53)]
Part = Annotated[int, Meta(ge=0, le=2**53)]


class ClaimBody(msgspec.Struct):
    """A claim sent through the API, held to what the form asks. Units: fen; `once` makes a repeat harmless."""

    once: Annotated[str, Meta(min_length=1, max_length=80)]
    project: int
    kind: Kind
    amount_fen: Whole
    payee: Annotated[str, Meta(min_length=1, max_length=120)]
    invoice_number: Annotated[str, Meta(max_length=20)]
    invoice_fen: Whole
    invoice_on: date
    invoice_code: Annotated[str, Meta(max_length=20)] = ""
    invoice_tax_fen: Part | None = None
    wages_fen: Part | None = None
    measured_bp: Annotated[int, Meta(ge=0, le=10_000)] | None = None
    final_fen: Whole | None = None
    guarantee: Annotated[str, Meta(max_length=80)] = ""
    note: Annotated[str, Meta(max_length=500)] = ""

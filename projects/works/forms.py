"""Forms of the works room."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated

import msgspec
from litestar.datastructures import UploadFile
from msgspec import Meta

from projects.works.tender import Kind
from quzhou_migrants.web.fields import Percent, Yuan


class Method(StrEnum):
    """How the contractor was found."""

    TENDER = "tender"
    SMALL_WORKS = "small_works"
    NEGOTIATED = "negotiated"
    OWN_LABOUR = "own_labour"


class StepForm(msgspec.Struct, frozen=True):
    """One milestone."""

    title: Annotated[str, Meta(min_length=2, max_length=120)]
    weight_bp: Annotated[Percent, Meta(gt=0, le=10_000)]
    planned_on: date


class ContractForm(msgspec.Struct, frozen=True):
    """The contract and its milestones."""

    number: Annotated[str, Meta(max_length=80)]
    method: Method
    contractor: Annotated[str, Meta(min_length=4, max_length=120)]
    credit_code: Annotated[str, Meta(max_length=30)]
    amount_fen: Annotated[Yuan, Meta(gt=0, le=100_000_000_000)]
    signed_on: date
    starts_on: date
    ends_on: date
    steps: Annotated[list[StepForm], Meta(min_length=1, max_length=20)]
    credit_reason: Annotated[str, Meta(max_length=300)] = ""
    supervisor: Annotated[str, Meta(max_length=120)] = ""
    kind: Kind = Kind.WORKS
    underground: bool = False
    supervisor_code: Annotated[str, Meta(max_length=30)] = ""
    bond_fen: Annotated[Yuan, Meta(ge=0, le=100_000_000_000)] = 0


class BidForm(msgspec.Struct, frozen=True):
    """One bid or quotation."""

    bidder: Annotated[str, Meta(min_length=4, max_length=120)]
    credit_code: Annotated[str, Meta(max_length=30)]
    price_fen: Annotated[Yuan, Meta(gt=0, le=100_000_000_000)]
    won: bool = False


class ProcurementForm(msgspec.Struct, frozen=True):
    """How the contractor was found, and who else offered."""

    kind: Kind
    method: Method
    control_fen: Annotated[Yuan, Meta(gt=0, le=100_000_000_000)]
    opened_on: date
    bids: Annotated[list[BidForm], Meta(max_length=20)]
    seen: int
    notice_no: Annotated[str, Meta(max_length=80)] = ""
    bond_fen: Annotated[Yuan, Meta(ge=0, le=100_000_000_000)] = 0
    credit_reason: Annotated[str, Meta(max_length=300)] = ""


class StartForm(msgspec.Struct):
    """Works begin: the start report."""

    started_on: date
    seen: int
    own_paid_fen: Annotated[Yuan, Meta(ge=0, le=100_000_000_000)] = 0
    manager: Annotated[str, Meta(max_length=60)] = ""
    note: Annotated[str, Meta(max_length=1000)] = ""
    photos: Annotated[list[UploadFile], Meta(max_length=6)] = []


class AnswerForm(msgspec.Struct, frozen=True):
    """Who builds says why works are late and when they will be made good."""

    reason: Annotated[str, Meta(min_length=4, max_length=500)]
    forecast_on: date
    seen: int


class CompleteForm(msgspec.Struct, frozen=True):
    """Works are finished."""

    completed_on: date
    note: Annotated[str, Meta(min_length=2, max_length=1000)]
    seen: int

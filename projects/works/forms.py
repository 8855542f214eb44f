"""Forms of the works room."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from quzhou_migrants.web.fields import Percent, Yuan

Opinion = Literal["pass", "fail"]


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


class StartForm(msgspec.Struct, frozen=True):
    """Works begin."""

    started_on: date
    seen: int


class CompleteForm(msgspec.Struct, frozen=True):
    """Works are finished."""

    completed_on: date
    note: Annotated[str, Meta(min_length=2, max_length=1000)]
    seen: int


class AcceptForm(msgspec.Struct, frozen=True):
    """The acceptance opinion, side by side."""

    held_on: date
    members: Annotated[str, Meta(min_length=2, max_length=300)]
    quality: Opinion
    money: Opinion
    benefit: Opinion
    audit: Opinion
    accounts: Opinion
    archive: Opinion
    settled_fen: Annotated[Yuan, Meta(gt=0, le=100_000_000_000)]
    seen: int
    note: Annotated[str, Meta(max_length=1000)] = ""


class HandoverForm(msgspec.Struct, frozen=True):
    """The asset goes to its owner."""

    handed_on: date
    owner: Annotated[str, Meta(min_length=2, max_length=120)]
    caretaker: Annotated[str, Meta(min_length=2, max_length=120)]
    asset: Annotated[str, Meta(min_length=2, max_length=1000)]
    seen: int

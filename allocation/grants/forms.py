"""What people type about rewards, loans and interest."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from litestar.datastructures import UploadFile
from msgspec import Meta

from quzhou_migrants.web.fields import Yuan

Positive = Annotated[Yuan, Meta(gt=0)]
Reward = Literal["beautiful_home", "village_project", "coop", "leader", "graduate"]
Paper = Literal["result", "photo", "loan_contract", "interest_voucher", "other"]


class GrantForm(msgspec.Struct):
    """A reward as it is proposed. Units: fen."""

    kind: Reward
    place: Annotated[str, Meta(pattern=r"^\d{12}$")]
    year: Annotated[int, Meta(ge=2016, le=2100)]
    title: Annotated[str, Meta(min_length=4, max_length=120)]
    recipient: Annotated[str, Meta(min_length=2, max_length=120)]
    amount_fen: Positive
    basis: Annotated[str, Meta(min_length=4, max_length=500)]
    payee: int | None = None


class LoanForm(msgspec.Struct):
    """A loan as its contract states it. Units: fen; the rate in percent a year, four decimals at most."""

    place: Annotated[str, Meta(pattern=r"^\d{12}$")]
    borrower: Annotated[str, Meta(min_length=2, max_length=120)]
    borrower_kind: Literal["household", "coop", "enterprise"]
    lender: Annotated[str, Meta(min_length=4, max_length=120)]
    contract_no: Annotated[str, Meta(min_length=4, max_length=60)]
    use: Annotated[str, Meta(min_length=4, max_length=200)]
    principal_fen: Positive
    rate: Annotated[Decimal, Meta(gt=0, le=24)]
    starts_on: date
    ends_on: date


class InterestForm(msgspec.Struct):
    """Interest that was paid, with the bank's voucher. Units: fen."""

    from_on: date
    to_on: date
    balance_fen: Positive
    interest_fen: Positive
    paid_on: date
    voucher_no: Annotated[str, Meta(min_length=4, max_length=60)]
    penalty_fen: Annotated[Yuan, Meta(ge=0)] = 0


class SubsidyForm(msgspec.Struct):
    """A subsidy to ask for: one loan, one year."""

    year: Annotated[int, Meta(ge=2016, le=2100)]
    payee: int | None = None


class PaperForm(msgspec.Struct):
    """One paper added to a grant."""

    kind: Paper
    file: UploadFile


class CheckForm(msgspec.Struct):
    """What was seen when the result was checked."""

    checked_on: date
    note: Annotated[str, Meta(min_length=4, max_length=500)]


class ReasonForm(msgspec.Struct):
    """Why something goes back."""

    reason: Annotated[str, Meta(min_length=2, max_length=500)]


class RecallForm(msgspec.Struct):
    """What stays rightly given of a paid grant, and why not all of it. Units: fen."""

    due_fen: Annotated[Yuan, Meta(ge=0)]
    reason: Annotated[str, Meta(min_length=2, max_length=500)]


class PayeeForm(msgspec.Struct):
    """Which confirmed account the money goes to."""

    payee: int


class EmptyForm(msgspec.Struct):
    """A button: nothing but the token of its form."""

"""Forms of review. `seen` is the version of the application that was looked at."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated

import msgspec
from litestar.datastructures import UploadFile
from msgspec import Meta

from quzhou_migrants.web.fields import Percent, Yuan

Opinion = Annotated[str, Meta(max_length=500)]
Said = Annotated[str, Meta(min_length=4, max_length=500)]
Amount = Annotated[Yuan, Meta(gt=0, le=100_000_000_000)]
Factor = Annotated[Percent, Meta(ge=10_000, le=100_000)]


class Decision(StrEnum):
    """What may be decided over many applications at once."""

    PASS = "pass"  # noqa: S105 - a decision, not a password
    ADMIT = "admit"
    REFUSE = "refuse"


class Finding(StrEnum):
    """What a site check found."""

    FIT = "fit"
    MEND = "mend"
    UNFIT = "unfit"


class Spoken(msgspec.Struct, frozen=True):
    """A remark beside a field; empty for fields nobody spoke about."""

    field: Annotated[str, Meta(max_length=40)]
    text: Annotated[str, Meta(max_length=500)] = ""


class PassForm(msgspec.Struct, frozen=True):
    """The application is in order."""

    seen: int
    opinion: Opinion = ""


class ReturnForm(msgspec.Struct, frozen=True):
    """The application goes back, with remarks."""

    seen: int
    remarks: Annotated[list[Spoken], Meta(max_length=200)]
    opinion: Opinion = ""


class AdmitForm(msgspec.Struct, frozen=True):
    """The project enters the reserve for some years."""

    seen: int
    years: Annotated[int, Meta(ge=1, le=10)]
    opinion: Opinion = ""


class RefuseForm(msgspec.Struct, frozen=True):
    """The project is refused, or leaves the reserve, with clause and reason."""

    seen: int
    clause: Annotated[str, Meta(min_length=4, max_length=200)]
    reason: Annotated[str, Meta(min_length=4, max_length=500)]


class NothingForm(msgspec.Struct, frozen=True):
    """A step that needs nothing but its button."""


class StepForm(msgspec.Struct, frozen=True):
    """A step that needs nothing but the version that was looked at."""

    seen: int


class AssignForm(msgspec.Struct, frozen=True):
    """Who takes a filing on."""

    person: int


class SiteCheckForm(msgspec.Struct, frozen=True):
    """What somebody saw at the place."""

    checked_on: date
    finding: Finding
    note: Said
    companions: Annotated[str, Meta(max_length=200)] = ""
    photos: Annotated[list[UploadFile], Meta(max_length=9)] = []


class BatchForm(msgspec.Struct, frozen=True):
    """One decision over many applications. Shape: picked = ["id:version"]."""

    decision: Decision
    picked: Annotated[list[Annotated[str, Meta(max_length=40)]], Meta(max_length=5000)] = []
    opinion: Opinion = ""
    years: Annotated[int, Meta(ge=1, le=10)] = 5
    clause: Annotated[str, Meta(max_length=200)] = ""
    reason: Opinion = ""


class AppealForm(msgspec.Struct, frozen=True):
    """Why a refusal is wrong."""

    text: Annotated[str, Meta(min_length=10, max_length=1000)]


class DecideForm(msgspec.Struct, frozen=True):
    """A leader's decision about an appeal."""

    seen: int
    verdict: Annotated[str, Meta(pattern="^(grant|uphold)$")]
    reason: Said


class QuotaForm(msgspec.Struct, frozen=True):
    """What a township may file for in one window."""

    township: Annotated[str, Meta(pattern=r"^\d{12}$")]
    window: Annotated[str, Meta(pattern=r"^\d{4}-\d{2}$")]
    amount_fen: Amount
    factor_bp: Factor


class QuotaChangeForm(msgspec.Struct, frozen=True):
    """Another amount or factor, with a reason."""

    seen: int
    amount_fen: Amount
    factor_bp: Factor
    reason: Said


class OrderForm(msgspec.Struct, frozen=True):
    """The order of a township's applications; `up` or `down` names one that moves a place."""

    seen: int
    order: Annotated[list[int], Meta(min_length=1, max_length=2000)]
    up: int | None = None
    down: int | None = None


class ReopenForm(msgspec.Struct, frozen=True):
    """Why something goes back."""

    seen: int
    reason: Said


class RemarkForm(msgspec.Struct, frozen=True):
    """A remark of the city, or the county's answer; `code` names one project."""

    seen: int
    text: Said
    code: Annotated[str, Meta(max_length=32)] = ""

"""The application in five parts, as typed and as read.

Field names are unique over all parts: a reviewer's remark, a problem and a line of an explained
check all find their place by the name alone.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

import msgspec
from litestar.datastructures import UploadFile
from msgspec import Meta

from projects.intake.rules import Body
from quzhou_migrants.web.fields import Yuan

Count = Annotated[int, Meta(ge=0, le=1_000_000)]
Amount = Annotated[Yuan, Meta(ge=0, le=100_000_000_000)]


class Category(StrEnum):
    """What the money may be used for. Source: pack parameter projects.intake.uses."""

    FARMLAND_WATER = "farmland_water"
    TRANSPORT_SOCIAL = "transport_social"
    ECOLOGY = "ecology"
    TRAINING = "training"
    INDUSTRY = "industry"
    OTHER = "other"


class Way(StrEnum):
    """How migrants or the village are to earn by it. Source: 衢政办发〔2016〕65号 二(二)2-4."""

    NONE = "none"
    E_COMMERCE = "e_commerce"
    LAND_TRANSFER = "land_transfer"
    ROOFTOP_SOLAR = "rooftop_solar"
    SHARE_QUANTIFICATION = "share_quantification"
    ORDERS = "orders"
    SHARES = "shares"
    PROPERTY = "property"
    LEASE = "lease"
    TOURISM = "tourism"
    HOME = "home"


class FileKind(StrEnum):
    """Kinds of papers that come with an application."""

    RESOLUTION = "resolution"
    NOTICE = "notice"
    DESIGN = "design"
    BUDGET = "budget"
    APPROVAL = "approval"
    OTHER = "other"


class StartForm(msgspec.Struct, frozen=True):
    """The first page: what it is called and what it is for."""

    title: Annotated[str, Meta(min_length=4, max_length=60)]
    category: Category


class Basics(msgspec.Struct, frozen=True):
    """Part one: what, where, when, who answers for it."""

    title: Annotated[str, Meta(min_length=4, max_length=60)]
    category: Category
    place: Annotated[str, Meta(max_length=200)]
    starts_on: date
    ends_on: date
    contact: Annotated[str, Meta(max_length=30)]
    phone: Annotated[str, Meta(min_length=7, max_length=20, pattern=r"^[0-9 +()-]+$")]
    no_duplicate: Literal["yes", "no"]
    way: Way = Way.NONE
    lat: Annotated[float, Meta(ge=18, le=54)] | None = None
    lon: Annotated[float, Meta(ge=73, le=136)] | None = None


class Works(msgspec.Struct, frozen=True):
    """Part two: what is built, for how much, with whose money."""

    content: Annotated[str, Meta(min_length=10, max_length=2000)]
    estimate_fen: Annotated[Yuan, Meta(gt=0, le=100_000_000_000)]
    asked_fen: Annotated[Yuan, Meta(gt=0, le=100_000_000_000)]
    own_fen: Amount = 0
    other_fen: Amount = 0
    other_source: Annotated[str, Meta(max_length=120)] = ""


class Benefit(msgspec.Struct, frozen=True):
    """Part three: who gains, what is promised, who will look after it."""

    beneficiaries: Annotated[int, Meta(ge=1, le=1_000_000)]
    migrants: Count
    goals: Annotated[str, Meta(min_length=10, max_length=1000)]
    asset_owner: Annotated[str, Meta(max_length=120)]
    caretaker: Annotated[str, Meta(max_length=120)]
    low_income: Count = 0
    income_fen: Amount = 0


class Decision(msgspec.Struct, frozen=True):
    """Part four: the village's decision, as in the minutes."""

    body: Body
    told_on: date
    held_on: date
    due: Annotated[int, Meta(ge=1, le=10_000)]
    representatives: Count
    women: Count
    present: Annotated[int, Meta(ge=1, le=10_000)]
    votes_for: Count
    votes_against: Count
    abstained: Count
    basis: Annotated[str, Meta(max_length=200)] = ""


class Posting(msgspec.Struct, frozen=True):
    """Part five: the public notice in the village."""

    notice_from: date
    notice_to: date
    notice_place: Annotated[str, Meta(max_length=200)]
    objections: Count
    answered: Count
    outcome: Annotated[str, Meta(max_length=1000)] = ""


class PaperForm(msgspec.Struct):
    """One paper sent up."""

    kind: FileKind
    paper: UploadFile


class WithdrawForm(msgspec.Struct, frozen=True):
    """The village takes its application back."""

    reason: Annotated[str, Meta(min_length=2, max_length=500)]


class SubmitForm(msgspec.Struct, frozen=True):
    """The last page: the village answers for what it files."""

    declare: bool = False


SECTIONS: dict[str, type[msgspec.Struct]] = {
    "basics": Basics,
    "works": Works,
    "benefit": Benefit,
    "decision": Decision,
    "posting": Posting,
}
FILES = "papers"
STEPS = (*SECTIONS, FILES)
SECTION_OF = {f: name for name, struct in SECTIONS.items() for f in struct.__struct_fields__} | {
    kind.value: FILES for kind in FileKind
}

"""The application in six parts, as typed and as read.

Field names are unique over all parts: a reviewer's remark, a problem and a line of an explained
check all find their place by the name alone.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

import msgspec
from litestar.datastructures import UploadFile
from msgspec import Meta

from projects.intake.rules import Body
from quzhou_migrants.web.fields import Percent, Yuan

Count = Annotated[int, Meta(ge=0, le=1_000_000)]
Amount = Annotated[Yuan, Meta(ge=0, le=100_000_000_000)]
Share = Annotated[Percent, Meta(ge=0, le=10_000)]
Quantity = Annotated[Decimal, Meta(gt=0, le=1_000_000_000)]
Unit = Annotated[str, Meta(min_length=1, max_length=12)]


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


class ShapeKind(StrEnum):
    """How a place is drawn. Shape: the kinds of `kernel.geo.shape_of`."""

    POINT = "point"
    LINE = "line"
    AREA = "area"


class ReservoirKind(StrEnum):
    """Kinds of reservoir as plan tables name them. Source: domain 1.2 (published plan table)."""

    LARGE_MEDIUM = "large_medium"
    SMALL = "small"


class Grade(StrEnum):
    """Grades of a design unit."""

    NONE = "none"
    C = "c"
    B = "b"
    A = "a"


class Land(StrEnum):
    """What was found about land and nature where the works are to stand."""

    FREE = "free"
    APPROVED = "approved"
    PENDING = "pending"
    INSIDE = "inside"


class Operator(StrEnum):
    """How a target is compared with its number."""

    AT_LEAST = "ge"
    AT_MOST = "le"
    EQUAL = "eq"


class ItemRow(msgspec.Struct, frozen=True):
    """One line of the contents: what, how much of it, at which price. Units: fen."""

    name: Annotated[str, Meta(min_length=2, max_length=80)]
    quantity: Quantity
    unit: Unit
    price_fen: Amount = 0


class TargetRow(msgspec.Struct, frozen=True):
    """One promised result: an indicator, an operator, a number, its unit."""

    name: Annotated[str, Meta(min_length=2, max_length=80)]
    operator: Operator
    value: Annotated[Decimal, Meta(ge=0, le=1_000_000_000)]
    unit: Unit


class PartnerRow(msgspec.Struct, frozen=True):
    """One more village of a joint project and its share."""

    village: Annotated[str, Meta(min_length=2, max_length=120)]
    share: Annotated[Percent, Meta(gt=0, lt=10_000)]


class ApprovalRow(msgspec.Struct, frozen=True):
    """One approval that was given before: what it is, its number, its day."""

    name: Annotated[str, Meta(min_length=2, max_length=80)]
    number: Annotated[str, Meta(min_length=2, max_length=80)]
    on: date


class StartForm(msgspec.Struct, frozen=True):
    """The first page: what it is called, what it is for, and which earlier application it is copied from."""

    title: Annotated[str, Meta(min_length=4, max_length=60)]
    category: Category
    copy_of: Annotated[int, Meta(gt=0)] | None = None


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
    shape_kind: ShapeKind = ShapeKind.POINT
    shape: Annotated[str, Meta(max_length=20_000)] = ""
    reservoir: Annotated[str, Meta(max_length=80)] = ""
    reservoir_kind: ReservoirKind | None = None
    sector_note: Annotated[str, Meta(max_length=500)] = ""


class Works(msgspec.Struct, frozen=True):
    """Part two: what is built, for how much, with whose money."""

    content: Annotated[str, Meta(min_length=10, max_length=2000)]
    items: Annotated[list[ItemRow], Meta(min_length=1, max_length=40)]
    estimate_fen: Annotated[Yuan, Meta(gt=0, le=100_000_000_000)]
    asked_fen: Annotated[Yuan, Meta(gt=0, le=100_000_000_000)]
    own_fen: Amount = 0
    other_fen: Amount = 0
    other_source: Annotated[str, Meta(max_length=120)] = ""
    labour_fen: Amount = 0


class Benefit(msgspec.Struct, frozen=True):
    """Part three: who gains, what is promised, who will look after it."""

    beneficiaries: Annotated[int, Meta(ge=1, le=1_000_000)]
    migrants: Count
    goals: Annotated[str, Meta(min_length=10, max_length=1000)]
    targets: Annotated[list[TargetRow], Meta(min_length=1, max_length=20)]
    asset_owner: Annotated[str, Meta(max_length=120)]
    caretaker: Annotated[str, Meta(max_length=120)]
    low_income: Count = 0
    low_income_how: Annotated[str, Meta(max_length=300)] = ""
    households: Count = 0
    income_fen: Amount = 0
    split_village: Share = 0
    split_migrants: Share = 0
    split_other: Share = 0
    lead_share: Share = 10_000
    partners: Annotated[list[PartnerRow], Meta(max_length=20)] = []


class Readiness(msgspec.Struct, frozen=True):
    """What is ready before the works: design, land, nature, approvals."""

    land: Land
    ecology: Land
    design_unit: Annotated[str, Meta(max_length=120)] = ""
    design_grade: Grade = Grade.NONE
    designed_on: date | None = None
    approvals: Annotated[list[ApprovalRow], Meta(max_length=20)] = []


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
    population: Count = 0
    supervised: Literal["yes", "no"] = "no"


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
    "readiness": Readiness,
    "decision": Decision,
    "posting": Posting,
}
FILES = "papers"
STEPS = (*SECTIONS, FILES)
OPTIONAL_ROWS = ("partners", "approvals")
"""Tables that may stay empty; the others want a line."""
SECTION_OF = {f: name for name, struct in SECTIONS.items() for f in struct.__struct_fields__} | {
    kind.value: FILES for kind in FileKind
}


def section_of(field: str) -> str:
    """Name the part a field belongs to, also a cell of one of its tables; empty for none."""
    return SECTION_OF.get(field.partition(".")[0], "")


class SettleForm(msgspec.Struct, frozen=True):
    """Which of the answers that two people wrote are taken from the slower one; `seen` is what was looked at."""

    seen: str
    mine: Annotated[list[str], Meta(max_length=60)] = []


class ExtendForm(msgspec.Struct, frozen=True):
    """A county keeps a window open longer."""

    window: Annotated[str, Meta(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")]
    closes_on: date
    reason: Annotated[str, Meta(min_length=4, max_length=500)]
    doc_no: Annotated[str, Meta(max_length=80)] = ""


class LateForm(msgspec.Struct, frozen=True):
    """A village asks to file after the window has closed."""

    reason: Annotated[str, Meta(min_length=6, max_length=500)]


class LateAnswerForm(msgspec.Struct, frozen=True):
    """A county leader answers a plea."""

    seen: int
    answer: Annotated[str, Meta(max_length=500)] = ""

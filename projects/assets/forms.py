"""Forms of the assets room."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from quzhou_migrants.web.fields import Yuan

Opinion = Literal["pass", "fail"]
Amount = Annotated[Yuan, Meta(gt=0, le=100_000_000_000)]
Name = Annotated[str, Meta(min_length=2, max_length=120)]
Sentence = Annotated[str, Meta(max_length=300)]


class Part(StrEnum):
    """Parts of works that carry a warranty. Source: 建设工程质量管理条例 第四十条."""

    STRUCTURE = "structure"
    WATERPROOF = "waterproof"
    PIPES = "pipes"


class AssetKind(StrEnum):
    """What kind of thing an asset is."""

    ROAD = "road"
    WATER = "water"
    BUILDING = "building"
    POWER = "power"
    EQUIPMENT = "equipment"
    LAND = "land"
    OTHER = "other"


class Condition(StrEnum):
    """How an asset was found."""

    GOOD = "good"
    WORN = "worn"
    BROKEN = "broken"


class DefectForm(msgspec.Struct, frozen=True):
    """One fault and the day until which it is mended."""

    content: Annotated[str, Meta(min_length=2, max_length=300)]
    due_on: date


class PreAcceptForm(msgspec.Struct, frozen=True):
    """The preliminary acceptance: passed with or without faults, or back to the builder."""

    held_on: date
    members: Annotated[str, Meta(min_length=2, max_length=300)]
    result: Literal["pass", "rework"]
    seen: int
    defects: Annotated[list[DefectForm], Meta(max_length=20)] = []
    note: Annotated[str, Meta(max_length=1000)] = ""


class AuditForm(msgspec.Struct, frozen=True):
    """The audited final account."""

    audited_on: date
    firm: Annotated[str, Meta(min_length=4, max_length=120)]
    report_no: Annotated[str, Meta(min_length=2, max_length=80)]
    submitted_fen: Amount
    settled_fen: Amount
    seen: int
    note: Annotated[str, Meta(max_length=1000)] = ""


class AcceptForm(msgspec.Struct, frozen=True):
    """The acceptance opinion, side by side. `settled_fen` is typed only where no audit said it before."""

    held_on: date
    members: Annotated[str, Meta(min_length=2, max_length=300)]
    quality: Opinion
    money: Opinion
    benefit: Opinion
    audit: Opinion
    accounts: Opinion
    archive: Opinion
    seen: int
    settled_fen: Amount | None = None
    parts: list[Part] = []
    life_years: Annotated[int, Meta(ge=1, le=100)] | None = None
    note: Annotated[str, Meta(max_length=1000)] = ""


class OwnerForm(msgspec.Struct, frozen=True):
    """One owner and what it put in."""

    owner: Name
    invested_fen: Amount


class CardForm(msgspec.Struct, frozen=True):
    """One asset as it is handed over."""

    name: Name
    kind: AssetKind
    value_fen: Amount
    quantity: Annotated[str, Meta(max_length=60)] = ""
    operating: bool = False


class HandoverForm(msgspec.Struct, frozen=True):
    """The assets go to their owners."""

    handed_on: date
    caretaker: Name
    owners: Annotated[list[OwnerForm], Meta(min_length=1, max_length=20)]
    cards: Annotated[list[CardForm], Meta(min_length=1, max_length=20)]
    seen: int
    asset: Annotated[str, Meta(max_length=1000)] = ""


class MendForm(msgspec.Struct, frozen=True):
    """A fault was mended."""

    mended_on: date
    mended_note: Annotated[str, Meta(min_length=2, max_length=300)]


class ReasonForm(msgspec.Struct, frozen=True):
    """Why something is done."""

    reason: Annotated[str, Meta(max_length=300)] = ""


class FaultForm(msgspec.Struct, frozen=True):
    """A fault that showed after acceptance."""

    part: Part
    content: Annotated[str, Meta(min_length=2, max_length=300)]
    found_on: date
    due_on: date


class CheckForm(msgspec.Struct, frozen=True):
    """A look at an asset."""

    checked_on: date
    condition: Condition
    finding: Sentence = ""
    measure: Sentence = ""


class CaretakerForm(msgspec.Struct, frozen=True):
    """Somebody else looks after an asset."""

    caretaker: Name
    why: Annotated[str, Meta(min_length=2, max_length=300)]

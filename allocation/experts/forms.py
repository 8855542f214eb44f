"""What people type about the pool, draws and seats."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from litestar.datastructures import UploadFile
from msgspec import Meta

from allocation.experts.rules import SEED_LENGTH, TieKind

Reason = Annotated[str, Meta(min_length=2, max_length=500)]


class ExpertForm(msgspec.Struct):
    """One expert of the pool. `county`: the division where the person works."""

    name: Annotated[str, Meta(max_length=60)]
    employer: Annotated[str, Meta(max_length=100)]
    county: Annotated[str, Meta(min_length=6, max_length=6, pattern="^[0-9]{6}$")]
    specialities: Annotated[list[str], Meta(min_length=1, max_length=6)]
    grade: str
    valid_from: date
    valid_until: date
    title: Annotated[str, Meta(max_length=60)] = ""
    user_id: int | None = None
    note: Annotated[str, Meta(max_length=500)] = ""


class SheetForm(msgspec.Struct):
    """A pool as a table."""

    sheet: UploadFile


class AccountForm(msgspec.Struct):
    """A login for an expert who has none."""

    login: Annotated[str, Meta(min_length=3, max_length=40)]


class TieForm(msgspec.Struct):
    """One tie: the name of a unit, or the 12 digits of a village or township."""

    kind: TieKind
    subject: Annotated[str, Meta(min_length=2, max_length=100)]
    until: date | None = None
    note: Annotated[str, Meta(max_length=200)] = ""


class GroupForm(msgspec.Struct):
    """Seats for one speciality."""

    speciality: str
    seats: Annotated[int, Meta(ge=0, le=15)] = 0


class FreezeForm(msgspec.Struct):
    """The seats to be drawn, group by group."""

    groups: Annotated[list[GroupForm], Meta(min_length=1, max_length=12)]


class SeedForm(msgspec.Struct):
    """The seed of a draw; empty for one from the system."""

    seed: Annotated[str, Meta(max_length=SEED_LENGTH[1])] = ""
    source: Annotated[str, Meta(max_length=200)] = ""


class ReasonForm(msgspec.Struct):
    """Why something is stopped, declined or taken away."""

    reason: Reason


class OutsideForm(msgspec.Struct):
    """Somebody from outside the pool, with the decision that lets the person in."""

    user_id: int
    employer: Annotated[str, Meta(max_length=100)]
    reason: Reason
    doc_no: Annotated[str, Meta(min_length=2, max_length=80)]
    decided_on: date
    paper: UploadFile


class EmptyForm(msgspec.Struct):
    """A button: nothing but the token of its form."""

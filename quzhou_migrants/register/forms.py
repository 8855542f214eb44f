"""What people type about households and their people; limits here, meaning in `rules.py`."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar.datastructures import UploadFile
from msgspec import Meta

from quzhou_migrants.register.words import Mode, Relation, Support

Code = Annotated[str, Meta(max_length=32)]
Place = Annotated[str, Meta(min_length=12, max_length=12)]
Name = Annotated[str, Meta(max_length=60)]
Number = Annotated[str, Meta(max_length=40)]


class HouseholdForm(msgspec.Struct, kw_only=True):
    """A household without its people. An empty phone or bank account keeps what is stored."""

    code: Code
    division_code: Place
    support: Support
    low_income: bool = False
    reservoir: Annotated[str, Meta(max_length=60)] = ""
    moved_year: Annotated[int, Meta(ge=1949, le=2100)] | None = None
    phone: Number = ""
    bank_name: Annotated[str, Meta(max_length=80)] = ""
    bank_account: Number = ""
    version: int = 0


class NewHouseholdForm(HouseholdForm, kw_only=True):
    """A household with its head; the others follow on its page."""

    name: Name
    resident_id: Number
    migrant: bool = False


class MemberForm(msgspec.Struct, kw_only=True):
    """A person. An empty number keeps the stored one."""

    name: Name
    relation: Relation
    resident_id: Number = ""
    migrant: bool = False
    version: int = 0


class RevealForm(msgspec.Struct, kw_only=True):
    """Why a whole number is looked at."""

    reason: Annotated[str, Meta(min_length=4, max_length=200)]


class StepForm(msgspec.Struct, kw_only=True):
    """A step of a household or a sheet, with the version that was seen and a reason where one is needed."""

    version: int = 0
    reason: Annotated[str, Meta(max_length=200)] = ""


class CloseForm(msgspec.Struct, kw_only=True):
    """Why a household or a person leaves the register."""

    reason: Annotated[str, Meta(min_length=2, max_length=200)]
    version: int = 0


class UploadForm(msgspec.Struct, kw_only=True):
    """A sheet to bring in."""

    file: UploadFile


class ApplyForm(msgspec.Struct, kw_only=True):
    """How a checked sheet is written."""

    mode: Mode

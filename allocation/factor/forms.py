"""What people fill in about schemes and runs."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from litestar.datastructures import UploadFile
from msgspec import Meta, Struct

from allocation.factor.scheme import Form, Part
from quzhou_migrants.kernel.money import Mode
from quzhou_migrants.web.fields import Percent, Yuan


class WeightRow(Struct):
    """The weight of one factor of the catalogue, typed in percent of the whole pool."""

    key: Annotated[str, Meta(max_length=40)]
    part: Part
    form: Form
    weight_bp: Annotated[Percent, Meta(ge=0, le=10_000)]


class SchemeForm(Struct):
    """A new version of a scheme. Units: basis points, fen."""

    title: Annotated[str, Meta(max_length=120)]
    base_bp: Annotated[Percent, Meta(ge=0, le=10_000)]
    performance_bp: Annotated[Percent, Meta(ge=0, le=10_000)]
    mode: Mode
    unit_fen: Annotated[Yuan, Meta(ge=1)]
    residual: Annotated[str, Meta(max_length=20)]
    factors: Annotated[list[WeightRow], Meta(min_length=1, max_length=20)]
    note: Annotated[str, Meta(max_length=500)] = ""
    like: int = 0


class SignSchemeForm(Struct):
    """The approval of a scheme: the number of the document or minutes it rests on."""

    doc_no: Annotated[str, Meta(max_length=80)] = ""


class OpinionForm(Struct):
    """The approval of a run, in words."""

    opinion: Annotated[str, Meta(max_length=500)] = ""


class RunForm(Struct):
    """A new run. Units: fen."""

    batch: int
    scheme: int
    title: Annotated[str, Meta(max_length=120)]
    pool_fen: Annotated[Yuan, Meta(gt=0)]


class ValueRow(Struct):
    """One typed value; an empty one is left out and found missing later."""

    factor: Annotated[str, Meta(max_length=40)]
    unit: Annotated[str, Meta(max_length=12)]
    value: Annotated[str, Meta(max_length=40)] = ""


class ColumnRow(Struct):
    """Where the values of one factor come from, and of which day they are."""

    factor: Annotated[str, Meta(max_length=40)]
    source: Annotated[str, Meta(max_length=200)] = ""
    as_of: date | None = None


class ValuesForm(Struct):
    """A table of values: source and date of each column, and what is common to columns without their own."""

    values: Annotated[list[ValueRow], Meta(max_length=2_000)]
    columns: Annotated[list[ColumnRow], Meta(max_length=40)]
    source: Annotated[str, Meta(max_length=200)] = ""
    as_of: date | None = None


class FreezeForm(Struct):
    """The word that explains odd values; needed only when there are any."""

    remark: Annotated[str, Meta(max_length=1000)] = ""


class ImportForm(Struct):
    """A spreadsheet of values; source and date for columns that do not carry their own."""

    file: UploadFile
    source: Annotated[str, Meta(max_length=200)] = ""
    as_of: date | None = None

"""What people fill in about runs and their data."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from litestar.datastructures import UploadFile
from msgspec import Meta, Struct

from quzhou_migrants.web.fields import Yuan


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


class ResultForm(Struct):
    """Where performance results stand, and of which year they are. The paper's name leaves room for the year."""

    year: Annotated[int, Meta(ge=2006, le=9999)]
    source: Annotated[str, Meta(max_length=160)]
    as_of: date


class ResultFileForm(ResultForm):
    """The same with the spreadsheet."""

    file: UploadFile

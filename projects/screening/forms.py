"""What is typed about projects of other funds."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from litestar.datastructures import UploadFile
from msgspec import Meta

from quzhou_migrants.web.fields import Yuan


class SectorForm(msgspec.Struct, frozen=True):
    """A project that another department paid for."""

    village: Annotated[str, Meta(min_length=2, max_length=120)]
    sector: Annotated[str, Meta(min_length=2, max_length=60)]
    title: Annotated[str, Meta(min_length=4, max_length=120)]
    finished_on: date
    amount_fen: Annotated[Yuan, Meta(ge=0, le=100_000_000_000)] = 0
    number: Annotated[str, Meta(max_length=80)] = ""
    lat: Annotated[float, Meta(ge=18, le=54)] | None = None
    lon: Annotated[float, Meta(ge=73, le=136)] | None = None


class SheetForm(msgspec.Struct):
    """A list of projects from another department."""

    sheet: UploadFile

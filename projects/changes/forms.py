"""Forms of the changes room."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from litestar.datastructures import UploadFile
from msgspec import Meta

from projects.changes.rules import Cause
from projects.intake.forms import ShapeKind
from quzhou_migrants.web.fields import Yuan

Amount = Annotated[Yuan, Meta(ge=0, le=100_000_000_000)]
Words = Annotated[str, Meta(min_length=4, max_length=1000)]


class AdjustForm(msgspec.Struct):
    """An adjustment: the whole agreement as it shall stand; what stays is sent as it was."""

    place: Annotated[str, Meta(min_length=2, max_length=200)]
    content: Annotated[str, Meta(min_length=4, max_length=4000)]
    cause: Cause
    reason: Words
    seen: int
    shape_kind: ShapeKind = ShapeKind.POINT
    shape: Annotated[str, Meta(max_length=4000)] = ""
    contract_fen: Amount = 0
    own_fen: Amount = 0
    other_fen: Amount = 0
    ends_on: date | None = None
    audit_doc: Annotated[str, Meta(max_length=80)] = ""
    papers: Annotated[list[UploadFile], Meta(max_length=6)] = []


class StopForm(msgspec.Struct):
    """Works are to stand still, to go on, or to end for good."""

    cause: Cause
    reason: Words
    seen: int
    ends_on: date | None = None
    keep_fen: Amount = 0
    papers: Annotated[list[UploadFile], Meta(max_length=6)] = []


class DecideForm(msgspec.Struct, frozen=True):
    """An opinion on a change order."""

    seen: int
    opinion: Annotated[str, Meta(max_length=1000)] = ""
    doc_no: Annotated[str, Meta(max_length=80)] = ""

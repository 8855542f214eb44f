"""What is typed about notices and objections."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import msgspec
from litestar.datastructures import UploadFile
from msgspec import Meta

Name = Annotated[str, Meta(min_length=2, max_length=40)]
Phone = Annotated[str, Meta(min_length=7, max_length=20, pattern=r"^[0-9 +()-]+$")]
Said = Annotated[str, Meta(min_length=5, max_length=2000)]


class OpenForm(msgspec.Struct):
    """A notice goes up. Without an end, the pack's days are counted."""

    title: Annotated[str, Meta(min_length=4, max_length=120)]
    body: Annotated[str, Meta(min_length=10, max_length=4000)]
    starts_on: date
    place: Annotated[str, Meta(max_length=200)] = ""
    ends_on: date | None = None
    start_photo: UploadFile | None = None


class PhotoForm(msgspec.Struct):
    """A photo of the board."""

    kind: Literal["start_photo", "end_photo"]
    photo: UploadFile


class CloseForm(msgspec.Struct, frozen=True):
    """The notice has hung long enough."""

    outcome: Annotated[str, Meta(min_length=2, max_length=1000)]


class CancelForm(msgspec.Struct, frozen=True):
    """The notice is taken down before its time."""

    reason: Annotated[str, Meta(min_length=2, max_length=500)]


class ObjectionForm(msgspec.Struct, frozen=True):
    """An objection from the public page. `homepage` is left empty by people and filled by robots."""

    person: Name
    phone: Phone
    text: Said
    homepage: Annotated[str, Meta(max_length=200)] = ""


class PaperObjectionForm(msgspec.Struct, frozen=True):
    """An objection on paper or by word of mouth, entered by a clerk."""

    person: Name
    text: Said
    received_on: date
    phone: Annotated[str, Meta(max_length=20)] = ""


class AnswerForm(msgspec.Struct, frozen=True):
    """The answer to an objection."""

    verdict: Literal["uphold", "dismiss"]
    answer: Annotated[str, Meta(min_length=4, max_length=2000)]
    ground: Annotated[str, Meta(max_length=200)] = ""


class RetractForm(msgspec.Struct, frozen=True):
    """Who objected takes it back."""

    reason: Annotated[str, Meta(min_length=2, max_length=500)]

"""Forms of the dossier."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

import msgspec
from litestar.datastructures import UploadFile
from msgspec import Meta


class Kind(StrEnum):
    """What a dossier is made as."""

    PDF = "pdf"
    ZIP = "zip"


class FileForm(msgspec.Struct, frozen=True):
    """Papers of one kind."""

    kind: Annotated[str, Meta(max_length=24, pattern=r"^[a-z_]+$")]
    files: Annotated[list[UploadFile], Meta(min_length=1, max_length=20)]


class MakeForm(msgspec.Struct, frozen=True):
    """A dossier is asked for."""

    kind: Literal["pdf", "zip"]


class DropForm(msgspec.Struct, frozen=True):
    """A file is taken out."""

    file: int

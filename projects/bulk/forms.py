"""What is sent with a sheet, and how it is filed."""

from __future__ import annotations

from typing import Literal

import msgspec
from litestar.datastructures import UploadFile


class UploadForm(msgspec.Struct):
    """A sheet and the zip of its papers."""

    sheet: UploadFile
    papers: UploadFile | None = None


class FileForm(msgspec.Struct, frozen=True):
    """Only when every row is good, or the good ones; as drafts for the villages, or filed at once."""

    which: Literal["all", "valid"]
    how: Literal["draft", "submit"]
    declare: bool = False

"""What people fill in about the notice of a run's result."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct


class NoticeForm(Struct):
    """The words of a notice; the tables come from the run. One paragraph of the body a line."""

    doc_no: Annotated[str, Meta(max_length=80)]
    title: Annotated[str, Meta(max_length=160)]
    addressees: Annotated[str, Meta(max_length=400)]
    body: Annotated[str, Meta(max_length=6000)]
    signer: Annotated[str, Meta(max_length=120)]
    copies: Annotated[str, Meta(max_length=400)] = ""

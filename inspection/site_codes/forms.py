"""What is typed on the pages of site codes."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from inspection.site_codes.documents import Paper


class IssueForm(Struct, frozen=True, kw_only=True):
    """A button that needs nothing but its token."""


class ReasonForm(Struct, frozen=True, kw_only=True):
    """Why a code is revoked; shown to whoever scans the old board."""

    reason: Annotated[str, Meta(min_length=2, max_length=200)]


class PrintForm(Struct, frozen=True, kw_only=True):
    """Which boards to print: all active codes inside a division."""

    division: Annotated[str, Meta(pattern=r"^\d{12}$")]
    paper: Paper = Paper.A4

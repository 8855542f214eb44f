"""Forms of the refresh room."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from projects.refresh.states import Said
from quzhou_migrants.web.fields import Yuan

Amount = Annotated[Yuan, Meta(ge=0, le=100_000_000_000)]
Count = Annotated[int, Meta(ge=0, le=1_000_000)]


class AnswerForm(msgspec.Struct, frozen=True):
    """What the owner says of a project; the figures count only for a change."""

    answer: Said
    seen: int
    estimate_fen: Amount
    asked_fen: Amount
    own_fen: Amount
    other_fen: Amount
    beneficiaries: Count
    migrants: Count
    low_income: Count
    starts_on: date | None = None
    ends_on: date | None = None
    note: Annotated[str, Meta(max_length=500)] = ""


class SeenForm(msgspec.Struct, frozen=True):
    """The version that was looked at."""

    seen: int = 0


class FreezeForm(msgspec.Struct, frozen=True):
    """Why the reserve is frozen outside a refresh."""

    reason: Annotated[str, Meta(min_length=4, max_length=200)]


class ReadmitForm(msgspec.Struct, frozen=True):
    """A new term for an expired project."""

    seen: int
    years: Annotated[int, Meta(ge=1, le=10)]
    opinion: Annotated[str, Meta(min_length=4, max_length=500)]

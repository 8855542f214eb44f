"""What people type in the sampling room."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta


class CampaignForm(msgspec.Struct):
    """A new survey."""

    title: Annotated[str, Meta(min_length=2, max_length=120)]
    year: Annotated[int, Meta(ge=2016, le=2100)]
    purpose: Annotated[str, Meta(max_length=1000)] = ""


class DrawForm(msgspec.Struct):
    """The seed of a draw, and where it was published; both empty for a random one of ours."""

    seed: Annotated[str, Meta(max_length=120)] = ""
    seed_note: Annotated[str, Meta(max_length=200)] = ""


class HandOverForm(msgspec.Struct):
    """Who asks, until when, in which county (all of them when empty)."""

    surveyor: int
    ends_on: date
    county: Annotated[str, Meta(max_length=12)] = ""


class ReasonForm(msgspec.Struct):
    """Why something is undone or replaced."""

    reason: Annotated[str, Meta(min_length=2, max_length=500)]


class StepForm(msgspec.Struct):
    """A step that needs no words."""

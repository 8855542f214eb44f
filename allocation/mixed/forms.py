"""What is typed about a parting."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from allocation.mixed.rules import Back
from quzhou_migrants.web.fields import Percent, Yuan


class PotForm(msgspec.Struct):
    """One pot: whose, and its share of the competitive part, typed in percent."""

    division_code: Annotated[str, Meta(pattern=r"^[0-9]{12}$")]
    share_bp: Annotated[Percent, Meta(ge=0, le=10_000)] = 0


class MixedForm(msgspec.Struct):
    """One parting. Units: fen, typed as yuan; shares typed in percent."""

    batch: int
    title: Annotated[str, Meta(max_length=120)]
    pool_fen: Annotated[Yuan, Meta(gt=0)]
    factor_bp: Annotated[Percent, Meta(ge=0, le=10_000)]
    back_to: Back
    use_by: date
    pots: Annotated[list[PotForm], Meta(min_length=1, max_length=40)]
    doc_no: Annotated[str, Meta(max_length=80)] = ""


class ReasonForm(msgspec.Struct):
    """Why something is given up or flows back."""

    reason: Annotated[str, Meta(min_length=2, max_length=500)]


class EmptyForm(msgspec.Struct):
    """A button: nothing but the token of its form."""

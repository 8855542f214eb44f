"""What people try out beside an official run; nothing of it is stored."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from allocation.factor.forms import ValueRow
from quzhou_migrants.web.fields import Percent, Yuan


class TriedWeight(Struct):
    """Another weight of one factor, in percent of the whole."""

    key: Annotated[str, Meta(max_length=40)]
    weight_bp: Annotated[Percent, Meta(ge=0, le=10_000)]


class WhatIfForm(Struct):
    """Another pool, other weights, other values, another scheme. Units: fen, basis points."""

    pool_fen: Annotated[Yuan, Meta(gt=0)]
    weights: Annotated[list[TriedWeight], Meta(max_length=40)]
    values: Annotated[list[ValueRow], Meta(max_length=20_000)]
    scheme: int = 0

"""What people fill in to build a scheme: factors, what is set aside, bounds, rounding."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from allocation.factor.scheme import Form, Kind, Part
from quzhou_migrants.kernel.money import Mode
from quzhou_migrants.web.fields import Percent, Yuan

Share = Annotated[Percent, Meta(ge=0, le=10_000)]
Amount = Annotated[Yuan, Meta(ge=0)]
Key = Annotated[str, Meta(max_length=40)]
Clause = Annotated[str, Meta(max_length=200)]


class FactorRow(Struct):
    """One factor. Without a key it is new and needs a title; `weight_bp` is typed in percent of the whole.

    `grades` is one grade a line: name, coefficient, and the score it begins at.
    """

    key: Key = ""
    title: Annotated[str, Meta(max_length=40)] = ""
    unit: Annotated[str, Meta(max_length=12)] = ""
    part: Part = Part.BASE
    form: Form = Form.DIRECT
    weight_bp: Share = 0
    times: Key = ""
    per: Key = ""
    places: Annotated[int, Meta(ge=0, le=6)] = 0
    least: Annotated[str, Meta(max_length=20, pattern=r"^\d{1,12}(\.\d{1,6})?$")] = "0"
    most: Annotated[str, Meta(max_length=20, pattern=r"^(\d{1,12}(\.\d{1,6})?)?$")] = ""
    grades: Annotated[str, Meta(max_length=500)] = ""
    source: Clause = ""


class FixedRow(Struct):
    """An amount given before the factors count; without a unit every unit gets it. Units: fen."""

    unit: Annotated[str, Meta(max_length=12)] = ""
    fen: Amount = 0
    source: Clause = ""


class BoundRow(Struct):
    """A floor, a cap, or the most a share may fall or rise; without a unit for every unit. Units: fen, bp."""

    kind: Kind | None = None
    unit: Annotated[str, Meta(max_length=12)] = ""
    fen: Amount = 0
    bp: Annotated[Percent, Meta(ge=0, le=1_000_000)] = 0
    source: Clause = ""


class SchemeForm(Struct):
    """A new version of a scheme. Units: basis points, fen."""

    title: Annotated[str, Meta(max_length=120)]
    base_bp: Share
    performance_bp: Share
    mode: Mode
    unit_fen: Annotated[Yuan, Meta(ge=1)]
    residual: Annotated[str, Meta(max_length=20)]
    factors: Annotated[list[FactorRow], Meta(min_length=1, max_length=20)]
    places: Annotated[int, Meta(ge=0, le=12)] = 8
    reserve_fen: Amount = 0
    reserve_bp: Share = 0
    reserve_source: Clause = ""
    share_source: Clause = ""
    rounding_source: Clause = ""
    fixed: Annotated[list[FixedRow], Meta(max_length=60)] = []
    bounds: Annotated[list[BoundRow], Meta(max_length=60)] = []
    note: Annotated[str, Meta(max_length=500)] = ""
    like: int = 0


class SignSchemeForm(Struct):
    """The approval of a scheme: the number of the document or minutes it rests on."""

    doc_no: Annotated[str, Meta(max_length=80)] = ""

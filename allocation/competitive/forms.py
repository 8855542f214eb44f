"""What people type about rounds, reviews and decisions."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import msgspec
from litestar.datastructures import UploadFile
from msgspec import Meta

from allocation.competitive.rules import FULL_MARKS, CutRule, Vote
from quzhou_migrants.web.fields import Percent, Yuan

Positive = Annotated[Yuan, Meta(gt=0)]
Reason = Annotated[str, Meta(min_length=2, max_length=500)]
Points = Annotated[int, Meta(ge=0, le=FULL_MARKS)]
Conflict = Literal["kin", "employer", "paid", "supervisor", "other"]


class CriterionForm(msgspec.Struct):
    """One criterion of a call, its weight typed in percent."""

    title: Annotated[str, Meta(max_length=60)]
    weight_bp: Annotated[Percent, Meta(gt=0, le=10_000)]
    hint: Annotated[str, Meta(max_length=300)] = ""


class VetoForm(msgspec.Struct):
    """One item that rules a project out."""

    title: Annotated[str, Meta(max_length=100)]
    hint: Annotated[str, Meta(max_length=300)] = ""


class RoundForm(msgspec.Struct):
    """One call. Units: fen, typed as yuan."""

    title: Annotated[str, Meta(max_length=120)]
    call: Annotated[str, Meta(max_length=5000)]
    budget_fen: Positive
    cap_fen: Positive
    cut_rule: CutRule
    opens_on: date
    score_by: date
    decide_by: date
    criteria: Annotated[list[CriterionForm], Meta(min_length=1, max_length=20)]
    vetoes: Annotated[list[VetoForm], Meta(max_length=20)] = []
    pot: Annotated[str, Meta(max_length=40)] = ""


class PickForm(msgspec.Struct):
    """Projects chosen from the reserve."""

    project: Annotated[list[int], Meta(min_length=1, max_length=200)]


class ReasonForm(msgspec.Struct):
    """Why something is stopped, sent back or abstained from."""

    reason: Reason


class PostponeForm(msgspec.Struct):
    """More days for the experts of a published call, and why."""

    score_by: date
    decide_by: date
    reason: Reason


class RecuseForm(msgspec.Struct):
    """A conflict of interest, declared by the expert."""

    conflict: Conflict
    reason: Reason


class PointForm(msgspec.Struct):
    """Points on one criterion."""

    criterion: int
    points: Points


class MarkForm(msgspec.Struct):
    """One item found to rule a candidate out, with the reason."""

    veto: int
    hit: bool = False
    reason: Annotated[str, Meta(max_length=500)] = ""


class SheetForm(msgspec.Struct):
    """One expert's score sheet on one candidate."""

    points: Annotated[list[PointForm], Meta(min_length=1, max_length=20)]
    comment: Annotated[str, Meta(max_length=1000)] = ""
    vetoes: Annotated[list[MarkForm], Meta(max_length=20)] = []


class ClearForm(msgspec.Struct):
    """No conflict of interest, with a word on what the data suggested."""

    explained: Annotated[str, Meta(max_length=500)] = ""


class MemberForm(msgspec.Struct):
    """One person due at the decision."""

    name: Annotated[str, Meta(max_length=60)]
    title: Annotated[str, Meta(max_length=100)] = ""
    present: bool = False
    avoids: bool = False
    reason: Annotated[str, Meta(max_length=300)] = ""
    vote: Vote = Vote.NONE
    steps_out: Annotated[str, Meta(max_length=60)] = ""


class LineForm(msgspec.Struct):
    """What the meeting decided on one candidate."""

    candidate: int
    decided_fen: Annotated[Yuan, Meta(ge=0)]
    reason: Annotated[str, Meta(max_length=500)] = ""


class DecisionForm(msgspec.Struct):
    """One collective decision as it was held."""

    held_on: date
    place: Annotated[str, Meta(max_length=120)]
    chair: Annotated[str, Meta(max_length=60)]
    minutes: Annotated[str, Meta(max_length=5000)]
    members: Annotated[list[MemberForm], Meta(min_length=1, max_length=60)]
    lines: Annotated[list[LineForm], Meta(min_length=1, max_length=200)]


class PromoteForm(msgspec.Struct):
    """A project moves up from the reserve list; past whom, and why."""

    candidate: int
    reason: Reason
    doc_no: Annotated[str, Meta(max_length=80)] = ""


class LookForm(msgspec.Struct):
    """Rules to look at beside the published ones. Units: fen, typed as yuan; points; scores."""

    trim_from: Annotated[int, Meta(ge=3, le=100)]
    cut_rule: CutRule
    pass_mark: Annotated[int, Meta(ge=0, le=FULL_MARKS)]
    budget_fen: Positive
    cap_fen: Positive


class SignedForm(msgspec.Struct):
    """The minutes as the members signed them, scanned."""

    file: UploadFile


class MakeForm(msgspec.Struct):
    """A dossier of the round is asked for."""

    kind: Literal["pdf", "zip"]


class EmptyForm(msgspec.Struct):
    """A button: nothing but the token of its form."""

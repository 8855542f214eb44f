"""Rounds: the call, the candidates frozen as they applied, the panel, its reviews, the decision.

An expert sees through the engagement alone: the round, its criteria, the candidates not recused
from, the own reviews, and the scores of others on a candidate once the own word on it is in.
"""

from __future__ import annotations

from piccolo.columns import JSONB, BigInt, Boolean, Date, Integer, LazyTableReference, SmallInt, Text, Varchar

from quzhou_migrants.kernel.tables import (
    BigSerial,
    Check,
    DivisionCode,
    Stamp,
    Table,
    Unique,
    business,
    fen,
    fk,
    index,
    state_column,
)

PROJECT = LazyTableReference("Project", module_path="projects.tables")

ME = "nullif(current_setting('app.engagement', true), '')::bigint"
MY_SEAT = f"(SELECT e.id FROM allocation_expert e WHERE e.engagement_id = {ME})"  # noqa: S608 - constants of this file
MY_ROUND = f"(SELECT e.round FROM allocation_expert e WHERE e.engagement_id = {ME})"  # noqa: S608 - constants of this file
NOT_RECUSED = (
    "EXISTS (SELECT 1 FROM allocation_declaration d WHERE d.candidate = allocation_candidate.id"  # noqa: S608 - constants of this file
    f" AND d.expert = {MY_SEAT} AND d.state <> 'recused')"
)
OWN_WORD_IN = (
    "EXISTS (SELECT 1 FROM allocation_declaration d WHERE d.candidate = allocation_score.candidate"  # noqa: S608 - constants of this file
    f" AND d.expert = {MY_SEAT} AND d.state IN ('scored', 'abstained'))"
)

PUBLISHED = "policy_version <> ''"  # set when a call is published: one given up afterwards stays readable
OF_PUBLISHED = f"round IN (SELECT r.id FROM allocation_round r WHERE r.{PUBLISHED})"  # noqa: S608 - constants of this file
OF_APPROVED = "round IN (SELECT r.id FROM allocation_round r WHERE r.state IN ('posted', 'awarded'))"


@business(outsider=f"id = {MY_ROUND}", public=PUBLISHED)
class Round(Table, tablename="allocation_round"):
    """One call. `terms` are the rules of judging, frozen when the call is published."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    title = Varchar(length=120, null=False)
    call = Text(null=False, default="")
    budget_fen = fen()
    cap_fen = fen()
    cut_rule = Varchar(length=8, null=False, default="stop")
    opens_on = Date(null=False)
    score_by = Date(null=False)
    decide_by = Date(null=False)
    earmark = BigInt(null=False, default=0, help_text="the bound money it gives out; 0: none")
    township_code = Varchar(length=12, null=False, default="", help_text="whose pool it gives out; empty: none")
    pot_title = Varchar(length=200, null=False, default="", help_text="how the call names that money")
    terms = JSONB(null=False, default="{}")
    policy_version = Varchar(length=80, null=False, default="")
    state = state_column("draft")
    version = Integer(null=False, default=1)
    created_by = BigInt(null=True, default=None)
    created_at = Stamp()
    is_demo = Boolean(null=False, default=False)

    allocation_round_amounts = Check("budget_fen > 0 AND cap_fen > 0 AND cap_fen <= budget_fen")
    allocation_round_known_rule = Check("cut_rule IN ('stop', 'skip', 'partial')")
    allocation_round_one_pot = Check("earmark = 0 OR township_code = ''")
    allocation_round_calendar = Check("opens_on <= score_by AND score_by <= decide_by")


@business(outsider=f"round = {MY_ROUND}", public=OF_PUBLISHED)
class RoundCriterion(Table, tablename="allocation_criterion"):
    """One published criterion, scored 0..100."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    round = fk(Round)
    seq = SmallInt(null=False)
    title = Varchar(length=60, null=False)
    hint = Varchar(length=300, null=False, default="")
    weight_bp = Integer(null=False)

    allocation_criterion_once = Unique(["round", "seq"])
    allocation_criterion_in_range = Check("weight_bp > 0 AND weight_bp <= 10000")


@business(outsider=NOT_RECUSED, public=OF_APPROVED)
class Candidate(Table, tablename="allocation_candidate"):
    """One project of the reserve as it applied; later changes to the project do not reach it."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    round = fk(Round)
    project = fk(PROJECT)
    code = Varchar(length=40, null=False)
    title = Varchar(length=200, null=False)
    place = Varchar(length=200, null=False, default="")
    asked_fen = fen()
    snapshot = JSONB(null=False, default="{}")
    snapshot_hash = Varchar(length=64, null=False)
    rank = SmallInt(null=True, default=None)
    mean = Varchar(length=60, null=False, default="")
    counted = SmallInt(null=False, default=0)
    given = SmallInt(null=False, default=0)
    proposed_fen = fen(null=True)
    decided_fen = fen(null=True)
    awarded_fen = fen(null=True)
    reserve_place = SmallInt(null=True, default=None)
    vetoed = Boolean(null=False, default=False)
    added_at = Stamp()

    allocation_candidate_once = Unique(["round", "project"])
    allocation_candidate_positive = Check("asked_fen > 0")


@business(outsider=f"engagement_id = {ME}")
class Expert(Table, tablename="allocation_expert"):
    """One member of the panel, engaged through accounts for this round alone."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    round = fk(Round)
    seat = SmallInt(null=False)
    user_id = BigInt(null=False)
    name = Varchar(length=60, null=False)
    employer = Varchar(length=100, null=False, default="")
    engagement_id = BigInt(null=True, default=None)
    source = Varchar(length=8, null=False, default="pool")
    left_at = Stamp(null=True, default=None)
    left_reason = Varchar(length=500, null=False, default="")

    allocation_expert_known_source = Check("source IN ('pool', 'outside')")
    allocation_expert_one_seat = Unique(["round", "seat"])
    allocation_expert_nobody_twice = Unique(["round", "user_id"])


@business(outsider=f"expert = {MY_SEAT}")
class Declaration(Table, tablename="allocation_declaration"):
    """One expert and one candidate: conflict declared or not, and what became of the review."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    round = fk(Round)
    expert = fk(Expert)
    candidate = fk(Candidate)
    conflict = Varchar(length=24, null=False, default="")
    reason = Varchar(length=500, null=False, default="")
    comment = Varchar(length=1000, null=False, default="")
    explained = Varchar(length=500, null=False, default="")
    declared_at = Stamp(null=True, default=None)
    done_at = Stamp(null=True, default=None)
    state = state_column("not_opened")
    version = Integer(null=False, default=1)

    allocation_declaration_once = Unique(["expert", "candidate"])


@business(append_only=True, outsider=f"expert = {MY_SEAT} OR {OWN_WORD_IN}")
class Score(Table, tablename="allocation_score"):
    """One expert's points on one criterion of one candidate; given once, never altered."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    round = fk(Round)
    candidate = fk(Candidate)
    expert = fk(Expert)
    criterion = fk(RoundCriterion)
    points = SmallInt(null=False)

    allocation_score_once = Unique(["expert", "candidate", "criterion"])
    allocation_score_in_range = Check("points >= 0 AND points <= 100")


@business()
class Decision(Table, tablename="allocation_decision"):
    """One collective decision on a round; a rejected one stays on file, `standing` false."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    round = fk(Round)
    held_on = Date(null=False)
    place = Varchar(length=120, null=False)
    chair = Varchar(length=60, null=False)
    minutes = Text(null=False)
    standing = Boolean(null=False, default=True)
    recorded_by = BigInt(null=True, default=None)
    recorded_name = Varchar(length=120, null=False, default="")
    recorded_at = Stamp()


@business(append_only=True)
class Attendance(Table, tablename="allocation_attendance"):
    """One person due at a decision: present, stepping out, voting."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    decision = fk(Decision)
    seq = SmallInt(null=False)
    name = Varchar(length=60, null=False)
    title = Varchar(length=100, null=False, default="")
    present = Boolean(null=False, default=False)
    avoids = Boolean(null=False, default=False)
    reason = Varchar(length=300, null=False, default="")
    vote = Varchar(length=8, null=False, default="")
    excepts = Varchar(length=120, null=False, default="")

    allocation_attendance_once = Unique(["decision", "name"])
    allocation_attendance_known_vote = Check("vote IN ('for', 'against', 'abstain', '')")


@business(append_only=True)
class DecisionLine(Table, tablename="allocation_decision_line"):
    """What the meeting decided on one candidate, beside what the ranking proposed."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    decision = fk(Decision)
    candidate = fk(Candidate)
    proposed_fen = fen()
    decided_fen = fen()
    reason = Varchar(length=500, null=False, default="")

    allocation_decision_line_once = Unique(["decision", "candidate"])
    allocation_decision_line_explained = Check(
        "decided_fen >= 0 AND (decided_fen = proposed_fen OR length(trim(reason)) > 0)"
    )


index("allocation_decision_standing", "UNIQUE allocation_decision (round) WHERE standing")
index("allocation_expert_engagement", "allocation_expert (engagement_id) WHERE engagement_id IS NOT NULL")
index("allocation_round_keyset", "allocation_round (division_code, id)")

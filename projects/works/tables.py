"""The works: who builds for how much, in which steps, and how it ended."""

from __future__ import annotations

from piccolo.columns import JSONB, BigInt, Boolean, Date, Integer, SmallInt, Text, Timestamptz, Varchar

from projects.tables import PUBLIC_STATES, Project
from quzhou_migrants.kernel.tables import BigSerial, Check, DivisionCode, Stamp, Table, Unique, business, fen, fk

_FOLLOWED = f"EXISTS (SELECT 1 FROM projects_project p WHERE p.id = project AND p.state IN {PUBLIC_STATES})"  # noqa: S608 - constants of our own


@business()
class Contract(Table, tablename="projects_contract"):
    """The contract of a project, as recorded. Units: fen."""

    id = BigSerial(primary_key=True)
    project = fk(Project)
    division_code = DivisionCode()
    number = Varchar(length=80, null=False)
    method = Varchar(length=24, null=False)
    contractor = Varchar(length=120, null=False)
    credit_code = Varchar(length=18, null=False)
    credit_reason = Text(null=False, default="")
    supervisor = Varchar(length=120, null=False, default="")
    amount_fen = fen()
    signed_on = Date(null=False)
    starts_on = Date(null=False)
    ends_on = Date(null=False)
    recorded_by = BigInt(null=True, default=None)
    recorded_at = Stamp()
    is_demo = Boolean(null=False, default=False)

    projects_contract_one_per_project = Unique(["project"])
    projects_contract_positive = Check("amount_fen > 0")
    projects_contract_dates = Check("starts_on >= signed_on AND ends_on >= starts_on")


@business(public=_FOLLOWED)
class Milestone(Table, tablename="projects_milestone"):
    """One step of the works: its weight in the whole and what was verified of it. Units: basis points."""

    id = BigSerial(primary_key=True)
    project = fk(Project)
    division_code = DivisionCode()
    seq = SmallInt(null=False)
    title = Varchar(length=120, null=False)
    weight_bp = Integer(null=False)
    planned_on = Date(null=True, default=None)
    progress_bp = Integer(null=False, default=0)
    verified_at = Timestamptz(null=True, default=None)
    is_demo = Boolean(null=False, default=False)

    projects_milestone_order = Unique(["project", "seq"])
    projects_milestone_weight = Check("weight_bp BETWEEN 1 AND 10000")
    projects_milestone_seen = Check("progress_bp BETWEEN 0 AND 10000")


@business()
class Acceptance(Table, tablename="projects_acceptance"):
    """The acceptance of finished works: an opinion on every side, and who gave it."""

    id = BigSerial(primary_key=True)
    project = fk(Project)
    division_code = DivisionCode()
    held_on = Date(null=False)
    members = Varchar(length=300, null=False)
    opinions = JSONB(null=False, default="{}")
    settled_fen = fen()
    note = Text(null=False, default="")
    is_demo = Boolean(null=False, default=False)

    projects_acceptance_one_per_project = Unique(["project"])


@business()
class Handover(Table, tablename="projects_handover"):
    """The asset in its owner's hands: who owns it, who looks after it, since when."""

    id = BigSerial(primary_key=True)
    project = fk(Project)
    division_code = DivisionCode()
    handed_on = Date(null=False)
    owner = Varchar(length=120, null=False)
    caretaker = Varchar(length=120, null=False)
    asset = Text(null=False, default="")
    is_demo = Boolean(null=False, default=False)

    projects_handover_one_per_project = Unique(["project"])

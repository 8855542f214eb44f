"""The works: who builds for how much, in which steps, and how it ended."""

from __future__ import annotations

from piccolo.columns import JSONB, BigInt, Boolean, Date, Integer, SmallInt, Text, Timestamptz, Varchar

from projects.tables import PUBLIC_STATES, Project
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
)

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
    kind = Varchar(length=16, null=False, default="works")
    underground = Boolean(null=False, default=False)
    supervisor_code = Varchar(length=18, null=False, default="")
    bond_fen = fen()
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
class Procurement(Table, tablename="projects_procurement"):
    """How the contractor was found: under which rule, among which bids. Units: fen.

    `lines` are the explained lines of the rule as they stood, `policy` the version of the packs.
    """

    id = BigSerial(primary_key=True)
    project = fk(Project)
    division_code = DivisionCode()
    kind = Varchar(length=16, null=False, default="works")
    method = Varchar(length=24, null=False)
    opened_on = Date(null=False)
    control_fen = fen()
    bond_fen = fen()
    notice_no = Varchar(length=80, null=False, default="")
    reason = Text(null=False, default="")
    lines = JSONB(null=False, default="[]")
    policy = Varchar(length=64, null=False, default="")
    recorded_by = BigInt(null=True, default=None)
    recorded_at = Stamp()
    is_demo = Boolean(null=False, default=False)

    projects_procurement_one_per_project = Unique(["project"])
    projects_procurement_amounts = Check("control_fen > 0 AND bond_fen >= 0")


@business()
class Bid(Table, tablename="projects_bid"):
    """One bid or quotation. Units: fen."""

    id = BigSerial(primary_key=True)
    procurement = fk(Procurement)
    division_code = DivisionCode()
    seq = SmallInt(null=False)
    bidder = Varchar(length=120, null=False)
    credit_code = Varchar(length=18, null=False)
    price_fen = fen()
    won = Boolean(null=False, default=False)
    note = Varchar(length=200, null=False, default="")
    is_demo = Boolean(null=False, default=False)

    projects_bid_order = Unique(["procurement", "seq"])
    projects_bid_positive = Check("price_fen > 0")


@business()
class Start(Table, tablename="projects_start"):
    """The start report: own money in place, who leads the site; its photos hang on this row. Units: fen."""

    id = BigSerial(primary_key=True)
    project = fk(Project)
    division_code = DivisionCode()
    started_on = Date(null=False)
    own_paid_fen = fen()
    manager = Varchar(length=60, null=False, default="")
    note = Text(null=False, default="")
    recorded_by = BigInt(null=True, default=None)
    recorded_at = Stamp()
    is_demo = Boolean(null=False, default=False)

    projects_start_one_per_project = Unique(["project"])
    projects_start_own_paid = Check("own_paid_fen >= 0")


@business(public=_FOLLOWED, append_only=True)
class Progress(Table, tablename="projects_progress"):
    """What a visit made of the whole, beside what was planned for that day. Units: basis points."""

    id = BigSerial(primary_key=True)
    project = fk(Project)
    division_code = DivisionCode()
    seen_on = Date(null=False)
    progress_bp = Integer(null=False)
    planned_bp = Integer(null=False)
    seen_at = Stamp()

    projects_progress_range = Check("progress_bp BETWEEN 0 AND 10000 AND planned_bp BETWEEN 0 AND 10000")


@business()
class Delay(Table, tablename="projects_delay"):
    """A warning that works are late: opened by the daily job, answered by who builds, cleared when made good.

    Units: basis points behind the plan, days late.
    """

    id = BigSerial(primary_key=True)
    project = fk(Project)
    division_code = DivisionCode()
    kind = Varchar(length=16, null=False)
    level = Varchar(length=8, null=False)
    since_on = Date(null=False)
    seen_on = Date(null=False)
    behind_bp = Integer(null=False, default=0)
    days = Integer(null=False, default=0)
    reason = Text(null=False, default="")
    forecast_on = Date(null=True, default=None)
    answered_by = BigInt(null=True, default=None)
    cleared_on = Date(null=True, default=None)
    version = Integer(null=False, default=1)
    is_demo = Boolean(null=False, default=False)

    projects_delay_kind = Check("kind IN ('start', 'behind', 'overdue', 'quiet')")
    projects_delay_level = Check("level IN ('warn', 'alarm')")


index("projects_progress_curve", "projects_progress (project, seen_on, id)")
index("projects_delay_one_open", "UNIQUE projects_delay (project, kind) WHERE cleared_on IS NULL")
index("projects_delay_open", "projects_delay (division_code, id) WHERE cleared_on IS NULL")

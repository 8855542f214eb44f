"""The annual plan: money named, projects taken, exceptions allowed, approved and adjusted by documents."""

from __future__ import annotations

from piccolo.columns import JSONB, BigInt, Boolean, Date, Integer, SmallInt, Text, Timestamptz, Varchar

from projects.tables import Project
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


@business(public="state IN ('posted', 'approved')")
class Plan(Table, tablename="projects_plan"):
    """One variant of one batch of a county's plan for a year; one variant at most is approved. Units: fen.

    Shape: `printed` holds the plan table as it was published, line by line, so that the notice, the
    document and the public page show the same words whatever becomes of the projects.
    """

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    year = SmallInt(null=False)
    batch = SmallInt(null=False, default=1)
    variant = SmallInt(null=False, default=1)
    title = Varchar(length=120, null=False)
    money_fen = fen()
    money_source = Varchar(length=200, null=False, default="")
    state = state_column("draft")
    version = Integer(null=False, default=1)
    doc_no = Varchar(length=80, null=False, default="")
    departure = Text(null=False, default="")
    printed = JSONB(null=False, default="[]")
    posted_on = Date(null=True, default=None)
    approved_on = Date(null=True, default=None)
    approved_by = Varchar(length=120, null=False, default="")
    created_by = BigInt(null=True, default=None)
    created_at = Stamp()
    is_demo = Boolean(null=False, default=False)

    projects_plan_one_variant = Unique(["division_code", "year", "batch", "variant"])
    projects_plan_money = Check("money_fen > 0")


@business()
class PlanItem(Table, tablename="projects_plan_item"):
    """One project in a plan; `outside` marks an exception, which a leader allows by name. Units: fen.

    `standing`: the plan is approved and the project still belongs to it. An item that left keeps its
    row with the day, the way (adjusted, fallen_back, recalled) and the reason.
    """

    id = BigSerial(primary_key=True)
    plan = fk(Plan)
    project = fk(Project)
    division_code = DivisionCode()
    amount_fen = fen()
    reservoir = Varchar(length=16, null=False, default="large")
    remark = Varchar(length=200, null=False, default="")
    outside = Boolean(null=False, default=False)
    reason = Text(null=False, default="")
    allowed_by = Varchar(length=120, null=False, default="")
    allowed_at = Timestamptz(null=True, default=None)
    standing = Boolean(null=False, default=False)
    left_on = Date(null=True, default=None)
    left_how = Varchar(length=16, null=False, default="")
    left_reason = Text(null=False, default="")
    added_by = BigInt(null=True, default=None)
    is_demo = Boolean(null=False, default=False)

    projects_plan_item_positive = Check("amount_fen > 0")
    projects_plan_item_reasoned = Check("NOT outside OR reason <> ''")
    projects_plan_item_reservoir = Check("reservoir IN ('large', 'small')")
    projects_plan_item_left = Check("(left_on IS NULL) = (left_how = '') AND NOT (standing AND left_on IS NOT NULL)")


@business()
class Adjustment(Table, tablename="projects_adjustment"):
    """A proposed change of an approved plan, decided by its own document. Units: fen."""

    id = BigSerial(primary_key=True)
    plan = fk(Plan)
    division_code = DivisionCode()
    number = SmallInt(null=False, default=1)
    reason = Text(null=False)
    state = state_column("draft")
    version = Integer(null=False, default=1)
    doc_no = Varchar(length=80, null=False, default="")
    opinion = Text(null=False, default="")
    decided_on = Date(null=True, default=None)
    decided_by = Varchar(length=120, null=False, default="")
    created_by = BigInt(null=True, default=None)
    created_at = Stamp()
    is_demo = Boolean(null=False, default=False)

    projects_adjustment_number = Unique(["plan", "number"])
    projects_adjustment_reasoned = Check("reason <> ''")


@business()
class AdjustmentLine(Table, tablename="projects_adjustment_line"):
    """One project in an adjustment: what the plan gave it, what it is to give. Units: fen; 0 is not in the plan."""

    id = BigSerial(primary_key=True)
    adjustment = fk(Adjustment)
    project = fk(Project)
    division_code = DivisionCode()
    before_fen = fen()
    after_fen = fen()
    reason = Text(null=False, default="")
    is_demo = Boolean(null=False, default=False)

    projects_adjustment_line_once = Unique(["adjustment", "project"])
    projects_adjustment_line_moves = Check("before_fen >= 0 AND after_fen >= 0 AND before_fen <> after_fen")


index("projects_plan_one_approved", "UNIQUE projects_plan (division_code, year, batch) WHERE state = 'approved'")
index("projects_plan_item_once", "UNIQUE projects_plan_item (plan, project) WHERE left_on IS NULL")
index("projects_plan_item_one_plan", "UNIQUE projects_plan_item (project) WHERE standing")
index("projects_adjustment_one_open", "UNIQUE projects_adjustment (plan) WHERE state = 'draft'")

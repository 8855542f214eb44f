"""The annual plan: money named, projects taken, exceptions allowed, one approved document."""

from __future__ import annotations

from piccolo.columns import BigInt, Boolean, Date, Integer, SmallInt, Text, Timestamptz, Varchar

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
    state_column,
)


@business()
class Plan(Table, tablename="projects_plan"):
    """One batch of a county's plan for a year. Units: fen."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    year = SmallInt(null=False)
    batch = SmallInt(null=False, default=1)
    title = Varchar(length=120, null=False)
    money_fen = fen()
    money_source = Varchar(length=200, null=False, default="")
    state = state_column("draft")
    version = Integer(null=False, default=1)
    doc_no = Varchar(length=80, null=False, default="")
    approved_on = Date(null=True, default=None)
    approved_by = Varchar(length=120, null=False, default="")
    created_by = BigInt(null=True, default=None)
    created_at = Stamp()
    is_demo = Boolean(null=False, default=False)

    projects_plan_one_batch = Unique(["division_code", "year", "batch"])
    projects_plan_money = Check("money_fen > 0")


@business()
class PlanItem(Table, tablename="projects_plan_item"):
    """One project in a plan; `outside` marks an exception, which a leader allows by name. Units: fen."""

    id = BigSerial(primary_key=True)
    plan = fk(Plan)
    project = fk(Project)
    division_code = DivisionCode()
    amount_fen = fen()
    outside = Boolean(null=False, default=False)
    reason = Text(null=False, default="")
    allowed_by = Varchar(length=120, null=False, default="")
    allowed_at = Timestamptz(null=True, default=None)
    added_by = BigInt(null=True, default=None)
    is_demo = Boolean(null=False, default=False)

    projects_plan_item_one_plan = Unique(["project"])
    projects_plan_item_positive = Check("amount_fen > 0")
    projects_plan_item_reasoned = Check("NOT outside OR reason <> ''")

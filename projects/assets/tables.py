"""What stands at the end of the works: faults, the audited account, warranties, assets and their owners."""

from __future__ import annotations

from piccolo.columns import JSONB, Array, BigInt, Boolean, Date, Integer, SmallInt, Text, Varchar

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


@business()
class PreAcceptance(Table, tablename="projects_pre_acceptance"):
    """One preliminary acceptance: passed, or the works go back to the builder."""

    id = BigSerial(primary_key=True)
    project = fk(Project)
    division_code = DivisionCode()
    held_on = Date(null=False)
    members = Varchar(length=300, null=False)
    passed = Boolean(null=False, default=True)
    note = Text(null=False, default="")
    created_at = Stamp()
    is_demo = Boolean(null=False, default=False)


@business()
class Defect(Table, tablename="projects_defect"):
    """A fault, from its finding to the look that confirms the repair. `source`: pre_accept, warranty."""

    id = BigSerial(primary_key=True)
    project = fk(Project)
    division_code = DivisionCode()
    source = Varchar(length=24, null=False)
    part = Varchar(length=24, null=False, default="")
    content = Varchar(length=300, null=False)
    found_on = Date(null=False)
    due_on = Date(null=False)
    state = state_column("open")
    version = Integer(null=False, default=1)
    mended_on = Date(null=True, default=None)
    mended_note = Varchar(length=300, null=False, default="")
    is_demo = Boolean(null=False, default=False)

    projects_defect_term = Check("due_on >= found_on")


@business()
class FinalAudit(Table, tablename="projects_final_audit"):
    """The final account as submitted and as the auditor left it. Units: fen."""

    id = BigSerial(primary_key=True)
    project = fk(Project)
    division_code = DivisionCode()
    submitted_fen = fen()
    settled_fen = fen()
    firm = Varchar(length=120, null=False)
    report_no = Varchar(length=80, null=False)
    audited_on = Date(null=False)
    note = Text(null=False, default="")
    is_demo = Boolean(null=False, default=False)

    projects_final_audit_one_per_project = Unique(["project"])
    projects_final_audit_cuts = Check("settled_fen > 0 AND settled_fen <= submitted_fen")


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


@business()
class Warranty(Table, tablename="projects_warranty"):
    """How long the builder answers for one part of the works."""

    id = BigSerial(primary_key=True)
    project = fk(Project)
    division_code = DivisionCode()
    part = Varchar(length=24, null=False)
    starts_on = Date(null=False)
    ends_on = Date(null=False)
    is_demo = Boolean(null=False, default=False)

    projects_warranty_once = Unique(["project", "part"])
    projects_warranty_term = Check("ends_on > starts_on")


@business()
class Asset(Table, tablename="projects_asset"):
    """One asset card: what was built, what it is worth, who looks after it. Units: fen."""

    id = BigSerial(primary_key=True)
    project = fk(Project)
    division_code = DivisionCode()
    number = Varchar(length=40, null=False, unique=True)
    name = Varchar(length=120, null=False)
    name_grams = Array(base_column=Text(), null=False, default=list)
    kind = Varchar(length=24, null=False)
    quantity = Varchar(length=60, null=False, default="")
    value_fen = fen()
    place = Varchar(length=200, null=False, default="")
    operating = Boolean(null=False, default=False)
    in_use_on = Date(null=False)
    caretaker = Varchar(length=120, null=False)
    next_check_on = Date(null=False)
    state = state_column("in_use")
    version = Integer(null=False, default=1)
    is_demo = Boolean(null=False, default=False)

    projects_asset_value = Check("value_fen > 0")


index("projects_asset_keyset", "projects_asset (division_code, id)")
index("projects_asset_due", "projects_asset (next_check_on, id)")
index("projects_asset_name_grams", "projects_asset USING gin (name_grams)")


@business()
class AssetShare(Table, tablename="projects_asset_share"):
    """An owner's part in an asset, by investment. Units: fen, basis points."""

    id = BigSerial(primary_key=True)
    asset = fk(Asset)
    division_code = DivisionCode()
    seq = SmallInt(null=False)
    owner = Varchar(length=120, null=False)
    invested_fen = fen()
    share_bp = Integer(null=False)
    is_demo = Boolean(null=False, default=False)

    projects_asset_share_once = Unique(["asset", "owner"])
    projects_asset_share_part = Check("invested_fen > 0 AND share_bp BETWEEN 0 AND 10000")


@business(append_only=True)
class AssetCheck(Table, tablename="projects_asset_check"):
    """One look at an asset: its condition, what is to do, when the next look is due."""

    id = BigSerial(primary_key=True)
    asset = fk(Asset)
    division_code = DivisionCode()
    checked_on = Date(null=False)
    condition = Varchar(length=24, null=False)
    finding = Varchar(length=300, null=False, default="")
    measure = Varchar(length=300, null=False, default="")
    next_on = Date(null=False)
    checked_by = Varchar(length=120, null=False)
    created_by = BigInt(null=True, default=None)
    is_demo = Boolean(null=False, default=False)

    projects_asset_check_next = Check("next_on > checked_on")

"""The project: the one row that every room, and every upper package, speaks about."""

from __future__ import annotations

from piccolo.columns import (
    JSONB,
    Array,
    BigInt,
    Boolean,
    Date,
    DoublePrecision,
    Integer,
    SmallInt,
    Text,
    Timestamptz,
    Varchar,
)

from quzhou_migrants.kernel.tables import (
    BigSerial,
    Check,
    DivisionCode,
    Stamp,
    Table,
    business,
    fen,
    index,
    state_column,
)

PUBLIC_STATES = (
    "('planned','awarded','contracted','building','suspended','terminated','completed','pre_accepted','audited',"
    "'accepted','handed_over')"
)


@business(public=f"state IN {PUBLIC_STATES}")
class Project(Table, tablename="projects_project"):
    """One village's project. `draft` holds what was typed until it is filed; columns hold what was filed.

    Units: fen, basis points, CGCS2000 degrees. `window` names the intake window it was filed in.
    """

    id = BigSerial(primary_key=True)
    code = Varchar(length=32, null=False, unique=True)
    division_code = DivisionCode()
    title = Varchar(length=120, null=False, default="")
    category = Varchar(length=24, null=False, default="", index=True)
    way = Varchar(length=24, null=False, default="")
    content = Text(null=False, default="")
    place = Varchar(length=200, null=False, default="")
    lat = DoublePrecision(null=True, default=None)
    lon = DoublePrecision(null=True, default=None)
    shape = Text(null=False, default="")  # the drawn place as GeoJSON, when it is more than a point
    reservoir = Varchar(length=80, null=False, default="")
    reservoir_kind = Varchar(length=16, null=False, default="")  # the type column of a plan table
    estimate_fen = fen()
    asked_fen = fen()
    own_fen = fen()
    other_fen = fen()
    labour_fen = fen()  # villagers' own work, valued; no money, so no part of a contract's ceiling
    award_fen = fen()
    households = Integer(null=False, default=0)
    beneficiaries = Integer(null=False, default=0)
    migrants = Integer(null=False, default=0)
    low_income = Integer(null=False, default=0)
    income_fen = fen()
    goals = Text(null=False, default="")
    starts_on = Date(null=True, default=None)
    ends_on = Date(null=True, default=None)
    asset_owner = Varchar(length=120, null=False, default="")
    caretaker = Varchar(length=120, null=False, default="")
    state = state_column("draft")
    version = Integer(null=False, default=1)
    round = SmallInt(null=False, default=0)
    window = Varchar(length=7, null=False, default="", index=True)
    receipt = Varchar(length=40, null=True, default=None, unique=True)
    submitted_at = Timestamptz(null=True, default=None)
    correct_by = Date(null=True, default=None)
    admitted_at = Timestamptz(null=True, default=None)
    valid_until = Date(null=True, default=None)
    closing_reason = Text(null=False, default="")
    closing_clause = Text(null=False, default="")
    plan_year = SmallInt(null=True, default=None)
    contractor = Varchar(length=120, null=False, default="")
    contract_fen = fen()
    progress_bp = Integer(null=False, default=0)
    started_on = Date(null=True, default=None)
    completed_on = Date(null=True, default=None)
    accepted_on = Date(null=True, default=None)
    handed_over_on = Date(null=True, default=None)
    draft = JSONB(null=False, default="{}")
    title_grams = Array(base_column=Text(), null=False, default=list)
    created_by = BigInt(null=True, default=None)
    created_at = Stamp()
    is_demo = Boolean(null=False, default=False)

    projects_project_amounts = Check(
        "estimate_fen >= 0 AND asked_fen >= 0 AND own_fen >= 0 AND other_fen >= 0 AND award_fen >= 0"
    )
    projects_project_contract_ceiling = Check("contract_fen >= 0 AND contract_fen <= award_fen + own_fen + other_fen")
    projects_project_progress_range = Check("progress_bp BETWEEN 0 AND 10000")
    projects_project_people = Check("beneficiaries >= migrants AND migrants >= 0")


index("projects_project_keyset", "projects_project (division_code, id)")
index("projects_project_queue", "projects_project (state, division_code, id)")
index("projects_project_title_grams", "projects_project USING gin (title_grams)")

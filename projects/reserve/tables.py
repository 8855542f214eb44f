"""Review beside the project: turns, site checks, batches, appeals, townships' orders, filings to the city."""

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


@business()
class ReviewTurn(Table, tablename="projects_review_turn"):
    """The turn of one tier with one filing: until when, and who has taken it on."""

    id = BigSerial(primary_key=True)
    project = fk(Project)
    division_code = DivisionCode()
    round = SmallInt(null=False)
    tier = Varchar(length=12, null=False)
    opened_at = Stamp()
    due_on = Date(null=False)
    assignee = BigInt(null=True, default=None)
    assignee_name = Varchar(length=60, null=False, default="")
    assigned_at = Timestamptz(null=True, default=None)
    closed_at = Timestamptz(null=True, default=None)
    is_demo = Boolean(null=False, default=False)

    projects_review_turn_once = Unique(["project", "round", "tier"])
    projects_review_turn_tier = Check("tier IN ('township', 'county')")


@business(append_only=True)
class ReviewSiteCheck(Table, tablename="projects_site_check"):
    """What somebody saw at the place before a decision: day, people, finding; photos hang on the row."""

    id = BigSerial(primary_key=True)
    project = fk(Project)
    division_code = DivisionCode()
    round = SmallInt(null=False)
    checked_on = Date(null=False)
    checker = BigInt(null=True, default=None)
    checker_name = Varchar(length=60, null=False)
    checker_title = Varchar(length=160, null=False, default="")
    companions = Varchar(length=200, null=False, default="")
    finding = Varchar(length=12, null=False)
    note = Text(null=False)
    at = Stamp()
    is_demo = Boolean(null=False, default=False)

    projects_site_check_finding = Check("finding IN ('fit', 'mend', 'unfit')")


@business()
class ReviewBatch(Table, tablename="projects_review_batch"):
    """One decision over many applications; worked off piece by piece, taken up again after a crash."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    decision = Varchar(length=12, null=False)
    opinion = Text(null=False, default="")
    years = SmallInt(null=True, default=None)
    clause = Varchar(length=200, null=False, default="")
    reason = Text(null=False, default="")
    actor = JSONB(null=False, default="{}")
    state = state_column("running")
    version = Integer(null=False, default=1)
    total = Integer(null=False)
    failure = Varchar(length=12, null=False, default="")
    touched_at = Stamp()
    created_name = Varchar(length=60, null=False, default="")
    created_at = Stamp()
    finished_at = Timestamptz(null=True, default=None)
    is_demo = Boolean(null=False, default=False)

    projects_review_batch_decision = Check("decision IN ('pass', 'admit', 'refuse')")


@business()
class ReviewBatchItem(Table, tablename="projects_review_batch_item"):
    """One application of a batch: the version that was looked at, and what became of it."""

    id = BigSerial(primary_key=True)
    batch = fk(ReviewBatch, index=False)
    project = fk(Project)
    division_code = DivisionCode()
    seen = Integer(null=False)
    outcome = Varchar(length=12, null=False, default="pending")
    code = Varchar(length=12, null=False, default="")
    note = Text(null=False, default="")
    done_at = Timestamptz(null=True, default=None)
    is_demo = Boolean(null=False, default=False)

    projects_review_batch_item_once = Unique(["batch", "project"])
    projects_review_batch_item_outcome = Check("outcome IN ('pending', 'done', 'refused')")


@business()
class Appeal(Table, tablename="projects_appeal"):
    """A village's appeal against a refusal; one for each filing, decided by a leader of the county."""

    id = BigSerial(primary_key=True)
    project = fk(Project)
    division_code = DivisionCode()
    round = SmallInt(null=False)
    text = Text(null=False)
    filed_by = Varchar(length=60, null=False)
    filed_on = Date(null=False)
    due_on = Date(null=False)
    state = state_column("filed")
    version = Integer(null=False, default=1)
    reason = Text(null=False, default="")
    decided_by = Varchar(length=60, null=False, default="")
    decided_on = Date(null=True, default=None)
    is_demo = Boolean(null=False, default=False)

    projects_appeal_once = Unique(["project", "round"])


@business()
class TownshipQuota(Table, tablename="projects_quota"):
    """What a township may file for in one window, and whether its ranked order is handed in. Units: fen, bp."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    window = Varchar(length=7, null=False)
    amount_fen = fen()
    factor_bp = Integer(null=False)
    state = state_column("ordering")
    version = Integer(null=False, default=1)
    set_by = Varchar(length=60, null=False, default="")
    filed_at = Timestamptz(null=True, default=None)
    is_demo = Boolean(null=False, default=False)

    projects_quota_once = Unique(["division_code", "window"])
    projects_quota_amount = Check("amount_fen > 0 AND factor_bp >= 10000")


@business()
class TownshipRank(Table, tablename="projects_rank"):
    """The place of one application in its township's order; two never share a place."""

    id = BigSerial(primary_key=True)
    quota = fk(TownshipQuota, index=False)
    project = fk(Project)
    division_code = DivisionCode()
    position = Integer(null=False)
    is_demo = Boolean(null=False, default=False)

    projects_rank_no_ties = Unique(["quota", "position"])
    projects_rank_once = Unique(["quota", "project"])
    projects_rank_position = Check("position > 0")


@business()
class ReserveFiling(Table, tablename="projects_reserve_filing"):
    """A county's reserve as it filed it to the city. `sha256` is of the rows, so they can be proved. Units: fen."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    title = Varchar(length=120, null=False)
    filed_on = Date(null=False)
    filed_by = Varchar(length=60, null=False, default="")
    projects = Integer(null=False)
    asked_fen = fen()
    sha256 = Varchar(length=64, null=False)
    state = state_column("filed")
    version = Integer(null=False, default=1)
    is_demo = Boolean(null=False, default=False)

    projects_reserve_filing_once = Unique(["division_code", "sha256"])


@business(append_only=True)
class ReserveFilingItem(Table, tablename="projects_reserve_filing_item"):
    """One project as it stood in a filed reserve. Units: fen."""

    id = BigSerial(primary_key=True)
    filing = fk(ReserveFiling, index=False)
    project = fk(Project)
    division_code = DivisionCode()
    title = Varchar(length=120, null=False)
    category = Varchar(length=24, null=False)
    asked_fen = fen()
    valid_until = Date(null=True, default=None)
    is_demo = Boolean(null=False, default=False)

    projects_reserve_filing_item_once = Unique(["filing", "project"])


@business(append_only=True)
class CityRemark(Table, tablename="projects_city_remark"):
    """What the city said about a filed reserve, and what the county answered; on the whole or on one project."""

    id = BigSerial(primary_key=True)
    filing = fk(ReserveFiling)
    project = fk(Project, null=True, index=False)
    division_code = DivisionCode()
    text = Text(null=False)
    answer = Boolean(null=False, default=False)
    author = Varchar(length=60, null=False)
    author_title = Varchar(length=160, null=False, default="")
    at = Stamp()
    is_demo = Boolean(null=False, default=False)


index("projects_review_turn_mine", "projects_review_turn (assignee, due_on) WHERE closed_at IS NULL")
index("projects_review_batch_item_open", "projects_review_batch_item (batch, id) WHERE outcome = 'pending'")

"""The half-yearly refresh: the campaign, what each owner answered, and the reserve as it stood at its end."""

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


@business(down=True)
class Refresh(Table, tablename="projects_refresh"):
    """One campaign of one county, named by its month. The counts are those of its closing."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    name = Varchar(length=7, null=False)
    opens_on = Date(null=False)
    closes_on = Date(null=False)
    state = state_column("open")
    version = Integer(null=False, default=1)
    due = Integer(null=False, default=0)
    confirmed = Integer(null=False, default=0)
    changed = Integer(null=False, default=0)
    withdrawn = Integer(null=False, default=0)
    silent = Integer(null=False, default=0)
    expired = Integer(null=False, default=0)
    closed_at = Timestamptz(null=True, default=None)
    created_at = Stamp()
    is_demo = Boolean(null=False, default=False)

    projects_refresh_once = Unique(["division_code", "name"])
    projects_refresh_span = Check("closes_on >= opens_on")


@business()
class RefreshAnswer(Table, tablename="projects_refresh_answer"):
    """What became of one project in one campaign; `silences` counts how often in a row nobody answered.

    Shape: `before` and `after` hold what a change touched, {column: value}.
    """

    id = BigSerial(primary_key=True)
    refresh = fk(Refresh)
    project = fk(Project)
    division_code = DivisionCode()
    answer = Varchar(length=12, null=False)
    silences = SmallInt(null=False, default=0)
    note = Text(null=False, default="")
    before = JSONB(null=False, default="{}")
    after = JSONB(null=False, default="{}")
    author = Varchar(length=120, null=False, default="")
    author_title = Varchar(length=160, null=False, default="")
    at = Stamp()
    is_demo = Boolean(null=False, default=False)

    projects_refresh_answer_once = Unique(["refresh", "project"])
    projects_refresh_answer_known = Check("answer IN ('confirmed', 'changed', 'withdrawn', 'silent')")
    projects_refresh_answer_silence = Check("(answer = 'silent') = (silences > 0)")


@business(append_only=True, down=True)
class Snapshot(Table, tablename="projects_snapshot"):
    """The reserve of a county as it stood on a day: how much, under which hash, why it was frozen. Units: fen."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    name = Varchar(length=10, null=False)
    taken_on = Date(null=False)
    refresh = fk(Refresh, null=True)
    ranking = BigInt(null=True, default=None)
    projects = Integer(null=False)
    asked_fen = fen()
    sha256 = Varchar(length=64, null=False)
    reason = Text(null=False, default="")
    taken_by = Varchar(length=120, null=False, default="")
    taken_at = Stamp()
    is_demo = Boolean(null=False, default=False)

    projects_snapshot_once = Unique(["division_code", "name"])


@business(append_only=True)
class SnapshotRow(Table, tablename="projects_snapshot_row"):
    """One project in a snapshot, as it was. Units: fen, persons; `rank` of the ranking then in force."""

    id = BigSerial(primary_key=True)
    snapshot = fk(Snapshot)
    project = fk(Project)
    division_code = DivisionCode()
    code = Varchar(length=32, null=False)
    title = Varchar(length=120, null=False)
    category = Varchar(length=24, null=False, default="")
    state = Varchar(length=24, null=False)
    estimate_fen = fen()
    asked_fen = fen()
    own_fen = fen()
    other_fen = fen()
    beneficiaries = Integer(null=False, default=0)
    migrants = Integer(null=False, default=0)
    low_income = Integer(null=False, default=0)
    valid_until = Date(null=True, default=None)
    silences = SmallInt(null=False, default=0)
    rank = Integer(null=True, default=None)
    is_demo = Boolean(null=False, default=False)

    projects_snapshot_row_once = Unique(["snapshot", "project"])


index("projects_snapshot_row_keyset", "projects_snapshot_row (snapshot, id)")

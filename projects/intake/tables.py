"""What stands behind an application: the village's decision, the notice, the remarks of reviewers."""

from __future__ import annotations

from piccolo.columns import JSONB, BigInt, Boolean, Bytea, Date, Integer, Numeric, SmallInt, Text, Timestamptz, Varchar

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
    platform,
    state_column,
)


@business()
class Resolution(Table, tablename="projects_resolution"):
    """The decision behind one filing. Units: persons, votes. Kept per round, so nothing is overwritten."""

    id = BigSerial(primary_key=True)
    project = fk(Project)
    division_code = DivisionCode()
    round = SmallInt(null=False)
    body = Varchar(length=24, null=False)
    told_on = Date(null=False)
    held_on = Date(null=False)
    due = Integer(null=False)
    representatives = Integer(null=False)
    women = Integer(null=False)
    present = Integer(null=False)
    votes_for = Integer(null=False)
    votes_against = Integer(null=False)
    abstained = Integer(null=False)
    basis = Varchar(length=200, null=False, default="")
    population = Integer(null=False, default=0)
    supervised = Boolean(null=False, default=False)
    is_demo = Boolean(null=False, default=False)

    projects_resolution_one_per_round = Unique(["project", "round"])
    projects_resolution_votes = Check("votes_for + votes_against + abstained = present AND present <= due")


@business()
class Notice(Table, tablename="projects_notice"):
    """The public notice behind one filing, with its objections and how many were answered."""

    id = BigSerial(primary_key=True)
    project = fk(Project)
    division_code = DivisionCode()
    round = SmallInt(null=False)
    starts_on = Date(null=False)
    ends_on = Date(null=False)
    place = Varchar(length=200, null=False, default="")
    objections = Integer(null=False, default=0)
    answered = Integer(null=False, default=0)
    outcome = Text(null=False, default="")
    is_demo = Boolean(null=False, default=False)

    projects_notice_one_per_round = Unique(["project", "round"])
    projects_notice_span = Check("ends_on >= starts_on AND answered <= objections")


@business(append_only=True)
class Remark(Table, tablename="projects_remark"):
    """One thing a reviewer wants mended, beside the field it speaks about."""

    id = BigSerial(primary_key=True)
    project = fk(Project)
    division_code = DivisionCode()
    round = SmallInt(null=False)
    section = Varchar(length=24, null=False)
    field = Varchar(length=40, null=False)
    text = Text(null=False)
    author = Varchar(length=120, null=False, default="")
    author_title = Varchar(length=160, null=False, default="")
    at = Stamp()
    is_demo = Boolean(null=False, default=False)


@business(down=True)
class Window(Table, tablename="projects_window"):
    """One intake window as it happened: when it opened, when it closed, what was filed and what stayed a draft."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    name = Varchar(length=7, null=False)
    opens_on = Date(null=False)
    closes_on = Date(null=False)
    closed_at = Stamp(null=True, default=None)
    filed = Integer(null=False, default=0)
    drafts = Integer(null=False, default=0)
    rule = Text(null=False, default="")

    projects_window_once = Unique(["division_code", "name"])


@business(down=True, append_only=True)
class Extension(Table, tablename="projects_window_extension"):
    """A county keeps a window open longer than the pack does; the latest day of several counts."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    window = Varchar(length=7, null=False)
    closes_on = Date(null=False)
    reason = Text(null=False)
    doc_no = Varchar(length=80, null=False, default="")
    author = Varchar(length=120, null=False, default="")
    at = Stamp()
    is_demo = Boolean(null=False, default=False)

    projects_window_extension_once = Unique(["division_code", "window", "closes_on"])


@business()
class Late(Table, tablename="projects_late"):
    """A plea to file after the window has closed: why, who decided, until when."""

    id = BigSerial(primary_key=True)
    project = fk(Project)
    division_code = DivisionCode()
    window = Varchar(length=7, null=False)
    reason = Text(null=False)
    state = state_column("asked")
    version = Integer(null=False, default=1)
    until = Date(null=True, default=None)
    answer = Text(null=False, default="")
    asked_by = BigInt(null=True, default=None)
    asked_at = Stamp()
    decided_at = Timestamptz(null=True, default=None)
    is_demo = Boolean(null=False, default=False)

    projects_late_one_per_window = Unique(["project", "window"])


@business(append_only=True)
class Reminder(Table, tablename="projects_reminder"):
    """A draft was called to mind so many working days before its last day."""

    id = BigSerial(primary_key=True)
    project = fk(Project)
    division_code = DivisionCode()
    due_on = Date(null=False)
    days = SmallInt(null=False)
    at = Stamp()
    is_demo = Boolean(null=False, default=False)

    projects_reminder_once = Unique(["project", "due_on", "days"])


@business(append_only=True)
class Filing(Table, tablename="projects_filing"):
    """What was filed in one round, answer by answer as typed; what a later round is compared with."""

    id = BigSerial(primary_key=True)
    project = fk(Project)
    division_code = DivisionCode()
    round = SmallInt(null=False)
    window = Varchar(length=7, null=False)
    receipt = Varchar(length=40, null=False)
    answers = JSONB(null=False, default="{}")
    sha256 = Varchar(length=64, null=False)
    by_name = Varchar(length=120, null=False, default="")
    at = Stamp()
    is_demo = Boolean(null=False, default=False)

    projects_filing_one_per_round = Unique(["project", "round"])


@business()
class Item(Table, tablename="projects_item"):
    """One line of what is built in a filing. Units: fen; the quantity in its own unit."""

    id = BigSerial(primary_key=True)
    project = fk(Project)
    division_code = DivisionCode()
    round = SmallInt(null=False)
    seq = SmallInt(null=False)
    name = Varchar(length=80, null=False)
    quantity = Numeric(digits=(14, 3), null=False)
    unit = Varchar(length=12, null=False)
    price_fen = fen()
    is_demo = Boolean(null=False, default=False)

    projects_item_order = Unique(["project", "round", "seq"])
    projects_item_positive = Check("quantity > 0 AND price_fen >= 0")


@business()
class Partner(Table, tablename="projects_partner"):
    """One village of a joint project and its share; the village that files stands first. Units: basis points."""

    id = BigSerial(primary_key=True)
    project = fk(Project)
    division_code = DivisionCode()
    round = SmallInt(null=False)
    seq = SmallInt(null=False)
    village_code = Varchar(length=12, null=False)
    name = Varchar(length=120, null=False)
    share_bp = Integer(null=False)
    is_demo = Boolean(null=False, default=False)

    projects_partner_once = Unique(["project", "round", "village_code"])
    projects_partner_share = Check("share_bp BETWEEN 1 AND 10000")


@business()
class Target(Table, tablename="projects_target"):
    """One promised result of a filing: an indicator, an operator, a number with its unit."""

    id = BigSerial(primary_key=True)
    project = fk(Project)
    division_code = DivisionCode()
    round = SmallInt(null=False)
    seq = SmallInt(null=False)
    name = Varchar(length=80, null=False)
    operator = Varchar(length=4, null=False)
    value = Numeric(digits=(14, 3), null=False)
    unit = Varchar(length=12, null=False)
    is_demo = Boolean(null=False, default=False)

    projects_target_order = Unique(["project", "round", "seq"])


@business()
class Clash(Table, tablename="projects_draft_clash"):
    """Two people wrote the same answers at once: what the slower one typed, until somebody chooses."""

    id = BigSerial(primary_key=True)
    project = fk(Project)
    division_code = DivisionCode()
    section = Varchar(length=24, null=False)
    mine = JSONB(null=False, default="{}")
    theirs = JSONB(null=False, default="{}")
    theirs_by = Varchar(length=120, null=False, default="")
    by_user = BigInt(null=False)
    by_name = Varchar(length=120, null=False, default="")
    at = Stamp()
    settled_at = Timestamptz(null=True, default=None)
    is_demo = Boolean(null=False, default=False)


index(
    "projects_draft_clash_open",
    "UNIQUE projects_draft_clash (project, section, by_user) WHERE settled_at IS NULL",
)


@platform("SELECT, INSERT, DELETE")
class Feed(Table, tablename="projects_calendar_feed"):
    """A person's secret address of the calendar of dates; only the hash of its token is kept."""

    token_hash = Bytea(primary_key=True)
    user_id = BigInt(null=False, index=True)
    post_id = BigInt(null=False)
    at = Stamp()

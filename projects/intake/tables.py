"""What stands behind an application: the village's decision, the notice, the remarks of reviewers."""

from __future__ import annotations

from piccolo.columns import Boolean, Date, Integer, SmallInt, Text, Varchar

from projects.tables import Project
from quzhou_migrants.kernel.tables import BigSerial, Check, DivisionCode, Stamp, Table, Unique, business, fk


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

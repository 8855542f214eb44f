"""What screening keeps: projects of other funds, and what it found at each filing."""

from __future__ import annotations

from piccolo.columns import JSONB, BigInt, Boolean, Date, DoublePrecision, Integer, SmallInt, Text, Varchar

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
)


@business()
class SectorProject(Table, tablename="projects_sector_project"):
    """A project that another department paid for, as told by it. Units: fen, CGCS2000 degrees."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    sector = Varchar(length=60, null=False)
    title = Varchar(length=120, null=False)
    number = Varchar(length=80, null=False, default="")
    amount_fen = fen()
    finished_on = Date(null=False)
    lat = DoublePrecision(null=True, default=None)
    lon = DoublePrecision(null=True, default=None)
    told_by = Varchar(length=120, null=False, default="")
    added_by = BigInt(null=True, default=None)
    added_at = Stamp()
    is_demo = Boolean(null=False, default=False)

    projects_sector_project_once = Unique(["division_code", "sector", "title", "finished_on"])
    projects_sector_project_place = Check("(lat IS NULL) = (lon IS NULL) AND amount_fen >= 0")


@business(append_only=True)
class Screening(Table, tablename="projects_screening"):
    """What was found when an application was filed: signs, like projects, and the rules of that day."""

    id = BigSerial(primary_key=True)
    project = fk(Project)
    division_code = DivisionCode()
    round = SmallInt(null=False)
    signs = JSONB(null=False, default="[]")
    matches = JSONB(null=False, default="[]")
    bad = Integer(null=False, default=0)
    waiting = Integer(null=False, default=0)
    policy_version = Text(null=False, default="")
    made_at = Stamp()
    is_demo = Boolean(null=False, default=False)

    projects_screening_one_per_round = Unique(["project", "round"])


index("projects_sector_project_keyset", "projects_sector_project (division_code, id)")
index("projects_sector_project_point", "projects_sector_project USING gist (point(lon, lat)) WHERE lat IS NOT NULL")
index("projects_project_point", "projects_project USING gist (point(lon, lat)) WHERE lat IS NOT NULL")

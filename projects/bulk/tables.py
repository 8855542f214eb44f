"""Sheets that were sent in, and their rows until they are filed."""

from __future__ import annotations

from piccolo.columns import JSONB, BigInt, Boolean, Integer, Varchar

from projects.tables import Project
from quzhou_migrants.kernel.tables import (
    BigSerial,
    Check,
    DivisionCode,
    Stamp,
    Table,
    Unique,
    business,
    fk,
    index,
    state_column,
)


@business()
class Bulk(Table, tablename="projects_bulk"):
    """One sheet of applications as it was checked."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    name = Varchar(length=160, null=False)
    sha256 = Varchar(length=64, null=False, index=True)
    state = state_column("checked")
    version = Integer(null=False, default=1)
    rows = Integer(null=False, default=0)
    ready = Integer(null=False, default=0)
    known = Integer(null=False, default=0)
    filed = Integer(null=False, default=0)
    strangers = Varchar(length=400, null=False, default="")
    created_by = BigInt(null=True, default=None)
    created_name = Varchar(length=120, null=False, default="")
    created_at = Stamp()
    is_demo = Boolean(null=False, default=False)

    projects_bulk_counts = Check("rows >= ready + known AND filed <= ready")


@business()
class BulkRow(Table, tablename="projects_bulk_row"):
    """One row of a sheet: what was typed, what is wrong with it cell by cell, and what became of it."""

    id = BigSerial(primary_key=True)
    bulk = fk(Bulk)
    division_code = DivisionCode()
    seq = Integer(null=False)
    key = Varchar(length=60, null=False, default="")
    title = Varchar(length=120, null=False, default="")
    draft = JSONB(null=False, default="{}")
    problems = JSONB(null=False, default="[]")
    signs = Integer(null=False, default=0)
    papers = Integer(null=False, default=0)
    digest = Varchar(length=64, null=False, index=True)
    project = fk(Project, null=True)
    is_demo = Boolean(null=False, default=False)

    projects_bulk_row_once = Unique(["bulk", "seq"])


index("projects_bulk_keyset", "projects_bulk (division_code, id)")
index("projects_bulk_row_keyset", "projects_bulk_row (division_code, id)")

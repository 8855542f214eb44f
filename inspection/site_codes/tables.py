"""Site codes: one active code a project, revoked ones kept for whoever still scans them."""

from __future__ import annotations

from piccolo.columns import BigInt, Boolean, Integer, LazyTableReference, SmallInt, Text, Timestamptz, Varchar

from quzhou_migrants.kernel.tables import (
    BigSerial,
    Check,
    DivisionCode,
    Stamp,
    Table,
    business,
    fk,
    index,
    state_column,
)

PROJECT = LazyTableReference("Project", module_path="projects.tables")


@business(public="true")
class SiteCode(Table, tablename="inspection_site_code"):
    """One code in print: its token, the key that tagged it, and whether it still holds."""

    id = BigSerial(primary_key=True)
    project = fk(PROJECT)
    division_code = DivisionCode()
    token = Varchar(length=15, null=False, unique=True)
    key_no = SmallInt(null=False)
    state = state_column("active")
    version = Integer(null=False, default=1)
    issued_at = Stamp()
    issued_by = BigInt(null=True, default=None)
    revoked_at = Timestamptz(null=True, default=None)
    reason = Text(null=False, default="")
    is_demo = Boolean(null=False, default=False)

    inspection_site_code_fits_token = Check("id BETWEEN 1 AND 1073741823")


index("inspection_site_code_one_active", "UNIQUE inspection_site_code (project) WHERE state = 'active'")

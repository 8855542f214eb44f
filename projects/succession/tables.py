"""Villages die and merge: who followed whom, from when, by which document, and what moved with it."""

from __future__ import annotations

from piccolo.columns import JSONB, BigInt, Boolean, Date, Integer, Text, Timestamptz, Varchar

from quzhou_migrants.kernel.tables import (
    BigSerial,
    Check,
    DivisionCode,
    Stamp,
    Table,
    business,
    index,
    state_column,
)


@business(public="state = 'applied'")
class Succession(Table, tablename="projects_succession"):
    """One village followed by another. `division_code` is the village that ends and never changes.

    Shape: `moved` counts the rows of each table that follow the successor. Names are kept as they were.
    """

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    successor_code = DivisionCode()
    old_name = Varchar(length=200, null=False)
    new_name = Varchar(length=200, null=False)
    kind = Varchar(length=12, null=False)
    effective_on = Date(null=False)
    doc_no = Varchar(length=80, null=False)
    reason = Text(null=False, default="")
    state = state_column("pending")
    version = Integer(null=False, default=1)
    moved = JSONB(null=False, default="{}")
    closing_reason = Text(null=False, default="")
    recorded_by = BigInt(null=True, default=None)
    recorded_at = Stamp()
    applied_at = Timestamptz(null=True, default=None)
    is_demo = Boolean(null=False, default=False)

    projects_succession_other = Check("successor_code <> division_code")
    projects_succession_kind = Check("kind IN ('merge', 'rename', 'transfer')")


index("projects_succession_once", "UNIQUE projects_succession (division_code) WHERE state <> 'cancelled'")
index("projects_succession_to", "projects_succession (successor_code, id)")

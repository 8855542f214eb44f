"""Change orders: what was agreed before, what shall hold after, who decided."""

from __future__ import annotations

from piccolo.columns import JSONB, Array, BigInt, Boolean, Integer, Text, Timestamptz, Varchar

from projects.tables import Project
from quzhou_migrants.kernel.tables import (
    BigSerial,
    Check,
    DivisionCode,
    Stamp,
    Table,
    business,
    fen,
    fk,
    index,
    state_column,
)


@business()
class Change(Table, tablename="projects_change"):
    """One change order of a chosen project: adjust, suspend, resume or terminate.

    Shape: `parts` are place, content, money, time (adjust only); `before` and `after` hold the values of
    those parts; `lines` the explained limits as they stood, `policy` the version of the packs.
    Units: fen; `growth_fen` is what the contract grows by, `keep_fen` the works done that are still paid
    when works end for good.
    """

    id = BigSerial(primary_key=True)
    project = fk(Project)
    division_code = DivisionCode()
    action = Varchar(length=16, null=False)
    parts = Array(base_column=Varchar(length=16), null=False, default=list)
    cause = Varchar(length=24, null=False, default="")
    reason = Text(null=False)
    audit_doc = Varchar(length=80, null=False, default="")
    doc_no = Varchar(length=80, null=False, default="")
    opinion = Text(null=False, default="")
    before = JSONB(null=False, default="{}")
    after = JSONB(null=False, default="{}")
    growth_fen = fen()
    keep_fen = fen()
    minor = Boolean(null=False, default=False)
    lines = JSONB(null=False, default="[]")
    policy = Varchar(length=64, null=False, default="")
    state = state_column("proposed")
    version = Integer(null=False, default=1)
    proposed_by = BigInt(null=True, default=None)
    proposed_at = Stamp()
    decided_at = Timestamptz(null=True, default=None)
    is_demo = Boolean(null=False, default=False)

    projects_change_action = Check("action IN ('adjust', 'suspend', 'resume', 'terminate')")
    projects_change_keep = Check("keep_fen >= 0")


index(
    "projects_change_one_open",
    "UNIQUE projects_change (project) WHERE state IN ('proposed', 'passed', 'returned')",
)
index("projects_change_keyset", "projects_change (division_code, id)")

"""Documents by which money of a batch goes one level down: city to counties, county to its townships."""

from __future__ import annotations

from piccolo.columns import BigInt, Boolean, Date, Integer, SmallInt, Varchar

from allocation.budget.tables import Batch, Earmark
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


@business(down="state <> 'draft'")
class SplitPaper(Table, tablename="allocation_split"):
    """One document that passes money of one batch down. The division is the one that gives."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    batch = fk(Batch)
    doc_no = Varchar(length=80, null=False)
    title = Varchar(length=200, null=False)
    issued_on = Date(null=False)
    note = Varchar(length=500, null=False, default="")
    state = state_column("draft")
    version = Integer(null=False, default=1)
    created_by = BigInt(null=True, default=None)
    created_at = Stamp()
    is_demo = Boolean(null=False, default=False)


@business()
class SplitPart(Table, tablename="allocation_split_line"):
    """What one division gets by a split document. The division is the one that receives."""

    id = BigSerial(primary_key=True)
    split = fk(SplitPaper)
    division_code = DivisionCode()
    line = SmallInt(null=False)
    persons = Integer(null=False, default=0)
    cash_fen = fen()
    project_fen = fen()
    earmark = fk(Earmark, null=True)
    earmark_fen = fen()
    note = Varchar(length=200, null=False, default="")
    is_demo = Boolean(null=False, default=False)

    allocation_split_line_order = Unique(["split", "line"])
    allocation_split_line_amounts = Check(
        "cash_fen >= 0 AND project_fen >= 0 AND earmark_fen >= 0 AND cash_fen + project_fen + earmark_fen > 0"
        " AND (earmark IS NOT NULL) = (earmark_fen > 0)"
    )


index(
    "allocation_split_one_document", "UNIQUE allocation_split (division_code, doc_no, batch) WHERE state <> 'reversed'"
)
index(
    "allocation_split_line_whom",
    "UNIQUE allocation_split_line (split, division_code, coalesce(earmark, 0))",
)

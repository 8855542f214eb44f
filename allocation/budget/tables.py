"""Fund batches, awards, and the one ledger all money of migrant projects is written in."""

from __future__ import annotations

from piccolo.columns import BigInt, Boolean, Date, Integer, LazyTableReference, SmallInt, Varchar

import allocation.budget.posting  # noqa: F401 - the trigger that accepts a posting
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

PROJECT = LazyTableReference("Project", module_path="projects.tables")


@business(down="state IN ('recorded', 'reversed')")
class Batch(Table, tablename="allocation_batch"):
    """One notified appropriation: a document, its cash part for persons, its project part."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    doc_no = Varchar(length=80, null=False)
    title = Varchar(length=200, null=False)
    level = Varchar(length=16, null=False)
    fund_kind = Varchar(length=24, null=False)
    issued_on = Date(null=False)
    cash_fen = fen()
    project_fen = fen()
    per_head_fen = fen()
    persons = Integer(null=False, default=0)
    direct_reach = Boolean(null=False, default=False)
    upper_doc_no = Varchar(length=80, null=False, default="", help_text="the document above that it passes on")
    budget_year = SmallInt(null=False, default=0, help_text="0: the year of the document")
    note = Varchar(length=500, null=False, default="")
    state = state_column("draft")
    version = Integer(null=False, default=1)
    created_by = BigInt(null=True, default=None)
    created_at = Stamp()
    is_demo = Boolean(null=False, default=False)

    allocation_batch_amounts = Check("cash_fen >= 0 AND project_fen >= 0 AND cash_fen + project_fen > 0")
    allocation_batch_whole_persons = Check("cash_fen = persons * per_head_fen")


@business(down=True)
class Earmark(Table, tablename="allocation_earmark"):
    """Money of a batch that its document binds to a use, a place or one project; nothing else may have it."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    batch = fk(Batch)
    title = Varchar(length=200, null=False)
    amount_fen = fen()
    category = Varchar(length=24, null=False, default="", help_text="of project; empty: any")
    place_code = Varchar(length=12, null=False, default="", help_text="county, township or village; empty: any")
    project = fk(PROJECT, null=True)
    is_demo = Boolean(null=False, default=False)

    allocation_earmark_positive = Check("amount_fen > 0")
    allocation_earmark_binds = Check("category <> '' OR place_code <> '' OR project IS NOT NULL")


@business(append_only=True)
class Entry(Table, tablename="allocation_entry"):
    """One line of one posting. Lines with the same event key were written together and sum to zero."""

    id = BigSerial(primary_key=True)
    event_key = Varchar(length=160, null=False)
    line = SmallInt(null=False)
    division_code = DivisionCode()
    batch = fk(Batch)
    project = fk(PROJECT, null=True)
    kind = Varchar(length=16, null=False)
    earmark = BigInt(null=False, default=0, help_text="0: money bound to nothing")
    amount_fen = BigInt(null=False)
    source_table = Varchar(length=48, null=False)
    source_id = BigInt(null=False)
    posted_at = Stamp()

    allocation_entry_once = Unique(["event_key", "line"])
    allocation_entry_kind_listed = Check(
        "kind IN ('notified', 'interest', 'cash', 'issuing', 'issued', 'available', 'earmarked', 'competing',"
        " 'planned', 'awarded', 'contracted', 'claimed', 'paid', 'retained', 'settled', 'returned')"
    )
    allocation_entry_bound_kind = Check(
        "CASE WHEN earmark = 0 THEN kind <> 'earmarked'"
        " ELSE kind NOT IN ('interest', 'cash', 'issuing', 'issued', 'available', 'competing', 'planned') END"
    )
    allocation_entry_not_nothing = Check("amount_fen <> 0")


@business()
class Balance(Table, tablename="allocation_balance"):
    """The running sum of one account, kept by the database alone, so that none can fall below zero."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    batch = fk(Batch)
    project = BigInt(null=False, default=0, help_text="0: money of no project yet")
    kind = Varchar(length=16, null=False)
    earmark = BigInt(null=False, default=0)
    balance_fen = fen()

    allocation_balance_holder = Unique(["division_code", "batch", "project", "kind", "earmark"])
    allocation_balance_sign = Check(
        "CASE WHEN kind IN ('notified', 'interest') THEN balance_fen <= 0 ELSE balance_fen >= 0 END"
    )


@business()
class HouseTotal(Table, tablename="allocation_total"):
    """What lies in one kind of one batch inside a county (or the city's own accounts), for overviews.

    Kept by the posting's trigger alone. The total is the sum over its slots: backends that write at the same
    time have different slots, so that two payments of a county never wait for each other here.
    """

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    batch = fk(Batch)
    kind = Varchar(length=16, null=False)
    earmark = BigInt(null=False, default=0)
    slot = SmallInt(null=False)
    total_fen = fen()

    allocation_total_place = Unique(["division_code", "batch", "kind", "earmark", "slot"])


@business()
class Award(Table, tablename="allocation_award"):
    """Money granted to one project from the factor pot, a round, or the plan."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    project = fk(PROJECT)
    amount_fen = fen()
    source = Varchar(length=16, null=False)
    source_id = BigInt(null=True, default=None)
    doc_no = Varchar(length=80, null=False, default="")
    reason = Varchar(length=500, null=False, default="")
    state = state_column("standing")
    version = Integer(null=False, default=1)
    awarded_at = Stamp()
    created_by = BigInt(null=True, default=None)
    is_demo = Boolean(null=False, default=False)

    allocation_award_positive = Check("amount_fen > 0")
    allocation_award_source_named = Check("source IN ('factor', 'round', 'plan', 'mixed', 'grant')")


# A document is registered once; taken back for a mistake, it can be registered as it should have been.
index(
    "allocation_batch_one_document",
    "UNIQUE allocation_batch (division_code, doc_no, fund_kind) WHERE state <> 'reversed'",
)
index("allocation_entry_account", "allocation_entry (batch, division_code, kind, project, id)")
index("allocation_entry_period", "allocation_entry (division_code, posted_at)")
index("allocation_entry_source", "allocation_entry (source_table, source_id)")
index("allocation_balance_project", "allocation_balance (project) WHERE project <> 0")
index("allocation_earmark_batch", "allocation_earmark (batch)")
index(
    "allocation_award_standing",
    "UNIQUE allocation_award (project, source, coalesce(source_id, 0)) WHERE state = 'standing'",
)

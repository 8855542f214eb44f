"""Pools with their last days, money taken back, and what was called to mind. The money itself lies in the ledger."""

from __future__ import annotations

from piccolo.columns import BigInt, Boolean, Date, Integer, Varchar

from allocation.budget.tables import Batch
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


@business()
class TermPool(Table, tablename="allocation_term_pool"):
    """Money set aside for a township or village: for what, under which paper, until when.

    What lies in it is the place's own `available` account, so one pool is open per place.
    """

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    purpose = Varchar(length=16, null=False)
    title = Varchar(length=120, null=False)
    doc_no = Varchar(length=80, null=False, default="")
    opened_on = Date(null=False)
    apply_by = Date(null=True, default=None)
    use_by = Date(null=False)
    note = Varchar(length=500, null=False, default="")
    state = state_column("open")
    version = Integer(null=False, default=1)
    created_by = BigInt(null=True, default=None)
    created_at = Stamp()
    is_demo = Boolean(null=False, default=False)

    allocation_term_pool_known_purpose = Check("purpose IN ('startup', 'share')")
    allocation_term_pool_days = Check(
        "use_by > opened_on AND (apply_by IS NULL OR apply_by BETWEEN opened_on AND use_by)"
    )
    allocation_term_pool_share_asks = Check("purpose <> 'share' OR apply_by IS NOT NULL")


@business(append_only=True)
class TermMove(Table, tablename="allocation_term_move"):
    """Money put into a pool: by which paper, by whom. What goes out of it stands with awards and takings-back."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    pool = fk(TermPool)
    kind = Varchar(length=16, null=False)
    amount_fen = fen()
    doc_no = Varchar(length=80, null=False, default="")
    reason = Varchar(length=500, null=False, default="")
    at = Stamp()
    by_name = Varchar(length=120, null=False, default="")
    is_demo = Boolean(null=False, default=False)

    allocation_term_move_kind_named = Check("kind = 'fill'")
    allocation_term_move_positive = Check("amount_fen > 0")


@business()
class Takeback(Table, tablename="allocation_takeback"):
    """One act of taking money back: whose it was, why, how much, decided by a leader under a document. Units: fen.

    `division_code` is whose money it was; `to_division` who plans it anew (a replan), or hands it to the
    treasury (a surplus).
    """

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    way = Varchar(length=16, null=False)
    batch = fk(Batch, null=True)
    pool = fk(TermPool, null=True)
    to_division = Varchar(length=12, null=False)
    amount_fen = fen()
    due_on = Date(null=False)
    reason = Varchar(length=500, null=False)
    doc_no = Varchar(length=80, null=False, default="")
    doc_on = Date(null=True, default=None)
    state = state_column("draft")
    version = Integer(null=False, default=1)
    prepared_by = BigInt(null=True, default=None)
    prepared_name = Varchar(length=120, null=False, default="")
    prepared_on = Date(null=False)
    decided_by = BigInt(null=True, default=None)
    decided_name = Varchar(length=120, null=False, default="")
    decided_on = Date(null=True, default=None)
    is_demo = Boolean(null=False, default=False)

    allocation_takeback_known_way = Check(
        "(way = 'surplus' AND batch IS NOT NULL) OR (way = 'replan' AND pool IS NOT NULL)"
    )
    allocation_takeback_positive = Check("amount_fen > 0")
    allocation_takeback_reasoned = Check("reason <> ''")
    allocation_takeback_documented = Check("state NOT IN ('done', 'reversed') OR (doc_no <> '' AND doc_on IS NOT NULL)")


@business(append_only=True)
class TermReminder(Table, tablename="allocation_term_reminder"):
    """A last day that was called to mind, once for each number of days before it."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    subject_table = Varchar(length=48, null=False)
    subject_id = BigInt(null=False)
    due_on = Date(null=False)
    mark = Integer(null=False)
    days_left = Integer(null=False)
    amount_fen = fen()
    at = Stamp()
    is_demo = Boolean(null=False, default=False)

    allocation_term_reminder_once = Unique(["subject_table", "subject_id", "division_code", "due_on", "mark"])


index("allocation_term_pool_open", "UNIQUE allocation_term_pool (division_code) WHERE state = 'open'")
index("allocation_balance_unbound", "allocation_balance (batch, division_code, kind) WHERE project = 0")
index("allocation_term_move_trail", "allocation_term_move (pool, id)")
index("allocation_takeback_of_pool", "allocation_takeback (pool) WHERE pool IS NOT NULL")
index("allocation_takeback_draft_pool", "UNIQUE allocation_takeback (pool) WHERE state = 'draft' AND way = 'replan'")
index(
    "allocation_takeback_draft_batch",
    "UNIQUE allocation_takeback (batch, division_code) WHERE state = 'draft' AND way = 'surplus'",
)

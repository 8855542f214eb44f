"""Accounts money is paid to, files sent to the bank, what the bank answers, and months that were closed."""

from __future__ import annotations

from piccolo.columns import JSONB, BigInt, Boolean, Bytea, Date, Integer, Varchar

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
class PayeeAccount(Table, tablename="allocation_payee"):
    """An account that money may be paid to: typed by one person, confirmed by another. The number is sealed."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    name = Varchar(length=120, null=False)
    bank_name = Varchar(length=120, null=False)
    account_cipher = Bytea(null=False)
    account_blind = Bytea(null=False)
    account_tail = Varchar(length=8, null=False)
    state = state_column("proposed")
    version = Integer(null=False, default=1)
    proposed_by = BigInt(null=True, default=None)
    proposed_name = Varchar(length=120, null=False, default="")
    created_at = Stamp()
    confirmed_name = Varchar(length=120, null=False, default="")
    is_demo = Boolean(null=False, default=False)


@business()
class BankBatch(Table, tablename="allocation_bank_batch"):
    """One file for the bank: what is paid, checked by a second hand before it leaves."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    number = Varchar(length=32, null=False)
    purpose = Varchar(length=16, null=False)
    lines = Integer(null=False, default=0)
    total_fen = fen()
    state = state_column("draft")
    version = Integer(null=False, default=1)
    prepared_by = BigInt(null=True, default=None)
    prepared_name = Varchar(length=120, null=False, default="")
    created_at = Stamp()
    released_name = Varchar(length=120, null=False, default="")
    released_at = Stamp(null=True, default=None)
    file_sha256 = Varchar(length=64, null=False, default="")
    is_demo = Boolean(null=False, default=False)

    allocation_bank_batch_one_number = Unique(["number"])
    allocation_bank_batch_known_purpose = Check("purpose IN ('claims', 'grants', 'cash')")


@business()
class BankLine(Table, tablename="allocation_bank_line"):
    """One payment of a file. `result` is what the bank said, so it is no state of ours."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    batch = fk(BankBatch)
    line_no = Integer(null=False)
    source_table = Varchar(length=48, null=False)
    source_id = BigInt(null=False)
    payee = Varchar(length=120, null=False)
    bank_name = Varchar(length=120, null=False, default="")
    account_cipher = Bytea(null=False)
    account_tail = Varchar(length=8, null=False)
    amount_fen = fen()
    remark = Varchar(length=120, null=False, default="")
    result = Varchar(length=12, null=False, default="waiting")
    paid_fen = fen()
    returned_fen = fen()
    bank_ref = Varchar(length=40, null=False, default="")
    paid_on = Date(null=True, default=None)
    return_code = Varchar(length=16, null=False, default="")
    return_note = Varchar(length=200, null=False, default="")
    is_demo = Boolean(null=False, default=False)

    allocation_bank_line_place = Unique(["batch", "line_no"])
    allocation_bank_line_amounts = Check(
        "amount_fen > 0 AND paid_fen BETWEEN 0 AND amount_fen AND returned_fen BETWEEN 0 AND paid_fen"
    )
    allocation_bank_line_known_result = Check(
        "result IN ('waiting', 'partial', 'paid', 'failed', 'returned', 'withdrawn')"
    )


@business()
class BankStatement(Table, tablename="allocation_bank_statement"):
    """One reconciliation file from the bank: looked through first, then applied by a person, or put away."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    file_name = Varchar(length=200, null=False)
    sha256 = Varchar(length=64, null=False)
    rows_total = Integer(null=False, default=0)
    rows_bad = Integer(null=False, default=0)
    rows_known = Integer(null=False, default=0)
    came_by = Varchar(length=8, null=False, default="page")
    state = state_column("checked")
    version = Integer(null=False, default=1)
    created_at = Stamp()
    created_name = Varchar(length=120, null=False, default="")
    applied_at = Stamp(null=True, default=None)
    applied_name = Varchar(length=120, null=False, default="")
    is_demo = Boolean(null=False, default=False)


@business()
class BankItem(Table, tablename="allocation_bank_item"):
    """One row of a reconciliation file, with what was found about it."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    statement = fk(BankStatement)
    row_no = Integer(null=False)
    kind = Varchar(length=12, null=False, default="")
    batch_no = Varchar(length=32, null=False, default="")
    line_no = Integer(null=True, default=None)
    amount_fen = fen()
    bank_ref = Varchar(length=40, null=False, default="")
    day = Date(null=True, default=None)
    code = Varchar(length=16, null=False, default="")
    note = Varchar(length=200, null=False, default="")
    bank_line = BigInt(null=True, default=None)
    finding = Varchar(length=12, null=False, default="")
    facts = JSONB(null=False, default="{}")
    known = Boolean(null=False, default=False)
    applied = Boolean(null=False, default=False)
    is_demo = Boolean(null=False, default=False)

    allocation_bank_item_place = Unique(["statement", "row_no"])


@business(append_only=True)
class BankMonth(Table, tablename="allocation_bank_month"):
    """One month of one county whose bank statement and ledger were compared and closed."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    month = Varchar(length=7, null=False)
    figures = JSONB(null=False)
    bank_balance_fen = fen()
    ledger_balance_fen = fen()
    remark = Varchar(length=500, null=False, default="")
    closed_by = BigInt(null=True, default=None)
    closed_name = Varchar(length=120, null=False, default="")
    closed_at = Stamp()
    is_demo = Boolean(null=False, default=False)

    allocation_bank_month_once = Unique(["division_code", "month"])


index("allocation_payee_once", "UNIQUE allocation_payee (division_code, name, account_blind) WHERE state <> 'retired'")
# What is under way to the bank is in one file only.
index(
    "allocation_bank_line_under_way",
    "UNIQUE allocation_bank_line (source_table, source_id) WHERE result IN ('waiting', 'partial')",
)
index("allocation_bank_item_day", "allocation_bank_item (day) WHERE applied")
index("allocation_bank_line_back", "allocation_bank_line (source_id) WHERE result = 'returned'")
index("allocation_bank_line_source", "allocation_bank_line (source_table, source_id, id)")
index(
    "allocation_bank_statement_once",
    "UNIQUE allocation_bank_statement (division_code, sha256) WHERE state <> 'discarded'",
)
# The bank's own reference makes a row count once, whatever file brings it.
index(
    "allocation_bank_item_once",
    "UNIQUE allocation_bank_item (division_code, kind, bank_ref) WHERE applied AND bank_ref <> ''",
)

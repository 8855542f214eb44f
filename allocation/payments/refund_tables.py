"""Money that was paid beyond what was due, on a project or as a grant, and is asked back from who was paid."""

from __future__ import annotations

from piccolo.columns import BigInt, Boolean, Date, Integer, LazyTableReference, Varchar

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

GRANT = LazyTableReference("Grant", module_path="allocation.grants.tables")
PROJECT = LazyTableReference("Project", module_path="projects.tables")


@business()
class Refund(Table, tablename="allocation_refund"):
    """One letter that asks an overpayment back, and what came of it.

    A part that comes back ends the letter; what is still overpaid then is asked for by another one.
    """

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    project = fk(PROJECT, null=True)
    of_grant = fk(GRANT, null=True)
    payee = Varchar(length=120, null=False)
    paid_fen = fen()
    settled_fen = fen()
    amount_fen = fen()
    doc_no = Varchar(length=80, null=False)
    asked_on = Date(null=False)
    due_on = Date(null=False)
    note = Varchar(length=500, null=False, default="")
    state = state_column("asked")
    version = Integer(null=False, default=1)
    asked_by = BigInt(null=True, default=None)
    asked_name = Varchar(length=120, null=False, default="")
    office = Varchar(length=160, null=False, default="", help_text="whose letter it is")
    created_at = Stamp()
    returned_fen = fen(null=True)
    returned_on = Date(null=True, default=None)
    voucher_no = Varchar(length=40, null=False, default="")
    bank_ref = Varchar(length=40, null=False, default="")
    received_name = Varchar(length=120, null=False, default="")
    received_at = Stamp(null=True, default=None)
    is_demo = Boolean(null=False, default=False)

    allocation_refund_of_one = Check("(project IS NULL) <> (of_grant IS NULL)")
    allocation_refund_sum = Check("amount_fen > 0 AND amount_fen <= paid_fen - settled_fen")
    allocation_refund_part = Check("returned_fen IS NULL OR returned_fen BETWEEN 1 AND amount_fen")
    allocation_refund_days = Check("due_on >= asked_on")
    allocation_refund_whole = Check("(state = 'back') = (returned_fen IS NOT NULL AND returned_on IS NOT NULL)")


index("allocation_refund_keyset", "allocation_refund (division_code, id)")
index("allocation_refund_one_open", "UNIQUE allocation_refund (project) WHERE state = 'asked'")
index("allocation_refund_one_open_grant", "UNIQUE allocation_refund (of_grant) WHERE state = 'asked'")
index("allocation_refund_one_reference", "UNIQUE allocation_refund (bank_ref) WHERE bank_ref <> ''")
index("allocation_refund_returned", "allocation_refund (returned_on) WHERE state = 'back'")

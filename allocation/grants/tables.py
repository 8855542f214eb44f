"""Rewards after a result check, and interest subsidies with the loans and interest they rest on."""

from __future__ import annotations

from piccolo.columns import JSONB, BigInt, Boolean, Date, Integer, Varchar

from allocation.bank.tables import PayeeAccount
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
class Loan(Table, tablename="allocation_loan"):
    """One start-up loan as its contract states it. Units: the rate in millionths a year (3.45 % = 34500)."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    borrower = Varchar(length=120, null=False)
    borrower_kind = Varchar(length=16, null=False)
    lender = Varchar(length=120, null=False)
    contract_no = Varchar(length=60, null=False)
    use = Varchar(length=200, null=False)
    principal_fen = fen()
    rate_ppm = Integer(null=False)
    starts_on = Date(null=False)
    ends_on = Date(null=False)
    created_at = Stamp()
    created_name = Varchar(length=120, null=False, default="")
    is_demo = Boolean(null=False, default=False)

    allocation_loan_contract = Unique(["lender", "contract_no"])
    allocation_loan_terms = Check("principal_fen > 0 AND rate_ppm > 0 AND ends_on > starts_on")
    allocation_loan_known_borrower = Check("borrower_kind IN ('household', 'coop', 'enterprise')")


@business()
class LoanInterest(Table, tablename="allocation_loan_interest"):
    """Interest that was paid for some days of a loan, with the bank's voucher. Both days inside."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    loan = fk(Loan)
    from_on = Date(null=False)
    to_on = Date(null=False)
    balance_fen = fen()
    interest_fen = fen()
    penalty_fen = fen()
    paid_on = Date(null=False)
    voucher_no = Varchar(length=60, null=False)
    created_name = Varchar(length=120, null=False, default="")
    is_demo = Boolean(null=False, default=False)

    allocation_loan_interest_voucher = Unique(["loan", "voucher_no"])
    allocation_loan_interest_terms = Check(
        "to_on >= from_on AND balance_fen > 0 AND interest_fen > 0 AND penalty_fen >= 0"
    )


@business()
class Grant(Table, tablename="allocation_grant"):
    """Money given for a result, or for interest paid: checked by a second hand, approved by a third."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    kind = Varchar(length=20, null=False)
    year = Integer(null=False)
    title = Varchar(length=120, null=False)
    recipient = Varchar(length=120, null=False)
    payee = fk(PayeeAccount, null=True)
    amount_fen = fen()
    basis = Varchar(length=500, null=False, default="")
    loan = fk(Loan, null=True)
    working = JSONB(null=False, default="{}")
    sha256 = Varchar(length=64, null=False, default="")
    state = state_column("draft")
    version = Integer(null=False, default=1)
    prepared_by = BigInt(null=True, default=None)
    prepared_name = Varchar(length=120, null=False, default="")
    created_at = Stamp()
    checked_by = BigInt(null=True, default=None)
    checked_name = Varchar(length=120, null=False, default="")
    checked_on = Date(null=True, default=None)
    check_note = Varchar(length=500, null=False, default="")
    approved_name = Varchar(length=120, null=False, default="")
    approved_at = Stamp(null=True, default=None)
    paid_on = Date(null=True, default=None)
    due_fen = fen(null=True)  # what stays rightly given after a recall
    recalled_on = Date(null=True, default=None)
    policy_version = Varchar(length=80, null=False, default="")
    is_demo = Boolean(null=False, default=False)

    allocation_grant_positive = Check("amount_fen > 0")
    allocation_grant_recalled = Check(
        "(state IN ('recalled', 'recovered')) = (due_fen IS NOT NULL AND recalled_on IS NOT NULL)"
        " AND (due_fen IS NULL OR due_fen >= 0 AND due_fen < amount_fen)"
    )
    allocation_grant_known_kind = Check(
        "kind IN ('beautiful_home', 'village_project', 'coop', 'leader', 'graduate', 'interest')"
    )
    allocation_grant_loan_needed = Check("(kind = 'interest') = (loan IS NOT NULL)")


# One subsidy for one loan and year, and one reward of a kind for one recipient and year; what was given up,
# withdrawn or wholly recovered leaves its place to another.
_STANDS = "state NOT IN ('rejected', 'withdrawn') AND (state <> 'recovered' OR due_fen > 0)"
index("allocation_grant_interest_one", f"UNIQUE allocation_grant (loan, year) WHERE kind = 'interest' AND {_STANDS}")
index(
    "allocation_grant_reward_one",
    f"UNIQUE allocation_grant (division_code, kind, year, recipient) WHERE kind <> 'interest' AND {_STANDS}",
)

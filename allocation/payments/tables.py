"""Claims, the signatures on them, and the payments they end in."""

from __future__ import annotations

from piccolo.columns import JSONB, BigInt, Boolean, Date, Integer, LazyTableReference, SmallInt, Varchar

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
from quzhou_migrants.kernel.walls import sql_object

PROJECT = LazyTableReference("Project", module_path="projects.tables")


@business()
class Claim(Table, tablename="allocation_claim"):
    """One request for money on a contracted project.

    `steps` are the roles that must sign, fixed when it is submitted; `attempt` counts submissions,
    so that signatures on a returned claim stay on file without standing for the next one.
    """

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    project = fk(PROJECT)
    kind = Varchar(length=16, null=False)
    amount_fen = fen()
    payee = Varchar(length=120, null=False)
    invoice_code = Varchar(length=20, null=False, default="")
    invoice_number = Varchar(length=20, null=False)
    invoice_fen = fen()
    invoice_on = Date(null=False)
    invoice_tax_fen = fen(null=True)
    final_fen = fen(null=True)
    wages_fen = fen(null=True)
    measured_bp = Integer(null=True, default=None, help_text="progress as builder and supervisor measured it")
    guarantee = Varchar(length=80, null=False, default="", help_text="stands in for the retention")
    note = Varchar(length=500, null=False, default="")
    state = state_column("draft")
    version = Integer(null=False, default=1)
    attempt = SmallInt(null=False, default=0)
    turn = Integer(null=True, default=None, help_text="place among the project's submissions")
    steps = JSONB(null=False, default="[]")
    books = JSONB(null=False, default="{}")
    seal = Varchar(length=64, null=False, default="", help_text="SHA-256 of what was submitted")
    policy_version = Varchar(length=80, null=False, default="")
    prepared_by = BigInt(null=True, default=None)
    prepared_name = Varchar(length=120, null=False, default="")
    created_at = Stamp()
    submitted_at = Stamp(null=True, default=None)
    is_demo = Boolean(null=False, default=False)

    allocation_claim_known_stage = Check(
        "kind IN ('prepay', 'advance', 'progress', 'completion', 'settlement', 'retention')"
    )
    allocation_claim_positive = Check("amount_fen > 0 AND invoice_fen >= 0")
    allocation_claim_parts = Check(
        "coalesce(wages_fen, 0) BETWEEN 0 AND amount_fen AND coalesce(invoice_tax_fen, 0) BETWEEN 0 AND invoice_fen"
        " AND coalesce(measured_bp, 0) BETWEEN 0 AND 10000"
    )
    allocation_claim_invoice_digits = Check("invoice_code ~ '^[0-9]{0,12}$' AND invoice_number ~ '^[0-9]{8,20}$'")


@business(append_only=True)
class Signature(Table, tablename="allocation_signature"):
    """One hand under one claim, at one step of one attempt."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    claim = fk(Claim)
    attempt = SmallInt(null=False)
    step = SmallInt(null=False)
    role = Varchar(length=24, null=False)
    user_id = BigInt(null=False)
    name = Varchar(length=120, null=False)
    title = Varchar(length=160, null=False, default="")
    opinion = Varchar(length=500, null=False, default="")
    for_user = BigInt(null=True, default=None, help_text="whom a deputy signed for")
    for_name = Varchar(length=120, null=False, default="")
    authority = BigInt(null=True, default=None)
    group_names = Varchar(length=300, null=False, default="", help_text="village money group, signed on paper")
    seal = Varchar(length=64, null=False, default="", help_text="seal of the claim that was signed")
    signed_at = Stamp()

    allocation_signature_one_per_step = Unique(["claim", "attempt", "step"])
    allocation_signature_nobody_twice = Unique(["claim", "attempt", "user_id"])


@business()
class Deputy(Table, tablename="allocation_deputy"):
    """A dated authority to sign claims for somebody: from whom to whom, until when, up to how much."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    principal = BigInt(null=False)
    principal_name = Varchar(length=120, null=False)
    role = Varchar(length=24, null=False)
    deputy = BigInt(null=False)
    deputy_name = Varchar(length=120, null=False)
    deputy_role = Varchar(length=24, null=False)
    starts_on = Date(null=False)
    ends_on = Date(null=False)
    limit_fen = fen(null=True)
    doc_no = Varchar(length=80, null=False)
    reason = Varchar(length=300, null=False)
    state = state_column("standing")
    version = Integer(null=False, default=1)
    created_at = Stamp()
    is_demo = Boolean(null=False, default=False)

    allocation_deputy_somebody_else = Check("principal <> deputy")
    allocation_deputy_days = Check("ends_on >= starts_on")


@business(append_only=True)
class Payment(Table, tablename="allocation_payment"):
    """One claim paid: the voucher in the books and the bank's own reference."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    project = fk(PROJECT)
    claim = fk(Claim)
    amount_fen = fen()
    payee = Varchar(length=120, null=False)
    voucher_no = Varchar(length=40, null=False)
    bank_ref = Varchar(length=40, null=False)
    paid_on = Date(null=False)
    paid_by = BigInt(null=True, default=None)
    paid_name = Varchar(length=120, null=False, default="")
    recorded_at = Stamp()
    is_demo = Boolean(null=False, default=False)

    allocation_payment_once = Unique(["claim"])
    allocation_payment_one_reference = Unique(["bank_ref"])
    allocation_payment_positive = Check("amount_fen > 0")


@business()
class Retention(Table, tablename="allocation_retention"):
    """Money kept back when a settlement was paid, and the day on which it is given back."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    project = fk(PROJECT)
    claim = fk(Claim)
    amount_fen = fen()
    accepted_on = Date(null=False)
    due_on = Date(null=False)
    recorded_at = Stamp()
    is_demo = Boolean(null=False, default=False)

    allocation_retention_once = Unique(["claim"])
    allocation_retention_positive = Check("amount_fen > 0")


index("allocation_retention_due", "allocation_retention (due_on, id)")
index(
    "allocation_claim_one_invoice",
    "UNIQUE allocation_claim (invoice_number, invoice_code) WHERE state <> 'cancelled'",
)
index(
    "allocation_signature_one_hand",
    "UNIQUE allocation_signature (claim, attempt, coalesce(for_user, user_id))",
)
index("allocation_deputy_keyset", "allocation_deputy (division_code, id)")
index("allocation_deputy_whose", "allocation_deputy (deputy, ends_on) WHERE state = 'standing'")
index("allocation_claim_keyset", "allocation_claim (division_code, id)")
index("allocation_claim_alike", "allocation_claim (invoice_on, invoice_fen)")
index("allocation_claim_waiting", "allocation_claim (state, id) WHERE state IN ('submitted', 'signed')")

# What was signed cannot be altered by anybody, whatever the program above believes. The division may:
# a claim follows its village to a successor.
sql_object(
    "allocation_claim_frozen",
    """
    CREATE OR REPLACE FUNCTION allocation_claim_frozen() RETURNS trigger LANGUAGE plpgsql AS $body$
    BEGIN
      IF OLD.state NOT IN ('draft', 'returned') AND
         (NEW.project, NEW.kind, NEW.amount_fen, NEW.payee, NEW.invoice_code, NEW.invoice_number,
          NEW.invoice_fen, NEW.invoice_on, NEW.final_fen, NEW.steps, NEW.prepared_by,
          NEW.invoice_tax_fen, NEW.wages_fen, NEW.measured_bp, NEW.guarantee, NEW.seal)
         IS DISTINCT FROM
         (OLD.project, OLD.kind, OLD.amount_fen, OLD.payee, OLD.invoice_code, OLD.invoice_number,
          OLD.invoice_fen, OLD.invoice_on, OLD.final_fen, OLD.steps, OLD.prepared_by,
          OLD.invoice_tax_fen, OLD.wages_fen, OLD.measured_bp, OLD.guarantee, OLD.seal) THEN
        RAISE EXCEPTION 'a submitted claim is frozen'
          USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'allocation_claim_frozen';
      END IF;
      RETURN NEW;
    END $body$;
    DROP TRIGGER IF EXISTS allocation_claim_freeze ON allocation_claim;
    CREATE TRIGGER allocation_claim_freeze BEFORE UPDATE ON allocation_claim
      FOR EACH ROW EXECUTE FUNCTION allocation_claim_frozen();
    """,
)

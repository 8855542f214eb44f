"""Lists of yearly cash support: who gets how much for how many persons, frozen when approved."""

from __future__ import annotations

from piccolo.columns import BigInt, Boolean, Bytea, Date, Integer, Varchar

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
from quzhou_migrants.kernel.walls import sql_object


@business()
class CashList(Table, tablename="allocation_cash_list"):
    """One county's list of one year, or a later one for those whom the first missed."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    batch = fk(Batch)
    year = Integer(null=False)
    kind = Varchar(length=12, null=False, default="regular")
    title = Varchar(length=120, null=False)
    per_head_fen = fen()
    households = Integer(null=False, default=0)
    persons = Integer(null=False, default=0)
    total_fen = fen()
    held = Integer(null=False, default=0)
    sha256 = Varchar(length=64, null=False, default="")
    state = state_column("draft")
    version = Integer(null=False, default=1)
    remark = Varchar(length=500, null=False, default="")
    prepared_by = BigInt(null=True, default=None)
    prepared_name = Varchar(length=120, null=False, default="")
    created_at = Stamp()
    approved_name = Varchar(length=120, null=False, default="")
    approved_at = Stamp(null=True, default=None)
    policy_version = Varchar(length=80, null=False, default="")
    is_demo = Boolean(null=False, default=False)

    allocation_cash_list_known_kind = Check("kind IN ('regular', 'supplement')")
    allocation_cash_list_whole_persons = Check("total_fen = persons * per_head_fen")


@business()
class CashLine(Table, tablename="allocation_cash_line"):
    """One household of a list. The account number is sealed; only its last digits are shown."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    roll = fk(CashList)
    line_no = Integer(null=False)
    household = BigInt(null=False)
    code = Varchar(length=32, null=False)
    name = Varchar(length=60, null=False)
    persons = Integer(null=False)
    per_head_fen = fen()
    amount_fen = fen()
    bank_name = Varchar(length=80, null=False, default="")
    account_cipher = Bytea(null=True, default=None)
    account_tail = Varchar(length=8, null=False, default="")
    finding = Varchar(length=12, null=False, default="")
    result = Varchar(length=12, null=False, default="waiting")
    return_code = Varchar(length=16, null=False, default="")
    paid_on = Date(null=True, default=None)
    is_demo = Boolean(null=False, default=False)

    allocation_cash_line_place = Unique(["roll", "line_no"])
    allocation_cash_line_whole_persons = Check("persons > 0 AND amount_fen = persons * per_head_fen")
    allocation_cash_line_known_result = Check("result IN ('waiting', 'held', 'paid', 'failed', 'returned')")


index(
    "allocation_cash_list_once",
    "UNIQUE allocation_cash_list (division_code, year) WHERE kind = 'regular' AND state <> 'discarded'",
)
# Nobody is paid twice for one year: a household stands in one list that is not discarded, until the bank failed.
index("allocation_cash_line_by_household", "allocation_cash_line (household, roll)")

# Who gets how much is fixed when a leader approves it; only what the bank says, and a corrected account, may follow.
sql_object(
    "allocation_cash_frozen",
    """
    CREATE OR REPLACE FUNCTION allocation_cash_frozen() RETURNS trigger LANGUAGE plpgsql AS $body$
    BEGIN
      IF (NEW.roll, NEW.line_no, NEW.household, NEW.code, NEW.name, NEW.persons, NEW.per_head_fen, NEW.amount_fen)
         IS DISTINCT FROM
         (OLD.roll, OLD.line_no, OLD.household, OLD.code, OLD.name, OLD.persons, OLD.per_head_fen, OLD.amount_fen)
         AND (SELECT state FROM allocation_cash_list WHERE id = OLD.roll) NOT IN ('draft', 'discarded') THEN
        RAISE EXCEPTION 'an approved list is frozen'
          USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'allocation_cash_frozen';
      END IF;
      RETURN NEW;
    END $body$;
    DROP TRIGGER IF EXISTS allocation_cash_freeze ON allocation_cash_line;
    CREATE TRIGGER allocation_cash_freeze BEFORE UPDATE ON allocation_cash_line
      FOR EACH ROW EXECUTE FUNCTION allocation_cash_frozen();
    """,
)

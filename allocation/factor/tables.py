"""Schemes, runs, the values they stand on, who approved them, the shares they gave, the notice of them."""

from __future__ import annotations

from piccolo.columns import JSONB, BigInt, Boolean, Date, Integer, SmallInt, Text, Timestamptz, Varchar

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


@business(down="state IN ('approved', 'superseded')")
class FactorScheme(Table, tablename="allocation_scheme"):
    """One version of a scheme as data; a change is a new row, so a run can always name what it used.

    Shape: `series` is the id of the first version (None on that one), `number` counts versions; a
    trigger keeps body, title and note as they were written.
    """

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    title = Varchar(length=120, null=False)
    body = Text(null=False, help_text="canonical JSON, see FORMAT.md")
    note = Varchar(length=500, null=False, default="")
    policy_version = Varchar(length=64, null=False)
    created_by = BigInt(null=True, default=None)
    created_name = Varchar(length=60, null=False, default="")
    created_at = Stamp()
    is_demo = Boolean(null=False, default=False)
    series = BigInt(null=True, default=None)
    number = Integer(null=False, default=1)
    state = state_column("draft")
    version = Integer(null=False, default=1)
    doc_no = Varchar(length=80, null=False, default="")
    approved_name = Varchar(length=60, null=False, default="")
    approved_at = Timestamptz(null=True, default=None)


@business(down="state IN ('approved', 'revoked')")
class FactorRun(Table, tablename="allocation_factor_run"):
    """One split of one batch's project money among the divisions below, from draft to approved."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    batch = fk(Batch)
    scheme = fk(FactorScheme)
    title = Varchar(length=120, null=False)
    pool_fen = fen()
    remark = Varchar(length=1000, null=False, default="")
    frozen = Text(null=False, default="", help_text="canonical JSON of all inputs")
    sha256 = Varchar(length=64, null=False, default="")
    frozen_by = BigInt(null=True, default=None)
    frozen_at = Timestamptz(null=True, default=None)
    approved_at = Timestamptz(null=True, default=None)
    state = state_column("draft")
    version = Integer(null=False, default=1)
    created_by = BigInt(null=True, default=None)
    created_at = Stamp()
    is_demo = Boolean(null=False, default=False)
    attempt = SmallInt(null=False, default=0, help_text="how often the inputs were frozen")

    allocation_factor_run_positive = Check("pool_fen > 0")
    allocation_factor_run_frozen_whole = Check(
        "state NOT IN ('frozen', 'approved') OR (frozen <> '' AND length(sha256) = 64)"
    )


@business()
class FactorValue(Table, tablename="allocation_factor_value"):
    """One value of one unit under one factor, as written, with its source and date."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    run = fk(FactorRun)
    unit_code = Varchar(length=12, null=False)
    factor = Varchar(length=40, null=False)
    value = Varchar(length=40, null=False)
    source = Varchar(length=200, null=False)
    as_of = Date(null=False)

    allocation_factor_value_one_value = Unique(["run", "factor", "unit_code"])


@business(append_only=True)
class FactorShare(Table, tablename="allocation_factor_share"):
    """What one unit got from one approved run."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    run = fk(FactorRun)
    base_fen = fen()
    performance_fen = fen()
    fixed_fen = BigInt(null=False, default=0, help_text="given before the factors count")
    adjusted_fen = BigInt(null=False, default=0, help_text="what floors, caps and bands gave (+) or took (-)")
    amount_fen = fen()
    approved_at = Stamp()

    allocation_factor_share_one_share = Unique(["run", "division_code"])
    allocation_factor_share_whole = Check(
        "amount_fen = base_fen + performance_fen + fixed_fen + adjusted_fen AND base_fen >= 0"
        " AND performance_fen >= 0 AND fixed_fen >= 0 AND amount_fen >= 0"
    )


@business(append_only=True)
class FactorOpinion(Table, tablename="allocation_factor_opinion"):
    """One approval of one freezing of a run: which level, who, in which words."""

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    run = fk(FactorRun)
    attempt = SmallInt(null=False)
    step = SmallInt(null=False)
    approver = BigInt(null=False)
    name = Varchar(length=60, null=False)
    title = Varchar(length=120, null=False, default="")
    opinion = Varchar(length=500, null=False, default="")
    at = Stamp()

    allocation_factor_opinion_one_step = Unique(["run", "attempt", "step"])
    allocation_factor_opinion_nobody_twice = Unique(["run", "attempt", "approver"])


@business(down="issued_on IS NOT NULL", public="published_on IS NOT NULL")
class FactorNotice(Table, tablename="allocation_factor_notice"):
    """The notice that tells the result of a run: drafted, issued under a number, published in time.

    Shape: `printed` freezes at issue all that the page and the paper show; `sha256` names the paper
    as it was issued; `due_on` is the last day of publication.
    """

    id = BigSerial(primary_key=True)
    division_code = DivisionCode()
    run = fk(FactorRun)
    doc_no = Varchar(length=80, null=False)
    title = Varchar(length=160, null=False)
    addressees = Varchar(length=400, null=False)
    body = Text(null=False)
    signer = Varchar(length=120, null=False)
    copies = Varchar(length=400, null=False, default="")
    issued_on = Date(null=True, default=None)
    printed = JSONB(null=False, default="{}")
    sha256 = Varchar(length=64, null=False, default="")
    due_on = Date(null=True, default=None)
    published_on = Date(null=True, default=None)
    published_by = Varchar(length=60, null=False, default="")
    state = state_column("draft")
    version = Integer(null=False, default=1)
    created_by = BigInt(null=True, default=None)
    created_at = Stamp()
    is_demo = Boolean(null=False, default=False)

    allocation_factor_notice_whole = Check(
        "state NOT IN ('issued', 'published') OR (length(sha256) = 64 AND issued_on IS NOT NULL AND due_on IS NOT NULL)"
    )


index("allocation_scheme_versions", "UNIQUE allocation_scheme (coalesce(series, id), number)")
index("allocation_factor_notice_live", "UNIQUE allocation_factor_notice (run) WHERE state <> 'withdrawn'")
index(
    "allocation_factor_notice_numbered",
    "UNIQUE allocation_factor_notice (division_code, doc_no) WHERE state <> 'withdrawn'",
)

# What was approved or issued stays as it was written, whatever the program above believes. Schemes used to
# be rows that nobody could touch at all; now they move through states, and this trigger keeps their words.
sql_object(
    "allocation_scheme_words",
    """
    DROP TRIGGER IF EXISTS allocation_scheme_frozen ON allocation_scheme;
    CREATE OR REPLACE FUNCTION allocation_scheme_words() RETURNS trigger LANGUAGE plpgsql AS $body$
    BEGIN
      IF (NEW.division_code, NEW.title, NEW.body, NEW.note, NEW.series, NEW.number, NEW.created_by)
         IS DISTINCT FROM
         (OLD.division_code, OLD.title, OLD.body, OLD.note, OLD.series, OLD.number, OLD.created_by) THEN
        RAISE EXCEPTION 'a scheme is followed, never rewritten'
          USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'allocation_scheme_words';
      END IF;
      RETURN NEW;
    END $body$;
    DROP TRIGGER IF EXISTS allocation_scheme_keep ON allocation_scheme;
    CREATE TRIGGER allocation_scheme_keep BEFORE UPDATE ON allocation_scheme
      FOR EACH ROW EXECUTE FUNCTION allocation_scheme_words();
    """,
)
sql_object(
    "allocation_factor_notice_words",
    """
    CREATE OR REPLACE FUNCTION allocation_factor_notice_words() RETURNS trigger LANGUAGE plpgsql AS $body$
    BEGIN
      IF OLD.state <> 'draft' AND
         (NEW.run, NEW.doc_no, NEW.title, NEW.addressees, NEW.body, NEW.signer, NEW.copies, NEW.issued_on,
          NEW.printed, NEW.sha256, NEW.due_on)
         IS DISTINCT FROM
         (OLD.run, OLD.doc_no, OLD.title, OLD.addressees, OLD.body, OLD.signer, OLD.copies, OLD.issued_on,
          OLD.printed, OLD.sha256, OLD.due_on) THEN
        RAISE EXCEPTION 'an issued notice is withdrawn, never rewritten'
          USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'allocation_factor_notice_words';
      END IF;
      RETURN NEW;
    END $body$;
    DROP TRIGGER IF EXISTS allocation_factor_notice_keep ON allocation_factor_notice;
    CREATE TRIGGER allocation_factor_notice_keep BEFORE UPDATE ON allocation_factor_notice
      FOR EACH ROW EXECUTE FUNCTION allocation_factor_notice_words();
    """,
)

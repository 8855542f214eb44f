"""Fund batches, awards, and the one ledger all money of migrant projects is written in."""

from __future__ import annotations

from piccolo.columns import BigInt, Boolean, Date, Integer, LazyTableReference, SmallInt, Varchar

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

PROJECT = LazyTableReference("Project", app_name="projects")


@business(down=True)
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
    note = Varchar(length=500, null=False, default="")
    state = state_column("draft")
    version = Integer(null=False, default=1)
    created_by = BigInt(null=True, default=None)
    created_at = Stamp()
    is_demo = Boolean(null=False, default=False)

    allocation_batch_one_document = Unique(["division_code", "doc_no", "fund_kind"])
    allocation_batch_amounts = Check("cash_fen >= 0 AND project_fen >= 0 AND cash_fen + project_fen > 0")
    allocation_batch_whole_persons = Check("cash_fen = persons * per_head_fen")


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
    amount_fen = BigInt(null=False)
    source_table = Varchar(length=48, null=False)
    source_id = BigInt(null=False)
    posted_at = Stamp()

    allocation_entry_once = Unique(["event_key", "line"])
    allocation_entry_known_kind = Check(
        "kind IN ('notified', 'cash', 'available', 'planned', 'awarded', 'contracted', 'claimed',"
        " 'paid', 'retained', 'settled', 'returned')"
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
    balance_fen = fen()

    allocation_balance_account = Unique(["division_code", "batch", "project", "kind"])
    allocation_balance_never_negative = Check(
        "CASE WHEN kind = 'notified' THEN balance_fen <= 0 ELSE balance_fen >= 0 END"
    )


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
    allocation_award_known_source = Check("source IN ('factor', 'round', 'plan')")


index("allocation_entry_account", "allocation_entry (batch, division_code, kind, project, id)")
index("allocation_entry_source", "allocation_entry (source_table, source_id)")
index("allocation_balance_project", "allocation_balance (project) WHERE project <> 0")
index(
    "allocation_award_standing",
    "UNIQUE allocation_award (project, source, coalesce(source_id, 0)) WHERE state = 'standing'",
)

# A posting is one INSERT: its lines are summed and its accounts moved before anything else sees
# them. Accounts are locked in one order, so two postings wait for each other instead of dying.
sql_object(
    "allocation_post",
    """
    CREATE OR REPLACE FUNCTION allocation_post() RETURNS trigger LANGUAGE plpgsql AS $body$
    BEGIN
      IF EXISTS (
        SELECT 1 FROM added GROUP BY event_key, batch HAVING sum(amount_fen) <> 0
      ) OR EXISTS (
        SELECT 1 FROM allocation_entry e WHERE e.event_key IN (SELECT event_key FROM added)
        GROUP BY e.event_key
        HAVING count(*) <> (SELECT count(*) FROM added a WHERE a.event_key = e.event_key)
      ) THEN
        RAISE EXCEPTION 'a posting is written whole and sums to zero in each batch'
          USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'allocation_entry_balanced';
      END IF;
      INSERT INTO allocation_balance (division_code, batch, project, kind, balance_fen)
        SELECT DISTINCT division_code, batch, coalesce(project, 0), kind, 0 FROM added
        ORDER BY 1, 2, 3, 4 ON CONFLICT DO NOTHING;
      PERFORM 1 FROM allocation_balance b
        WHERE (b.division_code, b.batch, b.project, b.kind) IN
          (SELECT division_code, batch, coalesce(project, 0), kind FROM added)
        ORDER BY b.division_code, b.batch, b.project, b.kind FOR UPDATE;
      UPDATE allocation_balance b SET balance_fen = b.balance_fen + d.moved
        FROM (SELECT division_code, batch, coalesce(project, 0) AS project, kind, sum(amount_fen) AS moved
              FROM added GROUP BY 1, 2, 3, 4) d
        WHERE (b.division_code, b.batch, b.project, b.kind) = (d.division_code, d.batch, d.project, d.kind)
          AND d.moved <> 0;
      RETURN NULL;
    END $body$;
    DROP TRIGGER IF EXISTS allocation_entry_post ON allocation_entry;
    CREATE TRIGGER allocation_entry_post AFTER INSERT ON allocation_entry
      REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION allocation_post();
    DROP TRIGGER IF EXISTS allocation_balance_derived ON allocation_balance;
    CREATE TRIGGER allocation_balance_derived
      BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON allocation_balance
      FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION kernel_refuse_alteration();
    """,
)

"""What the database itself does with a posting: whole, balanced, open period, bound money, accounts moved.

A posting is one INSERT: its lines are summed and its accounts moved before anything else sees them.
Accounts are locked in one order, so two postings wait for each other instead of dying. Nothing else
writes a balance, so the proofs hold against any SQL, not only against ours.
"""

from __future__ import annotations

from quzhou_migrants.kernel.walls import sql_object

sql_object(
    "allocation_county",
    """
    CREATE OR REPLACE FUNCTION allocation_county(code text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN rpad(left(code, CASE WHEN substr(code, 5, 2) = '00' THEN 4 ELSE 6 END), 12, '0');
    """,
)

sql_object(
    "allocation_inside",
    """
    CREATE OR REPLACE FUNCTION allocation_inside(code text, place text) RETURNS boolean LANGUAGE sql IMMUTABLE
    PARALLEL SAFE RETURN starts_with(code, left(place, CASE
      WHEN place LIKE '%0000000000' THEN 2 WHEN place LIKE '%00000000' THEN 4 WHEN place LIKE '%000000' THEN 6
      WHEN place LIKE '%000' THEN 9 ELSE 12 END));
    """,
)

# Whoever closes a month takes the county's lock alone; a posting shares it, so that none slips in unseen.
_PERIOD = """
      PERFORM pg_advisory_xact_lock_shared(420, hashtext(c.code))
        FROM (SELECT DISTINCT allocation_county(division_code) AS code FROM added ORDER BY 1) c;
      IF EXISTS (
        SELECT 1 FROM (SELECT allocation_county(division_code) AS code, min(posted_at) AS first
                       FROM added GROUP BY 1) a
        JOIN allocation_closing c ON c.division_code = a.code AND c.ends_at > a.first
      ) THEN
        RAISE EXCEPTION 'the month is closed'
          USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'allocation_entry_period_open';
      END IF;
"""

_BOUND = """
      IF EXISTS (SELECT 1 FROM added WHERE earmark <> 0) AND EXISTS (
        SELECT 1 FROM added a WHERE a.earmark <> 0 AND NOT EXISTS (
          SELECT 1 FROM allocation_earmark k WHERE k.id = a.earmark AND k.batch = a.batch
            AND (a.project IS NULL OR a.amount_fen < 0 OR NOT EXISTS (
              SELECT 1 FROM added o WHERE o.event_key = a.event_key AND o.earmark = a.earmark
                AND o.kind = 'earmarked' AND o.amount_fen < 0
            ) OR EXISTS (
              SELECT 1 FROM projects_project p WHERE p.id = a.project
                AND (k.category = '' OR k.category = p.category) AND (k.project IS NULL OR k.project = p.id)
                AND (k.place_code = '' OR allocation_inside(p.division_code, k.place_code))
            ))
        )
      ) THEN
        RAISE EXCEPTION 'money bound to a use, a place or a project goes nowhere else'
          USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'allocation_entry_earmark_kept';
      END IF;
"""

# Runs as the owner: the lines themselves have passed the poster's wall, but a village cannot see its county's
# closed months and totals, which hold for it all the same.
sql_object(
    "allocation_post",
    f"""
    CREATE OR REPLACE FUNCTION allocation_post() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, public AS $body$
    BEGIN
      IF EXISTS (
        SELECT 1 FROM added GROUP BY event_key, batch, earmark HAVING sum(amount_fen) <> 0
      ) OR EXISTS (
        SELECT 1 FROM (SELECT event_key, count(*) AS lines FROM added GROUP BY 1) a
        CROSS JOIN LATERAL (SELECT count(*) AS lines FROM allocation_entry e WHERE e.event_key = a.event_key) e
        WHERE e.lines <> a.lines
      ) THEN
        RAISE EXCEPTION 'a posting is written whole and sums to zero in each batch'
          USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'allocation_entry_balanced';
      END IF;
{_PERIOD}{_BOUND}
      INSERT INTO allocation_balance (division_code, batch, project, kind, earmark, balance_fen)
        SELECT DISTINCT division_code, batch, coalesce(project, 0), kind, earmark, 0 FROM added
        ORDER BY 1, 2, 3, 4, 5 ON CONFLICT DO NOTHING;
      PERFORM 1 FROM allocation_balance b
        WHERE (b.division_code, b.batch, b.project, b.kind, b.earmark) IN
          (SELECT division_code, batch, coalesce(project, 0), kind, earmark FROM added)
        ORDER BY b.division_code, b.batch, b.project, b.kind, b.earmark FOR UPDATE;
      UPDATE allocation_balance b SET balance_fen = b.balance_fen + d.moved
        FROM (SELECT division_code, batch, coalesce(project, 0) AS project, kind, earmark, sum(amount_fen) AS moved
              FROM added GROUP BY 1, 2, 3, 4, 5) d
        WHERE (b.division_code, b.batch, b.project, b.kind, b.earmark)
            = (d.division_code, d.batch, d.project, d.kind, d.earmark)
          AND d.moved <> 0;
      INSERT INTO allocation_total (division_code, batch, kind, earmark, slot, total_fen)
        SELECT allocation_county(division_code), batch, kind, earmark, pg_backend_pid() % 32, sum(amount_fen)
        FROM added GROUP BY 1, 2, 3, 4 HAVING sum(amount_fen) <> 0 ORDER BY 1, 2, 3, 4
        ON CONFLICT ON CONSTRAINT allocation_total_place
        DO UPDATE SET total_fen = allocation_total.total_fen + excluded.total_fen;
      RETURN NULL;
    END $body$;
    DROP TRIGGER IF EXISTS allocation_entry_post ON allocation_entry;
    CREATE TRIGGER allocation_entry_post AFTER INSERT ON allocation_entry
      REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION allocation_post();
    DROP TRIGGER IF EXISTS allocation_balance_derived ON allocation_balance;
    CREATE TRIGGER allocation_balance_derived
      BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON allocation_balance
      FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION kernel_refuse_alteration();
    DROP TRIGGER IF EXISTS allocation_total_derived ON allocation_total;
    INSERT INTO allocation_total (division_code, batch, kind, earmark, slot, total_fen)
      SELECT allocation_county(division_code), batch, kind, earmark, 0, sum(balance_fen) FROM allocation_balance
      WHERE NOT EXISTS (SELECT 1 FROM allocation_total) GROUP BY 1, 2, 3, 4 HAVING sum(balance_fen) <> 0;
    CREATE TRIGGER allocation_total_derived
      BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON allocation_total
      FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION kernel_refuse_alteration();
    """,  # noqa: S608 - pieces of our own
)

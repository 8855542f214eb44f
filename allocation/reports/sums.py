"""What the database does for the reports with every posting: sums by place, by month, by house and by project.

Kept by a trigger of its own, after the ledger's has accepted the lines, and written by nothing else. Two
postings never wait for each other here: each adds to rows nobody holds, or to new ones, and puts together
what it finds apart. The category of a project that has money stays, as its sums are kept by it.
"""

from __future__ import annotations

from typing import Any

from allocation.reports.rules import ALL, NO_MONTH
from quzhou_migrants.kernel.walls import sql_object

KEY = "cut, division_code, batch, category, project, month"
_FIGURES = ", ".join(f"{kind}_fen" for kind in ALL)
_KINDS = ", ".join(f"'{kind}'" for kind in ALL)
_NONE = f"DATE '{NO_MONTH}'"
# A cut: division, category, project, month, and what else is read for it.
_PLACE = "left(l.division_code, 9) || '000'"
_CATEGORY = "CASE WHEN l.project <> 0 THEN coalesce(nullif(p.category, ''), 'none') ELSE 'none' END"
_MONTH = "date_trunc('month', l.posted_at AT TIME ZONE 'Asia/Shanghai')::date"
_CUTS = {
    "place": (_PLACE, _CATEGORY, "0", _NONE, " LEFT JOIN projects_project p ON p.id = l.project"),
    "month": (_PLACE, "''", "0", _MONTH, ""),
    "house": ("allocation_county(l.division_code)", "''", "0", _MONTH, ""),
    "project": ("l.division_code", "''", "l.project", _NONE, ""),
}


def _lines(cut: str, lines: str, then: str) -> str:
    """Write the keys of some lines by one cut, and what else is asked of them, one row for each."""
    division, category, project, month, join = _CUTS[cut]
    only = " AND l.project <> 0" if cut == "project" else ""
    return (
        f"SELECT '{cut}'::text AS cut, ({division})::text AS division_code, l.batch, ({category})::text AS category,"  # noqa: S608 - our own text
        f" ({project})::bigint AS project, {month} AS month{then} FROM {lines} l{join}"
        f" WHERE l.kind IN ({_KINDS}){only} GROUP BY 1, 2, 3, 4, 5, 6"
    )


def grouped(lines: str, *cuts: str) -> str:
    """Write the sums of some lines by some cuts: kind by kind first, then one row a key with a column a kind."""
    parts = " UNION ALL ".join(f"{_lines(c, lines, ', l.kind, fen_sum(l.amount_fen) AS fen')}, 7" for c in cuts)
    sums = ", ".join(f"fen_sum(k.fen) FILTER (WHERE k.kind = '{kind}') AS {kind}_fen" for kind in ALL)
    return f"SELECT {KEY}, {sums} FROM ({parts}) k GROUP BY {KEY}"  # noqa: S608 - our own text


def _all_missing() -> str:
    """Write what fills a cut that has no row yet, out of all entries."""
    return " ".join(
        f"INSERT INTO allocation_sum ({KEY}, {_FIGURES}) SELECT {KEY}, {_FIGURES} FROM ({grouped('allocation_entry', cut)}) d"  # noqa: S608, E501 - our own text
        f" WHERE NOT EXISTS (SELECT 1 FROM allocation_sum WHERE cut = '{cut}');"
        for cut in _CUTS
    )


_SAME = "(s.cut, s.division_code, s.batch, s.category, s.project, s.month) = ({d}.cut, {d}.division_code, {d}.batch, {d}.category, {d}.project, {d}.month)"  # noqa: E501 - one condition
_TOUCHED = " UNION ALL ".join(_lines(cut, "added", "") for cut in _CUTS)
_ADDED = ", ".join(f"{kind}_fen = o.{kind}_fen + d.{kind}_fen" for kind in ALL)
_FOUND = ", ".join(f"fen_sum({kind}_fen) AS {kind}_fen" for kind in ALL)

# Money fits a bigint in every account and every sum; the database's own sum would make numbers of any length.
sql_object(
    "fen_sum",
    """
    CREATE OR REPLACE AGGREGATE fen_sum(bigint) (
      SFUNC = int8pl, STYPE = bigint, INITCOND = '0', COMBINEFUNC = int8pl, PARALLEL = SAFE);
    """,
)

# Runs as the owner, as the ledger's own trigger does: a village moves the sums of its township. What it locked
# it sees as it is, because each statement of it looks anew.
sql_object(
    "allocation_sum_up",
    f"""
    CREATE OR REPLACE FUNCTION allocation_sum_up() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, public AS $body$
    DECLARE
      held bigint[];
    BEGIN
      SELECT array_agg(f.id) INTO held FROM (
        SELECT s.id FROM ({_TOUCHED}) d JOIN allocation_sum s ON {_SAME.format(d="d")}
        FOR UPDATE OF s SKIP LOCKED) f;
      WITH d AS MATERIALIZED ({grouped("added", *_CUTS)}),
      own AS MATERIALIZED (SELECT * FROM allocation_sum WHERE id = ANY (held)),
      o AS MATERIALIZED (SELECT min(id) AS id, {KEY}, {_FOUND} FROM own GROUP BY {KEY}),
      gone AS (DELETE FROM allocation_sum WHERE id = ANY (held) AND id NOT IN (SELECT id FROM o)),
      kept AS (UPDATE allocation_sum s SET {_ADDED} FROM o JOIN d USING ({KEY}) WHERE s.id = o.id)
      INSERT INTO allocation_sum ({KEY}, {_FIGURES})
        SELECT {KEY}, {_FIGURES} FROM d WHERE NOT EXISTS (SELECT 1 FROM o AS s WHERE {_SAME.format(d="d")});
      RETURN NULL;
    END $body$;
    DROP TRIGGER IF EXISTS allocation_entry_sums ON allocation_entry;
    CREATE TRIGGER allocation_entry_sums AFTER INSERT ON allocation_entry
      REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION allocation_sum_up();
    DROP TRIGGER IF EXISTS allocation_sum_derived ON allocation_sum;
    {_all_missing()}
    CREATE TRIGGER allocation_sum_derived BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON allocation_sum
      FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION kernel_refuse_alteration();
    """,  # noqa: S608 - pieces of our own
)

# The lock waits for postings under way: each holds its project by the foreign key.
sql_object(
    "allocation_category_kept",
    """
    CREATE OR REPLACE FUNCTION allocation_category_kept() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, public AS $body$
    BEGIN
      PERFORM 1 FROM projects_project WHERE id = OLD.id FOR UPDATE;
      IF EXISTS (SELECT 1 FROM allocation_balance WHERE project = OLD.id AND project <> 0) THEN
        RAISE EXCEPTION 'a project with money keeps its category'
          USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'allocation_sum_category_kept';
      END IF;
      RETURN NEW;
    END $body$;
    DROP TRIGGER IF EXISTS allocation_category_kept ON projects_project;
    CREATE TRIGGER allocation_category_kept BEFORE UPDATE OF category ON projects_project
      FOR EACH ROW WHEN (OLD.category IS DISTINCT FROM NEW.category) EXECUTE FUNCTION allocation_category_kept();
    """,
)


async def sum_faults(conn: Any) -> list[str]:  # noqa: ANN401 - an asyncpg connection that sees every row
    """Name every sum that is not that of its entries; an empty list is what `verify` wants to see."""
    kept = f"SELECT {KEY}, {_FOUND} FROM allocation_sum GROUP BY {KEY}"  # noqa: S608 - our own columns
    told, found = (f"ROW({', '.join(f'{x}.{kind}_fen' for kind in ALL)})" for x in ("s", "d"))
    zero = f"ROW({', '.join('0::bigint' for _ in ALL)})"
    faults = []
    for cut in _CUTS:
        rows = await conn.fetch(
            f"SELECT coalesce(s.division_code, d.division_code) AS code, coalesce(s.batch, d.batch) AS batch,"  # noqa: S608 - our own text
            f" coalesce(s.category, d.category) || coalesce(s.project, d.project) || coalesce(s.month, d.month) AS what"
            f" FROM (SELECT * FROM ({kept}) k WHERE k.cut = '{cut}') s FULL JOIN"
            f" ({grouped('allocation_entry', cut)}) d ON {_SAME.format(d='d')}"
            f" WHERE CASE WHEN s.batch IS NULL THEN {found} <> {zero} WHEN d.batch IS NULL THEN {told} <> {zero}"
            f" ELSE {told} <> {found} END ORDER BY 1, 2, 3 LIMIT 100"
        )
        faults += [f"allocation_sum {cut} {r['batch']} {r['code']} {r['what']}" for r in rows]
    return faults

"""SQL the register needs besides its tables: the one look over the county line, and walls of working tables."""

from __future__ import annotations

from typing import Final

from quzhou_migrants.kernel.walls import RANGE, sql_object

# The only sight of another county: that a number or code is taken there, and the county's name.
# The range is opened inside the function alone; on an error the transaction, and with it the range, ends.
ELSEWHERE: Final = """
CREATE OR REPLACE FUNCTION register_elsewhere(blinds bytea[], codes text[])
RETURNS TABLE (id_blind bytea, code text, county text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public AS $body$
DECLARE
  lo text := coalesce(current_setting('app.lo', true), '');
  hi text := coalesce(current_setting('app.hi', true), '');
BEGIN
  PERFORM set_config('app.lo', '', true), set_config('app.hi', '~', true);
  RETURN QUERY
    SELECT m.id_blind, NULL::text, d.name::text
    FROM register_member m JOIN kernel_division d ON d.code = rpad(left(m.division_code, 6), 12, '0')
    WHERE m.id_blind = ANY (blinds) AND m.state = 'active' AND NOT (m.division_code >= lo AND m.division_code < hi)
    UNION ALL
    SELECT NULL::bytea, h.code::text, d.name::text
    FROM register_household h JOIN kernel_division d ON d.code = rpad(left(h.division_code, 6), 12, '0')
    WHERE h.code = ANY (codes) AND NOT (h.division_code >= lo AND h.division_code < hi);
  PERFORM set_config('app.lo', lo, true), set_config('app.hi', hi, true);
END $body$;
REVOKE ALL ON FUNCTION register_elsewhere(bytea[], text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION register_elsewhere(bytea[], text[]) TO qm_app
"""

# Working tables hold rows of one county: walled like business tables, but not logged row by row.
WALL: Final = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS {table}_range ON {table};
CREATE POLICY {table}_range ON {table} FOR ALL USING ({rule}) WITH CHECK ({rule})
"""

sql_object("register_elsewhere", ELSEWHERE)
for _table in ("register_import_progress", "register_import_row", "register_import_finding"):
    sql_object(f"{_table}_wall", WALL.format(table=_table, rule=RANGE))

"""The map belongs to the owner of the database; this is the one way in which the application changes it.

It acts with the owner's rights, only inside the range of codes of the calling transaction.
"""

from quzhou_migrants.kernel.walls import APP_ROLE, sql_object

NAME = "projects_succeed"

SUCCEED = f"""
CREATE OR REPLACE FUNCTION {NAME}(old_code text, new_code text, new_name text, document text)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $body$
DECLARE
  lo text := coalesce(current_setting('app.lo', true), '');
  hi text := coalesce(current_setting('app.hi', true), '');
BEGIN
  IF NOT (old_code COLLATE "C" >= lo AND old_code COLLATE "C" < hi
      AND new_code COLLATE "C" >= lo AND new_code COLLATE "C" < hi) THEN
    RAISE insufficient_privilege USING MESSAGE = 'outside the range of this transaction';
  END IF;
  INSERT INTO kernel_division
    (code, name, full_name, level, parent_code, kind, active, successor_code, source, is_demo)
    SELECT new_code, new_name, t.full_name || new_name, 'village', t.code, o.kind, true, '', document, o.is_demo
    FROM kernel_division o, kernel_division t
    WHERE o.code = old_code AND t.code = left(new_code, 9) || '000' AND t.level = 'township' AND new_name <> ''
  ON CONFLICT (code) DO NOTHING;
  UPDATE kernel_division SET active = false, successor_code = new_code WHERE code = old_code AND level = 'village';
  UPDATE kernel_division SET successor_code = new_code WHERE successor_code = old_code;
END $body$;
REVOKE ALL ON FUNCTION {NAME}(text, text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION {NAME}(text, text, text, text) TO {APP_ROLE};
"""  # noqa: S608 - constants of this module

sql_object(NAME, SUCCEED)

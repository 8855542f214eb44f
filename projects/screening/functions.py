"""The one look over the village line: which projects lie in the same village or near a place.

A village clerk sees only the own village; a duplicate lies next door. What comes back is what a plan
table publishes of a project, no person.
"""

from __future__ import annotations

from typing import Final

from quzhou_migrants.kernel.walls import sql_object

LIKE: Final = """
CREATE OR REPLACE FUNCTION projects_around(own bigint, village text, x float8, y float8, dx float8, dy float8,
  since date)
RETURNS TABLE (kind text, id bigint, code text, title text, division_code text, village_name text, lat float8,
  lon float8, day date, state text, category text, estimate_fen bigint, contractor text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $body$
  WITH found AS (
    SELECT p.id FROM projects_project p WHERE p.division_code = village
    UNION
    SELECT p.id FROM projects_project p WHERE p.lat IS NOT NULL
      AND point(p.lon, p.lat) <@ box(point(x - dx, y - dy), point(x + dx, y + dy))
  ), heard AS (
    SELECT s.id FROM projects_sector_project s WHERE s.division_code = village
    UNION
    SELECT s.id FROM projects_sector_project s WHERE s.lat IS NOT NULL
      AND point(s.lon, s.lat) <@ box(point(x - dx, y - dy), point(x + dx, y + dy))
  )
  SELECT 'project', p.id, p.code::text, p.title::text, p.division_code::text, d.name::text, p.lat, p.lon,
    coalesce(p.completed_on, p.submitted_at::date, p.created_at::date) AS day, p.state::text, p.category::text,
    p.estimate_fen, p.contractor::text
  FROM found JOIN projects_project p USING (id) JOIN kernel_division d ON d.code = p.division_code
  WHERE p.id <> own AND p.state NOT IN ('draft', 'withdrawn', 'refused', 'terminated')
    AND coalesce(p.completed_on, p.submitted_at::date, p.created_at::date) >= since
  UNION ALL
  SELECT 'sector', s.id, s.number::text, s.title::text, s.division_code::text, d.name::text, s.lat, s.lon,
    s.finished_on, '', s.sector::text, s.amount_fen, ''
  FROM heard JOIN projects_sector_project s USING (id) JOIN kernel_division d ON d.code = s.division_code
  WHERE s.finished_on >= since
$body$;
REVOKE ALL ON FUNCTION projects_around(bigint, text, float8, float8, float8, float8, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION projects_around(bigint, text, float8, float8, float8, float8, date) TO qm_app
"""

sql_object("projects_around", LIKE)

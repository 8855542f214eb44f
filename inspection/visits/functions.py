"""The one look over the county line that visits need: whether a picture came from another county before."""

from __future__ import annotations

from typing import Final

from quzhou_migrants.kernel.walls import sql_object

# How many bits two fingerprints differ in; both number their stretches alike, so only the bits are left of #.
APART: Final = """
CREATE OR REPLACE FUNCTION inspection_apart(a integer[], b integer[]) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $body$
  SELECT sum(length(replace(((x # y)::bit(16))::text, '0', '')))::integer FROM unnest(a, b) AS pair (x, y)
$body$;
REVOKE ALL ON FUNCTION inspection_apart(integer[], integer[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION inspection_apart(integer[], integer[]) TO qm_app
"""

# The rows belong to the city: the county that asks is told how many there are and nothing else.
# One visit is looked at after the other, so that two counties that send at once do not overlook each other.
NOTE_REPEATS: Final = """
CREATE OR REPLACE FUNCTION inspection_note_repeats(of_visit bigint, most_apart integer) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, public AS $body$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM inspection_visit v WHERE v.id = of_visit
      AND v.division_code >= current_setting('app.lo', true) AND v.division_code < current_setting('app.hi', true)) THEN
    RETURN 0;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('inspection_photo_repeat', 0));
  INSERT INTO inspection_photo_repeat (division_code, photo, earlier, same_bytes, apart, is_demo)
  SELECT rpad(left(n.division_code, 4), 12, '0'), n.id, e.id, e.same_bytes, e.apart, n.is_demo
  FROM (
    SELECT p.*, ARRAY(SELECT s FROM unnest(p.look) s WHERE s & 65535 NOT IN (0, 65535)) AS telling
    FROM inspection_visit_photo p WHERE p.visit = of_visit AND p.role = 'photo' AND p.file IS NOT NULL
  ) n CROSS JOIN LATERAL (
    SELECT o.id, o.sha256 = n.sha256 AS same_bytes, coalesce(inspection_apart(o.look, n.look), 0) AS apart
    FROM inspection_visit_photo o
    WHERE (o.sha256 = n.sha256 OR o.look && n.telling) AND o.role = 'photo' AND o.file IS NOT NULL
      AND left(o.division_code, 6) <> left(n.division_code, 6)
      AND (o.sha256 = n.sha256 OR inspection_apart(o.look, n.look) <= most_apart)
    ORDER BY same_bytes DESC, apart, o.id LIMIT 1
  ) e
  ON CONFLICT (photo) DO NOTHING;
  RETURN (SELECT count(*) FROM inspection_photo_repeat r
    JOIN inspection_visit_photo p ON p.id = r.photo WHERE p.visit = of_visit);
END $body$;
REVOKE ALL ON FUNCTION inspection_note_repeats(bigint, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION inspection_note_repeats(bigint, integer) TO qm_app
"""

sql_object("inspection_apart", APART)
sql_object("inspection_note_repeats", NOTE_REPEATS)

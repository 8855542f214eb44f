"""Reads that must happen before anybody's range is known: sign-in and the session itself.

They run with the owner's rights over the whole range and answer exactly one person's facts, so
the application role never needs to see all accounts.
"""

from quzhou_migrants.kernel.walls import APP_ROLE, sql_object

_WHOLE = "SECURITY DEFINER SET search_path = pg_catalog, public"
# Every request asks this by one key: planning its five tables anew cost 0.4 ms of each page.
_PLANNED_ONCE = "SET plan_cache_mode = force_generic_plan"

# Business dates of engagements follow the business clock, as every rule does.
_TODAY = (
    "((now() + make_interval(secs => coalesce((SELECT (value->>'shift_seconds')::float FROM kernel_setting"
    " WHERE key = 'business_clock'), 0))) AT TIME ZONE 'Asia/Shanghai')::date"
)

SESSION = f"""
CREATE OR REPLACE FUNCTION accounts_session_actor(given bytea, idle_seconds int)
RETURNS TABLE (user_id bigint, name text, must_change boolean, is_demo boolean, post_id bigint,
  role text, org_id bigint, org_name text, division_code text, engagement_id bigint, shift text)
LANGUAGE plpgsql VOLATILE {_WHOLE} {_PLANNED_ONCE} AS $body$
BEGIN
  UPDATE accounts_session s SET idle_until = now() + make_interval(secs => idle_seconds)
    WHERE s.token_hash = given AND s.idle_until > now()
      AND s.idle_until < now() + make_interval(secs => idle_seconds - 60);
  RETURN QUERY SELECT u.id, u.name::text, u.must_change, u.is_demo, p.id, p.role::text, o.id,
      o.name::text, o.division_code::text, e.id,
      (SELECT value->>'shift_seconds' FROM kernel_setting WHERE key = 'business_clock')
    FROM accounts_session s JOIN accounts_user u ON u.id = s."user" AND u.active
    LEFT JOIN accounts_post p ON p.id = s.post_id AND p."user" = u.id AND p.active
    LEFT JOIN accounts_org o ON o.id = p.org
    LEFT JOIN accounts_engagement e ON e.id = s.engagement_id AND e.post = p.id
      AND e.revoked_at IS NULL AND {_TODAY} BETWEEN e.starts_on AND e.ends_on
    WHERE s.token_hash = given AND s.idle_until > now() AND s.expires_at > now();
END $body$;
"""  # noqa: S608 - constants of this module

CREDENTIALS = f"""
CREATE OR REPLACE FUNCTION accounts_credentials(given text)
RETURNS TABLE (user_id bigint, password_hash text, must_change boolean)
LANGUAGE sql STABLE {_WHOLE} AS $body$
  SELECT id, password_hash, must_change FROM accounts_user WHERE login = given AND active
$body$;
"""  # noqa: S608 - constants of this module

IDENTITIES = f"""
CREATE OR REPLACE FUNCTION accounts_identities(given bigint)
RETURNS TABLE (post_id bigint, engagement_id bigint, role text, org_name text, division_code text,
  purpose text, ends_on date)
LANGUAGE sql STABLE {_WHOLE} AS $body$
  SELECT p.id, e.id, p.role::text, o.name::text, o.division_code::text, e.purpose::text, e.ends_on
  FROM accounts_post p JOIN accounts_org o ON o.id = p.org
  LEFT JOIN accounts_engagement e ON e.post = p.id AND e.revoked_at IS NULL
    AND {_TODAY} BETWEEN e.starts_on AND e.ends_on
  WHERE p."user" = given AND p.active
    AND (p.role NOT IN ('expert', 'surveyor', 'auditor') OR e.id IS NOT NULL)
  ORDER BY p.id, e.id
$body$;
"""  # noqa: S608 - constants of this module

PASSWORD = f"""
CREATE OR REPLACE FUNCTION accounts_set_password(given bigint, hash text) RETURNS void
LANGUAGE sql VOLATILE {_WHOLE} AS $body$
  UPDATE accounts_user SET password_hash = hash, must_change = false, version = version + 1 WHERE id = given
$body$;
CREATE OR REPLACE FUNCTION accounts_password_hash(given bigint) RETURNS text
LANGUAGE sql STABLE {_WHOLE} AS $body$
  SELECT password_hash FROM accounts_user WHERE id = given AND active
$body$;
"""  # noqa: S608 - constants of this module

# Who holds a post, or a running engagement, beyond the asker's range is not the asker's to lock in or out.
BEYOND = f"""
CREATE OR REPLACE FUNCTION accounts_stands_beyond(given bigint) RETURNS boolean
LANGUAGE sql STABLE {_WHOLE} AS $body$
  SELECT EXISTS (SELECT 1 FROM accounts_post p WHERE p."user" = given AND p.active
    AND NOT (p.division_code >= current_setting('app.lo') AND p.division_code < current_setting('app.hi'))
    AND (p.role NOT IN ('expert', 'surveyor', 'auditor') OR EXISTS (SELECT 1 FROM accounts_engagement e
      WHERE e.post = p.id AND e.revoked_at IS NULL AND e.ends_on >= {_TODAY})))
$body$;
CREATE OR REPLACE FUNCTION accounts_login(given bigint) RETURNS text
LANGUAGE sql STABLE {_WHOLE} AS $body$
  SELECT login FROM accounts_user WHERE id = given
$body$;
"""  # noqa: S608 - constants of this module

# A key's use is counted where it is looked up: one statement, whatever process asks.
KEY = f"""
CREATE OR REPLACE FUNCTION accounts_key_actor(given bytea)
RETURNS TABLE (name text, holder text, division_code text, scopes text[], is_demo boolean, used int, most int,
  shift text)
LANGUAGE plpgsql VOLATILE {_WHOLE} AS $body$
DECLARE
  k accounts_api_key%ROWTYPE;
  n int;
BEGIN
  SELECT * INTO k FROM accounts_api_key a
    WHERE a.key_hash = given AND a.state = 'active' AND a.expires_on >= {_TODAY};
  IF NOT FOUND THEN RETURN; END IF;
  INSERT INTO accounts_api_use AS u (key_id, minute, used, total, last_at)
    VALUES (k.id, date_trunc('minute', now()), 1, 1, now())
    ON CONFLICT (key_id) DO UPDATE SET
      used = CASE WHEN u.minute = date_trunc('minute', now()) THEN u.used + 1 ELSE 1 END,
      minute = date_trunc('minute', now()), total = u.total + 1, last_at = now()
    RETURNING u.used INTO n;
  RETURN QUERY SELECT k.name::text, k.holder::text, k.division_code::text, k.scopes, k.is_demo, n, k.per_minute,
    (SELECT value->>'shift_seconds' FROM kernel_setting WHERE key = 'business_clock');
END $body$;
"""  # noqa: S608 - constants of this module

_NAMES = (
    "accounts_session_actor(bytea, int)",
    "accounts_credentials(text)",
    "accounts_identities(bigint)",
    "accounts_set_password(bigint, text)",
    "accounts_password_hash(bigint)",
    "accounts_key_actor(bytea)",
    "accounts_stands_beyond(bigint)",
    "accounts_login(bigint)",
)
GRANT = "".join(f"REVOKE ALL ON FUNCTION {n} FROM PUBLIC; GRANT EXECUTE ON FUNCTION {n} TO {APP_ROLE};" for n in _NAMES)

for _name, _sql in (
    ("accounts_session_actor", SESSION),
    ("accounts_credentials", CREDENTIALS),
    ("accounts_identities", IDENTITIES),
    ("accounts_password", PASSWORD),
    ("accounts_key_actor", KEY),
    ("accounts_beyond", BEYOND),
    ("accounts_grants", GRANT),
):
    sql_object(_name, _sql)

"""The SQL that walls and logs every declared table; installed anew, idempotently, by `migrate`.

The walls stand before the application role; the owner, whom only migrations, the sealing job,
`verify`, backup and a few named functions use, sees everything (ADR 0003).

Three things per business table: row-level security by division range, triggers that write each
changed row to `kernel_change`, and grants to the application role, which owns nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from quzhou_migrants.kernel.tables import BUSINESS, INDEXES, PLATFORM, Wall

APP_ROLE = "qm_app"

RANGE = "division_code >= current_setting('app.lo', true) AND division_code < current_setting('app.hi', true)"
DOWN = "division_code = ANY (string_to_array(current_setting('app.up', true), ','))"
# What was written for ever keeps the code of a village that is no more: its successor's range reads it.
PAST = (
    "division_code IN (SELECT d.code FROM kernel_division d WHERE d.successor_code <> ''"
    " AND d.successor_code >= current_setting('app.lo', true) AND d.successor_code < current_setting('app.hi', true))"
)
OUTSIDER = "coalesce(current_setting('app.engagement', true), '') <> '' AND ({})"
# PostgreSQL may evaluate the halves of an AND in any order: an empty setting must not be cast.
ENGAGEMENT = (
    "current_setting('app.engagement')::bigint",
    "nullif(current_setting('app.engagement', true), '')::bigint",
)
PUBLIC = "coalesce(current_setting('app.public', true), '') = '1' AND ({})"

# OFFSET 0 keeps each row from being turned into JSON once for every place that reads it.
LOG_FUNCTION = """
CREATE OR REPLACE FUNCTION kernel_log_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
SET timezone = 'Asia/Shanghai' AS $body$
DECLARE
  k text := TG_ARGV[0];
  actor bigint := nullif(current_setting('app.actor', true), '')::bigint;
  actor_n text := coalesce(current_setting('app.actor_name', true), '');
  cmd text := coalesce(current_setting('app.command', true), '');
  req text := coalesce(current_setting('app.request', true), '');
  pol text := coalesce(current_setting('app.policy', true), '');
  tx bigint := pg_current_xact_id()::text::bigint;
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO kernel_change (at, txid, table_name, row_id, division_code, op, old, new,
      actor_id, actor_name, command, request_id, policy_version)
    SELECT clock_timestamp(), tx, TG_TABLE_NAME, j->>k, j->>'division_code', 'I', NULL, j,
      actor, actor_n, cmd, req, pol
    FROM (SELECT to_jsonb(n) AS j FROM new_rows n OFFSET 0) s;
  ELSIF TG_OP = 'DELETE' THEN
    INSERT INTO kernel_change (at, txid, table_name, row_id, division_code, op, old, new,
      actor_id, actor_name, command, request_id, policy_version)
    SELECT clock_timestamp(), tx, TG_TABLE_NAME, j->>k, j->>'division_code', 'D', j, NULL,
      actor, actor_n, cmd, req, pol
    FROM (SELECT to_jsonb(o) AS j FROM old_rows o OFFSET 0) s;
  ELSE
    INSERT INTO kernel_change (at, txid, table_name, row_id, division_code, op, old, new,
      actor_id, actor_name, command, request_id, policy_version)
    SELECT clock_timestamp(), tx, TG_TABLE_NAME, n.j->>k, n.j->>'division_code', 'U', o.j, n.j,
      actor, actor_n, cmd, req, pol
    FROM (SELECT to_jsonb(x) AS j FROM new_rows x OFFSET 0) n
    LEFT JOIN (SELECT to_jsonb(x) AS j FROM old_rows x OFFSET 0) o ON o.j->>k = n.j->>k;
  END IF;
  RETURN NULL;
END $body$
"""

FREEZE_FUNCTION = """
CREATE OR REPLACE FUNCTION kernel_refuse_alteration() RETURNS trigger
LANGUAGE plpgsql AS $body$
BEGIN
  RAISE EXCEPTION 'rows of % are never altered', TG_TABLE_NAME
    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'kernel_append_only';
END $body$
"""

_SQL_OBJECTS: dict[str, str] = {}


def sql_object(name: str, sql: str) -> None:
    """Declare a function or trigger a room needs besides its tables; `sql` must be re-runnable."""
    _SQL_OBJECTS[name] = sql


class Executor(Protocol):
    """Anything that runs SQL: an asyncpg connection."""

    async def execute(self, query: str) -> str:
        """Run statements without parameters."""


def _policies(wall: Wall) -> Iterator[str]:
    t = wall.table
    rules = {"range": ("ALL", RANGE)}
    if wall.down:
        rules["down"] = ("SELECT", DOWN if wall.down is True else f"{DOWN} AND ({wall.down})")
    if wall.append_only:
        rules["past"] = ("SELECT", PAST)
    if wall.outsider:
        rules["outsider"] = ("ALL", OUTSIDER.format(wall.outsider.replace(*ENGAGEMENT)))
    if wall.public:
        rules["public"] = ("SELECT", PUBLIC.format(wall.public))
    yield f"ALTER TABLE {t} ENABLE ROW LEVEL SECURITY"
    for kind in ("range", "down", "past", "outsider", "public"):
        yield f"DROP POLICY IF EXISTS {t}_{kind} ON {t}"
    for kind, (verb, rule) in rules.items():
        check = f" WITH CHECK ({rule})" if verb == "ALL" else ""
        yield f"CREATE POLICY {t}_{kind} ON {t} FOR {verb} USING ({rule}){check}"


def _triggers(wall: Wall) -> Iterator[str]:
    t = wall.table
    shapes = {
        "insert": "REFERENCING NEW TABLE AS new_rows",
        "update": "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
        "delete": "REFERENCING OLD TABLE AS old_rows",
    }
    for verb, rows in () if wall.derived else shapes.items():
        yield f"DROP TRIGGER IF EXISTS {t}_log_{verb} ON {t}"
        yield (
            f"CREATE TRIGGER {t}_log_{verb} AFTER {verb.upper()} ON {t} {rows}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION kernel_log_change('{wall.key}')"
        )
    if wall.append_only:
        yield from _frozen(t)


def _frozen(table: str) -> Iterator[str]:
    yield f"DROP TRIGGER IF EXISTS {table}_frozen ON {table}"
    yield (
        f"CREATE TRIGGER {table}_frozen BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse_alteration()"
    )


def _grants() -> Iterator[str]:
    yield f"GRANT USAGE ON SCHEMA public TO {APP_ROLE}"
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {APP_ROLE}"
    yield f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {APP_ROLE}"
    for wall in BUSINESS.values():
        written = "SELECT, INSERT" if wall.append_only else "SELECT, INSERT, UPDATE, DELETE"
        verbs = "SELECT" if wall.derived else written
        yield f"GRANT {verbs} ON {wall.table} TO {APP_ROLE}"
    for table in PLATFORM.values():
        yield f"GRANT {table.grants} ON {table.table} TO {APP_ROLE}"
    yield f"GRANT SELECT ON kernel_division, kernel_change TO {APP_ROLE}"


def statements() -> Iterator[str]:
    """Yield every statement, in an order that can be run again at any time."""
    yield LOG_FUNCTION
    yield FREEZE_FUNCTION
    for name, definition in INDEXES.items():
        unique, rest = (
            ("UNIQUE ", definition.removeprefix("UNIQUE ")) if definition.startswith("UNIQUE ") else ("", definition)
        )
        yield f"CREATE {unique}INDEX IF NOT EXISTS {name} ON {rest}"
    yield from _frozen("kernel_change")
    yield from _frozen("kernel_seal")
    yield "ALTER TABLE kernel_change ENABLE ROW LEVEL SECURITY"
    yield "DROP POLICY IF EXISTS kernel_change_range ON kernel_change"
    yield f"CREATE POLICY kernel_change_range ON kernel_change FOR SELECT USING ({RANGE})"
    for wall in BUSINESS.values():
        yield from _policies(wall)
        yield from _triggers(wall)
    yield from _SQL_OBJECTS.values()
    yield from _grants()


async def install(connection: Executor) -> int:
    """Install walls, triggers, indexes, functions and grants; answer how many statements ran."""
    count = 0
    for sql in statements():
        await connection.execute(sql)
        count += 1
    return count

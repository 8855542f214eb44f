"""Bring a database to this version: Piccolo migrations, then walls, behind one lock."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable

import asyncpg

from quzhou_migrants.kernel import schema, walls
from quzhou_migrants.kernel.db import ENGINE, connect_arguments

LOCK = "SELECT pg_advisory_lock(hashtext('quzhou_migrants.migrate'))"
EVERY_ROLE = f"""
DO $$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{walls.APP_ROLE}') THEN
    CREATE ROLE {walls.APP_ROLE} NOLOGIN;
    EXECUTE format('GRANT {walls.APP_ROLE} TO %I', current_user);
  END IF;
END $$
"""  # noqa: S608 - our own role name


async def migrate(owner_dsn: str, *, report: Callable[[str], None] | None = None) -> int:
    """Migrate forwards and install the walls; safe to call from several processes at once.

    Shape: how many wall statements ran. Raises: RuntimeError when a migration fails.
    """
    os.environ.setdefault("PICCOLO_CONF", "quzhou_migrants.piccolo_conf")
    from piccolo.apps.migrations.commands.forwards import run_forwards  # noqa: PLC0415 - reads PICCOLO_CONF at import

    import quzhou_migrants.wiring  # noqa: F401, PLC0415 - every table, every SQL object must be declared first

    lock = await asyncpg.connect(**connect_arguments(owner_dsn))
    before = (ENGINE.config, ENGINE.pool)
    try:
        await lock.execute(LOCK)
        if await lock.fetchval("SHOW server_version_num") < "130000":
            raise RuntimeError("PostgreSQL 13 or later is needed")
        await lock.execute(EVERY_ROLE)
        ENGINE.configure(owner_dsn)
        ENGINE.pool = None  # an open pool leads to another database, or as another role
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            result = await run_forwards("all")
        if not result.success:
            raise RuntimeError(f"{result.message or ''}\n{said.getvalue()}")
        if report:
            report(said.getvalue())
        async with lock.transaction():
            count = await walls.install(lock)
            await lock.execute(schema.SAVE, schema.version())
        return count
    finally:
        ENGINE.config, ENGINE.pool = before
        await lock.close()

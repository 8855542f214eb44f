"""A database handed from test to test: what one wrote is taken out, and where that cannot be shown it is made anew."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass, field
from typing import Any

import asyncpg
from house import Database

from quzhou_migrants.kernel import pg
from quzhou_migrants.kernel.db import connect_arguments

TABLES = "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
# A row counts as written whether or not its transaction ended well: more is cleaned than needed, never less.
WRITTEN = """
SELECT relid::regclass::text FROM pg_stat_user_tables
WHERE schemaname = 'public' AND n_tup_ins + n_tup_upd + n_tup_del > 0
"""
COUNTERS = "SELECT quote_ident(sequencename) AS name, last_value FROM pg_sequences WHERE schemaname = 'public'"
# Every change of a definition, a truncation too, writes a row of the catalogue anew.
CATALOGUES = ("pg_class", "pg_proc", "pg_trigger", "pg_policy", "pg_constraint", "pg_type")
SHAPE = (
    " UNION ALL ".join(f"SELECT md5(string_agg(xmin::text || ctid, ',' ORDER BY ctid)) FROM {c}" for c in CATALOGUES)
    + " UNION ALL SELECT string_agg(nspname, ',' ORDER BY nspname) FROM pg_namespace WHERE nspname !~ '^pg_.*temp_'"
    + " UNION ALL SELECT string_agg(s::text, ',' ORDER BY s::text) FROM pg_db_role_setting s"
)
OTHERS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@dataclass
class Recycled:
    """The clone of one worker, and what stood in it when it was made."""

    server: pg.Server
    template: str
    database: Database | None = None
    rows: dict[str, bytes] = field(default_factory=dict)
    counters: dict[str, int | None] = field(default_factory=dict)
    shape: list[str] = field(default_factory=list)

    async def take(self) -> Database:
        """Give a database as the template is."""
        if self.database is None:
            name = f"t_{uuid.uuid4().hex[:12]}"
            owner = self.server.create_database(name, self.template)
            self.database = Database(name, owner, self.server.dsn(pg.APP, name))
            conn = await self._connect()
            await self._remember(conn)
            await conn.close()
        return self.database

    async def give_back(self) -> None:
        """Take out what was written, or drop the database when its shape was changed or somebody stays in it."""
        conn = await self._connect()
        try:
            clean = await self._left(conn) and await self._shape(conn) == self.shape
            if clean:
                await self._clean(conn)
        finally:
            await conn.close()
        if not clean:
            self.drop()

    def drop(self) -> None:
        """Drop the database if there is one."""
        if self.database is not None:
            self.server.drop_database(self.database.name)
            self.database = None

    async def _connect(self) -> Any:
        assert self.database is not None
        return await asyncpg.connect(**connect_arguments(self.server.dsn(pg.ADMIN, self.database.name)))

    async def _remember(self, conn: Any) -> None:
        self.shape = await self._shape(conn)
        self.counters = {row["name"]: row["last_value"] for row in await conn.fetch(COUNTERS)}
        if not self.rows:
            for table in [row[0] for row in await conn.fetch(TABLES)]:
                if await conn.fetchval(f"SELECT true FROM {table} LIMIT 1"):
                    self.rows[table] = await _copy_of(conn, table)
        await conn.execute("SELECT pg_stat_reset()")

    @staticmethod
    async def _left(conn: Any) -> bool:
        # What a session wrote is counted when it has ended.
        for _ in range(100):
            if not await conn.fetchval(OTHERS):
                return True
            await asyncio.sleep(0.02)
        return False

    @staticmethod
    async def _shape(conn: Any) -> list[str]:
        return [row[0] for row in await conn.fetch(SHAPE)]

    async def _clean(self, conn: Any) -> None:
        written = [row[0] for row in await conn.fetch(WRITTEN)]
        moved = [r["name"] for r in await conn.fetch(COUNTERS) if r["last_value"] != self.counters[r["name"]]]
        async with conn.transaction():
            await conn.execute("SET LOCAL session_replication_role = replica")  # no trigger, no foreign key
            for table in written:
                await conn.execute(f"DELETE FROM {table}")
                if table in self.rows:
                    await conn.copy_to_table(table, source=_chunks(self.rows[table]), format="binary")
            for name in moved:
                value = self.counters[name]
                await conn.execute(f"SELECT setval('{name}', $1, $2)", value or 1, value is not None)
        await conn.execute("SELECT pg_stat_reset()")


async def _copy_of(conn: Any, table: str) -> bytes:
    parts: list[bytes] = []

    async def keep(part: bytes) -> None:
        parts.append(part)

    await conn.copy_from_table(table, output=keep, format="binary")
    return b"".join(parts)


async def _chunks(copy: bytes) -> Any:
    yield copy

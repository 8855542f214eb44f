"""The hash chain over the change log: sealing, daily checkpoints, and `verify`.

Sealing follows commits, not ids: only changes whose transaction is older than every running one
are linked, so a slow transaction can never slip a row behind a sealed position.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date

import asyncpg
from asyncpg import Connection

from quzhou_migrants.kernel.tables import BUSINESS

GENESIS = hashlib.sha256(b"quzhou-migrants change log").digest()
BATCH = 20_000

# One canonical text per change: jsonb orders its keys, times are written in UTC.
CANONICAL = """
jsonb_build_array(c.id, to_char(c.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), c.txid,
  c.table_name, c.row_id, c.division_code, c.op, c.old, c.new, c.actor_id, c.actor_name,
  c.command, c.request_id, c.policy_version)::text
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """The first place where what is stored differs from what was recorded."""

    kind: str
    table: str
    row_id: str
    detail: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `verify` found: how much it read, the chain's head, and the first fault, if any."""

    changes: int
    rows: int
    head: str
    fault: Fault | None


async def seal(conn: Connection, *, limit: int | None = None, settled_only: bool = True) -> int:
    """Link every settled change to the chain; answer how many. One sealer at a time (advisory lock).

    `conn` must belong to the owner of the tables, outside any transaction. With `settled_only`
    false, numbers of transactions are not compared: for a place nobody else writes to.
    """
    done = 0
    while limit is None or done < limit:
        async with conn.transaction():
            await conn.execute("SELECT pg_advisory_xact_lock(hashtext('kernel_seal'))")
            await _as_logged(conn)
            last = await conn.fetchrow("SELECT pos, hash FROM kernel_seal ORDER BY pos DESC LIMIT 1")
            pos, head = (last["pos"], last["hash"]) if last else (0, GENESIS)
            rows = await conn.fetch(
                f"SELECT c.id, {CANONICAL} AS text FROM kernel_change c"  # noqa: S608 - a constant
                " WHERE (c.txid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint OR NOT $1)"
                " AND NOT EXISTS (SELECT 1 FROM kernel_seal s WHERE s.change_id = c.id)"
                f" ORDER BY c.id LIMIT {BATCH}",
                settled_only,
            )
            links = []
            for row in rows:
                pos += 1
                head = link(head, row["text"])
                links.append((pos, row["id"], head))
            await conn.copy_records_to_table("kernel_seal", records=links, columns=["pos", "change_id", "hash"])
        done += len(links)
        if len(links) < BATCH:
            break
    return done


def link(previous: bytes, text: str) -> bytes:
    """One step of the chain: SHA-256 over the previous hash and the canonical text."""
    return hashlib.sha256(previous + text.encode()).digest()


async def checkpoint(conn: Connection, day: date) -> str:
    """Record the chain's head for a day (the first one stays); answer its hash in hex."""
    async with conn.transaction():
        await _as_logged(conn)
        await conn.execute(
            "INSERT INTO kernel_checkpoint (day, pos, hash, sealed_at)"
            " SELECT $1, pos, encode(hash, 'hex'), now() FROM kernel_seal ORDER BY pos DESC LIMIT 1"
            " ON CONFLICT (day) DO NOTHING",
            day,
        )
        return str(await conn.fetchval("SELECT hash FROM kernel_checkpoint WHERE day = $1", day) or "")


async def verify(conn: Connection, *, against: dict[int, str] | None = None) -> Verdict:
    """Recompute the chain from stored values and hold every row against its last recorded change.

    `against` are checkpoints kept elsewhere: position to hex hash. The first fault ends the work.
    """
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        await _as_logged(conn)
        points = {r["pos"]: r["hash"] for r in await conn.fetch("SELECT pos, hash FROM kernel_checkpoint")}
        points |= against or {}
        count, head, fault = 0, GENESIS, None
        async for pos, change, stored, text in _chain(conn):
            count += 1
            head = link(head, text) if text is not None else b""
            fault = _chain_fault(count, pos, change, stored, head, points)
            if fault:
                return Verdict(count, 0, head.hex(), fault)
        if missing := [p for p in points if p > count]:
            gone = Fault("checkpoint", "kernel_seal", str(max(missing)), "the chain is shorter than a checkpoint")
            return Verdict(count, 0, head.hex(), gone)
        rows = 0
        for table in (name for name, wall in BUSINESS.items() if not wall.derived):
            found, fault = await _rows_fault(conn, table)
            rows += found
            if fault:
                break
        return Verdict(count, rows, head.hex(), fault)


async def _chain(conn: Connection) -> AsyncIterator[tuple[int, asyncpg.Record, bytes, str | None]]:
    cursor = conn.cursor(
        f"SELECT s.pos, s.hash, c.id, c.table_name, c.row_id,"  # noqa: S608 - a constant
        f" CASE WHEN c.id IS NOT NULL THEN {CANONICAL} END AS text"
        " FROM kernel_seal s LEFT JOIN kernel_change c ON c.id = s.change_id ORDER BY s.pos",
        prefetch=2000,
    )
    async for row in cursor:
        yield row["pos"], row, row["hash"], row["text"]


def _chain_fault(  # noqa: PLR0913 - one link has these parts
    count: int,
    pos: int,
    change: asyncpg.Record,
    stored: bytes,
    head: bytes,
    points: dict[int, str],
) -> Fault | None:
    where = (change["table_name"] or "kernel_change", change["row_id"] or "?")
    if pos != count:
        return Fault("gap", "kernel_seal", str(count), "a link of the chain is missing")
    if head != stored:
        return Fault("altered", *where, f"change {change['id']} was altered or removed after it was recorded")
    if pos in points and points[pos] != head.hex():
        return Fault("checkpoint", *where, f"the chain was rewritten before position {pos}")
    return None


async def _rows_fault(conn: Connection, table: str) -> tuple[int, Fault | None]:
    key = BUSINESS[table].key
    count = await conn.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608 - a declared table
    row = await conn.fetchrow(
        f"""WITH last AS (SELECT DISTINCT ON (row_id) row_id, op, new FROM kernel_change
              WHERE table_name = $1 ORDER BY row_id, id DESC)
            SELECT coalesce(l.row_id, t.j->>'{key}') AS row_id, l.row_id IS NULL AS unlogged,
              l.op = 'D' AS deleted, t.j IS NULL AS gone
            FROM last l FULL JOIN (SELECT to_jsonb(x) AS j FROM {table} x) t ON t.j->>'{key}' = l.row_id
            WHERE (l.op IS NULL) OR (l.op = 'D' AND t.j IS NOT NULL)
              OR (l.op <> 'D' AND t.j IS DISTINCT FROM l.new)
            ORDER BY 1 LIMIT 1""",  # noqa: S608 - a declared table
        table,
    )
    if row is None:
        return count, None
    words = (
        "the row was added behind the log"
        if row["unlogged"]
        else "the row came back after its deletion"
        if row["deleted"]
        else "the row was removed behind the log"
        if row["gone"]
        else "the row was altered behind the log"
    )
    return count, Fault("row", table, row["row_id"], words)


async def _as_logged(conn: Connection) -> None:
    # Rows are compared as the trigger wrote them; the owner's connection sees every row.
    await conn.execute("SET LOCAL timezone = 'Asia/Shanghai'")

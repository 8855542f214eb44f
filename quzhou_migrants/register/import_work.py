"""Carry an import on, piece by piece: in the background of the upload, and by a job after a crash.

Each piece is one transaction under one lock, so two workers never do the same piece and a killed
one leaves nothing half done. Checking goes on from the last household; writing is one transaction.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from contextlib import aclosing
from contextvars import Context
from typing import Any, Final

import structlog

from quzhou_migrants.kernel.actor import Actor
from quzhou_migrants.kernel.errors import Invalid
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx, begin, system_tx
from quzhou_migrants.register.bulk import insert, plan_once
from quzhou_migrants.register.import_apply import Prepared, prepare, write
from quzhou_migrants.register.import_check import Record, Verdict, judged
from quzhou_migrants.register.states import IMPORT, Sheet
from quzhou_migrants.register.tables import Import
from quzhou_migrants.register.words import Outcome

LOG = structlog.get_logger(__name__)
CHUNKS: Final = 2  # checked in one transaction: what a page shows grows by 8,000 rows at a time
STALE_SECONDS: Final = 30
KEPT_DAYS: Final = 30
FINDING_COLUMNS: Final = (
    "import_id", "division_code", "row_no", "household_code", "column_key", "code", "facts", "bad",
)  # fmt: skip
_TASKS: set[asyncio.Task[None]] = set()


class ChangedSinceError(Exception):
    """The register changed between check and writing; the sheet must be checked again."""


def start(import_id: int) -> None:
    """Work on an import in the background of this process, outside the transaction of who starts it."""
    task = asyncio.create_task(run(import_id), context=Context())
    _TASKS.add(task)
    task.add_done_callback(_TASKS.discard)


async def run(import_id: int) -> None:
    """Work on an import until it waits for a person or is done. Raises: nothing; failures are told on its page."""
    try:
        while await step(import_id):
            pass
    except Exception:
        LOG.exception("register.import_failed", import_id=import_id)
        async with system_tx("register.import.fail") as tx:
            await tx.conn.execute(
                "UPDATE register_import_progress SET failure = 'KRN-500' WHERE import_id = $1", import_id
            )


async def step(import_id: int) -> bool:
    """Do one piece; tell whether another one is due now."""
    actor = await _actor_of(import_id)
    if actor is None:
        return False
    try:
        async with begin(actor, request_id=f"import-{import_id}", command="register.import") as tx:
            row = await _locked(tx, import_id)
            if row is None:
                return False
            if row["state"] == Sheet.CHECKING:
                return await _check(tx, row)
            await _apply(tx, row)
            return False
    except (ChangedSinceError, Invalid):
        return await _recheck(actor, import_id)


async def _actor_of(import_id: int) -> Actor | None:
    """Give who started the import, so that background work has no wider range than that person."""
    async with system_tx("register.import.find") as tx:
        stored = await tx.conn.fetchval(
            "SELECT actor FROM register_import WHERE id = $1 AND state IN ('checking', 'applying')", import_id
        )
    if stored is None:
        return None
    told = json.loads(stored)
    return Actor(**{**told, "permissions": frozenset(told["permissions"])})


async def _locked(tx: Tx, import_id: int) -> dict[str, Any] | None:
    """Take the import for this transaction; None when somebody else has it or nothing is to do."""
    await tx.enter("register.import")
    if not await tx.conn.fetchval("SELECT pg_try_advisory_xact_lock(hashtext('register_import'), $1::int)", import_id):
        return None
    row = await tx.conn.fetchrow(
        "SELECT * FROM register_import WHERE id = $1 AND state IN ('checking', 'applying')", import_id
    )
    return dict(row) if row else None


async def _check(tx: Tx, row: dict[str, Any]) -> bool:
    """Check some chunks and keep what was found; tell whether more may remain."""
    key = row["id"]
    after = await tx.conn.fetchval("SELECT done_code FROM register_import_progress WHERE import_id = $1", key)
    count = 0
    async for rows, verdicts in judged(tx, row, after, CHUNKS):
        count += 1
        await _keep(tx, row, rows, verdicts)
    if count < CHUNKS:
        await fire(tx, IMPORT, Import, row, "checked")
        return False
    return True


async def _keep(tx: Tx, row: dict[str, Any], rows: Sequence[Record], verdicts: Sequence[Verdict]) -> None:
    """Keep what was judged of some rows: every finding, and the figures."""
    if found := _findings(row, verdicts):
        await insert(tx.conn, "register_import_finding", FINDING_COLUMNS, found)
    seen = Counter(v.outcome for v in verdicts)
    bad = sum(len(v.row_nos) for v in verdicts if v.outcome is Outcome.BAD)
    await tx.conn.execute(
        "UPDATE register_import_progress SET done_code = $2, rows_done = rows_done + $3, rows_bad = rows_bad + $4,"
        " households_new = households_new + $5, households_update = households_update + $6,"
        " households_same = households_same + $7, households_bad = households_bad + $8, failure = '',"
        " touched_at = now() WHERE import_id = $1",
        row["id"], rows[-1]["household_code"], len(rows), bad, *(seen[o] for o in
        (Outcome.NEW, Outcome.UPDATE, Outcome.SAME, Outcome.BAD)),
    )  # fmt: skip


def _findings(row: dict[str, Any], verdicts: Sequence[Verdict]) -> list[tuple[Any, ...]]:
    return [
        (row["id"], row["division_code"], slip.row_no, verdict.code, slip.column, slip.code,
         json.dumps(dict(slip.facts), ensure_ascii=False), slip.bad)
        for verdict in verdicts for slip in verdict.slips
    ]  # fmt: skip


async def _apply(tx: Tx, row: dict[str, Any]) -> None:
    """Judge and write the whole sheet in one transaction; memory stays at a few chunks.

    What is kept of the judgement is what was written: the register may have changed since the check.

    Raises: ChangedSinceError when a household that was right is wrong now and all were asked for.
    """
    written = Counter[Outcome]()
    waiting: asyncio.Task[Prepared] | None = None
    await plan_once(tx.conn)
    await forget(tx, row["id"])
    async with aclosing(judged(tx, row)) as chunks:
        async for rows, verdicts in chunks:
            if row["mode"] == "all" and any(v.outcome is Outcome.BAD for v in verdicts):
                raise ChangedSinceError
            coming = await prepare(tx, verdicts)
            if waiting:
                await write(tx, await waiting)
            waiting = coming
            await _keep(tx, row, rows, verdicts)
            written.update(v.outcome for v in verdicts)
    if waiting:
        await write(tx, await waiting)
    counts: dict[str, Any] = {str(outcome): count for outcome, count in written.items()}
    await fire(tx, IMPORT, Import, row, "applied", sets={"applied_at": tx.now}, **counts)


async def _recheck(actor: Actor, import_id: int) -> bool:
    async with begin(actor, request_id=f"import-{import_id}", command="register.import") as tx:
        row = await _locked(tx, import_id)
        if row is None or row["state"] != Sheet.APPLYING:
            return False
        await fire(tx, IMPORT, Import, row, "recheck", sets={"mode": ""})
        await forget(tx, import_id)
        return True


async def forget(tx: Tx, import_id: int) -> None:
    """Forget what a check found, before it starts anew."""
    await tx.conn.execute("DELETE FROM register_import_finding WHERE import_id = $1", import_id)
    await tx.conn.execute(
        "UPDATE register_import_progress SET done_code = '', rows_done = 0, rows_bad = 0, households_new = 0,"
        " households_update = 0, households_same = 0, households_bad = 0, failure = '', touched_at = now()"
        " WHERE import_id = $1", import_id,
    )  # fmt: skip


async def resume(tx: Tx, _period: str) -> None:
    """Take up imports whose worker died. A job of every minute."""
    rows = await tx.conn.fetch(
        "SELECT i.id FROM register_import i JOIN register_import_progress p ON p.import_id = i.id"
        " WHERE i.state IN ('checking', 'applying') AND p.failure = ''"
        " AND p.touched_at < now() - make_interval(secs => $1)", float(STALE_SECONDS),
    )  # fmt: skip
    for row in rows:
        start(row["id"])


async def sweep(tx: Tx, _period: str) -> None:
    """Throw away the sealed rows of imports closed long ago; what was found and done is kept. A daily job."""
    await tx.conn.execute(
        "DELETE FROM register_import_row WHERE import_id IN (SELECT id FROM register_import"
        " WHERE state IN ('applied', 'discarded') AND created_at < $1::timestamptz - make_interval(days => $2))",
        tx.now, KEPT_DAYS,
    )  # fmt: skip

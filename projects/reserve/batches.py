"""One decision over many applications, worked off piece by piece.

Each piece is one transaction under one lock: the decisions of a piece and the marks that they are
made commit together, so a worker that is killed leaves nothing half done and nothing to do twice.
The page of a batch, and a job of every minute, take up again what lies still. One refused
application does not hold up the others: it keeps its reason.
"""

from __future__ import annotations

import asyncio
import json
from contextvars import Context
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from projects.permissions import P
from projects.reserve import rules, service
from projects.reserve.forms import BatchForm, Decision
from projects.reserve.states import BATCH, BatchState
from projects.reserve.tables import ReviewBatch
from quzhou_migrants.accounts import public as accounts
from quzhou_migrants.kernel.actor import Actor
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Invalid, Problem, Refused
from quzhou_migrants.kernel.logs import logger
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx, begin, system_tx

Row = dict[str, Any]
LOG = logger("review_batches")
TABLE = "projects_review_batch"
PIECE: Final = 20  # decided in one transaction: so many steps the progress bar shows, so long a lock is held
STALE_SECONDS: Final = 5
NEEDS = {Decision.PASS: P.CHECK, Decision.ADMIT: P.ADMIT, Decision.REFUSE: P.ADMIT}
_TASKS: set[asyncio.Task[None]] = set()

_ITEMS = """
INSERT INTO projects_review_batch_item (batch, project, division_code, seen)
SELECT $1, p.id, p.division_code, o.seen FROM unnest($2::bigint[], $3::int[]) WITH ORDINALITY AS o (id, seen, n)
JOIN projects_project p ON p.id = o.id ORDER BY o.n
"""
_PENDING = """
SELECT * FROM projects_review_batch_item WHERE batch = $1 AND outcome = 'pending' ORDER BY id LIMIT $2
"""
_MARK = "UPDATE projects_review_batch_item SET outcome = $2, code = $3, note = $4, done_at = $5 WHERE id = $1"
_STALE = """
SELECT id FROM projects_review_batch
WHERE state = 'running' AND failure = '' AND touched_at < now() - make_interval(secs => $1)
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one application."""

    kind: str
    code: str = ""
    note: str = ""


@command(P.VIEW, audit="projects.reserve.batch")
async def order(tx: Tx, form: BatchForm) -> int:
    """Order one decision over the applications picked; the work begins after this transaction.

    Raises: Refused PRJ-230 to PRJ-233, PRJ-206, KRN-404 (something picked lies outside one's range).
    """
    picked = _picked(tx, form)
    if not tx.actor.may(NEEDS[form.decision]):
        raise Refused("PRJ-232", field="decision")
    if form.decision is Decision.REFUSE and not (form.clause and form.reason):
        raise Refused("PRJ-233", field="reason")
    if form.decision is Decision.ADMIT:
        rules.valid_until(tx.today, form.years, *service.cycle(tx))
    key = await tx.conn.fetchval(
        "INSERT INTO projects_review_batch (division_code, decision, opinion, years, clause, reason, actor, total,"
        " created_name, created_at, is_demo) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id",
        tx.actor.division_code,
        form.decision.value,
        form.opinion,
        form.years,
        form.clause,
        form.reason,
        json.dumps(_told(tx.actor), ensure_ascii=False),
        len(picked),
        tx.actor.name,
        tx.now,
        tx.actor.is_demo,
    )
    done = await tx.conn.execute(_ITEMS, key, list(picked), list(picked.values()))
    if done != f"INSERT 0 {len(picked)}":
        raise Refused("KRN-404")
    facts: Row = {"decision": form.decision.value, "count": len(picked)}
    await tx.note((TABLE, key, tx.actor.division_code), "projects.reserve.batch", **facts)
    return int(key)


def _picked(tx: Tx, form: BatchForm) -> dict[int, int]:
    """Read what was picked. Shape: {project: version seen}."""
    try:
        picked = {int(key): int(seen) for key, _, seen in (text.partition(":") for text in form.picked)}
    except ValueError:
        raise Refused("PRJ-243", field="picked") from None
    most = tx.policy.whole("projects.reserve.batch_most")
    if not picked:
        raise Refused("PRJ-230", field="picked")
    if len(picked) > most:
        raise Refused("PRJ-231", field="picked", most=most, count=len(picked))
    return picked


def _told(actor: Actor) -> Row:
    """Write down who orders the work: what is done later is done with that person's range and permissions."""
    return {
        "user_id": actor.user_id, "name": actor.name, "role": actor.role, "org_id": actor.org_id,
        "org_name": actor.org_name, "division_code": actor.division_code, "post_id": actor.post_id,
        "permissions": sorted(actor.permissions), "title": actor.title, "is_demo": actor.is_demo,
    }  # fmt: skip


def start(batch_id: int) -> None:
    """Work on a batch in the background of this process, outside the transaction of who starts it."""
    task = asyncio.create_task(run(batch_id), context=Context())
    _TASKS.add(task)
    task.add_done_callback(_TASKS.discard)


async def run(batch_id: int) -> None:
    """Work a batch off. Raises: nothing; a failure is told on its page."""
    try:
        while await step(batch_id):
            pass
    except Exception:
        LOG.exception("projects.batch_failed", batch_id=batch_id)
        async with system_tx("projects.reserve.batch.fail") as tx:
            await tx.conn.execute("UPDATE projects_review_batch SET failure = 'KRN-500' WHERE id = $1", batch_id)


async def step(batch_id: int) -> bool:
    """Decide one piece; tell whether another one waits."""
    actor = await _actor_of(batch_id)
    if actor is None:
        return False
    async with begin(actor, request_id=f"batch-{batch_id}", command="projects.reserve.batch") as tx:
        await tx.enter("projects.reserve.batch")
        if not await tx.conn.fetchval(
            "SELECT pg_try_advisory_xact_lock(hashtext('projects_review_batch'), $1::int)", batch_id
        ):
            return False
        row = await tx.conn.fetchrow(
            "UPDATE projects_review_batch SET touched_at = now(), failure = '' WHERE id = $1 AND state = 'running'"
            " RETURNING *",
            batch_id,
        )
        if row is None:
            return False
        items = await tx.conn.fetch(_PENDING, batch_id, PIECE)
        for item in items:
            found = await _decide(tx, dict(row), item["project"], item["seen"])
            await tx.conn.execute(_MARK, item["id"], found.kind, found.code, found.note, tx.now)
        if len(items) == PIECE:
            return True
        await tx.enter("projects.reserve.batch")
        await fire(tx, BATCH, ReviewBatch, dict(row), "finish", sets={"finished_at": tx.now})
        return False


async def _actor_of(batch_id: int) -> Actor | None:
    """Give who ordered the work; nobody when it is over or the post was taken away meanwhile."""
    async with system_tx("projects.reserve.batch.find") as tx:
        stored = await tx.conn.fetchval(
            "SELECT actor FROM projects_review_batch WHERE id = $1 AND state = $2", batch_id, BatchState.RUNNING.value
        )
        if stored is None:
            return None
        told = json.loads(stored)
        if not await accounts.holds(tx, told["user_id"], told["post_id"]):
            await tx.conn.execute("UPDATE projects_review_batch SET failure = 'PRJ-244' WHERE id = $1", batch_id)
            return None
    return Actor(**{**told, "permissions": frozenset(told["permissions"])})


async def _decide(tx: Tx, batch: Row, project: int, seen: int) -> Outcome:
    """Decide one application by the command a person would use; what it refuses is undone alone."""
    try:
        async with tx.conn.transaction():
            if batch["decision"] == Decision.PASS:
                await service.pass_on(tx, project, seen, batch["opinion"])
            elif batch["decision"] == Decision.ADMIT:
                await service.admit(tx, project, seen, batch["years"], batch["opinion"])
            else:
                await service.refuse(tx, project, seen, batch["clause"], batch["reason"])
            await tx.deliver()
    except Invalid as refused:
        return _refused(refused.problems[0])
    except asyncpg.IntegrityConstraintViolationError as error:
        code = CATALOGUE.constraint(error.constraint_name or "")
        if code is None:
            raise
        return _refused(Problem(code))
    return Outcome("done")


def _refused(problem: Problem) -> Outcome:
    return Outcome("refused", problem.code, CATALOGUE.sentence(problem))


@command(P.VIEW, audit="projects.reserve.batch.again")
async def again(tx: Tx, batch_id: int) -> None:
    """Let a batch that failed go on. Raises: Refused KRN-404, KRN-403."""
    await _may(tx, batch_id)
    await tx.conn.execute(
        "UPDATE projects_review_batch SET failure = '', touched_at = now() WHERE id = $1 AND state = 'running'",
        batch_id,
    )


@command(P.VIEW, audit="projects.reserve.batch.stop")
async def stop(tx: Tx, batch_id: int) -> Row:
    """Leave what is not decided yet as it is; what is decided stands. Raises: Refused KRN-404, KRN-403, KRN-408."""
    return await fire(tx, BATCH, ReviewBatch, await _may(tx, batch_id), "stop", sets={"finished_at": tx.now})


async def _may(tx: Tx, batch_id: int) -> Row:
    """Lock a batch for who may decide the same; the piece in work ends first."""
    row = await tx.conn.fetchrow("SELECT * FROM projects_review_batch WHERE id = $1 FOR UPDATE", batch_id)
    if row is None:
        raise Refused("KRN-404")
    tx.require(NEEDS[Decision(row["decision"])])
    return dict(row)


async def lies_still(tx: Tx, batch_id: int) -> bool:
    """Tell whether a batch has work left that nobody does: its worker died."""
    return batch_id in {r["id"] for r in await tx.conn.fetch(_STALE, float(STALE_SECONDS))}


async def resume(tx: Tx, _period: str) -> None:
    """Take up batches whose worker died. A job of every minute."""
    for row in await tx.conn.fetch(_STALE, float(STALE_SECONDS)):
        start(row["id"])

"""What waits on a person's home page about batches, runs and awards."""

from __future__ import annotations

from allocation.budget import checking, closing, withheld
from allocation.permissions import P
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.clock import shanghai
from quzhou_migrants.kernel.money import yuan
from quzhou_migrants.kernel.tasks import Task
from quzhou_migrants.kernel.tx import Tx


async def waiting(tx: Tx) -> list[Task]:
    """List batches to book, runs to finish or approve, and planned projects without money."""
    tasks: list[Task] = []
    if tx.actor.may(P.RECORD_BATCH):
        tasks += await _batches(tx)
    if tx.actor.may(P.BOOK_BATCH):
        tasks += await _checks(tx)
    if tx.actor.may(P.PREPARE_FACTOR) or tx.actor.may(P.APPROVE_FACTOR):
        tasks += await _runs(tx)
    if tx.actor.may(P.AWARD):
        tasks += await _awards(tx)
    if tx.actor.may(P.ISSUE_SPLIT):
        tasks += await _splits(tx)
    if tx.actor.may(P.CLOSE):
        tasks += await _closings(tx)
    return tasks


def _say(key: str, **facts: object) -> str:
    return CATALOGUE.text(key).format(**facts)


async def _batches(tx: Tx) -> list[Task]:
    rows = await tx.conn.fetch(
        "SELECT id, doc_no, division_code FROM allocation_batch WHERE state = 'draft' ORDER BY id"
    )
    return [
        Task(_say("task.batch.title", doc_no=r["doc_no"]), f"/funds/{r['id']}", None, r["division_code"], "batch")
        for r in rows
    ]


async def _checks(tx: Tx) -> list[Task]:
    """Batches that somebody else typed and sent to be checked, each with the day until which that is due."""
    rows = await tx.conn.fetch(
        "SELECT b.id, b.doc_no, b.division_code, s.actor_name, s.at FROM allocation_batch b CROSS JOIN LATERAL"
        " (SELECT j.actor_name, j.at FROM kernel_journal j WHERE j.subject_table = 'allocation_batch'"
        "  AND j.subject_id = b.id AND j.verb = 'BATCH.submit' ORDER BY j.id DESC LIMIT 1) s"
        " WHERE b.state = 'submitted' AND b.division_code = $1 AND NOT EXISTS (SELECT 1 FROM kernel_journal j"
        "  WHERE j.subject_table = 'allocation_batch' AND j.subject_id = b.id AND j.verb = ANY($2) AND j.actor_id = $3)"
        " ORDER BY b.id",
        tx.actor.division_code,
        list(checking.WRITES),
        tx.actor.user_id,
    )
    return [
        Task(
            _say("task.batch.check", doc_no=r["doc_no"], sender=r["actor_name"]),
            f"/funds/{r['id']}",
            checking.due(tx, shanghai(r["at"]).date()),
            r["division_code"],
            "batch",
        )
        for r in rows
    ]


async def _splits(tx: Tx) -> list[Task]:
    """Split documents of one's own house that another person drafted."""
    rows = await tx.conn.fetch(
        "SELECT id, doc_no, issued_on FROM allocation_split WHERE state = 'draft' AND division_code = $1"
        " AND created_by IS DISTINCT FROM $2 ORDER BY id",
        tx.actor.division_code,
        tx.actor.user_id,
    )
    return [
        Task(
            _say("task.split.title", doc_no=r["doc_no"]),
            f"/splits/{r['id']}",
            r["issued_on"],
            tx.actor.division_code,
            "split",
        )
        for r in rows
    ]


async def _closings(tx: Tx) -> list[Task]:
    """Periods that one's own house may close now."""
    return [
        Task(_say("task.closing.title", period=period), "/closings", None, tx.actor.division_code, "closing")
        for period in await closing.offered(tx, tx.actor.division_code)
    ]


async def _runs(tx: Tx) -> list[Task]:
    rows = await tx.conn.fetch(
        "SELECT id, title, state, division_code FROM allocation_factor_run r WHERE division_code = $4"
        " AND (state = 'draft' AND $1 OR state = 'frozen' AND $2 AND frozen_by IS DISTINCT FROM $3 AND NOT EXISTS"
        " (SELECT 1 FROM allocation_factor_opinion o WHERE o.run = r.id AND o.attempt = r.attempt AND o.approver = $3))"
        " ORDER BY id",
        tx.actor.may(P.PREPARE_FACTOR),
        tx.actor.may(P.APPROVE_FACTOR),
        tx.actor.user_id,
        tx.actor.division_code,
    )
    return [
        Task(
            _say("task.factor.title" if r["state"] == "frozen" else "task.factor.draft", title=r["title"]),
            f"/factor/{r['id']}",
            None,
            r["division_code"],
            "factor",
        )
        for r in rows
    ]


async def _awards(tx: Tx) -> list[Task]:
    county = tx.actor.division_code
    found = await tx.conn.fetchrow(
        "SELECT (SELECT count(*) FROM projects_project WHERE state = 'planned') AS count,"
        " (SELECT coalesce(sum(balance_fen), 0)::bigint FROM allocation_balance"
        "  WHERE division_code = $1 AND kind = 'available') AS there",
        county,
    )
    if not found["count"] or not found["there"]:
        return []
    left = found["there"] - sum(w.fen for w in await withheld.of_own(tx, county))
    if left <= 0:
        return []
    title = _say("task.award.title", count=found["count"], left=yuan(left))
    return [Task(title, "/awards/waiting", None, county, "award")]

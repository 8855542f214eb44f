"""What waits about schemes, results and notices: to approve, confirm, draft in time, issue, publish in time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from allocation.permissions import P
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.tasks import Task
from quzhou_migrants.kernel.tx import Tx

_UNTOLD = """
SELECT r.id, r.title, r.division_code,
  CASE WHEN b.division_code = r.division_code THEN b.issued_on END AS issued_on FROM allocation_factor_run r
JOIN allocation_batch b ON b.id = r.batch
WHERE r.state = 'approved' AND r.approved_at >= $1 AND r.division_code = $2
  AND NOT EXISTS (SELECT 1 FROM allocation_factor_notice n WHERE n.run = r.id AND n.state <> 'withdrawn')
ORDER BY r.id
"""
_TO_SIGN = """
SELECT 'factor_scheme' AS kind, '/factor/schemes' AS path, id, title, number, division_code FROM allocation_scheme
WHERE state = 'draft' AND division_code = $2 AND created_by IS DISTINCT FROM $1
UNION ALL
SELECT 'factor_results', '/factor/results', id, source, year, division_code FROM allocation_performance
WHERE state = 'draft' AND division_code = $2 AND created_by IS DISTINCT FROM $1
ORDER BY 1 DESC, 3
"""
REMEMBERED = timedelta(days=365)  # older runs were told before notices were made here


async def waiting(tx: Tx) -> list[Task]:
    """List schemes to approve, results to confirm, and notices to draft, issue and publish."""
    tasks: list[Task] = []
    if tx.actor.may(P.APPROVE_FACTOR):
        tasks += await _to_sign(tx)
    if tx.actor.may(P.PREPARE_FACTOR):
        tasks += await _untold(tx)
    if tx.actor.may(P.PREPARE_FACTOR) or tx.actor.may(P.APPROVE_FACTOR):
        tasks += await _notices(tx)
    return tasks


def _say(key: str, **facts: Any) -> str:  # noqa: ANN401 - facts are any value
    return CATALOGUE.text(key).format(**facts)


async def _to_sign(tx: Tx) -> list[Task]:
    """List what somebody else made and a leader signs: versions of schemes, sheets of results."""
    rows = await tx.conn.fetch(_TO_SIGN, tx.actor.user_id, tx.actor.division_code)
    return [
        Task(_say(f"task.{r['kind']}.title", title=r["title"], number=r["number"]), f"{r['path']}/{r['id']}", None,
             r["division_code"], r["kind"])
        for r in rows
    ]  # fmt: skip


async def _untold(tx: Tx) -> list[Task]:
    days = timedelta(days=tx.policy.whole("allocation.factor.pass_down_days"))
    rows = await tx.conn.fetch(_UNTOLD, tx.now - REMEMBERED, tx.actor.division_code)
    return [
        Task(_say("task.factor_notice.untold", title=r["title"]), f"/factor/{r['id']}/notice", _until(r, days),
             r["division_code"], "factor_notice")
        for r in rows
    ]  # fmt: skip


def _until(row: Mapping[str, Any], days: timedelta) -> date | None:
    """Give the last day to pass a notified batch on; what a county then shares out has no day of its own."""
    return row["issued_on"] + days if row["issued_on"] else None


async def _notices(tx: Tx) -> list[Task]:
    rows = await tx.conn.fetch(
        "SELECT id, doc_no, state, due_on, division_code FROM allocation_factor_notice"
        " WHERE division_code = $4 AND (state = 'draft' AND $1 AND created_by IS DISTINCT FROM $3"
        " OR state = 'issued' AND $2) ORDER BY id",
        tx.actor.may(P.APPROVE_FACTOR),
        tx.actor.may(P.PREPARE_FACTOR),
        tx.actor.user_id,
        tx.actor.division_code,
    )
    return [
        Task(_say(f"task.factor_notice.{r['state']}", doc_no=r["doc_no"]), f"/factor/notices/{r['id']}", r["due_on"],
             r["division_code"], "factor_notice")
        for r in rows
    ]  # fmt: skip

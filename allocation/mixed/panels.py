"""What waits on a home page: partings to put into effect, pots whose day comes near or is over."""

from __future__ import annotations

from datetime import timedelta

from allocation.permissions import P
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.money import yuan
from quzhou_migrants.kernel.tasks import Task
from quzhou_migrants.kernel.tx import Tx

_DRAFTS = """
SELECT id, title, division_code FROM allocation_mixed
WHERE state = 'draft' AND division_code = $1 AND created_by IS DISTINCT FROM $2 ORDER BY id LIMIT 20
"""
_POTS = """
SELECT m.id, m.title, m.use_by, p.division_code, b.balance_fen FROM allocation_mixed m
JOIN allocation_mixed_pot p ON p.mixed = m.id
JOIN allocation_balance b ON b.batch = m.batch AND b.division_code = p.division_code AND b.project = 0
  AND b.kind = 'competing' AND b.balance_fen > 0
WHERE m.state IN ('parted', 'settled') AND m.use_by <= $1 AND (p.division_code = $2 OR m.division_code = $2)
ORDER BY m.use_by, m.id, p.division_code LIMIT 20
"""


async def waiting(tx: Tx) -> list[Task]:
    """List drafts for the leader and pots near or past their day, for those who hold or parted them."""
    if not (tx.actor.may(P.PREPARE_MIXED) or tx.actor.may(P.APPROVE_MIXED)):
        return []
    title = CATALOGUE.text("task.mixed.part")
    tasks = []
    if tx.actor.may(P.APPROVE_MIXED):
        rows = await tx.conn.fetch(_DRAFTS, tx.actor.division_code, tx.actor.user_id)
        tasks = [Task(f"{r['title']} {title}", f"/mixed/{r['id']}", None, r["division_code"], "mixed") for r in rows]
    day = tx.today + timedelta(days=tx.policy.whole("allocation.mixed.warn_days"))
    for r in await tx.conn.fetch(_POTS, day, tx.actor.division_code):
        said = CATALOGUE.text("task.mixed.over" if r["use_by"] < tx.today else "task.mixed.soon")
        text = f"{r['title']} {said.format(left=yuan(r['balance_fen']))}"
        tasks.append(Task(text, f"/mixed/{r['id']}", r["use_by"], r["division_code"], "mixed"))
    return tasks

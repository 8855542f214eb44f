"""What waits on a home page: partings to put into effect, pots whose day comes near or is over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from allocation.permissions import P
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.money import yuan
from quzhou_migrants.kernel.tasks import Task
from quzhou_migrants.kernel.tx import Tx

Row = Mapping[str, Any]
_WAITING = """
SELECT id, title, division_code, NULL::date AS use_by, NULL::bigint AS left_fen FROM allocation_mixed
WHERE state = 'draft' AND division_code = $2 AND $3 AND created_by IS DISTINCT FROM $4
UNION ALL
SELECT m.id, m.title, p.division_code, m.use_by, b.balance_fen FROM allocation_mixed m
JOIN allocation_mixed_pot p ON p.mixed = m.id
JOIN allocation_balance b ON b.batch = m.batch AND b.division_code = p.division_code AND b.project = 0
  AND b.kind = 'competing' AND b.balance_fen > 0
WHERE (m.state = 'parted' OR m.state = 'settled' AND NOT EXISTS (SELECT 1 FROM allocation_mixed n
  JOIN allocation_mixed_pot o ON o.mixed = n.id AND o.division_code = p.division_code
  WHERE n.batch = m.batch AND n.id <> m.id AND n.state = 'parted'))
  AND m.use_by <= $1 AND (p.division_code = $2 OR m.division_code = $2)
ORDER BY use_by NULLS FIRST, id, division_code LIMIT 20
"""


async def waiting(tx: Tx) -> list[Task]:
    """List drafts for the leader and pots near or past their day, for those who hold or parted them."""
    if not (tx.actor.may(P.PREPARE_MIXED) or tx.actor.may(P.APPROVE_MIXED)):
        return []
    day = tx.today + timedelta(days=tx.policy.whole("allocation.mixed.warn_days"))
    leads = tx.actor.may(P.APPROVE_MIXED)
    rows = await tx.conn.fetch(_WAITING, day, tx.actor.division_code, leads, tx.actor.user_id)
    return [
        Task(f"{r['title']} {_said(tx, r)}", f"/mixed/{r['id']}", r["use_by"], r["division_code"], "mixed")
        for r in rows
    ]


def _said(tx: Tx, row: Row) -> str:
    if row["use_by"] is None:
        return CATALOGUE.text("task.mixed.part")
    said = CATALOGUE.text("task.mixed.over" if row["use_by"] < tx.today else "task.mixed.soon")
    return said.format(left=yuan(row["left_fen"]))

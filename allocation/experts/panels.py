"""What waits on a home page: draws for another hand, people from outside the pool, terms that end."""

from __future__ import annotations

from datetime import timedelta

from allocation.permissions import P
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.tasks import Task
from quzhou_migrants.kernel.tx import Tx

SOON = 30  # days; how early a task is shown is a matter of the page, not of a rule


def _say(key: str, **facts: object) -> str:
    return CATALOGUE.text(key).format(**facts)


async def waiting(tx: Tx) -> list[Task]:
    """List draws frozen by somebody else, people to permit, and experts whose term ends."""
    tasks: list[Task] = []
    if tx.actor.may(P.WITNESS_DRAW):
        rows = await tx.conn.fetch(
            "SELECT d.id, r.title, r.score_by, d.division_code FROM allocation_draw d JOIN allocation_round r"
            " ON r.id = d.round WHERE d.state = 'frozen' AND d.frozen_by IS DISTINCT FROM $1 AND r.division_code = $2"
            " AND r.state IN ('open', 'scoring') ORDER BY d.id",
            tx.actor.user_id,
            tx.actor.division_code,
        )
        tasks += [
            Task(
                _say("task.draw.title", title=r["title"]),
                f"/draws/{r['id']}",
                r["score_by"],
                r["division_code"],
                "draw",
            )
            for r in rows
        ]
    if tx.actor.may(P.APPROVE_ROUND):
        tasks += await _outside(tx)
    if tx.actor.may(P.KEEP_EXPERTS):
        tasks += await _ending(tx)
    return tasks


async def _outside(tx: Tx) -> list[Task]:
    rows = await tx.conn.fetch(
        "SELECT o.name, r.id, r.title, r.score_by, o.division_code FROM allocation_outside_expert o"
        " JOIN allocation_round r ON r.id = o.round WHERE o.state = 'asked' AND o.asked_by IS DISTINCT FROM $1"
        " AND r.division_code = $2 AND r.state IN ('draft', 'open', 'scoring') ORDER BY o.id",
        tx.actor.user_id,
        tx.actor.division_code,
    )
    return [
        Task(
            _say("task.outside.title", title=r["title"], name=r["name"]),
            f"/rounds/{r['id']}/panel",
            r["score_by"],
            r["division_code"],
            "outside",
        )
        for r in rows
    ]


async def _ending(tx: Tx) -> list[Task]:
    row = await tx.conn.fetchrow(
        "SELECT count(*) AS count, min(valid_until) AS first FROM allocation_pool_expert"
        " WHERE state = 'active' AND division_code = $1 AND valid_until >= $2 AND valid_until < $3",
        tx.actor.division_code,
        tx.today,
        tx.today + timedelta(days=SOON),
    )
    if not row["count"]:
        return []
    title = _say("task.pool.title", count=row["count"], days=SOON)
    return [Task(title, "/experts?sort=valid_until", row["first"], tx.actor.division_code, "pool")]

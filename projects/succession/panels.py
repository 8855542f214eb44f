"""What waits on the home page: successions that are recorded and not carried out."""

from __future__ import annotations

from projects.permissions import P
from quzhou_migrants.kernel.tasks import Task
from quzhou_migrants.kernel.tx import Tx

MOST = 20


async def waiting(tx: Tx) -> list[Task]:
    """Successions to carry out, the next day first."""
    if not tx.actor.may(P.SUCCEED):
        return []
    rows = await tx.conn.fetch(
        "SELECT id, old_name, effective_on, division_code FROM projects_succession WHERE state = 'pending'"
        " ORDER BY effective_on, id LIMIT $1",
        MOST,
    )
    return [
        Task(r["old_name"], f"/succession/{r['id']}", r["effective_on"], r["division_code"], "projects.succession")
        for r in rows
    ]


PANELS = [waiting]

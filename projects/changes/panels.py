"""Change orders that wait for somebody, on the home page."""

from __future__ import annotations

from projects.permissions import P
from quzhou_migrants.kernel.tasks import Task
from quzhou_migrants.kernel.tx import Tx

MOST = 20
WAITS = {"proposed": P.CHECK, "passed": P.APPROVE_CHANGE, "returned": P.BUILD}


async def waiting(tx: Tx) -> list[Task]:
    """Change orders to pass, to decide, to mend; small extensions also for the county's clerk."""
    states = [state for state, permission in WAITS.items() if tx.actor.may(permission)]
    rows = await tx.conn.fetch(
        "SELECT h.id, h.state, h.division_code, p.title FROM projects_change h JOIN projects_project p"
        " ON p.id = h.project WHERE (h.state = ANY($1) AND NOT (h.state = 'returned' AND $2))"
        " OR (h.state = 'passed' AND h.minor AND $2) ORDER BY h.id LIMIT $3",
        states,
        tx.actor.may(P.ADMIT),
        MOST,
    )
    return [
        Task(r["title"], f"/changes/{r['id']}", None, r["division_code"], f"projects.change.{r['state']}") for r in rows
    ]


PANELS = [waiting]

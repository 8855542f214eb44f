"""What waits at the end of the works and afterwards: acceptances, audits, faults, looks at assets."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from projects.permissions import P
from quzhou_migrants.kernel.tasks import Task
from quzhou_migrants.kernel.tx import Tx

MOST = 20
NEXT = {
    "completed": (P.PRE_ACCEPT, "pre_accept"),
    "pre_accepted": (P.ACCEPT, "audit"),
    "audited": (P.ACCEPT, "accept"),
    "accepted": (P.ACCEPT, "hand_over"),
}
"""What follows a state of a project, and who does it."""
DEFECTS = {"open": (P.BUILD, "defect"), "mended": (P.PRE_ACCEPT, "defect_confirm")}
"""Who acts on a fault in which state."""

_WAITING = """
(SELECT 'project' AS what, id, title AS name, division_code, state, NULL::date AS due FROM projects_project
 WHERE state = ANY($1) ORDER BY completed_on, id LIMIT $4)
UNION ALL
(SELECT 'defect', id, content, division_code, state, due_on FROM projects_defect
 WHERE state = ANY($2) ORDER BY due_on, id LIMIT $4)
UNION ALL
(SELECT 'asset', id, name, division_code, state, next_check_on FROM projects_asset
 WHERE state <> 'retired' AND next_check_on <= $3 ORDER BY next_check_on, id LIMIT $4)
"""


async def waiting(tx: Tx) -> list[Task]:
    """Projects between completion and handover, faults to mend or confirm, assets to be looked at soon.

    One statement for whoever may do any of it, none for everybody else.
    """
    states = [state for state, (permission, _) in NEXT.items() if tx.actor.may(permission)]
    faults = [state for state, (permission, _) in DEFECTS.items() if tx.actor.may(permission)]
    soon = tx.today + timedelta(days=tx.policy.whole("projects.assets.check_notice_days"))
    until = soon if tx.actor.may(P.KEEP_ASSET) else None
    if not (states or faults or until):
        return []
    return [_task(row) for row in await tx.conn.fetch(_WAITING, states, faults, until, MOST)]


def _task(row: Any) -> Task:  # noqa: ANN401 - a database row
    if row["what"] == "project":
        verb = NEXT[row["state"]][1]
        return Task(row["name"], f"/projects/{row['id']}/{verb}", None, row["division_code"], f"projects.{verb}")
    if row["what"] == "defect":
        kind = DEFECTS[row["state"]][1]
        return Task(row["name"], f"/defects/{row['id']}", row["due"], row["division_code"], f"projects.{kind}")
    return Task(row["name"], f"/assets/{row['id']}", row["due"], row["division_code"], "projects.asset_check")


PANELS = [waiting]

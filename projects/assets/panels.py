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
"""What follows a state, and who does it."""

_PROJECTS = """
SELECT id, title, division_code, state FROM projects_project WHERE state = ANY($1) ORDER BY completed_on, id LIMIT $2
"""
_DEFECTS = """
SELECT d.id, d.content, d.division_code, d.due_on FROM projects_defect d
WHERE d.state = $1 ORDER BY d.due_on, d.id LIMIT $2
"""
_ASSETS = """
SELECT id, name, division_code, next_check_on FROM projects_asset
WHERE state <> 'retired' AND next_check_on <= $1 ORDER BY next_check_on, id LIMIT $2
"""


async def acceptance(tx: Tx) -> list[Task]:
    """Projects between completion and handover, for whoever takes the next step."""
    states = [state for state, (permission, _) in NEXT.items() if tx.actor.may(permission)]
    rows = await tx.conn.fetch(_PROJECTS, states, MOST) if states else []
    return [_step(r, NEXT[r["state"]][1]) for r in rows]


def _step(row: Any, verb: str) -> Task:  # noqa: ANN401 - a database row
    return Task(row["title"], f"/projects/{row['id']}/{verb}", None, row["division_code"], f"projects.{verb}")


async def defects(tx: Tx) -> list[Task]:
    """Faults to mend, and repairs to confirm."""
    found: list[Task] = []
    for state, permission, kind in (("open", P.BUILD, "defect"), ("mended", P.PRE_ACCEPT, "defect_confirm")):
        if tx.actor.may(permission):
            rows = await tx.conn.fetch(_DEFECTS, state, MOST)
            found += [
                Task(r["content"], f"/defects/{r['id']}", r["due_on"], r["division_code"], f"projects.{kind}")
                for r in rows
            ]
    return found


async def checks(tx: Tx) -> list[Task]:
    """Assets whose look is due soon or was due."""
    if not tx.actor.may(P.KEEP_ASSET):
        return []
    until = tx.today + timedelta(days=tx.policy.whole("projects.assets.check_notice_days"))
    rows = await tx.conn.fetch(_ASSETS, until, MOST)
    return [
        Task(r["name"], f"/assets/{r['id']}", r["next_check_on"], r["division_code"], "projects.asset_check")
        for r in rows
    ]


PANELS = [acceptance, defects, checks]

"""What waits on the home page, for the village, the township, the county and its leaders."""

from __future__ import annotations

from typing import Any

from projects.assets import panels as assets
from projects.intake import windows
from projects.intake.parameters import intake_rules
from projects.notices import panels as notice_panels
from projects.permissions import P
from projects.reserve import panels as reserve
from quzhou_migrants.kernel.tasks import Task
from quzhou_migrants.kernel.tx import Tx

MOST = 20  # lines of one kind; the rest stands in the lists

_BY_STATE = """
SELECT id, title, division_code, state, correct_by, submitted_at FROM projects_project
WHERE state = ANY($1) ORDER BY submitted_at NULLS LAST, id LIMIT $2
"""


async def _in_states(tx: Tx, *states: str) -> list[Any]:
    return list(await tx.conn.fetch(_BY_STATE, list(states), MOST))


async def village(tx: Tx) -> list[Task]:
    """Drafts to file before the window closes, returned ones before their term ends."""
    if not tx.actor.may(P.SUBMIT):
        return []
    current = windows.open_window(intake_rules(tx.policy).months, tx.now)
    closes = current.closes_on if current else None
    return [
        Task(
            r["title"],
            f"/projects/{r['id']}/apply",
            r["correct_by"] if r["state"] == "returned" else closes,
            r["division_code"],
            f"projects.{r['state']}",
        )
        for r in await _in_states(tx, "draft", "returned")
    ]


async def plans(tx: Tx) -> list[Task]:
    """Exceptions and plans that wait for a leader."""
    if not tx.actor.may(P.APPROVE_PLAN):
        return []
    rows = await tx.conn.fetch(
        "SELECT id, title, division_code FROM projects_plan WHERE state = 'draft'"
        " AND EXISTS (SELECT 1 FROM projects_plan_item i WHERE i.plan = projects_plan.id) ORDER BY id LIMIT $1",
        MOST,
    )
    return [Task(r["title"], f"/plan/{r['id']}", None, r["division_code"], "projects.plan") for r in rows]


async def works(tx: Tx) -> list[Task]:
    """Awarded projects without a contract, contracts not begun."""
    found: list[Task] = []
    if tx.actor.may(P.CONTRACT):
        found += [_works(r, "contract") for r in await _in_states(tx, "awarded")]
    if tx.actor.may(P.BUILD):
        found += [_works(r, "start") for r in await _in_states(tx, "contracted")]
    return found


def _works(row: Any, step: str) -> Task:  # noqa: ANN401 - a database row
    return Task(row["title"], f"/projects/{row['id']}/{step}", None, row["division_code"], f"projects.{step}")


PANELS = [*notice_panels.PANELS, village, *reserve.PANELS, plans, works, *assets.PANELS]

"""What waits on the home page, for the village, the township, the county and its leaders."""

from __future__ import annotations

from typing import Any

from projects.assets import panels as assets
from projects.changes import panels as changes
from projects.intake import panels as intake
from projects.notices import panels as notice_panels
from projects.permissions import P
from projects.plan import panels as plan
from projects.ranking import panels as ranking
from projects.refresh import panels as refresh
from projects.reserve import panels as reserve
from projects.succession import panels as succession
from projects.works import panels as late
from quzhou_migrants.kernel.tasks import Task
from quzhou_migrants.kernel.tx import Tx

MOST = 20  # lines of one kind; the rest stands in the lists

_BY_STATE = """
SELECT id, title, division_code, state, correct_by, submitted_at FROM projects_project
WHERE state = ANY($1) ORDER BY submitted_at NULLS LAST, id LIMIT $2
"""


async def _in_states(tx: Tx, *states: str) -> list[Any]:
    return list(await tx.conn.fetch(_BY_STATE, list(states), MOST))


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


PANELS = [
    *notice_panels.PANELS,
    *intake.PANELS,
    *reserve.PANELS,
    *refresh.PANELS,
    *ranking.PANELS,
    *plan.PANELS,
    works,
    *late.PANELS,
    *changes.PANELS,
    *assets.PANELS,
    *succession.PANELS,
]

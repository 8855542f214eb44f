"""Whose turn a filing is: opened with a due date when it reaches a tier, taken on by a person, closed by a decision."""

from __future__ import annotations

from typing import Any

from projects.events import ProjectSubmitted
from projects.permissions import P
from projects.queries import lock, subject
from projects.reserve import queries, rules
from quzhou_migrants.accounts import public as accounts
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
NEEDS = {"township": P.CHECK, "county": P.ADMIT}
WIDTH = {"township": 9, "county": 6}
ROLE = {"township": accounts.Role.TOWNSHIP_CLERK, "county": accounts.Role.COUNTY_CLERK}
DUTY = "衢政办发〔2016〕65号 二(四)1"

_OPEN = """
INSERT INTO projects_review_turn (project, division_code, round, tier, opened_at, due_on)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (project, round, tier) DO UPDATE
SET opened_at = excluded.opened_at, due_on = excluded.due_on, closed_at = NULL
"""
_CLOSE = """
UPDATE projects_review_turn SET closed_at = $4
WHERE project = $1 AND round = $2 AND tier = $3 AND closed_at IS NULL
"""


async def open_turn(tx: Tx, project: Row, tier: str) -> None:
    """Let a tier's term begin today; a filing that comes back to it gets a new term."""
    policy = tx.policy_for(project["division_code"])
    days = policy.whole(f"projects.reserve.{tier}_days")
    due = rules.term_end(tx.today, days, policy.work_calendar)
    await tx.conn.execute(_OPEN, project["id"], project["division_code"], project["round"], tier, tx.now, due)


async def close_turn(tx: Tx, project: Row, tier: str) -> None:
    """Let a tier's turn end with its decision."""
    await tx.conn.execute(_CLOSE, project["id"], project["round"], tier, tx.now)


async def on_submitted(tx: Tx, event: ProjectSubmitted) -> None:
    """A filing reaches the township."""
    await open_turn(tx, await lock(tx, event.project_id), "township")


async def colleagues(tx: Tx, project: Row) -> list[Row]:
    """List who may take a filing on where it stands now. Shape: {id, name}."""
    tier = rules.TIERS.get(project["state"])
    if tier is None or not tx.actor.may(NEEDS[tier]):
        return []
    return await accounts.holders(tx, project["division_code"][: WIDTH[tier]].ljust(12, "0"), ROLE[tier])


@command(P.VIEW, audit="projects.review.assign")
async def assign(tx: Tx, project_id: int, person: int) -> None:
    """Let one person of the tier whose turn it is take a filing on.

    Raises: Refused PRJ-234 (nobody's turn), PRJ-235 (not one of them), KRN-403, KRN-404.
    Source: 衢政办发〔2016〕65号 二(四)1
    """
    project = await lock(tx, project_id)
    tier = rules.TIERS.get(project["state"])
    if tier is None:
        raise Refused("PRJ-234")
    tx.require(NEEDS[tier])
    name = next((c["name"] for c in await colleagues(tx, project) if c["id"] == person), None)
    if name is None:
        raise Refused("PRJ-235", field="person")
    if await queries.turn(tx, project) is None:
        await open_turn(tx, project, tier)
    await tx.conn.execute(
        "UPDATE projects_review_turn SET assignee = $4, assignee_name = $5, assigned_at = $6"
        " WHERE project = $1 AND round = $2 AND tier = $3",
        project_id,
        project["round"],
        tier,
        person,
        name,
        tx.now,
    )
    await tx.note(subject(project), "projects.review.assign", clause=DUTY, note=name)

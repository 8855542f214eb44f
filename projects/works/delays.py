"""Warnings that works are late: found every day, answered by who builds, cleared when made good."""

from __future__ import annotations

from typing import Any

from projects.permissions import P
from projects.queries import PROJECT
from projects.works import queries, schedule
from projects.works.forms import AnswerForm
from projects.works.parameters import limits
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
CLAUSE = "政府投资条例 第二十四条"
STEP_BP = 500
"""How far a standing warning must move before it is written again: the record is no diary."""

_OPEN = "SELECT id, project, kind, level, behind_bp FROM projects_delay WHERE cleared_on IS NULL"
_ADD = (
    "INSERT INTO projects_delay (project, division_code, kind, level, since_on, seen_on, behind_bp, days, is_demo)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
)
_MOVE = (
    "UPDATE projects_delay SET level = $2, seen_on = $3, behind_bp = $4, days = $5, version = version + 1 WHERE id = $1"
)
_FIND = "SELECT d.*, p.title FROM projects_delay d JOIN projects_project p ON p.id = d.project WHERE d.id = $1"
_CLEAR = (
    "UPDATE projects_delay d SET cleared_on = $2, version = version + 1 WHERE id = ANY($1)"
    " RETURNING d.project, d.division_code, d.kind"
)


async def look(tx: Tx) -> tuple[int, int]:
    """Compare every contract under way with its plan; open, move and clear warnings. Gives (open, cleared).

    Runs every day for all counties; a repeat on the same day changes nothing.
    """
    known = {(r["project"], r["kind"]): r for r in await tx.conn.fetch(_OPEN)}
    standing = set()
    for row in await tx.conn.fetch(queries.UNDER_WAY):
        found = limits(tx.policy_for(row["division_code"]))
        for warning in schedule.warnings(queries.as_works(row), found, tx.today):
            standing.add((row["id"], warning.kind))
            await _keep(tx, row, warning, known.get((row["id"], warning.kind)))
    gone = [r["id"] for key, r in known.items() if key not in standing]
    for done in await tx.conn.fetch(_CLEAR, gone, tx.today):
        subject = (PROJECT, done["project"], done["division_code"])
        await tx.note(subject, "projects.works.delay_cleared", clause=CLAUSE, kind=done["kind"])
    return len(standing), len(gone)


async def _keep(tx: Tx, row: Any, warning: schedule.Warning, before: Any) -> None:  # noqa: ANN401 - database rows
    if before is None:
        facts = (warning.kind, warning.level, warning.since_on, tx.today, warning.behind_bp, warning.days)
        await tx.conn.execute(_ADD, row["id"], row["division_code"], *facts, row["is_demo"])
        subject = (PROJECT, row["id"], row["division_code"])
        await tx.note(subject, "projects.works.delay", clause=CLAUSE, kind=warning.kind, days=warning.days)
    elif before["level"] != warning.level or abs(before["behind_bp"] - warning.behind_bp) >= STEP_BP:
        await tx.conn.execute(_MOVE, before["id"], warning.level, tx.today, warning.behind_bp, warning.days)


@command(P.BUILD, audit="projects.works.answer_delay")
async def answer(tx: Tx, delay_id: int, form: AnswerForm) -> Row:
    """Say why works are late and until when they will be made good.

    Raises: Refused KRN-404, KRN-409, PRJ-467 (cleared meanwhile), PRJ-469 (a forecast in the past).
    """
    row = await find(tx, delay_id, lock=True)
    if row["version"] != form.seen:
        raise Refused("KRN-409", who="", title="", at=tx.now)
    if row["cleared_on"]:
        raise Refused("PRJ-467")
    if form.forecast_on < tx.today:
        raise Refused("PRJ-469", field="forecast_on", today=tx.today)
    await tx.conn.execute(
        "UPDATE projects_delay SET reason = $2, forecast_on = $3, answered_by = $4, version = version + 1"
        " WHERE id = $1",
        delay_id,
        form.reason,
        form.forecast_on,
        tx.actor.user_id,
    )
    subject = (PROJECT, row["project"], row["division_code"])
    await tx.note(
        subject, "projects.works.answer_delay", kind=row["kind"], reason=form.reason, forecast_on=form.forecast_on
    )
    return row


async def find(tx: Tx, delay_id: int, *, lock: bool = False) -> Row:
    """Read a warning with its project's title. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow(_FIND + " FOR UPDATE OF d" if lock else _FIND, delay_id)
    if row is None:
        raise Refused("KRN-404")
    return dict(row)

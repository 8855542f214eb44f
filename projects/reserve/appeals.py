"""Appeals: a village asks again once; a leader who did not refuse decides, with reasons."""

from __future__ import annotations

from typing import Any

from projects.permissions import P
from projects.queries import lock, subject
from projects.reserve import queries, rules, turns
from projects.reserve.states import APPEAL, AppealState
from projects.reserve.tables import Appeal
from projects.states import PROJECT as MACHINE
from projects.states import S
from projects.tables import Project
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.states import fire, too_late
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
TABLE = "projects_appeal"
DUTY = "衢政办发〔2016〕65号 二(四)1"


async def last_day(tx: Tx, project: Row) -> Any:  # noqa: ANN401 - a date or nothing
    """Tell until when a refused project may be appealed for; None when it may not.

    Raises: nothing.
    """
    refused = await queries.refusal(tx, project["id"])
    if project["state"] != S.REFUSED or refused is None:
        return None
    policy = tx.policy_for(project["division_code"])
    days = policy.whole("projects.reserve.appeal_days")
    until = rules.term_end(refused["at"].astimezone(tx.now.tzinfo).date(), days, policy.work_calendar)
    return None if tx.today > until else until


@command(P.SUBMIT, audit="projects.appeal.file")
async def file(tx: Tx, project_id: int, text: str) -> int:
    """Appeal against a refusal, within the term.

    Raises: Refused PRJ-229 (not refused), PRJ-226 (too late), PRJ-227 (once only), KRN-404.
    """
    project = await lock(tx, project_id)
    refused = await queries.refusal(tx, project_id)
    if project["state"] != S.REFUSED or refused is None:
        raise Refused("PRJ-229")
    policy = tx.policy_for(project["division_code"])
    work = policy.work_calendar
    day = refused["at"].astimezone(tx.now.tzinfo).date()
    rules.check_appeal(day, tx.today, policy.whole("projects.reserve.appeal_days"), work)
    due = rules.term_end(tx.today, policy.whole("projects.reserve.appeal_decision_days"), work)
    key = await tx.conn.fetchval(
        "INSERT INTO projects_appeal (project, division_code, round, text, filed_by, filed_on, due_on, state)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, 'filed') RETURNING id",
        project_id,
        project["division_code"],
        project["round"],
        text,
        tx.actor.name,
        tx.today,
        due,
    )
    for about in (subject(project), (TABLE, key, project["division_code"])):
        await tx.note(about, "projects.appeal.file", clause=DUTY, note=text)
    return int(key)


@command(P.SUBMIT, audit="projects.appeal.withdraw")
async def withdraw(tx: Tx, appeal_id: int) -> Row:
    """Take an appeal back before it is decided; it is not filed a second time. Raises: Refused KRN-408, KRN-404."""
    row = await queries.appeal(tx, appeal_id, lock=True)
    moved = await fire(tx, APPEAL, Appeal, row, "withdraw")
    await tx.note(subject(await lock(tx, row["project"])), "APPEAL.withdraw")
    return moved


@command(P.DECIDE_APPEAL, audit="projects.appeal.decide")
async def decide(tx: Tx, appeal_id: int, seen: int, *, grant: bool, reason: str) -> Row:
    """Decide an appeal: the county looks at the project again, or the refusal stands.

    Raises: Refused PRJ-228 (who refused does not decide), PRJ-205, KRN-408, KRN-409, KRN-404.
    """
    row = await queries.appeal(tx, appeal_id, lock=True)
    if row["version"] != seen and row["state"] != AppealState.FILED:
        raise await too_late(tx, TABLE, appeal_id)
    project = await lock(tx, row["project"])
    refused = await queries.refusal(tx, project["id"])
    if refused and refused["actor_id"] == tx.actor.user_id:
        raise Refused("PRJ-228")
    verb = "grant" if grant else "uphold"
    decided = {"reason": reason, "decided_by": tx.actor.name, "decided_on": tx.today}
    moved = await fire(tx, APPEAL, Appeal, row, verb, clause=DUTY, reason=reason, sets=decided)
    if not grant:
        await tx.note(subject(project), "APPEAL.uphold", clause=DUTY, reason=reason)
        return moved
    cleared = {"closing_reason": "", "closing_clause": ""}
    again = await fire(tx, MACHINE, Project, project, "reopen", clause=DUTY, reason=reason, sets=cleared)
    await turns.open_turn(tx, again, "county")
    return moved

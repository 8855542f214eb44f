"""Commands of review: the township checks, the county confirms. Each names the version it was made for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from projects.bulk.rules import other_eyes
from projects.events import ProjectAdmitted
from projects.intake.forms import FILES, SECTION_OF
from projects.notices.service import require_clear
from projects.permissions import P
from projects.queries import lock, subject
from projects.reserve import quotas, rules, turns
from projects.states import PROJECT as MACHINE
from projects.tables import Project
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
TOWNSHIP_DUTY = "衢政办发〔2016〕65号 二(四)1"
RESERVE = "衢政办发〔2016〕65号 二(二)1"


@command(P.CHECK, audit="projects.review.pass")
async def pass_on(tx: Tx, project_id: int, seen: int, opinion: str) -> Row:
    """The township finds the application in order and hands it to the county.

    Raises: Refused PRJ-221 (the township's quota is used up), PRJ-510 (an objection waits), PRJ-573, KRN-408, KRN-409.
    """
    row = await lock(tx, project_id, seen=seen)
    MACHINE.arrow(row["state"], "pass")
    other_eyes(row["created_by"], tx.actor.user_id)
    await require_clear(tx, subject(row))
    await quotas.check_room(tx, row)
    moved = await fire(tx, MACHINE, Project, row, "pass", clause=TOWNSHIP_DUTY, opinion=opinion)
    await turns.close_turn(tx, row, "township")
    await turns.open_turn(tx, moved, "county")
    return moved


@command(P.VIEW, audit="projects.review.return")
async def send_back(tx: Tx, project_id: int, seen: int, remarks: Sequence[tuple[str, str]], opinion: str) -> Row:
    """Return an application with a reason beside each field that needs mending.

    Shape: remarks = (field, text). The village may correct it until a term of working days ends,
    even when the window has closed meanwhile.
    Raises: Refused PRJ-202 (nothing to mend), KRN-408, KRN-409, KRN-403.
    """
    row = await lock(tx, project_id, seen=seen)
    unknown = [f for f, _ in remarks if f not in SECTION_OF]
    if unknown:
        raise Refused("PRJ-207", field="remarks", name=unknown[0])
    policy = tx.policy_for(row["division_code"])
    days = policy.whole("projects.intake.correction_days")
    until = rules.correction_term(tx.today, days, policy.work_calendar)
    verb = "return" if row["state"] == "submitted" else "send_back"
    moved = await fire(
        tx,
        MACHINE,
        Project,
        row,
        verb,
        clause=TOWNSHIP_DUTY,
        remarks=len(remarks),
        reason="\n".join(text for _, text in remarks),
        opinion=opinion,
        correct_by=until,
        sets={"correct_by": until},
    )
    await turns.close_turn(tx, row, rules.TIERS[row["state"]])
    await tx.conn.executemany(
        "INSERT INTO projects_remark (project, division_code, round, section, field, text, author, author_title, at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        [
            (
                project_id,
                row["division_code"],
                row["round"],
                SECTION_OF.get(field, FILES),
                field,
                text,
                tx.actor.name,
                tx.actor.title,
                tx.now,
            )
            for field, text in remarks
        ],
    )
    return moved


@command(P.ADMIT, audit="projects.reserve.admit")
async def admit(tx: Tx, project_id: int, seen: int, years: int, opinion: str) -> Row:
    """The county takes a project into the reserve for a number of years.

    Raises: Refused PRJ-206 (outside the cycle), PRJ-245 (the same person passed it), KRN-408, KRN-409.
    Source: 衢政办发〔2016〕65号 二(二)1
    """
    row = await lock(tx, project_id, seen=seen)
    await _by_another(tx, row)
    await require_clear(tx, subject(row))
    least, most = cycle(tx)
    until = rules.valid_until(tx.today, years, least, most)
    moved = await fire(
        tx,
        MACHINE,
        Project,
        row,
        "admit",
        clause=RESERVE,
        valid_until=until,
        opinion=opinion,
        sets={"valid_until": until, "admitted_at": tx.now},
    )
    await turns.close_turn(tx, row, "county")
    tx.emit(ProjectAdmitted(project_id, row["division_code"], until))
    return moved


_PASSED_BY = """
SELECT actor_id FROM kernel_journal
WHERE subject_table = 'projects_project' AND subject_id = $1 AND verb = 'PROJECT.pass' ORDER BY id DESC LIMIT 1
"""


async def _by_another(tx: Tx, row: Row) -> None:
    """Let only somebody else decide for the county than who passed it for the township, whatever post they hold now."""
    passed_by = await tx.conn.fetchval(_PASSED_BY, row["id"])
    if passed_by is not None and passed_by == tx.actor.user_id:
        raise Refused("PRJ-245")


def cycle(tx: Tx) -> tuple[int, int]:
    """The shortest and the longest term in the reserve. Units: years."""
    return (
        tx.policy.whole("projects.reserve.cycle_min_years"),
        tx.policy.whole("projects.reserve.cycle_max_years"),
    )


@command(P.ADMIT, audit="projects.reserve.refuse")
async def refuse(tx: Tx, project_id: int, seen: int, clause: str, reason: str) -> Row:
    """The county refuses a project, with the clause it rests on.

    Raises: Refused PRJ-204, PRJ-245 (the same person passed it), KRN-408, KRN-409.
    """
    row = await lock(tx, project_id, seen=seen)
    await _by_another(tx, row)
    moved = await _close(tx, row, "refuse", clause, reason)
    await turns.close_turn(tx, row, "county")
    return moved


@command(P.ADMIT, audit="projects.reserve.remove")
async def remove(tx: Tx, project_id: int, seen: int, clause: str, reason: str) -> Row:
    """The county takes a project out of the reserve.

    Raises: Refused PRJ-205, KRN-408, KRN-409.
    """
    row = await lock(tx, project_id, seen=seen)
    return await _close(tx, row, "remove", clause, reason)


async def _close(tx: Tx, row: Row, verb: str, clause: str, reason: str) -> Row:
    return await fire(
        tx,
        MACHINE,
        Project,
        row,
        verb,
        clause=clause,
        ground=clause,
        reason=reason,
        sets={"closing_reason": reason, "closing_clause": clause},
    )

"""Projects that leave an approved plan: adjusted out, not begun in time, their award recalled.

Source: 衢政办发〔2016〕65号 二(三)1 (money without a project in time is planned anew inside the county);
政府投资条例 第三十四条 (money of a project that is not carried out may be recalled).
"""

from __future__ import annotations

from typing import Any

from projects.events import AwardRecalled, PlanMoneyFreed
from projects.permissions import P
from projects.plan import queries, rules
from projects.plan.forms import RecallForm
from projects.plan.parameters import plan_rules
from projects.queries import lock
from projects.reserve.rules import years_after
from projects.states import PROJECT as MACHINE
from projects.tables import Project
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
REPLAN = "衢政办发〔2016〕65号 二(三)1"
RECALL = "政府投资条例 第三十四条"


async def leave(tx: Tx, item: Row, how: str, reason: str) -> None:
    """Let a planned project go back to the reserve and its plan's money be free. Not a command: others decide.

    Raises: Refused KRN-408, the project is no longer only planned.
    """
    project = await lock(tx, item["project"])
    await fire(
        tx, MACHINE, Project, project, "fall_back", clause=REPLAN, reason=reason, how=how,
        amount_fen=item["amount_fen"], sets=_back(tx, project),
    )  # fmt: skip
    await _free(tx, item, how, reason)


def _back(tx: Tx, project: Row) -> Row:
    """Columns of a project that is in the reserve again.

    An exception was never admitted: the leader who allowed it by name stands for that, and it gets the
    shortest term of the cycle.
    """
    if project["valid_until"] is not None:
        return {"plan_year": None}
    years = tx.policy_for(project["division_code"]).whole("projects.reserve.cycle_min_years")
    return {"plan_year": None, "admitted_at": tx.now, "valid_until": years_after(tx.today, years)}


async def _free(tx: Tx, item: Row, how: str, reason: str) -> None:
    await tx.conn.execute(
        "UPDATE projects_plan_item SET standing = false, left_on = $2, left_how = $3, left_reason = $4 WHERE id = $1",
        item["id"],
        tx.today,
        how,
        reason,
    )
    tx.emit(PlanMoneyFreed(item["project"], item["division_code"], item["plan"], item["amount_fen"], how))


@command(P.APPROVE_PLAN, audit="projects.plan.fall_back")
async def fall_back(tx: Tx) -> int:
    """Let every planned project go back whose plan was approved too long ago without an award; answer how many.

    Run by the machine every day; a repeat finds nothing left.
    """
    gone = 0
    for item in await queries.waiting(tx, tx.today):
        known = plan_rules(tx.policy_for(item["division_code"]))
        months = known.start_months.value
        if rules.lapsed(item["approved_on"], months, tx.today):
            facts = {"plan": item["plan_title"], "approved": item["approved_on"], "months": months}
            await leave(tx, item, "fallen_back", CATALOGUE.say("PRJ-374", facts))
            gone += 1
    return gone


@command(P.APPROVE_PLAN, audit="projects.plan.recall")
async def recall(tx: Tx, project_id: int, form: RecallForm) -> Row:
    """Recall the award of a project without a contract: its money is free, the project in the reserve again.

    Raises: Refused PRJ-361 (its term for a contract still runs), PRJ-205, KRN-408, KRN-409; what allocation
    refuses when the money has moved on.
    """
    project = await lock(tx, project_id, seen=form.seen)
    MACHINE.arrow(project["state"], "recall")
    known = plan_rules(tx.policy_for(project["division_code"]))
    since = await queries.awarded_on(tx, project_id)
    rules.check_recall(since or tx.today, known.contract_months.value, tx.today, given_up=form.given_up)
    moved = await fire(
        tx, MACHINE, Project, project, "recall", clause=RECALL, reason=form.reason, amount_fen=project["award_fen"],
        given_up=form.given_up, sets=_back(tx, project) | {"award_fen": 0},
    )  # fmt: skip
    if item := await queries.standing_item(tx, project_id):
        await _free(tx, item, "recalled", form.reason)
    tx.emit(AwardRecalled(project_id, project["division_code"], project["award_fen"], form.reason))
    return moved

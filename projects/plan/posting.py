"""A plan, or its adjustment, before the public: put up as it is printed, taken back, and what is said against it.

Source: 永嘉县2025年水库移民后期扶持项目年度计划公示; 大中型水利水电工程建设征地补偿和移民安置条例 第五十三条.
"""

from __future__ import annotations

from typing import Any

from projects.notices import service as notices
from projects.notices.rules import Kind
from projects.permissions import P
from projects.plan import judging, queries, rules
from projects.plan.parameters import plan_rules
from projects.plan.states import PLAN as MACHINE
from projects.plan.tables import Plan
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Problem, Refused
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
PLAN, ADJUSTMENT = "projects_plan", "projects_adjustment"


@command(P.PLAN, audit="projects.plan.post")
async def post(tx: Tx, plan_id: int, seen: int) -> Row:
    """Put a plan before the public: its table is set down as it is now, the notice begins today.

    Raises: Invalid with everything that would keep it from being approved; Refused PRJ-316, KRN-408, PRJ-505.
    """
    plan = await queries.find(tx, plan_id, lock=True)
    if plan["version"] != seen:
        raise Refused("PRJ-316")
    known = plan_rules(tx.policy_for(plan["division_code"]))
    rows = await queries.items(tx, plan_id)
    moved = await fire(
        tx,
        MACHINE,
        Plan,
        plan,
        "post",
        problems=judging.problems(tx, plan, rows, known),
        sets={"printed": judging.printed(rows), "posted_on": tx.today},
    )
    money = rules.planned_fen(queries.as_items(rows, known))
    facts = {"title": plan["title"], "count": len(rows), "money": money}
    title, body, place = (CATALOGUE.say(code, facts) for code in ("PRJ-371", "PRJ-372", "PRJ-373"))
    opening = notices.Opening(Kind.PLAN, title, body, tx.today, place=place)
    await notices.open_notice(tx, subject(PLAN, plan), opening)
    return moved


@command(P.PLAN, audit="projects.plan.take_back")
async def take_back(tx: Tx, plan_id: int, reason: str) -> Row:
    """Take a posted plan back to change it; it has to be posted anew for its whole days.

    Raises: Refused PRJ-205, KRN-408, PRJ-508 (objections to the notice wait for an answer).
    """
    plan = await queries.find(tx, plan_id, lock=True)
    moved = await fire(tx, MACHINE, Plan, plan, "take_back", reason=reason, sets={"posted_on": None})
    hanging = await notices.latest(tx, subject(PLAN, plan))
    if hanging and hanging["state"] == "open":
        await notices.cancel_notice(tx, hanging["id"], reason)
    return moved


def subject(table: str, row: Row) -> tuple[str, int, str]:
    """Name what a notice is about."""
    return table, row["id"], row["division_code"]


async def problems(tx: Tx, table: str, row: Row, *, needed: bool) -> list[Problem]:
    """List what of its public notice keeps a plan or an adjustment from being approved.

    Codes: PRJ-328 (never posted), PRJ-330 (the notice is not closed), PRJ-510 (objections without an answer).
    """
    waiting = await notices.objections_open(tx, subject(table, row))
    notice = await notices.latest(tx, subject(table, row))
    shown = rules.Shown(notice["state"] == "closed", notice["ends_on"]) if notice else None
    return rules.check_notice(shown, waiting, needed=needed)

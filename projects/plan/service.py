"""Commands of the annual plan: open, take, except, allow, approve."""

from __future__ import annotations

from typing import Any

from projects.events import ProjectPlanned
from projects.permissions import P
from projects.plan import queries, rules
from projects.plan.forms import ExceptionForm, ItemForm, PlanForm
from projects.plan.rules import Item
from projects.plan.states import PLAN
from projects.plan.states import S as PlanState
from projects.plan.tables import Plan
from projects.queries import lock, subject
from projects.reserve.rules import expired
from projects.states import PROJECT as MACHINE
from projects.states import S
from projects.tables import Project
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
RESERVE = "衢政办发〔2016〕65号 二(二)1"


@command(P.PLAN, audit="projects.plan.open")
async def open_plan(tx: Tx, form: PlanForm) -> int:
    """Open a plan for the caller's county.

    Raises: Refused PRJ-314 (that batch of the year exists), PRJ-305 (not a county).
    """
    county = tx.actor.division_code
    if await tx.conn.fetchval("SELECT level FROM kernel_division WHERE code = $1", county) != "county":
        raise Refused("PRJ-305")
    plan_id = await tx.conn.fetchval(
        "INSERT INTO projects_plan (division_code, year, batch, title, money_fen, money_source, state, created_by)"
        " VALUES ($1, $2, $3, $4, $5, $6, 'draft', $7) RETURNING id",
        county,
        form.year,
        form.batch,
        form.title,
        form.money_fen,
        form.money_source,
        tx.actor.user_id,
    )
    await tx.note(("projects_plan", plan_id, county), "projects.plan.open", title=form.title, money=form.money_fen)
    return int(plan_id)


async def _open(tx: Tx, plan_id: int) -> tuple[Row, list[Item]]:
    """Lock a plan that may still change. Raises: Refused PRJ-306, KRN-404."""
    plan = await queries.find(tx, plan_id, lock=True)
    if plan["state"] != PlanState.DRAFT:
        raise Refused("PRJ-306")
    return plan, queries.as_items(await queries.items(tx, plan_id))


@command(P.PLAN, audit="projects.plan.take")
async def take(tx: Tx, plan_id: int, form: ItemForm) -> None:
    """Take a project from the reserve into a plan, within the money named.

    Raises: Refused PRJ-307 (not in the reserve), PRJ-308 (its term is over), PRJ-311 to 313, PRJ-315, PRJ-306.
    Source: 衢政办发〔2016〕65号 二(二)1
    """
    plan, items = await _open(tx, plan_id)
    project = await lock(tx, form.project)
    if project["state"] != S.ADMITTED:
        raise Refused("PRJ-307", field="amount_fen")
    if expired(project["valid_until"], tx.today):
        raise Refused("PRJ-308", field="amount_fen", until=project["valid_until"])
    await _insert(tx, plan, items, project, amount=form.amount_fen)


@command(P.PLAN, audit="projects.plan.except")
async def take_outside(tx: Tx, plan_id: int, form: ExceptionForm) -> None:
    """Propose a project that is not in the reserve; a leader has to allow it by name.

    The township must have passed it: an exception skips the reserve, not the village and the township.
    Raises: Refused PRJ-309 (no such project), PRJ-310 (in no state for an exception), PRJ-311 to 313, PRJ-315.
    """
    plan, items = await _open(tx, plan_id)
    project_id = await tx.conn.fetchval("SELECT id FROM projects_project WHERE code = $1", form.code)
    if project_id is None:
        raise Refused("PRJ-309", field="code", code=form.code)
    project = await lock(tx, project_id)
    if project["state"] != S.TOWNSHIP_PASSED:
        raise Refused("PRJ-310", field="code")
    await _insert(tx, plan, items, project, amount=form.amount_fen, reason=form.reason)


async def _insert(  # noqa: PLR0913 - an item has these parts
    tx: Tx, plan: Row, items: list[Item], project: Row, *, amount: int, reason: str = ""
) -> None:
    outside = bool(reason)
    item = Item(project["id"], project["title"], amount, project["asked_fen"], outside, allowed=False, valid_until=None)
    rules.check_item(item, plan["money_fen"], items)
    await tx.conn.execute(
        "INSERT INTO projects_plan_item (plan, project, division_code, amount_fen, outside, reason, added_by)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        plan["id"],
        project["id"],
        project["division_code"],
        amount,
        outside,
        reason,
        tx.actor.user_id,
    )
    await _touch(tx, plan["id"])
    verb = "projects.plan.except" if outside else "projects.plan.take"
    facts = {"plan": plan["title"], "amount": amount, "reason": reason}
    await tx.note(subject(project), verb, clause=RESERVE, **facts)


async def _touch(tx: Tx, plan_id: int) -> None:
    """Give the plan a new version: who approves must have seen this content."""
    await tx.conn.execute("UPDATE projects_plan SET version = version + 1 WHERE id = $1", plan_id)


@command(P.PLAN, audit="projects.plan.drop")
async def drop(tx: Tx, plan_id: int, item_id: int) -> None:
    """Take a project out of a plan that is not approved yet; it stays in the reserve.

    Raises: Refused PRJ-306, KRN-404.
    """
    plan, _ = await _open(tx, plan_id)
    project_id = await tx.conn.fetchval(
        "DELETE FROM projects_plan_item WHERE id = $1 AND plan = $2 RETURNING project", item_id, plan_id
    )
    if project_id is None:
        raise Refused("KRN-404")
    await _touch(tx, plan_id)
    await tx.note(subject(await lock(tx, project_id)), "projects.plan.drop", plan=plan["title"])


@command(P.APPROVE_PLAN, audit="projects.plan.allow")
async def allow(tx: Tx, plan_id: int, item_id: int) -> None:
    """A leader allows one exception by name.

    Raises: Refused PRJ-306, KRN-404, PRJ-304 (by who proposed it).
    """
    await _open(tx, plan_id)
    item = await tx.conn.fetchrow(
        "SELECT * FROM projects_plan_item WHERE id = $1 AND plan = $2 AND outside AND allowed_at IS NULL",
        item_id,
        plan_id,
    )
    if item is None:
        raise Refused("KRN-404")
    if item["added_by"] == tx.actor.user_id:
        raise Refused("PRJ-304")
    await tx.conn.execute(
        "UPDATE projects_plan_item SET allowed_by = $2, allowed_at = $3 WHERE id = $1",
        item_id,
        tx.actor.name,
        tx.now,
    )
    project = await lock(tx, item["project"])
    await tx.note(subject(project), "projects.plan.allow", clause=RESERVE, reason=item["reason"])


@command(P.APPROVE_PLAN, audit="projects.plan.approve")
async def approve(tx: Tx, plan_id: int, doc_no: str, seen: int) -> Row:
    """Approve a plan: every project in it becomes a planned one, in the same transaction.

    Raises: Invalid with everything that keeps it back; Refused PRJ-301, PRJ-304, KRN-409.
    """
    plan = await queries.find(tx, plan_id, lock=True)
    if plan["version"] != seen:
        raise Refused("PRJ-316")
    rows = await queries.items(tx, plan_id)
    found = rules.check_plan(queries.as_items(rows), plan["money_fen"], tx.today)
    moved = await fire(
        tx,
        PLAN,
        Plan,
        plan,
        "approve",
        clause=RESERVE,
        problems=found,
        doc_no=doc_no,
        approver=tx.actor.user_id,
        sets={"doc_no": doc_no, "approved_on": tx.today, "approved_by": tx.actor.name},
    )
    for row in rows:
        await _plan_project(tx, moved, row)
    return moved


async def _plan_project(tx: Tx, plan: Row, item: Row) -> None:
    project = await lock(tx, item["project"])
    verb = "plan_exception" if item["outside"] else "plan"
    await fire(
        tx,
        MACHINE,
        Project,
        project,
        verb,
        clause=RESERVE,
        plan=plan["title"],
        doc_no=plan["doc_no"],
        amount_fen=item["amount_fen"],
        approved_exception=item["allowed_by"],
        sets={"plan_year": plan["year"]},
    )
    tx.emit(ProjectPlanned(project["id"], project["division_code"], plan["id"], plan["year"], item["amount_fen"]))

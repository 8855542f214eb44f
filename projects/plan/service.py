"""Commands of the annual plan: open, vary, take, except, allow, approve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from projects.events import ProjectPlanned
from projects.permissions import P
from projects.plan import judging, posting, queries, rules
from projects.plan.forms import ExceptionForm, ItemForm, PlaceForm, PlanForm
from projects.plan.parameters import plan_rules
from projects.plan.rules import Item, PlanRules
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
TABLE = "projects_plan"
RESERVE = "衢政办发〔2016〕65号 二(二)1"
_OPEN = """
INSERT INTO projects_plan
  (division_code, year, batch, variant, title, money_fen, money_source, state, created_by, created_at)
SELECT $1::varchar, $2::smallint, $3::smallint, coalesce(max(variant), 0) + 1, $4, $5, $6, 'draft', $7, $8
FROM projects_plan WHERE division_code = $1::varchar AND year = $2::smallint AND batch = $3::smallint RETURNING id
"""


@command(P.PLAN, audit="projects.plan.open")
async def open_plan(tx: Tx, form: PlanForm) -> int:
    """Open a plan for the caller's county; a further one for the same batch is a variant of it.

    Raises: Refused PRJ-314 (that batch of the year is approved), PRJ-305 (not a county).
    """
    county = tx.actor.division_code
    if await tx.conn.fetchval("SELECT level FROM kernel_division WHERE code = $1", county) != "county":
        raise Refused("PRJ-305")
    if await tx.conn.fetchval(
        "SELECT 1 FROM projects_plan WHERE division_code = $1 AND year = $2 AND batch = $3 AND state = 'approved'",
        county,
        form.year,
        form.batch,
    ):
        raise Refused("PRJ-314")
    facts = (county, form.year, form.batch, form.title, form.money_fen, form.money_source)
    plan_id = int(await tx.conn.fetchval(_OPEN, *facts, tx.actor.user_id, tx.now))
    await tx.note((TABLE, plan_id, county), "projects.plan.open", title=form.title, money=form.money_fen)
    return plan_id


@command(P.PLAN, audit="projects.plan.vary")
async def vary(tx: Tx, plan_id: int, title: str) -> int:
    """Copy a plan that is not approved into a further variant; exceptions have to be allowed anew. Gives its id.

    Raises: Refused PRJ-314, KRN-404.
    """
    plan = await queries.find(tx, plan_id, lock=True)
    form = PlanForm(plan["year"], title, plan["money_fen"], plan["money_source"], plan["batch"])
    made = await open_plan(tx, form)
    await tx.conn.execute(
        "INSERT INTO projects_plan_item (plan, project, division_code, amount_fen, reservoir, remark, outside, reason,"
        " added_by) SELECT $2, project, division_code, amount_fen, reservoir, remark, outside, reason, $3"
        " FROM projects_plan_item WHERE plan = $1 AND left_on IS NULL ORDER BY id",
        plan_id,
        made,
        tx.actor.user_id,
    )
    return made


async def editable(tx: Tx, plan_id: int) -> tuple[Row, list[Item], PlanRules]:
    """Lock a plan that may still change. Raises: Refused PRJ-306 (approved), PRJ-329 (posted), KRN-404."""
    plan = await queries.find(tx, plan_id, lock=True)
    if plan["state"] != PlanState.DRAFT:
        raise Refused("PRJ-329" if plan["state"] == PlanState.POSTED else "PRJ-306")
    known = plan_rules(tx.policy_for(plan["division_code"]))
    return plan, queries.as_items(await queries.items(tx, plan_id), known), known


@command(P.PLAN, audit="projects.plan.take")
async def take(tx: Tx, plan_id: int, form: ItemForm) -> None:
    """Take a project from the reserve into a plan, within the money named.

    Raises: Refused PRJ-307 (not in the reserve), PRJ-308 (its term is over), PRJ-311 to 313, PRJ-317, PRJ-306.
    Source: 衢政办发〔2016〕65号 二(二)1
    """
    await _take(tx, plan_id, [(form.project, form.amount_fen)])


@command(P.PLAN, audit="projects.plan.take")
async def choose(tx: Tx, plan_id: int, picks: Sequence[tuple[int, int]]) -> None:
    """Take several projects from the reserve at once: all or none.

    Shape: picks = (project, fen). Raises: as `take`, and PRJ-318 (nothing was chosen).
    """
    if not picks:
        raise Refused("PRJ-318")
    await _take(tx, plan_id, picks)


async def _take(tx: Tx, plan_id: int, picks: Sequence[tuple[int, int]]) -> None:
    plan, items, _ = await editable(tx, plan_id)
    for project_id, amount in picks:
        try:
            items.append(await _take_one(tx, plan, items, project_id, amount))
        except Refused as refusal:  # the answer stands beside the project, of which there are many on the page
            raise Refused(refusal.code, field=f"take-{project_id}", **refusal.facts) from None


async def _take_one(tx: Tx, plan: Row, items: Sequence[Item], project_id: int, amount: int) -> Item:
    project = await lock(tx, project_id)
    if project["state"] != S.ADMITTED:
        raise Refused("PRJ-307", title=project["title"])
    if expired(project["valid_until"], tx.today):
        raise Refused("PRJ-308", title=project["title"], until=project["valid_until"])
    return await _insert(tx, plan, items, project, amount=amount)


@command(P.PLAN, audit="projects.plan.except")
async def take_outside(tx: Tx, plan_id: int, form: ExceptionForm) -> None:
    """Propose a project that is not in the reserve; a leader has to allow it by name.

    The township must have passed it: an exception skips the reserve, not the village and the township.
    Raises: Refused PRJ-309 (no such project), PRJ-310 (in no state for an exception), PRJ-311 to 313, PRJ-317.
    """
    plan, items, _ = await editable(tx, plan_id)
    project_id = await tx.conn.fetchval("SELECT id FROM projects_project WHERE code = $1", form.code)
    if project_id is None:
        raise Refused("PRJ-309", field="code", code=form.code)
    project = await lock(tx, project_id)
    if project["state"] != S.TOWNSHIP_PASSED:
        raise Refused("PRJ-310", field="code")
    await _insert(tx, plan, items, project, amount=form.amount_fen, reason=form.reason)


async def _insert(  # noqa: PLR0913 - an item has these parts
    tx: Tx, plan: Row, items: Sequence[Item], project: Row, *, amount: int, reason: str = ""
) -> Item:
    outside = bool(reason)
    item = Item(project["id"], project["title"], amount, project["asked_fen"], outside, allowed=False, valid_until=None)
    rules.check_item(item, plan["money_fen"], items)
    await tx.conn.execute(
        "INSERT INTO projects_plan_item (plan, project, division_code, amount_fen, reservoir, outside, reason,"
        " added_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        plan["id"],
        project["id"],
        project["division_code"],
        amount,
        queries.reservoir_of(project),
        outside,
        reason,
        tx.actor.user_id,
    )
    await _touch(tx, plan["id"])
    verb = "projects.plan.except" if outside else "projects.plan.take"
    facts = {"plan": plan["title"], "amount": amount, "reason": reason}
    await tx.note(subject(project), verb, clause=RESERVE, **facts)
    return item


async def _touch(tx: Tx, plan_id: int) -> None:
    """Give the plan a new version: who approves must have seen this content."""
    await tx.conn.execute("UPDATE projects_plan SET version = version + 1 WHERE id = $1", plan_id)


@command(P.PLAN, audit="projects.plan.place")
async def place(tx: Tx, plan_id: int, item_id: int, form: PlaceForm) -> None:
    """Change what a plan says of one project: amount, kind of reservoir, remark.

    An exception whose amount changes has to be allowed again.
    Raises: Refused PRJ-306, PRJ-311 to 313, KRN-404.
    """
    plan, items, _ = await editable(tx, plan_id)
    item = await queries.item(tx, plan_id, item_id)
    others = [i for i in items if i.project != item["project"]]
    (same,) = (i for i in items if i.project == item["project"])
    wanted = Item(same.project, same.title, form.amount_fen, same.asked_fen, same.outside, same.allowed, None)
    rules.check_item(wanted, plan["money_fen"], others)
    await tx.conn.execute(
        "UPDATE projects_plan_item SET amount_fen = $2, reservoir = $3, remark = $4,"
        " allowed_at = CASE WHEN amount_fen = $2 THEN allowed_at END,"
        " allowed_by = CASE WHEN amount_fen = $2 THEN allowed_by ELSE '' END WHERE id = $1",
        item_id,
        form.amount_fen,
        form.reservoir.value,
        form.remark,
    )
    await _touch(tx, plan_id)


@command(P.PLAN, audit="projects.plan.drop")
async def drop(tx: Tx, plan_id: int, item_id: int) -> None:
    """Take a project out of a plan that is not approved yet; it stays in the reserve.

    Raises: Refused PRJ-306, KRN-404.
    """
    plan, _, _ = await editable(tx, plan_id)
    item = await queries.item(tx, plan_id, item_id)
    await tx.conn.execute("DELETE FROM projects_plan_item WHERE id = $1", item_id)
    await _touch(tx, plan_id)
    await tx.note(subject(await lock(tx, item["project"])), "projects.plan.drop", plan=plan["title"])


@command(P.APPROVE_PLAN, audit="projects.plan.allow")
async def allow(tx: Tx, plan_id: int, item_id: int) -> None:
    """A leader allows one exception by name.

    Raises: Refused PRJ-306, KRN-404, PRJ-304 (by who proposed it).
    """
    await editable(tx, plan_id)
    item = await queries.item(tx, plan_id, item_id)
    if not item["outside"] or item["allowed_at"]:
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


@command(P.PLAN, audit="projects.plan.discard")
async def discard(tx: Tx, plan_id: int, reason: str) -> Row:
    """Put a draft aside; its projects stay in the reserve. Raises: Refused PRJ-205, KRN-408."""
    return await fire(tx, PLAN, Plan, await queries.find(tx, plan_id, lock=True), "discard", reason=reason)


@command(P.APPROVE_PLAN, audit="projects.plan.approve")
async def approve(tx: Tx, plan_id: int, doc_no: str, seen: int, departure: str = "") -> Row:
    """Approve a plan: every project in it becomes a planned one, other variants give way, in one transaction.

    `departure` says why shares that the pack asks for without a confirmed clause are not kept.
    Raises: Invalid with everything that keeps it back; Refused PRJ-301, PRJ-304, PRJ-328, PRJ-316.
    """
    plan = await queries.find(tx, plan_id, lock=True)
    if plan["version"] != seen:
        raise Refused("PRJ-316")
    known = plan_rules(tx.policy_for(plan["division_code"]))
    rows = await queries.items(tx, plan_id)
    found = judging.problems(tx, plan, rows, known, departure)
    found += await posting.problems(tx, posting.PLAN, plan, needed=known.notice_needed)
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
        notice_needed=known.notice_needed,
        sets={
            "doc_no": doc_no,
            "departure": departure,
            "approved_on": tx.today,
            "approved_by": tx.actor.name,
            "printed": judging.printed(rows),
        },
    )
    for row in rows:
        await enter(tx, moved, row)
    for other in await queries.variants(tx, plan):
        if other["id"] != plan_id and other["state"] in {PlanState.DRAFT, PlanState.POSTED}:
            await fire(tx, PLAN, Plan, other, "give_way", reason=doc_no)
    return moved


async def enter(tx: Tx, plan: Row, item: Row) -> None:
    """Let a project enter an approved plan: the project's own state and its place in the plan."""
    project = await lock(tx, item["project"])
    await fire(
        tx,
        MACHINE,
        Project,
        project,
        "plan_exception" if item["outside"] else "plan",
        clause=RESERVE,
        plan=plan["title"],
        doc_no=plan["doc_no"],
        amount_fen=item["amount_fen"],
        approved_exception=item["allowed_by"],
        sets={"plan_year": plan["year"]},
    )
    await tx.conn.execute("UPDATE projects_plan_item SET standing = true WHERE id = $1", item["id"])
    tx.emit(ProjectPlanned(project["id"], project["division_code"], plan["id"], plan["year"], item["amount_fen"]))

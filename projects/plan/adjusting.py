"""Adjustment of an approved plan: drafted line by line, decided as a whole by its own document.

Source: 大中型水利水电工程建设征地补偿和移民安置条例 第三十九条 (a plan is changed only by who approved it).
"""

from __future__ import annotations

from typing import Any

from projects.notices import service as notices
from projects.notices.rules import Kind
from projects.permissions import P
from projects.plan import judging, posting, queries, rules
from projects.plan.falling import leave
from projects.plan.forms import LineForm
from projects.plan.parameters import plan_rules
from projects.plan.rules import Change
from projects.plan.service import enter
from projects.plan.states import ADJUSTMENT, A
from projects.plan.states import S as PlanState
from projects.plan.tables import Adjustment
from projects.queries import lock, subject
from projects.states import S
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Invalid, Problem, Refused
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
TABLE = "projects_adjustment"
CLAUSE = "大中型水利水电工程建设征地补偿和移民安置条例 第三十九条"


@command(P.PLAN, audit="projects.adjustment.open")
async def open_adjustment(tx: Tx, plan_id: int, reason: str) -> int:
    """Propose to change an approved plan. Gives the id of the proposal.

    Raises: Refused PRJ-354 (the plan is not approved), by constraint PRJ-355 (one is open), KRN-404.
    """
    plan = await queries.find(tx, plan_id, lock=True)
    if plan["state"] != PlanState.APPROVED:
        raise Refused("PRJ-354")
    made = await tx.conn.fetchval(
        "INSERT INTO projects_adjustment (plan, division_code, number, reason, state, created_by, created_at)"
        " SELECT $1::bigint, $2, count(*) + 1, $3, 'draft', $4, $5 FROM projects_adjustment WHERE plan = $1::bigint"
        " RETURNING id",
        plan_id,
        plan["division_code"],
        reason,
        tx.actor.user_id,
        tx.now,
    )
    await tx.note((TABLE, made, plan["division_code"]), "projects.adjustment.open", clause=CLAUSE, reason=reason)
    return int(made)


async def _open(tx: Tx, adjustment_id: int) -> Row:
    row = await queries.adjustment(tx, adjustment_id, lock=True)
    if row["state"] != A.DRAFT:
        raise Refused("PRJ-356")
    if await notices.latest(tx, posting.subject(posting.ADJUSTMENT, row)):
        raise Refused("PRJ-329")
    return row


@command(P.PLAN, audit="projects.adjustment.line")
async def put_line(tx: Tx, adjustment_id: int, form: LineForm) -> None:
    """Say what the plan is to give one project: more, less, nothing any more, or something for the first time.

    Raises: Refused PRJ-309, PRJ-312, PRJ-325 (neither in the plan nor in the reserve), PRJ-353 (money was
    awarded), PRJ-357 (nothing changes), PRJ-356, KRN-404.
    """
    row = await _open(tx, adjustment_id)
    project_id = await tx.conn.fetchval("SELECT id FROM projects_project WHERE code = $1", form.code)
    if project_id is None:
        raise Refused("PRJ-309", field="code", code=form.code)
    project = await lock(tx, project_id)
    item = await queries.standing_item(tx, project_id)
    before = item["amount_fen"] if item and item["plan"] == row["plan"] else 0
    change = _change(tx, project, before, form.after_fen)
    _refuse(change)
    await tx.conn.execute(
        "INSERT INTO projects_adjustment_line (adjustment, project, division_code, before_fen, after_fen, reason)"
        " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (adjustment, project)"
        " DO UPDATE SET before_fen = excluded.before_fen, after_fen = excluded.after_fen, reason = excluded.reason",
        adjustment_id,
        project_id,
        project["division_code"],
        before,
        form.after_fen,
        form.reason,
    )
    await _touch(tx, adjustment_id)


def _change(tx: Tx, project: Row, before: int, after: int) -> Change:
    return Change(
        project["id"],
        project["title"],
        before,
        after,
        project["asked_fen"],
        eligible=project["state"] == S.ADMITTED and (project["valid_until"] or tx.today) >= tx.today,
        movable=project["state"] == S.PLANNED,
    )


def _refuse(change: Change) -> None:
    if change.before_fen == change.after_fen:
        raise Refused("PRJ-357", field="after_fen")
    if not change.before_fen and not change.eligible:
        raise Refused("PRJ-325", field="code", title=change.title)
    if change.before_fen and not change.movable:
        raise Refused("PRJ-353", field="code", title=change.title)
    if change.after_fen > change.asked_fen:
        facts = {"title": change.title, "amount": change.after_fen, "asked": change.asked_fen}
        raise Refused("PRJ-312", field="after_fen", **facts)


async def _touch(tx: Tx, adjustment_id: int) -> None:
    await tx.conn.execute("UPDATE projects_adjustment SET version = version + 1 WHERE id = $1", adjustment_id)


@command(P.PLAN, audit="projects.adjustment.drop")
async def drop_line(tx: Tx, adjustment_id: int, line_id: int) -> None:
    """Take a line out of a proposal. Raises: Refused PRJ-356, KRN-404."""
    await _open(tx, adjustment_id)
    gone = await tx.conn.fetchval(
        "DELETE FROM projects_adjustment_line WHERE id = $1 AND adjustment = $2 RETURNING id", line_id, adjustment_id
    )
    if gone is None:
        raise Refused("KRN-404")
    await _touch(tx, adjustment_id)


@command(P.PLAN, audit="projects.adjustment.post")
async def post(tx: Tx, adjustment_id: int) -> None:
    """Put an adjustment before the public; from then on its lines stay as they are, unless the notice is taken down.

    Raises: Invalid with everything that would keep it from being approved; Refused PRJ-356, PRJ-329, KRN-404.
    """
    row = await _open(tx, adjustment_id)
    lines = await queries.lines(tx, adjustment_id)
    standing = queries.as_items(await queries.items(tx, row["plan"]), plan_rules(tx.policy_for(row["division_code"])))
    if found := rules.check_adjustment(queries.as_changes(tx, lines), standing, row["money_fen"]):
        raise Invalid(found)
    facts = {"title": row["plan_title"], "number": row["number"], "count": len(lines), "reason": row["reason"]}
    title, body, place = (CATALOGUE.say(code, facts) for code in ("PRJ-375", "PRJ-376", "PRJ-373"))
    told = [
        CATALOGUE.say("PRJ-377", {"title": r["title"], "before": r["before_fen"], "after": r["after_fen"]})
        for r in lines
    ]
    opening = notices.Opening(Kind.ADJUSTMENT, title, "\n".join([body, *told]), tx.today, place=place)
    await notices.open_notice(tx, posting.subject(posting.ADJUSTMENT, row), opening)


async def problems(tx: Tx, row: Row, lines: list[Row]) -> list[Problem]:
    """List what keeps an adjustment from being approved today. A read."""
    known = plan_rules(tx.policy_for(row["division_code"]))
    standing = queries.as_items(await queries.items(tx, row["plan"]), known)
    found = rules.check_adjustment(queries.as_changes(tx, lines), standing, row["money_fen"])
    return found + await posting.problems(tx, posting.ADJUSTMENT, row, needed=known.adjustment_notice_needed)


@command(P.APPROVE_PLAN, audit="projects.adjustment.approve")
async def approve(tx: Tx, adjustment_id: int, doc_no: str, seen: int) -> Row:
    """Approve an adjustment: projects enter, leave, get another amount, all at once or not at all.

    Raises: Invalid with everything that keeps it back; Refused PRJ-301, PRJ-304, PRJ-316.
    """
    row = await queries.adjustment(tx, adjustment_id, lock=True)
    plan = await queries.find(tx, row["plan"], lock=True)
    if row["version"] != seen:
        raise Refused("PRJ-316")
    lines = await queries.lines(tx, adjustment_id)
    decided = {"doc_no": doc_no, "decided_on": tx.today, "decided_by": tx.actor.name}
    moved = await fire(
        tx,
        ADJUSTMENT,
        Adjustment,
        row,
        "approve",
        clause=CLAUSE,
        problems=await problems(tx, row, lines),
        doc_no=doc_no,
        approver=tx.actor.user_id,
        sets=decided,
    )
    for line, change in zip(lines, queries.as_changes(tx, lines), strict=True):
        await _apply(tx, plan | {"doc_no": doc_no}, line, change)
    table = judging.printed(await queries.items(tx, plan["id"]))
    await tx.conn.execute(
        "UPDATE projects_plan SET printed = $2::jsonb, version = version + 1 WHERE id = $1", plan["id"], table
    )
    facts = {"number": row["number"], "doc_no": doc_no, "lines": len(lines)}
    await tx.note(("projects_plan", plan["id"], plan["division_code"]), "projects.plan.adjust", clause=CLAUSE, **facts)
    return moved


async def _apply(tx: Tx, plan: Row, line: Row, change: Change) -> None:
    if change.kind == "add":
        item = await tx.conn.fetchrow(
            "INSERT INTO projects_plan_item (plan, project, division_code, amount_fen, reservoir, added_by)"
            " VALUES ($1, $2, $3, $4, $5, $6) RETURNING *",
            plan["id"],
            line["project"],
            line["division_code"],
            change.after_fen,
            queries.reservoir_of(line),
            tx.actor.user_id,
        )
        await enter(tx, plan, dict(item) if item else {})
        return
    item = await queries.standing_item(tx, line["project"])
    if item is None:
        raise Refused("PRJ-352", title=line["title"])
    if change.kind == "drop":
        await leave(tx, item, "adjusted", line["reason"] or plan["doc_no"])
        return
    await tx.conn.execute("UPDATE projects_plan_item SET amount_fen = $2 WHERE id = $1", item["id"], change.after_fen)
    facts = {"plan": plan["title"], "before": change.before_fen, "after": change.after_fen, "doc_no": plan["doc_no"]}
    await tx.note(subject(await lock(tx, line["project"])), "projects.plan.amount", clause=CLAUSE, **facts)


@command(P.APPROVE_PLAN, audit="projects.adjustment.refuse")
async def refuse(tx: Tx, adjustment_id: int, reason: str) -> Row:
    """Refuse an adjustment: the plan stays as it is. Raises: Refused PRJ-205, KRN-408."""
    row = await queries.adjustment(tx, adjustment_id, lock=True)
    decided = {"opinion": reason, "decided_on": tx.today, "decided_by": tx.actor.name}
    return await fire(tx, ADJUSTMENT, Adjustment, row, "refuse", reason=reason, sets=decided)


@command(P.PLAN, audit="projects.adjustment.withdraw")
async def withdraw(tx: Tx, adjustment_id: int) -> Row:
    """Take a proposal back before it is decided. Raises: Refused KRN-408."""
    return await fire(tx, ADJUSTMENT, Adjustment, await queries.adjustment(tx, adjustment_id, lock=True), "withdraw")

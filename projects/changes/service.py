"""Commands of the changes room: propose, pass, send back, decide; what is approved takes hold at once."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from typing import Any

from projects.changes import places, queries, rules
from projects.changes.forms import AdjustForm, DecideForm, StopForm
from projects.changes.rules import Action, Part, Terms
from projects.changes.states import CHANGE as MACHINE
from projects.changes.states import S
from projects.changes.tables import Change
from projects.events import ContractChanged, ProjectTerminated
from projects.permissions import P
from projects.queries import lock, subject
from projects.rules import Line, problems
from projects.states import PROJECT as PROJECT_MACHINE
from projects.tables import Project
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Invalid, Refused
from quzhou_migrants.kernel.files import files_of, store
from quzhou_migrants.kernel.money import Fen
from quzhou_migrants.kernel.states import fire, too_late
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
TABLE = queries.CHANGE
PAPER = "change"


@command(P.BUILD, audit="projects.change.propose")
async def propose(
    tx: Tx, project_id: int, action: Action, form: AdjustForm | StopForm, *, change_id: int | None = None
) -> int:
    """Ask for a change of a chosen project, or ask again for one that came back. Gives the change's id.

    Raises: Invalid with every condition that does not hold (PRJ-470 to 474, 480, 481); Refused PRJ-476
    (not in this state), KRN-404, KRN-408, KRN-409; by constraint PRJ-475 (one is open already).
    Source: 政府投资条例 第二十一、二十三条
    """
    row = await lock(tx, project_id, seen=form.seen)
    if row["state"] not in rules.STATES[action]:
        raise Refused("PRJ-476")
    before = await queries.terms_of(tx, row)
    after = _after(before, form, action)
    papers = len(form.papers) + await _papers(tx, change_id)
    facts = await _facts(tx, row, action, before, after, form, papers)
    made = await _again(tx, change_id, facts) if change_id else await _write(tx, row, facts)
    for paper in form.papers:
        await store(tx, paper, owner=(TABLE, made), kind=PAPER, division_code=row["division_code"])
    told = {"action": action.value, "parts": facts["parts"], "reason": form.reason, "change": made}
    await tx.note(subject(row), "projects.change.propose", clause=rules.CHANGES, **told)
    if change_id is None:
        await tx.note((TABLE, made, row["division_code"]), "projects.change.propose", clause=rules.CHANGES, **told)
    return made


def _after(before: Terms, form: AdjustForm | StopForm, action: Action) -> Terms:
    """Give the agreement as it shall stand; what does not exist yet cannot be changed.

    Raises: Refused KRN-801, KRN-802, PRJ-145 about the place.
    """
    if isinstance(form, StopForm):
        ends_on = form.ends_on if action is Action.RESUME else None
        return Terms(**{**asdict(before), "ends_on": ends_on or before.ends_on})
    contracted = before.ends_on is not None
    lat, lon, shape = places.drawn(form, before)
    return Terms(
        place=form.place,
        lat=lat,
        lon=lon,
        shape=shape,
        content=form.content,
        contract_fen=form.contract_fen if contracted else before.contract_fen,
        own_fen=form.own_fen,
        other_fen=form.other_fen,
        ends_on=(form.ends_on or before.ends_on) if contracted else None,
    )


async def _facts(  # noqa: PLR0913 - what is asked, of what, by whom
    tx: Tx, row: Row, action: Action, before: Terms, after: Terms, form: AdjustForm | StopForm, papers: int
) -> Row:
    """Check what is asked and give the columns of the change order. Raises: Invalid."""
    limits = queries.limits(tx.policy_for(row["division_code"]))
    parts = rules.parts_changed(before, after)
    audit = form.audit_doc if isinstance(form, AdjustForm) else ""
    grown = await queries.grown(tx, row["id"])
    asked = rules.Asked(
        before, after, parts, form.cause, audit, papers, row["award_fen"], row["estimate_fen"], grown, tx.today
    )
    keep = form.keep_fen if isinstance(form, StopForm) and action is Action.TERMINATE else 0
    lines = rules.check(asked, limits) if action is Action.ADJUST else rules.check_stop(action, asked, keep, limits)
    if found := problems(lines):
        raise Invalid(found)
    return {
        "action": action.value,
        "parts": [str(p) for p in parts],
        "cause": form.cause.value,
        "reason": form.reason,
        "audit_doc": audit,
        "before": _json({k: v for p in parts for k, v in before.of(p).items()}),
        "after": _json({k: v for p in parts for k, v in after.of(p).items()}),
        "growth_fen": after.contract_fen - before.contract_fen,
        "keep_fen": keep,
        "minor": action is Action.ADJUST and rules.is_minor(parts, before, after, limits),
        "lines": _lines(lines),
        "policy": tx.policy_for(row["division_code"]).version,
        "proposed_by": tx.actor.user_id,
        "proposed_at": tx.now,
    }


async def _write(tx: Tx, row: Row, facts: Row) -> int:
    columns = {"project": row["id"], "division_code": row["division_code"], "is_demo": row["is_demo"], **facts}
    marks = ", ".join(f"${n}" for n in range(1, len(columns) + 1))
    sql = f"INSERT INTO {TABLE} ({', '.join(columns)}) VALUES ({marks}) RETURNING id"  # noqa: S608 - our own names
    return int(await tx.conn.fetchval(sql, *columns.values()))


async def _again(tx: Tx, change_id: int, facts: Row) -> int:
    change = await queries.find(tx, change_id, lock=True)
    await fire(tx, MACHINE, Change, change, "propose", clause=rules.CHANGES, sets=facts, reason=facts["reason"])
    return change_id


async def _papers(tx: Tx, change_id: int | None) -> int:
    return len(await files_of(tx, (TABLE, change_id))) if change_id else 0


@command(P.CHECK, audit="projects.change.pass")
async def pass_on(tx: Tx, change_id: int, form: DecideForm) -> Row:
    """The township passes a change order to the county.

    Raises: Refused PRJ-478 (one's own proposal), KRN-404, KRN-408, KRN-409.
    """
    return await _move(tx, change_id, form, "pass", actor=tx.actor.user_id)


@command(P.CHECK, audit="projects.change.return")
async def send_back(tx: Tx, change_id: int, form: DecideForm) -> Row:
    """The township returns a change order. Raises: Refused PRJ-482 (no reason), KRN-404, KRN-408, KRN-409."""
    return await _move(tx, change_id, form, "return")


@command(P.APPROVE_CHANGE, audit="projects.change.send_back")
async def hand_back(tx: Tx, change_id: int, form: DecideForm) -> Row:
    """The county's leader returns a change order. Raises: Refused PRJ-482, KRN-404, KRN-408, KRN-409."""
    return await _move(tx, change_id, form, "send_back")


@command(P.APPROVE_CHANGE, audit="projects.change.refuse")
async def refuse(tx: Tx, change_id: int, form: DecideForm) -> Row:
    """The county's leader refuses a change order. Raises: Refused PRJ-482, KRN-404, KRN-408, KRN-409."""
    return await _move(tx, change_id, form, "refuse", decided_at=tx.now)


@command(P.BUILD, audit="projects.change.withdraw")
async def withdraw(tx: Tx, change_id: int, form: DecideForm) -> Row:
    """Who asked takes a change order back. Raises: Refused KRN-404, KRN-408, KRN-409."""
    return await _move(tx, change_id, form, "withdraw", decided_at=tx.now)


@command(P.APPROVE_CHANGE, audit="projects.change.approve")
async def approve(tx: Tx, change_id: int, form: DecideForm) -> Row:
    """The county's leader approves a change order with a document, and it takes hold.

    Raises: Refused PRJ-478 (one's own proposal), PRJ-484 (no document), PRJ-476, PRJ-477 (things moved
    meanwhile), KRN-404, KRN-408, KRN-409;
    Invalid when a condition no longer holds; whatever the ledger refuses about the money.
    """
    return await _approve(tx, change_id, form, "approve")


@command(P.ADMIT, audit="projects.change.approve_minor")
async def approve_minor(tx: Tx, change_id: int, form: DecideForm) -> Row:
    """The county's clerk approves a small extension of time. Raises: as approve, and Refused PRJ-479."""
    return await _approve(tx, change_id, form, "approve_minor")


async def _approve(tx: Tx, change_id: int, form: DecideForm, verb: str) -> Row:
    change = await _move(tx, change_id, form, verb, decided_at=tx.now, actor=tx.actor.user_id)
    row = await lock(tx, change["project"])
    if row["state"] not in rules.STATES[Action(change["action"])]:
        raise Refused("PRJ-476")
    await _APPLY[change["action"]](tx, row, change)
    return change


async def _move(tx: Tx, change_id: int, form: DecideForm, verb: str, **facts: Any) -> Row:  # noqa: ANN401 - facts
    """Fire one arrow of a change order that was seen as it stands."""
    row = await queries.find(tx, change_id, lock=True)
    if row["version"] != form.seen:
        raise await too_late(tx, TABLE, change_id)
    sets: Row = {"opinion": form.opinion}
    if "decided_at" in facts:
        sets |= {"decided_at": facts.pop("decided_at"), "doc_no": form.doc_no}
    moved = await fire(
        tx,
        MACHINE,
        Change,
        row,
        verb,
        clause=rules.CHANGES,
        reason=form.opinion,
        doc_no=form.doc_no,
        sets=sets,
        **facts,
    )
    return {**moved, "before": row["before"], "after": row["after"]}


async def _adjust(tx: Tx, row: Row, change: Row) -> None:
    """Let an adjustment take hold: the project, its contract, its milestones, and the ledger through an event."""
    now = await queries.terms_of(tx, row)
    if any(queries.written(asdict(now))[name] != value for name, value in change["before"].items()):
        raise Refused("PRJ-477")
    after = Terms(**{**asdict(now), **_read(change["after"])})
    await _recheck(tx, row, change, now, after)
    columns = {k: v for k, v in change["after"].items() if k != "ends_on"}
    if columns:
        assigns = ", ".join(f"{name} = ${n}" for n, name in enumerate(columns, start=2))
        await tx.conn.execute(
            f"UPDATE projects_project SET version = version + 1, {assigns} WHERE id = $1",  # noqa: S608 - our own names
            row["id"],
            *columns.values(),
        )
    if after.ends_on and now.ends_on:
        await tx.conn.execute(
            "UPDATE projects_contract SET amount_fen = $2, ends_on = $3 WHERE project = $1",
            row["id"],
            after.contract_fen,
            after.ends_on,
        )
        await _shift(tx, row["id"], rules.extension_days(now, after))
    await _tell(tx, row, change)
    if after.contract_fen != now.contract_fen:
        told = ContractChanged(row["id"], row["division_code"], now.contract_fen, after.contract_fen, change["id"])
        tx.emit(told)


async def _recheck(tx: Tx, row: Row, change: Row, before: Terms, after: Terms) -> None:
    """Check the conditions once more on the day of the decision. Raises: Invalid."""
    asked = rules.Asked(
        before,
        after,
        tuple(Part(p) for p in change["parts"]),
        change["cause"],
        change["audit_doc"],
        await _papers(tx, change["id"]),
        row["award_fen"],
        row["estimate_fen"],
        await queries.grown(tx, row["id"]) - max(0, after.contract_fen - before.contract_fen),
        tx.today,
    )
    if found := problems(rules.check(asked, queries.limits(tx.policy_for(row["division_code"])))):
        raise Invalid(found)


async def _shift(tx: Tx, project_id: int, days: int) -> None:
    """Move the planned days of every unfinished step by as many days as the term grew."""
    if days:
        await tx.conn.execute(
            "UPDATE projects_milestone SET planned_on = planned_on + $2::int WHERE project = $1 AND progress_bp < $3",
            project_id,
            days,
            rules.FULL_BP,
        )


async def _suspend(tx: Tx, row: Row, change: Row) -> None:
    await fire(tx, PROJECT_MACHINE, Project, row, "suspend", clause=rules.STOP, **_said(change))


async def _resume(tx: Tx, row: Row, change: Row) -> None:
    moved = await fire(tx, PROJECT_MACHINE, Project, row, "resume", clause=rules.TERM, **_said(change))
    if change["after"]:
        await _adjust(tx, moved, change)


async def _terminate(tx: Tx, row: Row, change: Row) -> None:
    """End a project for good: the contract shrinks to what was built, the rest of the award is released."""
    keep: Fen = change["keep_fen"]
    await fire(
        tx,
        PROJECT_MACHINE,
        Project,
        row,
        "terminate",
        clause=rules.STOP,
        keep_fen=keep,
        sets={"contract_fen": keep, "closing_reason": change["reason"], "closing_clause": rules.STOP},
        **_said(change),
    )
    tx.emit(ProjectTerminated(row["id"], row["division_code"], keep, change["reason"]))


def _said(change: Row) -> Row:
    return {"reason": change["reason"], "doc_no": change["doc_no"], "change": change["id"]}


async def _tell(tx: Tx, row: Row, change: Row) -> None:
    await tx.note(
        subject(row),
        "projects.change.apply",
        clause=rules.CHANGES,
        before=change["before"],
        after=change["after"],
        **_said(change),
    )


def _read(values: Row) -> Row:
    """Read values as the row keeps them: the one date back from text."""
    ends = values.get("ends_on")
    return {**values, "ends_on": date.fromisoformat(ends)} if ends else dict(values)


def _json(values: Row) -> str:
    return json.dumps(queries.written(values), ensure_ascii=False)


def _lines(lines: list[Line]) -> str:
    return json.dumps([asdict(line) for line in lines], ensure_ascii=False, default=str)


_APPLY = {
    Action.ADJUST.value: _adjust,
    Action.SUSPEND.value: _suspend,
    Action.RESUME.value: _resume,
    Action.TERMINATE.value: _terminate,
}
OPEN = tuple(str(s) for s in (S.PROPOSED, S.PASSED, S.RETURNED))

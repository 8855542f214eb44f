"""Commands around a window: a county keeps it open longer, a village asks to file late, a leader answers."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from projects.intake import queries, windows
from projects.intake.forms import ExtendForm
from projects.intake.parameters import window_rules
from projects.intake.states import LATE
from projects.intake.tables import Late
from projects.permissions import P
from projects.queries import lock, subject
from projects.states import EDITABLE
from quzhou_migrants.kernel.clock import add_working_days
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.states import fire, too_late
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
FILING = "衢政办发〔2016〕65号 二(二)1"
COUNTY_DIGITS, FULL = 6, 12


@command(P.OPEN_WINDOW, audit="projects.window.extend")
async def extend(tx: Tx, form: ExtendForm) -> int:
    """A county keeps a window open longer, with its reason; a window that is over stays over.

    Raises: Refused PRJ-175, PRJ-176, PRJ-177, PRJ-178, PRJ-186.
    """
    county = tx.actor.division_code
    if county != county[:COUNTY_DIGITS].ljust(FULL, "0") or county[4:COUNTY_DIGITS] == "00":
        raise Refused("PRJ-178")
    rules = window_rules(tx.policy)
    found = windows.named(form.window).until(await queries.extensions(tx, county))
    if found.opens_on.month not in rules.months:
        raise Refused("KRN-404")
    _may_extend(found, form.closes_on, latest_close(found, rules.longest.value, rules.months), tx.today)
    key = await tx.conn.fetchval(
        'INSERT INTO projects_window_extension (division_code, "window", closes_on, reason, doc_no, author, at)'
        " VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
        county,
        found.name,
        form.closes_on,
        form.reason,
        form.doc_no,
        tx.actor.name,
        tx.now,
    )
    await tx.note(
        ("projects_window_extension", key, county),
        "projects.window.extend",
        clause=rules.longest.source,
        window=found.name,
        before=found.closes_on,
        closes_on=form.closes_on,
        reason=form.reason,
    )
    return int(key)


def latest_close(found: windows.Window, longest: int, months: tuple[int, ...]) -> date:
    """The last day a window may be kept open: so many days, and never into the next window."""
    coming = windows.next_window(months, found.opens_at)
    return min(found.usual + timedelta(days=longest), coming.opens_on - timedelta(days=1))


def _may_extend(found: windows.Window, until: date, latest: date, today: date) -> None:
    if today > found.closes_on:
        raise Refused("PRJ-175", closed=found.closes_on)
    if until <= found.closes_on:
        raise Refused("PRJ-176", field="closes_on", closes=found.closes_on)
    if until > latest:
        raise Refused("PRJ-177", field="closes_on", latest=latest)


@command(P.SUBMIT, audit="projects.late.ask")
async def ask_late(tx: Tx, project_id: int, reason: str) -> int:
    """A village asks to file a draft although the window has closed.

    Raises: Refused PRJ-105, PRJ-179 (still open), PRJ-180 (too late to ask), PRJ-181 (asked before).
    """
    row = await lock(tx, project_id)
    if row["state"] not in EDITABLE:
        raise Refused("PRJ-105")
    policy = tx.policy_for(row["division_code"])
    rules = window_rules(policy)
    closed = windows.last_window(rules.months, tx.now, await queries.extensions(tx, row["division_code"]))
    if closed.contains(tx.now):
        raise Refused("PRJ-179")
    last = add_working_days(closed.closes_on, rules.ask_days.value, policy.work_calendar)
    if tx.today > last:
        raise Refused("PRJ-180", last=last)
    key = await tx.conn.fetchval(
        'INSERT INTO projects_late (project, division_code, "window", reason, asked_by, asked_at)'
        " VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
        project_id,
        row["division_code"],
        closed.name,
        reason,
        tx.actor.user_id,
        tx.now,
    )
    await tx.note(subject(row), "projects.late.ask", clause=rules.ask_days.source, reason=reason, window=closed.name)
    return int(key)


@command(P.ALLOW_LATE, audit="projects.late.grant")
async def grant_late(tx: Tx, late_id: int, seen: int, answer: str) -> Row:
    """A county leader lets a village file late, for a number of working days.

    Raises: Refused KRN-404, KRN-408, KRN-409.
    """
    row = await _plea(tx, late_id, seen)
    policy = tx.policy_for(row["division_code"])
    bound = window_rules(policy).grant_days
    until = add_working_days(tx.today, bound.value, policy.work_calendar)
    sets = {"until": until, "answer": answer, "decided_at": tx.now}
    moved = await fire(tx, LATE, Late, row, "grant", clause=bound.source, until=until, opinion=answer, sets=sets)
    await tx.note(_project(row), "LATE.grant", clause=bound.source, until=until, opinion=answer)
    return moved


@command(P.ALLOW_LATE, audit="projects.late.refuse")
async def refuse_late(tx: Tx, late_id: int, seen: int, answer: str) -> Row:
    """A county leader keeps to the window, and says why.

    Raises: Refused PRJ-205, KRN-404, KRN-408, KRN-409.
    """
    row = await _plea(tx, late_id, seen)
    sets = {"answer": answer, "decided_at": tx.now}
    moved = await fire(tx, LATE, Late, row, "refuse", clause=FILING, reason=answer, sets=sets)
    await tx.note(_project(row), "LATE.refuse", clause=FILING, reason=answer)
    return moved


def _project(row: Row) -> tuple[str, int, str]:
    return "projects_project", row["project"], row["division_code"]


async def _plea(tx: Tx, late_id: int, seen: int) -> Row:
    row = await tx.conn.fetchrow("SELECT * FROM projects_late WHERE id = $1 FOR UPDATE", late_id)
    if row is None:
        raise Refused("KRN-404")
    if row["version"] != seen:
        raise await too_late(tx, "projects_late", late_id)
    return dict(row)

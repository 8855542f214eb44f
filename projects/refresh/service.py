"""Commands of the refresh: open, answer, close with a snapshot, expire, readmit, freeze."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from projects.permissions import P
from projects.queries import lock, subject
from projects.ranking.queries import ranking_in_force
from projects.refresh import queries, rules
from projects.refresh.forms import AnswerForm
from projects.refresh.rules import Span
from projects.refresh.states import REFRESH, S, Said
from projects.refresh.tables import Refresh
from projects.reserve import rules as reserve_rules
from projects.reserve.service import cycle
from projects.states import PROJECT as MACHINE
from projects.states import S as ProjectState
from projects.tables import Project
from quzhou_migrants.kernel.actor import code_range
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Invalid, Refused
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
CLAUSE = "衢政办发〔2016〕65号 二(二)1"


@command(P.REFRESH, audit="projects.refresh.open")
async def open_refresh(tx: Tx) -> int:
    """Open this month's refresh of the caller's county.

    Raises: Refused PRJ-270 (not a month of refresh), PRJ-277 (not a county), PRJ-278 (open already).
    Source: 衢政办发〔2016〕65号 二(二)1
    """
    county = tx.actor.division_code
    if await tx.conn.fetchval("SELECT level FROM kernel_division WHERE code = $1", county) != "county":
        raise Refused("PRJ-277")
    months = tuple(tx.policy.get("projects.reserve.refresh_months"))
    span = rules.running(tx.today, months)
    if span is None:
        raise Refused("PRJ-270", months="、".join(map(str, months)))
    return await begin(tx, county, span)


_OPEN = f"""
INSERT INTO projects_refresh (division_code, name, opens_on, closes_on, due, created_at)
SELECT $4, $5, $3, $6, (SELECT count(*) FROM projects_project p WHERE {queries.DUE}), $7 RETURNING id
"""  # noqa: S608 - a constant of ours


async def begin(tx: Tx, county: str, span: Span) -> int:
    """Write a campaign down, with how many projects have to answer."""
    refresh_id = await tx.conn.fetchval(
        _OPEN, *code_range(county), span.opens_on, county, span.name, span.closes_on, tx.now
    )
    await tx.note(("projects_refresh", refresh_id, county), "projects.refresh.open", clause=CLAUSE, name=span.name)
    return int(refresh_id)


@command(P.SUBMIT, audit="projects.refresh.answer")
async def answer(tx: Tx, refresh_id: int, project_id: int, form: AnswerForm) -> None:
    """The owner confirms a project, brings it up to date, or takes it back; until the end the answer may be changed.

    Raises: Invalid (PRJ-141, 142, 144, 273, 276); Refused PRJ-272 (over), PRJ-274 (not in this
    refresh), PRJ-275 (no reason), PRJ-281 (left already), KRN-409.
    """
    await _hold(tx, refresh_id, shared=True)
    row = await queries.refresh(tx, refresh_id)
    if row["state"] != S.OPEN or tx.today > row["closes_on"]:
        raise Refused("PRJ-272")
    before = await queries.answer(tx, refresh_id, project_id)
    if before and before["answer"] == Said.WITHDRAWN:
        raise Refused("PRJ-281")
    project = await lock(tx, project_id, seen=form.seen)
    _in_campaign(tx, row, project)
    if form.answer == Said.WITHDRAWN:
        if not form.note:
            raise Refused("PRJ-275", field="note")
        sets = {"closing_reason": form.note}
        await fire(tx, MACHINE, Project, project, "leave", clause=CLAUSE, reason=form.note, sets=sets)
        return await _keep(tx, row, project, form, {})
    if form.answer == Said.CONFIRMED:
        await tx.note(subject(project), "projects.refresh.confirm", clause=CLAUSE, name=row["name"], note=form.note)
        return await _keep(tx, row, project, form, {})
    changed = await _change(tx, project, form)
    await tx.note(
        subject(project), "projects.refresh.change", clause=CLAUSE, name=row["name"], note=form.note, changed=changed
    )
    return await _keep(tx, row, project, form, changed)


async def _hold(tx: Tx, refresh_id: int, *, shared: bool) -> None:
    """Let answers come side by side, but none while a campaign closes: a village cannot lock its county's row."""
    kind = "_shared" if shared else ""
    await tx.conn.execute(
        f"SELECT pg_advisory_xact_lock{kind}(hashtext('projects_refresh'), $1::int)",
        refresh_id,
    )


def _in_campaign(tx: Tx, row: Row, project: Row) -> None:
    lo, hi = code_range(row["division_code"])
    day = project["admitted_at"].astimezone(tx.now.tzinfo).date() if project["admitted_at"] else date.max
    if project["state"] != ProjectState.ADMITTED or not lo <= project["division_code"] < hi or day >= row["opens_on"]:
        raise Refused("PRJ-274")


async def _change(tx: Tx, project: Row, form: AnswerForm) -> dict[str, tuple[Any, Any]]:
    """Write the new figures on the project; answer what differs."""
    after = {name: getattr(form, name) for name in rules.MAY_CHANGE}
    growth = tx.policy_for(project["division_code"]).whole("projects.refresh.growth_bp")
    admitted = rules.as_admitted(project, await queries.changed_since(tx, project))
    found = rules.check_change(project, after, growth, admitted)
    if found:
        raise Invalid(found)
    changed = rules.changes(project, after)
    assigns = ", ".join(f"{name} = ${n}" for n, name in enumerate(changed, start=2))
    await tx.conn.execute(
        f"UPDATE projects_project SET {assigns}, version = version + 1 WHERE id = $1",  # noqa: S608 - our own names
        project["id"],
        *(after[name] for name in changed),
    )
    return changed


_KEEP = """
INSERT INTO projects_refresh_answer (refresh, project, division_code, answer, note, before, after, author,
  author_title, at)
VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7::jsonb, $8, $9, $10)
ON CONFLICT ON CONSTRAINT projects_refresh_answer_once DO UPDATE SET
  answer = CASE WHEN projects_refresh_answer.answer = 'changed' AND excluded.answer = 'confirmed' THEN 'changed'
    ELSE excluded.answer END, note = excluded.note,
  before = excluded.before || projects_refresh_answer.before, after = projects_refresh_answer.after || excluded.after,
  author = excluded.author, author_title = excluded.author_title, at = excluded.at
"""


async def _keep(tx: Tx, row: Row, project: Row, form: AnswerForm, changed: dict[str, tuple[Any, Any]]) -> None:
    before, after = ({name: pair[n] for name, pair in changed.items()} for n in (0, 1))
    await tx.conn.execute(
        _KEEP,
        row["id"],
        project["id"],
        project["division_code"],
        form.answer,
        form.note,
        json.dumps(before, default=str),
        json.dumps(after, default=str),
        tx.actor.name,
        tx.actor.title,
        tx.now,
    )


@command(P.REFRESH, audit="projects.refresh.close")
async def close(tx: Tx, refresh_id: int) -> Row:
    """Close a campaign: silence is counted, long silence expires, and the reserve is frozen as it then stands.

    Raises: Refused PRJ-271 (before its last day is over while answers are missing), KRN-408.
    Source: 衢政办发〔2016〕65号 二(二)1
    """
    await _hold(tx, refresh_id, shared=False)
    row = await queries.refresh(tx, refresh_id, lock=True)
    moved = await fire(
        tx,
        REFRESH,
        Refresh,
        row,
        "close",
        clause=CLAUSE,
        unanswered=await queries.waiting(tx, row),
        today=tx.today,
        sets={"closed_at": tx.now},
    )
    await _count_silence(tx, row)
    expired = await expire_silent(tx, row)
    found = await queries.counts(tx, moved)
    await freeze(tx, row["division_code"], row["name"], refresh=refresh_id)
    closed = await tx.conn.fetchrow(
        "UPDATE projects_refresh SET confirmed = $2, changed = $3, withdrawn = $4, silent = $5, expired = $6"
        " WHERE id = $1 RETURNING *",
        refresh_id,
        *(found[name] for name in ("confirmed", "changed", "withdrawn", "silent")),
        expired,
    )
    return dict(closed)


_SILENT = f"""
INSERT INTO projects_refresh_answer (refresh, project, division_code, answer, silences, at)
SELECT $4, p.id, p.division_code, 'silent', 1 + {queries.SILENCES}, $5 FROM projects_project p
WHERE {queries.DUE}
  AND NOT EXISTS (SELECT 1 FROM projects_refresh_answer a WHERE a.refresh = $4 AND a.project = p.id)
RETURNING project, division_code, silences
"""  # noqa: S608 - constants of ours


async def _count_silence(tx: Tx, row: Row) -> None:
    """Write a silence for everybody who did not answer, one more than in the refresh before."""
    silent = await tx.conn.fetch(_SILENT, *code_range(row["division_code"]), row["opens_on"], row["id"], tx.now)
    for one in silent:
        place = ("projects_project", one["project"], one["division_code"])
        await tx.note(place, "projects.refresh.silent", clause=CLAUSE, name=row["name"], times=one["silences"])


async def expire_silent(tx: Tx, row: Row) -> int:
    """Let projects leave that were silent as often in a row as the pack allows; answer how many did."""
    limit = tx.policy_for(row["division_code"]).whole("projects.refresh.silence_limit")
    rows = await tx.conn.fetch(
        "SELECT project, silences FROM projects_refresh_answer WHERE refresh = $1 AND silences > 0 ORDER BY project",
        row["id"],
    )
    gone = [r for r in rows if rules.lapsed(r["silences"], limit)]
    for one in gone:
        reason = CATALOGUE.text("projects.refresh.reason.silence").format(times=one["silences"])
        await _expire(tx, await lock(tx, one["project"]), reason)
    return len(gone)


async def _expire(tx: Tx, project: Row, reason: str) -> Row:
    sets = {"closing_reason": reason, "closing_clause": CLAUSE}
    return await fire(tx, MACHINE, Project, project, "expire", clause=CLAUSE, reason=reason, sets=sets)


@command(P.ADMIT, audit="projects.refresh.expire")
async def expire_ended(tx: Tx) -> int:
    """Let every project leave the reserve whose last day is over; answer how many did.

    Source: 衢政办发〔2016〕65号 二(二)1 (a pool that rolls over three to five years)
    """
    rows = await tx.conn.fetch(
        "SELECT id FROM projects_project WHERE state = 'admitted' AND valid_until < $1 ORDER BY id", tx.today
    )
    for row in rows:
        project = await lock(tx, row["id"])
        reason = CATALOGUE.text("projects.refresh.reason.term").format(until=project["valid_until"])
        await _expire(tx, project, reason)
    return len(rows)


@command(P.ADMIT, audit="projects.refresh.readmit")
async def readmit(tx: Tx, project_id: int, seen: int, years: int, opinion: str) -> Row:
    """Take an expired project back for a new term, counted from today; its silences begin anew.

    Raises: Refused PRJ-206 (outside the cycle), PRJ-203, KRN-408, KRN-409.
    """
    project = await lock(tx, project_id, seen=seen)
    until = reserve_rules.valid_until(tx.today, years, *cycle(tx))
    return await fire(
        tx,
        MACHINE,
        Project,
        project,
        "readmit",
        clause=CLAUSE,
        today=tx.today,
        valid_until=until,
        opinion=opinion,
        sets={"valid_until": until, "admitted_at": tx.now, "closing_reason": "", "closing_clause": ""},
    )


@command(P.REFRESH, audit="projects.snapshot.take")
async def freeze_now(tx: Tx, reason: str) -> int:
    """Freeze the caller's reserve as it stands today.

    Raises: Refused PRJ-277 (not a county), PRJ-279 (frozen today already), PRJ-280 (nothing there).
    """
    county = tx.actor.division_code
    if await tx.conn.fetchval("SELECT level FROM kernel_division WHERE code = $1", county) != "county":
        raise Refused("PRJ-277")
    taken = await freeze(tx, county, tx.today.isoformat(), reason=reason)
    if taken is None:
        raise Refused("PRJ-280")
    return taken


_FREEZE = """
INSERT INTO projects_snapshot (division_code, name, taken_on, refresh, ranking, projects, asked_fen, sha256, reason,
  taken_by, taken_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id
"""
_TYPES = {
    "estimate_fen": "bigint", "asked_fen": "bigint", "own_fen": "bigint", "other_fen": "bigint",
    "beneficiaries": "int", "migrants": "int", "low_income": "int", "valid_until": "date", "silences": "int",
    "rank": "int",
}  # fmt: skip
_COLUMNS = ("project", "division_code", *rules.FROZEN)
_FREEZE_ROWS = (
    f"INSERT INTO projects_snapshot_row (snapshot, {', '.join(_COLUMNS)}) SELECT $1, * FROM unnest("  # noqa: S608 - our own names
    "$2::bigint[], $3::text[], "
    + ", ".join(f"${n}::{_TYPES.get(name, 'text')}[]" for n, name in enumerate(rules.FROZEN, start=4))
    + ")"
)


async def freeze(tx: Tx, county: str, name: str, *, refresh: int | None = None, reason: str = "") -> int | None:
    """Write the reserve of a county down as it stands, with the ranking in force; None for an empty one."""
    ranking = await ranking_in_force(tx, county)
    ranked = ranking["id"] if ranking else None
    rows = await queries.reserve_now(tx, county, ranked)
    return await write_snapshot(tx, county, name, rows, ranking=ranked, refresh=refresh, reason=reason)


async def write_snapshot(  # noqa: PLR0913 - a snapshot has these parts
    tx: Tx, county: str, name: str, rows: list[Row], *, ranking: int | None, refresh: int | None, reason: str = ""
) -> int | None:
    """Keep rows as a snapshot under the hash of their content; None when there are none."""
    if not rows:
        return None
    snapshot_id = await tx.conn.fetchval(
        _FREEZE,
        county,
        name,
        tx.today,
        refresh,
        ranking,
        len(rows),
        sum(r["asked_fen"] for r in rows),
        rules.digest(rows),
        reason,
        tx.actor.name,
        tx.now,
    )
    await tx.conn.execute(_FREEZE_ROWS, snapshot_id, *([r[column] for r in rows] for column in _COLUMNS))
    await tx.note(("projects_snapshot", snapshot_id, county), "projects.snapshot.take", projects=len(rows))
    return int(snapshot_id)

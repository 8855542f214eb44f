"""Commands of intake: start, file, take back; what is typed meanwhile is kept by `keeping`, papers by `papers`."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, cast

from projects.events import ProjectSubmitted
from projects.intake import papers, queries, windows
from projects.intake.changes import Changes, since_return
from projects.intake.draft import Checked, Step, Villages, check_draft, drawn
from projects.intake.filing import file_away
from projects.intake.forms import Basics, Benefit, Decision, Posting, StartForm, Works
from projects.intake.parameters import intake_rules
from projects.intake.states import LateState
from projects.notices import filing as notices
from projects.permissions import P
from projects.queries import PROJECT, find, lock
from projects.states import PROJECT as MACHINE
from projects.states import S
from projects.tables import Project
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Invalid, Refused
from quzhou_migrants.kernel.files import files_of
from quzhou_migrants.kernel.geo import middle
from quzhou_migrants.kernel.grams import bigrams
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
FILING = "衢政办发〔2016〕65号 二(二)1"


@command(P.SUBMIT, audit="projects.application.start")
async def start(tx: Tx, form: StartForm) -> int:
    """Open a draft for the village of the person who starts it, empty or copied from an earlier application.

    Raises: Refused PRJ-102, only a village files; PRJ-185, a copy of another village's.
    """
    village = tx.actor.division_code
    level = await tx.conn.fetchval("SELECT level FROM kernel_division WHERE code = $1 AND active", village)
    if level != "village":
        raise Refused("PRJ-102")
    project_id = await tx.conn.fetchval("SELECT nextval(pg_get_serial_sequence('projects_project', 'id'))")
    draft = await _copied(tx, form.copy_of, village) if form.copy_of else {}
    draft["basics"] = {**draft.get("basics", {}), "title": [form.title], "category": [form.category.value]}
    code = f"{village[:6]}-{tx.today.year}-{project_id:06d}"
    await tx.conn.execute(
        "INSERT INTO projects_project (id, code, division_code, title, category, state, draft, title_grams, created_by)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        project_id,
        code,
        village,
        form.title,
        form.category.value,
        S.DRAFT.value,
        json.dumps(draft, ensure_ascii=False),
        bigrams(form.title),
        tx.actor.user_id,
    )
    await tx.note((PROJECT, project_id, village), "projects.application.start", title=form.title)
    if form.copy_of:
        await tx.note((PROJECT, project_id, village), "projects.application.copy", source=form.copy_of)
    return int(project_id)


NOT_COPIED = frozenset({"starts_on", "ends_on", "no_duplicate", "sector_note", "designed_on", "approvals"})
"""Answers that every application gives anew: its dates, what was checked with other departments, approvals."""


async def _copied(tx: Tx, project_id: int, village: str) -> dict[str, Any]:
    """Take over what may be said again; the village's decision, its notice and the papers are never copied."""
    source = await find(tx, project_id)
    if source["division_code"] != village:
        raise Refused("PRJ-185", field="copy_of")
    return {
        part: {k: v for k, v in source["draft"].get(part, {}).items() if k.partition(".")[0] not in NOT_COPIED}
        for part in ("basics", "works", "benefit", "readiness")
    }


async def check(tx: Tx, row: Row) -> Checked:
    """Check a draft as it stands, with the rules of today. A read.

    Shape: `remarked` are the remarks whose field nobody has changed since; `changes` what was mended.
    """
    found = queries.counted(await files_of(tx, papers.owner(row)))
    rule = intake_rules(tx.policy_for(row["division_code"]))
    joint = any(k.startswith("partners.") for k in row["draft"].get("benefit", {}))
    villages = Villages(await queries.villages(tx, row["division_code"]), row["division_code"]) if joint else None
    spoken: list[Row] = []
    changes = Changes()
    if row["state"] == S.RETURNED:
        spoken = await queries.remarks(tx, row["id"], row["round"])
        changes = await since_return(tx, row)
    mended = changes.fields | (await queries.kinds_since(tx, row["id"], spoken[0]["at"]) if spoken else set())
    draft, said = await notices.posted(tx, row)
    checked = check_draft(
        draft,
        found,
        rule,
        today=tx.today,
        work=tx.policy.work_calendar,
        remarked=queries.by_field([r for r in spoken if r["field"] not in mended]),
        villages=villages,
    )
    problems = [*checked.problems, *said]
    steps = {**checked.steps, "posting": Step.PROBLEM} if said else checked.steps
    return replace(checked, problems=problems, steps=steps, before=changes.before, changed=frozenset(mended))


async def filing_window(tx: Tx, row: Row) -> str:
    """Name the window this filing belongs to.

    A correction of a filing made in time stays in its window until its own term ends; a leader's
    permission to file late counts until its last day.
    Raises: Refused PRJ-103 (no window is open), PRJ-104 (the term of correction is over).
    """
    months = intake_rules(tx.policy_for(row["division_code"])).months
    returned = row["state"] == S.RETURNED and row["window"]
    if returned and row["correct_by"] and tx.today <= row["correct_by"]:
        return str(row["window"])
    extended = await queries.extensions(tx, row["division_code"])
    if current := windows.open_window(months, tx.now, extended):
        return current.name
    late = await queries.late_permit(tx, row["id"])
    if late and late["state"] == LateState.GRANTED and tx.today <= late["until"]:
        return str(late["window"])
    coming = windows.next_window(months, tx.now).until(extended)
    if returned:
        raise Refused("PRJ-104", until=row["correct_by"], opens=coming.opens_on)
    raise Refused("PRJ-103", opens=coming.opens_on, closes=coming.closes_on)


@command(P.SUBMIT, audit="projects.application.submit")
async def submit(tx: Tx, project_id: int) -> Row:
    """File the application: window, every check, receipt, state, in one transaction.

    Raises: Refused PRJ-103, PRJ-104, KRN-408; Invalid with every problem of the draft.
    Source: 衢政办发〔2016〕65号 二(二)1
    """
    row = await lock(tx, project_id)
    MACHINE.arrow(row["state"], "submit")
    name = await filing_window(tx, row)
    if await queries.clashes(tx, project_id):
        raise Refused("PRJ-187")
    checked = await check(tx, row)
    if not checked.ready:
        raise Invalid(checked.problems)
    round_ = row["round"] + 1
    receipt = row["receipt"] or f"{name.replace('-', '')}-{row['division_code'][:6]}-{project_id:06d}"
    await _stand_behind(tx, row, round_, checked)
    await notices.keep_posted(tx, row, cast("Posting", checked.part("posting")))
    await file_away(tx, row, checked, round_=round_, window=name, receipt=receipt)
    moved = await fire(
        tx,
        MACHINE,
        Project,
        row,
        "submit",
        clause=FILING,
        receipt=receipt,
        window=name,
        round=round_,
        sets={
            **_columns(checked),
            "round": round_,
            '"window"': name,
            "receipt": receipt,
            "submitted_at": tx.now,
            "correct_by": None,
        },
    )
    tx.emit(ProjectSubmitted(project_id, row["division_code"], receipt))
    return moved


def _columns(checked: Checked) -> Row:
    """The filed answers as columns of the project."""
    basics = cast("Basics", checked.part("basics"))
    works = cast("Works", checked.part("works"))
    benefit = cast("Benefit", checked.part("benefit"))
    columns: Row = {
        **{name: getattr(basics, name) for name in ("title", "place", "starts_on", "ends_on", "reservoir")},
        **{name: getattr(works, name) for name in WORKS_COLUMNS},
        **{name: getattr(benefit, name) for name in BENEFIT_COLUMNS},
        **_where(basics),
    }
    columns |= {"category": basics.category.value, "way": basics.way.value, "title_grams": bigrams(basics.title)}
    columns["reservoir_kind"] = basics.reservoir_kind.value if basics.reservoir_kind else ""
    return columns


WORKS_COLUMNS = ("content", "estimate_fen", "asked_fen", "own_fen", "other_fen", "labour_fen")
BENEFIT_COLUMNS = (
    "households", "beneficiaries", "migrants", "low_income", "income_fen", "goals", "asset_owner", "caretaker",
)  # fmt: skip


def _where(basics: Basics) -> Row:
    """The place of a filing: its shape, and the point in its middle for small maps and distances."""
    points, shape = drawn(basics)
    lat, lon = middle(points) if points else (None, None)
    return {"lat": lat, "lon": lon, "shape": shape}


async def _stand_behind(tx: Tx, row: Row, round_: int, checked: Checked) -> None:
    """Write the decision and the notice this filing rests on."""
    decision = cast("Decision", checked.part("decision"))
    posting = cast("Posting", checked.part("posting"))
    head = (row["id"], row["division_code"], round_)
    await tx.conn.execute(
        "INSERT INTO projects_resolution (project, division_code, round, body, told_on, held_on, due,"
        " representatives, women, present, votes_for, votes_against, abstained, basis, population, supervised)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        *head,
        decision.body.value,
        decision.told_on,
        decision.held_on,
        decision.due,
        decision.representatives,
        decision.women,
        decision.present,
        decision.votes_for,
        decision.votes_against,
        decision.abstained,
        decision.basis,
        decision.population,
        decision.supervised == "yes",
    )
    await tx.conn.execute(
        "INSERT INTO projects_notice (project, division_code, round, starts_on, ends_on, place, objections,"
        " answered, outcome) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        *head,
        posting.notice_from,
        posting.notice_to,
        posting.notice_place,
        posting.objections,
        posting.answered,
        posting.outcome,
    )


@command(P.SUBMIT, audit="projects.application.withdraw")
async def withdraw(tx: Tx, project_id: int, reason: str) -> Row:
    """Take the application back before the township has acted.

    Raises: Refused KRN-408, PRJ-205.
    """
    row = await lock(tx, project_id)
    return await fire(tx, MACHINE, Project, row, "withdraw", reason=reason, sets={"closing_reason": reason})

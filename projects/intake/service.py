"""Commands of intake: start, keep, file, take back. The only writers of an application."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import msgspec

from projects.events import ProjectSubmitted
from projects.intake import editors, queries, windows
from projects.intake.changes import Changes, since_return
from projects.intake.draft import Checked, Step, Villages, check_draft, drawn, standing
from projects.intake.filing import file_away
from projects.intake.forms import SECTIONS, Basics, Benefit, Decision, PaperForm, Posting, StartForm, Works
from projects.intake.parameters import intake_rules
from projects.intake.states import LateState
from projects.notices import filing as notices
from projects.permissions import P
from projects.queries import PROJECT, find, lock, subject
from projects.states import EDITABLE, S
from projects.states import PROJECT as MACHINE
from projects.tables import Project
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Invalid, Refused
from quzhou_migrants.kernel.file_types import DOCX, JPEG, PDF, PNG, XLSX
from quzhou_migrants.kernel.files import FileRef, drop, files_of, store
from quzhou_migrants.kernel.geo import middle
from quzhou_migrants.kernel.grams import bigrams
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.web.forms import Form, read_raw

Row = dict[str, Any]
PAPERS = frozenset({JPEG, PNG, PDF, DOCX, XLSX})
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


@command(P.SUBMIT, audit="projects.application.keep")
async def keep(tx: Tx, project_id: int, section: str, form: Form[Any]) -> Row:
    """Keep what was typed in one part, right or wrong, and let the title follow.

    A form says what it was filled from (`seen`); what somebody else changed meanwhile is not overwritten.
    Shape: the row, with `clashes`, the answers both changed, and `seen` for the next saving of the same form.
    Raises: Refused PRJ-105, the application is no longer in the village's hands; KRN-404.
    """
    row = await lock(tx, project_id)
    _editable(row)
    names = {f.name for f in msgspec.structs.fields(SECTIONS[section])}
    typed = {
        k: [_storable(v) for v in values[:1] if isinstance(v, str)]
        for k, values in form.raw.items()
        if k.partition(".")[0] in names
    }
    stands = row["draft"].get(section, {})
    merged = editors.merge(editors.read_marks(form.text("seen")), standing(section, stands), typed)
    if merged.clashes:
        await _clash(tx, row, section, typed, merged.clashes)
    if editors.changed(merged.kept, stands):
        await _write(tx, row, section, merged.kept)
    return {**row, "clashes": merged.clashes, "seen": editors.write_marks(merged.seen)}


async def _write(tx: Tx, row: Row, section: str, kept: dict[str, list[str]]) -> None:
    """Put one part into the draft, with who wrote it; title and category follow what can be read."""
    title, category = row["title"], row["category"]
    if section == "basics":
        clean = read_raw(dict(kept), SECTIONS[section], partial=True).clean
        title, category = clean.get("title", title), str(clean.get("category", category))
    by = {**row["draft"].get(BY, {}), section: [tx.actor.name, tx.now.isoformat(timespec="seconds")]}
    row["draft"] = {**row["draft"], section: kept, BY: by}
    row["title"], row["category"] = title, category
    row["version"] = await tx.conn.fetchval(
        "UPDATE projects_project SET draft = $2::jsonb, title = $3, category = $4, title_grams = $5,"
        " version = version + 1 WHERE id = $1 RETURNING version",
        row["id"],
        json.dumps(row["draft"], ensure_ascii=False),
        title,
        category,
        bigrams(title),
    )


BY = "_by"
"""Beside the parts of a draft: who saved which part last, and when."""


async def _clash(tx: Tx, row: Row, section: str, typed: dict[str, list[str]], names: tuple[str, ...]) -> None:
    """Keep the slower text beside the draft, one note per person and part until it is settled."""
    mine = {k: v for k, v in typed.items() if k.partition(".")[0] in names}
    theirs = {k: v for k, v in row["draft"].get(section, {}).items() if k.partition(".")[0] in names}
    who = row["draft"].get(BY, {}).get(section, ["", ""])[0]
    fresh = await tx.conn.fetchval(
        "INSERT INTO projects_draft_clash (project, division_code, section, mine, theirs, theirs_by, by_user, by_name,"
        " at) VALUES ($1, $2, $3, $4::jsonb, $5::jsonb, $6, $7, $8, $9)"
        " ON CONFLICT (project, section, by_user) WHERE settled_at IS NULL"
        " DO UPDATE SET mine = projects_draft_clash.mine || excluded.mine, theirs = excluded.theirs, at = excluded.at"
        " RETURNING xmax = 0",
        row["id"],
        row["division_code"],
        section,
        json.dumps(mine, ensure_ascii=False),
        json.dumps(theirs, ensure_ascii=False),
        who,
        tx.actor.user_id or 0,
        tx.actor.name,
        tx.now,
    )
    if fresh:
        await tx.note(subject(row), "projects.application.clash", note="、".join(_field_titles(names)), other=who)


def _field_titles(names: tuple[str, ...]) -> list[str]:
    return [CATALOGUE.text(f"projects.field.{name}") for name in names]


@command(P.SUBMIT, audit="projects.application.settle")
async def settle(tx: Tx, project_id: int, clash_id: int, seen: str, mine: Sequence[str]) -> Row:
    """Decide between two texts, answer by answer; both stay on record.

    Raises: Refused KRN-404, PRJ-105, PRJ-184 (somebody changed the part again since it was looked at).
    """
    row = await lock(tx, project_id)
    _editable(row)
    clash = next((c for c in await queries.clashes(tx, project_id) if c["id"] == clash_id), None)
    if clash is None:
        raise Refused("KRN-404")
    section = clash["section"]
    stands = row["draft"].get(section, {})
    if editors.write_marks(editors.marks(standing(section, stands))) != seen:
        raise Refused("PRJ-184")
    chosen = {k: v for k, v in clash["mine"].items() if k.partition(".")[0] in mine}
    rest = {k: v for k, v in stands.items() if k.partition(".")[0] not in mine}
    if chosen:
        await _write(tx, row, section, {**rest, **chosen})
    await tx.conn.execute("UPDATE projects_draft_clash SET settled_at = $2 WHERE id = $1", clash_id, tx.now)
    await tx.note(subject(row), "projects.application.settle", note="、".join(_field_titles(tuple(mine))))
    return row


def _storable(text: str) -> str:
    """What was typed, without what no database column holds (NUL, halves of characters)."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode("utf-8")


def _editable(row: Row) -> None:
    if row["state"] not in EDITABLE:
        raise Refused("PRJ-105")


async def check(tx: Tx, row: Row) -> Checked:
    """Check a draft as it stands, with the rules of today. A read.

    Shape: `remarked` are the remarks whose field nobody has changed since; `changes` what was mended.
    """
    found = queries.counted(await files_of(tx, owner(row)))
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


@command(P.SUBMIT, audit="projects.application.paper")
async def add_paper(tx: Tx, project_id: int, form: PaperForm) -> FileRef:
    """Add a paper to an application that is still in the village's hands.

    Raises: Refused PRJ-105, and what the store refuses about type and size.
    """
    row = await lock(tx, project_id)
    _editable(row)
    kept = await store(
        tx, form.paper, owner=owner(row), kind=form.kind.value, division_code=row["division_code"], accept=PAPERS
    )
    await tx.note(subject(row), "projects.application.paper", kind=kept.kind, name=kept.name)
    return kept


@command(P.SUBMIT, audit="projects.application.drop_paper")
async def drop_paper(tx: Tx, project_id: int, file_id: int) -> None:
    """Take a paper out of an application that is still in the village's hands.

    Raises: Refused PRJ-105, KRN-648.
    """
    row = await lock(tx, project_id)
    _editable(row)
    await drop(tx, file_id, owner(row))
    await tx.note(subject(row), "projects.application.drop_paper")


def owner(row: Row) -> tuple[str, int]:
    """Name a project as the owner of its papers."""
    return PROJECT, row["id"]

"""Commands of intake: start, keep, file, take back. The only writers of an application."""

from __future__ import annotations

import json
from typing import Any, cast

import msgspec

from projects.events import ProjectSubmitted
from projects.intake import queries, windows
from projects.intake.draft import Checked, check_draft
from projects.intake.forms import SECTIONS, Basics, Benefit, Decision, PaperForm, Posting, StartForm, Works
from projects.intake.parameters import intake_rules
from projects.permissions import P
from projects.queries import PROJECT, lock, subject
from projects.states import EDITABLE, S
from projects.states import PROJECT as MACHINE
from projects.tables import Project
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Invalid, Refused
from quzhou_migrants.kernel.file_types import DOCX, JPEG, PDF, PNG, XLSX
from quzhou_migrants.kernel.files import FileRef, drop, files_of, store
from quzhou_migrants.kernel.grams import bigrams
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.web.forms import Form

Row = dict[str, Any]
PAPERS = frozenset({JPEG, PNG, PDF, DOCX, XLSX})
FILING = "衢政办发〔2016〕65号 二(二)1"


@command(P.SUBMIT, audit="projects.application.start")
async def start(tx: Tx, form: StartForm) -> int:
    """Open a draft for the village of the person who starts it.

    Raises: Refused PRJ-102, only a village files.
    """
    village = tx.actor.division_code
    level = await tx.conn.fetchval("SELECT level FROM kernel_division WHERE code = $1 AND active", village)
    if level != "village":
        raise Refused("PRJ-102")
    project_id = await tx.conn.fetchval("SELECT nextval(pg_get_serial_sequence('projects_project', 'id'))")
    draft = {"basics": {"title": [form.title], "category": [form.category.value]}}
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
        json.dumps(draft),
        bigrams(form.title),
        tx.actor.user_id,
    )
    await tx.note((PROJECT, project_id, village), "projects.application.start", title=form.title)
    return int(project_id)


@command(P.SUBMIT, audit="projects.application.keep")
async def keep(tx: Tx, project_id: int, section: str, form: Form[Any]) -> Row:
    """Keep what was typed in one part, right or wrong, and let the title follow.

    Raises: Refused PRJ-105, the application is no longer in the village's hands; KRN-404.
    """
    row = await lock(tx, project_id)
    _editable(row)
    names = {f.name for f in msgspec.structs.fields(SECTIONS[section])}
    typed = {
        k: [_storable(v) for v in values[:1] if isinstance(v, str)] for k, values in form.raw.items() if k in names
    }
    title, category = row["title"], row["category"]
    if section == "basics":
        title = form.clean.get("title", title)
        category = str(form.clean.get("category", category))
    await tx.conn.execute(
        "UPDATE projects_project SET draft = jsonb_set(draft, ARRAY[$2], $3::jsonb), title = $4, category = $5,"
        " title_grams = $6, version = version + 1 WHERE id = $1",
        project_id,
        section,
        json.dumps(typed, ensure_ascii=False),
        title,
        category,
        bigrams(title),
    )
    row["draft"] = {**row["draft"], section: typed}
    return row


def _storable(text: str) -> str:
    """What was typed, without what no database column holds (NUL, halves of characters)."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode("utf-8")


def _editable(row: Row) -> None:
    if row["state"] not in EDITABLE:
        raise Refused("PRJ-105")


async def check(tx: Tx, row: Row) -> Checked:
    """Check a draft as it stands, with the rules of today. A read."""
    found = queries.counted(await files_of(tx, owner(row)))
    spoken = await queries.remarks(tx, row["id"], row["round"]) if row["state"] == S.RETURNED else []
    rule = intake_rules(tx.policy_for(row["division_code"]))
    return check_draft(
        row["draft"], found, rule, today=tx.today, work=tx.policy.work_calendar, remarked=queries.by_field(spoken)
    )


def filing_window(tx: Tx, row: Row) -> str:
    """Name the window this filing belongs to.

    A correction of a filing made in time stays in its window until its own term ends.
    Raises: Refused PRJ-103 (no window is open), PRJ-104 (the term of correction is over).
    """
    months = intake_rules(tx.policy_for(row["division_code"])).months
    returned = row["state"] == S.RETURNED and row["window"]
    if returned and row["correct_by"] and tx.today <= row["correct_by"]:
        return str(row["window"])
    if current := windows.open_window(months, tx.now):
        return current.name
    coming = windows.next_window(months, tx.now)
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
    name = filing_window(tx, row)
    checked = await check(tx, row)
    if not checked.ready:
        raise Invalid(checked.problems)
    round_ = row["round"] + 1
    receipt = row["receipt"] or f"{name.replace('-', '')}-{row['division_code'][:6]}-{project_id:06d}"
    await _stand_behind(tx, row, round_, checked)
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
        **{name: getattr(basics, name) for name in ("title", "place", "lat", "lon", "starts_on", "ends_on")},
        **{name: getattr(works, name) for name in ("content", "estimate_fen", "asked_fen", "own_fen", "other_fen")},
        **msgspec.structs.asdict(benefit),
    }
    columns |= {"category": basics.category.value, "way": basics.way.value, "title_grams": bigrams(basics.title)}
    return columns


async def _stand_behind(tx: Tx, row: Row, round_: int, checked: Checked) -> None:
    """Write the decision and the notice this filing rests on."""
    decision = cast("Decision", checked.part("decision"))
    posting = cast("Posting", checked.part("posting"))
    head = (row["id"], row["division_code"], round_)
    await tx.conn.execute(
        "INSERT INTO projects_resolution (project, division_code, round, body, told_on, held_on, due,"
        " representatives, women, present, votes_for, votes_against, abstained, basis)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
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

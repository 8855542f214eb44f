"""Commands of notices: put up, photograph, close, take down; objections taken in and answered.

Other rooms call `open_notice`, `latest`, `objections_open` and `require_clear` with their own subject
(table, id, division); the journal of that subject tells what happened.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from projects.notices import queries, rules
from projects.notices.forms import AnswerForm, ObjectionForm, PaperObjectionForm
from projects.notices.parameters import posting_rule
from projects.notices.queries import OBJECTION as OBJECTION_TABLE
from projects.notices.queries import POSTING, Row, Subject, latest, objections_open
from projects.notices.rules import Channel, Kind, Photo, Posted
from projects.notices.states import NOTICE, OBJECTION
from projects.notices.tables import Objection, Posting
from projects.permissions import P
from projects.rules import Line, problems
from quzhou_migrants.kernel.clock import add_working_days
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.crypto import blind, seal, unseal
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.file_types import JPEG, PNG
from quzhou_migrants.kernel.files import FileRef, files_of, store
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

if TYPE_CHECKING:
    from litestar.datastructures import UploadFile

__all__ = ["Opening", "close_notice", "latest", "objections_open", "open_notice", "require_clear"]

PICTURES = frozenset({JPEG, PNG})
ANSWER = "大中型水利水电工程建设征地补偿和移民安置条例 第五十三条"
PERSON = f"{OBJECTION_TABLE}.person_sealed"
RECEIPT_BYTES = 6


@dataclass(frozen=True, slots=True)
class Opening:
    """What goes up: its kind decides the days; without an end they are counted from the start."""

    kind: Kind
    title: str
    body: str
    starts_on: date
    ends_on: date | None = None
    place: str = ""


@command(P.POST_NOTICE, audit="projects.notice.open")
async def open_notice(tx: Tx, subject: Subject, opening: Opening) -> Row:
    """Put up a notice about an object.

    Raises: Refused PRJ-505 (one already hangs), PRJ-506 (the end comes before the start).
    """
    policy = tx.policy_for(subject[2])
    rule = posting_rule(policy, opening.kind).days
    ends_on = opening.ends_on or rules.last_day(opening.starts_on, rule, policy.work_calendar.works)
    if ends_on < opening.starts_on:
        raise Refused("PRJ-506", field="ends_on", starts=opening.starts_on)
    row = await tx.conn.fetchrow(
        "INSERT INTO projects_posting (division_code, kind, subject_table, subject_id, title, body, place, starts_on,"
        " ends_on, days, day_kind, rule, opened_by, opened_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,"
        " $12, $13, $14) RETURNING *",
        subject[2],
        opening.kind.value,
        *subject[:2],
        opening.title,
        opening.body,
        opening.place,
        opening.starts_on,
        ends_on,
        rule.days.value,
        rule.kind.value.value,
        rule.days.source,
        tx.actor.user_id,
        tx.now,
    )
    made = dict(row) if row else {}
    await _note(tx, made, "projects.notice.open", clause=rule.days.source, ends=ends_on)
    return made


@command(P.POST_NOTICE, audit="projects.notice.photo")
async def add_photo(tx: Tx, posting_id: int, kind: Photo, photo: UploadFile) -> FileRef:
    """Keep a photo of the board, as it went up or as it came down.

    Raises: Refused PRJ-507 (the notice no longer hangs), and what the store refuses.
    """
    row = await _hanging(tx, posting_id)
    kept = await store(
        tx, photo, owner=(POSTING, posting_id), kind=kind.value, division_code=row["division_code"], accept=PICTURES
    )
    await _note(tx, row, "projects.notice.photo", kind=kind.value)
    return kept


async def _note(tx: Tx, row: Row, verb: str, *, clause: str = "", **facts: Any) -> None:  # noqa: ANN401 - facts are any value
    """Tell the notice's timeline, and that of what it is about."""
    await tx.note((POSTING, row["id"], row["division_code"]), verb, clause=clause, **facts)
    await tx.note(_subject(row), verb, clause=clause, notice=row["id"], **facts)


async def _hanging(tx: Tx, posting_id: int) -> Row:
    row = await queries.lock(tx, posting_id)
    if row["state"] != "open":
        raise Refused("PRJ-507")
    return row


def _subject(row: Row) -> Subject:
    return row["subject_table"], row["subject_id"], row["division_code"]


async def explain(tx: Tx, row: Row) -> list[Line]:
    """Explain whether a notice may be closed today. A read."""
    policy = tx.policy_for(row["division_code"])
    photos = frozenset(f.kind for f in await files_of(tx, (POSTING, row["id"])))
    posted = Posted(row["starts_on"], row["ends_on"], row["received"], row["answered"], photos)
    return rules.check_posting(posted, posting_rule(policy, Kind(row["kind"])), tx.today, policy.work_calendar.works)


@command(P.POST_NOTICE, audit="projects.notice.close")
async def close_notice(tx: Tx, posting_id: int, outcome: str) -> Row:
    """Close a notice: days over, board photographed, everything answered.

    Raises: Invalid PRJ-501 to PRJ-504, Refused KRN-408.
    """
    row = await queries.lock(tx, posting_id)
    found = problems(await explain(tx, row))
    moved = await fire(
        tx, NOTICE, Posting, row, "close", clause=row["rule"], problems=found, outcome=outcome,
        sets={"outcome": outcome, "closed_on": tx.today},
    )  # fmt: skip
    await tx.note(_subject(row), "projects.notice.close", notice=posting_id, received=row["received"], note=outcome)
    return moved


@command(P.POST_NOTICE, audit="projects.notice.cancel")
async def cancel_notice(tx: Tx, posting_id: int, reason: str) -> Row:
    """Take a notice down before its time; a new one may then go up.

    Raises: Refused PRJ-205, PRJ-508 (objections to it wait for an answer), KRN-408.
    """
    row = await queries.lock(tx, posting_id)
    if row["received"] > row["answered"]:
        raise Refused("PRJ-508", left=row["received"] - row["answered"])
    moved = await fire(tx, NOTICE, Posting, row, "cancel", reason=reason, sets={"outcome": reason})
    await tx.note(_subject(row), "projects.notice.cancel", notice=posting_id, reason=reason)
    return moved


async def require_clear(tx: Tx, subject: Subject) -> None:
    """Refuse to go on while something said against an object is not answered.

    Raises: Refused PRJ-510.
    """
    if left := await objections_open(tx, subject):
        raise Refused("PRJ-510", left=left)


@command(P.TAKE_OBJECTION, audit="projects.objection.paper")
async def take_paper(tx: Tx, posting_id: int, form: PaperObjectionForm) -> Row:
    """Enter an objection that came on paper, also after the days are over: it is then marked late.

    Raises: Refused PRJ-512 (before the notice or in the future), PRJ-507 (the notice was taken down).
    """
    row = await queries.lock(tx, posting_id)
    if row["state"] == "cancelled":
        raise Refused("PRJ-507")
    if not row["starts_on"] <= form.received_on <= tx.today:
        raise Refused("PRJ-512", field="received_on", starts=row["starts_on"], today=tx.today)
    return await _take(tx, row, Channel.PAPER, f"{form.person}\n{form.phone}", form.text, form.received_on)


@command(P.TAKE_OBJECTION, audit="projects.objection.online")
async def take_online(tx: Tx, posting_id: int, form: ObjectionForm, address: str) -> Row:
    """Take in an objection from the public page; the answer carries the receipt it is asked for by.

    Raises: Refused PRJ-513 (not in its days), PRJ-514 (too many from one place or for one notice), PRJ-507.
    """
    row = await _hanging(tx, posting_id)
    if not row["starts_on"] <= tx.today <= row["ends_on"]:
        raise Refused("PRJ-513", starts=row["starts_on"], ends=row["ends_on"])
    sender = blind(address, "projects.objection.sender")
    await _throttle(tx, posting_id, sender, row["division_code"])
    if form.homepage:
        raise Refused("PRJ-514")
    person = f"{form.person}\n{form.phone}"
    return await _take(tx, row, Channel.ONLINE, person, form.text, tx.today, sender=sender)


async def _throttle(tx: Tx, posting_id: int, sender: bytes, division: str) -> None:
    policy = tx.policy_for(division)
    counted = await tx.conn.fetchrow(
        "SELECT count(*) AS whole, count(*) FILTER (WHERE sender = $2) AS same FROM projects_objection"
        " WHERE posting = $1 AND channel = 'online' AND received_on = $3",
        posting_id,
        sender,
        tx.today,
    )
    most = policy.whole("projects.notices.online_daily_most"), policy.whole("projects.notices.online_sender_most")
    if counted and (counted["whole"] >= most[0] or counted["same"] >= most[1]):
        raise Refused("PRJ-514")


async def _take(  # noqa: PLR0913 - an objection has these parts
    tx: Tx, row: Row, channel: Channel, person: str, text: str, received_on: date, *, sender: bytes | None = None
) -> Row:
    policy = tx.policy_for(row["division_code"])
    days = policy.whole("projects.notices.answer_days")
    made = await tx.conn.fetchrow(
        "INSERT INTO projects_objection (posting, division_code, receipt, channel, person_sealed, sender, text,"
        " received_on, due_on, late, entered_by, entered_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,"
        " $12) RETURNING *",
        row["id"],
        row["division_code"],
        f"Y{tx.today:%y%m%d}-{secrets.token_hex(RECEIPT_BYTES).upper()}",
        channel.value,
        seal(person, PERSON),
        sender,
        text,
        received_on,
        add_working_days(received_on, days, policy.work_calendar),
        received_on > row["ends_on"],
        tx.actor.user_id,
        tx.now,
    )
    await _count(tx, row["id"])
    await _note(tx, row, "projects.objection.take", channel=channel.value)
    return dict(made) if made else {}


async def _count(tx: Tx, posting_id: int) -> None:
    """Keep the notice's own figures equal to its objections: the public page reads only these."""
    await tx.conn.execute(
        "UPDATE projects_posting n SET received = c.received, answered = c.answered, upheld = c.upheld FROM ("
        " SELECT count(*) AS received, count(*) FILTER (WHERE state <> 'received') AS answered,"
        " count(*) FILTER (WHERE state = 'upheld') AS upheld FROM projects_objection WHERE posting = $1) c"
        " WHERE n.id = $1",
        posting_id,
    )


@command(P.ANSWER_OBJECTION, audit="projects.objection.answer")
async def answer(tx: Tx, objection_id: int, form: AnswerForm) -> Row:
    """Answer an objection: it is right, or it is not, and why.

    Raises: Refused KRN-404, KRN-408, PRJ-511.
    """
    row = await queries.lock_objection(tx, objection_id)
    notice = await queries.lock(tx, row["posting"])
    moved = await fire(
        tx, OBJECTION, Objection, row, form.verdict, clause=form.ground or ANSWER, answer=form.answer,
        sets={
            "answer": form.answer, "ground": form.ground, "answered_on": tx.today,
            "answered_by": f"{tx.actor.title} {tx.actor.name}".strip(),
        },
    )  # fmt: skip
    await _count(tx, notice["id"])
    await _note(tx, notice, "projects.objection.answer", clause=form.ground, verdict=form.verdict)
    return moved


@command(P.ANSWER_OBJECTION, audit="projects.objection.retract")
async def retract(tx: Tx, objection_id: int, reason: str) -> Row:
    """Note that who objected took it back, before those who would answer, not those it is against.

    Raises: Refused KRN-404, KRN-408, PRJ-205.
    """
    row = await queries.lock_objection(tx, objection_id)
    moved = await fire(
        tx, OBJECTION, Objection, row, "retract", reason=reason, sets={"answer": reason, "answered_on": tx.today}
    )
    await _count(tx, row["posting"])
    return moved


def person_of(row: Row) -> tuple[str, str]:
    """Open who raised an objection, for those who answer it. Shape: (name, telephone)."""
    name, _, phone = unseal(bytes(row["person_sealed"]), PERSON).partition("\n")
    return name, phone

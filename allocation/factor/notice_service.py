"""Commands of notices: draft, change, issue on paper, publish in time, withdraw.

Source: 衢政办发〔2016〕65号 二(三)1; 政府信息公开条例 第二十六条
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

from allocation.factor import notice_queries, queries
from allocation.factor.frozen import export
from allocation.factor.notice_document import letter_of
from allocation.factor.notice_forms import NoticeForm
from allocation.factor.notice_queries import TABLE
from allocation.factor.states import NOTICE, NoticeState, S
from allocation.factor.tables import FactorNotice
from allocation.permissions import P
from quzhou_migrants.kernel.clock import add_working_days
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.files import attach, readable, receive
from quzhou_migrants.kernel.letter import build_letter
from quzhou_migrants.kernel.pool import in_pool
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
CLAUSE = "衢政办发〔2016〕65号 二(三)1"
OPEN = "政府信息公开条例 第二十六条"
PAPER = "notice"
readable(TABLE, P.VIEW_FACTOR)


@command(P.PREPARE_FACTOR, audit="allocation.factor.notice_draft")
async def draft_notice(tx: Tx, run_id: int, form: NoticeForm) -> int:
    """Draft the notice of an approved run. Gives its id.

    Raises: Refused ALC-273 (a run that is not approved), KRN-404; by constraint ALC-270 (it has one
    already), ALC-271 (the number is taken).
    """
    row = await _approved_run(tx, run_id)
    notice_id = int(
        await tx.conn.fetchval(
            "INSERT INTO allocation_factor_notice (division_code, run, doc_no, title, addressees, body, signer, copies,"
            " created_by, created_at, is_demo) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id",
            row["division_code"],
            run_id,
            *_words(form),
            tx.actor.user_id,
            tx.now,
            tx.actor.is_demo,
        )
    )
    subject = (TABLE, notice_id, row["division_code"])
    await tx.note(subject, "allocation.factor.notice_draft", clause=CLAUSE, doc_no=form.doc_no)
    return notice_id


async def _approved_run(tx: Tx, run_id: int) -> Row:
    """Lock a run of one's own house in effect: nobody takes it back meanwhile. Raises: Refused ALC-273, KRN-404."""
    row = await queries.house_run(tx, run_id, lock=True)
    if row["state"] != S.APPROVED:
        raise Refused("ALC-273")
    return row


def _words(form: NoticeForm) -> tuple[str, ...]:
    return form.doc_no, form.title, form.addressees, form.body, form.signer, form.copies


async def _own(tx: Tx, notice_id: int) -> Row:
    await tx.conn.execute("SELECT 1 FROM allocation_factor_notice WHERE id = $1 FOR UPDATE", notice_id)
    row = await notice_queries.notice(tx, notice_id)
    queries.require_house(tx, row["division_code"])
    return row


@command(P.PREPARE_FACTOR, audit="allocation.factor.notice_change")
async def change_notice(tx: Tx, notice_id: int, form: NoticeForm) -> None:
    """Change the words of a drafted notice. Raises: Refused ALC-272 (issued already), KRN-404."""
    row = await _own(tx, notice_id)
    if row["state"] != NoticeState.DRAFT:
        raise Refused("ALC-272")
    await tx.conn.execute(
        "UPDATE allocation_factor_notice SET doc_no = $2, title = $3, addressees = $4, body = $5, signer = $6,"
        " copies = $7, created_by = $8, version = version + 1 WHERE id = $1",
        notice_id,
        *_words(form),
        tx.actor.user_id,
    )
    await tx.note((TABLE, notice_id, row["division_code"]), "allocation.factor.notice_change")


@command(P.APPROVE_FACTOR, audit="allocation.factor.notice_issue")
async def issue_notice(tx: Tx, notice_id: int) -> Row:
    """Issue a notice: its paper is printed once, kept under its hash, and has to be published in time.

    Raises: Refused ALC-250 (by its drafter), ALC-273 (its run was taken back), KRN-120, KRN-404, KRN-408.
    """
    run = await _approved_run(tx, (await notice_queries.notice(tx, notice_id))["run"])
    row = await _own(tx, notice_id)
    days = tx.policy.whole("allocation.factor.publish_working_days")
    printed = {
        "pool_fen": row["pool_fen"],
        "export": export(row["frozen"]),
        "batch": run["doc_no"],
        "scheme_number": run["scheme_number"],
    }
    paper = await in_pool(build_letter, letter_of(row, row["frozen"], tx.today))
    sha256 = hashlib.sha256(paper).hexdigest()
    moved = await fire(
        tx,
        NOTICE,
        FactorNotice,
        row,
        "issue",
        clause=CLAUSE,
        signer=tx.actor.user_id,
        sha256=sha256,
        sets={
            "issued_on": tx.today,
            "due_on": add_working_days(tx.today, days, tx.policy.work_calendar),
            "printed": json.dumps(printed, ensure_ascii=False),
            "sha256": sha256,
        },
    )
    kept = await receive(_pieces(paper))
    await attach(
        tx,
        kept,
        name=f"{row['doc_no']}.pdf",
        owner=(TABLE, notice_id),
        kind=PAPER,
        division_code=row["division_code"],
        is_demo=row["is_demo"],
    )
    return moved


async def _pieces(data: bytes) -> AsyncIterator[bytes]:
    yield data
    await asyncio.sleep(0)


@command(P.PREPARE_FACTOR, audit="allocation.factor.notice_publish")
async def publish_notice(tx: Tx, notice_id: int) -> Row:
    """Put an issued notice before the public. Raises: Refused KRN-404, KRN-408."""
    row = await _own(tx, notice_id)
    sets = {"published_on": tx.today, "published_by": tx.actor.name}
    return await fire(
        tx, NOTICE, FactorNotice, row, "publish", clause=OPEN, sets=sets, late=late_days(row["due_on"], tx.today)
    )


def late_days(due_on: date | None, today: date) -> int:
    """Count the days past the last day of publication; nothing while there is time."""
    return max((today - due_on).days, 0) if due_on else 0


@command(P.PREPARE_FACTOR, audit="allocation.factor.notice_withdraw")
async def drop_notice(tx: Tx, notice_id: int, reason: str) -> Row:
    """Give up a draft. Raises: Refused ALC-242, KRN-403 (issued: a leader withdraws it), KRN-404, KRN-408."""
    return await fire(tx, NOTICE, FactorNotice, await _own(tx, notice_id), "withdraw", reason=reason)


@command(P.APPROVE_FACTOR, audit="allocation.factor.notice_recall")
async def recall_notice(tx: Tx, notice_id: int, reason: str) -> Row:
    """Withdraw an issued or published notice; what the public saw stays to be read, marked as withdrawn.

    Raises: Refused ALC-242, KRN-404, KRN-408.
    """
    return await fire(tx, NOTICE, FactorNotice, await _own(tx, notice_id), "withdraw", clause=OPEN, reason=reason)


async def withdraw_with_run(tx: Tx, run_id: int, reason: str) -> None:
    """Withdraw the notice of a run that is taken back, whatever state it is in."""
    row = await notice_queries.of_run(tx, run_id)
    if row is None:
        return
    full = await _own(tx, row["id"])
    verb = "lapse" if full["state"] == NoticeState.DRAFT else "withdraw"
    await fire(tx, NOTICE, FactorNotice, full, verb, clause=OPEN, reason=reason)

"""A second pair of eyes on a batch: who typed it sends it on, another person compares it with the paper and books it.

Source: 行政事业单位内部控制规范（试行） 财会〔2012〕21号 第十二条 (posts that do not go together are parted)
"""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

from allocation.budget import queries
from allocation.budget.states import BATCH, S
from allocation.budget.tables import Batch
from allocation.permissions import GRANTS, P
from quzhou_migrants.accounts import public as accounts
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.clock import add_working_days, shanghai
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
CLAUSE = "财会〔2012〕21号 第十二条"
WRITES = ("allocation.batch.draft", "allocation.earmark.add", "allocation.earmark.drop", "BATCH.submit")


class Waiting(NamedTuple):
    """A batch that waits for its second hand: who sent it and when, until when, and who may book it."""

    sender: str
    sent_on: date
    due_on: date
    people: list[str]


@command(P.RECORD_BATCH, audit="allocation.batch.submit")
async def submit_batch(tx: Tx, batch_id: int) -> Row:
    """Send a batch that is typed whole to be checked: nobody changes it now. Raises: Refused KRN-408, KRN-409."""
    return await fire(tx, BATCH, Batch, await queries.batch(tx, batch_id, lock=True), "submit", clause=CLAUSE)


@command(P.BOOK_BATCH, audit="allocation.batch.return")
async def return_batch(tx: Tx, batch_id: int, reason: str) -> Row:
    """Send a batch back to be mended; who typed it may call it back too. Raises: Refused ALC-154, KRN-408."""
    row = await queries.batch(tx, batch_id, lock=True)
    return await fire(tx, BATCH, Batch, row, "return", clause=CLAUSE, reason=reason)


async def writers(tx: Tx, batch_id: int) -> set[int]:
    """Name everybody who ever typed anything of a batch or sent it on: none of them books or reverses it."""
    rows = await tx.conn.fetch(
        "SELECT DISTINCT actor_id FROM kernel_journal WHERE subject_table = 'allocation_batch' AND subject_id = $1"
        " AND verb = ANY($2) AND actor_id IS NOT NULL",
        batch_id,
        list(WRITES),
    )
    return {r["actor_id"] for r in rows}


async def check_hand(tx: Tx, batch_id: int) -> None:
    """Let nobody book what they typed. Raises: Refused ALC-153."""
    if tx.actor.user_id in await writers(tx, batch_id):
        raise Refused("ALC-153")


async def waiting(tx: Tx, row: Row) -> Waiting | None:
    """Tell who waits for whom over a batch that was sent to be checked."""
    if row["state"] != S.SUBMITTED:
        return None
    sent = await tx.conn.fetchrow(
        "SELECT actor_name, at FROM kernel_journal WHERE subject_table = 'allocation_batch' AND subject_id = $1"
        " AND verb = 'BATCH.submit' ORDER BY id DESC LIMIT 1",
        row["id"],
    )
    typed = await writers(tx, row["id"])
    people = [
        f"{who['name']}（{CATALOGUE.role(role)}）"
        for role, grants in GRANTS.items()
        if P.BOOK_BATCH in grants
        for who in await accounts.holders(tx, row["division_code"], role)
        if who["id"] not in typed
    ]
    day = shanghai(sent["at"]).date()
    return Waiting(sent["actor_name"], day, due(tx, day), people)


def due(tx: Tx, sent_on: date) -> date:
    """Give the day until which a batch that was sent is to be checked."""
    return add_working_days(sent_on, tx.policy.whole("allocation.budget.check_days"), tx.policy.work_calendar)

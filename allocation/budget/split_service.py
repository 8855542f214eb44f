"""Commands of split documents: a clerk drafts, the leader issues, a mistake is reversed as a whole.

Source: 衢政办发〔2016〕65号 二(三)1 (the city passes money to the counties, the county to its townships)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from allocation.budget import queries, split_queries
from allocation.budget.forms import SplitForm
from allocation.budget.ledger import Share, pass_down, reverse
from allocation.budget.rules import Pot
from allocation.budget.split_rules import Part, split_problems
from allocation.budget.split_tables import SplitPaper
from allocation.budget.states import SPLIT, D, S
from allocation.budget.withheld import check_leaving
from allocation.permissions import P
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Invalid, Refused
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
SPLIT_TABLE = "allocation_split"
CLAUSE = "衢政办发〔2016〕65号 二(三)1"


def parts_of(form: SplitForm) -> list[Part]:
    """Read the rows that give something."""
    return [
        Part(n, r.division_code, r.cash_fen, r.project_fen, r.earmark if r.earmark_fen else 0, r.earmark_fen)
        for n, r in enumerate(form.lines)
        if r.cash_fen or r.project_fen or r.earmark_fen
    ]


@command(P.SPLIT, audit="allocation.split.draft")
async def draft_split(tx: Tx, batch_id: int, form: SplitForm, *, split_id: int | None = None, version: int = 0) -> int:
    """Write a split document down, or change one that is not issued. Gives its id.

    Raises: Invalid with ALC-110, 114, 136-139, 146; Refused ALC-147 (the batch is not booked), ALC-148
    (issued already), ALC-156 (promised to a round), KRN-409; by constraint ALC-133, 134.
    """
    batch = await queries.batch(tx, batch_id)
    if batch["state"] != S.RECORDED:
        raise Refused("ALC-147")
    giver = tx.actor.division_code
    parts = parts_of(form)
    problems = split_problems(parts, await split_queries.holds(tx, batch, giver), form.issued_on, tx.today)
    if problems:
        raise Invalid(problems)
    await _keep_promises(tx, giver, parts)
    split_id = await (_change(tx, split_id, version, form) if split_id else _create(tx, batch, form))
    await _write_lines(tx, split_id, parts, batch)
    await tx.note((SPLIT_TABLE, split_id, giver), "allocation.split.draft", clause=CLAUSE, doc_no=form.doc_no)
    return split_id


async def _keep_promises(tx: Tx, giver: str, parts: Sequence[Part | Share]) -> None:
    """Leave what published rounds of the giver were promised where it lies. Raises: Refused ALC-156."""
    leaves = Counter[Pot]()
    for part in parts:
        leaves[Pot(giver)] += part.project_fen
        leaves[Pot(giver, part.earmark)] += part.earmark_fen
    for pot, fen in leaves.items():
        await check_leaving(tx, pot, fen)


async def _create(tx: Tx, batch: Row, form: SplitForm) -> int:
    return int(
        await tx.conn.fetchval(
            f"INSERT INTO {SPLIT_TABLE} (division_code, batch, doc_no, title, issued_on, note, created_by, created_at,"  # noqa: S608 - our own name
            " is_demo) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id",
            tx.actor.division_code,
            batch["id"],
            form.doc_no,
            form.title,
            form.issued_on,
            form.note,
            tx.actor.user_id,
            tx.now,
            batch["is_demo"],
        )
    )


async def _change(tx: Tx, split_id: int, version: int, form: SplitForm) -> int:
    row = await split_queries.split(tx, split_id)
    if row["state"] != D.DRAFT:
        raise Refused("ALC-148")
    done = await tx.conn.fetchval(
        f"UPDATE {SPLIT_TABLE} SET doc_no = $3, title = $4, issued_on = $5, note = $6, created_by = $7,"  # noqa: S608 - our own name
        " version = version + 1 WHERE id = $1 AND version = $2 AND division_code = $8 RETURNING id",
        split_id,
        version,
        form.doc_no,
        form.title,
        form.issued_on,
        form.note,
        tx.actor.user_id,
        tx.actor.division_code,
    )
    if done is None:
        raise Refused("KRN-409", who="", title="", at=tx.now)
    await tx.conn.execute("DELETE FROM allocation_split_line WHERE split = $1", split_id)
    return split_id


async def _write_lines(tx: Tx, split_id: int, parts: list[Part], batch: Row) -> None:
    await tx.conn.executemany(
        "INSERT INTO allocation_split_line (split, division_code, line, persons, cash_fen, project_fen, earmark,"
        " earmark_fen, is_demo) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        [
            (
                split_id,
                p.division_code,
                n,
                p.cash_fen // batch["per_head_fen"],
                p.cash_fen,
                p.project_fen,
                p.earmark or None,
                p.earmark_fen,
                batch["is_demo"],
            )
            for n, p in enumerate(parts)
        ],
    )


@command(P.ISSUE_SPLIT, audit="allocation.split.issue")
async def issue_split(tx: Tx, split_id: int) -> Row:
    """Issue a document of one's own house: its money lies with those below from this moment.

    Raises: Refused ALC-149 (who drafted it does not issue it; another house's document), ALC-156 (promised to a
    round), KRN-408, KRN-409; by constraint ALC-102 (less is held meanwhile).
    """
    row = await split_queries.split(tx, split_id)
    if row["division_code"] != tx.actor.division_code or row["created_by"] == tx.actor.user_id:
        raise Refused("ALC-149")
    found = await split_queries.lines(tx, split_id)
    total = sum(line["total_fen"] for line in found)
    moved = await fire(tx, SPLIT, SplitPaper, row, "issue", clause=CLAUSE, doc_no=row["doc_no"], total_fen=total)
    shares = [
        Share(x["division_code"], x["cash_fen"], x["project_fen"], x["earmark"] or 0, x["earmark_fen"]) for x in found
    ]
    await _keep_promises(tx, row["division_code"], shares)
    await pass_down(tx, f"split:{split_id}", row["batch"], row["division_code"], shares, source=(SPLIT_TABLE, split_id))
    return moved


@command(P.ISSUE_SPLIT, audit="allocation.split.reverse")
async def reverse_split(tx: Tx, split_id: int, reason: str) -> Row:
    """Take a document back by its mirror, while all its money still lies where it went.

    Raises: Refused ALC-117 (no reason), ALC-149 (another house's), KRN-408; by constraint ALC-102.
    """
    row = await split_queries.split(tx, split_id)
    if row["division_code"] != tx.actor.division_code:
        raise Refused("ALC-149")
    moved = await fire(tx, SPLIT, SplitPaper, row, "reverse", reason=reason)
    await reverse(tx, f"split:{split_id}", source=(SPLIT_TABLE, split_id))
    return moved

"""What the document of a batch binds to a use, a place or one project: written down before it is booked."""

from __future__ import annotations

from typing import Any

from allocation.budget import queries, rules
from allocation.budget.forms import EarmarkForm
from allocation.budget.states import S
from allocation.permissions import P
from quzhou_migrants.kernel.actor import code_range
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Invalid, Refused
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
CLAUSE = "衢政办发〔2016〕65号 二(三)1"
CODE_DIGITS = 12


@command(P.RECORD_BATCH, audit="allocation.earmark.add")
async def add_earmark(tx: Tx, batch_id: int, form: EarmarkForm) -> int:
    """Bind a part of a batch that is not booked yet. Gives its id.

    Raises: Refused ALC-118 (booked), ALC-150 (no such place, or several), ALC-151 (no such project);
    Invalid ALC-130 (more than the project part), ALC-132 (bound to nothing).
    """
    batch = await _draft(tx, batch_id)
    place = await _place(tx, form.place, batch["division_code"]) if form.place else ""
    project = await _project(tx, form.project) if form.project else None
    if not (form.category or place or project):
        raise Refused("ALC-132", field="category")
    before = await tx.conn.fetch("SELECT amount_fen FROM allocation_earmark WHERE batch = $1", batch_id)
    problems = rules.earmark_problems([*(r["amount_fen"] for r in before), form.amount_fen], batch["project_fen"])
    if problems:
        raise Invalid(problems)
    earmark = int(
        await tx.conn.fetchval(
            "INSERT INTO allocation_earmark (division_code, batch, title, amount_fen, category, place_code, project,"
            " is_demo) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id",
            batch["division_code"],
            batch_id,
            form.title,
            form.amount_fen,
            form.category,
            place,
            project,
            batch["is_demo"],
        )
    )
    subject = ("allocation_batch", batch_id, batch["division_code"])
    await tx.note(subject, "allocation.earmark.add", clause=CLAUSE, title=form.title, amount_fen=form.amount_fen)
    return earmark


@command(P.RECORD_BATCH, audit="allocation.earmark.drop")
async def drop_earmark(tx: Tx, batch_id: int, earmark_id: int) -> None:
    """Take an earmark out of a batch that is not booked yet. Raises: Refused ALC-118."""
    batch = await _draft(tx, batch_id)
    gone = await tx.conn.fetchrow(
        "DELETE FROM allocation_earmark WHERE id = $1 AND batch = $2 RETURNING title, amount_fen", earmark_id, batch_id
    )
    if gone is not None:
        await tx.note(
            ("allocation_batch", batch_id, batch["division_code"]), "allocation.earmark.drop", clause=CLAUSE, **gone
        )


async def _draft(tx: Tx, batch_id: int) -> Row:
    batch = await queries.batch(tx, batch_id, lock=True)
    if batch["state"] != S.DRAFT:
        raise Refused("ALC-118")
    return batch


async def _place(tx: Tx, typed: str, inside: str) -> str:
    """Find the one place a code, a name or a full name stands for."""
    lo, hi = code_range(inside)
    rows = await tx.conn.fetch(
        "SELECT code FROM kernel_division WHERE active AND code >= $2 AND code < $3"
        " AND (code = $1 OR name = $1 OR full_name = $1 OR full_name LIKE '%' || $1) ORDER BY code LIMIT 3",
        typed,
        lo,
        hi,
    )
    if len(rows) != 1:
        raise Refused("ALC-150", field="place", count=len(rows))
    return str(rows[0]["code"])


async def _project(tx: Tx, code: str) -> int:
    found = await tx.conn.fetchval("SELECT id FROM projects_project WHERE code = $1", code)
    if found is None:
        raise Refused("ALC-151", field="project", code=code)
    return int(found)

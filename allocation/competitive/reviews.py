"""Commands of the expert: declare, step back, abstain, score. Each works on the own reviews alone."""

from __future__ import annotations

from typing import Any

from allocation.competitive import queries, rules
from allocation.competitive.forms import RecuseForm, SheetForm
from allocation.competitive.states import REVIEW, S
from allocation.competitive.tables import Declaration
from allocation.permissions import P
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]

CLAUSE = "招标投标法实施条例 第四十六条（参照）"


@command(P.SCORE, audit="allocation.review.clear")
async def clear(tx: Tx, review_id: int) -> Row:
    """Declare that there is no conflict of interest; the application and the sheet open."""
    row = await _mine(tx, review_id)
    return await fire(tx, REVIEW, Declaration, row, "clear", clause=CLAUSE, sets={"declared_at": tx.now})


@command(P.SCORE, audit="allocation.review.recuse")
async def recuse(tx: Tx, review_id: int, form: RecuseForm) -> Row:
    """Declare a conflict of interest; from now on the candidate is not there for this expert."""
    row = await _mine(tx, review_id)
    return await fire(
        tx,
        REVIEW,
        Declaration,
        row,
        "recuse",
        clause=CLAUSE,
        reason=form.reason,
        conflict=form.conflict,
        sets={"conflict": form.conflict, "reason": form.reason, "declared_at": tx.now},
    )


@command(P.SCORE, audit="allocation.review.abstain")
async def abstain(tx: Tx, review_id: int, reason: str) -> Row:
    """Give no score, with a reason; it cannot be taken back."""
    row = await _mine(tx, review_id)
    return await fire(
        tx, REVIEW, Declaration, row, "abstain", reason=reason, sets={"reason": reason, "done_at": tx.now}
    )


@command(P.SCORE, audit="allocation.review.score")
async def score(tx: Tx, review_id: int, form: SheetForm) -> Row:
    """Hand in a whole score sheet; it cannot be taken back.

    Raises: Refused ALC-305/306 (the sheet), ALC-331 (day past), KRN-408 (not opened, or in already).
    """
    row = await _mine(tx, review_id)
    known = queries.for_rules(await queries.criteria(tx, row["round"]))
    points = {p.criterion: p.points for p in form.points}
    rules.check_points(points, known)
    moved = await fire(
        tx, REVIEW, Declaration, row, "score", clause=CLAUSE, sets={"comment": form.comment, "done_at": tx.now}
    )
    await tx.conn.executemany(
        "INSERT INTO allocation_score (division_code, round, candidate, expert, criterion, points)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        [
            (row["division_code"], row["round"], row["candidate"], row["expert"], key, value)
            for key, value in sorted(points.items())
        ],
    )
    return moved


async def _mine(tx: Tx, review_id: int) -> Row:
    """Read an own review of a round that is being scored. Raises: Refused KRN-404, KRN-408, ALC-331."""
    seat = await queries.my_seat(tx)
    row = await queries.my_review(tx, seat, review_id)
    owner = await queries.round_of(tx, row["round"])
    if owner["state"] != S.SCORING:
        raise Refused("KRN-408")
    if tx.today > owner["score_by"]:
        raise Refused("ALC-331", by=owner["score_by"])
    return row

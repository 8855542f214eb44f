"""Commands of the expert: declare, step back, abstain, score. Each works on the own reviews alone."""

from __future__ import annotations

from typing import Any

from allocation.competitive import queries, rules
from allocation.competitive.forms import RecuseForm, SheetForm
from allocation.competitive.states import REVIEW, S
from allocation.competitive.tables import Declaration
from allocation.experts import hints
from allocation.permissions import P
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Invalid, Problem, Refused
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]

CLAUSE = "招标投标法实施条例 第四十六条（参照）"
IMPOSED = "招标投标法实施条例 第四十八条（参照）"


@command(P.SCORE, audit="allocation.review.clear")
async def clear(tx: Tx, review_id: int, explained: str = "") -> Row:
    """Declare that there is no conflict of interest; the application and the sheet open.

    Raises: Refused ALC-358, the data suggest a conflict and no word explains why there is none.
    """
    row = await _mine(tx, review_id)
    found = await hints.of_review(tx, row["expert"], row["candidate"])
    if found and not explained.strip():
        raise Refused("ALC-358", field="explained")
    sets = {"declared_at": tx.now, "explained": explained}
    return await fire(tx, REVIEW, Declaration, row, "clear", clause=CLAUSE, hints=len(found), sets=sets)


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
    marks = _marks(form, await queries.vetoes(tx, row["round"]))
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
    await tx.conn.executemany(
        "INSERT INTO allocation_veto_mark (division_code, round, candidate, expert, veto, reason)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        [(row["division_code"], row["round"], row["candidate"], row["expert"], veto, reason) for veto, reason in marks],
    )
    return moved


def _marks(form: SheetForm, known: list[Row]) -> list[tuple[int, str]]:
    """Take the items found to rule a candidate out. Raises: Invalid ALC-359 (no reason), Refused KRN-404."""
    hits = [(n, m) for n, m in enumerate(form.vetoes) if m.hit]
    if {m.veto for _, m in hits} - {v["id"] for v in known}:
        raise Refused("KRN-404")
    bare = [Problem("ALC-359", f"vetoes.{n}.reason") for n, m in hits if not m.reason.strip()]
    if bare:
        raise Invalid(bare)
    return list({m.veto: (m.veto, m.reason) for _, m in hits}.values())


@command(P.PREPARE_ROUND, audit="allocation.review.impose")
async def impose(tx: Tx, review_id: int, reason: str) -> Row:
    """Have an expert step out of one candidate: who must step out and does not is made to, and what was said is void.

    Raises: Refused ALC-320 (no reason), ALC-386, KRN-404, KRN-408 (recused, abstained, or not scoring).
    """
    found = await tx.conn.fetchrow("SELECT * FROM allocation_declaration WHERE id = $1", review_id)
    if found is None:
        raise Refused("KRN-404")
    if (await queries.own_round(tx, found["round"], lock=True))["state"] != S.SCORING:
        raise Refused("KRN-408")
    sets = {"conflict": "office", "reason": reason, "done_at": tx.now}
    return await fire(tx, REVIEW, Declaration, dict(found), "impose", clause=IMPOSED, reason=reason, sets=sets)


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

"""What waits on a home page: the next step of a round, reviews not yet in."""

from __future__ import annotations

from allocation.competitive import queries
from allocation.competitive.decisions import cut_of
from allocation.competitive.rules import granted
from allocation.competitive.states import R, S
from allocation.permissions import P
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.tasks import Task
from quzhou_migrants.kernel.tx import Tx

# State of a round -> the step that waits, who may take it, and the day it is due by.
_NEXT = {
    S.DRAFT: ("publish", P.PREPARE_ROUND, "opens_on"),
    S.OPEN: ("start", P.PREPARE_ROUND, "score_by"),
    S.SCORING: ("close", P.PREPARE_ROUND, "score_by"),
    S.RANKED: ("decide", P.PREPARE_ROUND, "decide_by"),
    S.DECIDED: ("post", P.PREPARE_ROUND, "decide_by"),
    S.POSTED: ("approve", P.APPROVE_ROUND, "decide_by"),
}


async def waiting(tx: Tx) -> list[Task]:
    """List the rounds whose next step is this post's, or an expert's open reviews."""
    if tx.actor.may(P.SCORE) and tx.actor.engagement_id:
        return await _reviews(tx)
    mine = {state.value: step for state, step in _NEXT.items() if tx.actor.may(step[1])}
    if not mine:
        return []
    rows = await tx.conn.fetch(
        "SELECT * FROM allocation_round r WHERE state = ANY($1) AND division_code = $2 AND (state <> 'posted' OR NOT"
        " EXISTS (SELECT 1 FROM projects_posting n WHERE n.subject_table = 'allocation_round' AND n.subject_id = r.id"
        " AND n.state = 'open')) ORDER BY decide_by, id LIMIT 50",
        list(mine),
        tx.actor.division_code,
    )
    fallen = await _fallen(tx) if tx.actor.may(P.APPROVE_ROUND) else []
    return fallen + [
        Task(
            f"{r['title']} {CATALOGUE.text('task.round.' + step)}",
            f"/rounds/{r['id']}",
            r[due],
            r["division_code"],
            "round",
        )
        for r in rows
        for step, _, due in (mine[r["state"]],)
    ]


async def _fallen(tx: Tx) -> list[Task]:
    """Own rounds of which an award fell while somebody waits on the reserve list whom the money left would reach."""
    found = await tx.conn.fetch(_FALLEN, tx.actor.division_code)
    rows = [r for r in found if await _reaches(tx, r["id"])]
    title = CATALOGUE.text("task.round.promote")
    return [
        Task(f"{r['title']} {title}", f"/rounds/{r['id']}/outcome", None, r["division_code"], "round") for r in rows
    ]


async def _reaches(tx: Tx, round_id: int) -> bool:
    row = await queries.round_of(tx, round_id)
    standing = await queries.standing(tx, round_id)
    cut, left = cut_of(row), row["budget_fen"] - standing.awarded_fen
    return any(granted(min(c["asked_fen"], cut.cap_fen), left, cut) > 0 for c in standing.waiting)


_FALLEN = """
SELECT r.id, r.title, r.division_code FROM allocation_round r
WHERE r.state = 'awarded' AND r.division_code = $1
  AND EXISTS (SELECT 1 FROM allocation_award a WHERE a.source = 'round' AND a.source_id = r.id
    AND a.state = 'cancelled')
  AND EXISTS (SELECT 1 FROM allocation_candidate c WHERE c.round = r.id AND c.reserve_place IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM allocation_promotion m WHERE m.candidate = c.id))
ORDER BY r.id DESC LIMIT 20
"""


async def _reviews(tx: Tx) -> list[Task]:
    seat = await tx.conn.fetchrow("SELECT * FROM allocation_expert WHERE engagement_id = $1", tx.actor.engagement_id)
    if seat is None:
        return []
    row = await queries.round_of(tx, seat["round"])
    left = [r for r in await queries.my_reviews(tx, dict(seat)) if r["state"] in {R.NOT_OPENED, R.OPENED}]
    if row["state"] != S.SCORING or not left:
        return []
    told = await tx.conn.fetchval(
        "SELECT max(told_on) FROM allocation_review_reminder WHERE expert = $1 AND told_on <= $2", seat["id"], tx.today
    )
    note = CATALOGUE.text("task.review.told").format(day=told) if told else ""
    title = f"{row['title']}{note} {CATALOGUE.text('task.review.left')} {len(left)}"
    return [Task(title, "/reviews", row["score_by"], row["division_code"], "review")]

"""Missing scores are chased: by hand from the page of progress, and by the daily job before the last day."""

from __future__ import annotations

from datetime import date
from typing import Any

from allocation.competitive import queries
from allocation.competitive.states import S
from allocation.permissions import P
from quzhou_migrants.kernel.clock import working_days_between
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.jobs import Job
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]

BY_HAND = -1
TABLE = "allocation_round"
WAITING = """
SELECT e.*, r.score_by, r.state AS round_state, r.division_code AS county,
  (SELECT count(*) FROM allocation_declaration d WHERE d.expert = e.id AND d.state IN ('not_opened', 'opened')) AS open,
  (SELECT count(*) FROM allocation_declaration d WHERE d.expert = e.id AND d.state = 'scored') AS scored,
  (SELECT count(*) FROM allocation_declaration d WHERE d.expert = e.id AND d.state = 'abstained') AS abstained,
  (SELECT count(*) FROM allocation_declaration d WHERE d.expert = e.id AND d.state = 'recused') AS recused,
  (SELECT max(m.told_on) FROM allocation_review_reminder m WHERE m.expert = e.id) AS told_on
FROM allocation_expert e JOIN allocation_round r ON r.id = e.round
WHERE e.left_at IS NULL AND ($1::bigint IS NULL OR r.id = $1) AND ($2 = '' OR r.state = $2) ORDER BY r.id, e.seat
"""
TELL = """
INSERT INTO allocation_review_reminder (division_code, round, expert, told_on, days, waiting, by_name, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING id
"""


async def by_seat(tx: Tx, round_id: int) -> list[Row]:
    """Count every seat's reviews by state, without any score, and when the expert was last called to mind."""
    return [dict(r) for r in await tx.conn.fetch(WAITING, round_id, "")]


@command(P.PREPARE_ROUND, audit="allocation.review.remind")
async def remind(tx: Tx, expert_id: int) -> int:
    """Call one expert to mind, once a day. Gives the round's id.

    Raises: Refused ALC-323 (not scoring), ALC-361 (told today), ALC-362 (nothing waits), ALC-386, KRN-404.
    """
    owner = await tx.conn.fetchval("SELECT round FROM allocation_expert WHERE id = $1", expert_id)
    found = [e for e in await by_seat(tx, owner) if e["id"] == expert_id] if owner else []
    if not found:
        raise Refused("KRN-404")
    await queries.own_round(tx, owner)
    if found[0]["round_state"] != S.SCORING:
        raise Refused("ALC-323")
    if not found[0]["open"]:
        raise Refused("ALC-362")
    if not await _tell(tx, found[0], BY_HAND):
        raise Refused("ALC-361")
    return int(owner)


async def remind_all(tx: Tx, _period: str) -> None:
    """Call to mind whoever has open reviews so many working days before the last; a repeat tells nothing twice."""
    for row in [dict(r) for r in await tx.conn.fetch(WAITING, None, S.SCORING.value)]:
        policy = tx.policy_for(row["county"])
        days = _days_left(tx.today, row["score_by"], policy.work_calendar)
        if row["open"] and days in policy.get("allocation.competitive.remind_days"):
            await _tell(tx, row, days)


def _days_left(today: date, by: date, calendar: Any) -> int:  # noqa: ANN401 - the pack's calendar
    return working_days_between(today, by, calendar) if today <= by else BY_HAND


async def _tell(tx: Tx, row: Row, days: int) -> bool:
    told = await tx.conn.fetchval(
        TELL, row["county"], row["round"], row["id"], tx.today, days, row["open"], tx.actor.name, tx.now
    )
    if told:
        subject = (TABLE, row["round"], row["county"])
        await tx.note(subject, "allocation.review.remind", note=row["name"], waiting=row["open"])
    return bool(told)


JOBS = (Job("allocation.reviews.remind", "day", remind_all, catch_up=1),)

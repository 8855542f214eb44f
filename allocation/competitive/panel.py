"""Seats of a panel: taken, given up, emptied while scoring goes on; access that ends with the work.

Who may take a seat is decided by the room of the experts (a draw, or a permitted decision); nothing else calls this.
Source: 招标投标法实施条例 第四十六条、第四十八条 (by analogy)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from allocation.competitive import queries
from allocation.competitive.states import REVIEW, R, S
from allocation.competitive.tables import Declaration
from allocation.experts import hints
from allocation.permissions import P
from quzhou_migrants.accounts import public as accounts
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]

TABLE = "allocation_round"
CLAUSE = "招标投标法实施条例 第四十八条（参照）"
BEFORE = (S.DRAFT, S.OPEN)


@dataclass(frozen=True, slots=True)
class Member:
    """Who takes a seat. `source`: pool or outside; `vouched`: a pool above the county names the account."""

    user_id: int
    name: str
    employer: str
    source: str = "pool"
    vouched: bool = False


@command(P.PREPARE_ROUND, audit="allocation.round.add_expert")
async def seat(tx: Tx, round_id: int, member: Member) -> int:
    """Seat an expert and engage the person for this round alone, until the scoring day. Gives the seat's id.

    While scoring goes on a new member gets a review of every candidate.
    Raises: Refused ALC-323 (scoring is over), ALC-328 (sits already).
    """
    row = await locked(tx, round_id, (*BEFORE, S.SCORING))
    expert_id = int(
        await tx.conn.fetchval(
            "INSERT INTO allocation_expert (division_code, round, seat, user_id, name, employer, source)"
            " VALUES ($1, $2, 1 + (SELECT coalesce(max(seat), 0) FROM allocation_expert WHERE round = $2),"
            " $3, $4, $5, $6) RETURNING id",
            row["division_code"],
            round_id,
            member.user_id,
            member.name,
            member.employer,
            member.source,
        )
    )
    engagement = await accounts.engage(
        tx,
        user_id=member.user_id,
        role=accounts.Role.EXPERT,
        subject_table=TABLE,
        subject_id=round_id,
        purpose=row["title"],
        starts_on=tx.today,
        ends_on=max(row["score_by"], tx.today),
        vouched=member.vouched,
    )
    await tx.conn.execute("UPDATE allocation_expert SET engagement_id = $2 WHERE id = $1", expert_id, engagement)
    if row["state"] == S.SCORING:
        await open_reviews(tx, row, expert_id)
        await hints.note_conflicts(tx, round_id)
    note = f"{member.name} {member.employer}"
    await tx.note((TABLE, round_id, row["division_code"]), "allocation.round.add_expert", clause=CLAUSE, note=note)
    return expert_id


@command(P.PREPARE_ROUND, audit="allocation.round.drop_expert")
async def unseat(tx: Tx, expert_id: int) -> int:
    """Let an expert go before scoring; the engagement ends. Gives the round's id. Raises: Refused ALC-323."""
    expert = await queries.expert(tx, expert_id)
    row = await locked(tx, expert["round"], BEFORE)
    await tx.conn.execute("DELETE FROM allocation_expert WHERE id = $1", expert_id)
    await accounts.revoke(tx, expert["engagement_id"])
    await tx.note((TABLE, row["id"], row["division_code"]), "allocation.round.drop_expert", note=expert["name"])
    return int(row["id"])


@command(P.PREPARE_ROUND, audit="allocation.round.leave_expert")
async def leave(tx: Tx, expert_id: int, reason: str) -> int:
    """Take a member off the panel while scoring goes on; what the member said is void. Gives the round's id.

    Raises: Refused ALC-323 (not scoring), ALC-363 (has left), KRN-404.
    """
    expert = await queries.expert(tx, expert_id)
    row = await locked(tx, expert["round"], (S.SCORING,))
    if expert["left_at"] is not None:
        raise Refused("ALC-363", name=expert["name"])
    await tx.conn.execute(
        "UPDATE allocation_expert SET left_at = $2, left_reason = $3 WHERE id = $1", expert_id, tx.now, reason
    )
    for review in await queries.reviews_of(tx, expert_id):
        if review["state"] != R.RECUSED:
            await fire(tx, REVIEW, Declaration, review, "void", clause=CLAUSE, reason=reason)
    await accounts.revoke(tx, expert["engagement_id"])
    await tx.note(
        (TABLE, row["id"], row["division_code"]),
        "allocation.round.leave_expert",
        clause=CLAUSE,
        note=expert["name"],
        reason=reason,
    )
    return int(row["id"])


async def open_reviews(tx: Tx, row: Row, expert_id: int | None = None) -> None:
    """Make a review of every candidate for one member, or for all who sit."""
    await tx.conn.execute(
        "INSERT INTO allocation_declaration (division_code, round, expert, candidate)"
        " SELECT $2, $1, e.id, c.id FROM allocation_expert e JOIN allocation_candidate c ON c.round = e.round"
        " WHERE e.round = $1 AND e.left_at IS NULL AND ($3::bigint IS NULL OR e.id = $3) ORDER BY e.seat, c.code",
        row["id"],
        row["division_code"],
        expert_id,
    )


async def release(tx: Tx, round_id: int) -> None:
    """End the access of the whole panel: scoring is closed, or the round given up."""
    await accounts.release(tx, TABLE, round_id)


async def locked(tx: Tx, round_id: int, states: tuple[S, ...]) -> Row:
    """Lock a round that is in one of these states. Raises: Refused ALC-323, KRN-404."""
    row = await queries.own_round(tx, round_id, lock=True)
    if row["state"] not in states:
        raise Refused("ALC-323")
    return row

"""Rounds of /api/v1: read as the pages read them, sealed while they are; the plain steps as commands."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.params import Body, FromPath

from allocation.competitive import decisions, publishing, queries, reviews, service
from allocation.competitive.forms import PromoteForm, SheetForm
from allocation.competitive.rules import written
from allocation.permissions import P
from projects import public as projects
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import Tx, open_tx

AnyRequest = Request[Any, Any, Any]
MOST = 200


class CandidateOut(msgspec.Struct):
    """One candidate; rank, mean and money are null while sealed. Units: fen; `mean` an exact fraction."""

    project: int
    code: str
    title: str
    asked_fen: int
    rank: int | None
    mean: str | None
    score: str | None
    proposed_fen: int | None
    awarded_fen: int | None
    snapshot_hash: str


class RoundOut(msgspec.Struct):
    """One round. Units: fen, basis points. `pot` names an earmark or a township's pool; empty: own money."""

    id: int
    title: str
    division_code: str
    state: str
    version: int
    budget_fen: int
    cap_fen: int
    cut_rule: str
    earmark: int
    township_code: str
    pot: str
    criteria: list[tuple[str, int]]
    candidates: list[CandidateOut]


class PlaceOut(msgspec.Struct):
    """One place of the reserve list, waiting."""

    candidate: int
    code: str
    place: int
    asked_fen: int


class OutcomeOut(msgspec.Struct):
    """What became of a result: its notice, what stands, who waits, who moved up. Units: fen."""

    id: int
    state: str
    notice: int | None
    notice_state: str
    received: int
    answered: int
    upheld: int
    standing_fen: int
    left_fen: int
    fallen: list[str]
    reserve: list[PlaceOut]
    promoted: list[str]


class RoundLine(msgspec.Struct):
    """One line of the list of rounds. Units: fen."""

    id: int
    title: str
    division_code: str
    state: str
    budget_fen: int


async def _out(tx: Tx, round_id: int) -> RoundOut:
    row = await queries.round_of(tx, round_id)
    names = ("id", "title", "division_code", "state", "version", "budget_fen", "cap_fen", "cut_rule",
             "earmark", "township_code")  # fmt: skip
    return RoundOut(
        **{n: row[n] for n in names},
        pot=row["pot_title"],
        criteria=[(c["title"], c["weight_bp"]) for c in await queries.criteria(tx, round_id)],
        candidates=[_candidate(c) for c in await queries.candidates(tx, round_id)],
    )


def _candidate(row: dict[str, Any]) -> CandidateOut:
    names = ("project", "code", "title", "asked_fen", "rank", "proposed_fen", "awarded_fen", "snapshot_hash")
    mean = row["mean"]
    return CandidateOut(
        **{n: row[n] for n in names},
        mean=None if mean is None else str(mean),
        score=None if mean is None else written(mean),
    )


@get("/api/v1/rounds", opt=needs(P.VIEW_ROUNDS), tags=["rounds"])
async def list_rounds(request: AnyRequest) -> list[RoundLine]:
    """List the latest rounds of the range."""
    async with open_tx(request) as tx:
        rows = await tx.conn.fetch(
            "SELECT id, title, division_code, state, budget_fen FROM allocation_round ORDER BY id DESC LIMIT $1", MOST
        )
    return [RoundLine(**r) for r in rows]


@get("/api/v1/rounds/{round_id:int}", opt=needs(P.VIEW_ROUNDS), tags=["rounds"])
async def read_round(request: AnyRequest, round_id: FromPath[int]) -> RoundOut:
    """Give one round as far as it is open to see."""
    async with open_tx(request) as tx:
        return await _out(tx, round_id)


@post("/api/v1/rounds/{round_id:int}/close", opt=needs(P.PREPARE_ROUND), status_code=200, tags=["rounds"])
async def close_round(request: AnyRequest, round_id: FromPath[int]) -> RoundOut:
    """End scoring and rank."""
    async with open_tx(request) as tx:
        await decisions.close(tx, round_id)
        return await _out(tx, round_id)


@post("/api/v1/rounds/{round_id:int}/start", opt=needs(P.PREPARE_ROUND), status_code=200, tags=["rounds"])
async def start_round(request: AnyRequest, round_id: FromPath[int]) -> RoundOut:
    """Begin scoring."""
    async with open_tx(request) as tx:
        await service.start(tx, round_id)
        return await _out(tx, round_id)


@post("/api/v1/rounds/{round_id:int}/approve", opt=needs(P.APPROVE_ROUND), status_code=200, tags=["rounds"])
async def approve_round(request: AnyRequest, round_id: FromPath[int]) -> RoundOut:
    """Approve the decision into awards."""
    async with open_tx(request) as tx:
        await publishing.approve(tx, round_id)
        return await _out(tx, round_id)


@get("/api/v1/rounds/{round_id:int}/outcome", opt=needs(P.VIEW_ROUNDS), tags=["rounds"])
async def read_outcome(request: AnyRequest, round_id: FromPath[int]) -> OutcomeOut:
    """Give what became of a result."""
    async with open_tx(request) as tx:
        return await _outcome(tx, round_id)


async def _outcome(tx: Tx, round_id: int) -> OutcomeOut:
    row = await queries.round_of(tx, round_id)
    notice = await projects.notice_of(tx, publishing.subject(row)) or {}
    standing = await queries.standing(tx, round_id)
    return OutcomeOut(
        id=round_id,
        state=row["state"],
        notice=notice.get("id"),
        notice_state=notice.get("state", ""),
        received=notice.get("received", 0),
        answered=notice.get("answered", 0),
        upheld=notice.get("upheld", 0),
        standing_fen=standing.awarded_fen,
        left_fen=row["budget_fen"] - standing.awarded_fen,
        fallen=[c["code"] for c in standing.fallen],
        reserve=[PlaceOut(c["id"], c["code"], c["reserve_place"], c["asked_fen"]) for c in standing.waiting],
        promoted=[m["code"] for m in standing.promoted],
    )


@post("/api/v1/rounds/{round_id:int}/post", opt=needs(P.PREPARE_ROUND), status_code=200, tags=["rounds"])
async def post_round(request: AnyRequest, round_id: FromPath[int]) -> OutcomeOut:
    """Put a decided result before the public."""
    async with open_tx(request) as tx:
        await publishing.post(tx, round_id)
        return await _outcome(tx, round_id)


@post("/api/v1/rounds/{round_id:int}/promote", opt=needs(P.APPROVE_ROUND), status_code=200, tags=["rounds"])
async def promote_round(
    request: AnyRequest, round_id: FromPath[int], data: Annotated[PromoteForm, Body()]
) -> OutcomeOut:
    """Move a project up from the reserve list."""
    async with open_tx(request) as tx:
        await publishing.promote(tx, round_id, data)
        return await _outcome(tx, round_id)


@post("/api/v1/reviews/{review_id:int}/score", opt=needs(P.SCORE), status_code=204, tags=["rounds"])
async def score_review(request: AnyRequest, review_id: FromPath[int], data: Annotated[SheetForm, Body()]) -> None:
    """Hand in one's own score sheet."""
    async with open_tx(request) as tx:
        await reviews.score(tx, review_id, data)


ROUTES = [
    list_rounds,
    read_round,
    start_round,
    close_round,
    approve_round,
    score_review,
    read_outcome,
    post_round,
    promote_round,
]

"""Rounds of /api/v1: read as the pages read them, sealed while they are; the plain steps as commands."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.params import Body, FromPath

from allocation.competitive import decisions, publishing, queries, reviews, service
from allocation.competitive.forms import SheetForm
from allocation.competitive.rules import written
from allocation.permissions import P
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
    """One round. Units: fen, basis points."""

    id: int
    title: str
    division_code: str
    state: str
    version: int
    budget_fen: int
    cap_fen: int
    cut_rule: str
    criteria: list[tuple[str, int]]
    candidates: list[CandidateOut]


class RoundLine(msgspec.Struct):
    """One line of the list of rounds. Units: fen."""

    id: int
    title: str
    division_code: str
    state: str
    budget_fen: int


async def _out(tx: Tx, round_id: int) -> RoundOut:
    row = await queries.round_of(tx, round_id)
    names = ("id", "title", "division_code", "state", "version", "budget_fen", "cap_fen", "cut_rule")
    return RoundOut(
        **{n: row[n] for n in names},
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


@post("/api/v1/reviews/{review_id:int}/score", opt=needs(P.SCORE), status_code=204, tags=["rounds"])
async def score_review(request: AnyRequest, review_id: FromPath[int], data: Annotated[SheetForm, Body()]) -> None:
    """Hand in one's own score sheet."""
    async with open_tx(request) as tx:
        await reviews.score(tx, review_id, data)


ROUTES = [list_rounds, read_round, start_round, close_round, approve_round, score_review]

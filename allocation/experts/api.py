"""The pool, draws and an expert's own reviews for /api/v1: the same commands as the pages."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.params import Body, FromPath, QueryParameter

from allocation.competitive import queries as rounds
from allocation.competitive import reviews
from allocation.competitive.forms import ClearForm, RecuseForm
from allocation.experts import drawing, queries, view
from allocation.experts.forms import FreezeForm, SeedForm
from allocation.permissions import P
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import Tx, open_tx

AnyRequest = Request[Any, Any, Any]
MOST = 200


class PoolOut(msgspec.Struct):
    """One expert of the pools one may draw from. `county`: first six digits of where the person works."""

    id: int
    number: str
    name: str
    employer: str
    county: str
    specialities: list[str]
    grade: str
    valid_until: date
    state: str


class DrawnOut(msgspec.Struct):
    """One who was drawn; `order` is the SHA-256 by which the person stands."""

    id: int
    number: str
    name: str
    speciality: str
    role: str
    rank: int
    state: str
    order: str


class DrawOut(msgspec.Struct):
    """One draw; `seed` is empty until somebody else has drawn. Shape: `groups` [(speciality, seats)]."""

    id: int
    round: int
    seq: int
    state: str
    sha256: str
    seed: str
    frozen_at: datetime
    drawn_at: datetime | None
    groups: list[tuple[str, int]]
    drawn: list[DrawnOut]


class ReviewOut(msgspec.Struct):
    """One review of the expert's own; what is recused is not there. Units: fen."""

    id: int
    code: str
    title: str
    asked_fen: int
    state: str


async def _draw(tx: Tx, draw_id: int) -> DrawOut:
    found = await view.shown(tx, draw_id)
    row, names = found.draw, ("id", "number", "name", "speciality", "role", "rank", "state")
    return DrawOut(
        **{n: row[n] for n in ("id", "round", "seq", "state", "sha256", "seed", "frozen_at", "drawn_at")},
        groups=[(g.speciality, g.seats) for g in row["groups"]],
        drawn=[DrawnOut(**{n: x[n] for n in names}, order=found.place.get(x["number"], "")) for x in found.lines],
    )


@get("/api/v1/experts", opt=needs(P.VIEW_EXPERTS), tags=["experts"])
async def list_experts(request: AnyRequest, after: Annotated[int, QueryParameter(ge=0, le=2**62)] = 0) -> list[PoolOut]:
    """List the pools one may draw from, by id after `after`."""
    async with open_tx(request) as tx:
        rows = await tx.conn.fetch(
            "SELECT id, number, name, employer, county, specialities, grade, valid_until, state"
            " FROM allocation_pool_expert WHERE id > $1 ORDER BY id LIMIT $2",
            after,
            MOST,
        )
    return [PoolOut(**r) for r in rows]


@get("/api/v1/rounds/{round_id:int}/draws", opt=needs(P.VIEW_ROUNDS), tags=["experts"])
async def list_draws(request: AnyRequest, round_id: FromPath[int]) -> list[DrawOut]:
    """List the draws of a round, the latest first."""
    async with open_tx(request) as tx:
        await rounds.round_of(tx, round_id)
        return [await _draw(tx, d["id"]) for d in await queries.draws(tx, round_id)]


@post("/api/v1/rounds/{round_id:int}/draws", opt=needs(P.PREPARE_ROUND), tags=["experts"])
async def freeze_draw(request: AnyRequest, round_id: FromPath[int], data: Annotated[FreezeForm, Body()]) -> DrawOut:
    """Freeze what a draw rests on."""
    async with open_tx(request) as tx:
        return await _draw(tx, await drawing.freeze(tx, round_id, data.groups))


@post("/api/v1/draws/{draw_id:int}/draw", opt=needs(P.WITNESS_DRAW), status_code=200, tags=["experts"])
async def draw_experts(request: AnyRequest, draw_id: FromPath[int], data: Annotated[SeedForm, Body()]) -> DrawOut:
    """Draw, as somebody else than who froze it."""
    async with open_tx(request) as tx:
        await drawing.draw(tx, draw_id, data)
        return await _draw(tx, draw_id)


@get("/api/v1/draws/{draw_id:int}", opt=needs(P.VIEW_ROUNDS), tags=["experts"])
async def read_draw(request: AnyRequest, draw_id: FromPath[int]) -> DrawOut:
    """Give one draw."""
    async with open_tx(request) as tx:
        return await _draw(tx, draw_id)


@get("/api/v1/reviews", opt=needs(P.SCORE), tags=["experts"])
async def list_reviews(request: AnyRequest) -> list[ReviewOut]:
    """List one's own reviews in the round of the engagement."""
    async with open_tx(request) as tx:
        found = await rounds.my_reviews(tx, await rounds.my_seat(tx))
    return [ReviewOut(r["id"], r["code"], r["title"], r["asked_fen"], r["state"]) for r in found]


@post("/api/v1/reviews/{review_id:int}/clear", opt=needs(P.SCORE), status_code=204, tags=["experts"])
async def clear_review(request: AnyRequest, review_id: FromPath[int], data: Annotated[ClearForm, Body()]) -> None:
    """Declare that there is no conflict of interest."""
    async with open_tx(request) as tx:
        await reviews.clear(tx, review_id, data.explained)


@post("/api/v1/reviews/{review_id:int}/recuse", opt=needs(P.SCORE), status_code=204, tags=["experts"])
async def recuse_review(request: AnyRequest, review_id: FromPath[int], data: Annotated[RecuseForm, Body()]) -> None:
    """Step out of one candidate."""
    async with open_tx(request) as tx:
        await reviews.recuse(tx, review_id, data)


ROUTES = [
    list_experts,
    list_draws,
    freeze_draw,
    draw_experts,
    read_draw,
    list_reviews,
    clear_review,
    recuse_review,
]

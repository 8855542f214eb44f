"""Partings of /api/v1: read with their pots as they stand; the leader's step as a command."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath

from allocation.mixed import queries, service
from allocation.permissions import P
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import Tx, open_tx

AnyRequest = Request[Any, Any, Any]
MOST = 200


class PotOut(msgspec.Struct):
    """One pot as it stands. Units: fen, basis points."""

    division_code: str
    name: str
    share_bp: int
    amount_fen: int
    won_fen: int
    flowed_fen: int
    joined_fen: int
    left_fen: int
    asked_fen: int
    rounds: int


class MixedLine(msgspec.Struct):
    """One parting in a list. Units: fen, basis points of the pool."""

    id: int
    title: str
    division_code: str
    batch: int
    pool_fen: int
    factor_bp: int
    factor_fen: int
    competitive_fen: int
    back_to: str
    use_by: date
    state: str
    version: int


class MixedOut(MixedLine):
    """One parting with its pots."""

    pots: list[PotOut] = []


_NAMES = MixedLine.__struct_fields__


async def _out(tx: Tx, mixed_id: int) -> MixedOut:
    row = await queries.find(tx, mixed_id)
    pots = [PotOut(**asdict(p)) for p in await queries.pots_now(tx, row)]
    return MixedOut(**{n: row[n] for n in _NAMES}, pots=pots)


@get("/api/v1/mixed", opt=needs(P.VIEW_MIXED), tags=["mixed"])
async def list_mixed(request: AnyRequest) -> list[MixedLine]:
    """List the latest partings that concern the range."""
    async with open_tx(request) as tx:
        rows = await tx.conn.fetch("SELECT * FROM allocation_mixed ORDER BY id DESC LIMIT $1", MOST)
    return [MixedLine(**{n: r[n] for n in _NAMES}) for r in rows]


@get("/api/v1/mixed/{mixed_id:int}", opt=needs(P.VIEW_MIXED), tags=["mixed"])
async def read_mixed(request: AnyRequest, mixed_id: FromPath[int]) -> MixedOut:
    """Give one parting with its pots as they stand."""
    async with open_tx(request) as tx:
        return await _out(tx, mixed_id)


@post("/api/v1/mixed/{mixed_id:int}/part", opt=needs(P.APPROVE_MIXED), status_code=200, tags=["mixed"])
async def part_mixed(request: AnyRequest, mixed_id: FromPath[int]) -> MixedOut:
    """Put a parting into effect."""
    async with open_tx(request) as tx:
        await service.part(tx, mixed_id)
        return await _out(tx, mixed_id)


ROUTES = [list_mixed, read_mixed, part_mixed]

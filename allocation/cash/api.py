"""JSON of the cash room: lists with their sums, never with account numbers. Units: fen."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath, JSONBody

from allocation.cash import queries, service
from allocation.cash.forms import ListForm
from allocation.permissions import P
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import Tx, open_tx

AnyRequest = Request[Any, Any, Any]


class ListOut(msgspec.Struct):
    """One list. Shape: results {result: households}."""

    id: int
    title: str
    year: int
    kind: str
    batch: int
    households: int
    persons: int
    per_head_fen: int
    total_fen: int
    held: int
    state: str
    sha256: str
    results: dict[str, int]


async def _out(tx: Tx, key: int) -> ListOut:
    row = await queries.cash_list(tx, key)
    results = {name: found[0] for name, found in (await queries.results(tx, key)).items()}
    return ListOut(**{n: row[n] for n in ListOut.__struct_fields__ if n != "results"}, results=results)


@get("/api/v1/cash/{cash_id:int}", opt=needs(P.VIEW_CASH), tags=["cash"])
async def read_list(request: AnyRequest, cash_id: FromPath[int]) -> ListOut:
    """Give one list."""
    async with open_tx(request) as tx:
        return await _out(tx, cash_id)


@post("/api/v1/cash", opt=needs(P.PREPARE_CASH), tags=["cash"])
async def draft(request: AnyRequest, data: JSONBody[ListForm]) -> ListOut:
    """Make a list out of the register."""
    async with open_tx(request) as tx:
        return await _out(tx, await service.draft(tx, data))


@post("/api/v1/cash/{cash_id:int}/approve", opt=needs(P.APPROVE_CASH), status_code=200, tags=["cash"])
async def approve(request: AnyRequest, cash_id: FromPath[int]) -> ListOut:
    """Approve a list, as the second hand."""
    async with open_tx(request) as tx:
        await service.approve(tx, cash_id)
        return await _out(tx, cash_id)


ROUTES = [read_list, draft, approve]

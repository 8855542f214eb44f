"""JSON of the grants room: grants with their working, and what a loan's year would give. Units: fen."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath, QueryParameter

from allocation.grants import queries, service
from allocation.permissions import P
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import Tx, open_tx

AnyRequest = Request[Any, Any, Any]


class GrantOut(msgspec.Struct):
    """One grant; `working` holds inputs and every step of a subsidy, exact."""

    id: int
    kind: str
    year: int
    title: str
    recipient: str
    division_code: str
    amount_fen: int
    state: str
    sha256: str
    working: dict[str, Any]


class WorkingOut(msgspec.Struct):
    """What one year of a loan would give, as things stand on file."""

    amount_fen: int
    sha256: str
    working: dict[str, Any]


async def _out(tx: Tx, key: int) -> GrantOut:
    row = await queries.grant(tx, key)
    return GrantOut(**{n: row[n] for n in GrantOut.__struct_fields__})


@get("/api/v1/grants/{grant_id:int}", opt=needs(P.VIEW_GRANTS), tags=["grants"])
async def read_grant(request: AnyRequest, grant_id: FromPath[int]) -> GrantOut:
    """Give one grant with its working."""
    async with open_tx(request) as tx:
        return await _out(tx, grant_id)


@get("/api/v1/loans/{loan_id:int}/working", opt=needs(P.VIEW_GRANTS), tags=["grants"])
async def read_working(
    request: AnyRequest, loan_id: FromPath[int], year: Annotated[int, QueryParameter(ge=2000, le=2100)]
) -> WorkingOut:
    """Work a loan's year out; nothing is kept."""
    async with open_tx(request) as tx:
        made, document, digest = await service.working(tx, await queries.loan(tx, loan_id), year)
    return WorkingOut(made.amount_fen, digest, document)


@post("/api/v1/grants/{grant_id:int}/approve", opt=needs(P.APPROVE_GRANT), status_code=200, tags=["grants"])
async def approve(request: AnyRequest, grant_id: FromPath[int]) -> GrantOut:
    """Approve a checked grant, as the third hand."""
    async with open_tx(request) as tx:
        await service.approve(tx, grant_id)
        return await _out(tx, grant_id)


ROUTES = [read_grant, read_working, approve]

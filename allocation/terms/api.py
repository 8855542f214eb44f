"""JSON of the terms room: the same reads and commands as the pages. Units: fen."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta, Struct

from allocation.permissions import P
from allocation.terms import queries, service
from allocation.terms.forms import FillForm, GiveForm, PoolForm, TakeForm
from allocation.terms.listing import clock_source, pool_source, rule_of
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import open_tx

AnyRequest = Request[Any, Any, Any]
After = Annotated[int, QueryParameter(ge=0, le=2**53)]
MOST = 500


class ClockOut(Struct):
    """One batch in one county (or the city): until when its money may lie, and where it lies."""

    id: int
    batch: int
    doc_no: str
    division_code: str
    issued_on: str
    due_on: str
    days_left: int
    stage: str
    unspent_fen: int
    free_fen: int
    pooled_fen: int
    bound_fen: int
    cash_fen: int


class PoolOut(Struct):
    """A pool as it stands."""

    id: int
    division_code: str
    purpose: str
    title: str
    opened_on: str
    apply_by: str | None
    use_by: str
    days_left: int
    stage: str
    holds_fen: int
    asked_fen: int
    state: str


class Done(Struct):
    """The row that a command wrote."""

    id: int


class SurplusIn(Struct):
    """Carried-over money to hand in."""

    batch: int
    division_code: Annotated[str, Meta(pattern=r"^\d{12}$")]
    amount_fen: Annotated[int, Meta(gt=0)]
    reason: Annotated[str, Meta(min_length=2, max_length=500)]


def _plain(row: Any, shape: type[Struct]) -> dict[str, Any]:  # noqa: ANN401 - a database row
    known = {name: row[name] for name in shape.__struct_fields__}
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in known.items()}


@get("/api/v1/terms/clocks", opt=needs(P.VIEW_FUNDS), tags=["allocation"])
async def clocks(request: AnyRequest, after: After = 0) -> list[ClockOut]:
    """List clocks of carried-over money in sight by id, five hundred at a time."""
    async with open_tx(request) as tx:
        rows = await tx.conn.fetch(
            f"SELECT * FROM {clock_source(*rule_of(tx))} WHERE q.id > $1 ORDER BY q.id LIMIT $2",  # noqa: S608 - our own text
            after,
            MOST,
        )
    return [ClockOut(**_plain(r, ClockOut)) for r in rows]


@get("/api/v1/terms/pools", opt=needs(P.VIEW_TERMS), tags=["allocation"])
async def pools(request: AnyRequest, after: After = 0) -> list[PoolOut]:
    """List pools in sight by id, five hundred at a time."""
    async with open_tx(request) as tx:
        warn = tx.policy.whole("allocation.terms.warn_days")
        source = pool_source(queries.startup_ways(tx, tx.actor.division_code), tx.today, warn)
        rows = await tx.conn.fetch(
            f"SELECT * FROM {source} WHERE q.id > $1 ORDER BY q.id LIMIT $2",  # noqa: S608 - our own text
            after,
            MOST,
        )
    return [PoolOut(**_plain(r, PoolOut)) for r in rows]


@post("/api/v1/terms/pools", opt=needs(P.KEEP_POOL), tags=["allocation"])
async def open_pool(request: AnyRequest, data: JSONBody[PoolForm]) -> Done:
    """Set a pool up."""
    async with open_tx(request) as tx:
        return Done(await service.open_pool(tx, data))


@post("/api/v1/terms/pools/{pool_id:int}/fill", opt=needs(P.KEEP_POOL), tags=["allocation"])
async def fill(request: AnyRequest, pool_id: FromPath[int], data: JSONBody[FillForm]) -> Done:
    """Put money of the county into a pool."""
    async with open_tx(request) as tx:
        return Done(await service.fill_pool(tx, pool_id, data))


@post("/api/v1/terms/pools/{pool_id:int}/give", opt=needs(P.AWARD), tags=["allocation"])
async def give(request: AnyRequest, pool_id: FromPath[int], data: JSONBody[GiveForm]) -> Done:
    """Award a planned project out of a pool; the award's id."""
    async with open_tx(request) as tx:
        return Done(await service.give_from_pool(tx, pool_id, data))


@post("/api/v1/terms/pools/{pool_id:int}/take", opt=needs(P.PREPARE_TAKEBACK), tags=["allocation"])
async def take(request: AnyRequest, pool_id: FromPath[int], data: JSONBody[TakeForm]) -> Done:
    """Propose to take money back from a pool; a leader decides it on its page."""
    async with open_tx(request) as tx:
        return Done(await service.prepare_replan(tx, pool_id, data))


@post("/api/v1/terms/surplus", opt=needs(P.PREPARE_TAKEBACK), tags=["allocation"])
async def surplus(request: AnyRequest, data: JSONBody[SurplusIn]) -> Done:
    """Propose to hand carried-over money in; a leader decides it on its page."""
    async with open_tx(request) as tx:
        form = TakeForm(data.amount_fen, data.reason)
        return Done(await service.prepare_surplus(tx, data.batch, data.division_code, form))


ROUTES = [clocks, pools, open_pool, fill, give, take, surplus]

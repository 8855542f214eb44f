"""JSON of split documents, earmarks and closed periods: the same reads and commands as the pages. Units: fen."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from litestar import Request, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Struct

from allocation.budget import closing, earmarks, queries, split_queries, split_service
from allocation.budget.forms import EarmarkForm, ReasonForm, SplitForm
from allocation.permissions import P
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import Tx, open_tx

AnyRequest = Request[Any, Any, Any]
S = TypeVar("S", bound=Struct)
Batch = Annotated[int, QueryParameter(ge=1, le=2**53)]
MOST = 200


class SplitLineOut(Struct):
    """What one division gets."""

    division_code: str
    persons: int
    cash_fen: int
    project_fen: int
    earmark: int | None
    earmark_fen: int


class SplitOut(Struct):
    """A split document with the lines the caller may see."""

    id: int
    batch: int
    division_code: str
    doc_no: str
    title: str
    issued_on: str
    state: str
    version: int
    lines: list[SplitLineOut]


class EarmarkOut(Struct):
    """Money of a batch bound to a use, a place or a project, and what of it is not awarded."""

    id: int
    title: str
    amount_fen: int
    left_fen: int
    category: str
    place_code: str
    project: int | None


class ClosingOut(Struct):
    """A closed month or year."""

    id: int
    division_code: str
    period: str
    entries: int
    accounts: int
    sha256: str
    previous_sha256: str


class TotalOut(Struct):
    """One frozen line of a closed period."""

    batch: int
    kind: str
    earmark: int
    opening_fen: int
    in_fen: int
    out_fen: int
    closing_fen: int


def _picked(struct: type[S], row: dict[str, Any]) -> S:
    return struct(**{name: row[name] for name in struct.__struct_fields__})


async def _split(tx: Tx, split_id: int) -> SplitOut:
    row = await split_queries.split(tx, split_id)
    lines = [_picked(SplitLineOut, line) for line in await split_queries.lines(tx, split_id)]
    return _picked(SplitOut, row | {"issued_on": row["issued_on"].isoformat(), "lines": lines})


@get("/api/v1/splits", opt=needs(P.VIEW_FUNDS), tags=["allocation"])
async def splits(request: AnyRequest, batch: Batch) -> list[SplitOut]:
    """List the documents that passed a batch on."""
    async with open_tx(request) as tx:
        return [await _split(tx, row["id"]) for row in (await split_queries.splits_of_batch(tx, batch))[:MOST]]


@post("/api/v1/splits", opt=needs(P.SPLIT), tags=["allocation"])
async def draft(request: AnyRequest, batch: Batch, data: JSONBody[SplitForm]) -> SplitOut:
    """Write a split document down as a draft."""
    async with open_tx(request) as tx:
        return await _split(tx, await split_service.draft_split(tx, batch, data))


@post("/api/v1/splits/{split_id:int}/issue", opt=needs(P.ISSUE_SPLIT), tags=["allocation"])
async def issue(request: AnyRequest, split_id: FromPath[int]) -> SplitOut:
    """Issue a split document."""
    async with open_tx(request) as tx:
        await split_service.issue_split(tx, split_id)
        return await _split(tx, split_id)


@post("/api/v1/splits/{split_id:int}/reverse", opt=needs(P.ISSUE_SPLIT), tags=["allocation"])
async def reverse(request: AnyRequest, split_id: FromPath[int], data: JSONBody[ReasonForm]) -> SplitOut:
    """Take a split document back by its mirror."""
    async with open_tx(request) as tx:
        await split_service.reverse_split(tx, split_id, data.reason)
        return await _split(tx, split_id)


@get("/api/v1/funds/{batch_id:int}/earmarks", opt=needs(P.VIEW_FUNDS), tags=["allocation"])
async def bound(request: AnyRequest, batch_id: FromPath[int]) -> list[EarmarkOut]:
    """List what a batch binds."""
    async with open_tx(request) as tx:
        await queries.batch(tx, batch_id)
        return [_picked(EarmarkOut, row) for row in await split_queries.earmarks(tx, batch_id)]


@post("/api/v1/funds/{batch_id:int}/earmarks", opt=needs(P.RECORD_BATCH), tags=["allocation"])
async def bind(request: AnyRequest, batch_id: FromPath[int], data: JSONBody[EarmarkForm]) -> list[EarmarkOut]:
    """Bind a part of a batch that is not booked; answers all that it binds."""
    async with open_tx(request) as tx:
        await earmarks.add_earmark(tx, batch_id, data)
        return [_picked(EarmarkOut, row) for row in await split_queries.earmarks(tx, batch_id)]


@get("/api/v1/closings", opt=needs(P.VIEW_FUNDS), tags=["allocation"])
async def closings(request: AnyRequest) -> list[ClosingOut]:
    """List the newest closed periods in sight."""
    async with open_tx(request) as tx:
        rows = await tx.conn.fetch("SELECT * FROM allocation_closing ORDER BY ends_at DESC, id DESC LIMIT $1", MOST)
    return [_picked(ClosingOut, dict(r)) for r in rows]


@get("/api/v1/closings/{closing_id:int}/totals", opt=needs(P.VIEW_FUNDS), tags=["allocation"])
async def totals(request: AnyRequest, closing_id: FromPath[int]) -> list[TotalOut]:
    """List the frozen totals of a period."""
    async with open_tx(request) as tx:
        await closing.read(tx, closing_id)
        return [_picked(TotalOut, row) for row in await closing.totals(tx, closing_id)]


ROUTES = [splits, draft, issue, reverse, bound, bind, closings, totals]

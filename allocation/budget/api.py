"""JSON of the budget room: the same reads and commands as the pages. Units: fen."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta, Struct

from allocation.budget import checking, overview, queries, service
from allocation.budget.forms import AwardForm, BatchForm, ReasonForm
from allocation.permissions import P
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import open_tx

AnyRequest = Request[Any, Any, Any]
Id = Annotated[int | None, QueryParameter(ge=1, le=2**53)]
MOST = 500


class BatchOut(Struct):
    """A batch as it stands."""

    id: int
    doc_no: str
    title: str
    level: str
    fund_kind: str
    issued_on: str
    cash_fen: int
    project_fen: int
    persons: int
    state: str
    version: int


class FigureOut(Struct):
    """One figure and the kinds of entries it adds up."""

    kind: str
    fen: int
    kinds: list[str]


class LineOut(Struct):
    """One line of an overview."""

    key: str
    title: str
    figures: list[FigureOut]


class EntryOut(Struct):
    """One line of a posting."""

    id: int
    event_key: str
    posted_at: str
    division_code: str
    batch: int
    project: int | None
    kind: str
    amount_fen: int
    source_table: str
    source_id: int


class AwardIn(Struct):
    """An award to give from the caller's own pot."""

    project: int
    amount_fen: Annotated[int, Meta(gt=0)]
    doc_no: Annotated[str, Meta(max_length=80)] = ""
    reason: Annotated[str, Meta(max_length=500)] = ""


class AwardOut(Struct):
    """An award that was given."""

    id: int
    project: int
    amount_fen: int
    source: str


def _batch(row: dict[str, Any]) -> BatchOut:
    known = {name: row[name] for name in BatchOut.__struct_fields__}
    return BatchOut(**known | {"issued_on": row["issued_on"].isoformat()})


@get("/api/v1/funds", opt=needs(P.VIEW_FUNDS), tags=["allocation"])
async def batches(request: AnyRequest) -> list[BatchOut]:
    """List the newest hundred batches in sight."""
    async with open_tx(request) as tx:
        rows = await tx.conn.fetch("SELECT * FROM allocation_batch ORDER BY issued_on DESC, id DESC LIMIT 100")
    return [_batch(dict(r)) for r in rows]


@post("/api/v1/funds", opt=needs(P.RECORD_BATCH), tags=["allocation"])
async def create(request: AnyRequest, data: JSONBody[BatchForm]) -> BatchOut:
    """Write down a batch as a draft."""
    async with open_tx(request) as tx:
        batch_id = await service.draft_batch(tx, data)
        return _batch(await queries.batch(tx, batch_id))


@post("/api/v1/funds/{batch_id:int}/submit", opt=needs(P.RECORD_BATCH), tags=["allocation"])
async def submit(request: AnyRequest, batch_id: FromPath[int]) -> BatchOut:
    """Send a batch that is typed whole to be checked by somebody else."""
    async with open_tx(request) as tx:
        return _batch(await checking.submit_batch(tx, batch_id))


@post("/api/v1/funds/{batch_id:int}/return", opt=needs(P.BOOK_BATCH), tags=["allocation"])
async def send_back(request: AnyRequest, batch_id: FromPath[int], data: JSONBody[ReasonForm]) -> BatchOut:
    """Send a batch back to be mended."""
    async with open_tx(request) as tx:
        return _batch(await checking.return_batch(tx, batch_id, data.reason))


@post("/api/v1/funds/{batch_id:int}/record", opt=needs(P.BOOK_BATCH), tags=["allocation"])
async def record(request: AnyRequest, batch_id: FromPath[int]) -> BatchOut:
    """Book a batch that somebody else typed."""
    async with open_tx(request) as tx:
        await service.record_batch(tx, batch_id)
        return _batch(await queries.batch(tx, batch_id))


@get("/api/v1/funds/balances", opt=needs(P.VIEW_FUNDS), tags=["allocation"])
async def balances(request: AnyRequest, batch: Id = None) -> list[LineOut]:
    """Add up balances by city and county, of one batch or of all."""
    async with open_tx(request) as tx:
        lines = await overview.balances(tx, "division", batch_id=batch)
    return [
        LineOut(x.key, x.title, [FigureOut(f.kind.value, f.fen, [k.value for k in f.kinds]) for f in x.figures])
        for x in lines
    ]


@get("/api/v1/ledger", opt=needs(P.VIEW_FUNDS), tags=["allocation"])
async def ledger(
    request: AnyRequest, after: Annotated[int, QueryParameter(ge=0, le=2**53)] = 0, project: Id = None
) -> list[EntryOut]:
    """List ledger entries of the range by id, five hundred at a time."""
    async with open_tx(request) as tx:
        rows = await tx.conn.fetch(
            "SELECT id, event_key, posted_at, division_code, batch, project, kind, amount_fen, source_table, source_id"
            " FROM allocation_entry WHERE id > $1 AND ($2::bigint IS NULL OR project = $2) ORDER BY id LIMIT $3",
            after,
            project,
            MOST,
        )
    return [EntryOut(**{**r, "posted_at": r["posted_at"].isoformat()}) for r in rows]


@post("/api/v1/awards", opt=needs(P.AWARD), tags=["allocation"])
async def give(request: AnyRequest, data: JSONBody[AwardIn]) -> AwardOut:
    """Award a planned project from the caller's own pot."""
    form = AwardForm(data.project, data.amount_fen, data.doc_no, data.reason)
    async with open_tx(request) as tx:
        award_id = await service.award_from_pot(tx, form.project, form.amount_fen, form.doc_no, form.reason)
        row = await queries.award(tx, award_id)
    return AwardOut(row["id"], row["project"], row["amount_fen"], row["source"])


ROUTES = [batches, create, submit, send_back, record, balances, ledger, give]

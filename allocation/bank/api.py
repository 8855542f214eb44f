"""JSON of the bank room: what is due, files out, statements in; the same commands as behind the pages. Units: fen."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from allocation.bank import queries, reconcile, service
from allocation.permissions import P
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import Tx, open_tx

AnyRequest = Request[Any, Any, Any]


class FileOut(msgspec.Struct):
    """One file for the bank. Shape: results {what the bank said: how many payments}."""

    id: int
    number: str
    purpose: str
    lines: int
    total_fen: int
    state: str
    file_sha256: str
    results: dict[str, int]


class DueOut(msgspec.Struct):
    """One payment that could go out now; `block` is the code of what stands in its way."""

    table: str
    id: int
    division_code: str
    payee: str
    amount_fen: int
    block: str


class PrepareIn(msgspec.Struct):
    """Which payments go into a file: all that are due, or some of them by their ids."""

    purpose: Literal["claims", "grants", "cash"]
    chosen: Annotated[list[Annotated[int, Meta(ge=1, le=2**53)]], Meta(max_length=20_000)] | None = None


class AppliedOut(msgspec.Struct):
    """What became of a statement."""

    id: int
    state: str
    booked: int
    rows_bad: int


async def _file(tx: Tx, key: int) -> FileOut:
    row = await queries.one(tx, service.BATCHES, key)
    names = ("id", "number", "purpose", "lines", "total_fen", "state", "file_sha256")
    results = {name: n for name, (n, _) in (await queries.results(tx, key)).items()}
    return FileOut(**{n: row[n] for n in names}, results=results)


@get("/api/v1/bank/due/{what:str}", opt=needs(P.PREPARE_BANK), tags=["bank"])
async def due(request: AnyRequest, what: FromPath[str]) -> list[DueOut]:
    """List what could be paid now."""
    async with open_tx(request) as tx:
        found = await service.due(tx, what)
    return [DueOut(d.table, d.id, d.division_code, d.payee, d.amount_fen, d.block) for d in found]


@get("/api/v1/bank/files/{bank_batch_id:int}", opt=needs(P.VIEW_BANK), tags=["bank"])
async def read_file(request: AnyRequest, bank_batch_id: FromPath[int]) -> FileOut:
    """Give one file with what the bank said of it."""
    async with open_tx(request) as tx:
        return await _file(tx, bank_batch_id)


@post("/api/v1/bank/files", opt=needs(P.PREPARE_BANK), tags=["bank"])
async def prepare(request: AnyRequest, data: JSONBody[PrepareIn]) -> FileOut:
    """Put payments into a file."""
    async with open_tx(request) as tx:
        return await _file(tx, await service.prepare(tx, data.purpose, data.chosen))


@post("/api/v1/bank/files/{bank_batch_id:int}/release", opt=needs(P.RELEASE_BANK), status_code=200, tags=["bank"])
async def release(request: AnyRequest, bank_batch_id: FromPath[int]) -> FileOut:
    """Let a file leave, as the second hand."""
    async with open_tx(request) as tx:
        await service.release(tx, bank_batch_id)
        return await _file(tx, bank_batch_id)


@post("/api/v1/bank/statements/{statement_id:int}/apply", opt=needs(P.RECONCILE), status_code=200, tags=["bank"])
async def apply(request: AnyRequest, statement_id: FromPath[int]) -> AppliedOut:
    """Book what is right of a statement."""
    async with open_tx(request) as tx:
        booked = await reconcile.apply(tx, statement_id)
        row = await queries.one(tx, reconcile.STATEMENTS, statement_id)
    return AppliedOut(statement_id, row["state"], booked, row["rows_bad"])


ROUTES = [due, read_file, prepare, release, apply]

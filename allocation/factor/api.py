"""JSON of the factor room: the same reads and commands as the pages. Units: fen."""

from __future__ import annotations

import json
from datetime import date
from typing import Annotated, Any

from litestar import Request, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from allocation.factor import data_service, queries, service
from allocation.factor.data_service import Origin
from allocation.factor.forms import ColumnRow, RunForm, ValueRow
from allocation.factor.frozen import export, result
from allocation.factor.words import said
from allocation.permissions import P
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import Tx, open_tx

AnyRequest = Request[Any, Any, Any]


class FindingOut(Struct):
    """What a check noticed."""

    code: str
    sentence: str


class RunOut(Struct):
    """A run as it stands; `result` only when nothing stops the split."""

    id: int
    title: str
    document: str
    pool_fen: int
    state: str
    sha256: str
    stops: list[FindingOut]
    notices: list[FindingOut]
    result: dict[str, Any] | None


class ValuesIn(Struct):
    """Values with their source and date, common to all or by column."""

    values: Annotated[list[ValueRow], Meta(max_length=20_000)]
    source: Annotated[str, Meta(max_length=200)] = ""
    as_of: date | None = None
    columns: Annotated[list[ColumnRow], Meta(max_length=40)] = []


class RemarkIn(Struct):
    """The word that explains odd values."""

    remark: Annotated[str, Meta(max_length=1000)] = ""


async def _out(tx: Tx, run_id: int) -> RunOut:
    row = await queries.run(tx, run_id)
    inputs = await queries.inputs(tx, row)
    stop, notice = await data_service.findings(tx, row, inputs) if row["state"] == "draft" else ([], [])
    names = {u.code: u.name for u in inputs.units}
    return RunOut(
        row["id"],
        row["title"],
        row["doc_no"],
        row["pool_fen"],
        row["state"],
        row["sha256"],
        [FindingOut(*f) for f in said(stop, names)],
        [FindingOut(*f) for f in said(notice, names)],
        None if stop else result(inputs.split(), inputs.scheme.version),
    )


@get("/api/v1/factor/{run_id:int}", opt=needs(P.VIEW_FACTOR), tags=["allocation"])
async def run(request: AnyRequest, run_id: FromPath[int]) -> RunOut:
    """Show one run with its findings and result."""
    async with open_tx(request) as tx:
        return await _out(tx, run_id)


@post("/api/v1/factor", opt=needs(P.PREPARE_FACTOR), tags=["allocation"])
async def create(request: AnyRequest, data: JSONBody[RunForm]) -> RunOut:
    """Begin a run."""
    async with open_tx(request) as tx:
        return await _out(tx, await service.draft_run(tx, data))


@post("/api/v1/factor/{run_id:int}/values", opt=needs(P.PREPARE_FACTOR), tags=["allocation"])
async def values(request: AnyRequest, run_id: FromPath[int], data: JSONBody[ValuesIn]) -> RunOut:
    """Write values with their source and date."""
    async with open_tx(request) as tx:
        await data_service.save_columns(tx, run_id, data.values, data.columns, Origin(data.source, data.as_of))
        return await _out(tx, run_id)


@post("/api/v1/factor/{run_id:int}/freeze", opt=needs(P.PREPARE_FACTOR), tags=["allocation"])
async def freeze(request: AnyRequest, run_id: FromPath[int], data: JSONBody[RemarkIn]) -> RunOut:
    """Freeze the inputs under their hash."""
    async with open_tx(request) as tx:
        await service.freeze_run(tx, run_id, data.remark)
        return await _out(tx, run_id)


@post("/api/v1/factor/{run_id:int}/approve", opt=needs(P.APPROVE_FACTOR), tags=["allocation"])
async def approve(request: AnyRequest, run_id: FromPath[int]) -> RunOut:
    """Approve a frozen run and post its shares."""
    async with open_tx(request) as tx:
        await service.approve_run(tx, run_id)
        return await _out(tx, run_id)


@get("/api/v1/factor/{run_id:int}/export", opt=needs(P.VIEW_FACTOR), tags=["allocation"])
async def exported(request: AnyRequest, run_id: FromPath[int]) -> dict[str, Any]:
    """Give the file a stranger can recompute the run from."""
    async with open_tx(request) as tx:
        row = await queries.run(tx, run_id)
    if not row["frozen"]:
        raise Refused("ALC-240")
    body: dict[str, Any] = json.loads(export(row["frozen"]))
    return body


ROUTES = [run, create, values, freeze, approve, exported]

"""JSON of schemes: the same reads and commands as the pages. Units: fen, basis points."""

from __future__ import annotations

import json
from typing import Annotated, Any

from litestar import Request, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from allocation.factor import queries, scheme_service
from allocation.factor.scheme_forms import SchemeForm, SignSchemeForm
from allocation.permissions import P
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import Tx, open_tx

AnyRequest = Request[Any, Any, Any]


class SchemeOut(Struct):
    """One version of a scheme; `body` is the scheme as it is frozen into runs, see FORMAT.md."""

    id: int
    title: str
    number: int
    state: str
    doc_no: str
    body: dict[str, Any]


class ReasonIn(Struct):
    """Why a step is taken back."""

    reason: Annotated[str, Meta(min_length=1, max_length=1000)]


async def _out(tx: Tx, scheme_id: int) -> SchemeOut:
    r = await queries.scheme(tx, scheme_id)
    return SchemeOut(r["id"], r["title"], r["number"], r["state"], r["doc_no"], json.loads(r["body"]))


@get("/api/v1/factor/schemes/{scheme_id:int}", opt=needs(P.VIEW_FACTOR), tags=["allocation"])
async def scheme(request: AnyRequest, scheme_id: FromPath[int]) -> SchemeOut:
    """Show one version of a scheme."""
    async with open_tx(request) as tx:
        return await _out(tx, scheme_id)


@post("/api/v1/factor/schemes", opt=needs(P.PREPARE_FACTOR), tags=["allocation"])
async def create(request: AnyRequest, data: JSONBody[SchemeForm]) -> SchemeOut:
    """Keep a new version of a scheme."""
    async with open_tx(request) as tx:
        return await _out(tx, await scheme_service.save_scheme(tx, data))


@post("/api/v1/factor/schemes/{scheme_id:int}/approve", opt=needs(P.APPROVE_FACTOR), tags=["allocation"])
async def approve(request: AnyRequest, scheme_id: FromPath[int], data: JSONBody[SignSchemeForm]) -> SchemeOut:
    """Approve a version for use."""
    async with open_tx(request) as tx:
        await scheme_service.approve_scheme(tx, scheme_id, data.doc_no)
        return await _out(tx, scheme_id)


@post("/api/v1/factor/schemes/{scheme_id:int}/retire", opt=needs(P.APPROVE_FACTOR), tags=["allocation"])
async def retire(request: AnyRequest, scheme_id: FromPath[int], data: JSONBody[ReasonIn]) -> SchemeOut:
    """End the use of a version."""
    async with open_tx(request) as tx:
        await scheme_service.retire_scheme(tx, scheme_id, data.reason)
        return await _out(tx, scheme_id)


ROUTES = [scheme, create, approve, retire]

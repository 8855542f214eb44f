"""JSON of trying out beside an official run; nothing is stored. Units: fen, basis points."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from litestar import Request, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta, Struct

from allocation.factor.causes import decompose
from allocation.factor.forms import ValueRow
from allocation.factor.whatif import compare, sensitivity
from allocation.factor.whatif_forms import TriedWeight, WhatIfForm
from allocation.factor.whatif_view import earlier, frozen_case, tried
from allocation.permissions import P
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import open_tx

AnyRequest = Request[Any, Any, Any]


class WhatIfIn(Struct):
    """Another pool, other weights and values, another scheme; what is left out stays as it is."""

    pool_fen: Annotated[int, Meta(gt=0)] | None = None
    weights: Annotated[list[TriedWeight], Meta(max_length=40)] = []
    values: Annotated[list[ValueRow], Meta(max_length=20_000)] = []
    scheme: int = 0


class DifferenceOut(Struct):
    """One unit before and after."""

    unit: str
    before_fen: int
    after_fen: int
    change_fen: int


class SensitivityOut(Struct):
    """What each unit gains or loses by factor when its weight rises by a step and the others give way."""

    step_bp: int
    columns: dict[str, dict[str, int]]


class ChangeOut(Struct):
    """Why each unit's share differs from an earlier run; the causes sum to the change."""

    since: int
    rows: list[dict[str, Any]]


@post("/api/v1/factor/{run_id:int}/whatif", opt=needs(P.VIEW_FACTOR), status_code=200, tags=["allocation"])
async def whatif(request: AnyRequest, run_id: FromPath[int], data: JSONBody[WhatIfIn]) -> list[DifferenceOut]:
    """Split anew with what was asked and set it beside the run."""
    async with open_tx(request) as tx:
        _, _, case = await frozen_case(tx, run_id)
        form = WhatIfForm(data.pool_fen or case.pool_fen, data.weights, data.values, data.scheme)
        found = compare(case, await tried(tx, case, form))
    return [DifferenceOut(r.code, r.before_fen, r.after_fen, r.change_fen) for r in found.rows]


@get("/api/v1/factor/{run_id:int}/sensitivity", opt=needs(P.VIEW_FACTOR), tags=["allocation"])
async def sensitive(request: AnyRequest, run_id: FromPath[int]) -> SensitivityOut:
    """Tell what hangs on which weight."""
    async with open_tx(request) as tx:
        _, _, case = await frozen_case(tx, run_id)
    found = sensitivity(case)
    return SensitivityOut(found.step_bp, {key: dict(column) for key, column in found.columns.items()})


@get("/api/v1/factor/{run_id:int}/change", opt=needs(P.VIEW_FACTOR), tags=["allocation"])
async def change(request: AnyRequest, run_id: FromPath[int], since: FromQuery[int] = 0) -> ChangeOut:
    """Say why every unit got more or less than in an earlier run, by default the last."""
    async with open_tx(request) as tx:
        row, _, case = await frozen_case(tx, run_id)
        choices = await earlier(tx, row)
        chosen = next((c for c in choices if since in {0, c["id"]}), None)
        if chosen is None:
            raise Refused("KRN-404")
        _, _, before = await frozen_case(tx, chosen["id"])
    found = decompose(before, case)
    return ChangeOut(chosen["id"], [asdict(r) | {"change_fen": r.change_fen} for r in found.rows])


ROUTES = [whatif, sensitive, change]

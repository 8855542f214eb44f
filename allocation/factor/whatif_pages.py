"""Pages that try out beside an official run: what if, how much hangs on which weight, why more or less than before.

Nothing on them is stored; who may read a run may try.
"""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Response

from allocation.factor import queries
from allocation.factor.causes import by_factor, decompose
from allocation.factor.forms import ValueRow
from allocation.factor.studies import EFFECTS
from allocation.factor.whatif import Case, Comparison, compare, sensitivity
from allocation.factor.whatif_forms import TriedWeight, WhatIfForm
from allocation.factor.whatif_view import compared_with, frozen_case, heat, scheme_name, totals, tried
from allocation.factor.words import named
from allocation.permissions import P
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.errors import Invalid, Problem, Refused
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import open_tx
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render

AnyRequest = Request[Any, Any, Any]
Page = Response[Any]
YUAN = 100


@get("/factor/{run_id:int}/whatif", opt=needs(P.VIEW_FACTOR), include_in_schema=False)
async def whatif(request: AnyRequest, run_id: FromPath[int]) -> Page:
    """Open the form, filled with the run as it is."""
    async with open_tx(request) as tx:
        _, _, case = await frozen_case(tx, run_id)
    return await show_trial(request, run_id, _filled(case), None)


def _filled(case: Case) -> Form[WhatIfForm]:
    return new_form(
        WhatIfForm,
        pool_fen=case.pool_fen,
        weights=[TriedWeight(f.key, f.weight_bp) for f in case.scheme.factors],
        values=[
            ValueRow(f.key, u, case.data.get(f.key, {}).get(u, "")) for u in case.units for f in case.scheme.factors
        ],
    )


@post("/factor/{run_id:int}/whatif", opt=needs(P.VIEW_FACTOR), status_code=200, include_in_schema=False)
async def try_out(request: AnyRequest, run_id: FromPath[int]) -> Page:
    """Split anew with what was asked and set it beside the run."""
    form = await read_form(request, WhatIfForm)
    found: Comparison | None = None
    if form.ok:
        async with open_tx(request) as tx:
            _, inputs, case = await frozen_case(tx, run_id)
            names = {u.code: u.name for u in inputs.units}
            try:
                found = compare(case, await tried(tx, case, form.value))
            except Invalid as refused:
                form.refuse(*(Problem(p.code, "", named(p.facts, names)) for p in refused.problems))
    return await show_trial(request, run_id, form, found)


async def show_trial(request: AnyRequest, run_id: int, form: Form[WhatIfForm], found: Comparison | None) -> Page:
    """Show the form, and beside the run what it gave."""
    async with open_tx(request) as tx:
        row, inputs, case = await frozen_case(tx, run_id)
        schemes = await queries.schemes_in_use(tx, row["division_code"])
    return render(
        request,
        "allocation/factor/whatif.html",
        row=row,
        inputs=inputs,
        case=case,
        form=form,
        found=found,
        names={u.code: u.name for u in inputs.units},
        schemes=[(s["id"], scheme_name(s)) for s in schemes],
        yuan=lambda fen: fen / YUAN,
        status=form.status if form.problems else 200,
    )


@get("/factor/{run_id:int}/sensitivity", opt=needs(P.VIEW_FACTOR), include_in_schema=False)
async def sensitive(request: AnyRequest, run_id: FromPath[int]) -> Page:
    """Show what each unit gains or loses when one weight rises by a point and the others give way."""
    async with open_tx(request) as tx:
        row, inputs, case = await frozen_case(tx, run_id)
    problems: list[tuple[str, str]] = []
    found = None
    names = {u.code: u.name for u in inputs.units}
    try:
        found = sensitivity(case)
    except Invalid as refused:
        problems = [(p.code, CATALOGUE.say(p.code, named(p.facts, names))) for p in refused.problems]
    stopped = found.stopped if found else {}
    cells = heat(found, list(case.units)) if found else {}
    return render(
        request,
        "allocation/factor/sensitivity.html",
        row=row,
        inputs=inputs,
        case=case,
        found=found,
        cells=cells,
        names=names,
        problems=problems,
        stopped={key: CATALOGUE.say(f.code, named(f.facts, names)) for key, f in stopped.items()},
    )


@get("/factor/{run_id:int}/change", opt=needs(P.VIEW_FACTOR), include_in_schema=False)
async def change(request: AnyRequest, run_id: FromPath[int], since: FromQuery[int] = 0) -> Page:
    """Say why every unit got more or less than in an earlier run."""
    async with open_tx(request) as tx:
        row, inputs, case = await frozen_case(tx, run_id)
        choices, chosen = await compared_with(tx, row, since)
        before = await frozen_case(tx, chosen["id"]) if chosen else None
    found, problems, factors = None, [], {}
    names = {u.code: u.name for u in [*(before[1].units if before else ()), *inputs.units]}
    if before:
        try:
            found = decompose(before[2], case)
            factors = by_factor(found, before[2], case)
        except Invalid as refused:
            problems = [(p.code, CATALOGUE.say(p.code, named(p.facts, names))) for p in refused.problems]
        except Refused as refused:
            problems = [(refused.code, CATALOGUE.say(refused.code, refused.facts))]
    return render(
        request,
        "allocation/factor/change.html",
        row=row,
        inputs=inputs,
        chosen=chosen,
        choices=choices,
        before=before[1] if before else None,
        found=found,
        factors=factors,
        sums=totals(found) if found else {},
        effects=EFFECTS,
        names=names,
        problems=problems,
        yuan=lambda fen: fen / YUAN,
    )


ROUTES = [whatif, try_out, sensitive, change]

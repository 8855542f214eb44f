"""What was tried out beside a run, to take away: as an official paper and as a spreadsheet."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Response

from allocation.factor import studies, study_documents
from allocation.factor.causes import by_factor, decompose
from allocation.factor.studies import Study
from allocation.factor.whatif import compare, sensitivity
from allocation.factor.whatif_forms import WhatIfForm
from allocation.factor.whatif_pages import show_trial
from allocation.factor.whatif_view import another_plan, compared_with, frozen_case, tried
from allocation.factor.words import named
from allocation.permissions import P
from allocation.printing import printed
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.errors import Invalid, Problem, Refused
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.kernel.xlsx import MEDIA_TYPE
from quzhou_migrants.web.forms import read_form

AnyRequest = Request[Any, Any, Any]
Page = Response[Any]


@dataclass(frozen=True, slots=True)
class Made:
    """A study, whose it is and of which day."""

    study: Study
    author: str
    day: str


async def _answer(made: Made, name: str, *, as_sheet: bool) -> Page:
    if not as_sheet:
        return await printed(study_documents.paper(made.study, made.author, made.day), name)
    out = io.BytesIO()
    study_documents.book(out, made.study)
    headers = {"Content-Disposition": f'attachment; filename="{name}.xlsx"', "Cache-Control": "no-store"}
    return Response(out.getvalue(), media_type=MEDIA_TYPE, headers=headers)


def _of(tx: Tx, study: Study) -> Made:
    return Made(study, tx.actor.org_name, tx.today.isoformat())


async def _sensitive(request: AnyRequest, run_id: int) -> Made:
    async with open_tx(request) as tx:
        row, inputs, case = await frozen_case(tx, run_id)
        found, names = sensitivity(case), {u.code: u.name for u in inputs.units}
        stopped = {key: CATALOGUE.say(f.code, named(f.facts, names)) for key, f in found.stopped.items()}
        return _of(tx, studies.sensitive(inputs, row["sha256"], found, stopped))


@get("/factor/{run_id:int}/sensitivity.pdf", opt=needs(P.VIEW_FACTOR), include_in_schema=False)
async def sensitivity_paper(request: AnyRequest, run_id: FromPath[int]) -> Page:
    """Give the sensitivity as an official paper."""
    return await _answer(await _sensitive(request, run_id), f"factor-{run_id}-sensitivity", as_sheet=False)


@get("/factor/{run_id:int}/sensitivity.xlsx", opt=needs(P.VIEW_FACTOR), include_in_schema=False)
async def sensitivity_sheet(request: AnyRequest, run_id: FromPath[int]) -> Page:
    """Give the sensitivity as a spreadsheet."""
    return await _answer(await _sensitive(request, run_id), f"factor-{run_id}-sensitivity", as_sheet=True)


async def _change(request: AnyRequest, run_id: int, since: int) -> Made:
    async with open_tx(request) as tx:
        row, inputs, case = await frozen_case(tx, run_id)
        _, chosen = await compared_with(tx, row, since)
        if chosen is None:
            raise Refused("KRN-404")
        _, before, last = await frozen_case(tx, chosen["id"])
        found = decompose(last, case)
        return _of(tx, studies.change(inputs, row["sha256"], before, found, by_factor(found, last, case)))


@get("/factor/{run_id:int}/change.pdf", opt=needs(P.VIEW_FACTOR), include_in_schema=False)
async def change_paper(request: AnyRequest, run_id: FromPath[int], since: FromQuery[int] = 0) -> Page:
    """Give the causes of a change as an official paper."""
    return await _answer(await _change(request, run_id, since), f"factor-{run_id}-change", as_sheet=False)


@get("/factor/{run_id:int}/change.xlsx", opt=needs(P.VIEW_FACTOR), include_in_schema=False)
async def change_sheet(request: AnyRequest, run_id: FromPath[int], since: FromQuery[int] = 0) -> Page:
    """Give the causes of a change as a spreadsheet."""
    return await _answer(await _change(request, run_id, since), f"factor-{run_id}-change", as_sheet=True)


async def _trial(request: AnyRequest, run_id: int, *, as_sheet: bool) -> Page:
    """Split anew with what the form asks; a slip shows the form again."""
    form, made = await read_form(request, WhatIfForm), None
    if form.ok:
        async with open_tx(request) as tx:
            row, inputs, case = await frozen_case(tx, run_id)
            try:
                after = await tried(tx, case, form.value)
                plan = await another_plan(tx, form.value)
                study = studies.tried(inputs, row["sha256"], case, after, compare(case, after), plan=plan)
                made = _of(tx, study)
            except Invalid as refused:
                names = {u.code: u.name for u in inputs.units}
                form.refuse(*(Problem(p.code, "", named(p.facts, names)) for p in refused.problems))
    if made is None:
        return await show_trial(request, run_id, form, None)
    return await _answer(made, f"factor-{run_id}-whatif", as_sheet=as_sheet)


@post("/factor/{run_id:int}/whatif.pdf", opt=needs(P.VIEW_FACTOR), status_code=200, include_in_schema=False)
async def trial_paper(request: AnyRequest, run_id: FromPath[int]) -> Page:
    """Give what was tried as an official paper."""
    return await _trial(request, run_id, as_sheet=False)


@post("/factor/{run_id:int}/whatif.xlsx", opt=needs(P.VIEW_FACTOR), status_code=200, include_in_schema=False)
async def trial_sheet(request: AnyRequest, run_id: FromPath[int]) -> Page:
    """Give what was tried as a spreadsheet."""
    return await _trial(request, run_id, as_sheet=True)


ROUTES = [sensitivity_paper, sensitivity_sheet, change_paper, change_sheet, trial_paper, trial_sheet]

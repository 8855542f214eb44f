"""Pages of a run's factor data: the table, what is offered, a spreadsheet out and in."""

from __future__ import annotations

import io
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from allocation.budget.forms import EmptyForm
from allocation.factor import data_service, queries, sheet
from allocation.factor.catalogue import known
from allocation.factor.data_service import Origin
from allocation.factor.forms import ColumnRow, ImportForm, ValueRow, ValuesForm
from allocation.factor.frozen import Datum, table
from allocation.factor.result_service import OFFER
from allocation.permissions import P
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import open_tx
from quzhou_migrants.kernel.xlsx import MEDIA_TYPE
from quzhou_migrants.web.forms import Form, new_form, read_form
from quzhou_migrants.web.render import render, see_other

AnyRequest = Request[Any, Any, Any]
Page = Response[Any]
LARGEST_SHEET = 4 * 1024 * 1024


@get("/factor/{run_id:int}/data", opt=needs(P.PREPARE_FACTOR), include_in_schema=False)
async def data(request: AnyRequest, run_id: FromPath[int]) -> Page:
    """Open the table of values."""
    return await _data_page(request, run_id, None, new_form(ImportForm))


async def _data_page(request: AnyRequest, run_id: int, form: Form[ValuesForm] | None, upload: Form[ImportForm]) -> Page:
    async with open_tx(request) as tx:
        row = await queries.house_run(tx, run_id)
        scheme = queries.opened(row["scheme_body"])
        units = await queries.units(tx, row["division_code"])
        held = await queries.values(tx, run_id)
        offered = await data_service.offered(tx, row)
        before = await queries.before(tx, row)
        told = {k.factor.key for k in known(tx.policy) if k.offered == OFFER}
    values, columns = table(held), _columns(held)
    grid = [ValueRow(f.key, u.code, values.get(f.key, {}).get(u.code, "")) for u in units for f in scheme.factors]
    own = [columns.get(f.key, ColumnRow(f.key)) for f in scheme.factors]
    filled = form or new_form(ValuesForm, values=grid, columns=own)
    return render(
        request,
        "allocation/factor/data.html",
        row=row,
        scheme=scheme,
        units=units,
        form=filled,
        upload=upload,
        offered=offered,
        untold=[f.title for f in scheme.factors if f.key in told and f.key not in offered],
        before=before,
        status=max(f.status if f.problems else 200 for f in (filled, upload)),
    )


def _columns(held: list[Datum]) -> dict[str, ColumnRow]:
    """Give the source and day of each column as they were written last."""
    newest: dict[str, Datum] = {}
    for d in held:
        if d.factor not in newest or d.as_of > newest[d.factor].as_of:
            newest[d.factor] = d
    return {key: ColumnRow(key, d.source, date.fromisoformat(d.as_of)) for key, d in newest.items()}


@post("/factor/{run_id:int}/data", opt=needs(P.PREPARE_FACTOR), status_code=200, include_in_schema=False)
async def save_data(request: AnyRequest, run_id: FromPath[int]) -> Page:
    """Keep typed values."""
    form = await read_form(request, ValuesForm)
    if form.ok:
        v = form.value
        async with form.refusals(), open_tx(request, once=form.once) as tx:
            await data_service.save_columns(tx, run_id, v.values, v.columns, Origin(v.source, v.as_of))
            return see_other(await tx.done(f"/factor/{run_id}"), flash="allocation.factor.values")
    return await _data_page(request, run_id, form, new_form(ImportForm))


@post("/factor/{run_id:int}/offered", opt=needs(P.PREPARE_FACTOR), status_code=200, include_in_schema=False)
async def take_offered(request: AnyRequest, run_id: FromPath[int]) -> Page:
    """Take over what the register counts and what upper packages offer."""
    form = await read_form(request, EmptyForm)
    async with open_tx(request, once=form.once) as tx:
        await data_service.take_offered(tx, run_id)
        return see_other(await tx.done(f"/factor/{run_id}/data"), flash="allocation.factor.values")


@post(
    "/factor/{run_id:int}/import",
    opt=needs(P.PREPARE_FACTOR),
    status_code=200,
    include_in_schema=False,
    request_max_body_size=LARGEST_SHEET,
)
async def import_data(request: AnyRequest, run_id: FromPath[int]) -> Page:
    """Take over values from a spreadsheet."""
    form = await read_form(request, ImportForm)
    if form.ok:
        async with form.refusals():
            async with open_tx(request) as tx:
                scheme = queries.opened((await queries.house_run(tx, run_id))["scheme_body"])
            with tempfile.NamedTemporaryFile(suffix=".upload") as file:
                file.write(await form.value.file.read())
                file.flush()
                upload = await sheet.read(Path(file.name), scheme.factors)
            async with open_tx(request, once=form.once) as tx:
                await data_service.take_sheet(tx, run_id, upload, Origin(form.value.source, form.value.as_of))
                return see_other(await tx.done(f"/factor/{run_id}"), flash="allocation.factor.values")
    return await _data_page(request, run_id, None, form)


@get("/factor/{run_id:int}/data.xlsx", opt=needs(P.PREPARE_FACTOR), include_in_schema=False)
async def data_sheet(request: AnyRequest, run_id: FromPath[int]) -> Page:
    """Give the table of values as a spreadsheet to be filled in."""
    async with open_tx(request) as tx:
        row = await queries.house_run(tx, run_id)
        scheme, units = queries.opened(row["scheme_body"]), await queries.units(tx, row["division_code"])
        held = await queries.values(tx, run_id)
    out = io.BytesIO()
    sheet.write(out, scheme.factors, units, table(held), held)
    name = f'attachment; filename="factor-{run_id}.xlsx"'
    headers = {"Content-Disposition": name, "Cache-Control": "no-store"}
    return Response(out.getvalue(), media_type=MEDIA_TYPE, headers=headers)


ROUTES = [data, save_data, take_offered, import_data, data_sheet]

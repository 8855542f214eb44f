"""The printed working of a run: on the page, as PDF, as spreadsheet, step by step the same."""

from __future__ import annotations

import io
from typing import Any

from litestar import Request, get
from litestar.params import FromPath
from litestar.response import Response

from allocation.factor import queries
from allocation.factor.documents import book, paper
from allocation.factor.paper import sections
from allocation.factor.working import Working, working
from allocation.permissions import P
from allocation.printing import printed
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import open_tx
from quzhou_migrants.kernel.xlsx import MEDIA_TYPE
from quzhou_migrants.web.render import render

AnyRequest = Request[Any, Any, Any]


async def _working(request: AnyRequest, run_id: int) -> tuple[dict[str, Any], Working]:
    async with open_tx(request) as tx:
        row = await queries.run(tx, run_id)
        return row, working(await queries.inputs(tx, row))


@get("/factor/{run_id:int}/working", opt=needs(P.VIEW_FACTOR), include_in_schema=False)
async def page(request: AnyRequest, run_id: FromPath[int]) -> Response[Any]:
    """Show the working of a run, step by step."""
    row, sheet = await _working(request, run_id)
    return render(request, "allocation/factor/working.html", row=row, sheet=sheet, sections=sections(sheet))


@get("/factor/{run_id:int}/working.pdf", opt=needs(P.VIEW_FACTOR), include_in_schema=False)
async def as_pdf(request: AnyRequest, run_id: FromPath[int]) -> Response[bytes]:
    """Give the working as an official paper."""
    row, sheet = await _working(request, run_id)
    return await printed(paper(sheet, row["sha256"]), f"factor-{run_id}-working")


@get("/factor/{run_id:int}/working.xlsx", opt=needs(P.VIEW_FACTOR), include_in_schema=False)
async def as_sheet(request: AnyRequest, run_id: FromPath[int]) -> Response[bytes]:
    """Give the working as a spreadsheet, every step on a sheet of its own."""
    row, sheet = await _working(request, run_id)
    out = io.BytesIO()
    book(out, sheet, row["sha256"])
    headers = {
        "Content-Disposition": f'attachment; filename="factor-{run_id}-working.xlsx"',
        "Cache-Control": "no-store",
    }
    return Response(out.getvalue(), media_type=MEDIA_TYPE, headers=headers)


ROUTES = [page, as_pdf, as_sheet]

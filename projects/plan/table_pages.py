"""The plan table as page, PDF and spreadsheet; variants side by side; money that came free."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from litestar import Request, get
from litestar.params import FromPath
from litestar.response import Response

from projects.permissions import P
from projects.plan import documents, judging, queries, rules
from projects.plan.lists import FREED
from projects.plan.parameters import plan_rules
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.pdf import build
from quzhou_migrants.kernel.pool import in_pool
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.kernel.xlsx import MEDIA_TYPE
from quzhou_migrants.web.render import render

AnyRequest = Request[Any, Any, Any]
Page = Response[bytes]
Row = dict[str, Any]


async def _table(tx: Tx, plan_id: int) -> tuple[Row, list[Row]]:
    """Give a plan and its table: as published, or as it stands while it is drafted. Raises: Refused KRN-404."""
    row = await queries.find(tx, plan_id)
    return row, judging.published(row, await queries.items(tx, plan_id))


@get("/plan/{plan_id:int}/table", opt=needs(P.VIEW))
async def table(request: AnyRequest, plan_id: FromPath[int]) -> Page:
    """Show the plan table in its published form."""
    async with open_tx(request) as tx:
        row, lines = await _table(tx, plan_id)
    shown = [(line, documents.said(line)) for line in lines]
    return render(request, "projects/plan/table.html", plan=row, lines=shown, totals=documents.totals(lines))


def _download(data: bytes, name: str, media_type: str) -> Page:
    disposition = f"attachment; filename*=UTF-8''{quote(name)}"
    headers = {"Content-Disposition": disposition, "Cache-Control": "no-store"}
    return Response(data, media_type=media_type, headers=headers)


@get("/plan/{plan_id:int}/table.pdf", opt=needs(P.VIEW), include_in_schema=False)
async def table_pdf(request: AnyRequest, plan_id: FromPath[int]) -> Page:
    """Print the plan table."""
    async with open_tx(request) as tx:
        row, lines = await _table(tx, plan_id)
        document = documents.plan_table(tx, row, lines)
    return _download(await in_pool(build, document), f"{row['title']}.pdf", "application/pdf")


@get("/plan/{plan_id:int}/table.xlsx", opt=needs(P.VIEW), include_in_schema=False)
async def table_xlsx(request: AnyRequest, plan_id: FromPath[int]) -> Page:
    """Give the plan table as a spreadsheet."""
    async with open_tx(request) as tx:
        row, lines = await _table(tx, plan_id)
        data = documents.plan_book(tx, row, lines)
    return _download(data, f"{row['title']}.xlsx", MEDIA_TYPE)


@get("/plan/{plan_id:int}/compare", opt=needs(P.VIEW))
async def compare(request: AnyRequest, plan_id: FromPath[int]) -> Page:
    """Lay the variants of a batch side by side: their figures, and which project stands in which."""
    async with open_tx(request) as tx:
        row = await queries.find(tx, plan_id)
        known = plan_rules(tx.policy_for(row["division_code"]))
        variants = await queries.variants(tx, row)
        held = await queries.items_of(tx, [v["id"] for v in variants])
    facts = [judging.figures(v, held[v["id"]], known) for v in variants]
    projects: dict[int, Row] = {r["project"]: r for rows in held.values() for r in rows}
    amounts = {(v["id"], r["project"]): r["amount_fen"] for v in variants for r in held[v["id"]]}
    return render(
        request,
        "projects/plan/compare.html",
        plan=row,
        variants=variants,
        measures=rules.compare(facts),
        projects=sorted(projects.values(), key=lambda r: (r["division_code"], r["project"])),
        amounts=amounts,
    )


@get("/plan/freed", opt=needs(P.VIEW))
async def freed(request: AnyRequest) -> Page:
    """List what left approved plans, with the money that may be planned anew."""
    return await FREED.respond(request, "projects/plan/freed.html")


ROUTES = [freed, table, table_pdf, table_xlsx, compare]

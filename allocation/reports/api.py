"""JSON of the reports: the same rows as the pages. Units: fen."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, get
from litestar.params import QueryParameter
from msgspec import Struct

from allocation.permissions import P
from allocation.reports import documents, queries
from allocation.reports.documents import row_name
from allocation.reports.listing import read_scope
from allocation.reports.rules import MEASURES, By
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import open_tx
from quzhou_migrants.web.divisions import places

AnyRequest = Request[Any, Any, Any]
Rows = Annotated[By, QueryParameter(description="what the rows stand for")]
Place = Annotated[str, QueryParameter(description="12-digit division code")]
Batch = Annotated[int, QueryParameter(ge=0, le=2**31, description="fund batch; 0: all")]
Fund = Annotated[str, QueryParameter(description="kind of fund")]
Year = Annotated[int, QueryParameter(ge=0, le=2100, description="year of the notice; 0: all")]


class ReportRow(Struct):
    """One row of a report: what it stands for, its figures, the address of the entries behind them."""

    key: str
    title: str
    figures: dict[str, int]
    entries: str


class IdleRow(Struct):
    """One account whose money lies idle."""

    batch: int
    division_code: str
    project: int | None
    kind: str
    issued_on: str
    days: int
    age: str
    balance_fen: int


@get("/api/v1/reports/use", opt=needs(P.VIEW_FUNDS), tags=["allocation"])
async def use(  # noqa: PLR0913 - what narrows a report
    request: AnyRequest,
    by: Rows = By.COUNTY,
    division: Place = "",
    batch: Batch = 0,
    fund_kind: Fund = "",
    year: Year = 0,
) -> list[ReportRow]:
    """Report the use of money by county, township, batch, project, category or quarter."""
    async with open_tx(request) as tx:
        scope = read_scope(_asked(division, batch, fund_kind, year), tx.actor.division_code)
        known = await places(tx)
        rows = await queries.rows(tx, by, scope, limit=documents.most(tx))
    return [_row(r, row_name(r, by, known), tuple(m.name for m in MEASURES)) for r in rows]


@get("/api/v1/reports/plan", opt=needs(P.VIEW_FUNDS), tags=["allocation"])
async def plan(request: AnyRequest, by: Rows = By.COUNTY, division: Place = "", year: Year = 0) -> list[ReportRow]:
    """Set money for projects beside plans and payments, by county, township or category."""
    shown = by if by in {By.TOWNSHIP, By.CATEGORY} else By.COUNTY
    async with open_tx(request) as tx:
        scope = read_scope(_asked(division, 0, "", year), tx.actor.division_code)
        known = await places(tx)
        rows = await queries.compared_rows(tx, shown, scope, limit=documents.most(tx))
    return [_row(r, row_name(r, shown, known), queries.COMPARED) for r in rows]


@get("/api/v1/reports/idle", opt=needs(P.VIEW_FUNDS), tags=["allocation"])
async def idle(
    request: AnyRequest, division: Place = "", batch: Batch = 0, fund_kind: Fund = "", year: Year = 0
) -> list[IdleRow]:
    """List idle money by account, the oldest first."""
    async with open_tx(request) as tx:
        scope = read_scope(_asked(division, batch, fund_kind, year), tx.actor.division_code)
        rows = await queries.idle_rows(tx, scope, limit=documents.most(tx))
    fields = IdleRow.__struct_fields__
    return [IdleRow(**{n: r[n] for n in fields} | {"issued_on": r["issued_on"].isoformat()}) for r in rows]


def _asked(division: str, batch: int, fund_kind: str, year: int) -> dict[str, str]:
    return {"division": division, "batch": str(batch), "fund_kind": fund_kind, "year": str(year)}


def _row(row: queries.Row, title: str, figures: tuple[str, ...]) -> ReportRow:
    return ReportRow(
        str(row["key"]), title, {name: int(row[name]) for name in figures}, f"/reports/entries?{row['behind']}"
    )


ROUTES = [use, plan, idle]

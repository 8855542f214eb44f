"""Pages of the reports: use of money, plans against it, idle money, the entries behind every figure."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from litestar import Request, get
from litestar.response import Response

from allocation.permissions import P
from allocation.printing import printed
from allocation.reports import behind, documents, queries
from allocation.reports.documents import row_name
from allocation.reports.listing import BEHIND, COMPARED, idle_list, plan, read_scope, use
from allocation.reports.queries import Row, Scope
from allocation.reports.rules import MEASURES, By
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.money import Fen
from quzhou_migrants.kernel.tx import Tx, open_tx
from quzhou_migrants.web.divisions import Places, places
from quzhou_migrants.web.listing_count import FRESH_SECONDS, KEPT
from quzhou_migrants.web.render import see_other, wants_fragment

AnyRequest = Request[Any, Any, Any]
Page = Response[Any]
MANY = 5_000  # rows of a report that are not projects: batches at most, in many years
DRAWN = 12  # bars of a chart; more cannot be read
FEN_OF_WAN = 1_000_000
_KEPT: dict[tuple[Scope, str, int | None], tuple[float, tuple[int, ...]]] = {}
CHARTED = ("free_fen", "awarded_fen", "paid_fen")


def _t(key: str) -> str:
    return CATALOGUE.text(f"reports.{key}")


def _by(request: AnyRequest, offered: tuple[By, ...] = tuple(By)) -> By:
    asked = request.query_params.get("by", "")
    return By(asked) if asked in {b.value for b in offered} else offered[0]


def address(path: str, by: By | None, scope: Scope, **more: str) -> str:
    """Write the address of a report."""
    asked = {
        "by": by.value if by else "",
        "division": scope.division,
        "batch": scope.batch,
        "fund_kind": scope.fund,
        "year": scope.year,
        "booked": scope.booked if by is By.QUARTER else 0,
        **more,
    }
    return f"{path}?{urlencode({k: v for k, v in asked.items() if v})}"


def _anew(request: AnyRequest) -> Page | None:
    """Load a report whole when its filters change: sums and charts change with them; turning a page does not."""
    if not wants_fragment(request) or "at" in request.query_params:
        return None
    there = f"{request.url.path}?{urlencode({k: v for k, v in request.query_params.items() if v})}"
    return Response(b"", status_code=200, headers={"HX-Redirect": there}, media_type="text/html")


@get("/reports", opt=needs(P.VIEW_FUNDS), include_in_schema=False)
async def index() -> Page:
    """Lead to the first report."""
    return see_other("/reports/use")


@get("/reports/use", opt=needs(P.VIEW_FUNDS), include_in_schema=False)
async def use_page(request: AnyRequest) -> Page:
    """Show the use of money by county, township, batch, project, category or quarter."""
    if whole := _anew(request):
        return whole
    by = _by(request)
    async with open_tx(request) as tx:
        scope = read_scope(request.query_params, tx.actor.division_code)
        if by is By.QUARTER and "booked" not in request.query_params:  # entries of one year are read soon, of all not
            return see_other(address("/reports/use", by, replace(scope, booked=tx.today.year)))
        drawn = {} if request.query_params.get("format") == "xlsx" else await _drawn(tx, by, scope)
    return await use(by, scope).respond(
        request,
        "allocation/reports/use.html",
        by=by.value,
        behind=_sum_url(scope),
        paper=address("/reports/use.pdf", by, scope),
        **drawn,
    )


def _sum_url(scope: Scope) -> str:
    """Address of the entries behind the sums of a report, the figure to be added."""
    inside = f"division={scope.division}" if scope.division else ""
    return f"/reports/entries?{inside}{scope.query}&figure="


async def _drawn(tx: Tx, by: By, scope: Scope) -> Row:
    """Give the sums of a report and its chart: what is free, awarded and paid in its largest rows.

    Reports of few rows are read once and added up here; of many projects only the largest are read.
    """
    known = await places(tx)
    if by is By.PROJECT:
        drawn = replace(scope, projects=await _largest(tx, scope))
        rows = await queries.rows(tx, by, drawn, limit=DRAWN, largest=True)
        sums = await queries.totals(tx, scope, By.BATCH)
    else:
        rows = await queries.rows(tx, by, scope, limit=MANY, largest=by is not By.QUARTER)
        sums = {m.name: sum(r[m.name] for r in rows) for m in MEASURES}
        rows = rows[-DRAWN:] if by is By.QUARTER else rows[:DRAWN]
    series = [
        (
            CATALOGUE.text(f"reports.short.{name}"),
            [r[name] / FEN_OF_WAN for r in rows],
            [f"/reports/entries?{r['behind']}&figure={name}" for r in rows],
        )
        for name in CHARTED
    ]
    return {"sums": sums, "labels": [row_name(r, by, known) for r in rows], "series": series}


async def _largest(tx: Tx, scope: Scope) -> tuple[int, ...]:
    """Name the projects a chart draws; which they are is at most some seconds old, their figures are of now."""
    key, now = (scope, tx.actor.division_code, tx.actor.engagement_id), time.monotonic()
    kept = _KEPT.get(key)
    if kept is None or now - kept[0] >= FRESH_SECONDS:
        if len(_KEPT) > KEPT:
            _KEPT.clear()
        kept = _KEPT[key] = (now, await queries.largest_projects(tx, scope, DRAWN))
    return kept[1]


@get("/reports/use.pdf", opt=needs(P.VIEW_FUNDS), include_in_schema=False)
async def use_pdf(request: AnyRequest) -> Page:
    """Print the use of money."""
    by = _by(request)
    async with open_tx(request) as tx:
        scope = read_scope(request.query_params, tx.actor.division_code)
        document = await documents.use_paper(tx, by, scope)
        name = f"use-{by.value}-{tx.today:%Y%m%d}"
    return await printed(document, name)


@get("/reports/plan", opt=needs(P.VIEW_FUNDS), include_in_schema=False)
async def plan_page(request: AnyRequest) -> Page:
    """Show money for projects beside plans and payments."""
    if whole := _anew(request):
        return whole
    by = _by(request, COMPARED)
    async with open_tx(request) as tx:
        scope = read_scope(request.query_params, tx.actor.division_code)
        known = await places(tx)
        wanted = request.query_params.get("format") != "xlsx"
        scope = replace(scope, batch=0, fund="")
        rows = await queries.compared_rows(tx, by, scope, limit=MANY) if wanted else []
        sums = {n: sum(r[n] for r in rows) for n in (*queries.COMPARED, "free_fen")}
    return await plan(by, scope).respond(
        request,
        "allocation/reports/plan.html",
        by=by.value,
        sums=sums,
        behind=_sum_url(scope),
        paper=address("/reports/plan.pdf", by, scope),
        **_compared(rows[:DRAWN], by, known),
    )


def _compared(rows: list[Row], by: By, known: Places) -> Row:
    series = [(CATALOGUE.text(f"reports.short.{n}"), [r[n] / FEN_OF_WAN for r in rows]) for n in queries.COMPARED]
    return {"labels": [row_name(r, by, known) for r in rows], "series": series}


@get("/reports/plan.pdf", opt=needs(P.VIEW_FUNDS), include_in_schema=False)
async def plan_pdf(request: AnyRequest) -> Page:
    """Print money for projects beside plans and payments."""
    by = _by(request, COMPARED)
    async with open_tx(request) as tx:
        scope = read_scope(request.query_params, tx.actor.division_code)
        document = await documents.plan_paper(tx, by, scope)
        name = f"plan-{by.value}-{tx.today:%Y%m%d}"
    return await printed(document, name)


@get("/reports/idle", opt=needs(P.VIEW_FUNDS), include_in_schema=False)
async def idle_page(request: AnyRequest) -> Page:
    """Show money that was notified long ago and is not spent."""
    if whole := _anew(request):
        return whole
    async with open_tx(request) as tx:
        scope = read_scope(request.query_params, tx.actor.division_code)
        after = queries.idle_years(tx.policy)
        known = await places(tx)
        kind = request.query_params.get("kind", "")
        found = await queries.idle_sums(tx, scope, kind) if request.query_params.get("format") != "xlsx" else []
        today = tx.today
    return await idle_list(today, after, scope).respond(
        request,
        "allocation/reports/idle.html",
        after=after,
        sums={age: sum(r["fen"] for r in found if r["age"] == age) for age in ("short", "long")},
        ages={age: address("/reports/idle", None, scope, age=age, kind=kind) for age in ("short", "long")},
        paper=address("/reports/idle.pdf", None, scope, age=request.query_params.get("age", ""), kind=kind),
        **_ages(found, scope, known, kind),
    )


def _ages(found: list[Row], scope: Scope, known: Places, kind: str) -> Row:
    keys = list(dict.fromkeys(r["key"] for r in found))
    by_cell: dict[tuple[str, str], Fen] = {(r["key"], r["age"]): r["fen"] for r in found}
    series = [
        (
            _t(f"age.{age}"),
            [by_cell.get((k, age), 0) / FEN_OF_WAN for k in keys],
            [address("/reports/idle", None, scope, division=k, age=age, kind=kind) for k in keys],
        )
        for age in ("short", "long")
    ]
    return {"labels": [known.name(k) for k in keys], "series": series}


@get("/reports/idle.pdf", opt=needs(P.VIEW_FUNDS), include_in_schema=False)
async def idle_pdf(request: AnyRequest) -> Page:
    """Print idle money."""
    async with open_tx(request) as tx:
        scope = read_scope(request.query_params, tx.actor.division_code)
        document = await documents.idle_paper(tx, scope, request.query_params)
        name = f"idle-{tx.today:%Y%m%d}"
    return await printed(document, name)


@get("/reports/entries", opt=needs(P.VIEW_FUNDS), include_in_schema=False)
async def entries(request: AnyRequest) -> Page:
    """List the ledger entries behind a figure of a report, with their sum."""
    if whole := _anew(request):
        return whole
    async with open_tx(request) as tx:
        total = await behind.total(tx, request.query_params)
    return await BEHIND.respond(request, "allocation/reports/entries.html", total=total)


ROUTES = [index, use_page, use_pdf, plan_page, plan_pdf, idle_page, idle_pdf, entries]

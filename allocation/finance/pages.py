"""The finance interface for people: what programs may ask, and the same figures as files."""

from __future__ import annotations

import csv
import io
import tempfile
from typing import Any

from litestar import Request, get
from litestar.response import Response

from allocation.finance import queries, service
from allocation.permissions import P
from quzhou_migrants.accounts import keys
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.money import yuan
from quzhou_migrants.kernel.tx import open_tx
from quzhou_migrants.kernel.xlsx import FORMULA_STARTS, Book, Column
from quzhou_migrants.register.documents import download
from quzhou_migrants.web.divisions import places
from quzhou_migrants.web.render import render

AnyRequest = Request[Any, Any, Any]
Page = Response[Any]
COLUMNS = (
    ("ref", "text"), ("kind", "text"), ("paid_on", "date"), ("place", "text"), ("purpose", "text"), ("doc_no", "text"),
    ("payee", "text"), ("account_tail", "text"), ("paid_fen", "yuan"), ("returned_fen", "yuan"),
    ("bank_ref", "text"), ("voucher_no", "text"), ("remark", "text"),
)  # fmt: skip
MOST = 100_000
ENDPOINTS = (
    ("GET", "/api/v1/finance/payments", P.FINANCE_PAYMENTS, "payments"),
    ("GET", "/api/v1/finance/entries", P.FINANCE_ENTRIES, "entries"),
    ("GET", "/api/v1/finance/closings", P.FINANCE_ENTRIES, "closings"),
    ("POST", "/api/v1/finance/statements", P.FINANCE_STATEMENTS, "statements"),
    ("GET", "/api/v1/finance/statements/{id}", P.FINANCE_STATEMENTS, "delivery"),
)


@get("/finance", opt=needs(P.VIEW_FINANCE), include_in_schema=False)
async def described(request: AnyRequest) -> Page:
    """Describe the interface, and offer the month's files."""
    async with open_tx(request) as tx:
        first, last = service.span("", "", tx.today)
    return render(
        request,
        "allocation/finance/finance.html",
        endpoints=[(m, path, CATALOGUE.permission(scope), about) for m, path, scope, about in ENDPOINTS],
        scopes=sorted(keys.SCOPES),
        first=first,
        last=last,
    )


async def _rows(request: AnyRequest) -> tuple[list[list[Any]], str]:
    async with open_tx(request) as tx:
        asked = request.query_params
        start, end = service.span(asked.get("since", ""), asked.get("until", ""), tx.today)
        found = await queries.payments(tx, service.inside(tx, asked.get("division", "")), start, end, most=MOST)
        known = await places(tx)
    rows = [
        [
            known.name(r["division_code"]) if name == "place"
            else CATALOGUE.text(f"list.bank_files.purpose.{r['purpose']}") if name == "purpose"
            else CATALOGUE.text(f"finance.kind.{r['kind']}") if name == "kind"
            else r[name]
            for name, _ in COLUMNS
        ]
        for r in found
    ]  # fmt: skip
    return rows, f"payments-{start:%Y%m%d}-{end:%Y%m%d}"


@get("/finance/payments.xlsx", opt=needs(P.VIEW_FINANCE), include_in_schema=False)
async def as_xlsx(request: AnyRequest) -> Page:
    """Give payments as a spreadsheet."""
    rows, name = await _rows(request)
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `download`
    with Book(file) as book:
        heads = [Column(CATALOGUE.text(f"finance.{n}"), kind) for n, kind in COLUMNS]  # type: ignore[arg-type]  # one of its kinds
        table = book.table(CATALOGUE.text("finance.sheet"), heads)
        for row in rows:
            table.add(row)
    return download(file, name)


@get("/finance/payments.csv", opt=needs(P.VIEW_FINANCE), include_in_schema=False)
async def as_csv(request: AnyRequest) -> Response[bytes]:
    """Give payments as CSV in UTF-8 with a mark, formulas defused."""
    rows, name = await _rows(request)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([CATALOGUE.text(f"finance.{n}") for n, _ in COLUMNS])
    for row in rows:
        writer.writerow([_plain(v, kind) for v, (_, kind) in zip(row, COLUMNS, strict=True)])
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "no-store"}
    return Response(("\ufeff" + out.getvalue()).encode(), media_type="text/csv; charset=utf-8", headers=headers)


def _plain(value: Any, kind: str) -> str:  # noqa: ANN401 - a cell is any value
    if kind == "yuan":
        return yuan(int(value)).replace(",", "")
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


ROUTES = [described, as_xlsx, as_csv]

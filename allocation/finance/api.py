"""The finance interface of /api/v1/finance: for programs with a key, and for people with the same permissions.

Described in FORMAT.md and on /finance. Units: fen. Days are Asia/Shanghai.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from allocation.bank import queries as bank
from allocation.bank.reconcile import STATEMENTS
from allocation.finance import queries, service
from allocation.finance.service import StatementRow
from allocation.permissions import P
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.guards import needs
from quzhou_migrants.kernel.tx import Tx, open_tx

AnyRequest = Request[Any, Any, Any]
MOST = 500
Day = Annotated[str, QueryParameter(max_length=10)]
Code = Annotated[str, QueryParameter(pattern=r"^(\d{12})?$")]
Skip = Annotated[int, QueryParameter(ge=0, le=10**9)]
After = Annotated[int, QueryParameter(ge=0, le=2**53)]


class PaymentOut(msgspec.Struct):
    """One movement of money: payment, returned by the bank, or refund asked back. `ref` is stable for ever.

    A row never changes: what comes back is a row of its own, on its day. Units: fen.
    """

    ref: str
    kind: str
    paid_on: date
    division_code: str
    purpose: str
    payee: str
    account_tail: str
    paid_fen: int
    returned_fen: int
    bank_ref: str
    voucher_no: str
    remark: str
    project: int | None
    doc_no: str | None


class LedgerOut(msgspec.Struct):
    """One line of a posting; lines with the same event key sum to zero in each batch. Units: fen."""

    id: int
    event_key: str
    posted_at: str
    division_code: str
    batch: int
    doc_no: str
    project: int | None
    kind: str
    amount_fen: int
    source_table: str
    source_id: int


class ClosingOut(msgspec.Struct):
    """One account of a closed period. Units: fen."""

    division_code: str
    period: str
    sha256: str
    batch: int
    doc_no: str
    kind: str
    opening_fen: int
    in_fen: int
    out_fen: int
    closing_fen: int


class DeliveryIn(msgspec.Struct):
    """The bank's answers as a program delivers them."""

    name: str
    rows: list[StatementRow]


class RowOut(msgspec.Struct):
    """What became of one delivered row."""

    row_no: int
    applied: bool
    known: bool
    finding: str
    sentence: str


class DeliveryOut(msgspec.Struct):
    """A delivery and its rows; `state` is checked until a person confirms it."""

    id: int
    state: str
    rows_total: int
    rows_bad: int
    rows_known: int
    rows: list[RowOut]


@get("/api/v1/finance/payments", opt=needs(P.FINANCE_PAYMENTS), tags=["finance"])
async def payments(
    request: AnyRequest, since: Day = "", until: Day = "", division: Code = "", skip: Skip = 0
) -> list[PaymentOut]:
    """List what was paid and what came back between two days, five hundred at a time; a township by its code."""
    async with open_tx(request) as tx:
        start, end = service.span(since, until, tx.today)
        rows = await queries.payments(tx, service.inside(tx, division), start, end, most=MOST, skip=skip)
    return [PaymentOut(**{name: r[name] for name in PaymentOut.__struct_fields__}) for r in rows]


@get("/api/v1/finance/entries", opt=needs(P.FINANCE_ENTRIES), tags=["finance"])
async def entries(request: AnyRequest, after: After = 0) -> list[LedgerOut]:
    """List ledger entries after an id, five hundred at a time: keep the last id and ask again."""
    async with open_tx(request) as tx:
        rows = await queries.entries(tx, after, MOST)
    return [LedgerOut(**{**r, "posted_at": r["posted_at"].isoformat()}) for r in rows]


@get("/api/v1/finance/closings", opt=needs(P.FINANCE_ENTRIES), tags=["finance"])
async def closings(
    request: AnyRequest, period: Annotated[str, QueryParameter(pattern=r"^\d{4}(-\d{2})?$")]
) -> list[ClosingOut]:
    """List the totals of a closed month ("2026-08") or year ("2026")."""
    async with open_tx(request) as tx:
        rows = await queries.closings(tx, period)
    return [ClosingOut(**r) for r in rows]


@post("/api/v1/finance/statements", opt=needs(P.FINANCE_STATEMENTS), tags=["finance"])
async def deliver(request: AnyRequest, data: JSONBody[DeliveryIn]) -> DeliveryOut:
    """Deliver the bank's answers; the same rows again give the same delivery."""
    async with open_tx(request) as tx:
        key = await service.deliver(tx, data.name, data.rows)
        return await _delivery(tx, key)


@get("/api/v1/finance/statements/{statement_id:int}", opt=needs(P.FINANCE_STATEMENTS), tags=["finance"])
async def delivery(request: AnyRequest, statement_id: FromPath[int]) -> DeliveryOut:
    """Tell what became of a delivery."""
    async with open_tx(request) as tx:
        return await _delivery(tx, statement_id)


async def _delivery(tx: Tx, key: int) -> DeliveryOut:
    row = await bank.one(tx, STATEMENTS, key)
    items = await bank.all_items(tx, key)
    rows = [
        RowOut(i["row_no"], i["applied"], i["known"], i["finding"], CATALOGUE.say(i["finding"], i["facts"]))
        for i in items
    ]
    return DeliveryOut(key, row["state"], row["rows_total"], row["rows_bad"], row["rows_known"], rows)


ROUTES = [payments, entries, closings, deliver, delivery]

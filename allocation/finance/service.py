"""What programs of the treasury and the bank may do: deliver the bank's answer, for a person to confirm.

Source: 衢政办发〔2016〕65号 二(三)3 (the fund system is kept current and linked with finance)
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from allocation.bank import reconcile
from allocation.bank.rules import Item, Said, read_day
from allocation.permissions import P
from quzhou_migrants.accounts import keys
from quzhou_migrants.kernel.actor import code_range
from quzhou_migrants.kernel.clock import month_span
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.tx import Tx

for _scope in (P.FINANCE_PAYMENTS, P.FINANCE_ENTRIES, P.FINANCE_STATEMENTS):
    keys.offer(_scope)


class StatementRow(msgspec.Struct):
    """One answer of the bank. Units: fen."""

    result: Said
    amount_fen: Annotated[int, Meta(ge=0, le=2**53)]
    day: date
    batch_no: str = ""
    line_no: Annotated[int, Meta(ge=0, le=10**9)] = 0
    bank_ref: str = ""
    code: str = ""
    note: str = ""


@command(P.FINANCE_STATEMENTS, audit="allocation.finance.deliver")
async def deliver(tx: Tx, name: str, rows: Sequence[StatementRow]) -> int:
    """Keep answers a program delivers; they are booked only when a person confirms them. Gives the statement's id.

    The same rows again are the same statement. Raises: Refused ALC-521 (no rows), ALC-522 (too many).
    """
    most = tx.policy.whole("allocation.bank.most_rows")
    if not rows:
        raise Refused("ALC-521", field="rows", columns="rows")
    if len(rows) > most:
        raise Refused("ALC-522", field="rows", most=most)
    digest = hashlib.sha256(msgspec.json.encode(list(rows))).hexdigest()
    return await reconcile.keep(
        tx, reconcile.Arrived(name[:120], digest, "api"), [_item(n, r) for n, r in _lines(rows)]
    )


def _lines(rows: Sequence[StatementRow]) -> list[tuple[int, StatementRow]]:
    return list(enumerate(rows, start=1))


def _item(number: int, row: StatementRow) -> Item:
    return Item(
        number, row.result.value, row.batch_no.strip(), row.line_no or None, row.amount_fen, row.bank_ref.strip(),
        row.day, row.code, row.note,
    )  # fmt: skip


def span(since: str, until: str, today: date) -> tuple[date, date]:
    """Read two days of an address; nothing means this month so far. Raises: Refused ALC-528."""
    first, last = month_span(today.year, today.month)
    start, end = (read_day(since) if since else first), (read_day(until) if until else min(last, today))
    if start is None or end is None or end < start:
        raise Refused("ALC-528", field="since")
    return start, end


def inside(tx: Tx, division: str) -> str:
    """Give the division asked for, or the caller's own. Raises: Refused KRN-404, outside the caller's range."""
    lo, hi = code_range(tx.actor.division_code)
    if division and not (division.isdecimal() and lo <= division < hi):
        raise Refused("KRN-404")
    return division or tx.actor.division_code

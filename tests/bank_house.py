"""What tests of the bank room start from: a confirmed account, a file that left, the bank's answer."""

from __future__ import annotations

import hashlib
import itertools
from datetime import date
from typing import Any

from claim_house import FINANCE, LEADER, SECOND_FINANCE
from house import CITY, KECHENG, VILLAGE, become

from allocation.bank import queries, reconcile, service
from allocation.bank.forms import PayeeForm
from allocation.bank.rules import Item
from allocation.budget import ledger
from allocation.budget.ledger import Kind as Lies
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.register import sealing

_numbers = itertools.count(1)
DAY = date(2026, 9, 16)


async def account(tx: Tx, name: str = "建设公司", number: str = "622848 0402 5648 90018") -> int:
    """Type an account and let another hand confirm it."""
    async with become(tx, FINANCE):
        payee = await service.propose_payee(tx, PayeeForm(name, "中国农业银行柯城支行", number))
    async with become(tx, LEADER):
        await service.confirm_payee(tx, payee)
    return payee


async def sent(tx: Tx, purpose: str) -> tuple[int, str]:
    """Put everything due into a file and let it leave. Gives its id and number."""
    async with become(tx, FINANCE):
        batch = await service.prepare(tx, purpose)
    async with become(tx, SECOND_FINANCE):
        row = await service.release(tx, batch)
    return batch, row["number"]


def says(number: str, line: int | None, kind: str, fen: int, **more: Any) -> Item:
    """Give one row of the bank's file."""
    n = next(_numbers)
    known = {"bank_ref": f"REF{n:09d}", "day": DAY, **more}
    return Item(n, kind, number, line, fen, **known)


async def told(tx: Tx, *items: Item) -> tuple[int, int]:
    """Bring the bank's rows in and book them. Gives the statement and how many rows were booked."""
    rows = [Item(**{**{f: getattr(i, f) for f in i.__dataclass_fields__}, "row_no": n}) for n, i in enumerate(items, 2)]
    name = hashlib.sha256(repr(rows).encode()).hexdigest()
    async with become(tx, FINANCE):
        statement = await reconcile.receive(tx, reconcile.Arrived("回单.xlsx", name), rows)
        return statement, await reconcile.apply(tx, statement)


async def findings(tx: Tx, statement: int) -> list[str]:
    """Name what is wrong with the rows that were not booked."""
    return [i["finding"] for i in await queries.items(tx, statement)]


async def lies(tx: Tx, *kinds: Lies) -> list[int]:
    """Add up what lies in kinds, in Kecheng."""
    rows = await tx.conn.fetch(
        "SELECT kind, sum(balance_fen)::bigint AS fen FROM allocation_balance WHERE division_code LIKE '330802%'"
        " GROUP BY 1"
    )
    found = {r["kind"]: int(r["fen"]) for r in rows}
    return [found.get(k.value, 0) for k in kinds]


async def pot(tx: Tx, cash: int = 0, available: int = 0) -> int:
    """Give Kecheng money of a city batch, for persons and for projects. Machine's transaction."""
    n = next(_numbers)
    batch = int(
        await tx.conn.fetchval(
            "INSERT INTO allocation_batch (division_code, doc_no, title, level, fund_kind, issued_on, cash_fen,"
            " project_fen, per_head_fen, persons, state)"
            " VALUES ($1, $2, '批次', 'city', 'project', '2026-01-10', $3, $4,"
            " 60000, $5, 'recorded') RETURNING id",
            CITY,
            f"文{n}",
            cash,
            available,
            cash // 60000,
        )
    )
    lines = [
        ledger.Line(batch, CITY, Lies.NOTIFIED, -cash - available),
        ledger.Line(batch, KECHENG, Lies.CASH, cash),
        ledger.Line(batch, KECHENG, Lies.AVAILABLE, available),
    ]
    await ledger.post(tx, f"pot:{n}:{batch}", lines, source=("allocation_batch", batch))
    return batch


async def household(tx: Tx, code: str, persons: int, number: str = "", place: str = VILLAGE) -> int:
    """Write a household that is supported in cash. Machine's transaction."""
    return int(
        await tx.conn.fetchval(
            "INSERT INTO register_household (code, division_code, head_name, name_grams, support, members, migrants,"
            " bank_name, bank_cipher, bank_blind) VALUES ($1, $2, $3, '{}', 'cash', $4, $4, '农商银行', $5, $6)"
            " RETURNING id",
            code,
            place,
            f"户主{code}",
            persons,
            sealing.sealed(number, sealing.BANK_PLACE),
            sealing.bank_blind(number),
        )
    )

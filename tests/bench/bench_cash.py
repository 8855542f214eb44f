"""A payment list of 10,000 households: made, sealed for the bank, to xlsx, to PDF; its answer judged."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date
from typing import Any

from allocation.bank.files import bank_csv
from allocation.bank.rules import Item, Sent, judge
from allocation.bank.sources import LINE_PLACE
from allocation.cash.documents import layout
from allocation.cash.rules import add_up, digest, plan
from quzhou_migrants.kernel.crypto import Keys, keys
from quzhou_migrants.kernel.pdf import build
from quzhou_migrants.kernel.xlsx import Book, Column
from tests.bench.harness import Figure, timed

LINES, HEAD, VILLAGES = 10_000, 600_00, 100
DAY = date(2026, 9, 16)


@dataclass(frozen=True)
class House:
    """A household as the rules know it."""

    id: int
    code: str
    persons: int
    account: str


def measure() -> list[Figure]:
    """Take one list through everything that needs no database; the sums are proven each time."""
    houses = [House(n, f"KC-{n:06d}", n % 6 + 1, f"62284804{n:011d}") for n in range(LINES)]
    rows = _rows(houses)
    names = {f"330802{v:03d}201": f"village {v}" for v in range(VILLAGES)}
    row = _head(rows)
    sent = {("B", n): Sent(n, rows[n - 1]["amount_fen"], 0, 0, "waiting", DAY) for n in range(1, LINES + 1)}
    items = [Item(n + 1, "paid", "B", n, rows[n - 1]["amount_fen"], f"R{n}", DAY) for n in range(1, LINES + 1)]
    return [
        Figure("cash list of 10,000 households, worked out", "ms", aim=500, **timed(lambda: _plan(houses), scale=1000)),
        Figure("10,000 lines to the bank's CSV, accounts opened", "s", aim=2, **timed(lambda: bank_csv(row, rows))),
        Figure("10,000 lines to xlsx", "s", aim=3, **timed(lambda: _xlsx(rows))),
        Figure("10,000 lines to PDF", "s", aim=15, **timed(lambda: _pdf(row, rows, names), runs=2)),
        Figure("10,000 answers of the bank judged", "ms", aim=500, **timed(lambda: _judge(items, sent), scale=1000)),
    ]


def _plan(houses: list[House]) -> None:
    persons = {h.id: h.persons for h in houses}
    places = plan(houses, HEAD, 1)
    sums = add_up(((persons[p.household], p.amount_fen, p.finding) for p in places), HEAD)
    digest((str(p.household), persons[p.household], p.amount_fen, p.finding) for p in places)
    if sums.total_fen != sum(persons.values()) * HEAD:
        raise AssertionError


def _rows(houses: list[House]) -> list[dict[str, Any]]:
    ring: Keys = keys()
    return [
        {
            "line_no": h.id + 1, "code": h.code, "name": f"户主{h.id}", "payee": f"户主{h.id}", "persons": h.persons,
            "amount_fen": h.persons * HEAD, "bank_name": "农商银行柯城支行", "account_tail": h.account[-4:],
            "account_cipher": ring.seal(h.account, LINE_PLACE), "finding": "", "remark": "2026年移民直补",
            "division_code": f"330802{h.id % VILLAGES:03d}201",
        }
        for h in houses
    ]  # fmt: skip


def _head(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "number": "330802-202609-001", "doc_no": "浙财农〔2026〕11号", "per_head_fen": HEAD, "households": len(rows),
        "persons": sum(r["persons"] for r in rows), "total_fen": sum(r["amount_fen"] for r in rows),
        "sha256": "0" * 64, "title": "2026年水库移民后期扶持直补资金发放名册",
    }  # fmt: skip


def _xlsx(rows: list[dict[str, Any]]) -> None:
    out = io.BytesIO()
    with Book(out) as book:
        titles = (("序号", "text"), ("户编号", "text"), ("户主", "text"), ("人数", "integer"), ("金额（元）", "yuan"),
                  ("开户行", "text"), ("账号", "text"))  # fmt: skip
        heads = [Column(title, kind) for title, kind in titles]
        table = book.table("名册", heads)
        for r in rows:
            table.add((str(r["line_no"]), r["code"], r["name"], r["persons"], r["amount_fen"], r["bank_name"],
                       f"···· {r['account_tail']}"))  # fmt: skip
    if len(out.getvalue()) < LINES:
        raise AssertionError


def _pdf(row: dict[str, Any], rows: list[dict[str, Any]], names: dict[str, str]) -> None:
    if not build(layout(row, rows, names)).startswith(b"%PDF"):
        raise AssertionError


def _judge(items: list[Item], sent: dict[tuple[str, int], Sent]) -> None:
    if any(j.finding for j in judge(items, sent, {}, DAY)):
        raise AssertionError

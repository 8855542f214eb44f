"""Papers of the bank room: the file as a spreadsheet, its covering list, the month's comparison."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from typing import IO, Any

from allocation.bank import queries
from allocation.bank.files import COLUMNS, records
from allocation.bank.rules import Comparison
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.money import Fen, yuan
from quzhou_migrants.kernel.pdf import Document, Fields, Grid, Heading, Signs, Text
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.kernel.xlsx import Book, Column

Row = dict[str, Any]
WIDE = 34


def _t(key: str) -> str:
    return CATALOGUE.text(f"bank.{key}")


def headings() -> list[str]:
    """Give the headings of the bank's file."""
    return [_t(f"column.{name}") for name in COLUMNS]


def bank_book(batch: Row, lines: Sequence[Row]) -> IO[bytes]:
    """Write the file for the bank as a spreadsheet, accounts as text."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed when it was sent
    with Book(file) as book:
        book.facts(
            _t("about"),
            [
                (_t("column.batch_no"), batch["number"]),
                (_t("lines"), str(batch["lines"])),
                (_t("total"), yuan(batch["total_fen"])),
                (_t("hash"), batch["file_sha256"]),
            ],
        )
        columns = [Column(t, width=WIDE if n in {2, 3, 4, 6} else 16) for n, t in enumerate(headings())]
        table = book.table(_t("sheet"), columns)
        for record in records(batch, lines):
            table.add(record)
    return file


async def covering(tx: Tx, batch_id: int) -> Document:
    """Lay out the list that is signed and goes along with the file; accounts are masked."""
    batch = await queries.one(tx, "allocation_bank_batch", batch_id)
    rows = tuple(
        (str(r["line_no"]), r["payee"], r["bank_name"], f"···· {r['account_tail']}", yuan(r["amount_fen"]), r["remark"])
        for r in await queries.lines(tx, batch_id)
    )
    total = ("", _t("sum"), "", "", yuan(batch["total_fen"]), "")
    head = tuple(_t(f"column.{n}") for n in ("line_no", "payee", "bank_name", "account", "amount", "remark"))
    blocks = (
        Fields(
            (
                (_t("column.batch_no"), batch["number"]),
                (_t("lines"), str(batch["lines"])),
                (_t("prepared"), batch["prepared_name"]),
                (_t("released"), batch["released_name"]),
                (_t("hash"), batch["file_sha256"]),
            )
        ),
        Grid(head, (*rows, total), (0.5, 2, 2, 1.1, 1.3, 2), frozenset({4}), total=True),
        Signs((_t("prepared"), _t("released"), _t("seal"))),
    )
    return Document(_t("covering"), blocks, author=tx.actor.org_name, footer=batch["number"], wide=True)


async def month_sheet(tx: Tx, row: Row) -> Document:
    """Lay out the comparison of a closed month."""
    figures = row["figures"] if isinstance(row["figures"], dict) else json.loads(row["figures"])
    kept = Comparison(**{n: figures[n] for n in Comparison.__dataclass_fields__ if n in figures})
    blocks = (
        Grid((_t("item"), _t("yuan")), compared(kept, figures["interest"]), (3, 1), frozenset({1})),
        Heading(_t("balance")),
        Fields(
            (
                (_t("bank_balance"), yuan(row["bank_balance_fen"])),
                (_t("ledger_balance"), yuan(row["ledger_balance_fen"])),
                (_t("gap"), yuan(row["bank_balance_fen"] - row["ledger_balance_fen"])),
                (_t("remark"), row["remark"] or _t("none")),
                (_t("closed"), f"{row['closed_name']} {row['closed_at']:%Y-%m-%d}"),
            )
        ),
        Text(_t("month_rule"), small=True, indent=False),
        Signs((_t("prepared"), _t("checked_by"))),
    )
    place = str(await tx.conn.fetchval("SELECT full_name FROM kernel_division WHERE code = $1", row["division_code"]))
    return Document(_t("month_title").format(place=place, month=row["month"]), blocks, author=tx.actor.org_name)


def compared(c: Comparison, interest: Fen) -> tuple[tuple[str, str], ...]:
    """Write the comparison line by line, so that it can be added up by hand."""
    lines = (
        ("bank_paid", c.bank_paid), ("bank_returned", -c.bank_returned), ("by_hand", c.by_hand),
        ("refunded", -c.refunded), ("finished", c.finished), ("unfinished", -c.unfinished),
        ("explained", c.explained), ("books_paid", c.books_paid),
        ("difference", c.difference), ("interest", interest),
    )  # fmt: skip
    return tuple((_t(f"compare.{name}"), yuan(fen)) for name, fen in lines)

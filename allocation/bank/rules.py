"""What a row of the bank's file means, and whether it can be true. Pure.

Source: 衢政办发〔2016〕65号 二(三)3; 会计基础工作规范 (bank statement and books are compared month by month)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any

from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.money import Fen, parse_yuan

DATE_DIGITS, LINE_DIGITS = 8, 9


class Said(StrEnum):
    """What the bank says of a payment, or of the account."""

    PAID = "paid"
    FAILED = "failed"
    RETURNED = "returned"
    INTEREST = "interest"


@dataclass(frozen=True, slots=True)
class Item:
    """One row as it was read. `finding` tells what could not be read. Units: fen."""

    row_no: int
    kind: str = ""
    batch_no: str = ""
    line_no: int | None = None
    amount_fen: Fen = 0
    bank_ref: str = ""
    day: date | None = None
    code: str = ""
    note: str = ""
    finding: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sent:
    """One payment that was sent, as the books know it. Units: fen."""

    id: int
    amount_fen: Fen
    paid_fen: Fen
    returned_fen: Fen
    result: str
    released_on: date


@dataclass(frozen=True, slots=True)
class Judged:
    """A row with what was found about it: `finding` bars it, `known` says that it was applied before."""

    item: Item
    line: int | None = None
    finding: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    known: bool = False


def read_item(row_no: int, cells: Mapping[str, str], words: Mapping[str, str]) -> Item:
    """Read one row of named cells; the first thing that cannot be read is its finding.

    Shape: cells by column (batch_no, line_no, result, amount, bank_ref, day, code, note);
    words {the bank's word: paid, failed, returned, interest}.
    """
    texts = {name: text.strip() for name, text in cells.items()}
    kind = words.get(texts["result"], "")
    number = texts["line_no"]
    line = int(number) if number.isdecimal() and len(number) <= LINE_DIGITS else None
    base = Item(
        row_no, kind, texts["batch_no"], line, bank_ref=texts["bank_ref"], code=texts["code"], note=texts["note"]
    )
    if not kind:
        return replace(base, finding="ALC-510", facts={"word": texts["result"][:20]})
    try:
        base = replace(base, amount_fen=parse_yuan(texts["amount"]))
    except Refused:
        return replace(base, finding="ALC-511", facts={"text": texts["amount"][:20]})
    day = read_day(texts["day"])
    if day is None:
        return replace(base, finding="ALC-509", facts={"text": texts["day"][:20]})
    return replace(base, day=day)


def read_day(text: str) -> date | None:
    """Read 2026-09-16, 2026/9/16 or 20260916; None for anything else."""
    parts = text.replace("/", "-").split(" ")[0].split("-")
    if len(parts) == 1 and len(text) == DATE_DIGITS:
        parts = [text[:4], text[4:6], text[6:]]
    try:
        year, month, day = (int(part) for part in parts)
        return date(year, month, day)
    except (ValueError, OverflowError):
        return None


def judge(
    items: Iterable[Item],
    sent: Mapping[tuple[str, int], Sent],
    applied: Mapping[tuple[str, str], Fen],
    today: date,
) -> list[Judged]:
    """Compare a file with what was sent, row by row, each row as if those before it had been applied.

    Shape: sent {(batch number, line number): Sent}; applied {(kind, bank reference): fen} of earlier files.
    """
    book = _Book(sent, applied, today)
    return [book.judge(item) for item in items]


class _Book:
    """What is known so far while a file is walked."""

    def __init__(
        self, sent: Mapping[tuple[str, int], Sent], applied: Mapping[tuple[str, str], Fen], today: date
    ) -> None:
        self.sent, self.applied, self.today = sent, applied, today
        self.seen: set[tuple[str, str]] = set()
        self.paid: dict[int, Fen] = {}
        self.returned: dict[int, Fen] = {}
        self.failed: set[int] = set()

    def judge(self, item: Item) -> Judged:
        if item.finding:
            return Judged(item, None, item.finding, item.facts)
        if finding := self._plain(item):
            return Judged(item, None, *finding)
        key = (item.kind, item.bank_ref)
        if item.bank_ref and key in self.applied:
            before = self.applied[key]
            if before != item.amount_fen:
                return Judged(item, None, "ALC-513", {"before": before, "now": item.amount_fen})
            return Judged(item, None, known=True)
        if item.bank_ref and key in self.seen:
            return Judged(item, None, "ALC-512", {"ref": item.bank_ref})
        self.seen.add(key)
        return Judged(item) if item.kind == Said.INTEREST else self._of_line(item)

    def _plain(self, item: Item) -> tuple[str, Mapping[str, Any]] | None:
        """Say what is wrong with a row whatever was sent."""
        if item.kind != Said.FAILED and not item.bank_ref:
            return "ALC-508", {}
        if item.day is not None and item.day > self.today:
            return "ALC-509", {"text": item.day.isoformat()}
        if item.kind != Said.FAILED and item.amount_fen <= 0:
            return "ALC-511", {"text": "0"}
        return None

    def _of_line(self, item: Item) -> Judged:
        line = self.sent.get((item.batch_no, item.line_no or 0))
        if line is None:
            return Judged(item, None, "ALC-505", {"batch": item.batch_no, "line": item.line_no})
        paid = line.paid_fen + self.paid.get(line.id, 0)
        returned = line.returned_fen + self.returned.get(line.id, 0)
        if item.day is not None and item.day < line.released_on:
            return Judged(item, line.id, "ALC-504", {"day": item.day, "released": line.released_on})
        if item.kind == Said.PAID:
            return self._paid(item, line, paid)
        if item.kind == Said.RETURNED:
            return self._returned(item, line, paid - returned)
        return self._failed(item, line, paid)

    def _paid(self, item: Item, line: Sent, paid: Fen) -> Judged:
        if line.result in {"failed", "withdrawn"} or line.id in self.failed:
            return Judged(item, line.id, "ALC-514", {"result": "failed"})
        if paid + item.amount_fen > line.amount_fen:
            return Judged(item, line.id, "ALC-506", {"amount": item.amount_fen, "left": line.amount_fen - paid})
        self.paid[line.id] = self.paid.get(line.id, 0) + item.amount_fen
        return Judged(item, line.id)

    def _returned(self, item: Item, line: Sent, there: Fen) -> Judged:
        if item.amount_fen > there:
            return Judged(item, line.id, "ALC-507", {"amount": item.amount_fen, "paid": there})
        self.returned[line.id] = self.returned.get(line.id, 0) + item.amount_fen
        return Judged(item, line.id)

    def _failed(self, item: Item, line: Sent, paid: Fen) -> Judged:
        if line.result == "failed":
            return Judged(item, line.id, known=True)
        if paid:
            return Judged(item, line.id, "ALC-514", {"result": "paid"})
        if line.id in self.failed:
            return Judged(item, line.id, "ALC-512", {"ref": f"{item.batch_no}-{item.line_no}"})
        self.failed.add(line.id)
        return Judged(item, line.id)


def result_of(line: Mapping[str, Any]) -> str:
    """Say where a payment stands from what was paid and what came back. Units: fen."""
    if line["returned_fen"]:
        return "returned"
    if line["paid_fen"] >= line["amount_fen"]:
        return "paid"
    return "partial" if line["paid_fen"] else str(line["result"])


@dataclass(frozen=True, slots=True)
class Comparison:
    """Bank and books of one month, and every reason why they differ. Units: fen."""

    bank_paid: Fen
    bank_returned: Fen
    by_hand: Fen
    unfinished: Fen
    books_paid: Fen
    finished: Fen = 0
    refunded: Fen = 0

    @property
    def explained(self) -> Fen:
        """What the books should show: the bank's figure, with what never passed a file, as far as it is whole.

        Parts that arrived are a payment in the month in which the last one came: `unfinished` at this month's end
        comes off, `finished`, what was unfinished at its beginning, goes on.
        """
        parts = self.finished - self.unfinished
        return self.bank_paid - self.bank_returned + self.by_hand - self.refunded + parts

    @property
    def difference(self) -> Fen:
        """What nothing explains."""
        return self.books_paid - self.explained


def check_close(comparison: Comparison, bank: Fen, books: Fen, remark: str, waiting: Sequence[str]) -> None:
    """Let a month be closed. Raises: Refused ALC-515 (files not applied), ALC-516 (a difference without a word)."""
    if waiting:
        raise Refused("ALC-515", files="、".join(waiting))
    if (comparison.difference or bank != books) and not remark.strip():
        raise Refused("ALC-516", field="remark", gap=(bank - books) or comparison.difference)

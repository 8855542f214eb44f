"""What a row of the bank's file means, and that no order or repetition of rows books more than was sent."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocation.bank.rules import Comparison, Item, Judged, Sent, check_close, judge, read_day, read_item, result_of
from quzhou_migrants.kernel.errors import Refused

TODAY = date(2026, 9, 16)
WORDS = {"成功": "paid", "失败": "failed", "退汇": "returned", "利息": "interest"}
SENT = {
    ("B-1", 1): Sent(11, 100_00, 0, 0, "waiting", date(2026, 9, 10)),
    ("B-1", 2): Sent(12, 50_00, 50_00, 0, "paid", date(2026, 9, 10)),
    ("B-1", 3): Sent(13, 70_00, 0, 0, "failed", date(2026, 9, 10)),
}


def cells(**changes: str) -> dict[str, str]:
    known = {
        "batch_no": "B-1", "line_no": "1", "result": "成功", "amount": "100.00", "bank_ref": "R1", "day": "2026-09-12",
        "code": "", "note": "",
    }  # fmt: skip
    return {**known, **changes}


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({}, ""),
        ({"amount": "1,00.00"}, "ALC-511"),
        ({"amount": "一百"}, "ALC-511"),
        ({"result": "处理中"}, "ALC-510"),
        ({"day": "9月12日"}, "ALC-509"),
        ({"day": "20260912"}, ""),
        ({"day": "2026/9/12 10:05:33"}, ""),
        ({"day": "2026-02-30"}, "ALC-509"),
        ({"day": "9" * 30 + "-1-1"}, "ALC-509"),
        ({"line_no": "9" * 5000}, ""),
    ],
)
def test_a_row_is_read_or_named(changes, finding) -> None:
    assert read_item(2, cells(**changes), WORDS).finding == finding


@pytest.mark.parametrize(("text", "day"), [("20260912", 12), ("2026-9-2", 2), ("2026/09/02", 2)])
def test_days_come_in_three_spellings(text, day) -> None:
    assert read_day(text) == date(2026, 9, day)


def row(kind: str, line: int | None, fen: int, **more: Any) -> Item:
    known = {"bank_ref": f"R-{kind}-{line}-{fen}", "day": date(2026, 9, 12), **more}
    return Item(2, kind, "B-1" if line else "", line, fen, **known)


@pytest.mark.parametrize(
    ("item", "finding"),
    [
        (row("paid", 1, 100_00), ""),
        (row("paid", 1, 40_00), ""),
        (row("paid", 1, 100_01), "ALC-506"),
        (row("paid", 9, 100_00), "ALC-505"),
        (row("paid", 1, 100_00, bank_ref=""), "ALC-508"),
        (row("paid", 1, 0), "ALC-511"),
        (row("paid", 1, 100_00, day=date(2026, 9, 17)), "ALC-509"),
        (row("paid", 1, 100_00, day=date(2026, 9, 9)), "ALC-504"),
        (row("paid", 3, 70_00), "ALC-514"),
        (row("returned", 1, 1), "ALC-507"),
        (row("returned", 2, 50_00), ""),
        (row("returned", 2, 50_01), "ALC-507"),
        (row("failed", 1, 0, bank_ref=""), ""),
        (row("failed", 2, 0, bank_ref=""), "ALC-514"),
        (row("interest", None, 12_34), ""),
    ],
)
def test_a_row_is_held_against_what_was_sent(item, finding) -> None:
    assert [j.finding for j in judge([item], SENT, {}, TODAY)] == [finding]


def test_rows_of_one_file_are_judged_one_after_the_other() -> None:
    items = [
        row("paid", 1, 60_00),
        row("paid", 1, 40_00),
        row("paid", 1, 1_00),
        row("returned", 1, 100_00),
        row("returned", 1, 1_00),
    ]
    assert [j.finding for j in judge(items, SENT, {}, TODAY)] == ["", "", "ALC-506", "", "ALC-507"]


def test_a_reference_counts_once_and_never_with_another_amount() -> None:
    known = {("paid", "OLD"): 40_00}
    items = [
        row("paid", 1, 40_00, bank_ref="OLD"),
        row("paid", 1, 41_00, bank_ref="OLD"),
        row("paid", 1, 10_00, bank_ref="NEW"),
        row("paid", 1, 10_00, bank_ref="NEW"),
        row("returned", 1, 10_00, bank_ref="NEW"),
    ]
    found = judge(items, SENT, known, TODAY)
    assert [(j.finding, j.known) for j in found] == [
        ("", True), ("ALC-513", False), ("", False), ("ALC-512", False), ("", False),
    ]  # fmt: skip


KINDS = st.sampled_from(["paid", "failed", "returned", "interest"])
ROWS = st.builds(
    lambda kind, line, fen, ref: row(kind, line if kind != "interest" else None, fen, bank_ref=f"R{ref}"),
    KINDS, st.integers(1, 4), st.integers(0, 120_00), st.integers(0, 12),
)  # fmt: skip


@given(st.lists(ROWS, max_size=14), st.randoms())
@settings(max_examples=150)
def test_whatever_the_bank_sends_no_payment_exceeds_what_was_sent(items, rng) -> None:
    """Two files with the same rows in any order: booked sums stay within the line, references count once."""
    first = _booked(judge(items, SENT, {}, TODAY))
    known = {(j.item.kind, j.item.bank_ref): j.item.amount_fen for j in first}
    after = {k: _after(s, first) for k, s in SENT.items()}
    shuffled = list(items)
    rng.shuffle(shuffled)
    second = _booked(judge(shuffled, after, known, TODAY))
    both = [*first, *second]
    for line in SENT.values():
        paid = line.paid_fen + _sum(both, line.id, "paid")
        back = line.returned_fen + _sum(both, line.id, "returned")
        assert 0 <= back <= paid <= line.amount_fen
    references = [(j.item.kind, j.item.bank_ref) for j in both]
    assert len(references) == len(set(references))


def _booked(judged: list[Judged]) -> list[Judged]:
    return [j for j in judged if not j.finding and not j.known]


def _sum(judged: list[Judged], line: int, kind: str) -> int:
    return sum(j.item.amount_fen for j in judged if j.line == line and j.item.kind == kind)


def _after(line: Sent, judged: list[Judged]) -> Sent:
    paid, back = line.paid_fen + _sum(judged, line.id, "paid"), line.returned_fen + _sum(judged, line.id, "returned")
    failed = any(j.line == line.id and j.item.kind == "failed" for j in judged)
    facts = {"paid_fen": paid, "returned_fen": back, "amount_fen": line.amount_fen, "result": line.result}
    return Sent(line.id, line.amount_fen, paid, back, "failed" if failed else result_of(facts), line.released_on)


def test_a_month_is_closed_only_with_every_difference_told() -> None:
    even = Comparison(100, 20, 30, 10, 100)
    assert (even.explained, even.difference) == (100, 0)
    check_close(even, 500, 500, "", [])
    for comparison, bank, code in ((even, 501, "ALC-516"), (Comparison(100, 20, 30, 10, 99), 500, "ALC-516")):
        with pytest.raises(Refused, match=code):
            check_close(comparison, bank, 500, " ", [])
        check_close(comparison, bank, 500, "在途", [])
    with pytest.raises(Refused, match="ALC-515"):
        check_close(even, 500, 500, "在途", ["0916.xlsx"])

"""The plan table as it is published: the same nine columns as PDF and as a spreadsheet.

Source: 永嘉县2025年水库移民后期扶持项目年度计划表 (columns).
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.clock import shanghai
from quzhou_migrants.kernel.money import wan
from quzhou_migrants.kernel.pdf import Document, Grid, Signs, Text
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.kernel.xlsx import Book, Column

Row = dict[str, Any]
COLUMNS = ("no", "township", "reservoir", "village", "project", "content", "estimate", "amount", "remark")
WIDTHS = (0.9, 1.7, 1.2, 1.8, 3.2, 4.2, 1.6, 1.9, 1.8)
FIGURES = frozenset({6, 7})


def _t(key: str) -> str:
    return CATALOGUE.text(f"plan.{key}")


def said(row: Row) -> tuple[str, str, str]:
    """The words of a printed line that are not kept as they are shown: number, kind of reservoir, remark."""
    marks = (_t("outside") if row["outside"] else "", row["remark"])
    return str(row["no"]), _t(f"reservoir.{row['reservoir']}"), "；".join(m for m in marks if m)


def _line(row: Row) -> tuple[str, ...]:
    number, reservoir, remark = said(row)
    names = (row["township_name"] or "", reservoir, row["village_name"], row["title"], row["content"])
    return (number, *names, wan(row["estimate_fen"]), wan(row["amount_fen"]), remark)


def totals(table: list[Row]) -> tuple[int, int]:
    """Sum a plan table. Units: fen; (estimate, migrant money)."""
    return sum(r["estimate_fen"] for r in table), sum(r["amount_fen"] for r in table)


def about(tx: Tx, plan: Row, table: list[Row]) -> list[tuple[str, str]]:
    """Say what a plan table is. Shape: [(label, value)]."""
    return [
        (_t("fact.title"), plan["title"]),
        (_t("fact.state"), CATALOGUE.state("PLAN", plan["state"])),
        (_t("fact.doc"), plan["doc_no"]),
        (_t("fact.money"), wan(plan["money_fen"])),
        (_t("fact.source"), plan["money_source"]),
        (_t("fact.count"), str(len(table))),
        (_t("fact.printed"), f"{shanghai(tx.now):%Y-%m-%d %H:%M}"),
    ]


def plan_table(tx: Tx, plan: Row, table: list[Row]) -> Document:
    """Lay the plan table out on a broad page; a frozen value, so that another process can print it."""
    estimate, amount = totals(table)
    foot = ("", _t("total"), "", "", "", "", wan(estimate), wan(amount), "")
    grid = Grid(tuple(_t(f"col.{c}") for c in COLUMNS), (*(_line(r) for r in table), foot), WIDTHS, FIGURES, total=True)
    note = "；".join(f"{label}：{value}" for label, value in about(tx, plan, table)[1:] if value)
    signs = Signs(tuple(_t(f"sign.{s}") for s in ("made", "checked", "approved", "date")))
    blocks = (Text(note, small=True, indent=False), grid, signs)
    return Document(plan["title"], blocks, number=plan["doc_no"], author=tx.actor.org_name, wide=True)


def plan_book(tx: Tx, plan: Row, table: list[Row]) -> bytes:
    """Write the plan table as a spreadsheet: what it is on the first sheet, amounts in yuan on the second."""
    kinds = {"estimate": "yuan", "amount": "yuan"}
    columns = [
        Column(_t(f"col.{c}_yuan" if c in kinds else f"col.{c}"), "yuan" if c in kinds else "text") for c in COLUMNS
    ]
    out = BytesIO()
    with Book(out) as book:
        book.facts(_t("about"), about(tx, plan, table))
        sheet = book.table(_t("sheet"), columns)
        for row in table:
            line = _line(row)
            sheet.add((*line[:6], row["estimate_fen"], row["amount_fen"], line[8]))
        sheet.add((*("", _t("total"), "", "", "", ""), *totals(table), ""))
    return out.getvalue()

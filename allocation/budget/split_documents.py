"""The table annexed to a split document, for paper and for the receivers' spreadsheets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO, Any

from allocation.budget import split_queries
from quzhou_migrants.kernel import xlsx
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.money import yuan
from quzhou_migrants.kernel.pdf import Document, Fields, Grid, Text
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
AMOUNTS = ("cash_fen", "project_fen", "earmark_fen", "total_fen")


def _t(key: str) -> str:
    return CATALOGUE.text(f"annex.{key}")


async def annex(tx: Tx, split_id: int) -> Document:
    """Lay the table out: who, how many persons, cash, projects, bound money, sum. Raises: Refused KRN-404."""
    row = await split_queries.split(tx, split_id)
    lines = await split_queries.lines(tx, split_id)
    head = tuple(_t(key) for key in ("unit", "persons", "cash", "project", "earmark", "earmark_fen", "total"))
    rows = [
        (
            line["name"] or line["division_code"],
            str(line["persons"] or ""),
            yuan(line["cash_fen"]),
            yuan(line["project_fen"]),
            line["earmark_title"] or "",
            yuan(line["earmark_fen"]),
            yuan(line["total_fen"]),
        )
        for line in lines
    ]
    sums = {name: yuan(sum(line[name] for line in lines)) for name in AMOUNTS}
    foot = (_t("sum"), str(sum(line["persons"] for line in lines)), sums["cash_fen"], sums["project_fen"], "",
            sums["earmark_fen"], sums["total_fen"])  # fmt: skip
    return Document(
        row["title"],
        (
            Fields(
                (
                    (_t("doc_no"), row["doc_no"]),
                    (_t("issued_on"), row["issued_on"].isoformat()),
                    (_t("batch"), row["batch_doc_no"]),
                    (_t("giver"), row["giver"] or ""),
                ),
                2,
            ),
            Grid(head, (*rows, foot), (2.2, 1, 2, 2.2, 2.4, 2.2, 2.4), frozenset({1, 2, 3, 5, 6}), total=True),
            Text(_t("unit_note"), indent=False, small=True),
        ),
        number=row["doc_no"],
        author=tx.actor.org_name,
        footer=_t("footer").format(doc_no=row["doc_no"]),
        wide=True,
    )


def write_sheet(target: IO[bytes], row: Row, lines: Sequence[Row]) -> None:
    """Write the same table as a spreadsheet. Units: yuan with two decimals."""
    with xlsx.Book(target) as book:
        book.facts(
            _t("facts"),
            [
                (_t("doc_no"), row["doc_no"]),
                (_t("title"), row["title"]),
                (_t("issued_on"), row["issued_on"].isoformat()),
                (_t("batch"), row["batch_doc_no"]),
            ],
        )
        columns = [
            xlsx.Column(_t("code")),
            xlsx.Column(_t("unit")),
            xlsx.Column(_t("persons"), "integer"),
            xlsx.Column(_t("cash"), "yuan"),
            xlsx.Column(_t("project"), "yuan"),
            xlsx.Column(_t("earmark")),
            xlsx.Column(_t("earmark_fen"), "yuan"),
            xlsx.Column(_t("total"), "yuan"),
        ]
        table = book.table(_t("sheet"), columns)
        for line in lines:
            table.add(
                [
                    line["division_code"],
                    line["name"] or "",
                    line["persons"],
                    line["cash_fen"],
                    line["project_fen"],
                    line["earmark_title"] or "",
                    line["earmark_fen"],
                    line["total_fen"],
                ]
            )

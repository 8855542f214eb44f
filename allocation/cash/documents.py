"""The payment list as an official paper: every household, accounts masked, sums by village and in all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from allocation.cash import queries
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.money import yuan
from quzhou_migrants.kernel.pdf import Document, Fields, Grid, Heading, Signs, Text
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
WIDTHS = (0.7, 1.6, 1.2, 0.8, 1.2, 2.2, 1.1)


def _t(key: str) -> str:
    return CATALOGUE.text(f"cash.{key}")


async def payment_list(tx: Tx, list_id: int) -> Document:
    """Lay out a list, village by village."""
    row = await queries.cash_list(tx, list_id)
    lines = await queries.lines(tx, list_id)
    names = {
        r["code"]: r["full_name"]
        for r in await tx.conn.fetch(
            "SELECT code, full_name FROM kernel_division WHERE code = ANY($1)",
            list({line["division_code"] for line in lines}),
        )
    }
    return layout(row, lines, names)


def layout(row: Row, lines: Sequence[Row], names: Mapping[str, str]) -> Document:
    """Lay out rows that are in hand."""
    paid = [line for line in lines if not line["finding"]]
    held = [line for line in lines if line["finding"]]
    blocks: list[Any] = [
        Fields(
            (
                (_t("document"), row["doc_no"]),
                (_t("per_head"), f"{yuan(row['per_head_fen'])} {_t('yuan')}"),
                (_t("households"), f"{row['households']:,}"),
                (_t("persons"), f"{row['persons']:,}"),
                (_t("total"), f"{yuan(row['total_fen'])} {_t('yuan')}"),
                (_t("proof"), _t("proof_text").format(persons=row["persons"], per_head=yuan(row["per_head_fen"]))),
                (_t("hash"), row["sha256"]),
            )
        )
    ]
    by_village: dict[str, list[Row]] = {}
    for line in paid:
        by_village.setdefault(line["division_code"], []).append(line)
    for code in sorted(by_village):
        blocks += [Heading(names.get(code, code), 2), _grid(by_village[code])]
    if held:
        blocks += [Heading(_t("held")), Text(_t("held_note"), small=True, indent=False), _held(held)]
    blocks.append(Signs((_t("prepared"), _t("approved"), _t("finance"), _t("seal"))))
    return Document(row["title"], tuple(blocks), author=_t("author"), footer=row["sha256"][:16])


def _grid(lines: Sequence[Row]) -> Grid:
    rows = [
        (
            str(r["line_no"]), r["code"], r["name"], str(r["persons"]), yuan(r["amount_fen"]), r["bank_name"],
            r["account_tail"] and f"···· {r['account_tail']}",
        )
        for r in lines
    ]  # fmt: skip
    total = (
        "", _t("sum"), "", f"{sum(r['persons'] for r in lines):,}", yuan(sum(r["amount_fen"] for r in lines)), "", "",
    )  # fmt: skip
    head = tuple(_t(k) for k in ("no", "code", "name", "persons", "amount", "bank_name", "account"))
    return Grid(head, (*rows, total), WIDTHS, frozenset({3, 4}), total=True)


def _held(lines: Sequence[Row]) -> Grid:
    rows = tuple((r["code"], r["name"], str(r["persons"]), CATALOGUE.say(r["finding"])) for r in lines)
    return Grid(tuple(_t(k) for k in ("code", "name", "persons", "reason")), rows, (1.5, 1.2, 0.7, 3), frozenset({2}))

"""Taking money back as a printed form: whose it was, out of which batches, why, by whom."""

from __future__ import annotations

from typing import Any

from allocation.terms import queries
from allocation.terms.service import clause_of
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.money import yuan
from quzhou_migrants.kernel.pdf import Block, Document, Fields, Grid, Heading, Signs
from quzhou_migrants.kernel.tx import Tx


def _t(key: str) -> str:
    return CATALOGUE.text(f"paper.takeback.{key}")


def _day(value: Any) -> str:  # noqa: ANN401 - a date or nothing
    return f"{value:%Y-%m-%d}" if value else ""


async def takeback_form(tx: Tx, takeback_id: int) -> Document:
    """Lay out one act of taking back, as proposed or as decided. Raises: Refused KRN-404."""
    row = await queries.takeback(tx, takeback_id)
    lines = await queries.taken_lines(tx, takeback_id)
    facts = (
        ("whose", row["whose_name"] or row["division_code"]),
        ("to", row["to_name"] or row["to_division"]),
        ("batch" if row["batch"] else "pool", row["batch_doc"] or row["pool_title"]),
        ("amount", f"{yuan(row['amount_fen'])} {CATALOGUE.text('paper.yuan')}"),
        ("due", _day(row["due_on"])),
        ("reason", row["reason"]),
        ("clause", clause_of(row["way"])),
        ("prepared", f"{row['prepared_name']} {_day(row['prepared_on'])}"),
        ("doc", row["doc_no"]),
        ("doc_on", _day(row["doc_on"])),
        ("decided", f"{row['decided_name']} {_day(row['decided_on'])}".strip()),
        ("state", CATALOGUE.state("TAKEBACK", row["state"])),
    )
    blocks: list[Block] = [Fields(tuple((_t(key), value) for key, value in facts if value))]
    if lines:
        rows = [(r["doc_no"], yuan(r["fen"])) for r in lines]
        rows.append((_t("sum"), yuan(sum(r["fen"] for r in lines))))
        blocks += [
            Heading(_t("lines")),
            Grid((_t("batch"), _t("share")), tuple(rows), (2, 1), frozenset({1}), total=True),
        ]
    blocks.append(Signs((_t("sign_prepared"), _t("sign_decided"))))
    footer = f"{row['division_code']} / {takeback_id}"
    return Document(_t(row["way"]), tuple(blocks), number=row["doc_no"], author=tx.actor.org_name, footer=footer)

"""The grant as a printed form; of a subsidy, every step of its working."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from allocation.grants import queries
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.money import yuan
from quzhou_migrants.kernel.pdf import Document, Fields, Grid, Heading, Signs, Text
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
PLACES = 4


def _t(key: str) -> str:
    return CATALOGUE.text(f"grants.{key}")


def exact_yuan(fraction: str) -> str:
    """Write an exact amount of fen as yuan with six decimals, cut: enough to follow with a pocket calculator."""
    value = Fraction(fraction)
    whole = value.numerator * 10**PLACES // value.denominator
    return f"{whole // 10 ** (PLACES + 2):,}.{whole % 10 ** (PLACES + 2):06d}"


async def form(tx: Tx, grant_id: int) -> Document:
    """Lay a grant out."""
    row = await queries.grant(tx, grant_id)
    place = str(await tx.conn.fetchval("SELECT full_name FROM kernel_division WHERE code = $1", row["division_code"]))
    facts = (
        ("state", CATALOGUE.state("GRANT", row["state"])),
        ("kind", _t(f"kind.{row['kind']}")),
        ("place", place),
        ("recipient", row["recipient"]),
        ("year", str(row["year"])),
        ("amount", f"{yuan(row['amount_fen'])} {_t('yuan')}"),
        ("due", f"{yuan(row['due_fen'])} {_t('yuan')}" if row["due_fen"] is not None else ""),
        ("basis", row["basis"]),
        ("prepared", row["prepared_name"]),
        ("checked", f"{row['checked_name']} {row['checked_on'] or ''}".strip()),
        ("check_note", row["check_note"]),
        ("approved", row["approved_name"]),
        ("hash", row["sha256"]),
    )
    blocks: list[Any] = [Fields(tuple((_t(k), v) for k, v in facts if v))]
    if row["working"]:
        blocks += _working(row["working"])
    blocks += [Text(_t("rule"), small=True, indent=False), Signs((_t("prepared"), _t("checked"), _t("approved")))]
    return Document(row["title"], tuple(blocks), author=tx.actor.org_name, wide=bool(row["working"]))


def _working(w: Row) -> list[Any]:
    head = tuple(_t(k) for k in ("voucher", "from", "to", "days", "counts", "by_rate", "by_paid", "given"))
    rows = tuple(
        (
            s["voucher_no"], s["from_on"], s["to_on"], str(s["days"]), yuan(s["counts_fen"]), exact_yuan(s["by_rate"]),
            exact_yuan(s["by_paid"]), exact_yuan(s["given"]),
        )
        for s in w["steps"]
    )  # fmt: skip
    total = (_t("sum"), "", "", "", "", "", "", exact_yuan(w["exact"]))
    note = _t("formula").format(
        rate=f"{w['rate_ppm'] / 10000:g}%", basis=w["terms"]["day_basis"], share=f"{w['terms']['share_bp'] / 100:g}%"
    )
    result = _t("result").format(
        exact=exact_yuan(w["exact"]), rounded=yuan(w["rounded_fen"]), most=yuan(w["terms"]["yearly_most_fen"]),
        amount=yuan(w["amount_fen"]),
    )  # fmt: skip
    return [
        Heading(_t("working")),
        Text(note, small=True, indent=False),
        Grid(head, (*rows, total), (1.5, 1, 1, 0.6, 1.2, 1.3, 1.3, 1.3), frozenset({3, 4, 5, 6, 7}), total=True),
        Text(result, small=True, indent=False),
    ]

"""Approved grants as something the bank pays; what came back is waiting again, or free when it was recalled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from allocation.bank.rules import Said
from allocation.bank.sources import PAYEE_PLACE, Answered, Due, Source, arrived, source
from allocation.budget import ledger
from allocation.budget.ledger import Kind, Line
from allocation.grants import queries, recalling
from allocation.grants.service import GRANTS
from allocation.grants.states import GRANT
from allocation.grants.tables import Grant
from quzhou_migrants.kernel.actor import code_range
from quzhou_migrants.kernel.crypto import unseal
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

_DUE = """
SELECT g.id, g.division_code, g.recipient, g.amount_fen, g.title, y.bank_name, y.account_cipher
FROM allocation_grant g LEFT JOIN allocation_payee y ON y.id = g.payee AND y.state = 'confirmed'
WHERE g.division_code >= $1 AND g.division_code < $2 AND g.state = 'approved' ORDER BY g.id
"""
TITLE = 60


async def due(tx: Tx, county: str) -> list[Due]:
    """List approved grants with what is still to be paid."""
    rows = await tx.conn.fetch(_DUE, *code_range(county))
    before = await arrived(tx, GRANTS, [r["id"] for r in rows])
    return [_due(r, before.get(r["id"], (0, False))[0]) for r in rows if not before.get(r["id"], (0, False))[1]]


def _due(r: Any, net: int) -> Due:  # noqa: ANN401 - a database row
    account = unseal(r["account_cipher"], PAYEE_PLACE) if r["account_cipher"] else ""
    return Due(
        GRANTS, r["id"], r["division_code"], r["recipient"], r["amount_fen"] - net, r["title"][:TITLE],
        r["bank_name"] or "", account, "" if account else "ALC-502", f"/grants/{r['id']}",
    )  # fmt: skip


async def stands(tx: Tx, grants: Sequence[int]) -> dict[int, str]:
    """Look before a file leaves whether its grants still wait for their money."""
    rows = await tx.conn.fetch(
        "SELECT id FROM allocation_grant WHERE id = ANY($1) AND state = 'approved'", list(grants)
    )
    return dict.fromkeys(set(grants) - {r["id"] for r in rows}, "ALC-503")


async def hear(tx: Tx, answers: Sequence[Answered]) -> None:
    """A grant is paid when all of it arrived; when any of it comes back, it is approved and unpaid again.

    What comes back of a grant that was recalled is what was asked for: it is free money again.
    """
    for a in answers:
        row = await queries.grant(tx, a.key)
        whole = a.net_fen >= row["amount_fen"]
        if a.kind == Said.PAID and row["state"] == "approved" and whole:
            await fire(tx, GRANT, Grant, row, "pay", sets={"paid_on": a.day})
            await _post(tx, row, a, 1)
        elif a.kind == Said.RETURNED and row["state"] == "paid" and not whole:
            await fire(tx, GRANT, Grant, row, "bounce", sets={"paid_on": None})
            await _post(tx, row, a, -1)
        elif a.kind == Said.RETURNED and row["state"] == "recalled":
            await recalling.take_back(tx, row, f"bank:{a.item}", a.amount_fen, (GRANTS, row["id"]))


async def _post(tx: Tx, row: dict[str, Any], a: Answered, sign: int) -> None:
    """Move exactly what the approval drew, batch by batch: from the county's hands to the village, or back."""
    drawn = await tx.conn.fetch(
        "SELECT batch, division_code, amount_fen FROM allocation_entry WHERE event_key = $1 AND kind = 'issuing'"
        " ORDER BY line",
        f"grant:{row['id']}",
    )
    lines: list[Line] = []
    for d in drawn:
        lines.append(Line(d["batch"], d["division_code"], Kind.ISSUING, -sign * d["amount_fen"]))
        lines.append(Line(d["batch"], row["division_code"], Kind.ISSUED, sign * d["amount_fen"]))
    await ledger.post(tx, f"bank:{a.item}", lines, source=(GRANTS, row["id"]))


GRANTS_SOURCE = source(Source("grants", GRANTS, due, hear, stands))

"""Signed claims as something the bank pays; what came back of them is claimed money again.

A claim is registered as paid when its whole amount has arrived. Until then the parts are a reconciling
item of the month, not a payment in the books.
Source: 衢政办发〔2016〕65号 二(三)3
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from allocation.bank.rules import Said
from allocation.bank.sources import PAYEE_PLACE, Answered, Due, Source, arrived, source
from allocation.budget import ledger
from allocation.payments import judging, queries, rules, service
from allocation.payments.forms import PayForm
from projects import public as projects
from quzhou_migrants.kernel.actor import code_range
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.crypto import unseal
from quzhou_migrants.kernel.tx import Tx

TABLE = "allocation_claim"
TITLE = 40

_DUE = """
SELECT c.id, c.state, c.division_code, c.payee, c.amount_fen, c.kind, p.title, a.bank_name, a.account_cipher
FROM allocation_claim c JOIN projects_project p ON p.id = c.project
LEFT JOIN LATERAL (SELECT bank_name, account_cipher FROM allocation_payee y
  WHERE y.name = c.payee AND y.state = 'confirmed' AND y.division_code = $1 ORDER BY y.id DESC LIMIT 1) a ON true
WHERE c.division_code >= $2 AND c.division_code < $3 AND (c.state = 'signed' OR (c.state = 'paid' AND EXISTS (
  SELECT 1 FROM allocation_bank_line l WHERE l.source_table = 'allocation_claim' AND l.source_id = c.id
    AND l.result = 'returned')))
ORDER BY c.id
"""


async def due(tx: Tx, county: str) -> list[Due]:
    """List signed claims, and paid ones of which money came back, with what is still to be paid."""
    rows = await tx.conn.fetch(_DUE, county, *code_range(county))
    before = await arrived(tx, TABLE, [r["id"] for r in rows])
    found = []
    for r in rows:
        net, under_way = before.get(r["id"], (0, False))
        if r["amount_fen"] > net and not under_way:
            found.append(await _due(tx, r, r["amount_fen"] - net))
    return found


async def _due(tx: Tx, r: Any, left: int) -> Due:  # noqa: ANN401 - a database row
    account = unseal(r["account_cipher"], PAYEE_PLACE) if r["account_cipher"] else ""
    remark = f"{r['title'][:TITLE]} {CATALOGUE.text('claim.' + r['kind'])}"
    block = await _block(tx, r["id"])
    return Due(
        TABLE, r["id"], r["division_code"], r["payee"], left, remark, r["bank_name"] or "", account,
        block or ("" if account else "ALC-502"), f"/claims/{r['id']}",
    )  # fmt: skip


async def _block(tx: Tx, claim_id: int) -> str:
    """Say whether a gate of the claim was shut since it was signed; of one that came back, what holds the project."""
    row = await queries.claim(tx, claim_id)
    books, _, gates = await judging.look(tx, row, await projects.brief(tx, row["project"]))
    if row["state"] not in {"signed", "paid"}:
        return "ALC-503"
    looked = gates if row["state"] == "signed" else rules.holds(books)
    return "" if all(g.is_open for g in looked) else "ALC-503"


async def stands(tx: Tx, claims: Sequence[int]) -> dict[int, str]:
    """Look at every gate again before a file leaves."""
    return {claim: code for claim in claims if (code := await _block(tx, claim))}


async def hear(tx: Tx, answers: Sequence[Answered]) -> None:
    """Register a claim as paid when all of it has arrived; claim again what came back."""
    for a in answers:
        row = await queries.claim(tx, a.key)
        event, came_from = f"bank:{a.item}", ("allocation_bank_line", int(a.line["id"]))
        if a.kind == Said.PAID and row["state"] == "signed":
            if a.net_fen >= row["amount_fen"]:
                await service.pay(tx, a.key, PayForm(f"{a.line['number']}-{a.line['line_no']}", a.bank_ref, a.day))
        elif row["state"] == "paid" and a.kind in {Said.PAID, Said.RETURNED}:
            way = (ledger.Kind.CLAIMED, ledger.Kind.PAID)
            src, dst = way if a.kind == Said.PAID else way[::-1]
            await ledger.move(tx, event, row["project"], src, dst, a.amount_fen, source=came_from)


CLAIMS = source(Source("claims", TABLE, due, hear, stands))

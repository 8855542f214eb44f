"""What tests of money asked back start from: a project paid beyond its settled price, the letter, what came."""

from __future__ import annotations

from datetime import date, timedelta

from claim_house import FINANCE, contracted, paid_form, signed
from house import become

from allocation.payments import service
from allocation.payments.forms import RefundForm, ReturnedForm
from quzhou_migrants.kernel.tx import Tx

PAID, SETTLED = 144_000_00, 100_000_00
OVER = PAID - SETTLED
ASKED_ON = date(2026, 9, 16)
LETTER = RefundForm("柯移函〔2026〕3号", ASKED_ON, ASKED_ON + timedelta(days=30))


async def overpaid(tx: Tx) -> int:
    """A project that was paid, then settled below what was paid. Machine's transaction."""
    project = await contracted(tx, seen=10_000)
    claim = await signed(tx, project)
    async with become(tx, FINANCE):
        await service.pay(tx, claim, paid_form())
    await tx.conn.execute(
        "INSERT INTO projects_final_audit (project, division_code, submitted_fen, settled_fen, firm, report_no,"
        " audited_on) SELECT id, division_code, $2, $2, '审计所', '审1', '2026-09-10' FROM projects_project"
        " WHERE id = $1",
        project,
        SETTLED,
    )
    return project


def returned(fen: int = OVER, ref: str = "TK0000001", day: date = ASKED_ON) -> ReturnedForm:
    return ReturnedForm(fen, day, "记-0920", ref)

"""What the ledger does when it hears that a contract was signed, or that an award is recalled."""

from __future__ import annotations

from allocation.budget.ledger import Kind, follow, move, project_money, reverse
from allocation.budget.states import AWARD
from allocation.budget.tables import Award
from projects.events import AwardRecalled, ContractSigned, VillageSucceeded
from quzhou_migrants.kernel import following
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

FOLLOWING = (
    "allocation_award",
    "allocation_claim",
    "allocation_retention",
    "allocation_refund",
    "allocation_candidate",
    "allocation_bank_line",
    "allocation_cash_line",
    "allocation_grant",
    "allocation_loan",
    "allocation_loan_interest",
)


async def on_contract_signed(tx: Tx, event: ContractSigned) -> None:
    """Bind the awarded money to the contract; what the award exceeds the contract by stays awarded.

    A contract above the award is paid by the village's own money beyond it, which is not ours to book.
    """
    awarded = (await project_money(tx, event.project_id)).get(Kind.AWARDED, 0)
    bound = min(awarded, event.contract_fen)
    if bound:
        await move(
            tx,
            f"contract:{event.project_id}",
            event.project_id,
            Kind.AWARDED,
            Kind.CONTRACTED,
            bound,
            source=("projects_project", event.project_id),
        )


async def on_award_recalled(tx: Tx, event: AwardRecalled) -> None:
    """Take back every standing award of a project: each posting is reversed, the money lies where it came from.

    Raises: Refused ALC-125 (the awards are not what is recalled), KRN-403; by constraint ALC-102 (the money
    has moved on).
    """
    rows = await tx.conn.fetch(
        "SELECT * FROM allocation_award WHERE project = $1 AND state = 'standing' ORDER BY id FOR UPDATE",
        event.project_id,
    )
    standing = sum(row["amount_fen"] for row in rows)
    if standing != event.amount_fen:
        raise Refused("ALC-125", asked=event.amount_fen, standing=standing)
    for row in rows:
        await reverse(tx, f"award:{row['id']}", source=("allocation_award", row["id"]))
        facts = {"amount_fen": row["amount_fen"], "reason": event.reason}
        await fire(tx, AWARD, Award, dict(row), "cancel", **facts)


async def on_village_succeeded(tx: Tx, event: VillageSucceeded) -> None:
    """Let awards, claims and candidates follow; the money moves by a posting, the old entries stay as they are."""
    await following.follow(tx, FOLLOWING, event.old_code, event.new_code)
    source = ("projects_succession", event.succession_id)
    await follow(tx, f"succession:{event.succession_id}", event.old_code, event.new_code, source=source)

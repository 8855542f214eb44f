"""What the ledger does when it hears that a contract was signed."""

from __future__ import annotations

from allocation.budget.ledger import Kind, move, project_money
from projects.events import ContractSigned
from quzhou_migrants.kernel.tx import Tx


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

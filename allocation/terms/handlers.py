"""Pools and takings-back follow a village to its successor; the money itself the ledger moves."""

from __future__ import annotations

from projects.events import VillageSucceeded
from quzhou_migrants.kernel import following
from quzhou_migrants.kernel.tx import Tx


async def on_village_succeeded(tx: Tx, event: VillageSucceeded) -> None:
    """Let rows follow. Where the successor has an open pool already, the old one ends: its money lies there now."""
    await tx.conn.execute(
        "UPDATE allocation_term_pool SET state = 'closed', version = version + 1 WHERE division_code = $1"
        " AND state = 'open' AND EXISTS (SELECT 1 FROM allocation_term_pool n WHERE n.division_code = $2"
        " AND n.state = 'open')",
        event.old_code,
        event.new_code,
    )
    await following.follow(tx, ("allocation_term_pool", "allocation_takeback"), event.old_code, event.new_code)

"""All that upper packages may ask of allocation."""

from __future__ import annotations

from allocation.budget import ledger, overview
from allocation.factor.offers import Offered, offer
from allocation.payments.holds import Hold, Sight, bars_payments, shows_works
from allocation.payments.queries import MoneyLine, money_line
from quzhou_migrants.kernel.money import Fen
from quzhou_migrants.kernel.tx import Tx

__all__ = [
    "Hold",
    "MoneyLine",
    "Offered",
    "Sight",
    "award_fen",
    "bars_payments",
    "money_by_kind",
    "money_line",
    "offer",
    "shows_works",
]


async def award_fen(tx: Tx, project_id: int) -> Fen:
    """Give what was granted to a project and still stands. Units: fen."""
    return ledger.reached(await ledger.project_money(tx, project_id), ledger.Kind.AWARDED)


async def money_by_kind(tx: Tx, batch_id: int | None = None) -> dict[str, Fen]:
    """Give the figures of the caller's range by column of an overview. Units: fen."""
    found: dict[str, Fen] = {}
    for line in await overview.balances(tx, "division", batch_id=batch_id):
        for figure in line.figures:
            found[figure.kind.value] = found.get(figure.kind.value, 0) + figure.fen
    return found

"""Out of which accounts a round pays: pots for competition first, then, below the city, the division's own money.

A city's own money that lies in no pot waits for the factor split and is no round's.
"""

from __future__ import annotations

from typing import Any

from allocation.budget.ledger import Kind
from allocation.budget.rules import check_award
from allocation.budget.service import grant
from projects import public as projects
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.money import Fen
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
CITY_TAIL = "00000000"
Held = list[tuple[int, Kind, Fen]]


def kinds_for(division_code: str) -> tuple[Kind, ...]:
    """Name the kinds of money a division's rounds may give out, in the order they are emptied."""
    return (Kind.COMPETING,) if division_code.endswith(CITY_TAIL) else (Kind.COMPETING, Kind.AVAILABLE)


async def held(tx: Tx, division_code: str, *, lock: bool = False) -> Held:
    """List what a division's rounds can give out: pots before other money, the oldest batch first. Units: fen."""
    kinds = [k.value for k in kinds_for(division_code)]
    if lock:
        await tx.conn.execute(
            "SELECT 1 FROM allocation_balance WHERE division_code = $1 AND project = 0 AND kind = ANY($2)"
            " ORDER BY division_code, batch, project, kind FOR UPDATE",
            division_code,
            kinds,
        )
    rows = await tx.conn.fetch(
        "SELECT batch, kind, balance_fen FROM allocation_balance WHERE division_code = $1 AND project = 0"
        " AND kind = ANY($2) AND balance_fen > 0 ORDER BY array_position($2, kind::text), batch",
        division_code,
        kinds,
    )
    return [(r["batch"], Kind(r["kind"]), int(r["balance_fen"])) for r in rows]


def take(amount_fen: Fen, found: Held) -> Held:
    """Take an amount from accounts in their order, each emptied before the next is touched.

    Raises: Refused ALC-104, the accounts hold less.
    """
    taken, left = [], amount_fen
    for batch, kind, fen in found:
        part = min(left, fen)
        if part > 0:
            taken.append((batch, kind, part))
            left -= part
    if left:
        raise Refused("ALC-104", asked=amount_fen, left=amount_fen - left)
    return taken


async def award(  # noqa: PLR0913 - an award has these parts
    tx: Tx, row: Row, project_id: int, amount_fen: Fen, *, doc_no: str = "", reason: str = ""
) -> int:
    """Award one project out of what the round's division may give. Gives the award's id.

    Raises: Refused ALC-104, 121, 122, and what an award refuses.
    """
    project = await projects.lock(tx, project_id)
    division = row["division_code"]
    found = await held(tx, division, lock=True)
    check_award(amount_fen, project["asked_fen"], sum(fen for *_, fen in found))
    moves = [(batch, division, kind, fen) for batch, kind, fen in take(amount_fen, found)]
    return await grant(
        tx, project, moves, source="round", source_id=row["id"], doc_no=doc_no, reason=reason or row["title"]
    )

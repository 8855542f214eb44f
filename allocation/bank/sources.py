"""What may be paid through the bank: each room says what is due, and hears what the bank answered.

A source counts in whole matters: a claim, a grant, a household of a list. What went out before and did not
come back is taken off what is due, so a part that failed or came back simply becomes due again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from quzhou_migrants.kernel.money import Fen
from quzhou_migrants.kernel.tx import Tx

PAYEE_PLACE = "allocation_payee.account_cipher"
LINE_PLACE = "allocation_bank_line.account_cipher"


@dataclass(frozen=True, slots=True)
class Due:
    """One payment that could go out now. `block` is the code of what stands in its way. Units: fen."""

    table: str
    id: int
    division_code: str
    payee: str
    amount_fen: Fen
    remark: str
    bank_name: str = ""
    account: str = ""
    block: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer of the bank that was just booked on its line. Units: fen.

    `net_fen` is what has arrived for the whole matter, over all its lines.
    """

    line: dict[str, Any]
    kind: str
    amount_fen: Fen
    net_fen: Fen
    day: date
    bank_ref: str
    code: str
    item: int

    @property
    def key(self) -> int:
        """The matter the line paid for."""
        return int(self.line["source_id"])


DueOf = Callable[[Tx, str], Awaitable[list[Due]]]
Hear = Callable[[Tx, Sequence[Answered]], Awaitable[None]]
Stands = Callable[[Tx, Sequence[int]], Awaitable[dict[int, str]]]


@dataclass(frozen=True, slots=True)
class Source:
    """One room whose matters are paid through the bank.

    `stands` looks once more, when a file leaves, at matters that wait in it: {matter: code of what bars it};
    `own_accounts` tells that the room keeps the accounts itself, so that none is confirmed in this room.
    """

    purpose: str
    table: str
    due: DueOf
    hear: Hear
    stands: Stands
    own_accounts: bool = False


SOURCES: dict[str, Source] = {}


def source(made: Source) -> Source:
    """Let a room's matters be paid through the bank."""
    SOURCES[made.purpose] = made
    return made


_NET = """
SELECT source_id, sum(paid_fen - returned_fen)::bigint AS net, bool_or(result IN ('waiting', 'partial')) AS under_way
FROM allocation_bank_line WHERE source_table = $1 AND source_id = ANY($2) AND result <> 'withdrawn' GROUP BY source_id
"""


async def arrived(tx: Tx, table: str, keys: Sequence[int]) -> dict[int, tuple[Fen, bool]]:
    """Tell of each matter what has arrived, and whether a payment for it is under way."""
    rows = await tx.conn.fetch(_NET, table, list(keys))
    return {r["source_id"]: (int(r["net"]), bool(r["under_way"])) for r in rows}

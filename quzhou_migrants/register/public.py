"""What other packages may ask of the register."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from quzhou_migrants.kernel import following
from quzhou_migrants.kernel.actor import code_range
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.register import sealing

_COUNTS = """
SELECT d.code, count(h.id) AS households, coalesce(sum(h.members), 0) AS members,
  coalesce(sum(h.migrants), 0) AS migrants, count(h.id) FILTER (WHERE h.low_income) AS low_income,
  coalesce(sum(h.migrants) FILTER (WHERE h.support = 'cash'), 0) AS cash_migrants
FROM unnest($1::text[], $2::text[], $3::text[]) AS d (code, lo, hi)
LEFT JOIN register_household h
  ON h.division_code >= d.lo AND h.division_code < d.hi AND h.state = 'active'
GROUP BY d.code
"""


async def counts(tx: Tx, codes: Sequence[str]) -> dict[str, dict[str, int]]:
    """Count active households and people inside each division, as far as the caller may see.

    Shape: {division code: {households, members, migrants, low_income, cash_migrants}}.
    """
    ranges = [code_range(code) for code in codes]
    rows = await tx.conn.fetch(_COUNTS, list(codes), [lo for lo, _ in ranges], [hi for _, hi in ranges])
    return {r["code"]: {name: int(r[name]) for name in r.keys() if name != "code"} for r in rows}  # noqa: SIM118 - a database row


FOLLOWING = ("register_household", "register_member")


async def follow(tx: Tx, old: str, new: str) -> dict[str, int]:
    """Move the households and people of a village to its successor. Shape: {table: rows moved}."""
    return await following.follow(tx, FOLLOWING, old, new)


@dataclass(frozen=True, slots=True)
class CashHousehold:
    """A household that is supported in cash, with the account its money goes to. Units: `persons` migrants."""

    id: int
    code: str
    division_code: str
    name: str
    persons: int
    bank_name: str
    account: str


_CASH = """
SELECT id, code, division_code, head_name, migrants, bank_name, bank_cipher FROM register_household
WHERE division_code >= $1 AND division_code < $2 AND state = 'active' AND support = 'cash' AND migrants > 0
  AND ($3::bigint[] IS NULL OR id = ANY($3)) ORDER BY code
"""


async def cash_households(tx: Tx, division_code: str, only: Sequence[int] | None = None) -> list[CashHousehold]:
    """List the households of a division that are supported in cash, by code; accounts are opened for paying."""
    rows = await tx.conn.fetch(_CASH, *code_range(division_code), None if only is None else list(only))
    return await asyncio.to_thread(_opened, rows)


def _opened(rows: Sequence[Any]) -> list[CashHousehold]:
    return [
        CashHousehold(
            r["id"], r["code"], r["division_code"], r["head_name"], r["migrants"], r["bank_name"],
            sealing.opened(r["bank_cipher"], sealing.BANK_PLACE),
        )
        for r in rows
    ]  # fmt: skip

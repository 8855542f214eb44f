"""Reads of the mixed method: partings, and how their pots stand this moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.money import Fen
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
CITY_DIGITS, COUNTY_DIGITS, CODE_DIGITS = 4, 6, 12
LIVE_ROUNDS = ("open", "scoring", "ranked", "decided", "posted")
DECIDED_ROUNDS = ("decided", "posted")


@dataclass(frozen=True, slots=True)
class PotNow:
    """One pot as it stands. Units: fen: put in, won, flowed out, joined from other pots, left.

    `asked_fen`: budgets of rounds under way that will draw on it. Left = put in + joined - won - flowed out.
    """

    division_code: str
    name: str
    share_bp: int
    amount_fen: Fen
    won_fen: Fen
    flowed_fen: Fen
    joined_fen: Fen
    left_fen: Fen
    asked_fen: Fen
    rounds: int


async def find(tx: Tx, mixed_id: int, *, lock: bool = False) -> Row:
    """Read one parting with its batch. Raises: Refused KRN-404."""
    if lock:
        await tx.conn.execute("SELECT 1 FROM allocation_mixed WHERE id = $1 FOR UPDATE", mixed_id)
    row = await tx.conn.fetchrow(
        "SELECT m.*, b.doc_no AS batch_doc_no, b.title AS batch_title, d.full_name FROM allocation_mixed m"
        " JOIN allocation_batch b ON b.id = m.batch JOIN kernel_division d ON d.code = m.division_code"
        " WHERE m.id = $1",
        mixed_id,
    )
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


async def pots(tx: Tx, mixed_id: int) -> list[Row]:
    """List the pots of a parting that the caller may see, by division."""
    rows = await tx.conn.fetch(
        "SELECT p.*, d.name FROM allocation_mixed_pot p JOIN kernel_division d ON d.code = p.division_code"
        " WHERE p.mixed = $1 ORDER BY p.division_code",
        mixed_id,
    )
    return [dict(r) for r in rows]


async def flows(tx: Tx, mixed_id: int) -> list[Row]:
    """List what flowed back, the oldest first."""
    rows = await tx.conn.fetch(
        "SELECT f.*, d.name, t.name AS to_name FROM allocation_mixed_flow f"
        " JOIN kernel_division d ON d.code = f.division_code JOIN kernel_division t ON t.code = f.to_division"
        " WHERE f.mixed = $1 ORDER BY f.id",
        mixed_id,
    )
    return [dict(r) for r in rows]


# The pots of one holder and batch are one account. What it held before this parting's posting, or holds since a
# later parting took the account over, is not this parting's.
_NOW = """
SELECT p.division_code, d.name, p.share_bp, p.amount_fen,
  CASE WHEN t.since IS NULL OR t.until IS NOT NULL OR m.state = 'cancelled' THEN 0
    ELSE coalesce((SELECT sum(b.balance_fen) FROM allocation_balance b WHERE b.batch = $2 AND b.project = 0
      AND b.kind = 'competing' AND b.division_code = p.division_code), 0) END::bigint AS left_fen,
  coalesce((SELECT -sum(e.amount_fen) FROM allocation_entry e WHERE e.batch = $2 AND e.project IS NULL
    AND e.kind = 'competing' AND e.division_code = p.division_code AND e.source_table = 'allocation_award'
    AND e.id >= t.since AND (t.until IS NULL OR e.id < t.until)), 0)::bigint AS won_fen,
  coalesce((SELECT sum(f.amount_fen) FROM allocation_mixed_flow f WHERE f.pot = p.id), 0)::bigint AS flowed_fen,
  coalesce((SELECT sum(f.amount_fen) FROM allocation_mixed_flow f WHERE f.mixed = p.mixed
    AND f.to_division = p.division_code AND f.to_kind = 'competing'), 0)::bigint AS joined_fen,
  coalesce((SELECT sum(r.budget_fen) FROM allocation_round r WHERE r.division_code = p.division_code
    AND r.state = ANY($3)), 0)::bigint AS asked_fen,
  (SELECT count(*) FROM allocation_round r WHERE r.division_code = p.division_code AND r.state = ANY($3)) AS rounds
FROM allocation_mixed_pot p JOIN kernel_division d ON d.code = p.division_code
JOIN allocation_mixed m ON m.id = p.mixed
CROSS JOIN LATERAL (SELECT min(e.id) AS since FROM allocation_entry e
  WHERE e.event_key = 'mixed:' || p.mixed AND e.division_code = p.division_code) s
CROSS JOIN LATERAL (SELECT s.since, min(e.id) AS until FROM allocation_mixed n
  JOIN allocation_entry e ON e.event_key = 'mixed:' || n.id AND e.division_code = p.division_code
    AND e.kind = 'competing' AND e.id > s.since
  WHERE n.batch = $2 AND n.id <> p.mixed AND n.state <> 'cancelled') t
WHERE p.mixed = $1 ORDER BY p.division_code
"""


async def pots_now(tx: Tx, row: Row) -> list[PotNow]:
    """Tell how each pot of a parting stands this moment, from the ledger."""
    return [PotNow(**r) for r in await tx.conn.fetch(_NOW, row["id"], row["batch"], list(LIVE_ROUNDS))]


async def left(tx: Tx, row: Row) -> dict[str, Fen]:
    """Lock the pots' accounts and give what lies in each. Shape: {division: fen}."""
    rows = await tx.conn.fetch(
        "SELECT division_code, balance_fen FROM allocation_balance WHERE batch = $1 AND project = 0"
        " AND kind = 'competing' AND division_code IN (SELECT division_code FROM allocation_mixed_pot WHERE mixed = $2)"
        " AND balance_fen > 0 ORDER BY division_code FOR UPDATE",
        row["batch"],
        row["id"],
    )
    return {r["division_code"]: int(r["balance_fen"]) for r in rows}


_UNSETTLED = """
SELECT d.name FROM allocation_mixed m JOIN allocation_mixed_pot p ON p.mixed = m.id
JOIN kernel_division d ON d.code = p.division_code
WHERE m.batch = $2 AND m.id <> $1 AND m.state = 'parted'
  AND p.division_code IN (SELECT division_code FROM allocation_mixed_pot WHERE mixed = $1)
ORDER BY p.division_code LIMIT 1
"""


async def unsettled(tx: Tx, row: Row) -> str:
    """Name who holds a pot of this batch by another parting under way, or nothing.

    Two partings at once would let the rule of the one sweep away the money of the other. Of two that are put into
    effect at once, the later waits and then sees the earlier.
    """
    await tx.conn.execute("SELECT pg_advisory_xact_lock(hashtext('allocation_mixed'), $1::int)", row["batch"])
    return str(await tx.conn.fetchval(_UNSETTLED, row["id"], row["batch"]) or "")


async def decided_rounds(tx: Tx, codes: list[str]) -> list[Row]:
    """List rounds whose result is decided and not yet approved, of these divisions: their money is spoken for."""
    rows = await tx.conn.fetch(
        "SELECT id, title, division_code FROM allocation_round WHERE division_code = ANY($1) AND state = ANY($2)"
        " ORDER BY id",
        codes,
        list(DECIDED_ROUNDS),
    )
    return [dict(r) for r in rows]


async def holders(tx: Tx, division_code: str) -> list[Row]:
    """List who may hold a pot: the division itself, and for a city its counties. Shape: code, name."""
    city = division_code.endswith("0" * (CODE_DIGITS - CITY_DIGITS))
    rows = await tx.conn.fetch(
        "SELECT code, name FROM kernel_division WHERE code = $1 OR ($2 AND level = 'county'"
        " AND left(code, 4) = left($1, 4)) ORDER BY code",
        division_code,
        city,
    )
    return [dict(r) for r in rows]


async def batches(tx: Tx, division_code: str) -> list[Row]:
    """List batches of which the division still has money to part. Shape: batch, doc_no, title, fen."""
    rows = await tx.conn.fetch(
        "SELECT b.batch, a.doc_no, a.title, b.balance_fen AS fen FROM allocation_balance b"
        " JOIN allocation_batch a ON a.id = b.batch WHERE b.division_code = $1 AND b.project = 0"
        " AND b.kind = 'available' AND b.balance_fen > 0 ORDER BY b.batch DESC",
        division_code,
    )
    return [dict(r) for r in rows]

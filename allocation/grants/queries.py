"""Reads of the grants room. Nothing here writes or decides."""

from __future__ import annotations

import json
from typing import Any

from allocation.grants.rules import LoanFacts, Stretch, Terms
from quzhou_migrants.kernel.actor import code_range
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
COUNTY_DIGITS, CODE_DIGITS = 6, 12


def county_of(code: str) -> str:
    """Give the county a place belongs to."""
    return code[:COUNTY_DIGITS].ljust(CODE_DIGITS, "0")


async def grant(tx: Tx, key: int) -> Row:
    """Read one grant. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow("SELECT * FROM allocation_grant WHERE id = $1", key)
    if row is None:
        raise Refused("KRN-404")
    return {**row, "working": json.loads(row["working"])}


async def hands(tx: Tx, key: int) -> set[int]:
    """Name everybody who wrote on a grant or submitted it: none of them checks or approves it."""
    rows = await tx.conn.fetch(
        "SELECT DISTINCT actor_id FROM kernel_journal WHERE subject_table = 'allocation_grant' AND subject_id = $1"
        " AND verb = ANY($2) AND actor_id IS NOT NULL",
        key,
        ["allocation.grant.draft", "allocation.grant.edit", "allocation.grant.paper", "GRANT.submit"],
    )
    return {r["actor_id"] for r in rows}


async def lock(tx: Tx, key: int) -> Row:
    """Lock one grant behind its county's bank files, in the order in which the bank's answers are booked.

    Raises: Refused KRN-404.
    """
    await tx.conn.execute(
        "SELECT pg_advisory_xact_lock(421, hashtext(allocation_county(division_code)))"
        " FROM allocation_grant WHERE id = $1",
        key,
    )
    await tx.conn.execute("SELECT 1 FROM allocation_grant WHERE id = $1 FOR UPDATE", key)
    return await grant(tx, key)


_AT_BANK = """
SELECT coalesce(sum(l.paid_fen - l.returned_fen), 0)::bigint AS arrived,
  min(b.number) FILTER (WHERE l.result IN ('waiting', 'partial')) AS number
FROM allocation_bank_line l LEFT JOIN allocation_bank_batch b ON b.id = l.batch
WHERE l.source_table = 'allocation_grant' AND l.source_id = $1 AND l.result <> 'withdrawn'
"""


async def at_bank(tx: Tx, key: int) -> Row:
    """Tell how a grant stands with the bank. Shape: {arrived, number of the file it waits in or None}. Units: fen."""
    return dict(await tx.conn.fetchrow(_AT_BANK, key))


_REFUNDED = "SELECT coalesce(sum(returned_fen), 0)::bigint FROM allocation_refund WHERE of_grant = $1"


async def refunded(tx: Tx, key: int) -> int:
    """Add up what was asked back of a grant and came. Units: fen."""
    return int(await tx.conn.fetchval(_REFUNDED, key))


_THERE = """
SELECT batch, sum(amount_fen)::bigint AS there FROM allocation_entry WHERE kind = 'issued' AND (
  (source_table = 'allocation_grant' AND source_id = $1) OR (source_table = 'allocation_refund'
    AND source_id IN (SELECT id FROM allocation_refund WHERE of_grant = $1)))
GROUP BY batch HAVING sum(amount_fen) > 0 ORDER BY batch DESC
"""


async def in_hands(tx: Tx, key: int) -> list[tuple[int, int]]:
    """List what of a grant is still with its recipient, the newest batch first. Shape: (batch, fen)."""
    return [(r["batch"], int(r["there"])) for r in await tx.conn.fetch(_THERE, key)]


async def recalled_for(tx: Tx, key: int) -> str:
    """Give the reason of the last recall of a grant, for the letter; empty without one."""
    return str(
        await tx.conn.fetchval(
            "SELECT facts ->> 'reason' FROM kernel_journal WHERE subject_table = 'allocation_grant'"
            " AND subject_id = $1 AND verb = 'GRANT.recall' ORDER BY id DESC LIMIT 1",
            key,
        )
        or ""
    )


_LOAN = "SELECT * FROM allocation_loan WHERE id = $1"
_LOCKED_LOAN = "SELECT * FROM allocation_loan WHERE id = $1 FOR UPDATE"


async def loan(tx: Tx, key: int, *, lock: bool = False) -> Row:
    """Read one loan. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow(_LOCKED_LOAN if lock else _LOAN, key)
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


async def interest(tx: Tx, loan_id: int) -> list[Row]:
    """List the interest paid on a loan, by day."""
    rows = await tx.conn.fetch("SELECT * FROM allocation_loan_interest WHERE loan = $1 ORDER BY from_on, id", loan_id)
    return [dict(r) for r in rows]


async def grants_of(tx: Tx, loan_id: int) -> list[Row]:
    """List the subsidies asked for a loan, by year; what stands bars another of the same year."""
    rows = await tx.conn.fetch(
        "SELECT id, year, amount_fen, state, state NOT IN ('rejected', 'withdrawn')"
        " AND (state <> 'recovered' OR due_fen > 0) AS stands"
        " FROM allocation_grant WHERE loan = $1 ORDER BY year, id",
        loan_id,
    )
    return [dict(r) for r in rows]


async def payees(tx: Tx, name: str = "") -> list[Row]:
    """List confirmed accounts in sight, of one name or all."""
    rows = await tx.conn.fetch(
        "SELECT id, name, bank_name, account_tail FROM allocation_payee WHERE state = 'confirmed'"
        " AND ($1 = '' OR name = $1) ORDER BY name, id LIMIT 500",
        name,
    )
    return [dict(r) for r in rows]


async def villages(tx: Tx) -> list[tuple[str, str]]:
    """Offer the villages of the caller's range. Shape: (code, full name)."""
    lo, hi = code_range(tx.actor.division_code)
    rows = await tx.conn.fetch(
        "SELECT code, full_name FROM kernel_division WHERE level = 'village' AND active AND code >= $1 AND code < $2"
        " ORDER BY code",
        lo,
        hi,
    )
    return [(r["code"], r["full_name"]) for r in rows]


def terms(tx: Tx, division_code: str) -> Terms:
    """Give the terms of subsidies in force today in a division."""
    policy = tx.policy_for(division_code)
    whole = {
        name: policy.whole(f"allocation.grants.{name}")
        for name in (
            "principal_most_fen",
            "rate_most_bp",
            "share_bp",
            "yearly_most_fen",
            "subsidy_years",
            "day_basis",
        )
    }
    return Terms(**whole, rounding_mode=str(policy.get("allocation.grants.rounding_mode")))


def unconfirmed(tx: Tx, division_code: str) -> bool:
    """Tell whether any term of subsidies is a default that nobody confirmed."""
    policy = tx.policy_for(division_code)
    names = ("principal_most_fen", "rate_most_bp", "share_bp", "yearly_most_fen", "subsidy_years")
    return not all(policy.param(f"allocation.grants.{name}").confirmed for name in names)


def facts(row: Row) -> LoanFacts:
    """Give a loan as the rules know it."""
    return LoanFacts(row["principal_fen"], row["rate_ppm"], row["starts_on"], row["ends_on"])


def stretch(row: Row) -> Stretch:
    """Give paid interest as the rules know it."""
    return Stretch(row["from_on"], row["to_on"], row["balance_fen"], row["interest_fen"], row["voucher_no"])

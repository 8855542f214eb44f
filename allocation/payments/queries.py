"""Reads of the payments room. Nothing here writes or decides."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from allocation.budget import ledger
from allocation.payments.rules import Books, Terms
from allocation.payments.signing import Signed
from allocation.payments.states import COUNTED
from projects import public as projects
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.money import Fen
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]


async def claim(tx: Tx, claim_id: int) -> Row:
    """Read one claim. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow("SELECT * FROM allocation_claim WHERE id = $1", claim_id)
    if row is None:
        raise Refused("KRN-404")
    return {**row, "steps": json.loads(row["steps"]), "books": json.loads(row["books"])}


async def of_project(tx: Tx, project_id: int) -> list[Row]:
    """List a project's claims, first to last."""
    rows = await tx.conn.fetch(
        "SELECT c.*, p.voucher_no, p.bank_ref, p.paid_on FROM allocation_claim c"
        " LEFT JOIN allocation_payment p ON p.claim = c.id WHERE c.project = $1 ORDER BY c.id",
        project_id,
    )
    return [dict(r) for r in rows]


async def signatures(tx: Tx, claim_id: int) -> list[Row]:
    """List every signature ever given on a claim, returned attempts included."""
    rows = await tx.conn.fetch("SELECT * FROM allocation_signature WHERE claim = $1 ORDER BY attempt, step", claim_id)
    return [dict(r) for r in rows]


async def preparers(tx: Tx, claim_id: int) -> set[int]:
    """Name everybody who ever wrote on a claim or submitted it: none of them may sign or pay it."""
    rows = await tx.conn.fetch(
        "SELECT DISTINCT actor_id FROM kernel_journal WHERE subject_table = 'allocation_claim' AND subject_id = $1"
        " AND verb = ANY($2) AND actor_id IS NOT NULL",
        claim_id,
        ["allocation.claim.draft", "allocation.claim.edit", "allocation.claim.paper", "CLAIM.submit"],
    )
    return {r["actor_id"] for r in rows}


def standing(signed: list[Row], attempt: int) -> list[Signed]:
    """Keep the signatures that stand for the present attempt."""
    return [Signed(r["step"], r["user_id"], r["role"]) for r in signed if r["attempt"] == attempt]


async def payment(tx: Tx, claim_id: int) -> Row | None:
    """Read how a claim was paid, if it was."""
    row = await tx.conn.fetchrow("SELECT * FROM allocation_payment WHERE claim = $1", claim_id)
    return dict(row) if row else None


async def claimed(tx: Tx, project_id: int, besides: Row | None = None) -> Fen:
    """Add up the claims that use the ceilings. Units: fen.

    Seen from a claim that was submitted, only those submitted before it: the later ones were
    judged with it in mind, and must not shut its gates behind it.
    """
    counts = [s.value for s in COUNTED]
    own = besides["id"] if besides else 0
    turn = besides["turn"] if besides and besides["state"] in counts else None
    return int(
        await tx.conn.fetchval(
            "SELECT coalesce(sum(amount_fen), 0)::bigint FROM allocation_claim WHERE project = $1 AND id <> $2"
            " AND state = ANY($3) AND ($4::int IS NULL OR coalesce(turn, 0) < $4)",
            project_id,
            own,
            counts,
            turn,
        )
    )


def terms(tx: Tx, division_code: str) -> Terms:
    """Give the payment terms in force today in a division."""
    policy = tx.policy_for(division_code)
    whole = {
        name: policy.whole(f"allocation.payments.{name}")
        for name in ("advance_bp", "progress_bp", "retention_bp", "small_fen")
    }
    return Terms(**whole)


async def books(tx: Tx, project: Row, besides: Row | None = None) -> Books:
    """Put together where a project stands, as seen from one claim or from none."""
    return Books(
        project["award_fen"],
        project["contract_fen"],
        await claimed(tx, project["id"], besides),
        project["progress_bp"],
        project["accepted_on"] is not None,
        project["contractor"],
        await projects.settled(tx, project["id"]),
    )


@dataclass(frozen=True, slots=True)
class MoneyLine:
    """Award, contract, claimed and paid against work seen, of one project. Units: fen, basis points."""

    award: Fen
    contract: Fen
    claimed: Fen
    paid: Fen
    retained: Fen
    seen_bp: int
    project_id: int = 0

    def share(self, amount: Fen) -> int:
        """Give an amount as basis points of the award, for a bar. 0 without an award."""
        return min(10_000, amount * 10_000 // self.award) if self.award else 0

    def entries(self, kind: str) -> str:
        """Give the address of the ledger entries behind one of the amounts."""
        lies = ledger.Kind(kind)
        kinds = ",".join(ledger.REACHED.get(lies, (lies,)))
        return f"/funds/entries?project={self.project_id}&kinds={kinds}"


async def money_line(tx: Tx, project_id: int) -> MoneyLine:
    """Give the one line that sets money beside work; claimed and paid are sums of ledger entries."""
    project = await projects.brief(tx, project_id)
    money = await ledger.project_money(tx, project_id)
    return MoneyLine(
        project["award_fen"],
        project["contract_fen"],
        ledger.reached(money, ledger.Kind.CLAIMED),
        ledger.reached(money, ledger.Kind.PAID),
        money.get(ledger.Kind.RETAINED, 0),
        project["progress_bp"],
        project_id,
    )

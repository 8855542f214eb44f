"""Reads of the payments room. Nothing here writes or decides."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from allocation.budget import ledger
from allocation.payments.holds import holds_of
from allocation.payments.rules import Books, Kind, Terms
from allocation.payments.signing import Authority, Signed
from allocation.payments.states import COUNTED
from projects import public as projects
from quzhou_migrants.kernel.actor import ancestors
from quzhou_migrants.kernel.clock import shanghai
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.money import Fen
from quzhou_migrants.kernel.policy import Policies
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
    return [Signed(r["step"], r["user_id"], r["role"], r["for_user"]) for r in signed if r["attempt"] == attempt]


async def authorities(tx: Tx, division_code: str, deputy: int) -> list[Authority]:
    """List the authorities that somebody holds today over claims of a division."""
    rows = await tx.conn.fetch(
        "SELECT d.id, d.principal, d.principal_name, d.role, d.deputy, d.starts_on, d.ends_on, d.limit_fen"
        " FROM allocation_deputy d WHERE d.deputy = $1 AND d.state = 'standing'"
        " AND $2 BETWEEN d.starts_on AND d.ends_on AND d.division_code = ANY($3)"
        # an authority reaches no farther than the post of who gave it
        ' AND EXISTS (SELECT 1 FROM accounts_post p JOIN accounts_user u ON u.id = p."user" WHERE u.id = d.principal'
        " AND p.active AND u.active AND p.role = d.role AND p.division_code = d.division_code)",
        deputy,
        tx.today,
        list(ancestors(division_code)),
    )
    return [Authority(*r.values()) for r in rows]


async def payment(tx: Tx, claim_id: int) -> Row | None:
    """Read how a claim was paid, if it was."""
    row = await tx.conn.fetchrow("SELECT * FROM allocation_payment WHERE claim = $1", claim_id)
    return dict(row) if row else None


_SENT = """
SELECT max(b.number) FILTER (WHERE l.result IN ('waiting', 'partial')) AS number,
  coalesce(sum(l.paid_fen - l.returned_fen), 0)::bigint AS arrived_fen,
  coalesce(sum(l.returned_fen), 0)::bigint AS back_fen
FROM allocation_bank_line l JOIN allocation_bank_batch b ON b.id = l.batch
WHERE l.source_table = 'allocation_claim' AND l.source_id = $1 AND l.result <> 'withdrawn'
"""


async def sent(tx: Tx, claim_id: int) -> Row:
    """Tell how a claim stands with the bank. Shape: {number of the file it is in or None, arrived_fen, back_fen}."""
    return dict(await tx.conn.fetchrow(_SENT, claim_id))


async def wait_for_the_bank(tx: Tx, claim_id: int) -> None:
    """Wait until nobody makes a bank file or books an answer in the claim's county, and keep them waiting."""
    await tx.conn.execute(
        "SELECT pg_advisory_xact_lock(421, hashtext(allocation_county(division_code)))"
        " FROM allocation_claim WHERE id = $1",
        claim_id,
    )


EARLY = (Kind.ADVANCE.value, Kind.PREPAY.value)


async def claimed(tx: Tx, project_id: int, besides: Row | None = None) -> tuple[Fen, Fen]:
    """Add up the claims that use the ceilings. Units: fen. Shape: (all, of which before works were seen).

    Seen from a claim that was submitted, only those submitted before it: the later ones were
    judged with it in mind, and must not shut its gates behind it. What was paid too much and came back is
    not counted.
    """
    counts = [s.value for s in COUNTED]
    own = besides["id"] if besides else 0
    turn = besides["turn"] if besides and besides["state"] in counts else None
    row = await tx.conn.fetchrow(
        "SELECT coalesce(sum(amount_fen), 0)::bigint AS every,"
        " coalesce(sum(amount_fen) FILTER (WHERE kind = ANY($5)), 0)::bigint AS early"
        " FROM allocation_claim WHERE project = $1 AND id <> $2"
        " AND state = ANY($3) AND ($4::int IS NULL OR coalesce(turn, 0) < $4)",
        project_id,
        own,
        counts,
        turn,
        list(EARLY),
    )
    return int(row["every"]) - await came_back(tx, project_id), int(row["early"])


async def came_back(tx: Tx, project_id: int) -> Fen:
    """Give what was asked back of a project's payments and came. Units: fen."""
    return int(
        await tx.conn.fetchval(
            "SELECT coalesce(sum(returned_fen), 0)::bigint FROM allocation_refund"
            " WHERE project = $1 AND state = 'back'",
            project_id,
        )
    )


def terms_of(policy: Policies) -> Terms:
    """Read the payment scheme of a pack."""
    whole = {
        name: policy.whole(f"allocation.payments.{name}")
        for name in (
            "advance_bp",
            "progress_bp",
            "retention_bp",
            "small_fen",
            "completion_bp",
            "prepay_bp",
            "retention_months",
            "retention_from_fen",
        )
    }
    return Terms(**whole, steps=[list(step) for step in policy.get("allocation.payments.steps")])


def terms(tx: Tx, division_code: str) -> Terms:
    """Give the payment terms in force today in a division."""
    return terms_of(tx.policy_for(division_code))


async def books(tx: Tx, project: Row, besides: Row | None = None) -> Books:
    """Put together where a project stands, as seen from one claim or from none.

    A claim that was submitted is judged on the day it was submitted: a term that ends while others
    sign does not shut it out.
    """
    every, early = await claimed(tx, project["id"], besides)
    facts = await projects.standing(tx, project["id"])
    holds = await holds_of(tx, project["id"])
    accepted = project["accepted_on"]
    counted = besides is not None and besides["state"] in COUNTED and besides["submitted_at"] is not None
    return Books(
        project["award_fen"],
        project["contract_fen"],
        every,
        project["progress_bp"],
        accepted is not None,
        project["contractor"],
        await projects.settled(tx, project["id"]),
        advance_fen=early,
        completed=facts["completed"],
        retained_fen=await _held(tx, project["id"], besides),
        day=(shanghai(besides["submitted_at"]).date() if besides and counted else tx.today).isoformat(),
        term_ends=_iso(facts["ends_on"]),
        retention_due=_iso(await _due(tx, project)),
        works=facts["kind"] == "works",
        stopped=facts["stopped"],
        notices=facts["notices"],
        objections=facts["objections"],
        defects=facts["defects"],
        findings=len(holds),
        finding_said=holds[0].said if holds else "",
        finding_url=holds[0].url if holds else "",
    )


async def _held(tx: Tx, project_id: int, besides: Row | None) -> Fen:
    """Give the retention still kept; what a retention's own claim already took on its way counts as kept."""
    held = (await ledger.project_money(tx, project_id)).get(ledger.Kind.RETAINED, 0)
    own = besides is not None and besides["kind"] == Kind.RETENTION and besides["state"] in COUNTED
    return held + (besides["amount_fen"] if besides and own else 0)


async def _due(tx: Tx, project: Row) -> date | None:
    """Give the day a project's retention is given back: as written when it was kept, else as the pack has it."""
    written: date | None = await tx.conn.fetchval(
        "SELECT max(due_on) FROM allocation_retention WHERE project = $1", project["id"]
    )
    if written or not project["accepted_on"]:
        return written
    months = tx.policy_for(project["division_code"]).whole("allocation.payments.retention_months")
    return projects.add_months(project["accepted_on"], months)


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


_ALIKE = """
SELECT c.id, c.kind, c.amount_fen, c.invoice_number, c.invoice_on, p.title FROM allocation_claim c
JOIN projects_project p ON p.id = c.project WHERE c.id <> $1 AND c.state <> 'cancelled'
AND (c.invoice_number = $2 OR (c.payee = $3 AND c.invoice_fen = $4 AND c.invoice_on = $5)) ORDER BY c.id LIMIT 5
"""


async def alike(tx: Tx, row: Row) -> list[Row]:
    """List claims whose invoice looks like this one's: the same number under another code, or payee, sum and day."""
    found = await tx.conn.fetch(
        _ALIKE, row["id"], row["invoice_number"], row["payee"], row["invoice_fen"], row["invoice_on"]
    )
    return [dict(r) for r in found]


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

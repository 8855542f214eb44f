"""What waits on a home page, and what a project's page shows of its money."""

from __future__ import annotations

from typing import Any

from allocation.payments import queries
from allocation.permissions import P
from projects.public import Figure, Panel
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.money import yuan
from quzhou_migrants.kernel.tasks import Task
from quzhou_migrants.kernel.tx import Tx

_WAITING = """
SELECT c.id, c.kind, c.amount_fen, c.state, c.division_code, p.title FROM allocation_claim c
JOIN projects_project p ON p.id = c.project
WHERE ($1 AND c.state IN ('draft', 'returned') AND c.prepared_by = $4)
   OR (c.prepared_by IS DISTINCT FROM $4 AND (
     ($3 AND c.state = 'signed') OR ($2 AND c.state = 'submitted' AND $5 = c.steps ->> (
        SELECT count(*)::int FROM allocation_signature s WHERE s.claim = c.id AND s.attempt = c.attempt)
      AND NOT EXISTS (SELECT 1 FROM allocation_signature s
        WHERE s.claim = c.id AND s.attempt = c.attempt AND s.user_id = $4))))
ORDER BY c.id LIMIT 50
"""


async def waiting(tx: Tx) -> list[Task]:
    """List the claims that this very person can finish, sign or pay now."""
    may = tx.actor.may
    if not (may(P.CLAIM) or may(P.SIGN) or may(P.PAY)):
        return []
    rows = await tx.conn.fetch(_WAITING, may(P.CLAIM), may(P.SIGN), may(P.PAY), tx.actor.user_id, tx.actor.role)
    return [Task(_title(r), f"/claims/{r['id']}", None, r["division_code"], "claim") for r in rows]


def _title(row: Any) -> str:  # noqa: ANN401 - a database record
    kind, state = CATALOGUE.text(f"claim.{row['kind']}"), CATALOGUE.state("CLAIM", row["state"])
    return f"{row['title']} {kind} {yuan(row['amount_fen'])} {CATALOGUE.text('paper.yuan')} {state}"


async def of_project(tx: Tx, project: dict[str, Any]) -> Panel | None:
    """Show award, contract, claimed and paid against work seen; nothing before there is an award."""
    if not tx.actor.may(P.VIEW_CLAIMS) or not project["award_fen"]:
        return None
    line = await queries.money_line(tx, project["id"])
    claims = await queries.of_project(tx, project["id"])
    page = f"/claims/project/{project['id']}"
    amounts = (Figure("claimed", line.claimed, page), Figure("paid", line.paid, page))
    return Panel("allocation/payments/project_panel.html", {"line": line, "claims": claims, "actor": tx.actor}, amounts)

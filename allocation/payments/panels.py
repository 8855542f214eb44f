"""What waits on a home page, and what a project's page shows of its money."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from allocation.payments import queries, refunds
from allocation.permissions import P
from projects.public import Figure, Panel
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.clock import add_working_days, shanghai
from quzhou_migrants.kernel.money import yuan
from quzhou_migrants.kernel.tasks import Task
from quzhou_migrants.kernel.tx import Tx

_WAITING = """
SELECT c.id, c.kind, c.amount_fen, c.state, c.division_code, p.title,
  coalesce((SELECT max(s.signed_at) FROM allocation_signature s WHERE s.claim = c.id AND s.attempt = c.attempt),
    c.submitted_at) AS since
FROM allocation_claim c JOIN projects_project p ON p.id = c.project
WHERE ($1 AND c.state IN ('draft', 'returned') AND c.prepared_by = $4)
   OR (c.prepared_by IS DISTINCT FROM $4 AND (
     ($3 AND c.state = 'signed') OR (c.state = 'submitted'
      AND (($2 AND c.steps ->> (SELECT count(*)::int FROM allocation_signature s
          WHERE s.claim = c.id AND s.attempt = c.attempt) = $5)
        OR ($6 AND EXISTS (SELECT 1 FROM allocation_deputy d WHERE d.deputy = $4 AND d.state = 'standing'
          AND $7 BETWEEN d.starts_on AND d.ends_on AND (d.limit_fen IS NULL OR c.amount_fen <= d.limit_fen)
          AND allocation_inside(c.division_code, d.division_code)
          AND d.role = c.steps ->> (SELECT count(*)::int FROM allocation_signature s
            WHERE s.claim = c.id AND s.attempt = c.attempt))))
      AND NOT EXISTS (SELECT 1 FROM allocation_signature s
        WHERE s.claim = c.id AND s.attempt = c.attempt AND s.user_id = $4))))
ORDER BY c.id LIMIT 50
"""
_DEPUTISES = (
    "SELECT EXISTS (SELECT 1 FROM allocation_deputy WHERE deputy = $1 AND state = 'standing' AND ends_on >= $2)"
)
_KEPT = """
SELECT r.project, r.due_on, r.division_code, p.title, sum(b.balance_fen)::bigint AS held
FROM allocation_retention r JOIN projects_project p ON p.id = r.project
JOIN allocation_balance b ON b.project = r.project AND b.kind = 'retained' AND b.balance_fen > 0
WHERE r.due_on <= $1 GROUP BY r.id, p.title ORDER BY r.due_on, r.id LIMIT 20
"""


async def waiting(tx: Tx) -> list[Task]:
    """List the claims that this very person can finish, sign or pay now, and the retention that is due."""
    may = tx.actor.may
    if not may(P.VIEW_CLAIMS):
        return []
    deputises = bool(await tx.conn.fetchval(_DEPUTISES, tx.actor.user_id, tx.today))
    if not (deputises or may(P.CLAIM) or may(P.SIGN) or may(P.PAY)):
        return []
    rights = (may(P.CLAIM), may(P.SIGN), may(P.PAY), tx.actor.user_id, tx.actor.role, deputises, tx.today)
    rows = await tx.conn.fetch(_WAITING, *rights)
    tasks = [Task(_title(r), f"/claims/{r['id']}", _due(tx, r), r["division_code"], "claim") for r in rows]
    if may(P.CLAIM):
        tasks += [*await _kept(tx), *await _overpaid(tx)]
    if may(P.CLAIM) or may(P.PAY):
        tasks += await _asked_back(tx)
    return tasks


async def _overpaid(tx: Tx) -> list[Task]:
    """List what was paid beyond a settled price and nobody has asked back."""
    days, said = tx.policy.whole(refunds.DAYS), CATALOGUE.text("task.refund.ask")
    return [
        Task(
            said.format(title=r["title"], over=yuan(r["over"])),
            f"/claims/project/{r['id']}/refund",
            r["settled_on"] + timedelta(days=days),
            r["division_code"],
            "refund",
        )
        for r in await refunds.not_asked(tx)
    ]


async def _asked_back(tx: Tx) -> list[Task]:
    """List the letters whose money is not back yet."""
    said = CATALOGUE.text("task.refund.back")
    return [
        Task(
            said.format(title=r["title"], amount=yuan(r["amount_fen"])),
            f"/claims/refunds/{r['id']}",
            r["due_on"],
            r["division_code"],
            "refund",
        )
        for r in await refunds.open_letters(tx)
    ]


def _due(tx: Tx, row: Any) -> date | None:  # noqa: ANN401 - a database record
    """Give the day by which the next hand shall have signed or paid; drafts have none."""
    if row["state"] not in {"submitted", "signed"} or row["since"] is None:
        return None
    days = tx.policy_for(row["division_code"]).whole("allocation.payments.sign_days")
    return add_working_days(shanghai(row["since"]).date(), days, tx.policy.work_calendar)


async def _kept(tx: Tx) -> list[Task]:
    """List what was kept back and is due, or soon will be."""
    soon = tx.policy.whole("allocation.payments.retention_notice_days")
    rows = await tx.conn.fetch(_KEPT, tx.today + timedelta(days=soon))
    said = CATALOGUE.text("task.retention.title")
    return [
        Task(
            said.format(title=r["title"], held=yuan(r["held"])),
            f"/claims/project/{r['project']}",
            r["due_on"],
            r["division_code"],
            "retention",
        )
        for r in rows
    ]


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

"""What waits on a home page about bank files, lists, grants."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from allocation.bank.queries import last_month
from allocation.payments.refunds import DAYS
from allocation.permissions import P
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.clock import add_working_days, shanghai
from quzhou_migrants.kernel.money import yuan
from quzhou_migrants.kernel.tasks import Task
from quzhou_migrants.kernel.tx import Tx


def _say(key: str, **facts: object) -> str:
    return CATALOGUE.text(f"task.{key}").format(**facts)


async def waiting(tx: Tx) -> list[Task]:
    """List what this very person can do now in the rooms that pay."""
    may, tasks = tx.actor.may, list[Task]()
    if may(P.RELEASE_BANK):
        tasks += await _releases(tx)
    if may(P.CONFIRM_PAYEE):
        tasks += await _payees(tx)
    if may(P.PREPARE_BANK):
        tasks += await _unpaid(tx)
    if may(P.RECONCILE):
        tasks += [*await _answers(tx), *await _statements(tx), *await _month(tx)]
    if may(P.APPROVE_CASH) or may(P.PREPARE_CASH):
        tasks += await _cash(tx)
    if may(P.PREPARE_GRANT) or may(P.CHECK_GRANT) or may(P.APPROVE_GRANT):
        tasks += await _grants(tx)
    return tasks


async def _releases(tx: Tx) -> list[Task]:
    rows = await tx.conn.fetch(
        "SELECT id, number, total_fen, division_code FROM allocation_bank_batch WHERE state = 'draft'"
        " AND prepared_by IS DISTINCT FROM $1 ORDER BY id LIMIT 50",
        tx.actor.user_id,
    )
    return [
        Task(
            _say("bank.release", number=r["number"], total=yuan(r["total_fen"])),
            f"/bank/{r['id']}",
            None,
            r["division_code"],
            "bank",
        )
        for r in rows
    ]


# What was paid and came back whole or in part, and grants whose account is known: nothing of them is under way.
_UNPAID = """
WITH matter AS (
  SELECT DISTINCT source_table, source_id FROM allocation_bank_line
  WHERE result = 'returned' AND source_table = 'allocation_claim'
  UNION ALL
  SELECT 'allocation_grant', id FROM allocation_grant WHERE state = 'approved'
), x AS (
  SELECT source_table, source_id, sum(l.paid_fen - l.returned_fen) AS net,
    bool_or(l.result IN ('waiting', 'partial')) AS under_way
  FROM matter JOIN allocation_bank_line l USING (source_table, source_id) WHERE l.result <> 'withdrawn' GROUP BY 1, 2
)
SELECT 'claims' AS purpose, p.title, c.division_code, (c.amount_fen - x.net)::bigint AS fen
FROM x JOIN allocation_claim c ON c.id = x.source_id JOIN projects_project p ON p.id = c.project
WHERE x.source_table = 'allocation_claim' AND NOT x.under_way AND c.state = 'paid' AND x.net < c.amount_fen
UNION ALL
SELECT 'grants', g.title, g.division_code, (g.amount_fen - coalesce(x.net, 0))::bigint
FROM allocation_grant g LEFT JOIN x ON x.source_table = 'allocation_grant' AND x.source_id = g.id
WHERE g.state = 'approved' AND g.payee IS NOT NULL AND NOT coalesce(x.under_way, false)
ORDER BY 1, 2 LIMIT 50
"""


async def _unpaid(tx: Tx) -> list[Task]:
    """List what came back from the bank, and grants that can be paid: all of it goes into the next file."""
    return [
        Task(
            _say(f"bank.unpaid.{r['purpose']}", title=r["title"], amount=yuan(r["fen"])),
            f"/bank/new/{r['purpose']}",
            None,
            r["division_code"],
            "bank",
        )
        for r in await tx.conn.fetch(_UNPAID)
    ]


async def _payees(tx: Tx) -> list[Task]:
    rows = await tx.conn.fetch(
        "SELECT id, name, division_code FROM allocation_payee WHERE state = 'proposed'"
        " AND proposed_by IS DISTINCT FROM $1 ORDER BY id LIMIT 50",
        tx.actor.user_id,
    )
    return [
        Task(_say("bank.payee", name=r["name"]), f"/bank/payees/{r['id']}", None, r["division_code"], "bank")
        for r in rows
    ]


async def _answers(tx: Tx) -> list[Task]:
    """Chase files the bank should have answered by now."""
    rows = await tx.conn.fetch(
        "SELECT b.id, b.number, b.released_at, b.division_code, count(*) AS open FROM allocation_bank_batch b"
        " JOIN allocation_bank_line l ON l.batch = b.id AND l.result IN ('waiting', 'partial')"
        " WHERE b.state = 'released' GROUP BY b.id ORDER BY b.id LIMIT 50"
    )
    return [task for r in rows if (task := _late(tx, r)) is not None]


def _late(tx: Tx, r: Any) -> Task | None:  # noqa: ANN401 - a database row
    sent = shanghai(r["released_at"]).date()
    due = add_working_days(sent, tx.policy.whole("allocation.bank.answer_days"))
    if tx.today <= due:
        return None
    title = _say("bank.answer", number=r["number"], days=(tx.today - sent).days, open=r["open"])
    return Task(title, f"/bank/{r['id']}", due, r["division_code"], "bank")


async def _statements(tx: Tx) -> list[Task]:
    rows = await tx.conn.fetch(
        "SELECT id, file_name, division_code FROM allocation_bank_statement WHERE state = 'checked'"
        " ORDER BY id LIMIT 50"
    )
    return [
        Task(
            _say("bank.statement", name=r["file_name"]), f"/bank/statements/{r['id']}", None, r["division_code"], "bank"
        )
        for r in rows
    ]


async def _month(tx: Tx) -> list[Task]:
    """Ask for the month's end once the county has anything to close."""
    year, month = last_month(tx.today)
    key = f"{year}-{month:02d}"
    open_month = await tx.conn.fetchval(
        "SELECT EXISTS (SELECT 1 FROM allocation_bank_line) AND NOT EXISTS (SELECT 1 FROM allocation_bank_month"
        " WHERE month >= $1)",
        key,
    )
    if not open_month:
        return []
    title = _say("bank.month", month=key)
    return [Task(title, "/bank/months", date(tx.today.year, tx.today.month, 10), tx.actor.division_code, "bank")]


async def _cash(tx: Tx) -> list[Task]:
    rows = await tx.conn.fetch(
        "SELECT l.id, l.title, l.state, l.persons, l.total_fen, l.prepared_by, l.division_code,"
        " count(c.id) FILTER (WHERE c.result IN ('failed', 'returned')) AS refused"
        " FROM allocation_cash_list l LEFT JOIN allocation_cash_line c ON c.roll = l.id"
        " WHERE l.state IN ('draft', 'approved') GROUP BY l.id ORDER BY l.id LIMIT 20"
    )
    tasks = []
    for r in rows:
        facts = {"title": r["title"], "persons": r["persons"], "total": yuan(r["total_fen"]), "count": r["refused"]}
        if r["state"] == "draft" and tx.actor.may(P.APPROVE_CASH) and r["prepared_by"] != tx.actor.user_id:
            tasks.append(Task(_say("cash.approve", **facts), f"/cash/{r['id']}", None, r["division_code"], "cash"))
        if r["state"] == "approved" and r["refused"] and tx.actor.may(P.PREPARE_CASH):
            tasks.append(Task(_say("cash.refused", **facts), f"/cash/{r['id']}", None, r["division_code"], "cash"))
    return tasks


_GRANTS = """
SELECT id, title, state, amount_fen, division_code, recalled_on FROM allocation_grant g
WHERE (state = 'submitted' AND $1 AND prepared_by IS DISTINCT FROM $4)
   OR (state = 'checked' AND $2) OR (state = 'returned' AND $3 AND prepared_by = $4)
   OR (state = 'approved' AND payee IS NULL AND $5)
   OR (state = 'recalled' AND $5 AND NOT EXISTS (SELECT 1 FROM allocation_refund r
     WHERE r.of_grant = g.id AND r.state = 'asked')) ORDER BY id LIMIT 50
"""


async def _grants(tx: Tx) -> list[Task]:
    may = tx.actor.may
    rights = (may(P.CHECK_GRANT), may(P.APPROVE_GRANT), may(P.PREPARE_GRANT), tx.actor.user_id, may(P.CLAIM))
    rows = await tx.conn.fetch(_GRANTS, *rights)
    days = timedelta(days=tx.policy.whole(DAYS))
    return [
        Task(
            _say(f"grant.{r['state']}", title=r["title"], amount=yuan(r["amount_fen"])),
            f"/grants/{r['id']}" + ("/refund" if r["state"] == "recalled" else ""),
            r["recalled_on"] + days if r["recalled_on"] else None,
            r["division_code"],
            "grant",
        )
        for r in rows
    ]

"""What tests of money start from: a batch as typed, a planned project."""

from __future__ import annotations

from datetime import date
from typing import Any

from house import CITY, VILLAGE, actor, become

from allocation.budget import checking, service
from allocation.budget.forms import BatchForm
from allocation.budget.rules import Fund, Level
from allocation.factor.catalogue import default_scheme
from allocation.factor.scheme import Scheme
from allocation.factor.scheme_service import approve_scheme, keep_scheme
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.tx import Tx


def batch_form(**changes: Any) -> BatchForm:
    return BatchForm(
        **{
            "doc_no": "浙财农〔2026〕11号",
            "title": "2026年后期扶持资金",
            "level": Level.PROVINCE,
            "fund_kind": Fund.LATER_SUPPORT,
            "issued_on": date(2026, 9, 1),
            "total_fen": 60_000_000_00 + 600_00 * 3,
            "cash_fen": 600_00 * 3,
            "project_fen": 60_000_000_00,
            **changes,
        }
    )


async def book(tx: Tx, batch: int) -> int:
    """A batch that who acts has typed: sent to be checked, booked by a leader."""
    await checking.submit_batch(tx, batch)
    async with become(tx, actor(Role.CITY_LEADER, CITY)):
        await service.record_batch(tx, batch)
    return batch


async def a_project(tx: Tx, **columns: Any) -> int:
    number = await tx.conn.fetchval("SELECT count(*) FROM projects_project")
    values = {
        "code": f"T-{number}",
        "division_code": VILLAGE,
        "title": "村道硬化",
        "asked_fen": 50_000_00,
        "estimate_fen": 60_000_00,
        "state": "planned",
        "created_at": tx.now,
        **columns,
    }
    marks = ", ".join(f"${n}" for n in range(1, len(values) + 1))
    sql = f"INSERT INTO projects_project ({', '.join(values)}) VALUES ({marks}) RETURNING id"
    return int(await tx.conn.fetchval(sql, *values.values()))


async def a_scheme(tx: Tx, made: Scheme | None = None) -> int:
    """A scheme in use: kept by who acts, approved by a leader."""
    scheme = await keep_scheme(tx, made or default_scheme(tx.policy, "2026年方案"))
    async with become(tx, actor(Role.CITY_LEADER, CITY)):
        await approve_scheme(tx, scheme)
    return scheme

"""Projects, plans and approvals for tests of the annual plan."""

from __future__ import annotations

from datetime import date
from typing import Any

from house import BAIMA, CITY, NOW, QUJIANG, actor, become
from project_house import shown

from projects import queries as projects
from projects.plan import service as plan
from projects.plan.forms import PlanForm
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.tx import Tx

COUNTY = actor(Role.COUNTY_CLERK, QUJIANG)
LEADER = actor(Role.COUNTY_LEADER, QUJIANG)
CITY_CLERK = actor(Role.CITY_CLERK, CITY)
WAN = 1_000_000
WHY = "储备库中产业项目不足"


async def project(tx: Tx, number: int, **columns: Any) -> int:
    values = {
        "code": f"330803-2026-{number:06d}",
        "division_code": BAIMA,
        "title": f"第{number}号项目",
        "category": "industry",
        "way": "e_commerce",
        "content": "建设内容",
        "estimate_fen": 50 * WAN,
        "asked_fen": 40 * WAN,
        "own_fen": 10 * WAN,
        "migrants": 100,
        "beneficiaries": 100,
        "state": "admitted",
        "submitted_at": NOW,
        "admitted_at": NOW,
        "valid_until": date(2030, 9, 16),
        **columns,
    }
    marks = ", ".join(f"${n}" for n in range(1, len(values) + 1))
    sql = f"INSERT INTO projects_project ({', '.join(values)}) VALUES ({marks}) RETURNING id"
    return int(await tx.conn.fetchval(sql, *values.values()))


async def drafted(tx: Tx, *project_ids: int, money: int = 100 * WAN) -> int:
    async with become(tx, COUNTY):
        plan_id = await plan.open_plan(tx, PlanForm(2027, "衢江区二〇二七年度计划", money, "2026年第一批"))
        if project_ids:
            await plan.choose(tx, plan_id, [(p, 40 * WAN) for p in project_ids])
    return plan_id


async def approved(tx: Tx, *project_ids: int, money: int = 100 * WAN) -> int:
    plan_id = await drafted(tx, *project_ids, money=money)
    seen = await shown(tx, plan_id, COUNTY)
    async with become(tx, LEADER):
        await plan.approve(tx, plan_id, "衢江移〔2026〕9号", seen, WHY)
    return plan_id


async def state(tx: Tx, project_id: int) -> str:
    return str((await projects.find(tx, project_id))["state"])

"""Plans and money: candidates in ranked order, projects that fall back, awards recalled, exceptions, reminders."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from house import BAIMA, CITY, KECHENG, NOW, QUJIANG, actor, become
from money_house import batch_form, book
from plan_house import CITY_CLERK, COUNTY, LEADER, WAN, approved, drafted, project, state
from project_house import shown

from allocation import public as allocation
from allocation.budget import ledger
from allocation.budget import queries as budget
from allocation.budget import service as funds
from allocation.budget.ledger import Kind, Line
from projects import queries as projects
from projects.events import PlanMoneyFreed
from projects.plan import adjusting, falling, jobs, panels, queries
from projects.plan import service as plan
from projects.plan.forms import ExceptionForm, PlaceForm, PlanForm, RecallForm, Reservoir
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.events import _HANDLERS, subscribe
from quzhou_migrants.kernel.tx import Tx


async def test_candidates_stand_in_the_order_of_the_published_ranking(tx: Tx) -> None:
    ids = [await project(tx, n) for n in (1, 2, 3)]
    plan_id = await drafted(tx)
    scheme = await tx.conn.fetchval(
        "INSERT INTO projects_scheme (division_code, number, title, state) VALUES ($1, 1, '排序办法', 'published')"
        " RETURNING id",
        QUJIANG,
    )
    ranking = await tx.conn.fetchval(
        "INSERT INTO projects_ranking (division_code, scheme, title, ranked_on, projects, inputs_sha256, state)"
        " VALUES ($1, $2, '储备排序', $3, 2, '', 'published') RETURNING id",
        QUJIANG,
        scheme,
        tx.today,
    )
    for rank, project_id in ((1, ids[2]), (2, ids[1])):
        await tx.conn.execute(
            "INSERT INTO projects_ranking_row (ranking, project, division_code, computed, rank, score)"
            " VALUES ($1, $2, $3, $4, $4, '1')",
            ranking,
            project_id,
            BAIMA,
            rank,
        )
    async with become(tx, COUNTY):
        plan_row = await queries.find(tx, plan_id)
        found = await queries.candidates(tx, plan_row, inside=QUJIANG, category="", limit=9)
    assert [(c["id"], c["rank"]) for c in found] == [(ids[2], 1), (ids[1], 2), (ids[0], None)]


async def test_a_project_without_money_in_time_falls_back_and_its_money_is_told_free(tx: Tx) -> None:
    heard: list[PlanMoneyFreed] = []

    async def hear(_tx: Tx, event: PlanMoneyFreed) -> None:
        heard.append(event)

    first, outside = await project(tx, 1), await project(tx, 2, state="township_passed", valid_until=None)
    plan_id = await approved(tx, first)
    await tx.conn.execute("UPDATE projects_project SET state = 'planned', admitted_at = NULL WHERE id = $1", outside)
    await tx.conn.execute(
        "INSERT INTO projects_plan_item (plan, project, division_code, amount_fen, outside, reason, standing)"
        " VALUES ($1, $2, $3, 100, true, '汛期应急修复项目', true)",
        plan_id,
        outside,
        BAIMA,
    )
    subscribe(PlanMoneyFreed, hear)
    try:
        for days, gone in ((365, 0), (366, 2), (367, 0)):
            tx.now = NOW + timedelta(days=days)
            assert await falling.fall_back(tx) == gone
        await tx.deliver()
    finally:
        _HANDLERS[PlanMoneyFreed].remove(hear)
        tx.now = NOW
    assert {(e.project_id, e.amount_fen, e.how) for e in heard} == {
        (first, 40 * WAN, "fallen_back"),
        (outside, 100, "fallen_back"),
    }
    assert (await state(tx, first), await state(tx, outside)) == ("admitted", "admitted")
    assert (await projects.find(tx, outside))["valid_until"] == date(2030, 9, 17)
    assert jobs.JOBS[0].period == "day"


async def pot(tx: Tx, amount: int) -> int:
    async with become(tx, CITY_CLERK):
        form = batch_form(total_fen=amount, cash_fen=0, project_fen=amount)
        batch = await funds.draft_batch(tx, form)
        await book(tx, batch)
        lines = [Line(batch, CITY, Kind.AVAILABLE, -amount), Line(batch, QUJIANG, Kind.AVAILABLE, amount)]
        await ledger.post(tx, f"split:{batch}", lines, source=("allocation_batch", batch))
    return batch


async def test_a_recalled_award_goes_back_where_it_came_from_and_may_be_given_again(tx: Tx) -> None:
    first = await project(tx, 1)
    plan_id = await approved(tx, first)
    await pot(tx, 60 * WAN)
    async with become(tx, COUNTY):
        await funds.award_from_pot(tx, first, 40 * WAN, "衢江移〔2026〕10号")
    row = await projects.find(tx, first)
    assert (row["state"], row["award_fen"]) == ("awarded", 40 * WAN)
    async with become(tx, LEADER):
        with pytest.raises(Refused, match="PRJ-361"):
            await falling.recall(tx, first, RecallForm("村里一直没有签订合同", row["version"]))
        await falling.recall(tx, first, RecallForm("村里书面放弃实施项目", row["version"], given_up=True))
    row = await projects.find(tx, first)
    assert (row["state"], row["award_fen"], row["plan_year"]) == ("admitted", 0, None)
    assert await allocation.award_fen(tx, first) == 0
    async with become(tx, COUNTY):
        assert [int(r["fen"]) for r in await budget.available(tx, QUJIANG)] == [60 * WAN]
    assert [r["state"] for r in await tx.conn.fetch("SELECT state FROM allocation_award")] == ["cancelled"]
    (left,) = await queries.items(tx, plan_id, left=True)
    assert left["left_how"] == "recalled"
    assert await budget.ledger_faults(tx.conn) == []


async def test_a_recall_that_the_ledger_does_not_know_is_refused(tx: Tx) -> None:
    first = await project(tx, 1, state="awarded", award_fen=40 * WAN)
    seen = (await projects.find(tx, first))["version"]
    with pytest.raises(Refused) as caught:
        async with become(tx, LEADER):
            await falling.recall(tx, first, RecallForm("村里书面放弃实施项目", seen, given_up=True))
    assert (caught.value.code, caught.value.facts["standing"]) == ("ALC-125", 0)


async def test_an_exception_is_allowed_anew_when_its_amount_changes_or_the_plan_is_copied(tx: Tx) -> None:
    outside = await project(tx, 1, state="township_passed", valid_until=None)
    code = (await projects.find(tx, outside))["code"]
    plan_id = await drafted(tx)
    async with become(tx, COUNTY):
        await plan.take_outside(tx, plan_id, ExceptionForm(code, 40 * WAN, "水毁应急修复，汛前必须完工"))
    (row,) = await queries.items(tx, plan_id)
    async with become(tx, LEADER):
        await plan.allow(tx, plan_id, row["id"])
    async with become(tx, COUNTY):
        await plan.place(tx, plan_id, row["id"], PlaceForm(40 * WAN, Reservoir.LARGE, "应急"))
        assert (await queries.item(tx, plan_id, row["id"]))["allowed_by"] == LEADER.name
        copied = await plan.vary(tx, plan_id, "衢江区二〇二七年度计划第二方案")
        assert [r["allowed_at"] for r in await queries.items(tx, copied)] == [None]
        await plan.place(tx, plan_id, row["id"], PlaceForm(39 * WAN, Reservoir.LARGE, "应急"))
        changed = await queries.item(tx, plan_id, row["id"])
    assert (changed["allowed_at"], changed["allowed_by"], changed["remark"]) == (None, "", "应急")


async def test_home_names_what_waits_and_when_it_ends(tx: Tx) -> None:
    first, second, third = [await project(tx, n) for n in (1, 2, 3)]
    await approved(tx, first)
    awarded = await project(tx, 4)
    await pot(tx, 60 * WAN)
    await tx.conn.execute("UPDATE projects_project SET state = 'planned' WHERE id = $1", awarded)
    async with become(tx, COUNTY):
        await funds.award_from_pot(tx, awarded, 40 * WAN, "衢江移〔2026〕10号")
    tx.now = NOW + timedelta(days=365 - 60)
    async with become(tx, COUNTY):
        assert [(t.title, t.due, t.kind) for t in await panels.terms(tx)] == [
            ("第1号项目", date(2027, 9, 16), "projects.plan_term")
        ]
    async with become(tx, LEADER):
        assert [(t.title, t.due, t.url) for t in await panels.terms(tx)] == [
            ("第4号项目", date(2027, 3, 16), f"/projects/{awarded}/recall")
        ]
        assert await panels.decisions(tx) == []
    tx.now = NOW
    async with become(tx, COUNTY):
        other = await plan.open_plan(tx, PlanForm(2028, "衢江区二〇二八年度计划", 100 * WAN, "2027年第一批"))
        await plan.choose(tx, other, [(second, 40 * WAN), (third, 40 * WAN)])
    await shown(tx, other, COUNTY)
    async with become(tx, LEADER):
        assert [t.title for t in await panels.decisions(tx)] == ["衢江区二〇二八年度计划"]


async def test_another_county_sees_neither_plan_nor_adjustment(tx: Tx) -> None:
    plan_id = await approved(tx, await project(tx, 1))
    async with become(tx, COUNTY):
        change = await adjusting.open_adjustment(tx, plan_id, "计划尚有资金，增补一个项目")
    async with become(tx, actor(Role.COUNTY_LEADER, KECHENG)):
        with pytest.raises(Refused, match="KRN-404"):
            await queries.find(tx, plan_id)
        with pytest.raises(Refused, match="KRN-404"):
            await adjusting.approve(tx, change, "柯移〔2026〕1号", 1)

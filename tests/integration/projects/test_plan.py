"""The annual plan on the database: variants, notice, approval, adjustment, money that comes free, recall."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from house import BAIMA, CITY, KECHENG, NOW, QUJIANG, actor, become
from money_house import batch_form
from project_house import plan_version, shown

from allocation import public as allocation
from allocation.budget import ledger
from allocation.budget import queries as budget
from allocation.budget import service as funds
from allocation.budget.ledger import Kind, Line
from projects import queries as projects
from projects.events import PlanMoneyFreed
from projects.notices import service as notices
from projects.notices.forms import PaperObjectionForm
from projects.plan import adjusting, falling, jobs, panels, posting, queries
from projects.plan import service as plan
from projects.plan.forms import ExceptionForm, LineForm, PlaceForm, PlanForm, RecallForm, Reservoir
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.errors import Invalid, Refused
from quzhou_migrants.kernel.events import _HANDLERS, subscribe
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


async def test_several_are_chosen_at_once_or_not_at_all(tx: Tx) -> None:
    first, second, third = [await project(tx, n) for n in (1, 2, 3)]
    plan_id = await drafted(tx)
    async with become(tx, COUNTY):
        with pytest.raises(Refused, match="PRJ-318"):
            await plan.choose(tx, plan_id, [])
        async with tx.conn.transaction():
            with pytest.raises(Refused) as caught:
                await plan.choose(tx, plan_id, [(first, 40 * WAN), (second, 40 * WAN), (third, 40 * WAN)])
    assert (caught.value.code, caught.value.facts["left"]) == ("PRJ-313", 20 * WAN)


async def test_a_plan_waits_for_its_notice_and_for_answers(tx: Tx) -> None:
    plan_id = await drafted(tx, await project(tx, 1))
    async with become(tx, LEADER):
        with pytest.raises(Refused, match="PRJ-328"):
            await plan.approve(tx, plan_id, "衢江移〔2026〕9号", await plan_version(tx, plan_id), WHY)
    async with become(tx, COUNTY):
        await posting.post(tx, plan_id, await plan_version(tx, plan_id))
        hanging = await notices.latest(tx, (posting.PLAN, plan_id, QUJIANG))
        assert hanging is not None
        assert (hanging["ends_on"] - hanging["starts_on"]).days == 4
        form = PaperObjectionForm(person="演示村民", phone="", text="项目与去年重复，请核实", received_on=tx.today)
        await notices.take_paper(tx, hanging["id"], form)
        with pytest.raises(Refused, match="PRJ-329"):
            await plan.place(tx, plan_id, 0, PlaceForm(1, Reservoir.SMALL))
    async with become(tx, LEADER):
        with pytest.raises(Invalid) as caught:
            await plan.approve(tx, plan_id, "衢江移〔2026〕9号", await plan_version(tx, plan_id), WHY)
    assert [p.code for p in caught.value.problems] == ["PRJ-510", "PRJ-330"]


async def test_a_posted_plan_taken_back_starts_its_days_anew(tx: Tx) -> None:
    plan_id = await drafted(tx, await project(tx, 1))
    await shown(tx, plan_id, COUNTY)
    async with become(tx, COUNTY):
        await posting.take_back(tx, plan_id, "公示后村里要求减少建设内容")
        assert (await queries.find(tx, plan_id))["posted_on"] is None
        await posting.post(tx, plan_id, await plan_version(tx, plan_id))
        found = await posting.problems(tx, posting.PLAN, await queries.find(tx, plan_id), needed=True)
    assert [p.code for p in found] == ["PRJ-330"]


async def test_shares_without_a_confirmed_clause_ask_for_a_reason(tx: Tx) -> None:
    plan_id = await drafted(tx, await project(tx, 1, category="ecology", way="none"))
    seen = await shown(tx, plan_id, COUNTY)
    async with become(tx, LEADER):
        with pytest.raises(Invalid) as caught:
            await plan.approve(tx, plan_id, "衢江移〔2026〕9号", seen)
        assert [(p.code, p.field, p.facts["count"]) for p in caught.value.problems] == [("PRJ-327", "departure", 2)]
        done = await plan.approve(tx, plan_id, "衢江移〔2026〕9号", seen, WHY)
    assert done["departure"] == WHY


async def test_one_variant_is_approved_and_the_others_give_way(tx: Tx) -> None:
    first, second = await project(tx, 1), await project(tx, 2)
    plan_id = await drafted(tx, first, second)
    async with become(tx, COUNTY):
        other = await plan.vary(tx, plan_id, "衢江区二〇二七年度计划第二方案")
        rows = await queries.items_of(tx, [plan_id, other])
        assert [r["project"] for r in rows[other]] == [r["project"] for r in rows[plan_id]] == [first, second]
        await plan.drop(tx, other, rows[other][0]["id"])
    seen = await shown(tx, other, COUNTY)
    async with become(tx, LEADER):
        await plan.approve(tx, other, "衢江移〔2026〕9号", seen, WHY)
    assert [(v["variant"], v["state"]) for v in await queries.variants(tx, await queries.find(tx, other))] == [
        (1, "set_aside"),
        (2, "approved"),
    ]
    assert (await state(tx, first), await state(tx, second)) == ("admitted", "planned")
    async with become(tx, COUNTY):
        with pytest.raises(Refused, match="PRJ-314"):
            await plan.vary(tx, plan_id, "衢江区二〇二七年度计划第三方案")


async def test_the_table_is_kept_as_it_was_published(tx: Tx) -> None:
    first = await project(tx, 1)
    plan_id = await drafted(tx, first)
    async with become(tx, COUNTY):
        (row,) = await queries.items(tx, plan_id)
        await plan.place(tx, plan_id, row["id"], PlaceForm(39 * WAN, Reservoir.SMALL, "跨年实施"))
        await posting.post(tx, plan_id, await plan_version(tx, plan_id))
    await tx.conn.execute("UPDATE projects_project SET title = '改了名的项目' WHERE id = $1", first)
    (line,) = (await queries.published(tx, plan_id))["printed"]
    assert line == {
        "no": 1,
        "township_name": "廿里镇",
        "reservoir": "small",
        "village_name": "白马新村",
        "title": "第1号项目",
        "content": "建设内容",
        "estimate_fen": 50 * WAN,
        "amount_fen": 39 * WAN,
        "remark": "跨年实施",
        "outside": False,
    }


async def test_the_public_reads_a_posted_plan_and_no_draft(tx: Tx) -> None:
    draft, posted = await drafted(tx, await project(tx, 1)), await drafted(tx, await project(tx, 2))
    async with become(tx, COUNTY):
        await posting.post(tx, posted, await plan_version(tx, posted))
    await tx.conn.execute(
        "SELECT set_config('app.lo','',true), set_config('app.hi','',true), set_config('app.public','1',true)"
    )
    assert len((await queries.published(tx, posted))["printed"]) == 1
    with pytest.raises(Refused, match="KRN-404"):
        await queries.published(tx, draft)


async def test_an_adjustment_adds_drops_and_changes_by_its_own_document(tx: Tx) -> None:
    first, second, third = [await project(tx, n) for n in (1, 2, 3)]
    plan_id = await approved(tx, first, second)
    codes = {p: (await projects.find(tx, p))["code"] for p in (first, second, third)}
    async with become(tx, COUNTY):
        change = await adjusting.open_adjustment(tx, plan_id, "第一号项目用地未落实，调整安排")
        with pytest.raises(Refused, match="PRJ-357"):
            await adjusting.put_line(tx, change, LineForm(codes[first], 40 * WAN))
        await adjusting.put_line(tx, change, LineForm(codes[first], 0, "用地未落实"))
        await adjusting.put_line(tx, change, LineForm(codes[second], 30 * WAN))
        await adjusting.put_line(tx, change, LineForm(codes[third], 40 * WAN))
    seen = await tx.conn.fetchval("SELECT version FROM projects_adjustment WHERE id = $1", change)
    async with become(tx, LEADER):
        with pytest.raises(Refused, match="PRJ-316"):
            await adjusting.approve(tx, change, "衢江移〔2026〕30号", seen - 1)
        await adjusting.approve(tx, change, "衢江移〔2026〕30号", seen)
    assert [await state(tx, p) for p in (first, second, third)] == ["admitted", "planned", "planned"]
    plan_row = await queries.find(tx, plan_id)
    assert [r["amount_fen"] for r in plan_row["printed"]] == [30 * WAN, 40 * WAN]
    (left,) = await queries.items(tx, plan_id, left=True)
    assert (left["project"], left["left_how"], left["left_reason"]) == (first, "adjusted", "用地未落实")
    async with become(tx, COUNTY):
        with pytest.raises(Refused, match="PRJ-356"):
            await adjusting.put_line(tx, change, LineForm(codes[third], 1))


async def test_an_adjustment_is_not_approved_by_who_drafted_it_nor_beyond_the_money(tx: Tx) -> None:
    first, second = await project(tx, 1), await project(tx, 2)
    plan_id = await approved(tx, first, money=60 * WAN)
    async with become(tx, COUNTY):
        change = await adjusting.open_adjustment(tx, plan_id, "计划尚有资金，增补一个项目")
        await adjusting.put_line(tx, change, LineForm((await projects.find(tx, second))["code"], 21 * WAN))
    row = await queries.adjustment(tx, change)
    async with become(tx, LEADER):
        with pytest.raises(Invalid) as caught:
            await adjusting.approve(tx, change, "衢江移〔2026〕30号", row["version"])
        assert [p.code for p in caught.value.problems] == ["PRJ-322"]
        await adjusting.refuse(tx, change, "资金不足，待追加后再报")
    assert (await queries.adjustment(tx, change))["state"] == "refused"


async def test_an_adjustment_put_before_the_public_waits_for_its_notice(tx: Tx) -> None:
    first, second = await project(tx, 1), await project(tx, 2, reservoir_kind="small")
    plan_id = await approved(tx, first)
    code = (await projects.find(tx, second))["code"]
    async with become(tx, COUNTY):
        change = await adjusting.open_adjustment(tx, plan_id, "计划尚有资金，增补一个项目")
        with pytest.raises(Invalid, match="PRJ-351"):
            await adjusting.post(tx, change)
        await adjusting.put_line(tx, change, LineForm(code, 40 * WAN))
        tx.now = NOW - timedelta(days=6)
        await adjusting.post(tx, change)
        tx.now = NOW
        with pytest.raises(Refused, match="PRJ-329"):
            await adjusting.put_line(tx, change, LineForm(code, 1))
    row = await queries.adjustment(tx, change)
    async with become(tx, LEADER):
        with pytest.raises(Invalid) as caught:
            await adjusting.approve(tx, change, "衢江移〔2026〕30号", row["version"])
        assert [p.code for p in caught.value.problems] == ["PRJ-330"]
    async with become(tx, COUNTY):
        hanging = await notices.latest(tx, (posting.ADJUSTMENT, change, QUJIANG))
        assert hanging is not None
        assert "第2号项目：调整前0万元，调整后40万元" in hanging["body"]
        await notices.close_notice(tx, hanging["id"], "公示期间无异议")
    async with become(tx, LEADER):
        await adjusting.approve(tx, change, "衢江移〔2026〕30号", row["version"])
    assert [r["reservoir"] for r in (await queries.find(tx, plan_id))["printed"]] == ["large", "small"]


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
        await funds.record_batch(tx, batch)
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

"""The annual plan on the database: variants, notice, approval, adjustment, money that comes free, recall."""

from __future__ import annotations

from datetime import timedelta

import pytest
from house import NOW, QUJIANG, become
from plan_house import COUNTY, LEADER, WAN, WHY, approved, drafted, project, state
from project_house import plan_version, shown

from projects import queries as projects
from projects.notices import service as notices
from projects.notices.forms import PaperObjectionForm
from projects.plan import adjusting, posting, queries
from projects.plan import service as plan
from projects.plan.forms import LineForm, PlaceForm, Reservoir
from quzhou_migrants.kernel.errors import Invalid, Refused
from quzhou_migrants.kernel.tx import Tx


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

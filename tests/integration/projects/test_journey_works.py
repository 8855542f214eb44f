"""From the reserve to works: exceptions, the plan's money, contracts, completion, what the public sees."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from house import CITY, KECHENG, NOW, QUJIANG, actor, become
from journey_house import (
    CLERK,
    COUNTY,
    LEADER,
    Award,
    admitted,
    as_public,
    awarded,
    begun,
    contract,
    filed,
    on_day,
    passed,
    procured,
    version,
)
from project_house import shown

from projects import public, queries
from projects.intake import service as intake
from projects.plan import posting
from projects.plan import service as plan
from projects.plan.forms import ExceptionForm, ItemForm, PlanForm
from projects.works import service as works
from projects.works.forms import (
    CompleteForm,
    StepForm,
)
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.errors import Invalid, Refused
from quzhou_migrants.kernel.tx import Tx


async def test_exception_needs_a_leader_and_then_enters_the_plan(tx: Tx) -> None:
    project_id = await passed(tx)
    code = (await queries.find(tx, project_id))["code"]
    async with become(tx, COUNTY):
        plan_id = await plan.open_plan(tx, PlanForm(2027, "衢江区二〇二七年度计划", 1_000_000_00, "2026年第一批"))
        with pytest.raises(Refused, match="PRJ-307"):
            await plan.take(tx, plan_id, ItemForm(project_id, 100))
        await plan.take_outside(tx, plan_id, ExceptionForm(code, 400_000_00, "水毁应急修复，汛前必须完工"))
    item = await tx.conn.fetchval("SELECT id FROM projects_plan_item WHERE plan = $1", plan_id)
    async with become(tx, COUNTY):
        with pytest.raises(Invalid) as caught:
            await posting.post(tx, plan_id, await version(tx, plan_id, "projects_plan"))
        assert [p.code for p in caught.value.problems] == ["PRJ-323"]
    async with become(tx, LEADER):
        await plan.allow(tx, plan_id, item)
    seen = await shown(tx, plan_id, COUNTY)
    async with become(tx, LEADER):
        await plan.approve(tx, plan_id, "衢江移〔2026〕9号", seen, "储备库中产业项目不足")
    assert (await queries.find(tx, project_id))["state"] == "planned"


async def test_plan_keeps_within_its_money(tx: Tx) -> None:
    project_id = await admitted(tx)
    async with become(tx, COUNTY):
        plan_id = await plan.open_plan(tx, PlanForm(2027, "衢江区二〇二七年度计划", 400_000_00, "2026年第一批"))
        with pytest.raises(Refused) as caught:
            await plan.take(tx, plan_id, ItemForm(project_id, 424_660_00))
        assert caught.value.facts["left"] == 400_000_00
        await plan.take(tx, plan_id, ItemForm(project_id, 400_000_00))
        await plan.drop(tx, plan_id, await tx.conn.fetchval("SELECT id FROM projects_plan_item"))
    assert await tx.conn.fetchval("SELECT count(*) FROM projects_plan_item") == 0


async def test_a_project_awarded_meanwhile_holds_the_plan_back_until_it_is_dropped(tx: Tx) -> None:
    project_id = await admitted(tx)
    async with become(tx, COUNTY):
        plan_id = await plan.open_plan(tx, PlanForm(2027, "衢江区二〇二七年度计划", 1_000_000_00, "2026年第一批"))
        await plan.take(tx, plan_id, ItemForm(project_id, 400_000_00))
    seen = await shown(tx, plan_id, COUNTY)
    async with become(tx, COUNTY):
        await public.on_awarded(tx, Award(project_id, 400_000_00, "round"))
    async with become(tx, LEADER):
        with pytest.raises(Invalid) as caught:
            await plan.approve(tx, plan_id, "衢江移〔2026〕9号", seen, "储备库中产业项目不足")
    assert [p.code for p in caught.value.problems] == ["PRJ-325"]


async def test_an_expired_project_cannot_be_planned(tx: Tx) -> None:
    project_id = await admitted(tx)
    async with become(tx, COUNTY), on_day(tx, NOW + timedelta(days=5 * 366)):
        plan_id = await plan.open_plan(tx, PlanForm(2032, "衢江区二〇三二年度计划", 1_000_000_00, "2031年第一批"))
        with pytest.raises(Refused, match="PRJ-308"):
            await plan.take(tx, plan_id, ItemForm(project_id, 100_00))


async def test_contract_never_above_award_plus_own_money(tx: Tx) -> None:
    project_id = await awarded(tx, 400_000_00)
    async with become(tx, CLERK):
        await procured(tx, project_id)
        with pytest.raises(Invalid) as caught:
            await works.sign(tx, project_id, contract(amount_fen=474_950_01))
        assert [p.code for p in caught.value.problems] == ["PRJ-412"]
        row = await works.sign(tx, project_id, contract(amount_fen=474_950_00))
    assert row["contract_fen"] == 474_950_00


async def test_contract_reports_weights_dates_and_credit_code_together(tx: Tx) -> None:
    project_id = await awarded(tx)
    steps = [StepForm("土方", 4000, date(2027, 2, 28)), StepForm("涵洞", 5900, date(2027, 5, 31))]
    async with become(tx, CLERK):
        await procured(tx, project_id)
        with pytest.raises(Invalid) as caught:
            await works.sign(tx, project_id, contract(steps=steps, credit_reason="", ends_on=date(2026, 9, 1)))
    assert {(p.code, p.field) for p in caught.value.problems} == {
        ("PRJ-402", "steps.0.weight_bp"),
        ("PRJ-415", "ends_on"),
        ("PRJ-416", "credit_reason"),
    }


async def test_completion_waits_for_what_was_seen(tx: Tx) -> None:
    project_id = await awarded(tx)
    async with become(tx, CLERK):
        await begun(tx, project_id)
        steps = [m["id"] for m in await public.milestones(tx, project_id)]
        await public.record_progress(tx, project_id, {steps[0]: 10_000, steps[1]: 9_999})
        form = CompleteForm(date(2026, 9, 16), "全部完工", await version(tx, project_id))
        with pytest.raises(Refused) as caught:
            await works.complete(tx, project_id, form)
    assert (caught.value.code, caught.value.facts["seen"]) == ("PRJ-404", 9999)


async def test_progress_of_a_foreign_milestone_is_refused(tx: Tx) -> None:
    project_id = await awarded(tx)
    async with become(tx, CLERK):
        with pytest.raises(Refused, match="PRJ-441"):
            await public.record_progress(tx, project_id, {})
        await procured(tx, project_id)
        await works.sign(tx, project_id, contract())
        with pytest.raises(Refused, match="PRJ-442"):
            await public.record_progress(tx, project_id, {999_999: 100})


async def test_a_second_award_adds_to_the_first(tx: Tx) -> None:
    project_id = await awarded(tx, 300_000_00)
    async with become(tx, actor(Role.CITY_CLERK, CITY)):
        await public.on_awarded(tx, Award(project_id, 50_000_00))
    row = await public.brief(tx, project_id)
    assert (row["state"], row["award_fen"]) == ("awarded", 350_000_00)


async def test_withdrawn_before_the_township_acts(tx: Tx) -> None:
    project_id = await filed(tx)
    async with become(tx, CLERK):
        with pytest.raises(Refused, match="PRJ-205"):
            await intake.withdraw(tx, project_id, "")
        row = await intake.withdraw(tx, project_id, "改报明年三月")
    assert row["state"] == "withdrawn"


async def test_reserve_candidates_are_those_whose_term_runs(tx: Tx) -> None:
    project_id = await admitted(tx)
    async with become(tx, COUNTY):
        assert [c["id"] for c in await public.reserve_candidates(tx, QUJIANG)] == [project_id]
        assert await public.reserve_candidates(tx, QUJIANG, category="training") == []
        async with on_day(tx, NOW + timedelta(days=5 * 366)):
            assert await public.reserve_candidates(tx, QUJIANG) == []
    async with become(tx, actor(Role.CITY_CLERK, CITY)):
        assert await public.reserve_candidates(tx, KECHENG) == []


async def test_public_page_opens_once_chosen_and_names_no_person(tx: Tx) -> None:
    hidden_id, project_id = await admitted(tx), await awarded(tx)
    async with as_public(tx):
        page = await public.public_page(tx, project_id)
        with pytest.raises(Refused, match="KRN-404"):
            await public.public_page(tx, hidden_id)
    assert "演示甲" not in str(page)
    assert "0570-0000000" not in str(page)
    assert page["title"] == "白马新村灌溉渠道修复工程"

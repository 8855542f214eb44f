"""One project from a village's draft to finished works, through the public commands only."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from house import KECHENG, NIANLI, actor, become
from journey_house import (
    CLERK,
    COUNTY,
    INSPECTOR,
    LEADER,
    TOWN,
    Award,
    admitted,
    begun,
    draft,
    filed,
    on_day,
    passed,
    typed,
    version,
)
from project_house import shown

from projects import public, queries
from projects.intake import keeping
from projects.intake import service as intake
from projects.intake.forms import Category
from projects.intake.forms import StartForm as NewForm
from projects.plan import service as plan
from projects.plan.forms import ItemForm, PlanForm
from projects.reserve import service as reserve
from projects.works import service as works
from projects.works.forms import (
    CompleteForm,
)
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.clock import SHANGHAI
from quzhou_migrants.kernel.errors import Invalid, Refused
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.tx import Tx


async def test_a_project_from_draft_to_completion_leaves_its_trail(tx: Tx) -> None:
    project_id = await admitted(tx)
    async with become(tx, COUNTY):
        plan_id = await plan.open_plan(
            tx, PlanForm(2027, "衢江区二〇二七年度计划", 1_000_000_00, "2026年第一批后扶资金")
        )
        await plan.take(tx, plan_id, ItemForm(project_id, 424_660_00))
    seen = await shown(tx, plan_id, COUNTY)
    async with become(tx, LEADER):
        done = await plan.approve(tx, plan_id, "衢江移〔2026〕9号", seen, "储备库中产业项目不足")
    assert done["state"] == "approved"
    async with become(tx, COUNTY):
        await public.on_awarded(tx, Award(project_id, 424_660_00))
    async with become(tx, CLERK):
        await begun(tx, project_id)
    steps = [m["id"] for m in await public.milestones(tx, project_id)]
    async with become(tx, INSPECTOR):
        assert await public.record_progress(tx, project_id, {steps[0]: 10_000}) == 4000
        assert await public.record_progress(tx, project_id, {steps[1]: 10_000}) == 10_000
    async with become(tx, CLERK):
        await works.complete(tx, project_id, CompleteForm(date(2026, 9, 16), "全部完工", await version(tx, project_id)))
    row = await public.brief(tx, project_id)
    assert (row["state"], row["progress_bp"], row["award_fen"], row["plan_year"]) == (
        "completed",
        10_000,
        424_660_00,
        2027,
    )
    told = [e.to_state for e in reversed(await timeline(tx, "projects_project", project_id)) if e.to_state]
    assert told == [
        "submitted",
        "township_passed",
        "admitted",
        "planned",
        "awarded",
        "contracted",
        "building",
        "completed",
    ]


async def test_submit_writes_columns_receipt_and_what_stands_behind(tx: Tx) -> None:
    project_id = await filed(tx)
    row = await queries.find(tx, project_id)
    assert (row["title"], row["estimate_fen"], row["asked_fen"], row["migrants"], row["round"], row["window"]) == (
        "白马新村灌溉渠道修复工程",
        499_610_00,
        424_660_00,
        186,
        1,
        "2026-09",
    )
    assert row["receipt"] == f"202609-330803-{project_id:06d}"
    decision = await tx.conn.fetchrow("SELECT * FROM projects_resolution WHERE project = $1", project_id)
    notice = await tx.conn.fetchrow("SELECT * FROM projects_notice WHERE project = $1", project_id)
    assert (decision["present"], decision["votes_for"], decision["round"]) == (32, 28, 1)
    assert (notice["starts_on"], notice["ends_on"]) == (date(2026, 9, 8), date(2026, 9, 12))


async def test_submit_outside_the_window_is_refused_and_nothing_is_lost(tx: Tx) -> None:
    async with become(tx, CLERK):
        project_id = await draft(tx)
        async with on_day(tx, datetime(2026, 10, 1, 0, 0, tzinfo=SHANGHAI)):
            with pytest.raises(Refused) as caught:
                await intake.submit(tx, project_id)
        assert (caught.value.code, caught.value.facts["opens"]) == ("PRJ-103", date(2027, 3, 1))
        assert (await queries.find(tx, project_id))["draft"]["works"]["asked_fen"] == ["424660"]
        async with on_day(tx, datetime(2026, 9, 30, 23, 59, 59, 999999, tzinfo=SHANGHAI)):
            assert (await intake.submit(tx, project_id))["state"] == "submitted"


async def test_submit_names_every_problem_at_once(tx: Tx) -> None:
    async with become(tx, CLERK):
        project_id = await intake.start(tx, NewForm("白马新村渠道", Category.FARMLAND_WATER))
        await keeping.keep(
            tx,
            project_id,
            "decision",
            typed("decision", present="29", votes_for="29", votes_against="0", abstained="0"),
        )
        await keeping.keep(tx, project_id, "works", typed("works", own_fen="1"))
        with pytest.raises(Invalid) as caught:
            await intake.submit(tx, project_id)
    found = {(p.code, p.field) for p in caught.value.problems}
    assert {
        ("PRJ-123", "present"),
        ("PRJ-141", "estimate_fen"),
        ("PRJ-151", "resolution"),
        ("WEB-101", "goals"),
    } <= found


async def test_a_second_submit_is_refused_by_the_machine(tx: Tx) -> None:
    project_id = await filed(tx)
    async with become(tx, CLERK):
        with pytest.raises(Refused) as caught:
            await intake.submit(tx, project_id)
    assert caught.value.code == "KRN-408"


async def test_only_a_village_files(tx: Tx) -> None:
    town_as_village = actor(Role.VILLAGE_CLERK, NIANLI)
    async with become(tx, town_as_village):
        with pytest.raises(Refused) as caught:
            await intake.start(tx, NewForm("不该有的申报", Category.OTHER))
    assert caught.value.code == "PRJ-102"


async def test_what_was_typed_wrong_is_kept_as_typed(tx: Tx) -> None:
    async with become(tx, CLERK):
        project_id = await intake.start(tx, NewForm("白马新村渠道", Category.FARMLAND_WATER))
        await keeping.keep(tx, project_id, "works", typed("works", asked_fen="四十万", content="短"))
        row = await queries.find(tx, project_id)
        assert row["draft"]["works"]["asked_fen"] == ["四十万"]
        checked = await intake.check(tx, row)
    assert checked.steps == {
        "basics": "partial",
        "works": "problem",
        "benefit": "empty",
        "readiness": "empty",
        "decision": "empty",
        "posting": "empty",
        "papers": "empty",
    }


async def test_returned_application_shows_each_reason_and_may_come_back_after_the_window(tx: Tx) -> None:
    project_id = await filed(tx)
    async with become(tx, TOWN), on_day(tx, datetime(2026, 9, 29, 9, tzinfo=SHANGHAI)):
        seen = await version(tx, project_id)
        moved = await reserve.send_back(
            tx, project_id, seen, [("goals", "指标请写清数量"), ("asked_fen", "申请比例偏高")], ""
        )
    assert (moved["state"], moved["correct_by"]) == ("returned", date(2026, 10, 19))
    async with become(tx, CLERK):
        row = await queries.find(tx, project_id)
        checked = await intake.check(tx, row)
        assert checked.remarked == {"goals": ["指标请写清数量"], "asked_fen": ["申请比例偏高"]}
        assert (checked.steps["benefit"], checked.steps["works"], checked.steps["basics"]) == (
            "remarked",
            "remarked",
            "done",
        )
        async with on_day(tx, datetime(2026, 10, 19, 23, 59, 59, tzinfo=SHANGHAI)):
            again = await intake.submit(tx, project_id)
    assert (again["window"], again["round"], again["receipt"]) == ("2026-09", 2, row["receipt"])


async def test_a_correction_after_its_term_waits_for_the_next_window(tx: Tx) -> None:
    project_id = await filed(tx)
    async with become(tx, TOWN):
        await reserve.send_back(tx, project_id, await version(tx, project_id), [("goals", "请写清")], "")
    async with become(tx, CLERK), on_day(tx, datetime(2026, 10, 20, 0, 0, tzinfo=SHANGHAI)):
        with pytest.raises(Refused) as caught:
            await intake.submit(tx, project_id)
    assert caught.value.code == "PRJ-104"


async def test_return_without_a_reason_is_refused(tx: Tx) -> None:
    project_id = await filed(tx)
    async with become(tx, TOWN):
        with pytest.raises(Refused) as caught:
            await reserve.send_back(tx, project_id, await version(tx, project_id), [], "请修改")
    assert caught.value.code == "PRJ-202"


async def test_the_second_reviewer_is_told_who_was_faster(tx: Tx) -> None:
    project_id = await filed(tx)
    other = actor(Role.TOWNSHIP_CLERK, NIANLI, name="演示乙")
    seen = await version(tx, project_id)
    async with become(tx, other):
        await reserve.pass_on(tx, project_id, seen, "同意")
    async with become(tx, TOWN):
        with pytest.raises(Refused) as caught:
            await reserve.send_back(tx, project_id, seen, [("goals", "请写清")], "")
    assert (caught.value.code, caught.value.facts["who"]) == ("KRN-409", "演示乙")


async def test_another_county_does_not_see_the_project(tx: Tx) -> None:
    project_id = await filed(tx)
    async with become(tx, actor(Role.COUNTY_CLERK, KECHENG)):
        with pytest.raises(Refused) as caught:
            await reserve.admit(tx, project_id, 1, 3, "")
        assert await tx.conn.fetchval("SELECT count(*) FROM projects_project") == 0
    assert caught.value.code == "KRN-404"


async def test_the_township_cannot_admit_and_the_county_cannot_pass(tx: Tx) -> None:
    project_id = await filed(tx)
    async with become(tx, COUNTY):
        with pytest.raises(Refused, match="KRN-403"):
            await reserve.pass_on(tx, project_id, await version(tx, project_id), "")
    async with become(tx, TOWN):
        with pytest.raises(Refused, match="KRN-403"):
            await reserve.admit(tx, project_id, await version(tx, project_id), 3, "")


async def test_refusal_needs_clause_and_reason(tx: Tx) -> None:
    project_id = await passed(tx)
    async with become(tx, COUNTY):
        seen = await version(tx, project_id)
        with pytest.raises(Refused, match="PRJ-204"):
            await reserve.refuse(tx, project_id, seen, "", "行业资金可以覆盖")
        row = await reserve.refuse(tx, project_id, seen, "衢政办发〔2016〕65号 三(一)", "行业资金可以覆盖")
    assert (row["state"], row["closing_clause"]) == ("refused", "衢政办发〔2016〕65号 三(一)")

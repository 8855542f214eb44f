"""One project from a village's draft to finished works, through the public commands only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from house import BAIMA, CITY, KECHENG, NIANLI, NOW, QUJIANG, actor, become
from litestar.datastructures import UploadFile
from project_house import TYPED, picture, shown

from projects import public, queries
from projects.intake import service as intake
from projects.intake.forms import SECTIONS, Category, FileKind, PaperForm
from projects.intake.forms import StartForm as NewForm
from projects.plan import posting
from projects.plan import service as plan
from projects.plan.forms import ExceptionForm, ItemForm, PlanForm
from projects.reserve import service as reserve
from projects.works import procurement
from projects.works import service as works
from projects.works.forms import (
    BidForm,
    CompleteForm,
    ContractForm,
    Method,
    ProcurementForm,
    StartForm,
    StepForm,
)
from projects.works.tender import Kind
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.clock import SHANGHAI
from quzhou_migrants.kernel.errors import Invalid, Refused
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.web.forms import Form, read_raw

CLERK = actor(Role.VILLAGE_CLERK, BAIMA)
TOWN = actor(Role.TOWNSHIP_CLERK, NIANLI)
COUNTY = actor(Role.COUNTY_CLERK, QUJIANG)
LEADER = actor(Role.COUNTY_LEADER, QUJIANG)
INSPECTOR = actor(Role.INSPECTOR, QUJIANG)


@dataclass(frozen=True)
class Award:
    project_id: int
    amount_fen: int
    source: str = "plan"


@asynccontextmanager
async def on_day(tx: Tx, day: datetime) -> AsyncIterator[None]:
    before = (tx.now, tx._policy)
    tx.now, tx._policy = day, None
    yield
    tx.now, tx._policy = before


@asynccontextmanager
async def as_public(tx: Tx) -> AsyncIterator[None]:
    """Act as anybody: no range, only what tables declare public."""
    await tx.conn.execute(
        "SELECT set_config('app.lo','',true), set_config('app.hi','',true), set_config('app.public','1',true)"
    )
    yield
    await tx.conn.execute("SELECT set_config('app.hi','~',true), set_config('app.public','',true)")


def paper(kind: FileKind) -> PaperForm:
    return PaperForm(kind, UploadFile("image/png", f"{kind.value}.png", picture(len(kind.value))))


def typed(section: str, **change: str) -> Form[Any]:
    raw = {k: [v] for k, v in {**TYPED[section], **change}.items()}
    return read_raw(raw, SECTIONS[section], partial=True)


async def draft(tx: Tx) -> int:
    project_id = await intake.start(tx, NewForm("白马新村渠道", Category.FARMLAND_WATER))
    for section in SECTIONS:
        await intake.keep(tx, project_id, section, typed(section))
    for kind in (FileKind.RESOLUTION, FileKind.NOTICE, FileKind.DESIGN):
        form = paper(kind)
        await intake.add_paper(tx, project_id, form)
        await form.paper.close()
    return project_id


async def version(tx: Tx, key: int, table: str = "projects_project") -> int:
    return int(await tx.conn.fetchval(f"SELECT version FROM {table} WHERE id = $1", key))


async def filed(tx: Tx) -> int:
    async with become(tx, CLERK):
        project_id = await draft(tx)
        await intake.submit(tx, project_id)
    return project_id


async def passed(tx: Tx) -> int:
    project_id = await filed(tx)
    async with become(tx, TOWN):
        await reserve.pass_on(tx, project_id, await version(tx, project_id), "同意上报")
    return project_id


async def admitted(tx: Tx) -> int:
    project_id = await passed(tx)
    async with become(tx, COUNTY):
        await reserve.admit(tx, project_id, await version(tx, project_id), 5, "同意入库")
    return project_id


async def awarded(tx: Tx, amount: int = 424_660_00) -> int:
    project_id = await admitted(tx)
    async with become(tx, COUNTY):
        await public.on_awarded(tx, Award(project_id, amount))
    return project_id


def contract(**change: object) -> ContractForm:
    steps = [StepForm("渠道土方", 4000, date(2027, 2, 28)), StepForm("衬砌与涵洞", 6000, date(2027, 5, 31))]
    facts = {
        "number": "QJ-2026-001",
        "method": Method.SMALL_WORKS,
        "contractor": "衢江区演示建设有限公司",
        "credit_code": "91330803MA00000000",
        "amount_fen": 499_610_00,
        "signed_on": date(2026, 9, 16),
        "starts_on": date(2026, 9, 16),
        "ends_on": date(2027, 6, 30),
        "steps": steps,
        "credit_reason": "演示用代码，已核对",
        "supervisor": "",
        **change,
    }
    return ContractForm(**facts)  # type: ignore[arg-type]  # the fields of the form


async def procured(tx: Tx, project_id: int) -> None:
    """Record three bids, of which the contract's firm is the lowest."""
    prices = {"衢江区演示建设有限公司": 499_610_00, "演示市政有限公司": 502_000_00, "演示水利有限公司": 503_000_00}
    bids = [BidForm(name, f"91330803MA0000000{n}", price, won=n == 0) for n, (name, price) in enumerate(prices.items())]
    form = ProcurementForm(
        Kind.WORKS, Method.SMALL_WORKS, 505_000_00, date(2026, 9, 16), bids, await version(tx, project_id),
        credit_reason="演示用代码，已核对",
    )  # fmt: skip
    await procurement.record(tx, project_id, form)


async def begun(tx: Tx, project_id: int) -> None:
    """Record bids, sign, and start with the own money in place and a picture of the untouched site."""
    await procured(tx, project_id)
    await works.sign(tx, project_id, contract())
    photo = UploadFile("image/png", "before.png", picture())
    day, own = date(2026, 9, 16), 74_950_00
    await works.start(tx, project_id, StartForm(day, await version(tx, project_id), own, photos=[photo]))


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
        await intake.keep(
            tx,
            project_id,
            "decision",
            typed("decision", present="29", votes_for="29", votes_against="0", abstained="0"),
        )
        await intake.keep(tx, project_id, "works", typed("works", own_fen="1"))
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
        await intake.keep(tx, project_id, "works", typed("works", asked_fen="四十万", content="短"))
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

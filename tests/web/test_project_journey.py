"""Village, township, county and leader in a real Chromium: from the first form to finished works."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from house import BAIMA, NIANLI, QUJIANG, Database, actor, make_account
from live import DESK, browsing, looked_at, serving
from project_house import TYPED, picture, show_for_good

from projects import public
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.accounts.sessions import COOKIE, open_session
from quzhou_migrants.kernel import pg
from quzhou_migrants.kernel.db import ENGINE, close_pool, open_pool
from quzhou_migrants.kernel.tx import begin

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
PEOPLE = {
    "village": (Role.VILLAGE_CLERK, BAIMA),
    "town": (Role.TOWNSHIP_CLERK, NIANLI),
    "colleague": (Role.TOWNSHIP_CLERK, NIANLI),
    "county": (Role.COUNTY_CLERK, QUJIANG),
    "leader": (Role.COUNTY_LEADER, QUJIANG),
}
BIDS = {
    "kind": "works", "control_fen": "505000", "opened_on": "2026-09-16", "credit_reason": "演示用代码，已核对",
    "bids.0.bidder": "衢江区演示建设有限公司", "bids.0.credit_code": "91330803MA00000000", "bids.0.price_fen": "499610",
    "bids.1.bidder": "演示市政有限公司", "bids.1.credit_code": "91330803MA00000001", "bids.1.price_fen": "502000",
}  # fmt: skip
LAST_BID = {
    "bids.2.bidder": "演示水利有限公司", "bids.2.credit_code": "91330803MA00000002", "bids.2.price_fen": "503000",
}  # fmt: skip
CONTRACT = {
    "number": "QJ-2026-001", "contractor": "衢江区演示建设有限公司", "credit_code": "91330803MA00000000",
    "amount_fen": "499610", "signed_on": "2026-09-16", "starts_on": "2026-09-16", "ends_on": "2027-06-30",
    "credit_reason": "演示用代码，已核对", "steps.0.title": "渠道土方", "steps.0.weight_bp": "40",
    "steps.0.planned_on": "2027-02-28", "steps.1.title": "衬砌与涵洞", "steps.1.weight_bp": "60",
    "steps.1.planned_on": "2027-05-31",
}  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desks(server, template, tmp_path_factory):
    """One server, one browser, one window for each person."""
    name = "projects_in_a_browser"
    server.drop_database(name)
    db = Database(name, server.create_database(name, template), server.dsn(pg.APP, name))
    people = {who: await make_account(db, role, place) for who, (role, place) in PEOPLE.items()}
    ENGINE.configure(db.app)
    await open_pool(size=2)
    tokens = {who: await open_session(user, "test") for who, user in people.items()}
    async with serving(db) as url, browsing() as chromium:
        windows = {}
        for who, token in tokens.items():
            window = await chromium.new_context(viewport=DESK, locale="zh-CN", base_url=url, bypass_csp=True)
            await window.add_cookies([{"name": COOKIE, "value": token, "url": url}])
            windows[who] = await window.new_page()
        yield windows
    await close_pool()
    server.drop_database(name)


@pytest.fixture(scope="module")
def paper(tmp_path_factory) -> Path:
    """A picture of a paper."""
    path = tmp_path_factory.mktemp("papers") / "photo.png"
    path.write_bytes(picture())
    return path


async def fill(page: Any, fields: dict[str, str]) -> None:
    """Fill a form as a person does."""
    for name, value in fields.items():
        field = page.locator(f'[name="{name}"]').first
        if await field.evaluate("(e) => e.tagName") == "SELECT":
            await field.select_option(value)
        elif await field.get_attribute("type") == "radio":
            await page.check(f'[name="{name}"][value="{value}"]')
        else:
            await field.fill(value)


async def press(page: Any, label: str, *, sure: bool = False) -> None:
    """Press a button of the page, and confirm the question when one is asked."""
    await page.get_by_role("button", name=label, exact=True).last.click()
    if sure:
        await page.locator("dialog .btn-primary").click()
        await page.wait_for_selector("dialog", state="detached")
    await page.wait_for_load_state()


async def award_and_see(project_id: int, *, seen: bool) -> None:
    """Money and progress come from other packages; here through the same public functions."""

    class Award:
        amount_fen, source = 424_660_00, "plan"

    Award.project_id = project_id  # type: ignore[attr-defined]
    async with begin(actor(Role.COUNTY_CLERK, QUJIANG), request_id=f"award-{seen}") as tx:
        if seen:
            steps = await public.milestones(tx, project_id)
            await public.record_progress(tx, project_id, {m["id"]: 10_000 for m in steps})
        else:
            await public.on_awarded(tx, Award())  # type: ignore[arg-type]


async def test_a_project_from_the_first_form_to_the_reserve(desks, paper):
    village = desks["village"]
    await village.goto("/projects/new")
    await looked_at(village)
    await village.fill("#title", "白马新村渠道")
    await village.select_option("#category", "farmland_water")
    await press(village, "建立草稿")
    tasks = village.url
    await looked_at(village)
    assert "申报尚未提交" in await village.inner_text("main")
    for section, fields in TYPED.items():
        await village.goto(f"{tasks}/{section}")
        await fill(village, fields)
        if section == "works":
            await village.wait_for_selector(".saved:has-text('自动保存'):not(:has-text('修改后'))")
        await looked_at(village)
        await press(village, "保存并继续")
    await village.goto(f"{tasks}/decision")
    await fill(village, {"present": "29"})
    await press(village, "保存并继续")
    assert "到会不得少于2/3，即30人" in await village.inner_text("main")
    await looked_at(village)
    await fill(village, {"present": "32"})
    await press(village, "保存并继续")
    for kind in ("resolution", "notice", "design"):
        await village.goto(f"{tasks}/papers")
        await village.select_option("#kind", kind)
        await village.set_input_files("#paper", paper)
        await press(village, "上传")
    await looked_at(village)
    await village.goto(tasks.replace("apply", "submit"))
    await looked_at(village)
    await village.check("#declare")
    await press(village, "提交申报", sure=True)
    await village.wait_for_url("**/receipt")
    assert "202609-330803-" in await village.inner_text("main")
    await looked_at(village)


async def test_the_township_returns_and_the_slower_colleague_is_told(desks):
    town, colleague, village = desks["town"], desks["colleague"], desks["village"]
    await town.goto("/home")
    await looked_at(town)
    await town.get_by_role("link", name="白马新村灌溉渠道修复工程").click()
    await colleague.goto(town.url)
    await looked_at(town)
    goals = town.locator(".answers__row:has(input[value=goals])")
    await goals.locator("summary").click()
    await goals.locator("textarea").fill("请写明满意度的调查方式")
    await press(town, "退回补正", sure=True)
    await town.wait_for_url("**/reserve/queue")
    await looked_at(town)
    await colleague.get_by_label("审查意见").fill("同意上报")
    await press(colleague, "审查通过，转县级核准")
    assert "这份申报刚刚已由他人处理" in await colleague.inner_text("main")
    assert "同意上报" in await colleague.inner_text("main")
    await looked_at(colleague)
    await village.goto("/home")
    await village.get_by_role("link", name="白马新村灌溉渠道修复工程").click()
    await looked_at(village)
    await village.get_by_role("link", name="绩效目标").click()
    assert "退回意见：请写明满意度的调查方式" in await village.locator(".field--bad").inner_text()
    await village.fill("#goals", "改善灌溉面积三百亩，由村监委入户调查，满意度百分之九十五以上。")
    await press(village, "保存并继续")
    await village.goto(village.url.split("/apply")[0] + "/submit")
    await village.check("#declare")
    await press(village, "提交申报", sure=True)
    await village.wait_for_url("**/receipt")


async def test_the_county_admits_plans_and_a_leader_approves(desks):
    town, county, leader = desks["town"], desks["county"], desks["leader"]
    await town.goto("/reserve/queue")
    await town.get_by_role("link", name="白马新村灌溉渠道修复工程").click()
    await press(town, "审查通过，转县级核准")
    await county.goto("/reserve/queue")
    await county.get_by_role("link", name="白马新村灌溉渠道修复工程").click()
    await looked_at(county)
    await press(county, "核准入库")
    await county.goto("/reserve")
    assert "2031-09-16" in await county.inner_text("main")
    await looked_at(county)
    await county.goto("/plan/new")
    await fill(county, {"title": "衢江区2027年度项目计划", "money_fen": "1000000", "money_source": "2026年第一批"})
    await looked_at(county)
    await press(county, "建立计划")
    await looked_at(county)
    await county.check("[name='picks.0.take']")
    await press(county, "列入所选")
    assert "42.466 万元" in await county.inner_text(".stats")
    await looked_at(county)
    await show_for_good(int(county.url.split("?")[0].rsplit("/", 1)[1]), actor(Role.COUNTY_CLERK, QUJIANG))
    await leader.goto(county.url)
    await fill(leader, {"doc_no": "衢江移〔2026〕9号", "departure": "储备库中产业和创业致富项目不足"})
    await press(leader, "批复计划", sure=True)
    await leader.wait_for_selector("text=衢江移〔2026〕9号")
    await looked_at(leader)


async def its_project(page: Any) -> tuple[str, int]:
    """Open the project from the list: its address and its number."""
    await page.goto("/projects")
    await looked_at(page)
    await page.get_by_role("link", name="白马新村灌溉渠道修复工程").click()
    await page.wait_for_url("**/projects/*")
    return page.url, int(page.url.rsplit("/", 1)[1])


async def test_the_contractor_is_found_and_the_contract_signed(desks):
    village = desks["village"]
    project, number = await its_project(village)
    await award_and_see(number, seen=False)
    await village.goto(f"{project}/procurement")
    await fill(village, BIDS)
    await village.check("[name='bids.0.won']")
    await village.select_option("#method", "small_works")
    await press(village, "保存发包记录")
    assert "PRJ-453" in await village.inner_text("main")
    await looked_at(village)
    await fill(village, LAST_BID)
    await press(village, "保存发包记录")
    await village.wait_for_url("**/contract")
    assert await village.input_value("[name=contractor]") == "衢江区演示建设有限公司"
    await fill(village, {**CONTRACT, "amount_fen": "499610.01"})
    await press(village, "登记合同")
    assert "PRJ-412" in await village.inner_text("main")
    await looked_at(village)
    await fill(village, {"amount_fen": "499610"})
    await press(village, "登记合同")


async def test_the_works_are_built(desks, paper):
    village = desks["village"]
    project, number = await its_project(village)
    await village.goto(f"{project}/start")
    await fill(village, {"own_paid_fen": "74950"})
    await press(village, "登记开工")
    assert "PRJ-466" in await village.inner_text("main")
    await looked_at(village)
    await village.set_input_files("#photos", files=[paper])
    await press(village, "登记开工")
    await village.wait_for_url(project + "*")
    await village.goto(f"{project}/works")
    await looked_at(village)
    await village.goto(f"{project}/complete")
    await fill(village, {"note": "全部完工"})
    await press(village, "申报完工")
    assert "PRJ-404" in await village.inner_text("main")
    await award_and_see(number, seen=True)
    await village.goto(f"{project}/complete")
    await fill(village, {"note": "全部完工"})
    await press(village, "申报完工")

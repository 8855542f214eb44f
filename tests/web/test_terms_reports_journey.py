"""County clerk and leader in a real Chromium: a pool is filled, a share nobody asked for goes back, reports tie."""

from __future__ import annotations

import os
from datetime import date, datetime
from typing import Any

import pytest
import pytest_asyncio
from house import CITY, KECHENG, NOW, VILLAGE, Database, actor, make_account
from live import DESK, browsing, looked_at, serving
from money_house import a_project, batch_form, book

from allocation.budget import ledger
from allocation.budget import service as budget
from allocation.budget.ledger import Share
from allocation.terms import service as terms
from allocation.terms.forms import FillForm, PoolForm
from allocation.terms.rules import Purpose
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.accounts.sessions import COOKIE, open_session
from quzhou_migrants.kernel import pg
from quzhou_migrants.kernel.clock import SHANGHAI
from quzhou_migrants.kernel.db import ENGINE, close_pool, open_pool
from quzhou_migrants.kernel.tx import begin

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
SHOTS = os.environ.get("SCREENSHOTS")
WAN = 1_000_000
PEOPLE = {"clerk": Role.COUNTY_CLERK, "leader": Role.COUNTY_LEADER}


async def _past() -> None:
    """What lies behind the journey: money of 2024 and 2026, a share whose day for applications is over."""
    clerk, county = actor(Role.CITY_CLERK, CITY), actor(Role.COUNTY_CLERK, KECHENG)
    for day, fen in ((date(2024, 3, 1), 100 * WAN), (date(2026, 2, 1), 80 * WAN)):
        async with begin(clerk, request_id="t", at=datetime(day.year, day.month, day.day, 9, tzinfo=SHANGHAI)) as tx:
            form = batch_form(
                doc_no=f"浙财农〔{day.year}〕7号", issued_on=day, total_fen=fen, cash_fen=0, project_fen=fen
            )
            batch = await budget.draft_batch(tx, form)
            await book(tx, batch)
            shares = [Share(KECHENG, 0, fen - 10 * WAN)]
            await ledger.pass_down(tx, f"down:{batch}", batch, CITY, shares, source=("allocation_batch", batch))
    async with begin(county, request_id="t", at=datetime(2025, 4, 1, 9, tzinfo=SHANGHAI)) as tx:
        form = PoolForm(VILLAGE, Purpose.SHARE, "演示村切块资金", "柯移〔2025〕4号", 3, date(2026, 3, 31))
        pool = await terms.open_pool(tx, form)
        await terms.fill_pool(tx, pool, FillForm(12 * WAN, "柯移〔2025〕5号"))
    async with begin(county, request_id="t", at=NOW) as tx:
        await a_project(tx, title="演示村电商服务点", category="industry", way="e_commerce", asked_fen=5 * WAN)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desks(server, template):
    """One server, one browser, one window for each person."""
    name = "terms_in_a_browser"
    server.drop_database(name)
    db = Database(name, server.create_database(name, template), server.dsn(pg.APP, name))
    people = {who: await make_account(db, role, KECHENG) for who, role in PEOPLE.items()}
    ENGINE.configure(db.app)
    await open_pool(size=2)
    tokens = {who: await open_session(user, "test") for who, user in people.items()}
    await _past()
    async with serving(db) as url, browsing() as chromium:
        windows: dict[str, Any] = {}
        for who, token in tokens.items():
            window = await chromium.new_context(viewport=DESK, locale="zh-CN", base_url=url, bypass_csp=True)
            await window.add_cookies([{"name": COOKIE, "value": token, "url": url}])
            window.set_default_timeout(10_000)
            windows[who] = await window.new_page()
        yield windows
    await close_pool()
    server.drop_database(name)


async def press(page: Any, label: str, *, sure: bool = False) -> None:
    """Press a button, confirm the question when one is asked."""
    await page.get_by_role("button", name=label, exact=True).last.click()
    if sure:
        await page.locator("dialog .btn-primary").click()
        await page.wait_for_selector("dialog", state="detached")
    await page.wait_for_load_state()


async def test_money_with_a_term_and_the_reports_of_it(desks) -> None:
    clerk, leader = desks["clerk"], desks["leader"]
    await _share_goes_back(clerk, leader)
    await _pool_grows(clerk)
    await _surplus(clerk)
    await _reports(leader)


async def _share_goes_back(clerk: Any, leader: Any) -> None:
    await clerk.goto("/home")
    assert "演示村切块资金" in await clerk.inner_text("main")
    await clerk.goto("/terms/pools")
    await looked_at(clerk, "pools")
    await clerk.get_by_role("link", name="演示村切块资金").click()
    await clerk.get_by_role("link", name="拟办收回").click()
    await clerk.fill("#amount_fen", "13万")
    await clerk.fill("#reason", "没有项目申报")
    await press(clerk, "拟办收回")
    assert "ALC-168" in await clerk.inner_text(".errors")
    assert await clerk.input_value("#reason") == "没有项目申报"
    await clerk.fill("#amount_fen", "7万")
    await press(clerk, "拟办收回")
    await leader.goto("/home")
    await leader.get_by_role("link", name="收回重新统筹 70,000.00 元待审批").click()
    await looked_at(leader, "takeback")
    await leader.fill("#doc_no", "柯移〔2026〕30号")
    await leader.fill("#doc_on", "2026-09-15")
    await press(leader, "批准收回", sure=True)
    await looked_at(leader, "takeback-done")
    assert "浙财农〔2024〕7号" in await leader.inner_text("main")
    await clerk.goto("/terms/pools")
    await clerk.get_by_role("link", name="演示村切块资金").click()
    await looked_at(clerk, "pool")
    assert "50,000.00" in await clerk.inner_text(".stats")


async def _pool_grows(clerk: Any) -> None:
    await clerk.goto("/terms/pools/new")
    await looked_at(clerk, "pool-new")
    await clerk.select_option("#division", label="石梁镇")
    await clerk.check("input[name=purpose][value=startup]")
    await clerk.fill("#title", "石梁镇创业致富统筹资金")
    await clerk.fill("#doc_no", "柯移〔2026〕31号")
    await clerk.fill("#years", "2")
    await press(clerk, "设立")
    assert "ALC-160" in await clerk.inner_text(".errors")
    await clerk.fill("#years", "3")
    await press(clerk, "设立")
    await clerk.get_by_role("link", name="注入资金").click()
    await clerk.fill("#amount_fen", "20万")
    await clerk.fill("#doc_no", "柯移〔2026〕32号")
    await press(clerk, "确认注入", sure=True)
    await clerk.get_by_role("link", name="安排项目").click()
    await clerk.select_option("#project", index=1)
    await clerk.fill("#amount_fen", "5万")
    await press(clerk, "确认安排", sure=True)
    assert "150,000.00" in await clerk.inner_text(".stats")


async def _surplus(clerk: Any) -> None:
    await clerk.goto("/terms")
    await looked_at(clerk, "terms")
    await clerk.get_by_role("link", name="650,000.00").first.click()
    await looked_at(clerk, "clock")
    await clerk.fill("#reason", "下达满两年仍未安排")
    await press(clerk, "拟办收回")
    assert "结余上缴" in await clerk.inner_text("main")


async def _reports(leader: Any) -> None:
    for by in ("county", "township", "batch", "project", "category", "quarter&booked="):
        await leader.goto(f"/reports/use?by={by}")
        if by in {"project", "quarter&booked="}:
            await looked_at(leader, f"use-{by[:8]}")
        assert "1,600,000.00" in await leader.inner_text(".stats")
    await leader.goto("/reports/use?by=township")
    row = leader.get_by_role("row").filter(has_text="石梁镇")
    shown = await row.get_by_role("link").nth(1).inner_text()
    await row.get_by_role("link").nth(1).click()
    await looked_at(leader, "behind")
    assert shown in await leader.inner_text(".stats")
    for page in ("plan", "idle"):
        await leader.goto(f"/reports/{page}")
        await looked_at(leader, page)
    paper = await leader.request.get("/reports/idle.pdf")
    assert (await paper.body())[:5] == b"%PDF-"
    await leader.goto("/reports/use")
    await leader.select_option("#f-by", "batch")
    await leader.wait_for_url("**by=batch**")
    assert "浙财农〔2026〕7号" in await leader.inner_text("main")

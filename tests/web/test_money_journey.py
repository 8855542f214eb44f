"""City clerk, city leader and county clerk in a real Chromium: from the notice of money to a project's award."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from house import CITY, KECHENG, NOW, Database, make_account
from live import DESK, browsing, looked_at, serving
from money_house import a_project

from allocation.recompute import recompute_split
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.accounts.sessions import COOKIE, open_session
from quzhou_migrants.kernel import pg
from quzhou_migrants.kernel.actor import SYSTEM
from quzhou_migrants.kernel.db import ENGINE, close_pool, open_pool
from quzhou_migrants.kernel.tx import begin

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
PEOPLE = {
    "clerk": (Role.CITY_CLERK, CITY), "leader": (Role.CITY_LEADER, CITY), "county": (Role.COUNTY_CLERK, KECHENG),
}  # fmt: skip
NOTICE = {
    "doc_no": "浙财农〔2026〕11号", "title": "关于下达2026年后期扶持资金的通知", "issued_on": "2026-09-01",
    "total_fen": "15865.84万", "cash_fen": "3073.9万", "project_fen": "12792.04万",
}  # fmt: skip
VALUES = {"移民人口": ("3120", "28826"), "人均财力（反向因素）": ("21000", "9800"), "绩效评价得分": ("88.5", "92")}
POOL = 127_920_400_00


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desks(server, template):
    """One server, one browser, one window for each person, one planned project."""
    name = "money_in_a_browser"
    server.drop_database(name)
    db = Database(name, server.create_database(name, template), server.dsn(pg.APP, name))
    people = {who: await make_account(db, role, place) for who, (role, place) in PEOPLE.items()}
    ENGINE.configure(db.app)
    await open_pool(size=2)
    tokens = {who: await open_session(user, "test") for who, user in people.items()}
    async with begin(SYSTEM, request_id="t", at=NOW) as tx:
        project = await a_project(tx, title="演示村道路硬化", asked_fen=480_000_00, estimate_fen=500_000_00)
    async with serving(db) as url, browsing() as chromium:
        windows: dict[str, Any] = {"project": project}
        for who, token in tokens.items():
            window = await chromium.new_context(viewport=DESK, locale="zh-CN", base_url=url, bypass_csp=True)
            await window.add_cookies([{"name": COOKIE, "value": token, "url": url}])
            windows[who] = await window.new_page()
        yield windows
    await close_pool()
    server.drop_database(name)


async def press(page: Any, label: str, *, sure: bool = False) -> None:
    """Press a button, confirm the question when one is asked, and look at what follows."""
    await page.get_by_role("button", name=label, exact=True).last.click()
    if sure:
        await page.locator("dialog .btn-primary").click()
        await page.wait_for_selector("dialog", state="detached")
    await page.wait_for_load_state()
    await looked_at(page)


async def test_a_notice_becomes_shares_and_a_share_becomes_an_award(desks, tmp_path) -> None:
    clerk, leader, county = desks["clerk"], desks["leader"], desks["county"]
    batch = await _book(clerk, leader)
    run = await _split(clerk, leader, batch)
    await leader.goto("/home")
    assert "待审批" in await leader.inner_text("main")
    await leader.goto(run)
    await press(leader, "审批通过并下达", sure=True)
    assert "资金已下达" in await leader.inner_text("main")
    await _checked_by_a_stranger(county, run, tmp_path)
    await _award(county, desks["project"])


async def _book(clerk: Any, leader: Any) -> str:
    await clerk.goto("/funds/new")
    await looked_at(clerk)
    for name, value in NOTICE.items():
        await clerk.fill(f"#{name}", value)
    await clerk.select_option("#level", "province")
    await clerk.select_option("#fund_kind", "later_support")
    await press(clerk, "保存草稿")
    slips = await clerk.inner_text(".errors")
    assert "ALC-110" in slips  # half a person
    assert "ALC-111" in slips  # parts do not add up
    await clerk.fill("#cash_fen", "3073.8万")
    await press(clerk, "保存草稿")
    await press(clerk, "送核对", sure=True)
    await leader.goto(str(clerk.url))
    await press(leader, "核对入账", sure=True)
    await clerk.reload()
    assert "51,230 人" in await clerk.inner_text("main")
    return str(clerk.url)


async def _split(clerk: Any, leader: Any, batch: str) -> str:
    await clerk.goto("/factor/schemes/new")
    await clerk.fill("#title", "2026年因素法分配方案")
    await clerk.fill("[id='factors.0.weight_bp']", "75")
    await press(clerk, "保存为新方案")
    assert "ALC-201" in await clerk.inner_text(".errors")  # weights of 110 were found on a real form
    await clerk.fill("[id='factors.0.weight_bp']", "65")
    await press(clerk, "保存为新方案")
    assert await clerk.get_by_role("button", name="批准使用").count() == 0
    await leader.goto(str(clerk.url))
    await press(leader, "批准使用", sure=True)
    await clerk.goto(batch)
    await clerk.get_by_role("link", name="按因素法分配").click()
    await looked_at(clerk)
    await press(clerk, "下一步：填报数据")
    run = str(clerk.url).removesuffix("/data")
    await clerk.goto(run)
    assert "ALC-210" in await clerk.inner_text(".notice--bad")
    await clerk.goto(f"{run}/data")
    for factor, values in VALUES.items():
        for n, value in enumerate(values):
            await clerk.locator(f"input[aria-label$='：{factor}']").nth(n).fill(value)
    await clerk.fill("#source", "2025年移民统计年报")
    await clerk.fill("#as_of", "2025-12-31")
    await press(clerk, "保存数据")
    await clerk.fill("#remark", "名册补录中，以统计年报为准。")
    await press(clerk, "冻结数据和方案，提交审批", sure=True)
    assert await clerk.get_by_role("button", name="审批通过并下达").count() == 0
    return run


async def _checked_by_a_stranger(county: Any, run: str, folder: Path) -> None:
    await county.goto(run)
    await looked_at(county)
    async with county.expect_download() as coming:
        await county.get_by_role("link", name="导出重算文件").click()
    file = folder / "run.json"
    await (await coming.value).save_as(file)
    printed = recompute_split(file)
    await county.goto(f"{run}/working")
    await looked_at(county)
    shown = await county.inner_text("main")
    assert "127,920,400.00" in printed
    for line in printed.splitlines():
        if line[:4] == "3308":
            assert line.split()[-1] in shown


async def _award(county: Any, project: int) -> None:
    await county.goto("/awards/waiting")
    await looked_at(county)
    await county.get_by_role("link", name="安排资金", exact=True).click()
    await county.fill("#amount_fen", "480000.01")
    await press(county, "确认安排", sure=True)
    assert "ALC-121" in await county.inner_text(".errors")
    await county.fill("#amount_fen", "48万")
    await press(county, "确认安排", sure=True)
    await county.locator(f"table a[href*='project={project}'][href*='kinds=awarded,']").click()
    await looked_at(county)
    assert "480,000.00" in await county.inner_text("table")
    await county.goto("/funds")
    await looked_at(county)
    await county.goto("/factor/shares")
    await looked_at(county)

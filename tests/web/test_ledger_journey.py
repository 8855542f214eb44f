"""City and county in a real Chromium: bound money booked, passed down by documents to a township, a month closed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
import pytest_asyncio
from house import CITY, KECHENG, Database, actor, make_account
from live import DESK, browsing, looked_at, serving
from money_house import batch_form, book

from allocation.budget import service
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.accounts.sessions import COOKIE, open_session
from quzhou_migrants.kernel import pg
from quzhou_migrants.kernel.clock import SHANGHAI
from quzhou_migrants.kernel.db import ENGINE, close_pool, open_pool
from quzhou_migrants.kernel.tx import begin

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
PEOPLE = {
    "clerk": (Role.CITY_CLERK, CITY),
    "leader": (Role.CITY_LEADER, CITY),
    "county": (Role.COUNTY_CLERK, KECHENG),
    "head": (Role.COUNTY_LEADER, KECHENG),
}
LONG_AGO = datetime(2025, 11, 5, 10, tzinfo=SHANGHAI)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desks(server, template):
    """One server, one browser, one window for each person; a batch of last year that nobody touched."""
    name = "ledger_in_a_browser"
    server.drop_database(name)
    db = Database(name, server.create_database(name, template), server.dsn(pg.APP, name))
    people = {who: await make_account(db, role, place) for who, (role, place) in PEOPLE.items()}
    ENGINE.configure(db.app)
    await open_pool(size=2)
    tokens = {who: await open_session(user, "test") for who, user in people.items()}
    async with begin(actor(Role.CITY_CLERK, CITY), request_id="t", at=LONG_AGO) as tx:
        form = batch_form(doc_no="浙财农〔2025〕40号", issued_on=LONG_AGO.date())
        await book(tx, await service.draft_batch(tx, form))
    async with serving(db) as url, browsing() as chromium:
        windows: dict[str, Any] = {}
        for who, token in tokens.items():
            window = await chromium.new_context(viewport=DESK, locale="zh-CN", base_url=url, bypass_csp=True)
            await window.add_cookies([{"name": COOKIE, "value": token, "url": url}])
            windows[who] = await window.new_page()
        yield windows
    await close_pool()
    server.drop_database(name)


async def press(page: Any, label: str, *, sure: bool = False) -> None:
    """Press a button and confirm the question when one is asked."""
    await page.get_by_role("button", name=label, exact=True).last.click()
    if sure:
        await page.locator("dialog .btn-primary").click()
        await page.wait_for_selector("dialog", state="detached")
    await page.wait_for_load_state()


async def test_money_goes_down_to_a_township_and_a_month_is_closed(desks) -> None:
    clerk, leader, county, head = (desks[who] for who in PEOPLE)
    batch = await _book(clerk, leader)
    split = await _pass_down(clerk, leader, batch)
    await county.goto(split)
    shown = await county.inner_text("main")
    assert "柯城区" in shown
    assert "衢江区" not in shown  # a county reads its own line of the city's document
    await _to_the_township(county, head, batch)
    await _close(clerk)


async def _book(clerk: Any, leader: Any) -> str:
    await clerk.goto("/funds/new")
    facts = {
        "doc_no": "浙财农〔2026〕21号",
        "title": "2026年第二批",
        "issued_on": "2026-09-01",
        "total_fen": "8532.56万",
        "cash_fen": "3.96万",
        "project_fen": "8528.6万",
        "upper_doc_no": "财农〔2026〕9号",
    }
    for name, value in facts.items():
        await clerk.fill(f"#{name}", value)
    await clerk.select_option("#level", "central")
    await clerk.select_option("#fund_kind", "central")
    await press(clerk, "保存草稿")
    await clerk.fill("#amount_fen", "9000万")
    await clerk.locator("#title").fill("库区和移民安置区重点项目")
    await clerk.fill("#place", "柯城区")
    await press(clerk, "登记专项")
    assert "ALC-130" in await clerk.inner_text(".errors, .field__error")
    await clerk.fill("#amount_fen", "3000万")
    await press(clerk, "登记专项")
    await looked_at(clerk, "batch-draft")
    await press(clerk, "送核对", sure=True)
    assert await clerk.get_by_role("button", name="核对入账").count() == 0
    await leader.goto(str(clerk.url))
    await looked_at(leader, "batch-check")
    await press(leader, "核对入账", sure=True)
    await clerk.reload()
    assert "专项可安排" in await clerk.inner_text("main")
    await looked_at(clerk, "batch")
    return str(clerk.url)


async def _pass_down(clerk: Any, leader: Any, batch: str) -> str:
    await clerk.get_by_role("link", name="分解下达").click()
    await clerk.wait_for_load_state()
    await clerk.fill("#doc_no", "衢移〔2026〕12号")
    await clerk.fill("#title", "关于分解下达2026年第二批资金的通知")
    await clerk.fill("#issued_on", "2026-09-05")
    await clerk.locator("[name='lines.0.cash_fen']").fill("3.97万")
    await clerk.locator("[name='lines.0.project_fen']").fill("4000万")
    await clerk.locator("[name='lines.1.project_fen']").fill("1000万")
    await clerk.locator("[aria-label^='柯城区：专项']").fill("3000万")
    await looked_at(clerk, "split-edit")
    await press(clerk, "保存草稿")
    slips = await clerk.inner_text(".errors")
    assert "ALC-110" in slips  # half a person
    assert "ALC-137" in slips  # more than the batch's cash
    assert await clerk.input_value("[name='lines.1.project_fen']") == "1000万"
    await clerk.locator("[name='lines.0.cash_fen']").fill("3.96万")
    await press(clerk, "保存草稿")
    assert await clerk.get_by_role("button", name="签发下达").count() == 0
    await leader.goto(str(clerk.url))
    await press(leader, "签发下达", sure=True)
    assert "已下达" in await leader.inner_text("main")
    await looked_at(leader, "split")
    return str(leader.url)


async def _to_the_township(county: Any, head: Any, batch: str) -> None:
    await county.goto(batch)
    await county.get_by_role("link", name="分解下达").click()
    await county.wait_for_load_state()
    await county.fill("#doc_no", "柯移〔2026〕3号")
    await county.fill("#title", "关于分解下达乡镇资金的通知")
    await county.fill("#issued_on", "2026-09-08")
    await county.locator("[aria-label='石梁镇：项目资金']").fill("500万")
    await press(county, "保存草稿")
    await head.goto(str(county.url))
    await press(head, "签发下达", sure=True)
    await head.goto("/funds/pools")
    assert "5,000,000.00" in await head.inner_text("main")
    await looked_at(head, "pools")
    await head.get_by_role("link", name="5,000,000.00").first.click()
    await head.wait_for_load_state()
    assert "5,000,000.00 元" in await head.inner_text(".stats")
    await looked_at(head, "entries")


async def _close(clerk: Any) -> None:
    await clerk.goto("/closings")
    await clerk.select_option("#period", "2025-11")
    await looked_at(clerk, "closings")
    await press(clerk, "结账", sure=True)
    await looked_at(clerk, "closing")
    assert "60,000,000.00" in await clerk.inner_text("main")
    await clerk.get_by_role("link", name="60,000,000.00").last.click()
    await clerk.wait_for_load_state()
    assert "60,000,000.00 元" in await clerk.inner_text(".stats")

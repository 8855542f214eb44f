"""Review in a real Chromium: rank by dragging and by keys, decide in bulk, compare, appeal, file to the city."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from house import BAIMA, CITY, NIANLI, NOW, QUJIANG, Database, make_account
from live import DESK, PHONE, browsing, look, serving

from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.accounts.sessions import COOKIE, open_session
from quzhou_migrants.kernel import pg
from quzhou_migrants.kernel.db import ENGINE, close_pool, connect_arguments, open_pool

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
PEOPLE = {
    "village": (Role.VILLAGE_CLERK, BAIMA),
    "town": (Role.TOWNSHIP_CLERK, NIANLI),
    "county": (Role.COUNTY_CLERK, QUJIANG),
    "leader": (Role.COUNTY_LEADER, QUJIANG),
    "city": (Role.CITY_CLERK, CITY),
}
NAMES = ("甲村渠道", "乙村道路", "丙村亭子")
_INSERT = """
INSERT INTO projects_project (code, division_code, title, category, state, asked_fen, estimate_fen, migrants,
  beneficiaries, round, "window", submitted_at)
SELECT 'J-' || n, $1, t, 'ecology', 'submitted', 10000000 * n, 10000000 * n, 100, 120, 1, '2026-09',
  $2::timestamptz + n * interval '1 minute' FROM unnest($3::text[]) WITH ORDINALITY AS x (t, n)
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desks(server, template):
    """One server, one browser, one window for each person; three applications of one township."""
    name = "reserve_in_a_browser"
    server.drop_database(name)
    db = Database(name, server.create_database(name, template), server.dsn(pg.APP, name))
    people = {who: await make_account(db, role, place) for who, (role, place) in PEOPLE.items()}
    owner = await asyncpg.connect(**connect_arguments(db.owner))
    await owner.execute(_INSERT, BAIMA, NOW, list(NAMES))
    await owner.close()
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


async def press(page: Any, label: str, *, sure: bool = False) -> None:
    """Press a button, and confirm the question when one is asked; wait for the answer."""
    button = page.get_by_role("button", name=label, exact=True).last
    if sure:
        await button.click()
        button = page.locator("dialog .btn-primary")
    async with page.expect_response(lambda answer: answer.request.method == "POST"):
        await button.click()
    await page.wait_for_load_state()


async def narrow(page: Any) -> None:
    """Nothing sticks out on a phone."""
    await page.set_viewport_size(PHONE)
    assert await page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, page.url
    await page.set_viewport_size(DESK)


async def order(page: Any) -> list[str]:
    """Read the order as it stands."""
    return await page.locator(".order__what a").all_inner_texts()


async def saved(page: Any, act: Any) -> None:
    """Do something that the page saves by itself, and wait until it has."""
    async with page.expect_response(lambda answer: answer.url.endswith("/order")):
        await act
    await page.wait_for_function("!document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling')")


async def test_a_township_ranks_by_keys_by_dragging_and_by_buttons(desks):
    a, b, c = NAMES
    county, town = desks["county"], desks["town"]
    await county.goto("/reserve/quotas/new")
    await county.select_option("#township", NIANLI)
    await county.fill("#amount_fen", "200000")
    await press(county, "设定额度")
    page = county.url
    await town.goto(page)
    assert "已上报" not in await town.inner_text("h1")
    await town.locator(".order__row").nth(2).focus()
    await saved(town, town.keyboard.press("Alt+ArrowUp"))
    assert await order(town) == [a, c, b]
    assert await town.evaluate("document.activeElement.getAttribute('aria-label')") == f"第2位，{c}"
    await saved(
        town,
        town.drag_and_drop(
            f".order__row:has-text('{b}')", f".order__row:has-text('{a}')", target_position={"x": 60, "y": 4}
        ),
    )
    assert await order(town) == [b, a, c]
    await saved(town, town.get_by_role("button", name=f"下移{b}").click())
    assert await order(town) == [a, b, c]
    await town.reload()
    assert await order(town) == [a, b, c]
    assert await town.locator(".order__part").all_inner_texts() == ["正选", "备选", "超出额度"]
    await look(town, "reserve-order")
    await narrow(town)
    await press(town, "上报排序", sure=True)
    assert "已上报" in await town.inner_text("h1")


async def test_decisions_in_bulk_show_what_was_done_and_what_was_not(desks):
    town, county = desks["town"], desks["county"]
    await town.goto("/reserve/queue")
    assert "全部 3" in await town.inner_text(".tabs")
    await look(town, "reserve-queue")
    await town.get_by_role("link", name="批量办理").first.click()
    await town.check("[data-pick-all]")
    assert await town.inner_text("[data-picked]") == "3"
    await town.check("#decision-1")
    await look(town, "reserve-batch-new")
    await press(town, "开始办理", sure=True)
    await town.wait_for_selector("h1:has-text('已办结')", timeout=20_000)
    assert "超过该乡镇可申报额度" in await town.inner_text("main")
    await look(town, "reserve-batch")
    await narrow(town)
    await county.goto("/reserve/compare")
    for name in NAMES[:2]:
        await county.get_by_role("link", name=f"加入{name}").click()
    assert await county.locator(".compare thead a:first-child").all_inner_texts() == [*NAMES[:2]]
    assert await county.locator(".compare .badge-state:has-text('最优')").count() == 1
    await look(county, "reserve-compare")
    await narrow(county)


async def test_a_village_appeals_a_leader_grants_and_the_city_remarks(desks):
    village, county, leader, city = (desks[who] for who in ("village", "county", "leader", "city"))
    await county.goto("/reserve/queue")
    await county.get_by_role("link", name=NAMES[0]).click()
    review = county.url
    await county.fill("#clause", "衢政办发〔2016〕65号 三(一)")
    await county.fill("#reason", "行业资金可以覆盖")
    await press(county, "不予入库", sure=True)
    await village.goto(review)
    await village.get_by_role("link", name="申诉（").click()
    await village.fill("#text", "主干道与村内支路不是同一个项目，请复核。")
    await look(village, "reserve-appeal-new")
    await press(village, "提交申诉", sure=True)
    await leader.goto("/home")
    await leader.get_by_role("link", name=NAMES[0]).click()
    await leader.check("#verdict-1")
    await leader.fill("#reason", "两者位置不同")
    await look(leader, "reserve-appeal")
    await press(leader, "登记处理结果", sure=True)
    assert "申诉成立" in await leader.inner_text("h1")
    await county.goto(review)
    assert "待县级核准" in await county.inner_text("h1")
    await press(county, "核准入库")
    await county.goto("/reserve/filings")
    await press(county, "将储备库报市", sure=True)
    filing = county.url
    await city.goto(filing)
    await city.fill("#text", "产业类项目比重偏低")
    await press(city, "发出意见")
    await county.goto(filing)
    assert "产业类项目比重偏低" in await county.inner_text("main")
    await look(county, "reserve-filing")
    await county.fill("#text", "十月更新时补充")
    await press(county, "提交说明")
    await city.goto(filing)
    await press(city, "已阅", sure=True)
    assert "市级已阅" in await city.inner_text("h1")
    await narrow(city)

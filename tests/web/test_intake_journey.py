"""Two people at one application, and a session that ends in mid-form, in a real browser at both widths."""

from __future__ import annotations

import asyncpg
import pytest
import pytest_asyncio
from house import BAIMA, QUJIANG, Database, make_account
from live import DESK, browsing, looked_at, serving

from quzhou_migrants.accounts.passwords import hash_password
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.accounts.sessions import COOKIE, open_session
from quzhou_migrants.kernel import pg
from quzhou_migrants.kernel.db import ENGINE, close_pool, connect_arguments, open_pool

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
PASSWORD = "Yimin-2026-a"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desks(server, template):
    """Two clerks of one village and one of the county, each in a window, with the owner's connection beside them."""
    name = "intake_in_a_browser"
    server.drop_database(name)
    db = Database(name, server.create_database(name, template), server.dsn(pg.APP, name))
    people = {who: await make_account(db, Role.VILLAGE_CLERK, BAIMA) for who in ("first", "second")}
    people["county"] = await make_account(db, Role.COUNTY_CLERK, QUJIANG)
    owner = await asyncpg.connect(**connect_arguments(db.owner))
    await owner.execute("UPDATE accounts_user SET password_hash = $1", await hash_password(PASSWORD))
    ENGINE.configure(db.app)
    await open_pool(size=2)
    tokens = {who: await open_session(user, "test") for who, user in people.items()}
    async with serving(db) as url, browsing() as chromium:
        windows = {}
        for who, token in tokens.items():
            window = await chromium.new_context(viewport=DESK, locale="zh-CN", base_url=url, bypass_csp=True)
            await window.add_cookies([{"name": COOKIE, "value": token, "url": url}])
            windows[who] = await window.new_page()
        yield windows, owner, people
    await owner.close()
    await close_pool()
    server.drop_database(name)


async def autosaved(page, text):
    await page.wait_for_selector(f".saved:has-text('{text}'):not(:has-text('修改后'))")


async def test_two_people_at_one_application_lose_nothing(desks):
    first, second = desks[0]["first"], desks[0]["second"]
    await first.goto("/projects/new")
    await first.fill("#title", "白马新村渠道")
    await first.select_option("#category", "farmland_water")
    await first.get_by_role("button", name="建立草稿").click()
    await first.wait_for_url("**/apply")
    tasks = first.url
    await looked_at(first, "tasks")
    for part in ("basics", "works", "benefit", "readiness"):
        await first.goto(f"{tasks}/{part}")
        await looked_at(first, part)
    await first.goto(f"{tasks}/basics")
    await first.check("[name=shape_kind][value=line]")
    canvas = first.locator(".map__canvas")
    await canvas.focus()
    await canvas.press("Enter")
    await canvas.press("ArrowRight")
    await canvas.press("Enter")
    await autosaved(first, "自动保存")
    assert len((await first.input_value("#shape")).splitlines()) == 2
    await first.goto(f"{tasks}/works")
    await second.goto(f"{tasks}/works")
    await first.fill("#content", "修复渠道一千二百米，涵洞三座")
    await autosaved(first, "自动保存")
    await first.fill("#content", "修复渠道一千二百米，涵洞三座，护栏一处")
    await first.wait_for_function("document.querySelector('.saved').textContent.includes('自动保存')")
    await first.get_by_role("button", name="保存，返回任务列表").click()
    await first.wait_for_url("**/apply")
    await second.fill("#content", "修复渠道一千五百米")
    await second.fill("#other_source", "美丽乡村资金")
    await autosaved(second, "另一人刚刚修改")
    await second.get_by_role("button", name="保存并继续").click()
    await second.wait_for_url("**/clashes")
    shown = await second.inner_text("main")
    assert "护栏一处" in shown
    assert "修复渠道一千五百米" in shown
    await looked_at(second, "clashes")
    await second.get_by_role("checkbox").check()
    await second.get_by_role("button", name="确定").click()
    await second.wait_for_url("**/apply")
    await second.goto(f"{tasks}/works")
    assert await second.input_value("#content") == "修复渠道一千五百米"
    assert await second.input_value("#other_source") == "美丽乡村资金"


async def test_what_is_typed_without_a_network_is_saved_when_it_comes_back(desks):
    page = desks[0]["second"]
    await page.goto("/projects")
    await page.get_by_role("link", name="白马新村渠道").click()
    await page.goto(page.url + "/apply/readiness")
    await page.context.set_offline(offline=True)
    await page.fill("#design_unit", "演示水利设计有限公司")
    await autosaved(page, "没有保存成功")
    await page.context.set_offline(offline=False)
    await autosaved(page, "自动保存")
    await page.reload()
    assert await page.input_value("#design_unit") == "演示水利设计有限公司"


async def test_a_session_that_ends_in_mid_form_comes_back_with_what_was_typed(desks):
    windows, owner, people = desks
    page = windows["first"]
    await page.goto("/projects")
    await page.get_by_role("link", name="白马新村渠道").click()
    await page.goto(page.url + "/apply/benefit")
    await page.evaluate("document.querySelector('.saved').removeAttribute('hx-post')")
    await owner.execute('DELETE FROM accounts_session WHERE "user" = $1', people["first"])
    await page.fill("#goals", "改善灌溉面积三百亩，满意度九成五以上")
    await page.fill("[name='targets.0.name']", "改善灌溉面积")
    await page.get_by_role("button", name="保存并继续").click()
    await page.wait_for_url("**/sign-in?parked=*")
    login = await owner.fetchval("SELECT login FROM accounts_user WHERE id = $1", people["first"])
    await page.fill("[name=login]", login)
    await page.fill("[name=password]", PASSWORD)
    await page.get_by_role("button", name="登录").click()
    await page.wait_for_url("**/resume/*")
    await looked_at(page, "resume")
    await page.get_by_role("button", name="继续提交").click()
    await page.wait_for_url("**/benefit?all=1")
    assert await page.input_value("#goals") == "改善灌溉面积三百亩，满意度九成五以上"
    assert await page.input_value("[name='targets.0.name']") == "改善灌溉面积"
    await looked_at(page, "benefit-wrong")


async def test_a_county_extends_and_the_village_sees_it(desks):
    county, village = desks[0]["county"], desks[0]["second"]
    await county.goto("/windows/extend")
    await looked_at(county, "extend")
    await county.check("[name=window][value='2026-09']")
    await county.fill("#closes_on", "2026-10-09")
    await county.fill("#reason", "台风影响，延长至国庆节后")
    await county.get_by_role("button", name="延长申报期").click()
    await county.locator("dialog .btn-primary").click()
    await county.wait_for_url("**/windows")
    await looked_at(county, "windows")
    await village.goto("/calendar")
    assert "2026-10-09" in await village.inner_text("main")
    await village.get_by_role("button", name="建立订阅地址").click()
    await village.wait_for_selector("text=只显示这一次")
    await looked_at(village, "calendar")

"""A county's plan in a real Chromium: chosen under a live meter, varied, shown to the public, approved, adjusted."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from house import BAIMA, NOW, QUJIANG, Database, make_account
from live import DESK, PHONE, browsing, look, serving

from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.accounts.sessions import COOKIE, open_session
from quzhou_migrants.kernel import pg
from quzhou_migrants.kernel.db import ENGINE, close_pool, connect_arguments, open_pool

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
PEOPLE = {"county": Role.COUNTY_CLERK, "leader": Role.COUNTY_LEADER}
PROJECTS = (
    ("330803-2026-000001", "白马新村光伏屋顶项目", "industry", "rooftop_solar"),
    ("330803-2026-000002", "白马新村灌溉渠道修复工程", "farmland_water", "none"),
    ("330803-2026-000003", "白马新村公共厨房", "transport_social", "none"),
)


async def _reserve(conn: asyncpg.Connection) -> None:
    for code, title, category, way in PROJECTS:
        await conn.execute(
            "INSERT INTO projects_project (code, division_code, title, category, way, content, state, estimate_fen,"
            " asked_fen, own_fen, migrants, beneficiaries, submitted_at, admitted_at, valid_until, lat, lon, is_demo)"
            " VALUES ($1, $2, $3, $4, $5, '修复渠道一千二百米', 'admitted', 50000000, 40000000, 10000000, 90, 120, $6,"
            " $6, $7, 28.97, 118.87, true)",
            code,
            BAIMA,
            title,
            category,
            way,
            NOW,
            date(2030, 9, 16),
        )


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desks(server, template):
    """One server, one browser, a window for the clerk and one for the leader; `later` moves the business clock."""
    name = "plan_in_a_browser"
    server.drop_database(name)
    db = Database(name, server.create_database(name, template), server.dsn(pg.APP, name))
    people = {who: await make_account(db, role, QUJIANG) for who, role in PEOPLE.items()}
    conn = await asyncpg.connect(**connect_arguments(db.owner))
    await _reserve(conn)

    async def later(days: int) -> None:
        await conn.execute(
            "UPDATE kernel_setting SET value = jsonb_build_object('shift_seconds',"
            " extract(epoch FROM $1::timestamptz - now())) WHERE key = 'business_clock'",
            NOW + timedelta(days=days),
        )

    ENGINE.configure(db.app)
    await open_pool(size=2)
    tokens = {who: await open_session(user, "test") for who, user in people.items()}
    async with serving(db) as url, browsing() as chromium:
        windows: dict[str, Any] = {"later": later}
        for who, token in tokens.items():
            window = await chromium.new_context(viewport=DESK, locale="zh-CN", base_url=url, bypass_csp=True)
            window.set_default_timeout(12_000)
            await window.add_cookies([{"name": COOKIE, "value": token, "url": url}])
            windows[who] = await window.new_page()
        yield windows
    await conn.close()
    await close_pool()
    server.drop_database(name)


async def seen(page: Any, name: str) -> None:
    """Look at a page at both widths: nothing sticks out, axe finds nothing."""
    for view, mark in ((PHONE, "phone"), (DESK, "desk")):
        await page.set_viewport_size(view)
        wide = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, (page.url, view)
        await look(page, f"{name}-{mark}")


async def press(page: Any, label: str, *, sure: bool = False) -> None:
    await page.get_by_role("button", name=label, exact=True).last.click()
    if sure:
        await page.locator("dialog .btn-primary").click()
        await page.wait_for_selector("dialog", state="detached")
    await page.wait_for_load_state()


async def test_a_plan_is_chosen_under_its_meter_and_varied(desks):
    county = desks["county"]
    await county.goto("/plan/new")
    for field, text in {
        "title": "衢江区2027年度项目计划",
        "money_fen": "1000000",
        "money_source": "2026年第一批",
    }.items():
        await county.fill(f"#{field}", text)
    await press(county, "建立计划")
    await county.check("[name='picks.0.take']")
    await county.wait_for_selector("#meter:has-text('本次勾选 1 个')")
    assert "40%" in await county.inner_text("#meter")
    await county.fill("[name='picks.1.amount_fen']", "700000")
    await county.check("[name='picks.1.take']")
    await county.wait_for_selector("#meter .stat--bad")
    await press(county, "列入所选")
    assert "PRJ-312" in await county.inner_text("main")
    assert await county.input_value("[name='picks.1.amount_fen']") == "700000"
    assert await county.is_checked("[name='picks.0.take']")
    await seen(county, "plan-refused")
    await county.fill("[name='picks.1.amount_fen']", "400000")
    await press(county, "列入所选")
    assert "80 万元" in await county.inner_text(".stats")
    await seen(county, "plan-draft")
    first = county.url
    await county.locator("summary", has_text="另存为新方案").click()
    await county.fill("form[action$='/vary'] #title", "衢江区2027年度项目计划（第二方案）")
    await press(county, "另存为新方案")
    await county.goto(county.url.split("?")[0] + "/compare")
    assert await county.locator("thead th").filter(has_text="第二方案").count() == 2
    await seen(county, "plan-compare")
    await county.goto(first)
    await county.get_by_role("link", name="修改白马新村光伏屋顶项目").click()
    await county.check("[name=reservoir][value=small]")
    await county.fill("#remark", "跨年实施")
    await seen(county, "plan-item")
    await press(county, "保存")
    await county.goto(first + "/table")
    assert "跨年实施" in await county.inner_text("table")
    await seen(county, "plan-table")


async def test_it_is_shown_approved_and_adjusted(desks):
    county, leader = desks["county"], desks["leader"]
    await county.goto("/plan")
    await county.get_by_role("link", name="衢江区2027年度项目计划", exact=True).click()
    plan = county.url
    await press(county, "公示计划", sure=True)
    await seen(county, "plan-posted")
    await leader.goto(plan)
    assert "公示尚未办结" in await leader.inner_text("main")
    await desks["later"](6)
    await county.get_by_role("link", name="公示和异议").last.click()
    await county.fill("#outcome", "公示期间无异议")
    await press(county, "办结公示")
    await leader.goto("/home")
    await leader.get_by_role("link", name="衢江区2027年度项目计划", exact=True).click()
    await leader.fill("#doc_no", "衢江移〔2026〕9号")
    await press(leader, "批复计划", sure=True)
    assert "PRJ-327" in await leader.inner_text("main")
    await leader.fill("#departure", "储备库中产业项目不足，已要求各乡镇优先申报")
    await seen(leader, "plan-approve")
    await press(leader, "批复计划", sure=True)
    await leader.wait_for_selector(".notice:has-text('衢江移〔2026〕9号')")
    await seen(leader, "plan-approved")
    await county.goto(plan + "/adjust")
    await county.fill("#reason", "渠道项目用地未落实，改为公共厨房")
    await press(county, "下一步")
    for code, amount in ((PROJECTS[1][0], "0"), (PROJECTS[2][0], "400000")):
        await county.select_option("#code", code)
        await county.fill("#after_fen", amount)
        await press(county, "保存这一行")
    await seen(county, "plan-adjust")
    await leader.goto(county.url)
    await leader.fill("#doc_no", "衢江移〔2026〕30号")
    await press(leader, "批复调整", sure=True)
    await leader.wait_for_selector(".notice:has-text('衢江移〔2026〕30号')")
    await leader.goto(plan + "/table")
    table = await leader.inner_text("table")
    assert "公共厨房" in table
    assert "灌溉渠道" not in table
    await leader.goto("/plan/freed")
    assert "白马新村灌溉渠道修复工程" in await leader.inner_text("main")
    await seen(leader, "plan-freed")

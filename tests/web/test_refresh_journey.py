"""A village answers the refresh, the county ranks and freezes, the leader publishes: in a real Chromium."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from house import BAIMA, CITY, QUJIANG, Database, actor, make_account
from live import DESK, browsing, looked_at, serving

from projects.ranking import service as ranking
from projects.ranking.forms import CriterionForm, SchemeForm
from projects.refresh import service as refresh
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.accounts.sessions import COOKIE, open_session
from quzhou_migrants.kernel import pg
from quzhou_migrants.kernel.clock import SHANGHAI
from quzhou_migrants.kernel.db import ENGINE, close_pool, connect_arguments, open_pool
from quzhou_migrants.kernel.tx import begin

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
PEOPLE = {
    "village": (Role.VILLAGE_CLERK, BAIMA),
    "county": (Role.COUNTY_CLERK, QUJIANG),
    "leader": (Role.COUNTY_LEADER, QUJIANG),
}
OCTOBER = datetime(2026, 10, 9, 9, tzinfo=SHANGHAI)
_PROJECT = """
INSERT INTO projects_project (code, division_code, title, category, state, estimate_fen, asked_fen, own_fen,
  beneficiaries, migrants, round, admitted_at, valid_until)
VALUES ($1, $2, $3, 'farmland_water', 'admitted', $4::bigint, 40000000, $4::bigint - 40000000, 500, 200, 1,
  '2026-04-09 10:00+08', '2031-04-09')
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desks(server, template):
    """One server in October, one browser, one window for each person; three projects in the reserve."""
    name = "refresh_in_a_browser"
    server.drop_database(name)
    db = Database(name, server.create_database(name, template), server.dsn(pg.APP, name))
    people = {who: await make_account(db, role, place) for who, (role, place) in PEOPLE.items()}
    owner = await asyncpg.connect(**connect_arguments(db.owner))
    for number, title in enumerate(("白马新村渠道", "白马新村道路", "白马新村茶园"), 1):
        await owner.execute(_PROJECT, f"B-{number}", BAIMA, title, 40_000_000 + number * 10_000_000)
    await owner.execute(
        "UPDATE kernel_setting SET value = jsonb_build_object('shift_seconds', extract(epoch FROM $1::timestamptz"
        " - now())) WHERE key = 'business_clock'",
        OCTOBER,
    )
    await owner.close()
    ENGINE.configure(db.app)
    await open_pool(size=2)
    await _before()
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


async def _before() -> None:
    """The city's scheme is in force, the refresh has begun."""
    form = SchemeForm("储备项目排序办法", [CriterionForm("cost", 10_000, "5000", "500")], ["admitted"])
    async with begin(actor(Role.CITY_CLERK, CITY), request_id="s1", at=OCTOBER) as tx:
        scheme = await ranking.draft_scheme(tx, form)
    async with begin(actor(Role.CITY_LEADER, CITY), request_id="s2", at=OCTOBER) as tx:
        await ranking.publish_scheme(tx, scheme, "衢移〔2026〕3号", 1)
    async with begin(actor(Role.COUNTY_CLERK, QUJIANG), request_id="s3", at=OCTOBER) as tx:
        await refresh.open_refresh(tx)


async def press(page: Any, label: str, *, sure: bool = False) -> None:
    """Press a button of the page, and confirm the question when one is asked."""
    await page.get_by_role("button", name=label, exact=True).last.click()
    if sure:
        await page.locator("dialog .btn-primary").click()
        await page.wait_for_selector("dialog", state="detached")
    await page.wait_for_load_state()


async def test_village_answers_from_its_home_page(desks):
    village = desks["village"]
    await village.goto("/home")
    await village.get_by_role("link", name="白马新村渠道").click()
    await looked_at(village)
    await village.get_by_label("情况有变化，更新信息").check()
    await village.get_by_text("信息有变化时在这里更新").click()
    await village.fill("#estimate_fen", "600000")
    await village.fill("#own_fen", "200000")
    await press(village, "提交答复")
    assert "增加超过10%" in await village.inner_text(".errors")
    assert await village.input_value("#estimate_fen") == "600000"
    await village.fill("#estimate_fen", "540000")
    await village.fill("#own_fen", "140000")
    await press(village, "提交答复")
    assert "答复已登记" in await village.inner_text("body")
    await village.get_by_role("link", name="白马新村茶园").click()
    await village.get_by_label("不再实施，退出储备库").check()
    await village.fill("#note", "已由农业部门资金实施")
    await press(village, "提交答复")
    await looked_at(village)
    assert "待答复" in await village.inner_text("#listing")


async def test_county_ranks_moves_and_freezes_leader_publishes(desks):
    county, leader = desks["county"], desks["leader"]
    await county.goto("/ranking")
    await looked_at(county)
    await press(county, "按现行方案生成排序")
    await looked_at(county)
    await county.get_by_role("link", name="白马新村道路").click()
    await looked_at(county)
    await county.fill("#to", "1")
    await county.fill("#reason", "汛期前须完成，影响群众安全")
    await press(county, "调整名次")
    first = await county.inner_text("#listing tbody tr:first-child")
    assert "白马新村道路" in first
    assert "是" in first
    address = county.url
    await leader.goto("/home")
    await leader.get_by_role("link", name="储备项目排序").click()
    assert leader.url == address
    await press(leader, "公布排序", sure=True)
    assert "已公布" in await leader.inner_text(".page-head")
    await county.goto("/refresh/snapshots")
    await county.fill("#reason", "编制2027年度计划之前")
    await press(county, "留存快照")
    await looked_at(county)
    assert "内容与校验值一致" in await county.inner_text("body")

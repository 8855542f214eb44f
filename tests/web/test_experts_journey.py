"""Clerk, leader, expert in a real Chromium: a panel is drawn, a conflict explained, a veto given, one left alone."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_asyncio
from expert_house import call, pool
from house import CITY, KECHENG, NOW, VILLAGE, Database, actor, make_account
from live import DESK, browsing, looked_at, serving
from round_house import CALL

from allocation.competitive.forms import RoundForm, VetoForm
from allocation.experts import drawing, queries
from allocation.recompute import recompute_draw
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.accounts.sessions import COOKIE, open_session
from quzhou_migrants.kernel import pg
from quzhou_migrants.kernel.actor import SYSTEM
from quzhou_migrants.kernel.db import ENGINE, close_pool, open_pool
from quzhou_migrants.kernel.tx import begin

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
PEOPLE = {
    "clerk": (Role.COUNTY_CLERK, KECHENG), "leader": (Role.COUNTY_LEADER, KECHENG), "city": (Role.CITY_CLERK, CITY),
}  # fmt: skip
WITH_VETO = RoundForm(**{f: getattr(CALL, f) for f in CALL.__struct_fields__} | {"vetoes": [VetoForm("负面清单")]})


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desks(server, template):
    """One server, one browser, one window for each person, a call with its candidates, a pool."""
    name = "experts_in_a_browser"
    server.drop_database(name)
    db = Database(name, server.create_database(name, template), server.dsn(pg.APP, name))
    people = {who: await make_account(db, role, place) for who, (role, place) in PEOPLE.items()}
    ENGINE.configure(db.app)
    await open_pool(size=2)
    tokens = {who: await open_session(user, "test") for who, user in people.items()}
    async with begin(SYSTEM, request_id="t", at=NOW) as tx:
        experts = await pool(tx, 6)
        windows: dict[str, Any] = {"round": await call(tx, form=WITH_VETO), "expert": experts[0]}
    async with serving(db) as url, browsing() as chromium:

        async def enter(token: str) -> Any:
            window = await chromium.new_context(viewport=DESK, locale="zh-CN", base_url=url, bypass_csp=True)
            await window.add_cookies([{"name": COOKIE, "value": token, "url": url}])
            return await window.new_page()

        windows |= {who: await enter(token) for who, token in tokens.items()}
        windows["enter"] = enter
        yield windows
    await close_pool()
    server.drop_database(name)


async def press(page: Any, label: str, *, sure: bool = False, first: bool = False) -> None:
    """Press a button, confirm the question when one is asked."""
    buttons = page.get_by_role("button", name=label, exact=True)
    await (buttons.first if first else buttons.last).click()
    if sure:
        await page.locator("dialog .btn-primary").click()
        await page.wait_for_selector("dialog", state="detached")
    await page.wait_for_load_state()


async def test_a_panel_is_drawn_in_the_open_and_its_experts_judge(desks, tmp_path) -> None:
    clerk, leader, panel = desks["clerk"], desks["leader"], f"/rounds/{desks['round']}/panel"
    await desks["city"].goto(f"/experts/{desks['expert']}")
    await desks["city"].get_by_text("登记关联单位").click()
    await desks["city"].select_option("#kind", "kin")
    await desks["city"].fill("#subject", "某某公司")
    await press(desks["city"], "登记")
    await looked_at(desks["city"])
    await clerk.goto(panel)
    await press(clerk, "固定名单", sure=True)
    assert "ALC-344" in await clerk.inner_text(".errors")
    await clerk.fill("[id='groups.0.seats']", "5")
    await press(clerk, "固定名单", sure=True)
    await leader.goto("/home")
    await leader.get_by_role("link", name="抽取评审专家").first.click()
    await leader.fill("#seed", "20260916")
    await leader.fill("#source", "公开摇奖号码")
    await press(leader, "抽取", sure=True)
    await looked_at(leader)
    answer = await leader.request.get(leader.url.split("?")[0] + "/export")
    (tmp_path / "draw.json").write_bytes(await answer.body())
    assert "与文件记载一致" in recompute_draw(tmp_path / "draw.json")
    await clerk.goto(leader.url.split("?")[0])
    await press(clerk, "确认出席", sure=True, first=True)
    assert "已就席" in await clerk.inner_text("main")
    async with begin(actor(Role.COUNTY_CLERK, KECHENG), request_id="t3", at=NOW) as tx:
        for line in (await queries.lines(tx, 1))[1:5]:
            await drawing.seat(tx, line["id"])
    await clerk.goto(panel.removesuffix("/panel"))
    await press(clerk, "开始专家评审", sure=True)
    await _judge(desks)


async def _judge(desks: Any) -> None:
    """Judge one candidate in spite of a hint, as the data would give it, and step out of the other."""
    async with begin(SYSTEM, request_id="t2", at=NOW) as tx:
        row = await tx.conn.fetchrow("SELECT * FROM allocation_expert WHERE round = $1 ORDER BY seat", desks["round"])
        await tx.conn.execute(
            "INSERT INTO allocation_conflict_hint (division_code, round, expert, candidate, kind, about)"
            " SELECT division_code, round, $2, id, 'like', $3 FROM allocation_candidate WHERE round = $1",
            desks["round"],
            row["id"],
            VILLAGE,
        )
        await tx.conn.execute("UPDATE accounts_user SET must_change = false")
    expert = await desks["enter"](await open_session(row["user_id"], "test"))
    await expert.goto("/reviews")
    await looked_at(expert)
    links = expert.locator("#listing tbody a")
    assert await links.count() == 2
    await links.first.click()
    await press(expert, "本人无上述情形，打开评审")
    assert "ALC-358" in await expert.inner_text(".errors")
    await expert.fill("#explained", "名称相近，并无关系")
    await press(expert, "本人无上述情形，打开评审")
    await looked_at(expert)
    for n, points in enumerate(("80", "75")):
        await expert.fill(f"[id='points.{n}.points']", points)
    await expert.check("[id='vetoes.0.hit']")
    await press(expert, "提交评分", sure=True)
    assert "ALC-359" in await expert.inner_text(".errors")
    await expert.fill("[id='vetoes.0.reason']", "属负面清单第二项")
    await press(expert, "提交评分", sure=True)
    assert "评分已提交" in await expert.inner_text("body")
    await expert.goto("/reviews?state=not_opened")
    await expert.locator("#listing tbody a").first.click()
    await expert.get_by_text("申报回避").first.click()
    await expert.check("input[name=conflict][value=paid]")
    await expert.fill("#reason", "曾为申报方服务")
    await press(expert, "申报回避", sure=True)
    assert await expert.locator("#listing tbody a").count() == 1
    await desks["clerk"].goto(f"/rounds/{desks['round']}/progress")
    assert "已评分" in await desks["clerk"].inner_text("main")
    await press(desks["clerk"], "催办", first=True)
    await looked_at(desks["clerk"])

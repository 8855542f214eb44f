"""City clerk, leader and an outside surveyor in a real Chromium: from the frozen frame to the short list."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from house import BAIMA, CITY, VILLAGE, Database, make_account
from live import DESK, PHONE, browsing, look, serving

from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.accounts.sessions import COOKIE, open_session
from quzhou_migrants.kernel import pg
from quzhou_migrants.kernel.db import ENGINE, close_pool, connect_arguments, open_pool

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
PEOPLE = {"clerk": Role.CITY_CLERK, "leader": Role.CITY_LEADER, "surveyor": Role.SURVEYOR}


class Office:
    """A browser in which several people work, and the accounts they have."""

    def __init__(self, chromium: Any, url: str, people: dict[str, int]) -> None:
        self.chromium, self.url, self.people = chromium, url, people

    async def desk(self, who: str) -> Any:
        """Open a window signed in as somebody, with the rights of this moment."""
        token = await open_session(self.people[who], "test")
        window = await self.chromium.new_context(viewport=DESK, locale="zh-CN", base_url=self.url, bypass_csp=True)
        await window.add_cookies([{"name": COOKIE, "value": token, "url": self.url}])
        return await window.new_page()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def office(server, template):
    """One server and one browser; households in two villages."""
    name = "samples_in_a_browser"
    server.drop_database(name)
    db = Database(name, server.create_database(name, template), server.dsn(pg.APP, name))
    people = {who: await make_account(db, role, CITY) for who, role in PEOPLE.items()}
    conn = await asyncpg.connect(**connect_arguments(db.owner))
    await conn.executemany(
        "INSERT INTO register_household (code, division_code, head_name, name_grams, support, members, migrants)"
        " VALUES ($1, $2, $3, '{}', 'cash', 3, 3)",
        [(f"T{village}-{n:03d}", village, f"户主{n}") for village in (VILLAGE, BAIMA) for n in range(60)],
    )
    await conn.close()
    ENGINE.configure(db.app)
    await open_pool(size=2)
    async with serving(db) as url, browsing() as chromium:
        yield Office(chromium, url, people)
    await close_pool()
    server.drop_database(name)


async def check(page: Any, name: str) -> None:
    """Look at a page at both widths."""
    for width, view in (("desk", DESK), ("phone", PHONE)):
        await page.set_viewport_size(view)
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth") is True
        await look(page, f"{name}-{width}")
    await page.set_viewport_size(DESK)


async def press(page: Any, label: str) -> None:
    """Press a button and answer its question."""
    await page.get_by_role("button", name=label).first.click()
    ask = page.get_by_role("dialog")
    if await ask.count() and await ask.is_visible():
        await ask.get_by_role("button", name="确定").click()
    await page.wait_for_load_state("networkidle")


async def test_a_sample_is_drawn_confirmed_and_handed_over(office):
    clerk = await office.desk("clerk")
    await clerk.goto("/samples")
    await check(clerk, "samples-empty")
    await clerk.goto("/samples/new")
    await check(clerk, "samples-new")
    await clerk.fill("#title", "2026年移民户抽样调查")
    await press(clerk, "新建")
    await check(clerk, "sample-draft")
    await press(clerk, "冻结抽样框")
    await clerk.get_by_text("下一步：抽取样本").wait_for()
    await check(clerk, "sample-frozen")
    await clerk.fill("#seed", "公开摇号 20260916")
    await clerk.fill("#seed_note", "县政府网站公告")
    await press(clerk, "抽取样本")
    await clerk.get_by_text("样本由您抽取").wait_for()
    await check(clerk, "sample-drawn")
    here = clerk.url

    leader = await office.desk("leader")
    await leader.goto(here)
    await press(leader, "复抽并核对")
    await leader.get_by_text("复抽样本，结果一致").first.wait_for()

    await clerk.reload()
    await clerk.select_option("#surveyor", index=1)
    await clerk.fill("#ends_on", "2026-12-31")
    await press(clerk, "交付样本")
    await clerk.get_by_text("继续交付样本").wait_for()
    await check(clerk, "sample-handed-over")
    await clerk.goto(f"{here}/households")
    await check(clerk, "sample-households")
    await clerk.get_by_role("link", name="T33080").first.click()
    await clerk.fill("#reason", "全家外出务工，三次未遇")
    await check(clerk, "sample-household")
    await press(clerk, "启用候补户")
    await clerk.get_by_text("启用了候补户").first.wait_for()

    surveyor = await office.desk("surveyor")
    await surveyor.goto("/home")
    await surveyor.get_by_text("待入户调查").first.wait_for()
    await surveyor.goto("/samples/mine")
    await check(surveyor, "sample-mine")
    assert (await surveyor.goto("/samples")).status == 403
    assert (await surveyor.goto("/register/households")).status == 403


async def test_rules_read_well_at_every_width(office):
    clerk = await office.desk("clerk")
    for name, path in (
        ("policy", "/policy"),
        ("policy-then", "/policy?on=2018-01-01"),
        ("policy-one", "/policy/allocation.payments.retention_bp"),
    ):
        await clerk.goto(path)
        await check(clerk, name)

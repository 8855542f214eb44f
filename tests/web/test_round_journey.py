"""A round from its ranking to its dossier, and a batch parted by the mixed method, in a real Chromium."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from house import CITY, KECHENG, NOW, Database, make_account
from live import DESK, browsing, looked_at, serving
from round_house import ranked

from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.accounts.sessions import COOKIE, open_session
from quzhou_migrants.kernel import pg
from quzhou_migrants.kernel.actor import SYSTEM
from quzhou_migrants.kernel.db import ENGINE, close_pool, open_pool
from quzhou_migrants.kernel.pdf import Document, Text, build
from quzhou_migrants.kernel.tx import begin, system_tx

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
PEOPLE = {
    "clerk": (Role.COUNTY_CLERK, KECHENG),
    "leader": (Role.COUNTY_LEADER, KECHENG),
    "city": (Role.CITY_CLERK, CITY),
    "chief": (Role.CITY_LEADER, CITY),
}
BATCH = """
WITH b AS (INSERT INTO allocation_batch (division_code, doc_no, title, level, fund_kind, issued_on, project_fen, state)
  VALUES ($1, '浙财农〔2026〕9号', '项目资金', 'province', 'project', '2026-01-10', 100000000, 'recorded') RETURNING id)
INSERT INTO allocation_entry (event_key, line, division_code, batch, kind, amount_fen, source_table, source_id,
  posted_at) SELECT 'test:journey', n, $1, b.id, k, f, 'allocation_batch', b.id, now()
FROM b, (VALUES (0, 'notified', -100000000::bigint), (1, 'available', 100000000)) AS v (n, k, f)
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desks(server: pg.Server, template: str) -> Any:
    """One server, a county's clerk and leader, a city's, and a round that was just ranked."""
    name = "rounds_in_a_browser"
    server.drop_database(name)
    db = Database(name, server.create_database(name, template), server.dsn(pg.APP, name))
    people = {who: await make_account(db, role, place) for who, (role, place) in PEOPLE.items()}
    ENGINE.configure(db.app)
    await open_pool(size=3)
    tokens = {who: await open_session(user, "test") for who, user in people.items()}
    async with begin(SYSTEM, request_id="test", command="test", at=NOW) as tx:
        ground = await ranked(tx)
        await tx.conn.execute(BATCH, CITY)
    async with serving(db) as url, browsing() as chromium:
        windows: dict[str, Any] = {"round": f"/rounds/{ground.round_id}"}
        for who, token in tokens.items():
            window = await chromium.new_context(viewport=DESK, locale="zh-CN", base_url=url, bypass_csp=True)
            await window.add_cookies([{"name": COOKIE, "value": token, "url": url}])
            windows[who] = await window.new_page()
        yield windows
    await close_pool()
    server.drop_database(name)


async def press(page: Any, label: str, *, sure: bool = False) -> None:
    """Press a button, and confirm the question when one is asked."""
    await page.get_by_role("button", name=label, exact=True).click()
    if sure:
        await page.locator("dialog .btn-primary").click()
        await page.wait_for_selector("dialog", state="detached")


async def days_pass(days: int) -> None:
    """Move the business clock on."""
    async with system_tx("test") as tx:
        await tx.conn.execute(
            "UPDATE kernel_setting SET value = jsonb_build_object('shift_seconds', (value->>'shift_seconds')::numeric"
            " + $1 * 86400) WHERE key = 'business_clock'",
            days,
        )


async def test_a_ranked_round_is_decided_posted_and_approved(desks: Any, tmp_path: Path) -> None:
    scan = tmp_path / "minutes.pdf"
    clerk, leader, base = desks["clerk"], desks["leader"], desks["round"]
    await clerk.goto(f"{base}/alternatives?show=out_1")
    await looked_at(clerk, "round-alternatives")
    await clerk.goto(f"{base}/decision")
    for n, name in enumerate(("甲", "乙", "丙")):
        await clerk.fill(f"[name='members.{n}.name']", name)
        await clerk.check(f"[name='members.{n}.present']")
        await clerk.select_option(f"[name='members.{n}.vote']", "for")
    await clerk.fill("[name='members.0.steps_out']", "2")
    await clerk.fill("[name=place]", "三楼会议室")
    await clerk.fill("[name=chair]", "甲")
    await clerk.fill("[name=minutes]", "会议听取评审情况，逐项讨论。")
    await looked_at(clerk, "round-decision")
    await press(clerk, "登记决策，报领导批准")
    await press(clerk, "公示结果", sure=True)
    await clerk.get_by_text("结果已公示").wait_for()
    await looked_at(clerk, "round-outcome-posted")
    scan.write_bytes(build(Document("签字纪要", (Text("到会人员签字"),))))
    await clerk.set_input_files("[name=file]", scan)
    await press(clerk, "上传")
    await clerk.get_by_text("签字纪要已上传").wait_for()
    notice = await clerk.locator("a[href^='/notices/']").first.get_attribute("href")
    await leader.goto(base)
    await leader.get_by_text("办结后才能批准").wait_for()
    assert await leader.get_by_role("button", name="批准分配结果").count() == 0
    await leader.goto(f"/public{base}")
    await leader.get_by_text("候补第 1 位").wait_for()
    await looked_at(leader, "round-public")
    await days_pass(4)
    await clerk.goto(notice)
    await clerk.fill("[name=outcome]", "公示期间无异议")
    await press(clerk, "办结公示")
    await leader.goto(base)
    await press(leader, "批准分配结果", sure=True)
    await leader.get_by_text("分配结果已批准").wait_for()
    await leader.goto(f"{base}/outcome")
    await leader.get_by_text("递补候补项目").wait_for()
    await looked_at(leader, "round-outcome")


async def test_the_dossier_is_made_while_one_waits(desks: Any) -> None:
    clerk, base = desks["clerk"], desks["round"]
    await clerk.goto(f"{base}/dossier")
    await looked_at(clerk, "round-dossier")
    await press(clerk, "制作压缩包（含复算文件）")
    await clerk.get_by_role("link", name="下载", exact=True).wait_for(timeout=20_000)
    async with clerk.expect_download() as waited:
        await clerk.get_by_role("link", name="下载", exact=True).click()
    download = await waited.value
    assert download.suggested_filename.endswith(".zip")


async def test_a_batch_is_parted_into_pots(desks: Any) -> None:
    city, chief = desks["city"], desks["chief"]
    await city.goto("/mixed/new")
    await city.fill("[name=title]", "2026年混合分配")
    await city.select_option("[name=batch]", index=1)
    await city.fill("[name=pool_fen]", "1000000")
    await looked_at(city, "mixed-new")
    await press(city, "保存草案，报领导批准")
    await city.get_by_text("方案已拟订").wait_for()
    await chief.goto(city.url)
    await press(chief, "批准方案，资金入池", sure=True)
    await chief.get_by_text("竞争性资金已入池").wait_for()
    await chief.locator("#pots-now svg").wait_for()
    await looked_at(chief, "mixed")

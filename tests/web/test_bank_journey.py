"""Clerk, leader and finance in a real Chromium: a cash list by two hands, the bank's file out and in, a key."""

from __future__ import annotations

import csv
import io
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from bank_house import household, pot
from house import KECHENG, NOW, Database, make_account
from live import DESK, browsing, looked_at, serving

from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.accounts.sessions import COOKIE, open_session
from quzhou_migrants.kernel import pg
from quzhou_migrants.kernel.actor import SYSTEM
from quzhou_migrants.kernel.db import ENGINE, close_pool, open_pool
from quzhou_migrants.kernel.tx import begin

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
PEOPLE = {
    "clerk": Role.COUNTY_CLERK, "leader": Role.COUNTY_LEADER, "finance": Role.COUNTY_FINANCE,
    "second": Role.COUNTY_FINANCE, "admin": Role.COUNTY_ADMIN,
}  # fmt: skip
ACCOUNTS = ("6228480402564890011", "6228480402564890012", "")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desks(server, template):
    """One server, one browser, one window for each person; three households supported in cash."""
    name = "bank_in_a_browser"
    server.drop_database(name)
    db = Database(name, server.create_database(name, template), server.dsn(pg.APP, name))
    people = {who: await make_account(db, role, KECHENG) for who, role in PEOPLE.items()}
    ENGINE.configure(db.app)
    await open_pool(size=2)
    tokens = {who: await open_session(user, "test") for who, user in people.items()}
    async with begin(SYSTEM, request_id=uuid.uuid4().hex[:16], at=NOW) as tx:
        for n, number in enumerate(ACCOUNTS, 1):
            await household(tx, f"KC-{n}", n, number)
        await pot(tx, cash=10 * 600_00, available=1_000_000_00)
    async with serving(db) as url, browsing() as chromium:
        windows: dict[str, Any] = {"url": url}
        for who, token in tokens.items():
            window = await chromium.new_context(viewport=DESK, locale="zh-CN", base_url=url, bypass_csp=True)
            await window.add_cookies([{"name": COOKIE, "value": token, "url": url}])
            windows[who] = await window.new_page()
        yield windows
    await close_pool()
    server.drop_database(name)


async def press(page: Any, label: str, *, sure: bool = False) -> None:
    await page.get_by_role("button", name=label, exact=True).last.click()
    if sure:
        await page.locator("dialog .btn-primary").click()
        await page.wait_for_selector("dialog", state="detached")
    await page.wait_for_load_state()


async def test_a_list_reaches_people_through_the_bank_and_the_treasury_reads_it(desks, tmp_path) -> None:
    await _list(desks["clerk"])
    await _approve(desks["leader"])
    number = await _leave(desks["finance"], desks["second"], tmp_path)
    await _answer(desks["finance"], number, tmp_path)
    await _reads(desks["admin"], desks["url"])


async def _list(clerk: Any) -> None:
    await clerk.goto("/cash/new")
    await looked_at(clerk, "cash-new")
    await press(clerk, "生成名册")
    text = await clerk.inner_text("main")
    assert "3 人 × 600.00 元" in text
    assert "没有银行账号：1 户" in text
    assert await clerk.get_by_role("button", name="审批通过").count() == 0
    await looked_at(clerk, "cash-list")


async def _approve(leader: Any) -> None:
    await leader.goto("/home")
    await leader.get_by_role("link", name="待审批", exact=False).first.click()
    await press(leader, "审批通过", sure=True)
    assert "发放中" in await leader.inner_text("main")


async def _leave(finance: Any, second: Any, folder: Path) -> str:
    await finance.goto("/bank/new/cash")
    await looked_at(finance, "bank-new")
    await press(finance, "生成付款文件")
    assert await finance.get_by_role("button", name="复核无误，放行").count() == 0
    await second.goto(finance.url)
    await press(second, "复核无误，放行", sure=True)
    await looked_at(second, "bank-file")
    async with second.expect_download() as download:
        await second.get_by_role("link", name="下载 CSV").click()
    await (await download.value).save_as(folder / "out.csv")
    rows = list(csv.reader(io.StringIO((folder / "out.csv").read_text("utf-8-sig"))))
    assert [(r[1], r[4], r[5]) for r in rows[1:]] == [("1", ACCOUNTS[0], "600.00"), ("2", ACCOUNTS[1], "1200.00")]
    return rows[1][0]


async def _answer(finance: Any, number: str, folder: Path) -> None:
    """Bring in a file with one slip; what is right is booked, the slip stays with its reason."""
    lines = ["批号,序号,结果,金额,流水号,日期,代码", f"{number},1,成功,600.00,DF1,2026-09-16,",
             f"{number},2,失败,0,,2026-09-16,E02", f"{number},7,成功,1.00,DF7,2026-09-16,"]  # fmt: skip
    (folder / "answer.csv").write_text("\r\n".join(lines), "utf-8")
    await finance.goto("/bank/statements")
    await finance.set_input_files("#file", str(folder / "answer.csv"))
    await press(finance, "上传并核对")
    assert "ALC-505" in await finance.inner_text("main")
    await looked_at(finance, "bank-statement")
    await press(finance, "确认入账", sure=True)
    await finance.goto("/cash")
    await finance.get_by_role("link", name="直补资金发放名册").first.click()
    assert "户名与账号不符" in await finance.inner_text("main")
    await finance.goto("/bank/months")
    await looked_at(finance, "bank-months")


async def _reads(admin: Any, url: str) -> None:
    await admin.goto("/accounts/keys/new")
    await admin.fill("#name", "国库支付系统")
    await admin.fill("#holder", "柯城区财政局")
    await press(admin, "生成密钥")
    assert "WEB-102" in await admin.inner_text(".errors")
    await looked_at(admin, "key-new")
    await admin.get_by_label("读取支付明细").check()
    await press(admin, "生成密钥")
    secret = await admin.input_value("#secret")
    await looked_at(admin, "key")
    async with httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {secret}"}) as http:
        found = (await http.get("/api/v1/finance/payments")).json()
        assert [(p["payee"], p["paid_fen"]) for p in found] == [("户主KC-1", 600_00)]
        assert (await http.get("/api/v1/finance/entries")).status_code == 403
    await admin.reload()
    assert await admin.locator("#secret").count() == 0

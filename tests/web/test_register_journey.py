"""A county clerk in a real Chromium: a sheet goes in, a household is found, a number is looked at for a reason."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from house import KECHENG, VILLAGE, Database, make_account
from live import DESK, PHONE, browsing, look, serving
from openpyxl import Workbook, load_workbook

from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.accounts.sessions import COOKIE, open_session
from quzhou_migrants.kernel import pg
from quzhou_migrants.kernel.db import ENGINE, close_pool, open_pool
from quzhou_migrants.kernel.ids import DemoIds, mask_resident_id
from quzhou_migrants.register.columns import COLUMNS

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
IDS = DemoIds()
HEAD_ID, WIFE_ID = IDS.next(date(1958, 3, 9), "male"), IDS.next(date(1960, 1, 1), "female")
ACCOUNT = "6228480402564890018"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def page(server, template):
    """A window of a county clerk, on a server of its own."""
    name = "register_in_a_browser"
    server.drop_database(name)
    db = Database(name, server.create_database(name, template), server.dsn(pg.APP, name))
    clerk = await make_account(db, Role.COUNTY_CLERK, KECHENG)
    ENGINE.configure(db.app)
    await open_pool(size=2)
    async with serving(db) as url, browsing() as chromium:
        window = await chromium.new_context(viewport=DESK, locale="zh-CN", base_url=url, bypass_csp=True)
        await window.add_cookies([{"name": COOKIE, "value": await open_session(clerk, "test"), "url": url}])
        yield await window.new_page()
    await close_pool()
    server.drop_database(name)


async def check(page: Any, name: str) -> None:
    """Look at a page at both widths."""
    for width, view in (("desk", DESK), ("phone", PHONE)):
        await page.set_viewport_size(view)
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth") is True
        await look(page, f"register-{name}-{width}")
    await page.set_viewport_size(DESK)


def sheet() -> bytes:
    """Two people of one household, and a household whose number a spreadsheet has ruined."""
    ruined = "3.30802E+17"
    rows = [
        {"household_code": "KC-1", "name": "曾国𬭎", "relation": "户主", "resident_id": HEAD_ID, "support": "直补到人"},
        {"household_code": "KC-1", "name": "李芳", "relation": "配偶", "resident_id": WIFE_ID, "bank_account": ACCOUNT},
        {"household_code": "KC-2", "name": "赵四", "relation": "户主", "resident_id": ruined, "support": "项目扶持"},
    ]
    book = Workbook()
    book.active.append([c.title for c in COLUMNS])
    for row in rows:
        book.active.append([{**row, "village_code": VILLAGE}.get(c.key, "") for c in COLUMNS])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


async def test_a_sheet_is_checked_and_its_right_households_go_in(page) -> None:
    await page.goto("/register/imports")
    await check(page, "imports")
    await page.set_input_files(
        "#file", {"name": "名册.xlsx", "mimeType": "application/octet-stream", "buffer": sheet()}
    )
    await page.get_by_role("button", name="上传并核对").click()
    await page.get_by_text("只导入正确的 1 户").wait_for()
    await check(page, "import-checked")
    assert "KRN-611" in await page.inner_text("main")
    async with page.expect_download() as coming:
        await page.get_by_role("link", name="下载未通过的行").click()
    failed = load_workbook(io.BytesIO(Path(await (await coming.value).path()).read_bytes()))
    assert [row[0].value for row in failed.worksheets[0].iter_rows(min_row=2)] == ["KC-2"]
    await page.get_by_text("只导入正确的 1 户").click()
    await page.get_by_role("dialog").get_by_role("button", name="确定").click()
    await page.get_by_text("已写入登记册").wait_for()
    await check(page, "import-applied")


async def test_the_household_is_found_by_a_members_name_and_shown_masked(page) -> None:
    await page.goto("/register/households")
    await page.fill("#q", "李芳")
    await page.keyboard.press("Enter")
    await page.get_by_role("link", name="曾国𬭎").click()
    text = await page.inner_text("main")
    assert mask_resident_id(HEAD_ID) in text
    assert HEAD_ID not in await page.content()
    assert "随名册导入登记了这一户" in text
    await check(page, "household")


async def test_a_whole_number_is_shown_for_a_reason_and_remembered(page) -> None:
    await page.get_by_role("link", name="查看完整账号").click()
    await check(page, "reveal")
    await page.get_by_label("查看理由").fill("核对银行退回的直补资金")
    await page.get_by_role("button", name="查看").click()
    await page.get_by_text(ACCOUNT).wait_for()
    await check(page, "revealed")
    await page.get_by_role("link", name="返回").click()
    assert "核对银行退回的直补资金" in await page.inner_text(".timeline")


async def test_every_slip_of_a_form_is_told_and_nothing_typed_is_lost(page) -> None:
    await page.goto("/register/households/new")
    await check(page, "new")
    await page.fill("#name", "王新户")
    await page.fill("#resident_id", "330802199001011000")
    await page.get_by_role("button", name="保存").click()
    await page.get_by_role("alert").wait_for()
    await check(page, "new-slips")
    assert "KRN-617" in await page.inner_text("main")
    assert await page.input_value("#name") == "王新户"
    await page.fill("#resident_id", IDS.next(date(1990, 1, 1), "male"))
    await page.fill("#code", "KC-3")
    await page.select_option("#division_code", VILLAGE)
    await page.get_by_label("直补到人").check()
    await page.get_by_role("button", name="保存").click()
    await page.get_by_role("heading", name="王新户户").wait_for()


async def test_a_member_is_added_and_lists_stay_clean(page) -> None:
    await page.get_by_role("link", name="登记家庭成员").click()
    await check(page, "member")
    await page.fill("#name", "王小新")
    await page.select_option("#relation", "child")
    await page.fill("#resident_id", IDS.next(date(2015, 6, 1), "female"))
    await page.get_by_role("button", name="保存").click()
    await page.get_by_role("rowheader", name="王小新").wait_for()
    for path, name in (("/register/households", "households"), ("/register/members", "members")):
        await page.goto(path)
        await check(page, name)

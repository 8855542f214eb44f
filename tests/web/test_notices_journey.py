"""Notice, objection, checks while typing and a sheet of applications in a real Chromium, at both widths."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from house import BAIMA, NIANLI, NOW, Database, actor, make_account
from live import DESK, browsing, looked_at, serving
from project_house import TYPED, picture
from sheet_house import packed, sheet

from projects.intake import keeping
from projects.intake import service as intake
from projects.intake.forms import SECTIONS, Category, StartForm
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.accounts.sessions import COOKIE, open_session
from quzhou_migrants.kernel import pg
from quzhou_migrants.kernel.db import ENGINE, close_pool, open_pool
from quzhou_migrants.kernel.tx import begin
from quzhou_migrants.web.forms import read_raw

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
PEOPLE = {"village": (Role.VILLAGE_CLERK, BAIMA), "town": (Role.TOWNSHIP_CLERK, NIANLI)}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desks(server: pg.Server, template: str) -> Any:
    """One server, a village at a telephone's width, a township at a desk, and a draft to work on."""
    name = "notices_in_a_browser"
    server.drop_database(name)
    db = Database(name, server.create_database(name, template), server.dsn(pg.APP, name))
    people = {who: await make_account(db, role, place) for who, (role, place) in PEOPLE.items()}
    ENGINE.configure(db.app)
    await open_pool(size=2)
    tokens = {who: await open_session(user, "test") for who, user in people.items()}
    draft = await drafted(people["village"])
    async with serving(db) as url, browsing() as chromium:
        windows: dict[str, Any] = {"draft": draft}
        for who, token in tokens.items():
            window = await chromium.new_context(viewport=DESK, locale="zh-CN", base_url=url, bypass_csp=True)
            await window.add_cookies([{"name": COOKIE, "value": token, "url": url}])
            windows[who] = await window.new_page()
        yield windows
    await close_pool()
    server.drop_database(name)


async def drafted(user: int) -> int:
    """Write a draft with everything typed but its notice."""
    async with begin(actor(*PEOPLE["village"], user_id=user), request_id="test", command="test", at=NOW) as tx:
        project = await intake.start(tx, StartForm(TYPED["basics"]["title"], Category.FARMLAND_WATER))
        for part, struct in SECTIONS.items():
            if part != "posting":
                raw = {k: [v] for k, v in TYPED[part].items()}
                await keeping.keep(tx, project, part, read_raw(raw, struct))
    return project


async def press(page: Any, label: str, *, sure: bool = False) -> None:
    """Press a button, and confirm the question when one is asked."""
    await page.get_by_role("button", name=label, exact=True).click()
    if sure:
        await page.locator("dialog .btn-primary").click()
        await page.wait_for_selector("dialog", state="detached")


async def test_checks_follow_what_is_typed(desks: Any) -> None:
    page = desks["village"]
    await page.goto(f"/projects/{desks['draft']}/apply/works")
    live = page.locator("[hx-get$='/screening/part']")
    await live.get_by_text("PRJ-536").wait_for()  # 499,610 yuan is just under half a million
    await page.fill("[name=content]", "修复灌溉渠道一千二百米，新建办公楼一幢。")
    await live.get_by_text("PRJ-530").wait_for()
    await looked_at(page, "screening-live")
    await page.goto(f"/projects/{desks['draft']}/screening")
    await looked_at(page, "screening-sheet")


async def test_notice_is_put_up_objected_to_answered(desks: Any, tmp_path: Path) -> None:
    photo = tmp_path / "board.png"
    photo.write_bytes(picture())
    village, town = desks["village"], desks["town"]
    await village.goto(f"/projects/{desks['draft']}/notice")
    await looked_at(village, "notice-new")
    await village.fill("[name=place]", "村务公开栏")
    await village.fill("[name=starts_on]", "2026-09-10")
    await village.set_input_files("[name=start_photo]", photo)
    await press(village, "发布公示")
    await village.get_by_text("公示已发布").wait_for()
    await village.fill("[name=person]", "演示丙")
    await village.fill("#text", "渠道不经过三组")
    await village.fill("[name=received_on]", "2026-09-12")
    await press(village, "登记异议")
    await village.get_by_text("待答复").first.wait_for()
    await looked_at(village, "notice")
    address = village.url
    await town.goto("/notices/objections")
    await looked_at(town, "objections")
    await town.locator("tbody a").first.click()
    await town.get_by_label("异议不成立", exact=True).check()
    await town.fill("[name=answer]", "经核对图纸，渠道经过三组，已当面说明。")
    await looked_at(town, "objection")
    await press(town, "答复")
    await town.get_by_text("已答复。").wait_for()
    await village.goto(address)
    await village.select_option("[name=kind]", "end_photo")
    await village.set_input_files("[name=photo]", photo)
    await press(village, "上传照片")
    await village.fill("[name=outcome]", "收到异议一件，不成立，已答复")
    await press(village, "办结公示")
    await village.get_by_text("公示已办结。").wait_for()
    await looked_at(village, "notice-closed")
    await village.goto("/notices")
    await looked_at(village, "notices")


async def test_sheet_is_checked_cell_by_cell_and_its_good_rows_filed(desks: Any, tmp_path: Path) -> None:
    page = desks["town"]
    await page.goto("/projects/bulk")
    await looked_at(page, "bulk-list")
    await page.set_input_files("[name=sheet]", sheet(tmp_path, {}, {"title": "白马新村道路", "estimate_fen": "五十万"}))
    await page.set_input_files("[name=papers]", packed(tmp_path, ["1", "2"]))
    await press(page, "上传并检查")
    await page.get_by_text("需要改正的单元格").first.wait_for()
    await looked_at(page, "bulk")
    await page.get_by_label("只办理可以申报的 1 个").check()
    await page.get_by_label("代为提交申报").check()
    await page.check("[name=declare]")
    await press(page, "办理", sure=True)
    await page.get_by_text("申报表已办理").wait_for()
    await page.get_by_role("link", name=TYPED["basics"]["title"]).click()
    await page.get_by_text("待乡镇审查").first.wait_for()
    await looked_at(page, "bulk-filed-project")

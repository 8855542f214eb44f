"""A picture is covered and let out, everybody sees the copy and nothing else; a dashboard is drawn and followed."""

from __future__ import annotations

import io
from typing import Any

import asyncpg
import httpx
import openpyxl
import pytest
import pytest_asyncio
from house import KECHENG, VILLAGE, Database, make_account
from live import DESK, PHONE, browsing, look, project_with_code, serving
from PIL import Image

from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.accounts.sessions import COOKIE, open_session
from quzhou_migrants.kernel import blobs, files, pg
from quzhou_migrants.kernel.db import ENGINE, close_pool, connect_arguments, open_pool

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
GROUND = (120, 140, 110)
PLATE = (360, 270, 440, 330)


def site_photo() -> bytes:
    """A green field with a plate of fine black and white signs in its middle."""
    image = Image.new("RGB", (800, 600), GROUND)
    for x in range(PLATE[0], PLATE[2], 2):
        image.paste((255, 255, 255) if x % 4 else (0, 0, 0), (x, PLATE[1], x + 2, PLATE[3]))
    kept = io.BytesIO()
    image.save(kept, "JPEG", quality=95)
    return kept.getvalue()


async def keep_photo(db: Database, project: int) -> int:
    """Hang a picture on a project, as an upload would."""
    content = site_photo()

    async def once() -> Any:
        yield content

    draft = await blobs.receive(files.root(), once(), limit=files.LIMIT)
    blobs.keep(files.root(), draft)
    conn = await asyncpg.connect(**connect_arguments(db.owner))
    number = await conn.fetchval(
        "INSERT INTO kernel_file (division_code, owner_table, owner_id, kind, sha256, name, media_type, size)"
        " VALUES ($1, 'projects_project', $2, 'completion_photo', $3, '工地.jpg', 'image/jpeg', $4) RETURNING id",
        VILLAGE,
        project,
        draft.sha256,
        draft.size,
    )
    await conn.execute("UPDATE projects_project SET caretaker = '演示甲', plan_year = 2026 WHERE id = $1", project)
    await conn.close()
    return int(number)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def portal(server: pg.Server, template: str) -> Any:
    """One server, a township and a county at their desks, a visitor without an account."""
    name = "portal_in_a_browser"
    server.drop_database(name)
    db = Database(name, server.create_database(name, template), server.dsn(pg.APP, name))
    people = {role: await make_account(db, role, KECHENG) for role in (Role.COUNTY_CLERK, Role.COUNTY_ADMIN)}
    project = (await project_with_code(db))["id"]
    ENGINE.configure(db.app)
    await open_pool(size=1)
    tokens = {role: await open_session(user, "test") for role, user in people.items()}
    await close_pool()
    file = await keep_photo(db, project)
    async with serving(db) as url, browsing() as chromium:
        found: dict[str, Any] = {"url": url, "project": project, "file": file, "complaints": []}
        for who in (*tokens, "visitor"):
            window = await chromium.new_context(viewport=DESK, locale="zh-CN", base_url=url)
            if who in tokens:
                await window.add_cookies([{"name": COOKIE, "value": tokens[who], "url": url}])
            page = await window.new_page()
            page.on("console", lambda m: complain(found["complaints"], m))
            page.on("pageerror", lambda error: found["complaints"].append(str(error)))
            found[who] = page
        yield found
    server.drop_database(name)


def complain(said: list[str], message: Any) -> None:
    """Keep what a console complains about; that a form came back with its slips (422) is no complaint."""
    if message.type == "error" and "status of 422" not in message.text:
        said.append(message.text)


async def at_both_widths(page: Any, name: str) -> None:
    """Look at a page at a desk and on a telephone."""
    for width, view in (("1280", DESK), ("390", PHONE)):
        await page.set_viewport_size(view)
        assert await page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, (page.url, view)
        await look(page, f"{name}-{width}")
    await page.set_viewport_size(DESK)


async def test_a_covered_picture_is_let_out_and_taken_back(portal: Any) -> None:
    clerk, url = portal[Role.COUNTY_CLERK], portal["url"]
    await clerk.goto(f"/projects/{portal['project']}/photos/{portal['file']}/publish")
    frame = await clerk.locator(".mask img").bounding_box()
    spot = lambda x, y: (frame["x"] + frame["width"] * x, frame["y"] + frame["height"] * y)  # noqa: E731 - two words
    await clerk.mouse.move(*spot(0.4, 0.4))
    await clerk.mouse.down()
    await clerk.mouse.move(*spot(0.6, 0.6))
    await clerk.mouse.up()
    assert await clerk.locator(".mask rect").count() == 1
    assert len((await clerk.input_value("#masks")).split()) == 4
    await at_both_widths(clerk, "photo-publish")
    await clerk.fill("#caption", "路基完成")
    await clerk.get_by_role("button", name="公开这张照片").click()
    await clerk.get_by_text("请先放大核对照片").first.wait_for()  # nobody said that they looked
    await clerk.check("#looked")
    await clerk.get_by_role("button", name="公开这张照片").click()
    await clerk.get_by_text("照片已公开").wait_for()
    await at_both_widths(clerk, "photos")
    async with httpx.AsyncClient(base_url=url) as anybody:
        seen = await anybody.get("/public/photos/1")
        shown = Image.open(io.BytesIO(seen.content)).convert("L")
        darkest, brightest = shown.crop(PLATE).getextrema()
        assert (shown.size, brightest - darkest < 40) == ((800, 600), True)  # signs were 255 apart
        assert (await anybody.get("/public/photos/1?small=1")).status_code == 200
        assert (await anybody.get(f"/files/{portal['file']}")).status_code in {302, 303, 401}
        first = await anybody.get(f"/public/projects/{portal['project']}")
        again = await anybody.get(first.url, headers={"If-None-Match": first.headers["etag"]})
        assert (first.headers["cache-control"], again.status_code, again.content) == ("public, max-age=300", 304, b"")
        assert "演示甲" not in first.text
        assert "路基完成" in first.text
    await clerk.locator("summary", has_text="撤回").click()
    await clerk.fill("[name=reason]", "拍到了路人")
    await clerk.get_by_role("button", name="撤回这张照片").click()
    await clerk.get_by_text("照片已撤回").wait_for()
    async with httpx.AsyncClient(base_url=url) as anybody:
        assert (await anybody.get("/public/photos/1")).status_code == 404
    assert portal["complaints"] == []


async def test_a_visitor_finds_a_project_by_its_village(portal: Any) -> None:
    page = portal["visitor"]
    await page.goto("/public")
    await at_both_widths(page, "public")
    await page.fill("#q", "演示村")
    await page.get_by_role("button", name="查找").click()
    await page.get_by_role("link", name="道路硬化工程").click()
    await page.wait_for_selector(".map.is-drawn .leaflet-interactive", state="attached")
    await at_both_widths(page, "public-project")
    await page.goto("/public/projects?q=没有这个村")
    await page.get_by_text("没有找到项目").wait_for()
    for path in ("/public/notices", "/public/plans"):
        await page.goto(path)
        await at_both_widths(page, path.strip("/").replace("/", "-"))
    assert portal["complaints"] == []


async def test_a_figure_leads_to_its_rows_and_they_leave_as_a_sheet(portal: Any) -> None:
    page = portal[Role.COUNTY_CLERK]
    await page.goto("/overview")
    await page.wait_for_selector("#funnel.is-drawn svg text")
    await page.wait_for_selector("#places .leaflet-interactive", state="attached")
    await at_both_widths(page, "overview")
    await page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert await page.locator("#funnel details[open]").count() == 1
    assert await page.locator("#groups svg pattern").count() > 0  # told apart without colours
    await page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    await page.locator("#funnel summary").click()
    await page.locator("#funnel td a").last.wait_for()
    await page.goto("/overview/projects?measure=at_works")
    await page.get_by_role("link", name="道路硬化工程").wait_for()
    sheet = await page.request.get("/overview/projects?measure=at_works&format=xlsx")
    book = openpyxl.load_workbook(io.BytesIO(await sheet.body()), read_only=True)
    facts = {row[0]: row[1] for row in book.worksheets[0].iter_rows(values_only=True) if row[0]}
    assert facts["筛选条件"] == "统计口径 正在建设"
    figures = await page.request.get("/overview/figures.xlsx?year=2026")
    book = openpyxl.load_workbook(io.BytesIO(await figures.body()), read_only=True)
    about = {row[0]: row[1] for row in book.worksheets[0].iter_rows(values_only=True) if row[0]}
    heads, line = list(book.worksheets[1].iter_rows(values_only=True))[:2]
    assert about["筛选条件"] == "地区 柯城区；年度 2026"
    assert (line[0], line[heads.index("正在建设")], line[heads.index("下达资金（元）")]) == ("石梁镇", 1, 500000)
    assert portal["complaints"] == []


async def test_an_admin_records_that_a_village_ends(portal: Any) -> None:
    page = portal[Role.COUNTY_ADMIN]
    await page.goto("/succession/new")
    await page.select_option("#old_code", VILLAGE)
    await page.fill("#new_code", "330802100209")
    await page.fill("#effective_on", "2026-10-01")
    await page.fill("#doc_no", "柯政函〔2026〕9号")
    await page.get_by_role("button", name="登记").click()
    await page.get_by_text("请填写新的村名").first.wait_for()
    await page.fill("#new_name", "新塘村")
    await at_both_widths(page, "succession-new")
    await page.get_by_role("button", name="登记").click()
    await page.get_by_text("还没有到生效日期").wait_for()
    await at_both_widths(page, "succession")
    assert portal["complaints"] == []

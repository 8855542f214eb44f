"""The shell in a real Chromium: every component at both widths, by keyboard alone, at twice the size."""

from pathlib import Path

import pytest
import pytest_asyncio
from house import KECHENG, Database, make_account
from live import DESK, PHONE, browsing, serving

from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.accounts.sessions import COOKIE, open_session
from quzhou_migrants.kernel import pg
from quzhou_migrants.kernel.db import ENGINE, close_pool, open_pool

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
AXE = Path(__file__).parents[2] / "quzhou_migrants/web/node_modules/axe-core/axe.min.js"
TWICE = {"width": 640, "height": 450}  # what 1280 x 900 becomes at 200 %
GALLERY = ["/gallery", "/gallery?wrong=1"]  # every component; the walk judges the pages made of them


class Desk:
    """A signed-in browser window, what it complained about, and whom it asked outside."""

    def __init__(self, page, url) -> None:
        self.page, self.complaints, self.outside = page, [], []
        page.on("console", lambda m: self.complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda r: None if r.url.startswith((url, "data:")) else self.outside.append(r.url))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desk(server, template):
    """One server and one browser for this file."""
    name = "shell_in_a_browser"
    server.drop_database(name)
    db = Database(name, server.create_database(name, template), server.dsn(pg.APP, name))
    user = await make_account(db, Role.COUNTY_ADMIN, KECHENG)
    ENGINE.configure(db.app)
    await open_pool(size=1)
    token = await open_session(user, "test")
    await close_pool()
    async with serving(db) as url, browsing() as chromium:
        window = await chromium.new_context(viewport=DESK, locale="zh-CN", base_url=url)
        await window.add_cookies([{"name": COOKIE, "value": token, "url": url}])
        yield Desk(await window.new_page(), url)
    server.drop_database(name)


@pytest_asyncio.fixture(loop_scope="session")
async def page(desk):
    """The window at desk size."""
    await desk.page.set_viewport_size(DESK)
    desk.complaints.clear()
    return desk.page


async def test_every_component_is_clean_at_every_width(desk, page):
    for view in (DESK, TWICE, PHONE):
        await page.set_viewport_size(view)
        for path in GALLERY:
            await page.goto(path)
            wide = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert wide <= 0, (path, view)
            await page.evaluate(AXE.read_text())
            found = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
            assert [(v["id"], v["nodes"][0]["html"]) for v in found["violations"]] == [], (path, view)
    assert desk.complaints == []
    assert desk.outside == []


async def test_the_frame_works_by_keyboard_alone(desk, page):
    await page.goto("/home")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.className") == "skip"
    await page.keyboard.press("Enter")
    assert page.url.endswith("#main")
    await page.focus("details.who summary")
    await page.keyboard.press("Enter")
    assert await page.is_visible(".who__menu a")
    await page.keyboard.press("Escape")
    assert not await page.is_visible(".who__menu a")
    assert await page.evaluate("document.activeElement.tagName") == "SUMMARY"
    await page.set_viewport_size(PHONE)
    assert not await page.is_visible("#side")
    await page.focus(".burger")
    await page.keyboard.press("Enter")
    assert await page.is_visible("#side")
    assert await page.evaluate("document.activeElement.closest('#side') !== null")


async def test_a_focused_field_is_seen(desk, page):
    await page.goto("/gallery")
    await page.focus("#title")
    style = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    width = await page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)")
    assert (style, width >= 2) == ("solid", True)


async def test_a_wrong_form_leads_the_eye_to_its_first_slip(desk, page):
    await page.goto("/gallery?wrong=1")
    assert await page.evaluate("document.activeElement.className") == "errors"
    await page.click(".errors a >> nth=0")
    assert page.url.endswith("#title")
    assert await page.get_attribute("#title", "aria-invalid") == "true"
    described = await page.get_attribute("#title", "aria-describedby")
    assert [await page.is_visible(f"#{name}") for name in described.split()] == [True, True]


async def test_a_step_that_cannot_be_undone_asks_first(desk, page):
    await page.goto("/gallery")
    sent: list[str] = []
    page.on("request", lambda r: sent.append(r.url) if r.method == "POST" else None)
    await page.click("button[data-confirm]")
    assert await page.is_visible("dialog.ask")
    await page.keyboard.press("Escape")
    assert not await page.is_visible("dialog.ask")
    assert sent == []
    await page.click("button[data-confirm]")
    await page.click("dialog.ask .btn-primary")
    await page.wait_for_load_state()
    assert len(sent) == 1


async def test_a_list_is_filtered_sorted_and_kept_in_the_address_without_a_new_page(desk, page):
    await page.goto("/accounts")
    await page.evaluate("window.sameDocument = true")
    await page.select_option("#f-role", "county_admin")
    await page.wait_for_url("**role=county_admin**")
    assert await page.is_visible(".chips a")
    await page.click("thead a >> nth=0")
    await page.wait_for_url("**sort=**")
    assert await page.get_attribute("thead th >> nth=0", "aria-sort") in {"ascending", "descending"}
    assert await page.evaluate("window.sameDocument") is True
    assert desk.complaints == []


async def test_a_printed_page_shows_the_sheet_alone(desk, page):
    await page.goto("/gallery")
    await page.emulate_media(media="print")
    assert await page.is_visible("main h1")
    hidden = [".top", ".side", ".foot", ".filters", ".breadcrumb"]
    assert [await page.is_visible(selector) for selector in hidden] == [False] * len(hidden)

"""A real server on a real port and a real browser, for journeys: `serving(db)`, `browsing()`, `look(page, name)`."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import msgspec
import pytest
from granian.constants import Interfaces
from granian.server.embed import Server
from house import AT_END, VILLAGE, Database, application, free_port
from playwright.async_api import async_playwright

from inspection.site_codes.rules import write_token
from quzhou_migrants.kernel.db import ENGINE, close_pool, connect_arguments, open_pool
from quzhou_migrants.kernel.signing import installed_ring

AXE = Path(__file__).parents[1] / "quzhou_migrants/web/node_modules/axe-core/axe.min.js"
SHOTS = os.environ.get("SCREENSHOTS")
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}


@asynccontextmanager
async def serving(db: Database) -> AsyncIterator[str]:
    """Serve a database on a free port, with the house's own server and application, beside the test in its loop.

    The program as it is started by `serve` is what the crawl, the contract and the kill tests ask.
    """
    port = free_port()
    url = f"http://localhost:{port}"
    await close_pool()
    ENGINE.configure(db.app)
    await open_pool(size=8)
    app = application()
    before = app.state.settings
    app.state.settings = msgspec.structs.replace(before, public_url=url)
    server = Server(
        app, address="127.0.0.1", port=port, interface=Interfaces.ASGINL, websockets=False, log_enabled=False
    )
    work = asyncio.create_task(server.serve())
    try:
        await _ready(url)
        yield url
    finally:
        server.stop()
        await work
        app.state.settings = before


async def _ready(url: str) -> None:
    async with httpx.AsyncClient() as http:
        for _ in range(100):
            try:
                if (await http.get(f"{url}/health")).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.05)
    raise TimeoutError(url)


@asynccontextmanager
async def browsing() -> AsyncIterator[Any]:
    """Give the run's Chromium, with a camera that shows a test picture; every window opened in it is closed after.

    Without Chromium the test is skipped and says so.
    """
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        pytest.skip("no Chromium: install it or name it in CHROMIUM")
    browser = await _chromium(found)
    try:
        yield browser
    finally:
        for window in browser.contexts:
            await window.close()


_opened: list[Any] = []


async def _chromium(program: str) -> Any:
    if not _opened or not _opened[0].is_connected():
        tool = await async_playwright().start()
        AT_END.push_async_callback(tool.stop)
        browser = await tool.chromium.launch(
            executable_path=program,
            args=[
                "--no-sandbox",
                "--force-prefers-reduced-motion",  # nothing to see in fading, and nothing half faded to judge
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
            ],
        )
        AT_END.push_async_callback(browser.close)
        _opened[:] = [browser]
    return _opened[0]


_SHOWN = """() => {
  const name = e => e.className.baseVal ?? e.className
  const piece = e => [e.tagName, name(e), e.getAttribute('role') ?? '', e.type ?? ''].join('.')
  const shown = [...document.querySelectorAll('body *')].filter(e => e.checkVisibility())
  const fields = shown.filter(e => e.matches('input, select, textarea, button'))
  const pieces = all => all.map(e => piece(e.parentElement) + ' > ' + piece(e))
  return [pieces(shown.filter(e => e.closest('#side'))), pieces(shown), fields.map(e => e.tagName + e.name)]
    .map(all => [...new Set(all)])
}"""
_JUDGE = """judged => axe.run(judged ? {exclude: [['#side']]} : document, {resultTypes: ['violations']})
  .then(found => found.violations)"""
_NUMBERS = re.compile(r"/\d+|[A-Za-z0-9_-]{24,}")
_pieces: dict[str, set[str]] = {}
_fields: dict[str, set[str]] = {}


async def looked_at(page: Any, name: str = "") -> None:
    """Look at a page: it is no failure, nothing sticks out at either width, axe finds nothing."""
    assert "KRN-500" not in await page.content(), page.url
    for view in (PHONE, DESK):
        await page.set_viewport_size(view)
        wide = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, (page.url, view)
        if SHOTS and name:
            await page.screenshot(path=f"{SHOTS}/{name}-{view['width']}.png", full_page=True)
    await look(page)


async def look(page: Any, name: str = "") -> None:
    """Check the page with axe; keep a picture when SCREENSHOTS names a folder.

    A page of a kind that was judged, of pieces that axe saw put together like this before and without a field that is
    new to its kind, need not be judged again at this width (as in `crawl.Judged`); nor need the menu beside it.
    """
    if SHOTS and name:
        await page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)
    menu, pieces, fields = map(set, await page.evaluate(_SHOWN))
    known = menu <= _pieces.get(str(page.viewport_size), set())
    if not _adds(page, pieces, fields):
        return
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE.read_text())
    found = await page.evaluate(_JUDGE, known)
    assert [f"{v['id']}: {n['html'][:300]}" for v in found for n in v["nodes"]] == [], page.url


def _adds(page: Any, pieces: set[str], fields: set[str]) -> bool:
    view = str(page.viewport_size)
    kind = f"{view} {_NUMBERS.sub('/*', urlsplit(page.url).path)}"
    seen, known = _pieces.setdefault(view, set()), _fields.get(kind)
    new = known is None or not fields <= known or not pieces <= seen
    seen |= pieces
    _fields.setdefault(kind, set()).update(fields)
    return new


async def project_with_code(db: Any) -> dict[str, Any]:
    """Write a project under way with two steps and a genuine code."""
    conn = await asyncpg.connect(**connect_arguments(db.owner))
    project = await conn.fetchval(
        "INSERT INTO projects_project (code, division_code, title, content, state, award_fen, contract_fen, lat, lon,"
        " contractor, is_demo) VALUES ('QZ-T-1', $1, '道路硬化工程', '硬化村内道路1.2公里', 'building', 50000000,"
        " 48000000, 28.97, 118.87, '某某建设有限公司', true) RETURNING id",
        VILLAGE,
    )
    for seq, weight in ((1, 3000), (2, 7000)):
        await conn.execute(
            "INSERT INTO projects_milestone (project, division_code, seq, title, weight_bp, is_demo)"
            " VALUES ($1, $2, $3, $4, $5, true)",
            project,
            VILLAGE,
            seq,
            ("路基", "路面")[seq - 1],
            weight,
        )
    code = await conn.fetchval("SELECT nextval(pg_get_serial_sequence('inspection_site_code', 'id'))")
    token = write_token(installed_ring(), code)
    await conn.execute(
        "INSERT INTO inspection_site_code (id, project, division_code, token, key_no, issued_at)"
        " VALUES ($1, $2, $3, $4, 0, now())",
        code,
        project,
        VILLAGE,
        token,
    )
    await conn.close()
    return {"id": project, "token": token}

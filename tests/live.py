"""A real server on a real port and a real browser, for journeys: `serving(db)`, `browsing()`, `look(page, name)`."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from house import VILLAGE, Database
from playwright.async_api import async_playwright

from inspection.site_codes.rules import write_token
from quzhou_migrants.kernel.db import connect_arguments
from quzhou_migrants.kernel.signing import installed_ring

AXE = Path(__file__).parents[1] / "quzhou_migrants/web/node_modules/axe-core/axe.min.js"
SHOTS = os.environ.get("SCREENSHOTS")
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}


@asynccontextmanager
async def serving(db: Database) -> AsyncIterator[str]:
    """Run the application in a process of its own on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://localhost:{port}"
    environ = {**os.environ, "DATABASE_URL": db.owner, "DATABASE_APP_URL": db.app, "QM_PUBLIC_URL": url}
    command = [
        sys.executable,
        "-m",
        "granian",
        "--interface",
        "asgi",
        "--factory",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--log-level",
        "warning",
        "quzhou_migrants.app:application",
    ]
    process = subprocess.Popen(command, env=environ)
    try:
        await _ready(url)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:  # a browser may hold a connection open for ever
            process.kill()
            process.wait(timeout=10)


async def _ready(url: str) -> None:
    async with httpx.AsyncClient() as http:
        for _ in range(150):
            try:
                if (await http.get(f"{url}/health")).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.2)
    raise TimeoutError(url)


@asynccontextmanager
async def browsing() -> AsyncIterator[Any]:
    """Open Chromium with a camera that shows a test picture; without Chromium the test is skipped and says so."""
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        pytest.skip("no Chromium: install it or name it in CHROMIUM")
    async with async_playwright() as tool:
        browser = await tool.chromium.launch(
            executable_path=found,
            args=["--no-sandbox", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"],
        )
        try:
            yield browser
        finally:
            await browser.close()


async def look(page: Any, name: str) -> None:
    """Check the page with axe; keep a picture when SCREENSHOTS names a folder."""
    if SHOTS:
        await page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)
    found = await page.evaluate(AXE.read_text() + "; axe.run(document, {resultTypes: ['violations']})")
    if found["violations"]:
        pytest.fail("\n".join(f"{v['id']}: {n['html']}" for v in found["violations"] for n in v["nodes"]))


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

"""A real server on a real port and a real browser, for journeys: `async with serving(db) as url`, `async with browsing() as chromium`."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from house import Database

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
        sys.executable, "-m", "granian", "--interface", "asgi", "--factory", "--host", "127.0.0.1", "--port", str(port),
        "--log-level", "warning", "quzhou_migrants.app:application",
    ]
    process = subprocess.Popen(command, env=environ)  # noqa: ASYNC220, S603 - our own server, ended below
    try:
        await _ready(url)
        yield url
    finally:
        process.terminate()
        process.wait(timeout=20)


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
    """Open Chromium with a camera that shows a test picture; without Chromium the test says loudly that it was skipped."""
    from playwright.async_api import async_playwright

    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        pytest.skip("no Chromium: install it or name it in CHROMIUM")
    async with async_playwright() as tool:
        browser = await tool.chromium.launch(
            executable_path=found,
            args=["--no-sandbox", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"])
        try:
            yield browser
        finally:
            await browser.close()

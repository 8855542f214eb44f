"""Take the picture of the README from the running program: `make screenshot URL=http://127.0.0.1:8000`."""

from __future__ import annotations

import asyncio
import io
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from house import AT_END
from live import browsing
from PIL import Image

from quzhou_migrants.demo.staff import PASSWORD

PICTURE = Path(__file__).parents[2] / "quzhou_migrants/docs/pictures/home.png"
VIEW = {"width": 1280, "height": 800}
LOGIN = "kc_clerk"


async def take(url: str, to: Path = PICTURE, path: str = "/home") -> None:
    """Sign in over a demonstration and photograph one page of the county clerk."""
    async with AT_END, browsing() as chromium:
        window = await chromium.new_context(viewport=VIEW, locale="zh-CN", base_url=url)
        page = await window.new_page()
        await page.goto("/sign-in")
        await page.fill("input[name=login]", LOGIN)
        await page.fill("input[name=password]", PASSWORD)
        await page.click("main button[type=submit]")
        await page.wait_for_url("**/home")
        await page.goto(path, wait_until="networkidle")
        taken = Image.open(io.BytesIO(await page.screenshot()))
    taken.convert("RGB").quantize(256).save(to, optimize=True)


if __name__ == "__main__":
    asyncio.run(take(sys.argv[1].rstrip("/"), path=sys.argv[2] if len(sys.argv) > 2 else "/home"))

"""Pages of codes and visits in a real browser, at the desk and on a phone: no axe violation, the printed code scans."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from house import KECHENG, make_account
from live import DESK, PHONE, browsing, look, project_with_code, serving
from PIL import Image

from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.accounts.sessions import COOKIE, open_session
from quzhou_migrants.kernel import qr

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def open_as(db: Any, chromium: Any, url: str, role: str | None, size: dict[str, int]) -> Any:
    context = await chromium.new_context(viewport=size, locale="zh-CN", timezone_id="Asia/Shanghai")
    if role:
        user = await make_account(db, role, KECHENG)
        await context.add_cookies([{"name": COOKIE, "value": await open_session(user, "test"), "url": url}])
    return await context.new_page()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
async def test_clerk_revokes_prints_and_everybody_is_told(db: Any, size: dict[str, int]) -> None:
    project = await project_with_code(db)
    name = "desk" if size is DESK else "phone"
    async with serving(db) as url, browsing() as chromium:
        public = await open_as(db, chromium, url, None, size)
        await public.goto(f"{url}/c/{project['token']}")
        await public.get_by_role("heading", name="道路硬化工程").wait_for()
        await look(public, f"code-public-{name}")
        clerk = await open_as(db, chromium, url, Role.COUNTY_CLERK, size)
        await clerk.goto(f"{url}/codes")
        await look(clerk, f"code-list-{name}")
        await clerk.get_by_role("link", name=project["token"]).click()
        await clerk.get_by_role("heading", name="工地二维码").first.wait_for()
        await look(clerk, f"code-page-{name}")
        picture = Image.open(BytesIO(await clerk.locator("svg.qr").screenshot()))
        assert qr.read(picture) == [f"{url}/c/{project['token']}"]
        await clerk.get_by_label("停用原因").fill("公示牌被风刮落遗失")
        clerk.on("dialog", lambda d: d.accept())
        await clerk.get_by_role("button", name="停用并重发新码").click()
        if await clerk.get_by_role("button", name="确定").count():
            await clerk.get_by_role("button", name="确定").first.click()
        await clerk.get_by_text("旧二维码已停用，新码已签发").wait_for()
        await look(clerk, f"code-reissued-{name}")
        await clerk.goto(f"{url}/codes/print")
        await look(clerk, f"code-print-{name}")
        await public.goto(f"{url}/c/{project['token']}")
        await public.get_by_text("公示牌被风刮落遗失").wait_for()
        await look(public, f"code-revoked-{name}")
        await public.goto(f"{url}/c/{'0' * 15}")
        await public.get_by_role("button", name="查询").wait_for()
        await look(public, f"code-forged-{name}")
        for path in ("/visits", "/findings"):
            await clerk.goto(url + path)
            await look(clerk, f"list{path.replace('/', '-')}-{name}")

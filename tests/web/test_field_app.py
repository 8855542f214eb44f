"""The inspector's day on a phone: scan, photograph, sign, lose the network, send, see the progress move."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from house import KECHENG, make_account
from live import PHONE, browsing, look, project_with_code, serving
from PIL import Image

from inspection.site_codes.rules import grouped
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.accounts.sessions import COOKIE, open_session
from quzhou_migrants.kernel.db import connect_arguments

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
NEAR, FAR = {"latitude": 28.9702, "longitude": 118.8701, "accuracy": 15}, {"latitude": 28.99, "longitude": 118.87}


async def rows(db: Any, sql: str, *values: Any) -> list[Any]:
    conn = await asyncpg.connect(**connect_arguments(db.owner))
    try:
        return [tuple(r) for r in await conn.fetch(sql, *values)]
    finally:
        await conn.close()


@asynccontextmanager
async def phone(db: Any, url: str, chromium: Any, **place: Any) -> Any:
    """Open a phone-sized context signed in as an inspector of Kecheng."""
    user = await make_account(db, Role.INSPECTOR, KECHENG)
    context = await chromium.new_context(
        viewport=PHONE,
        has_touch=True,
        is_mobile=True,
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        geolocation=place or NEAR,
        permissions=["geolocation", "camera"],
    )
    await context.add_cookies([{"name": COOKIE, "value": await open_session(user, "test"), "url": url}])
    page = await context.new_page()
    page.set_default_timeout(15_000)
    faults: list[str] = []
    page.on("pageerror", lambda e: faults.append(str(e)))
    page.on(
        "console", lambda m: faults.append(m.text) if m.type == "error" and "Failed to load" not in m.text else None
    )
    yield page
    assert faults == []
    await context.close()


async def fill_in(page: Any, *, name: str = "李四") -> None:
    """Take two pictures, see half of the first step, find one thing wrong, sign."""
    await page.get_by_role("button", name="拍照").click()
    for count in (1, 2):
        await page.get_by_role("button", name="按下快门").click()
        await page.get_by_role("button", name=f"返回（{count} 张）").wait_for()
        await page.wait_for_timeout(400)
    await page.get_by_role("button", name="返回（2 张）").click()
    await page.get_by_role("slider", name="路基").fill("100")
    await page.get_by_role("slider", name="路面").fill("50")
    await page.get_by_role("button", name="添加问题").click()
    await page.get_by_label("问题描述").fill("路面厚度不足")
    await page.get_by_label("姓名", exact=True).fill(name)
    box = await page.get_by_role("img", name="在框内签名").bounding_box()
    await page.get_by_role("img", name="在框内签名").scroll_into_view_if_needed()
    box = await page.get_by_role("img", name="在框内签名").bounding_box()
    await page.mouse.move(box["x"] + 30, box["y"] + 60)
    await page.mouse.down()
    await page.mouse.move(box["x"] + 200, box["y"] + 80, steps=8)
    await page.mouse.up()


async def test_scan_photograph_sign_send_and_the_progress_moves(db: Any) -> None:
    project = await project_with_code(db)
    async with serving(db) as url, browsing() as chromium, phone(db, url, chromium) as page:
        await page.goto(f"{url}/c/{project['token']}")
        await page.get_by_role("heading", name="道路硬化工程").wait_for()
        await page.get_by_text("二维码核对无误").wait_for()
        await page.get_by_text("离登记点").first.wait_for()
        await look(page, "field-visit-empty")
        await page.get_by_role("button", name="完成并发送").click()
        await page.get_by_text("至少拍 1 张照片").wait_for()
        await fill_in(page)
        await look(page, "field-visit-filled")
        await page.get_by_role("button", name="完成并发送").click()
        await page.get_by_text("已收到，进度已计入").wait_for()
        await look(page, "field-home-sent")
        assert await rows(db, "SELECT progress_bp FROM projects_project") == [(6500,)]
        assert await rows(
            db, "SELECT state, offline, distance_m < 50, contact_name, expected FROM inspection_visit"
        ) == [("counted", False, True, "李四", 3)]
        assert await rows(
            db, "SELECT role, source, lat IS NOT NULL, file IS NOT NULL FROM inspection_visit_photo ORDER BY seq"
        ) == [("photo", "camera", True, True), ("photo", "camera", True, True), ("signature", "camera", True, True)]
        await page.get_by_role("button", name="查看").click()
        await page.get_by_role("heading", name="照片").wait_for()
        await look(page, "visit-phone")


async def test_nothing_is_lost_without_a_network_and_nothing_sent_twice(db: Any) -> None:
    project = await project_with_code(db)
    async with serving(db) as url, browsing() as chromium, phone(db, url, chromium) as page:
        await page.goto(f"{url}/field")
        await page.get_by_text("共 1 个项目").wait_for()
        await page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        await page.wait_for_timeout(500)
        await page.context.set_offline(True)
        await page.goto(f"{url}/c/{grouped(project['token'])}")  # the system's scanner opens the printed address
        await page.get_by_text("二维码核对无误").wait_for()
        await fill_in(page)
        await page.get_by_role("button", name="完成并发送").click()
        await page.get_by_text("1 次巡查未发送完").wait_for()
        await look(page, "field-home-offline")
        await page.reload()
        await page.get_by_text("1 次巡查未发送完").wait_for()
        async with page.expect_download() as saved:
            await page.get_by_text("手机要换、要还").click()
            await page.get_by_role("button", name="存成文件").click()
        kept = await (await saved.value).path()
        cut = {"left": 1}

        async def break_once(route: Any) -> None:
            """Lose the line in the middle of the pictures."""
            if cut["left"] and route.request.method == "PUT":
                cut["left"] -= 1
                await route.abort()
            else:
                await route.continue_()

        await page.route("**/photos/*", break_once)
        await page.context.set_offline(False)
        await page.get_by_text("0/3 张照片已收到").wait_for()
        await page.get_by_role("button", name="立即发送").click()
        await page.get_by_text("已收到，进度已计入").wait_for()
        assert await rows(db, "SELECT count(*), bool_and(offline) FROM inspection_visit") == [(1, True)]
        assert await rows(db, "SELECT count(*), count(file) FROM inspection_visit_photo") == [(3, 3)]
        await page.evaluate("indexedDB.deleteDatabase('field')")
        await page.reload()
        await page.get_by_text("手机要换、要还").click()
        await page.locator('[data-act="load"]').set_input_files(kept)
        await page.get_by_text("已收到，进度已计入").wait_for()
        assert await rows(db, "SELECT count(*) FROM inspection_visit") == [(1,)]


async def test_code_typed_by_hand_and_wrong_ones_are_told(db: Any) -> None:
    project = await project_with_code(db)
    async with serving(db) as url, browsing() as chromium, phone(db, url, chromium) as page:
        await page.goto(f"{url}/field")
        await page.get_by_text("共 1 个项目").wait_for()
        for typed, told in (("abc", "编号应为 15 位字母数字"), ("0" * 15, "本机清单里没有这个编号")):
            await page.get_by_label("工地编号").fill(typed)
            await page.get_by_role("button", name="打开").click()
            await page.get_by_text(told).wait_for()
        await page.get_by_label("工地编号").fill(grouped(project["token"]).lower())
        await page.get_by_role("button", name="打开").click()
        await page.get_by_text("二维码核对无误").wait_for()


async def test_without_camera_a_file_and_a_typed_name_do_and_distance_holds_the_progress(
    db: Any, tmp_path: Path
) -> None:
    Image.effect_noise((640, 480), 60).convert("RGB").save(tmp_path / "a.jpg")
    await project_with_code(db)
    async with serving(db) as url, browsing() as chromium, phone(db, url, chromium, **FAR, accuracy=20) as page:
        await page.goto(f"{url}/field")
        await page.get_by_role("button", name="道路硬化工程").click()
        await page.get_by_text("距离较远，进度须经复核").wait_for()
        await page.locator('[data-act="pick"]').set_input_files(tmp_path / "a.jpg")
        await page.get_by_role("img", name="第 1 张照片").wait_for()
        await page.get_by_label("输入姓名").check()
        await page.get_by_label("姓名", exact=True).fill("王五")
        await page.get_by_role("button", name="完成并发送").click()
        await page.get_by_text("已收到，等待复核").wait_for()
        assert await rows(db, "SELECT state, flags->0->>'code', flags->1->>'code' FROM inspection_visit") == [
            ("held", "INS-232", "INS-239")
        ]
        assert await rows(db, "SELECT progress_bp FROM projects_project") == [(0,)]

"""The end of the works in a real Chromium: faults, audit, acceptance, handover, an asset, the bound dossier."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import asyncpg
import pikepdf
import pytest
import pytest_asyncio
from house import BAIMA, NIANLI, QUJIANG, Database, make_account
from live import DESK, PHONE, browsing, look, serving
from project_house import picture

from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.accounts.sessions import COOKIE, open_session
from quzhou_migrants.kernel import pg
from quzhou_migrants.kernel.db import ENGINE, close_pool, connect_arguments, open_pool

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
PEOPLE = {
    "village": (Role.VILLAGE_CLERK, BAIMA),
    "town": (Role.TOWNSHIP_CLERK, NIANLI),
    "county": (Role.COUNTY_CLERK, QUJIANG),
}


async def _finished(db: Database) -> int:
    """Write a project whose works were reported finished."""
    conn = await asyncpg.connect(**connect_arguments(db.owner))
    key: int = await conn.fetchval(
        "INSERT INTO projects_project (code, division_code, title, category, state, estimate_fen, asked_fen, award_fen,"
        " contract_fen, progress_bp, receipt, submitted_at, started_on, completed_on, asset_owner, caretaker, lat, lon)"
        " VALUES ('330803-2026-000001', $1, '白马新村灌溉渠道修复工程', 'farmland_water', 'completed', 49961000,"
        " 49961000, 49961000, 49961000, 10000, 'R-1', '2026-03-16', '2026-06-01', '2026-09-01',"
        " '白马新村股份经济合作社', '白马新村村民委员会', 28.97, 118.87) RETURNING id",
        BAIMA,
    )
    await conn.execute(
        "INSERT INTO projects_contract (project, division_code, number, method, contractor, credit_code, amount_fen,"
        " signed_on, starts_on, ends_on) VALUES ($1, $2, 'HT-1', 'small_works', '演示公司', '91', 49961000,"
        " '2026-05-20', '2026-06-01', '2026-09-01')",
        key,
        BAIMA,
    )
    await conn.close()
    return key


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desks(server, template):
    """One server, one browser, a window for each person."""
    name = "assets_in_a_browser"
    server.drop_database(name)
    db = Database(name, server.create_database(name, template), server.dsn(pg.APP, name))
    people = {who: await make_account(db, role, place) for who, (role, place) in PEOPLE.items()}
    project = await _finished(db)
    ENGINE.configure(db.app)
    await open_pool(size=2)
    tokens = {who: await open_session(user, "test") for who, user in people.items()}
    async with serving(db) as url, browsing() as chromium:
        windows: dict[str, Any] = {"project": f"{url}/projects/{project}"}
        for who, token in tokens.items():
            window = await chromium.new_context(viewport=DESK, locale="zh-CN", base_url=url, bypass_csp=True)
            window.set_default_timeout(12_000)
            await window.add_cookies([{"name": COOKIE, "value": token, "url": url}])
            windows[who] = await window.new_page()
        yield windows
    await close_pool()
    server.drop_database(name)


@pytest.fixture(scope="module")
def paper(tmp_path_factory) -> Path:
    """A picture of a paper."""
    path: Path = tmp_path_factory.mktemp("papers") / "photo.png"
    path.write_bytes(picture())
    return path


async def looked_at(page: Any, name: str) -> None:
    """Look at a page at both widths: nothing sticks out, axe finds nothing."""
    for view in (PHONE, DESK):
        await page.set_viewport_size(view)
        assert await page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, (page.url, view)
    await look(page, f"assets-{name}")


async def fill(page: Any, fields: dict[str, str]) -> None:
    """Fill a form as a person does."""
    for name, value in fields.items():
        field = page.locator(f'[name="{name}"]').first
        if await field.get_attribute("type") == "radio":
            await page.check(f'[name="{name}"][value="{value}"]')
        else:
            await field.fill(value)


async def press(page: Any, label: str) -> None:
    """Press a button of the page."""
    await page.get_by_role("button", name=label, exact=True).last.click()
    await page.wait_for_load_state()


async def upload(page: Any, project: str, paper: Path, *kinds: str) -> None:
    """Put papers of some kinds into the dossier."""
    for kind in kinds:
        await page.goto(f"{project}/dossier")
        await page.select_option("#kind", kind)
        await page.set_input_files("#files", [paper])
        await press(page, "上传")
        await page.wait_for_selector("text=文件已归档")


async def test_the_works_are_accepted_in_their_steps(desks, paper):
    village, town, county = desks["village"], desks["town"], desks["county"]
    project = desks["project"]
    await town.goto(f"{project}/pre_accept")
    await fill(town, {"members": "初验组三人", "result": "pass"})
    await fill(town, {"defects.0.content": "排水口未清理", "defects.0.due_on": "2026-09-30"})
    await press(town, "登记初验")
    assert "缺少完工材料“竣工报告”" in await town.inner_text("main")
    await looked_at(town, "01")
    await upload(village, project, paper, "completion_report", "completion_photo")
    await looked_at(village, "02")
    await press(town, "登记初验")
    await town.wait_for_url(project + "*")
    await village.goto(f"{project}/defects")
    await looked_at(village, "03")
    await village.get_by_role("link", name="排水口未清理").click()
    await fill(village, {"mended_note": "已清理"})
    await press(village, "报告整改")
    await town.goto(f"{project}/defects")
    await town.get_by_role("link", name="排水口未清理").click()
    await looked_at(town, "04")
    await press(town, "确认已整改")
    await upload(county, project, paper, "final_account", "audit_report", "quality_report", "money_report")
    await upload(county, project, paper, "benefit_report", "archive_list")
    await county.goto(f"{project}/audit")
    await fill(county, {"firm": "演示会计师事务所", "report_no": "演审〔2026〕1号", "settled_fen": "490000"})
    await looked_at(county, "05")
    await press(county, "登记决算审计")
    await county.goto(f"{project}/accept")
    sides = dict.fromkeys(("quality", "money", "benefit", "audit", "accounts", "archive"), "pass")
    await fill(county, {"members": "验收组五人", **sides})
    await county.check("[name=parts][value=pipes]")
    await looked_at(county, "06")
    await press(county, "竣工验收")
    await county.wait_for_url(project + "*")
    assert "已验收" in await county.inner_text("h1")


async def test_the_asset_is_handed_over_looked_at_and_the_dossier_bound(desks, tmp_path):
    village, county = desks["village"], desks["county"]
    project = desks["project"]
    await county.goto(f"{project}/hand_over")
    await fill(county, {"owners.0.invested_fen": "416500", "owners.1.owner": "白马新村村民委员会"})
    await fill(county, {"owners.1.invested_fen": "73500", "cards.0.quantity": "1.2公里"})
    await looked_at(county, "07")
    await press(county, "资产移交")
    await county.wait_for_url(project + "*")
    assert "已移交" in await county.inner_text("h1")
    await looked_at(county, "08")
    await village.goto("/assets")
    await village.get_by_role("link", name="白马新村灌溉渠道修复工程").click()
    assert "85%" in await village.inner_text("main")
    await fill(village, {"condition": "worn", "finding": "闸门锈蚀", "measure": "除锈刷漆"})
    await press(village, "登记检查")
    await village.wait_for_selector("text=检查结果已登记")
    await looked_at(village, "09")
    await county.goto(f"{project}/dossier")
    await looked_at(county, "10")
    await press(county, "全卷合成一份PDF")
    async with county.expect_download() as coming:
        await county.get_by_role("link", name="下载").click(timeout=30_000)
    await (await coming.value).save_as(tmp_path / "whole.pdf")
    with pikepdf.open(tmp_path / "whole.pdf") as volume:
        assert len(volume.pages) > 12

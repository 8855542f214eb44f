"""Works on the demonstration: a warning is answered, a term is extended through the chain, in a real browser."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from house import Database, make_account
from live import DESK, PHONE, browsing, look
from project_house import picture

from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.accounts.sessions import COOKIE, open_session
from quzhou_migrants.kernel.db import ENGINE, close_pool, connect_arguments, open_pool

pytestmark = pytest.mark.asyncio(loop_scope="session")
_LATE = """
SELECT d.id AS delay, p.id, p.division_code, k.ends_on FROM projects_delay d
JOIN projects_project p ON p.id = d.project JOIN projects_contract k ON k.project = p.id
WHERE d.cleared_on IS NULL AND d.reason = '' AND p.state = 'building' AND k.ends_on > '2026-09-16'
  AND NOT EXISTS (SELECT 1 FROM projects_change h
    WHERE h.project = p.id AND h.state IN ('proposed', 'passed', 'returned'))
ORDER BY d.id DESC LIMIT 1
"""


_AWARDED = """
SELECT p.id, p.title, (p.award_fen / 100)::text AS yuan FROM projects_project p
WHERE p.state = 'awarded' AND left(p.division_code, 6) = $1 ORDER BY p.id DESC LIMIT 1
"""
CODES = ("91330803MA00000000", "91330803MA00000001", "91330803MA00000002")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desks(demo_db: Database, live: str):
    """A late project of the demonstration, and a window for each tier above it."""
    conn = await asyncpg.connect(**connect_arguments(demo_db.owner))
    county = await conn.fetchval(
        "SELECT left(division_code, 6) FROM projects_project WHERE state = 'awarded' ORDER BY id DESC LIMIT 1"
    )
    late, awarded = await conn.fetchrow(_LATE), await conn.fetchrow(_AWARDED, county)
    await conn.close()
    village = late["division_code"]
    places = {"village": village, "town": village[:9] + "000", "county": village[:6] + "000000"}
    places["builder"] = county + "000000"
    roles = {"village": Role.VILLAGE_CLERK, "town": Role.TOWNSHIP_CLERK, "county": Role.COUNTY_CLERK}
    roles["builder"] = Role.COUNTY_CLERK
    people = {who: await make_account(demo_db, role, places[who]) for who, role in roles.items()}
    ENGINE.configure(demo_db.app)
    await open_pool(size=2)
    tokens = {who: await open_session(user, "test") for who, user in people.items()}
    async with browsing() as chromium:
        windows: dict[str, Any] = {"late": late, "awarded": awarded}
        for who, token in tokens.items():
            window = await chromium.new_context(viewport=DESK, locale="zh-CN", base_url=live, bypass_csp=True)
            await window.add_cookies([{"name": COOKIE, "value": token, "url": live}])
            windows[who] = await window.new_page()
        yield windows
    await close_pool()


async def looked_at(page: Any, name: str) -> None:
    """Look at a page: nothing sticks out at either width, axe finds nothing."""
    for view in (PHONE, DESK):
        await page.set_viewport_size(view)
        wide = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, (page.url, view)
        await look(page, f"{name}-{view['width']}")


async def press(page: Any, label: str) -> None:
    await page.get_by_role("button", name=label, exact=True).last.click()
    await page.wait_for_load_state("load")


async def test_a_late_village_says_why(desks):
    village, late = desks["village"], desks["late"]
    await village.goto("/works/delays?unanswered=1")
    await looked_at(village, "delays")
    await village.goto(f"/works/delays/{late['delay']}")
    await village.fill("#reason", "汛期停工两周，已增加人手")
    await village.fill("#forecast_on", "2026-09-01")
    await press(village, "保存说明")
    assert "PRJ-469" in await village.inner_text("main")
    await looked_at(village, "delay")
    await village.fill("#forecast_on", "2026-10-20")
    await press(village, "保存说明")
    assert "汛期停工两周" in await village.inner_text(".kv")


async def test_programs_read_the_same_works(desks):
    asked, late = desks["village"].request, desks["late"]
    works = await (await asked.get(f"/api/v1/projects/{late['id']}/works")).json()
    assert (works["project"], works["state"], works["ends_on"]) == (late["id"], "building", str(late["ends_on"]))
    assert [p["planned_bp"] for p in works["curve"]] == sorted(p["planned_bp"] for p in works["curve"])
    assert sum(s["weight_bp"] for s in works["steps"]) == 10_000
    delays = await (await asked.get("/api/v1/works/delays")).json()
    assert late["delay"] in [d["id"] for d in delays["items"]]
    changes = await (await asked.get("/api/v1/changes?limit=1&in_state=approved")).json()
    assert {c["state"] for c in changes["items"]} <= {"approved"}


async def test_a_term_is_extended_through_the_chain(desks):
    village, town, county, late = desks["village"], desks["town"], desks["county"], desks["late"]
    await village.goto(f"/projects/{late['id']}/works")
    await looked_at(village, "works")
    await village.get_by_role("link", name="申请变更").click()
    later = late["ends_on"] + timedelta(days=20)
    await village.fill("#ends_on", later.isoformat())
    await village.select_option("#cause", "weather")
    await village.fill("#contract_fen", "99999999")
    await village.fill("#reason", "梅雨季施工受阻")
    await press(village, "提出")
    assert "PRJ-472" in await village.inner_text("main")
    assert await village.input_value("#reason") == "梅雨季施工受阻"
    await looked_at(village, "adjust")
    await village.go_back()
    await village.fill("#ends_on", later.isoformat())
    await village.select_option("#cause", "weather")
    await village.fill("#reason", "梅雨季施工受阻")
    await press(village, "提出")
    await village.wait_for_url("**/changes/*")
    change = village.url.split("?")[0]
    await town.goto(change)
    await press(town, "退回")
    assert "PRJ-482" in await town.inner_text("main")
    await press(town, "审查通过")
    await county.goto(change)
    await looked_at(county, "change")
    await press(county, "批准")
    assert "已批准" in await county.inner_text("h1")
    paper = await county.request.get(change + "/form.pdf")
    assert (paper.headers["content-type"], (await paper.body())[:4]) == ("application/pdf", b"%PDF")
    await county.goto("/changes")
    await looked_at(county, "changes")


async def test_a_contractor_is_found_a_contract_signed_and_works_begin(desks, tmp_path):
    page, project = desks["builder"], desks["awarded"]
    await page.goto(f"/projects/{project['id']}/procurement")
    await page.select_option("#method", "own_labour")
    await page.fill("#control_fen", project["yuan"])
    await page.fill("#credit_reason", "演示用代码，已核对")
    for n, code in enumerate(CODES):
        await page.fill(f"[name='bids.{n}.bidder']", f"演示建设有限公司{n}")
        await page.fill(f"[name='bids.{n}.credit_code']", code)
        await page.fill(f"[name='bids.{n}.price_fen']", project["yuan"])
    await press(page, "保存发包记录")
    told = await page.inner_text("main")
    assert [code in told for code in ("PRJ-452", "PRJ-454")] == [True, True]
    await looked_at(page, "procurement")
    await page.select_option("#method", "small_works")
    await page.check("[name='bids.1.won']")
    await press(page, "保存发包记录")
    assert await page.input_value("#contractor") == "演示建设有限公司1"
    await page.check("#underground")
    filled = {"number": "HT-1", "signed_on": "2026-09-16", "starts_on": "2026-09-16", "ends_on": "2026-12-25"}
    step = {"steps.0.title": "主体施工", "steps.0.weight_bp": "100", "steps.0.planned_on": "2026-12-25"}
    firm = {"supervisor": "演示监理有限公司", "supervisor_code": CODES[1]}
    for name, value in {**filled, **step, **firm}.items():
        await page.fill(f"[name='{name}']", value)
    await press(page, "登记合同")
    assert "PRJ-462" in await page.inner_text("main")
    await looked_at(page, "contract")
    await page.fill("#supervisor_code", CODES[2])
    await press(page, "登记合同")
    await page.goto(f"/projects/{project['id']}/start")
    await press(page, "登记开工")
    assert "PRJ-466" in await page.inner_text("main")
    await looked_at(page, "start")
    photo = tmp_path / "before.png"
    photo.write_bytes(picture())
    await page.set_input_files("#photos", photo)
    await press(page, "登记开工")
    assert "在建" in await page.inner_text("h1")

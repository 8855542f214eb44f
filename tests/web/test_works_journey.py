"""Works on the demonstration: a warning is answered, a term is extended through the chain, in a real browser."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from house import Database, make_account
from live import AXE, DESK, PHONE, browsing, look

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


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desks(demo_db: Database, live: str):
    """A late project of the demonstration, and a window for each tier above it."""
    conn = await asyncpg.connect(**connect_arguments(demo_db.owner))
    late = await conn.fetchrow(_LATE)
    await conn.close()
    village = late["division_code"]
    places = {"village": village, "town": village[:9] + "000", "county": village[:6] + "000000"}
    roles = {"village": Role.VILLAGE_CLERK, "town": Role.TOWNSHIP_CLERK, "county": Role.COUNTY_CLERK}
    people = {who: await make_account(demo_db, role, places[who]) for who, role in roles.items()}
    ENGINE.configure(demo_db.app)
    await open_pool(size=2)
    tokens = {who: await open_session(user, "test") for who, user in people.items()}
    async with browsing() as chromium:
        windows: dict[str, Any] = {"late": late}
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
    await page.evaluate(AXE.read_text())
    found = await page.evaluate("axe.run({resultTypes: ['violations']})")
    assert [(v["id"], v["nodes"][0]["html"]) for v in found["violations"]] == []


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
    await county.goto("/changes")
    await looked_at(county, "changes")

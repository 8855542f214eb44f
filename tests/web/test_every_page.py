"""Every page every role can reach by links, in a real Chromium: it opens, fits, is titled and is clean for axe."""

from __future__ import annotations

from typing import Any

import asyncpg
import httpx
import pytest
import pytest_asyncio
from crawl import PATIENCE, Crawler, Judged
from live import DESK, browsing

from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.accounts.sessions import COOKIE, open_session
from quzhou_migrants.demo.staff import PASSWORD
from quzhou_migrants.kernel.db import ENGINE, close_pool, connect_arguments, open_pool

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BUSIEST = """
SELECT p."user" FROM accounts_post p
WHERE p.role = $1 AND p.active ORDER BY
  (SELECT count(DISTINCT j.state) FROM projects_project j
   WHERE j.division_code LIKE rtrim(left(p.division_code, 9), '0') || '%'
     AND (length(rtrim(p.division_code, '0')) <= 9 OR j.division_code = p.division_code)) DESC, p.id LIMIT 1
"""
ENGAGED = """
SELECT p."user" FROM accounts_post p JOIN accounts_engagement e ON e.post = p.id
WHERE p.role = $1 AND p.active AND e.revoked_at IS NULL ORDER BY e.id DESC LIMIT 1
"""
IN_EVERY_STATE = """
SELECT DISTINCT ON (state) '{address}/' || id AS path FROM {table}
WHERE division_code LIKE $1 ORDER BY state, id
"""
TABLES = {
    "/projects": "projects_project",
    "/claims": "allocation_claim",
    "/rounds": "allocation_round",
    "/mixed": "allocation_mixed",
    "/factor": "allocation_factor_run",
    "/codes": "inspection_site_code",
    "/samples": "surveys_campaign",
}
OUTSIDE = (Role.EXPERT, Role.SURVEYOR, Role.AUDITOR)


class House:
    """The demonstration, a browser, and what axe has judged already."""

    def __init__(self, chromium: Any, url: str, conn: Any) -> None:
        self.chromium, self.url, self.conn, self.judged = chromium, url, conn, Judged()

    async def enter(self, role: Role | None) -> Crawler:
        """Open a window of the busiest person of a role; nobody signed in without one."""
        window = await self.chromium.new_context(viewport=DESK, locale="zh-CN", base_url=self.url)
        http = httpx.AsyncClient(base_url=self.url, timeout=PATIENCE)
        if role:
            user = await self.conn.fetchval(ENGAGED if role in OUTSIDE else BUSIEST, str(role))
            token = await open_session(user, "test")
            await window.add_cookies([{"name": COOKIE, "value": token, "url": self.url}])
            http.cookies.set(COOKIE, token)
        return Crawler(http, await window.new_page(), self.url, str(role or "anybody"), self.judged)

    async def leave(self, crawler: Crawler) -> None:
        """Close the window and say all that was wrong."""
        await crawler.page.context.close()
        await crawler.http.aclose()
        if crawler.findings:
            pytest.fail("\n".join(dict.fromkeys(crawler.findings)), pytrace=False)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house(live, demo_db):
    """One browser for this file."""
    ENGINE.configure(demo_db.app)
    await open_pool(size=1)
    conn = await asyncpg.connect(**connect_arguments(demo_db.owner))
    async with browsing() as chromium:
        yield House(chromium, live, conn)
    await conn.close()
    await close_pool()


@pytest.mark.parametrize("role", list(Role))
async def test_every_page_of_a_role(house, role):
    """From the home page by every link; forms are opened, nothing is sent."""
    crawler = await house.enter(role)
    await crawler.walk(["/home"])
    assert len(crawler.seen) >= 3, crawler.seen
    await house.leave(crawler)


async def test_every_page_of_anybody(house):
    crawler = await house.enter(None)
    token = await house.conn.fetchval("SELECT token FROM inspection_site_code WHERE state = 'active' ORDER BY id")
    await crawler.walk(["/sign-in", f"/c/{token}", "/c", "/public/rounds"])
    await house.leave(crawler)


@pytest.mark.parametrize("role", [Role.COUNTY_CLERK, Role.CITY_CLERK])
async def test_objects_in_every_state(house, role):
    """One object of every state, as the office that handles it sees it."""
    crawler = await house.enter(role)
    range_ = await house.conn.fetchval(BUSIEST.replace('p."user"', "p.division_code", 1), str(role))
    for address, table in TABLES.items():
        found = await house.conn.fetch(IN_EVERY_STATE.format(address=address, table=table), range_.rstrip("0") + "%")
        await crawler.walk([row["path"] for row in found], follow=False)
    await house.leave(crawler)


async def test_the_printed_accounts_sign_in(house):
    """The door itself: a name and the printed password lead home."""
    crawler = await house.enter(None)
    login = await house.conn.fetchval("SELECT login FROM accounts_user WHERE login LIKE '%\\_clerk' ORDER BY login")
    await crawler.page.goto("/sign-in")
    await crawler.page.fill("input[name=login]", login)
    await crawler.page.fill("input[name=password]", PASSWORD)
    await crawler.page.click("main button[type=submit]")
    await crawler.page.wait_for_url("**/home")
    await house.leave(crawler)

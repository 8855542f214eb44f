"""The working of a run that uses everything, in a real Chromium: readable at both widths, followed from the screen."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from factor_house import FULL, POOL, columns
from house import CITY, KECHENG, NOW, QUJIANG, Database, actor, make_account
from live import DESK, PHONE, browsing, look, serving
from money_house import a_scheme, batch_form, book
from working_reader import follow, number, of_page

from allocation.budget import service as funds
from allocation.factor import data_service, queries, service
from allocation.factor.forms import RunForm, ValueRow
from allocation.factor.scheme import Bound, Kind
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.accounts.sessions import COOKIE, open_session
from quzhou_migrants.kernel import pg
from quzhou_migrants.kernel.db import ENGINE, close_pool, open_pool
from quzhou_migrants.kernel.money import yuan
from quzhou_migrants.kernel.tx import begin

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
SCHEME = replace(FULL, fixed=FULL.fixed[:1], bounds=(Bound(Kind.LOSS, bp=1500), Bound(Kind.CAP, bp=7000)))


async def both(page, name: str) -> None:
    """Look at phone and desk: nothing sticks out, axe finds nothing."""
    for view in (PHONE, DESK):
        await page.set_viewport_size(view)
        assert await page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, view
        await look(page, f"{name}-{view['width']}")


async def test_a_stranger_follows_the_working_from_the_screen(server, template) -> None:
    name = "working_in_a_browser"
    server.drop_database(name)
    db = Database(name, server.create_database(name, template), server.dsn(pg.APP, name))
    user = await make_account(db, Role.CITY_CLERK, CITY)
    ENGINE.configure(db.app)
    await open_pool(size=2)
    token = await open_session(user, "test")
    async with begin(actor(Role.CITY_CLERK, CITY), request_id="w", at=NOW) as tx:
        batch = await funds.draft_batch(tx, batch_form())
        await book(tx, batch)
        run = await service.draft_run(tx, RunForm(batch, await a_scheme(tx, SCHEME), "2026年因素法分配", POOL))
        rows = [ValueRow(f, u, column[u]) for f, column in columns().items() for u in (KECHENG, QUJIANG)]
        await data_service.save_values(tx, run, rows, "统计年报", date(2025, 12, 31))
        shares = (await queries.inputs(tx, await queries.run(tx, run))).split().shares
    async with serving(db) as url, browsing() as chromium:
        window = await chromium.new_context(viewport=DESK, locale="zh-CN", base_url=url, bypass_csp=True)
        await window.add_cookies([{"name": COOKIE, "value": token, "url": url}])
        page = await window.new_page()
        await page.goto(f"/factor/{run}")
        await both(page, "factor-run-bounds")
        await page.get_by_role("link", name="计算过程").click()
        await both(page, "factor-working")
        read = follow(of_page(await page.content()))
    assert sorted(read.values()) == sorted(number(yuan(fen)) for fen in shares.values())
    await close_pool()
    server.drop_database(name)

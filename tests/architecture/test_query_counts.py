"""Pages cost a fixed number of statements, however many rows they show."""

from __future__ import annotations

import asyncpg.connection
import pytest
import pytest_asyncio
from house import KECHENG, Database, make_account, visitor

from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.accounts.sessions import COOKIE, open_session
from quzhou_migrants.kernel.db import ENGINE, close_pool, open_pool

# Session, entering the transaction, the page itself; BEGIN and COMMIT are not counted.
FRAME = 2
# One data query a list, one count that is kept for some seconds, and what a page says besides.
LISTS = {
    "/register/households": 2,
    "/register/members": 2,
    "/projects": 3,
    "/windows": 3,
    "/windows/extensions": 2,
    "/windows/extend": 1,
    "/late": 2,
    "/calendar": 34,  # the dates of every room, as on the home page
    "/ranking": 4,
    "/refresh": 5,
    "/refresh/compare?before=2025-10&after=2026-04": 7,
    "/refresh/as-of?day=2026-04-01": 3,
    "/refresh/counties": 3,
    "/reserve": 3,
    "/assets": 2,
    "/reserve/queue": 3,
    "/reserve/batches": 2,
    "/reserve/batches/new": 1,
    "/reserve/appeals": 2,
    "/reserve/quotas": 2,
    "/reserve/filings": 2,
    "/notices": 2,
    "/notices/objections": 2,
    "/screening/sector": 2,
    "/plan": 2,
    "/plan/freed": 2,
    "/works": 2,
    "/works/delays": 2,
    "/changes": 2,
    "/funds": 5,
    "/funds/entries": 5,
    "/funds/pools": 2,
    "/splits": 2,
    "/closings": 2,
    "/awards": 2,
    "/factor": 2,
    "/factor/schemes": 2,
    "/factor/notices": 2,
    "/rounds": 2,
    "/experts": 4,
    "/mixed": 2,
    "/claims": 2,
    "/claims/retentions": 4,
    "/claims/deputies": 4,
    "/claims/refunds": 2,
    "/terms": 3,
    "/terms/pools": 3,
    "/terms/takebacks": 2,
    "/reports/use": 6,
    "/reports/use?by=project": 6,
    "/reports/plan": 5,
    "/reports/idle": 5,
    "/reports/entries?figure=paid_fen": 5,
    "/bank": 2,
    "/bank/lines": 2,
    "/bank/payees": 2,
    "/bank/statements": 2,
    "/bank/months": 6,
    "/cash": 2,
    "/grants": 2,
    "/grants/loans": 2,
    "/codes": 2,
    "/visits": 2,
    "/samples": 2,
    "/policy": 1,
    "/home": 32,  # each room tells its tasks in one statement or two
}


class Counter:
    """Counts statements by listening where all of them pass."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.said: list[str] = []
        original = asyncpg.connection.Connection._execute

        async def counted(conn, query, *args, **kwargs):
            self.said.append(query)
            return await original(conn, query, *args, **kwargs)

        monkeypatch.setattr(asyncpg.connection.Connection, "_execute", counted)


@pytest_asyncio.fixture(loop_scope="session")
async def clerk(demo_db: Database):
    """A county clerk of Kecheng."""
    ENGINE.configure(demo_db.app)
    await open_pool(size=2)
    async with visitor() as http:
        http.cookies.set(COOKIE, await open_session(await make_account(demo_db, Role.COUNTY_CLERK, KECHENG), "test"))
        yield http
    await close_pool()


@pytest.mark.parametrize(("path", "most"), LISTS.items(), ids=LISTS)
async def test_page_costs_a_fixed_number_of_statements(path, most, clerk, monkeypatch):
    assert (await clerk.get(path)).status_code == 200  # names of places and packs are read once
    counter = Counter(monkeypatch)
    answer = await clerk.get(path)
    assert answer.status_code == 200
    assert len(counter.said) <= FRAME + most, "\n".join(counter.said)


async def test_a_longer_page_costs_no_more(clerk, monkeypatch):
    counter = Counter(monkeypatch)
    await clerk.get("/register/households?size=20")
    short = len(counter.said)
    counter.said.clear()
    await clerk.get("/register/households?size=200")
    assert len(counter.said) <= short


async def test_a_plan_costs_the_same_whatever_it_holds(clerk, monkeypatch):
    plans = (await clerk.get("/api/v1/plans?in_state=approved")).json()["items"]
    counter = Counter(monkeypatch)
    costs = []
    for plan in plans:
        counter.said.clear()
        assert (await clerk.get(f"/plan/{plan['id']}")).status_code == 200
        costs.append(len(counter.said))
    assert len(plans) > 1
    assert max(costs[1:]) <= FRAME + 8, "\n".join(counter.said)

"""The server is killed in the middle of a review of 500 applications: nothing is lost and nothing done twice."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import uuid

import asyncpg
import httpx
import pytest
import pytest_asyncio
from house import BAIMA, NOW, QUJIANG, Database, make_account, server_process

from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.accounts.sessions import COOKIE, open_session
from quzhou_migrants.kernel.audit import seal, verify
from quzhou_migrants.kernel.db import ENGINE, close_pool, connect_arguments, open_pool

pytestmark = [pytest.mark.slow]
ALL, SPOILT = 500, 7
_INSERT = """
INSERT INTO projects_project (code, division_code, title, category, state, asked_fen, estimate_fen, round, "window",
  submitted_at) SELECT 'K-' || n, $1, '项目' || n, 'ecology', 'township_passed', 100, 100, 1, '2026-09', $2
FROM generate_series(1, $3) AS n RETURNING id
"""
_OUTCOMES = "SELECT outcome, count(*) AS n FROM projects_review_batch_item GROUP BY 1"
_OPENED = "SELECT count(*) FROM projects_review_turn WHERE closed_at IS NULL"


@pytest_asyncio.fixture(loop_scope="session")
async def own_db(server, template):
    """A database that this test may ruin."""
    name = f"batch_{uuid.uuid4().hex[:8]}"
    database = Database(name, server.create_database(name, template), server.dsn("qm_app", name))
    ENGINE.configure(database.app)
    await open_pool(size=2)
    yield database
    await close_pool()
    server.drop_database(name)


async def outcomes(owner: asyncpg.Connection) -> dict[str, int]:
    """Count what became of the items."""
    return {r["outcome"]: r["n"] for r in await owner.fetch(_OUTCOMES)}


async def consistent(owner: asyncpg.Connection) -> dict[str, int]:
    """Count outcomes, and see that every item marked done is one admission and one only."""
    found = await outcomes(owner)
    admitted = await owner.fetchval("SELECT count(*) FROM projects_project WHERE state = 'admitted'")
    lines = await owner.fetch(
        "SELECT subject_id, count(*) AS n FROM kernel_journal WHERE verb = 'PROJECT.admit' GROUP BY 1"
    )
    done = await owner.fetch(
        "SELECT i.project FROM projects_review_batch_item i JOIN projects_project p ON p.id = i.project"
        " WHERE i.outcome = 'done' AND p.state = 'admitted' AND p.version = 2"
    )
    assert found.get("done", 0) == admitted == len(lines) == len(done)
    assert all(r["n"] == 1 for r in lines)
    assert {r["project"] for r in done} == {r["subject_id"] for r in lines}
    return found


async def test_a_review_of_500_survives_a_killed_server(own_db, tmp_path):
    owner = await asyncpg.connect(**connect_arguments(own_db.owner))
    token = await open_session(await make_account(own_db, Role.COUNTY_CLERK, QUJIANG), "kill")
    keys = [r["id"] for r in await owner.fetch(_INSERT, BAIMA, NOW, ALL)]
    await owner.execute(
        "UPDATE projects_project SET version = 2, state = 'returned' WHERE id = ANY($1)", keys[-SPOILT:]
    )
    headers = {"Cookie": f"{COOKIE}={token}", "Sec-Fetch-Site": "same-origin"}
    form = {
        "once": str(uuid.uuid4()),
        "decision": "admit",
        "years": "3",
        "opinion": "同意入库",
        "picked": [f"{k}:1" for k in keys],
    }

    with server_process(own_db, tmp_path) as (address, process):
        async with httpx.AsyncClient(base_url=address, headers=headers, timeout=60) as http:
            answer = await http.post("/reserve/batches/new", data=form)
        assert answer.status_code == 303, re.sub(r"<[^>]+>|\s+", " ", answer.text)[-800:]
        page = answer.headers["location"]
        while (await outcomes(owner)).get("done", 0) < ALL // 5:
            await asyncio.sleep(0.005)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)

    halfway = await consistent(owner)
    assert ALL // 5 <= halfway["done"] < ALL - SPOILT, "the server must die in the middle"

    with server_process(own_db, tmp_path) as (address, _):
        async with httpx.AsyncClient(base_url=address, headers=headers, timeout=60) as http:
            again = await http.post("/reserve/batches/new", data=form)
            assert (again.status_code, again.headers["location"]) == (303, page), "the same form is one batch"
            for _ in range(120):
                assert (await http.get(page)).status_code == 200
                if "pending" not in await outcomes(owner):
                    break
                await asyncio.sleep(0.5)
            shown = (await http.get(page)).text

    assert await consistent(owner) == {"done": ALL - SPOILT, "refused": SPOILT}
    assert await owner.fetchval("SELECT count(*) FROM projects_review_batch WHERE state = 'done'") == 1
    assert await owner.fetchval(_OPENED) == 0
    assert "KRN-409" in shown
    await seal(owner)
    assert (await verify(owner)).fault is None
    await owner.close()

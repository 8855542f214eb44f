"""The server is killed amid signatures and payments: no payment acknowledged is lost, none is made twice."""

from __future__ import annotations

import asyncio
import os
import signal
import uuid

import asyncpg
import httpx
import pytest
import pytest_asyncio
from claim_house import contracted, form, signed, submitted
from house import KECHENG, NOW, Database, make_account, server_process, visitor

from allocation.budget.queries import ledger_faults
from allocation.payments.rules import Kind
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.accounts.sessions import COOKIE, open_session
from quzhou_migrants.kernel.actor import SYSTEM
from quzhou_migrants.kernel.audit import seal, verify
from quzhou_migrants.kernel.db import ENGINE, close_pool, connect_arguments, open_pool
from quzhou_migrants.kernel.tx import begin

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]
PAID, SIGNED, KILL_AFTER, EACH = 24, 16, 12, 1_000_00
Act = tuple[str, str, dict[str, str]]


@pytest_asyncio.fixture(loop_scope="session")
async def own_db(server, template):
    """A database that this test may ruin."""
    name = f"claims_{uuid.uuid4().hex[:8]}"
    database = Database(name, server.create_database(name, template), server.dsn("qm_app", name))
    ENGINE.configure(database.app)
    await open_pool(size=4)
    yield database
    await close_pool()
    server.drop_database(name)


async def _acts(db: Database) -> list[Act]:
    """Claims of one award: some ready to pay, some waiting for the leader's hand, mixed."""
    leader = await open_session(await make_account(db, Role.COUNTY_LEADER, KECHENG), "kill")
    payer = await open_session(await make_account(db, Role.COUNTY_FINANCE, KECHENG), "kill")
    async with begin(SYSTEM, request_id="kill", at=NOW) as tx:
        project = await contracted(tx)
        ready = [await signed(tx, project, form(Kind.PROGRESS, EACH)) for _ in range(PAID)]
        waiting = [await submitted(tx, project, form(Kind.PROGRESS, EACH)) for _ in range(SIGNED)]
    day = NOW.date().isoformat()
    pays = [
        (f"/api/v1/claims/{k}/pay", payer, {"voucher_no": f"V{k}", "bank_ref": f"KILL{k:08d}", "paid_on": day})
        for k in ready
    ]
    signs = [(f"/api/v1/claims/{k}/sign", leader, {"opinion": "同意"}) for k in waiting]
    return [act for pair in zip(pays, signs, strict=False) for act in pair] + pays[SIGNED:]


async def _send(http: httpx.AsyncClient, act: Act) -> int:
    path, token, body = act
    headers = {"Cookie": f"{COOKIE}={token}", "Sec-Fetch-Site": "same-origin"}
    return (await http.post(path, json=body, headers=headers)).status_code


async def test_no_payment_is_lost_or_made_twice_when_the_server_dies(own_db, tmp_path) -> None:
    acts = await _acts(own_db)
    yes: list[Act] = []
    enough = asyncio.Event()
    with server_process(own_db, tmp_path) as (address, process):
        async with httpx.AsyncClient(base_url=address, timeout=60, limits=httpx.Limits(max_connections=40)) as http:

            async def one(act: Act) -> None:
                try:
                    status = await _send(http, act)
                except httpx.TransportError:
                    return
                if status == 200:
                    yes.append(act)
                if len(yes) >= KILL_AFTER:
                    enough.set()

            async def kill() -> None:
                await enough.wait()
                os.killpg(process.pid, signal.SIGKILL)

            await asyncio.wait_for(asyncio.gather(kill(), *(one(a) for a in acts)), 60)
    assert KILL_AFTER <= len(yes) < len(acts), "the server must die in the middle"
    await _everything_holds(own_db, yes)
    async with visitor() as http:
        said = {act[0]: await _send(http, act) for act in acts}  # people press again
    assert set(said.values()) <= {200, 409}
    assert {path for path, status in said.items() if status == 409} >= {path for path, _, _ in yes}
    await _everything_holds(own_db, acts)


async def _everything_holds(db: Database, done: list[Act]) -> None:
    """Each act done at least when it was acknowledged, never twice; claims, payments and the ledger agree."""
    owner = await asyncpg.connect(**connect_arguments(db.owner))
    paid = {
        r["claim"]: r["n"] for r in await owner.fetch("SELECT claim, count(*) AS n FROM allocation_payment GROUP BY 1")
    }
    hands = {
        r["claim"]: r["n"]
        for r in await owner.fetch("SELECT claim, count(*) AS n FROM allocation_signature WHERE step = 0 GROUP BY 1")
    }
    for path, _, _ in done:
        key, what = int(path.split("/")[-2]), path.rpartition("/")[2]
        assert (paid if what == "pay" else hands).get(key) == 1, path
    assert set(paid.values()) <= {1}
    figures = await owner.fetchrow(
        "SELECT (SELECT coalesce(sum(amount_fen), 0) FROM allocation_payment) AS paid,"
        " (SELECT coalesce(sum(amount_fen), 0) FROM allocation_claim WHERE state = 'paid') AS claims,"
        " (SELECT coalesce(sum(amount_fen), 0) FROM allocation_entry WHERE kind = 'paid') AS entries,"
        " (SELECT coalesce(sum(balance_fen), 0) FROM allocation_balance WHERE kind = 'paid') AS balance"
    )
    assert len(set(figures.values())) == 1, dict(figures)
    assert figures["paid"] == len(paid) * EACH
    faults = await ledger_faults(owner)
    await seal(owner)
    verdict = await verify(owner)
    await owner.close()
    assert (verdict.fault, faults) == (None, [])

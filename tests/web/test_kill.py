"""The server is killed amid 200 concurrent submissions and claims: nothing acknowledged is lost or done twice."""

from __future__ import annotations

import asyncio
import os
import signal
import uuid
from dataclasses import dataclass, field
from datetime import date

import asyncpg
import httpx
import pytest
import pytest_asyncio
from house import KECHENG, VILLAGE, Database, make_account, server_process

from allocation.budget import ledger
from allocation.budget.ledger import Kind
from allocation.payments import service
from allocation.payments.forms import ClaimForm
from allocation.payments.judging import TABLE as CLAIM_TABLE
from allocation.payments.rules import Kind as ClaimKind
from quzhou_migrants import wiring
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.accounts.sessions import COOKIE, open_session
from quzhou_migrants.demo import pictures
from quzhou_migrants.demo.filing import paper_record, write
from quzhou_migrants.kernel.audit import seal, verify
from quzhou_migrants.kernel.db import ENGINE, close_pool, connect_arguments, open_pool
from quzhou_migrants.kernel.tx import system_tx

pytestmark = [pytest.mark.slow]

ALL, KILL_AFTER = 200, 60
CONTRACT_FEN, CLAIM_FEN = 500_000_00, 100_00


@dataclass
class Act:
    """One request of the storm: where, what, as whom, and whether the server said yes."""

    path: str
    token: str
    json: dict | None = None
    form: dict = field(default_factory=dict)
    said_yes: bool = False

    async def send(self, http: httpx.AsyncClient) -> httpx.Response:
        headers = {"Cookie": f"{COOKIE}={self.token}", "Sec-Fetch-Site": "same-origin"}
        if self.json is not None:
            return await http.post(self.path, json=self.json, headers=headers)
        return await http.post(self.path, data=self.form, headers=headers)


@pytest_asyncio.fixture(loop_scope="session")
async def own_db(server, demo_template):
    """A clone of the demonstration that this test may ruin."""
    name = f"kill_{uuid.uuid4().hex[:8]}"
    database = Database(name, server.create_database(name, demo_template), server.dsn("qm_app", name))
    ENGINE.configure(database.app)
    await open_pool(size=4)
    yield database
    await close_pool()
    server.drop_database(name)


async def _contract() -> int:
    """A works under contract in Kecheng, half seen, with all its money in place."""
    async with system_tx("test.contract") as tx:
        project = await tx.conn.fetchval(
            "INSERT INTO projects_project (code, division_code, title, state, asked_fen, own_fen, award_fen,"
            " contract_fen, contractor, progress_bp) VALUES ('KILL-1', $1, '村道硬化', 'building', $2, 0, $2, $2,"
            " '建设公司', 5000) RETURNING id",
            VILLAGE,
            CONTRACT_FEN,
        )
        batch = await tx.conn.fetchval(
            "INSERT INTO allocation_batch (division_code, doc_no, title, level, fund_kind, issued_on, project_fen)"
            " VALUES ($1, 'KILL', '批次', 'city', 'project', '2026-01-10', $2) RETURNING id",
            KECHENG,
            CONTRACT_FEN,
        )
        await ledger.post(tx, "kill:1", [
            ledger.Line(batch, KECHENG, Kind.NOTIFIED, -CONTRACT_FEN),
            ledger.Line(batch, VILLAGE, Kind.CONTRACTED, CONTRACT_FEN, project),
        ], source=("allocation_batch", batch))  # fmt: skip
        return int(project)


async def _ready_claims(project: int, count: int) -> list[int]:
    """Claims with their papers, ready to be submitted."""
    made = []
    async with system_tx("test.claims") as tx:
        for n in range(count):
            form = ClaimForm(ClaimKind.PROGRESS, CLAIM_FEN, "建设公司", f"77{n:018d}", CLAIM_FEN, date(2026, 9, 10))
            key = await service.draft(tx, project, form)
            needed = tx.policy_for(VILLAGE).get("allocation.payments.papers")["progress"]
            papers = [paper_record((CLAIM_TABLE, key), VILLAGE, kind, pictures.sheet(kind), date(2026, 9, 10))
                      for kind in needed]  # fmt: skip
            await write(tx, "kernel_file", papers)
            made.append(key)
    return made


def _declared() -> dict[str, str]:
    return {"once": str(uuid.uuid4()), "declare": "on"}


async def _applications(db: Database) -> list[Act]:
    """Every filed application of the demonstration, taken back to a draft and ready to be filed again."""
    owner = await asyncpg.connect(**connect_arguments(db.owner))
    rows = await owner.fetch(
        "UPDATE projects_project SET state = 'draft', version = version + 1 WHERE state = 'submitted'"
        " RETURNING id, division_code"
    )
    await owner.close()
    tokens = {}
    for village in {r["division_code"] for r in rows}:
        tokens[village] = await open_session(await make_account(db, Role.VILLAGE_CLERK, village), "kill")
    return [
        Act(
            f"/projects/{r['id']}/submit",
            tokens[r["division_code"]],
            form={"once": str(uuid.uuid4()), "declare": "on"},
        )
        for r in rows
    ]


async def _storm(db: Database) -> tuple[list[Act], int]:
    project = await _contract()
    clerk = await open_session(await make_account(db, Role.COUNTY_CLERK, KECHENG), "kill")
    filings = await _applications(db)
    submits = [Act(f"/api/v1/claims/{key}/submit", clerk, json={}) for key in await _ready_claims(project, 60)]
    drafts = [
        Act("/api/v1/claims", clerk, json={
            "once": str(uuid.uuid4()), "project": project, "kind": "progress", "amount_fen": CLAIM_FEN,
            "payee": "建设公司", "invoice_number": f"88{n:018d}", "invoice_fen": CLAIM_FEN, "invoice_on": "2026-09-10"})
        for n in range(ALL - len(filings) - len(submits))
    ]  # fmt: skip
    mixed = [act for group in zip(drafts, submits, strict=False) for act in group]
    return filings + mixed + drafts[len(submits) :], project


async def test_nothing_acknowledged_is_lost_and_nothing_is_done_twice(own_db, tmp_path):
    acts, project = await _storm(own_db)
    async with system_tx("test.before") as tx:
        before = await tx.conn.fetchval("SELECT max(id) FROM kernel_journal")
    assert len(acts) == ALL
    answered = asyncio.Event()
    with server_process(own_db, tmp_path, workers=2) as (address, process):
        limits = httpx.Limits(max_connections=ALL)
        async with httpx.AsyncClient(base_url=address, timeout=60, limits=limits) as http:

            async def one(act: Act) -> None:
                try:
                    answer = await act.send(http)
                except httpx.TransportError:
                    return
                act.said_yes = answer.status_code in {200, 201, 303}
                if sum(a.said_yes for a in acts) >= KILL_AFTER:
                    answered.set()

            async def kill() -> None:
                await answered.wait()
                os.killpg(process.pid, signal.SIGKILL)

            await asyncio.wait_for(asyncio.gather(kill(), *(one(a) for a in acts)), 120)
    yes = [a for a in acts if a.said_yes]
    assert KILL_AFTER <= len(yes) < ALL, "the server must die in the middle"

    await _everything_holds(own_db, project, acts, before)
    with server_process(own_db, tmp_path, workers=2) as (address, _):
        async with httpx.AsyncClient(base_url=address, timeout=60) as http:
            for act in acts:  # people press again: what was done answers as before, the rest is done now
                answer = await act.send(http)
                assert answer.status_code in {200, 201, 303, 409}, (act.path, answer.text[-500:])
                act.said_yes = True
    await _everything_holds(own_db, project, acts, before)


async def _everything_holds(db: Database, project: int, acts: list[Act], before: int) -> None:
    owner = await asyncpg.connect(**connect_arguments(db.owner))
    for act in (a for a in acts if a.said_yes):
        assert await _times_done(owner, act, before) == 1, act.path
    for act in acts:
        assert await _times_done(owner, act, before) <= 1, act.path
    claimed = await owner.fetchval(
        "SELECT coalesce(sum(amount_fen), 0) FROM allocation_claim WHERE project = $1 AND state = 'submitted'", project
    )
    entries = await owner.fetchval(
        "SELECT coalesce(sum(amount_fen), 0) FROM allocation_entry WHERE project = $1 AND kind = 'claimed'", project
    )
    assert claimed == entries
    await seal(owner)
    verdict = await verify(owner)
    sums = [problem for check in wiring.VERIFIERS for problem in await check(owner)]
    await owner.close()
    assert (verdict.fault, sums) == (None, [])


async def _times_done(owner: asyncpg.Connection, act: Act, before: int) -> int:
    """How often the database holds what an act asked for; `before` is the journal's last line before the storm."""
    if act.path == "/api/v1/claims":
        return await owner.fetchval(
            "SELECT count(*) FROM allocation_claim WHERE invoice_number = $1", (act.json or {})["invoice_number"]
        )
    key = int(act.path.split("/")[-2])
    if act.path.startswith("/api/v1/claims/"):
        return await owner.fetchval(
            "SELECT count(DISTINCT event_key) FROM allocation_entry WHERE source_table = 'allocation_claim'"
            " AND source_id = $1 AND kind = 'claimed' AND amount_fen > 0",
            key,
        )
    return await owner.fetchval(
        "SELECT count(*) FROM kernel_journal WHERE subject_table = 'projects_project' AND subject_id = $1"
        " AND verb = 'PROJECT.submit' AND id > $2",
        key,
        before,
    )

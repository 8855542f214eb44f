"""The demonstration, small: everybody marked, every sum closed, every state there."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest_asyncio

from projects.states import S
from quzhou_migrants import wiring
from quzhou_migrants.accounts.passwords import matches
from quzhou_migrants.accounts.roles import OUTSIDERS, Role
from quzhou_migrants.demo.build import Summary
from quzhou_migrants.demo.staff import PASSWORD
from quzhou_migrants.demo.world import BUSINESS_DATE
from quzhou_migrants.kernel import audit, blobs, files, pg
from quzhou_migrants.kernel.clock import shanghai
from quzhou_migrants.kernel.crypto import unseal
from quzhou_migrants.kernel.db import connect_arguments
from quzhou_migrants.kernel.ids import IdFault, resident_id_fault
from quzhou_migrants.register.sealing import ID_PLACE

HOUSEHOLDS = 600
RARE = {"planned", "completed", "terminated", "expired"}
"""States that a handful of the usual 900 projects reach: so few of them need not reach every one."""
Built = tuple[asyncpg.Connection, Summary]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def built(server: pg.Server, demo_built: tuple[str, Summary]) -> AsyncIterator[Built]:
    """A clone of the run's small demonstration, as it was built: the owner's connection and the summary."""
    template, done = demo_built
    name = f"{template}_as_built"
    server.drop_database(name)
    conn = await asyncpg.connect(**connect_arguments(server.create_database(name, template)))
    yield conn, done
    await conn.close()
    server.drop_database(name)


async def test_it_writes_what_was_asked_for(built: Built) -> None:
    conn, done = built
    assert (done.villages, done.households) == (600, HOUSEHOLDS)
    assert await conn.fetchval("SELECT count(*) FROM register_household") == HOUSEHOLDS
    assert await conn.fetchval("SELECT count(*) FROM register_member") == done.people
    assert await conn.fetchval("SELECT count(*) FROM projects_project") == done.projects
    assert await conn.fetchval("SELECT count(*) FROM kernel_division WHERE NOT is_demo") == 107


async def test_nobody_in_it_exists(built: Built) -> None:
    conn, _ = built
    for table in ("register_household", "register_member", "projects_project", "accounts_user"):
        assert await conn.fetchval(f"SELECT bool_and(is_demo) FROM {table}") is True
    villages = await conn.fetch("SELECT name, code FROM kernel_division WHERE level = 'village'")
    assert all(row["name"].startswith("演示") and row["code"][9] == "2" for row in villages)
    for row in await conn.fetch("SELECT id_cipher FROM register_member ORDER BY id LIMIT 200"):
        number = unseal(row["id_cipher"], ID_PLACE)
        assert resident_id_fault(number, today=BUSINESS_DATE, demo=True) == ""
        assert resident_id_fault(number, today=BUSINESS_DATE) == IdFault.AREA


async def test_projects_stand_in_every_state(built: Built) -> None:
    conn, _ = built
    found = {row["state"] for row in await conn.fetch("SELECT DISTINCT state FROM projects_project")}
    assert found >= {str(state) for state in S} - RARE


async def test_every_filed_project_has_a_decision_a_notice_and_a_timeline(built: Built) -> None:
    conn, _ = built
    bare = await conn.fetchval(
        "SELECT count(*) FROM projects_project p WHERE p.round > 0 AND NOT (EXISTS (SELECT 1 FROM projects_resolution r"
        " WHERE r.project = p.id) AND EXISTS (SELECT 1 FROM projects_notice n WHERE n.project = p.id) AND EXISTS"
        " (SELECT 1 FROM kernel_journal j WHERE j.subject_table = 'projects_project' AND j.subject_id = p.id"
        " AND j.verb = 'PROJECT.submit'))"
    )
    assert bare == 0


async def test_the_books_close_and_the_chain_verifies(built: Built) -> None:
    conn, _ = built
    assert await conn.fetchval("SELECT sum(amount_fen) FROM allocation_entry") == 0
    least = "SELECT min(balance_fen) FROM allocation_balance WHERE kind NOT IN ('notified', 'interest')"
    assert await conn.fetchval(least) >= 0
    assert await conn.fetchval("SELECT count(*) FROM allocation_payment") > 0
    await audit.seal(conn)
    verdict = await audit.verify(conn)
    assert verdict.fault is None
    async with conn.transaction():
        await conn.execute("SELECT set_config('app.lo', '', true), set_config('app.hi', '~', true)")
        assert [problem for check in wiring.VERIFIERS for problem in await check(conn)] == []


async def test_no_project_was_paid_more_than_was_seen(built: Built) -> None:
    conn, _ = built
    over = await conn.fetchval(
        "SELECT count(*) FROM (SELECT project, sum(amount_fen) AS paid FROM allocation_payment GROUP BY project) m"
        " JOIN projects_project p ON p.id = m.project"
        " WHERE m.paid > p.award_fen OR m.paid > p.contract_fen"
        " OR m.paid > greatest(p.award_fen * p.progress_bp / 10000, p.award_fen * 3 / 10)"
    )
    assert over == 0


async def test_every_picture_lies_in_the_store_under_its_hash(built: Built) -> None:
    conn, _ = built
    kept = await conn.fetch("SELECT DISTINCT sha256, size FROM kernel_file")
    photos = await conn.fetchval("SELECT count(DISTINCT sha256) FROM inspection_visit_photo WHERE file IS NOT NULL")
    assert photos == await conn.fetchval("SELECT count(*) FROM inspection_visit")
    for row in kept:
        content = blobs.blob_path(files.root(), row["sha256"]).read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (row["sha256"], row["size"])


async def test_somebody_can_sign_in_for_every_role(built: Built) -> None:
    conn, _ = built
    held = {row["role"] for row in await conn.fetch("SELECT DISTINCT role FROM accounts_post WHERE active")}
    assert held >= {str(role) for role in Role} - {str(role) for role in OUTSIDERS}
    hashes = await conn.fetch("SELECT DISTINCT password_hash FROM accounts_user")
    assert len(hashes) == 1
    assert await matches(hashes[0]["password_hash"], PASSWORD) is True


async def test_the_sample_is_drawn_confirmed_and_in_hand(built: Built) -> None:
    conn, _ = built
    row = await conn.fetchrow("SELECT * FROM surveys_campaign")
    assert (row["state"], row["households"]) == ("handed_over", HOUSEHOLDS)
    assert row["sampled"] * 20 >= HOUSEHOLDS
    assert row["confirmed_by"] != row["drawn_by"]


async def test_the_business_clock_stands_on_the_stated_day(built: Built) -> None:
    conn, _ = built
    now, shift = await conn.fetchrow(
        "SELECT now(), (value->>'shift_seconds')::int FROM kernel_setting WHERE key = 'business_clock'"
    )
    assert shanghai(now + timedelta(seconds=shift)).date() in {BUSINESS_DATE, BUSINESS_DATE + timedelta(days=1)}

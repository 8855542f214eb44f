"""The sums of the reports: kept with every posting, by nobody else, and by two postings at once without waiting."""

from __future__ import annotations

import asyncio
import contextvars

import asyncpg
import pytest
from house import CITY, NOW, VILLAGE, actor
from money_house import a_project, batch_form, book

from allocation.budget import ledger, service
from allocation.budget.ledger import Kind, Line
from allocation.reports.sums import sum_faults
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.db import connect_arguments
from quzhou_migrants.kernel.tx import Tx, begin

WAN = 1_000_000
CLERK = actor(Role.CITY_CLERK, CITY)
pytestmark = pytest.mark.asyncio(loop_scope="session")
ROWS = "SELECT count(*) FROM allocation_sum WHERE cut = $1 AND division_code = '330802100000'"


async def two_projects(tx: Tx) -> list[int]:
    """Two projects of one village with money of one batch."""
    batch = await service.draft_batch(tx, batch_form(total_fen=90 * WAN, cash_fen=0, project_fen=90 * WAN))
    await book(tx, batch)
    projects = [await a_project(tx, title=title, category="transport_social") for title in ("村道", "桥梁")]
    lines = [Line(batch, CITY, Kind.AVAILABLE, -80 * WAN)]
    lines += [Line(batch, VILLAGE, Kind.CONTRACTED, 40 * WAN, project) for project in projects]
    await ledger.post(tx, "given", lines, source=("x", 1))
    return projects


async def claim(tx: Tx, project: int, n: int) -> None:
    await tx.conn.execute("SET LOCAL lock_timeout = '20s'")
    await ledger.move(tx, f"claim:{n}", project, Kind.CONTRACTED, Kind.CLAIMED, WAN, source=("x", n))


async def test_two_postings_of_a_village_do_not_wait_for_each_other_and_their_sums_come_together(db) -> None:
    async with begin(CLERK, request_id="r", at=NOW) as tx:
        road, bridge = await two_projects(tx)
        assert [await tx.conn.fetchval(ROWS, cut) for cut in ("place", "month")] == [1, 1]
    async with begin(CLERK, request_id="r", at=NOW) as first:
        await claim(first, road, 2)
        await asyncio.create_task(_whole(bridge, 3), context=contextvars.Context())  # ends while the first has not
    owner = await asyncpg.connect(**connect_arguments(db.owner))
    try:
        assert [await owner.fetchval(ROWS, cut) for cut in ("place", "month")] == [2, 2]
        assert await sum_faults(owner) == []
        await _whole(road, 4)
        assert [await owner.fetchval(ROWS, cut) for cut in ("place", "month")] == [1, 1]
        assert await owner.fetchval("SELECT claimed_fen FROM allocation_sum WHERE project = $1", road) == 2 * WAN
        assert await sum_faults(owner) == []
    finally:
        await owner.close()


async def _whole(project: int, n: int) -> None:
    async with begin(CLERK, request_id="r", at=NOW) as tx:
        await claim(tx, project, n)


async def test_verify_names_a_sum_that_somebody_wrote_and_one_that_is_missing(db) -> None:
    async with begin(CLERK, request_id="r", at=NOW) as tx:
        road, bridge = await two_projects(tx)
    owner = await asyncpg.connect(**connect_arguments(db.owner))
    try:
        assert await sum_faults(owner) == []
        await owner.execute(
            "ALTER TABLE allocation_sum DISABLE TRIGGER USER;"
            " UPDATE allocation_sum SET awarded_fen = awarded_fen + 1 WHERE cut = 'place' AND contracted_fen > 0;"
            f" DELETE FROM allocation_sum WHERE project = {bridge};"
            " ALTER TABLE allocation_sum ENABLE TRIGGER USER"
        )
        batch = await owner.fetchval("SELECT batch FROM allocation_entry WHERE project = $1", road)
        assert await sum_faults(owner) == [
            f"allocation_sum place {batch} 330802100000 transport_social01970-01-01",
            f"allocation_sum project {batch} {VILLAGE} {bridge}1970-01-01",
        ]
    finally:
        await owner.close()


async def test_a_project_with_money_keeps_its_category(tx_as) -> None:
    change = "UPDATE projects_project SET category = 'farmland_water', title = '改' WHERE id = $1"
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        project = (await two_projects(tx))[0]
        await tx.conn.execute(change, await a_project(tx, title="水渠"))
        with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refused:
            async with tx.conn.transaction():
                await tx.conn.execute(change, project)
        assert CATALOGUE.sections["constraint"][refused.value.constraint_name] == "ALC-180"
        await tx.conn.execute("UPDATE projects_project SET title = '改', category = category WHERE id = $1", project)
        assert await sum_faults(tx.conn) == []

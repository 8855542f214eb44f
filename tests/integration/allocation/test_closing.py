"""Closed months: totals under a hash, later postings refused, years that open with what they closed with."""

from __future__ import annotations

from datetime import date, datetime

import asyncpg
import pytest
from house import CITY, KECHENG, VILLAGE, actor
from money_house import a_project, batch_form, book

from allocation.budget import closing, closing_documents, ledger, queries, service
from allocation.budget.ledger import Kind, Line
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.clock import SHANGHAI
from quzhou_migrants.kernel.db import connect_arguments
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.pdf import build
from quzhou_migrants.kernel.tx import begin

pytestmark = pytest.mark.asyncio(loop_scope="session")


def at(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, 10, tzinfo=SHANGHAI)


async def a_year(tx) -> tuple[int, int]:
    """November: money comes and goes to a county; December: an award; January: half of it is paid. (batch, project)."""
    project = await a_project(tx)
    tx.now = at(2025, 11, 5)
    batch = await service.draft_batch(tx, batch_form(issued_on=date(2025, 11, 1)))
    await book(tx, batch)
    shares = [ledger.Share(KECHENG, 600_00, 1_000_00)]
    await ledger.pass_down(tx, "split:0", batch, CITY, shares, source=("allocation_split", 0))
    tx.now = at(2025, 12, 9)
    lines = [Line(batch, KECHENG, Kind.AVAILABLE, -400_00), Line(batch, VILLAGE, Kind.AWARDED, 400_00, project)]
    await ledger.post(tx, "award:0", lines, source=("allocation_award", 0))
    tx.now = at(2026, 1, 20)
    await ledger.move(tx, "pay:0", project, Kind.AWARDED, Kind.PAID, 200_00, source=("allocation_claim", 0))
    tx.now = at(2026, 2, 2)
    tx.actor = actor(Role.COUNTY_FINANCE, KECHENG)
    return batch, project


async def figures(tx, closing_id: int) -> dict[str, tuple[int, int, int, int]]:
    return {
        t["kind"]: (t["opening_fen"], t["in_fen"], t["out_fen"], t["closing_fen"])
        for t in await closing.totals(tx, closing_id)
    }


async def test_months_and_years_chain_and_open_with_what_they_closed_with(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        await a_year(tx)
        november = await closing.month_end(tx, KECHENG, date(2025, 11, 30))
        december = await closing.month_end(tx, KECHENG, date(2025, 12, 1))
        year = await closing.year_end(tx, KECHENG, 2025)
        january = await closing.month_end(tx, KECHENG, date(2026, 1, 31))
        assert await figures(tx, november) == {
            "cash": (0, 600_00, 0, 600_00),
            "available": (0, 1_000_00, 0, 1_000_00),
        }
        assert (await figures(tx, december))["available"] == (1_000_00, 0, 400_00, 600_00)
        assert (await figures(tx, year))["awarded"] == (0, 400_00, 0, 400_00)
        assert (await figures(tx, january))["awarded"] == (400_00, 0, 200_00, 200_00)
        closed = {kind: f[3] for kind, f in (await figures(tx, year)).items()}
        opened = {kind: f[0] for kind, f in (await figures(tx, january)).items() if f[0]}
        assert opened == closed
        rows = [await closing.read(tx, n) for n in (november, december, january)]
        assert [r["previous_sha256"] for r in rows] == ["", rows[0]["sha256"], rows[1]["sha256"]]
        assert await closing.closing_faults(tx.conn) == []


async def test_a_closed_month_takes_nothing_more(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        batch, project = await a_year(tx)
        await closing.month_end(tx, KECHENG, date(2025, 11, 1))
        tx.now = at(2025, 11, 30)
        lines = [Line(batch, KECHENG, Kind.AVAILABLE, -1), Line(batch, KECHENG, Kind.RETURNED, 1)]
        with pytest.raises(asyncpg.IntegrityConstraintViolationError) as late:
            async with tx.conn.transaction():
                await ledger.post(tx, "late", lines, source=("allocation_batch", batch))
        assert late.value.constraint_name == "allocation_entry_period_open"
        tx.now = at(2025, 12, 1)
        await ledger.post(tx, "open", lines, source=("allocation_batch", batch))
        await ledger.free(tx, "free", project, KECHENG, 1, source=("allocation_batch", batch))


@pytest.mark.parametrize(
    ("month", "code"), [(date(2026, 2, 1), "ALC-142"), (date(2025, 12, 1), "ALC-143"), (date(2026, 1, 1), "ALC-143")]
)
async def test_months_are_closed_in_order_when_they_are_over(tx_as, month, code) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        await a_year(tx)
        with pytest.raises(Refused) as refused:
            await closing.month_end(tx, KECHENG, month)
        assert refused.value.code == code


async def test_a_month_closes_once_and_a_year_after_its_december(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        await a_year(tx)
        await closing.month_end(tx, KECHENG, date(2025, 11, 1))
        with pytest.raises(Refused) as again:
            await closing.month_end(tx, KECHENG, date(2025, 11, 1))
        with pytest.raises(Refused) as year:
            await closing.year_end(tx, KECHENG, 2025)
        assert (again.value.code, year.value.code) == ("ALC-141", "ALC-144")


async def test_verify_names_the_month_and_the_account_somebody_wrote_into(db) -> None:
    """Even the owner of the database, around every trigger, cannot change a fen unseen."""
    async with begin(actor(Role.CITY_CLERK, CITY), request_id="r", at=at(2025, 11, 5)) as tx:
        await a_year(tx)
    async with begin(actor(Role.COUNTY_FINANCE, KECHENG), request_id="r", at=at(2026, 2, 2)) as tx:
        await closing.month_end(tx, KECHENG, date(2025, 11, 1))
    owner = await asyncpg.connect(**connect_arguments(db.owner))
    try:
        assert (await closing.closing_faults(owner), await queries.ledger_faults(owner)) == ([], [])
        await owner.execute(
            "ALTER TABLE allocation_entry DISABLE TRIGGER USER; UPDATE allocation_entry SET amount_fen = amount_fen + 1"
            f" WHERE division_code = '{KECHENG}' AND kind = 'cash'; ALTER TABLE allocation_entry ENABLE TRIGGER USER"
        )
        faults = await closing.closing_faults(owner)
        assert [f.split(":")[0] for f in faults] == [f"allocation_closing {KECHENG} 2025-11"]
        assert [f.split(" ")[0] for f in await queries.ledger_faults(owner)] == [
            "allocation_balance",
            "allocation_entry",
        ]
    finally:
        await owner.close()


async def test_the_paper_shows_every_account_and_the_hash(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        await a_year(tx)
        closing_id = await closing.month_end(tx, KECHENG, date(2025, 11, 1))
        document = await closing_documents.sheet(tx, closing_id)
        grid = next(b for b in document.blocks if hasattr(b, "head"))
        assert [r[2:] for r in grid.rows] == [
            ("0.00", "1,000.00", "0.00", "1,000.00"),
            ("0.00", "600.00", "0.00", "600.00"),
        ]
        assert build(document).startswith(b"%PDF")


async def test_a_county_closes_its_year_on_the_page_and_the_city_its_months(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        await a_year(tx)
        assert await closing.offered(tx, KECHENG) == []
        assert await closing.offered(tx, CITY) == ["2025-11"]
        for month in (11, 12):
            await closing.month_end(tx, KECHENG, date(2025, month, 1))
        assert await closing.offered(tx, KECHENG) == ["2025"]

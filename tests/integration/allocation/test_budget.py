"""Batches and the ledger in PostgreSQL: whole postings, once, never below zero, never altered."""

from __future__ import annotations

import asyncio
from datetime import date

import asyncpg
import pytest
from house import CITY, KECHENG, NOW, VILLAGE, actor, become
from money_house import a_project, book
from money_house import batch_form as form

from allocation.budget import ledger, queries, service
from allocation.budget.ledger import Kind, Line
from allocation.reports.sums import sum_faults
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.errors import Invalid, Refused
from quzhou_migrants.kernel.tx import begin

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def money(tx) -> dict[tuple[str, str], int]:
    rows = await tx.conn.fetch(
        "SELECT division_code, kind, sum(balance_fen)::bigint AS fen FROM allocation_balance GROUP BY 1, 2"
    )
    return {(r["division_code"], r["kind"]): r["fen"] for r in rows if r["fen"]}


async def test_recording_a_batch_makes_money_available(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        batch = await service.draft_batch(tx, form())
        assert await money(tx) == {}
        await book(tx, batch)
        assert await money(tx) == {
            (CITY, "notified"): -60_000_000_00 - 180_000,
            (CITY, "cash"): 180_000,
            (CITY, "available"): 60_000_000_00,
        }
        assert (await queries.batch(tx, batch))["persons"] == 3
        async with become(tx, actor(Role.CITY_LEADER, CITY)):
            with pytest.raises(Refused) as again:
                await service.record_batch(tx, batch)
        assert again.value.code == "KRN-408"


async def test_a_wrong_batch_is_refused_with_every_reason(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        with pytest.raises(Invalid) as refusal:
            await service.draft_batch(tx, form(cash_fen=59_900, issued_on=date(2027, 1, 1)))
        assert {p.code for p in refusal.value.problems} == {"ALC-110", "ALC-111", "ALC-114"}


async def test_only_the_city_records(tx_as) -> None:
    async with tx_as(Role.COUNTY_CLERK, KECHENG) as tx:
        with pytest.raises(Refused) as refusal:
            await service.draft_batch(tx, form())
        assert refusal.value.code == "KRN-403"


async def test_reversal_mirrors_and_only_while_the_money_lies_still(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        batch = await service.draft_batch(tx, form())
        await book(tx, batch)
        with pytest.raises(Refused) as refusal:
            await service.reverse_batch(tx, batch, "文号录错")
        assert refusal.value.code == "ALC-153"
        async with become(tx, actor(Role.CITY_LEADER, CITY)):
            with pytest.raises(Refused) as refusal:
                await service.reverse_batch(tx, batch, " ")
            assert refusal.value.code == "ALC-117"
            await service.reverse_batch(tx, batch, "文号录错")
        assert await money(tx) == {}
        assert await queries.ledger_faults(tx.conn) == []


BROKEN = {
    "allocation_entry_balanced": [Line(0, CITY, Kind.NOTIFIED, -100), Line(0, CITY, Kind.AVAILABLE, 99)],
    "allocation_balance_sign": [Line(0, CITY, Kind.AVAILABLE, -100), Line(0, CITY, Kind.PLANNED, 100)],
}


@pytest.mark.parametrize("constraint", sorted(BROKEN))
async def test_the_database_refuses_broken_postings(tx_as, constraint) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        batch = await service.draft_batch(tx, form())
        lines = [Line(batch, x.division_code, x.kind, x.amount_fen) for x in BROKEN[constraint]]
        with pytest.raises(asyncpg.IntegrityConstraintViolationError) as broken:
            async with tx.conn.transaction():
                await ledger.post(tx, "broken", lines, source=("allocation_batch", batch))
        assert broken.value.constraint_name == constraint


async def test_an_event_is_posted_once_and_whole(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        batch = await service.draft_batch(tx, form())
        lines = [Line(batch, CITY, Kind.NOTIFIED, -5), Line(batch, CITY, Kind.AVAILABLE, 5)]
        await ledger.post(tx, "once", lines, source=("allocation_batch", batch))
        with pytest.raises(asyncpg.UniqueViolationError) as twice:
            async with tx.conn.transaction():
                await ledger.post(tx, "once", lines, source=("allocation_batch", batch))
        assert twice.value.constraint_name == "allocation_entry_once"
        with pytest.raises(asyncpg.IntegrityConstraintViolationError) as later:
            async with tx.conn.transaction():
                await tx.conn.execute(
                    "INSERT INTO allocation_entry (event_key, line, division_code, batch, kind, amount_fen,"
                    " source_table, source_id, posted_at)"
                    " SELECT 'once', n, $1, $2, 'available', 15 - 2 * n, 'x', 1, now()"
                    " FROM generate_series(7, 8) n",
                    CITY,
                    batch,
                )
        assert later.value.constraint_name == "allocation_entry_balanced"


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE allocation_entry SET amount_fen = amount_fen + 1",
        "DELETE FROM allocation_entry",
        "UPDATE allocation_balance SET balance_fen = balance_fen + 1",
        "DELETE FROM allocation_balance",
        "UPDATE allocation_total SET total_fen = total_fen + 1",
        (
            "INSERT INTO allocation_total (division_code, batch, kind, slot, total_fen)"
            " SELECT division_code, batch, kind, 99, 1 FROM allocation_total"
        ),
        "UPDATE allocation_sum SET paid_fen = paid_fen + 1",
        "DELETE FROM allocation_sum",
        "INSERT INTO allocation_sum (cut, division_code, batch, paid_fen) VALUES ('place', '330803000000', 1, 1)",
    ],
)
async def test_entries_and_balances_cannot_be_altered(tx_as, sql) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        await book(tx, await service.draft_batch(tx, form()))
        with pytest.raises(asyncpg.PostgresError):
            async with tx.conn.transaction():
                await tx.conn.execute(sql)
        assert await queries.ledger_faults(tx.conn) + await sum_faults(tx.conn) == []


async def test_a_county_sees_no_other_countys_money(tx_as) -> None:
    async with tx_as(Role.COUNTY_CLERK, KECHENG) as tx:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with tx.conn.transaction():
                await ledger.post(
                    tx,
                    "theft",
                    [Line(1, CITY, Kind.AVAILABLE, -1), Line(1, KECHENG, Kind.AVAILABLE, 1)],
                    source=("allocation_batch", 1),
                )


async def test_move_takes_the_oldest_batch_first_and_never_more_than_there_is(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        project = await a_project(tx)
        for n in (1, 2):
            batch = await service.draft_batch(tx, form(doc_no=f"文{n}"))
            await book(tx, batch)
            await ledger.post(
                tx,
                f"award:{n}",
                [Line(batch, CITY, Kind.AVAILABLE, -100), Line(batch, VILLAGE, Kind.AWARDED, 100, project)],
                source=("allocation_award", n),
            )
        await ledger.move(tx, "contract", project, Kind.AWARDED, Kind.CONTRACTED, 150, source=("projects_contract", 1))
        held = await ledger.project_money(tx, project)
        assert held == {Kind.AWARDED: 50, Kind.CONTRACTED: 150}
        assert ledger.reached(held, Kind.AWARDED) == 200
        with pytest.raises(Refused) as refusal:
            await ledger.move(tx, "more", project, Kind.AWARDED, Kind.CONTRACTED, 51, source=("projects_contract", 1))
        assert refusal.value.facts == {"asked": 51, "left": 50}
        await ledger.reverse(tx, "contract", source=("projects_contract", 1))
        assert await ledger.project_money(tx, project) == {Kind.AWARDED: 200}


async def test_concurrent_draws_never_overdraw(db) -> None:
    """Twenty clerks take 10 from a pot of 100 at once: ten succeed, ten are refused, nothing is lost."""
    clerk = actor(Role.CITY_CLERK, CITY)
    async with begin(clerk, request_id="r", at=NOW) as tx:
        batch = await service.draft_batch(tx, form(cash_fen=0, project_fen=100, total_fen=100))
        await book(tx, batch)

    async def take(n: int) -> str:
        try:
            async with begin(clerk, request_id=f"r{n}", at=NOW) as tx:
                await ledger.post(
                    tx,
                    f"take:{n}",
                    [Line(batch, CITY, Kind.AVAILABLE, -10), Line(batch, CITY, Kind.PLANNED, 10)],
                    source=("allocation_batch", batch),
                )
        except Refused as refused:
            return refused.code
        return "ok"

    answers = await asyncio.gather(*(take(n) for n in range(20)))
    assert sorted(answers) == ["ALC-102"] * 10 + ["ok"] * 10
    async with begin(clerk, request_id="r", at=NOW) as tx:
        assert await money(tx) == {(CITY, "notified"): -100, (CITY, "planned"): 100}
        assert await queries.ledger_faults(tx.conn) == []

"""Money goes down by documents: whole, once, bound money stays bound, mistakes are mirrored."""

from __future__ import annotations

from datetime import date

import asyncpg
import pytest
from house import CITY, KECHENG, QUJIANG, SHILIANG, VILLAGE, actor
from money_house import a_project, batch_form, book

from allocation.budget import earmarks, ledger, queries, service, split_documents, split_queries, split_service
from allocation.budget.forms import EarmarkForm, SplitForm, SplitRow
from allocation.budget.ledger import Kind, Line
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.errors import Invalid, Refused
from quzhou_migrants.kernel.pdf import build

pytestmark = pytest.mark.asyncio(loop_scope="session")
HEAD = 600_00


async def recorded(tx, *marks: EarmarkForm, **changes) -> int:
    batch = await service.draft_batch(tx, batch_form(**changes))
    for mark in marks:
        await earmarks.add_earmark(tx, batch, mark)
    await book(tx, batch)
    return batch


def paper(*rows: SplitRow, **changes) -> SplitForm:
    values = {"doc_no": "衢移〔2026〕3号", "title": "关于分解下达资金的通知", "issued_on": date(2026, 9, 5)}
    return SplitForm(**values | changes, lines=list(rows))


async def lies(tx, division: str) -> dict[str, int]:
    rows = await tx.conn.fetch(
        "SELECT kind, sum(balance_fen)::bigint AS fen FROM allocation_balance WHERE division_code = $1"
        " GROUP BY kind HAVING sum(balance_fen) <> 0",
        division,
    )
    return {r["kind"]: r["fen"] for r in rows}


async def test_a_document_passes_cash_and_projects_down_and_is_mirrored(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        batch = await recorded(tx)
        rows = SplitRow(KECHENG, 2 * HEAD, 1_000_00), SplitRow(QUJIANG, HEAD, 0)
        split = await split_service.draft_split(tx, batch, paper(*rows))
        tx.actor = actor(Role.CITY_LEADER, CITY, user_id=tx.actor.user_id)
        with pytest.raises(Refused) as same:
            await split_service.issue_split(tx, split)
        assert same.value.code == "ALC-149"
        tx.actor = actor(Role.CITY_LEADER, CITY)
        await split_service.issue_split(tx, split)
        assert await lies(tx, KECHENG) == {"cash": 2 * HEAD, "available": 1_000_00}
        assert await lies(tx, QUJIANG) == {"cash": HEAD}
        found = await split_queries.lines(tx, split)
        assert [x["persons"] for x in found] == [2, 1]
        await split_service.reverse_split(tx, split, "文号录错")
        assert await lies(tx, KECHENG) == {}
        assert await queries.ledger_faults(tx.conn) == []


async def test_a_wrong_document_is_refused_with_every_reason(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        batch = await recorded(tx)
        rows = SplitRow(KECHENG, HEAD + 1, 60_000_000_00 + 1), SplitRow(SHILIANG, 0, 1)
        with pytest.raises(Invalid) as wrong:
            await split_service.draft_split(tx, batch, paper(*rows, issued_on=date(2026, 8, 1)))
        assert {(p.code, p.field) for p in wrong.value.problems} == {
            ("ALC-110", "lines.0.cash_fen"),
            ("ALC-137", "lines.0.project_fen"),
            ("ALC-139", "lines.1.division_code"),
            ("ALC-138", "issued_on"),
        }
        with pytest.raises(Invalid) as empty:
            await split_service.draft_split(tx, batch, paper(SplitRow(KECHENG)))
        assert [p.code for p in empty.value.problems] == ["ALC-136"]


async def test_a_county_passes_on_to_its_townships_and_awards_from_there_first(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        batch = await recorded(tx)
        project = await a_project(tx)
        shares = [ledger.Share(KECHENG, 0, 100_000_00)]
        await ledger.pass_down(tx, "split:0", batch, CITY, shares, source=("allocation_split", 0))
        tx.actor = actor(Role.COUNTY_CLERK, KECHENG)
        split = await split_service.draft_split(tx, batch, paper(SplitRow(SHILIANG, 0, 30_000_00)))
        tx.actor = actor(Role.COUNTY_LEADER, KECHENG)
        await split_service.issue_split(tx, split)
        assert await lies(tx, SHILIANG) == {"available": 30_000_00}
        await service.award_from_pot(tx, project, 50_000_00)
        assert await lies(tx, SHILIANG) == {}
        assert await lies(tx, KECHENG) == {"available": 50_000_00}
        assert await lies(tx, VILLAGE) == {"awarded": 50_000_00}


async def test_bound_money_reaches_only_what_it_is_bound_to(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        fits = await a_project(tx, category="ecology")
        other = await a_project(tx, category="training")
        mark = EarmarkForm("库区生态", 10_000_00, "ecology", "柯城区")
        batch = await recorded(tx, mark)
        bound = (await split_queries.earmarks(tx, batch))[0]["id"]
        assert (await lies(tx, CITY))["earmarked"] == 10_000_00
        shares = [ledger.Share(KECHENG, 0, 5_000_00, bound, 10_000_00)]
        await ledger.pass_down(tx, "split:0", batch, CITY, shares, source=("allocation_split", 0))
        tx.actor = actor(Role.COUNTY_CLERK, KECHENG)
        await service.award_from_pot(tx, other, 5_000_00)
        with pytest.raises(Refused) as none_left:
            await service.award_from_pot(tx, other, 1)
        assert none_left.value.code == "ALC-104"
        award = await service.award_from_pot(tx, fits, 8_000_00)
        assert await lies(tx, KECHENG) == {"earmarked": 2_000_00}
        for dst, project in ((Kind.AWARDED, other), (Kind.CONTRACTED, other)):
            lines = [
                Line(batch, KECHENG, Kind.EARMARKED, -1, None, bound),
                Line(batch, VILLAGE, dst, 1, project, bound),
            ]
            with pytest.raises(asyncpg.IntegrityConstraintViolationError) as kept:
                async with tx.conn.transaction():
                    await ledger.post(tx, "theft", lines, source=("allocation_award", award))
            assert kept.value.constraint_name == "allocation_entry_earmark_kept"
        with pytest.raises(asyncpg.IntegrityConstraintViolationError) as loose:
            async with tx.conn.transaction():
                lines = [Line(batch, KECHENG, Kind.EARMARKED, -1, None, bound), Line(batch, KECHENG, Kind.AVAILABLE, 1)]
                await ledger.post(tx, "loosened", lines, source=("allocation_award", award))
        assert loose.value.constraint_name == "allocation_entry_balanced"
        await ledger.free(tx, "back", fits, KECHENG, 3_000_00, source=("projects_project", fits))
        assert await lies(tx, KECHENG) == {"earmarked": 5_000_00}


@pytest.mark.parametrize(
    ("mark", "code"),
    [
        (EarmarkForm("无限定", 1_00), "ALC-132"),
        (EarmarkForm("超额", 60_000_000_01, "ecology"), "ALC-130"),
        (EarmarkForm("不明地点", 1_00, place="演示"), "ALC-150"),
        (EarmarkForm("不明项目", 1_00, project="没有"), "ALC-151"),
    ],
)
async def test_an_earmark_binds_something_that_is_there(tx_as, mark, code) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        batch = await service.draft_batch(tx, batch_form())
        with pytest.raises(Invalid) as refused:
            await earmarks.add_earmark(tx, batch, mark)
        assert [p.code for p in refused.value.problems] == [code]


async def test_the_annex_carries_every_line_and_the_sum(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        batch = await recorded(tx)
        rows = SplitRow(KECHENG, 2 * HEAD, 1_000_00), SplitRow(QUJIANG, HEAD, 23)
        split = await split_service.draft_split(tx, batch, paper(*rows))
        document = await split_documents.annex(tx, split)
        grid = next(b for b in document.blocks if hasattr(b, "head"))
        assert [r[-1] for r in grid.rows] == ["2,200.00", "600.23", "2,800.23"]
        assert build(document).startswith(b"%PDF")

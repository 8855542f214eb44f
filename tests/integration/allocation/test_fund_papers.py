"""Who reads the paper money came by: those it went to, once it went; and a paper taken back is entered anew."""

from __future__ import annotations

from datetime import date
from io import BytesIO

import asyncpg
import pytest
from house import CITY, KECHENG, QUJIANG, SHILIANG, VILLAGE, actor, become
from litestar.datastructures import UploadFile
from money_house import batch_form, book
from PIL import Image

from allocation.budget import papers, queries, service, split_queries, split_service
from allocation.budget.forms import SplitForm, SplitRow
from allocation.terms import queries as terms
from allocation.terms import service as pools
from allocation.terms.forms import PoolForm
from allocation.terms.rules import Purpose
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel import files
from quzhou_migrants.kernel.errors import Refused

CLERK, LEADER = actor(Role.CITY_CLERK, CITY), actor(Role.CITY_LEADER, CITY)
COUNTY, COUNTY_LEADER = actor(Role.COUNTY_CLERK, KECHENG), actor(Role.COUNTY_LEADER, KECHENG)
OTHER, TOWNSHIP = actor(Role.COUNTY_CLERK, QUJIANG), actor(Role.TOWNSHIP_CLERK, SHILIANG)


def scan() -> UploadFile:
    picture = BytesIO()
    Image.new("RGB", (8, 8), "white").save(picture, "PNG")
    return UploadFile(content_type="image/png", filename="原件.png", file_data=picture.getvalue())


def paper(*rows: SplitRow, doc_no: str = "衢移〔2026〕3号") -> SplitForm:
    return SplitForm(doc_no=doc_no, title="关于分解下达资金的通知", issued_on=date(2026, 9, 5), lines=list(rows))


async def _passed(tx, batch: int, clerk, leader, *rows: SplitRow) -> tuple[int, int]:
    """A document with its scan, issued. Shape: document, file."""
    async with become(tx, clerk):
        split = await split_service.draft_split(tx, batch, paper(*rows))
        await papers.add_split_paper(tx, split, scan())
    async with become(tx, leader):
        await split_service.issue_split(tx, split)
    return split, (await files.files_of(tx, (papers.SPLIT_TABLE, split)))[0].id


async def _reads(tx, who, file_id: int) -> bool:
    async with become(tx, who):
        try:
            return (await files.find_readable(tx, file_id)).id == file_id
        except Refused:
            return False


async def test_whoever_the_money_went_to_reads_its_papers_and_nobody_else(tx) -> None:
    async with become(tx, CLERK):
        batch = await service.draft_batch(tx, batch_form())
        await papers.add_batch_paper(tx, batch, scan())
        notice = (await files.files_of(tx, (papers.BATCH_TABLE, batch)))[0].id
        await book(tx, batch)
    assert not await _reads(tx, COUNTY, notice)
    split, city_paper = await _passed(tx, batch, CLERK, LEADER, SplitRow(KECHENG, 0, 1_000_00))
    assert await _reads(tx, COUNTY, notice)
    assert await _reads(tx, COUNTY, city_paper)
    assert not await _reads(tx, OTHER, notice)
    assert not await _reads(tx, OTHER, city_paper)
    _, county_paper = await _passed(tx, batch, COUNTY, COUNTY_LEADER, SplitRow(SHILIANG, 0, 400_00))
    assert await _reads(tx, TOWNSHIP, county_paper)
    assert not await _reads(tx, TOWNSHIP, city_paper)
    assert not await _reads(tx, OTHER, county_paper)
    async with become(tx, TOWNSHIP):
        moves = await terms.moves(tx, SHILIANG)
        scans = await papers.scans_of_splits(tx, [m["source_id"] for m in moves])
        assert [f.id for refs in scans.values() for f in refs] == [county_paper]
    async with become(tx, COUNTY):
        assert [f.id for f in await files.files_of(tx, (papers.SPLIT_TABLE, split))] == [city_paper]
        done = await tx.conn.execute("DELETE FROM kernel_file WHERE id = $1", city_paper)
        assert done == "DELETE 0"


async def test_a_draft_is_nobody_elses_business(tx) -> None:
    async with become(tx, CLERK):
        draft = await service.draft_batch(tx, batch_form(doc_no="草拟"))
        batch = await service.draft_batch(tx, batch_form())
        await book(tx, batch)
        split = await split_service.draft_split(tx, batch, paper(SplitRow(KECHENG, 0, 1_000_00)))
        await papers.add_split_paper(tx, split, scan())
        kept = (await files.files_of(tx, (papers.SPLIT_TABLE, split)))[0].id
    assert not await _reads(tx, COUNTY, kept)
    async with become(tx, COUNTY):
        for asked in (queries.batch(tx, draft), split_queries.split(tx, split)):
            with pytest.raises(Refused) as unseen:
                await asked
            assert unseen.value.code == "KRN-404"
        assert await split_queries.splits_of_batch(tx, batch) == []
        assert (await queries.batch(tx, batch))["state"] == "recorded"


async def test_a_document_taken_back_is_entered_anew_under_its_number(tx) -> None:
    async with become(tx, CLERK):
        wrong = await service.draft_batch(tx, batch_form())
        await book(tx, wrong)
        with pytest.raises(asyncpg.UniqueViolationError) as twice:
            async with tx.conn.transaction():
                await service.draft_batch(tx, batch_form())
        assert twice.value.constraint_name == "allocation_batch_one_document"
        async with become(tx, LEADER):
            await service.reverse_batch(tx, wrong, "金额录错")
        right = await service.draft_batch(tx, batch_form())
        await book(tx, right)
    split, _ = await _passed(tx, right, CLERK, LEADER, SplitRow(KECHENG, 0, 1_000_00))
    async with become(tx, LEADER):
        await split_service.reverse_split(tx, split, "金额录错")
    again, _ = await _passed(tx, right, CLERK, LEADER, SplitRow(KECHENG, 0, 2_000_00))
    assert (await split_queries.split(tx, again))["state"] == "passed_down"
    assert await queries.ledger_faults(tx.conn) == []


async def test_a_pool_is_set_up_for_a_place_there_is(tx) -> None:
    async with become(tx, COUNTY):
        for nowhere in ("330802999000", VILLAGE[:9] + "999"):
            with pytest.raises(Refused) as refusal:
                await pools.open_pool(tx, PoolForm(nowhere, Purpose.SHARE, "切块资金", "文", 3, date(2026, 12, 1)))
            assert (refusal.value.code, refusal.value.field) == ("ALC-162", "division")

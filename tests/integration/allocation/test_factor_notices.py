"""Schemes approved by another, runs approved level by level, notices issued on paper and published in time."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path

import asyncpg
import pytest
from house import CITY, KECHENG, QUJIANG, actor, become
from money_house import a_scheme, book
from money_house import batch_form as form

from allocation.budget import service as funds
from allocation.factor import data_service, notice_queries, notice_service, queries, scheme_service, service, sheet
from allocation.factor.catalogue import default_scheme
from allocation.factor.data_service import Origin
from allocation.factor.forms import ColumnRow, RunForm, ValueRow
from allocation.factor.notice_document import proposal
from allocation.factor.notice_forms import NoticeForm
from allocation.factor.notice_panels import waiting
from allocation.factor.offers import OFFERS, Offered, offer
from allocation.factor.scheme import Bound, Kind
from allocation.factor.scheme_build import LAST, build, rows_of
from allocation.factor.scheme_forms import BoundRow, SchemeForm
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel import blobs
from quzhou_migrants.kernel.errors import Invalid, Refused
from quzhou_migrants.kernel.files import files_of, root
from quzhou_migrants.kernel.tx import Tx

pytestmark = pytest.mark.asyncio(loop_scope="session")

LEADER, SECOND = actor(Role.CITY_LEADER, CITY), actor(Role.CITY_LEADER, CITY)
COUNTY = actor(Role.COUNTY_CLERK, KECHENG)
VALUES = {"migrants": ("3120", "28826"), "fiscal": ("21000", "9800"), "score": ("88.5", "92")}
ROWS = [ValueRow(f, u, v) for f, pair in VALUES.items() for u, v in zip((KECHENG, QUJIANG), pair, strict=True)]
POOL = 1_234_567_89
HUGE = 600_000_000_00


async def a_run(tx: Tx, pool: int = POOL, scheme: int = 0) -> int:
    total = max(pool, 60_000_000_00)
    number = await tx.conn.fetchval("SELECT count(*) FROM allocation_batch")
    batch = await funds.draft_batch(tx, form(doc_no=f"浙财{number}号", total_fen=total + 180_000, project_fen=total))
    await book(tx, batch)
    run = await service.draft_run(tx, RunForm(batch, scheme or await a_scheme(tx), "2026年因素法分配", pool))
    await data_service.save_values(tx, run, ROWS, "移民统计年报", date(2025, 12, 31))
    return run


async def approved(tx: Tx) -> int:
    run = await a_run(tx)
    await service.freeze_run(tx, run, "说明")
    async with become(tx, LEADER):
        await service.approve_run(tx, run)
    return run


async def drafted(tx: Tx, run: int) -> int:
    row = await queries.run(tx, run)
    words = proposal(row, await queries.inputs(tx, row), POOL, "衢州市移民局")
    return await notice_service.draft_notice(tx, run, NoticeForm(doc_no="衢移〔2026〕12号", **words))


async def test_a_scheme_is_used_only_once_somebody_else_approved_it(tx_as) -> None:
    async with tx_as(Role.CITY_LEADER, CITY) as tx:
        leader = tx.actor
        async with become(tx, actor(Role.CITY_CLERK, CITY, user_id=leader.user_id)):
            first = await scheme_service.keep_scheme(tx, default_scheme(tx.policy, "方案"))
            with pytest.raises(Refused) as unapproved:
                await a_run(tx, scheme=first)
            assert unapproved.value.code == "ALC-251"
        with pytest.raises(Refused) as same:
            await scheme_service.approve_scheme(tx, first)
        assert same.value.code == "ALC-250"
        async with become(tx, SECOND):
            await scheme_service.approve_scheme(tx, first, "衢移〔2026〕5号")
        async with become(tx, actor(Role.CITY_CLERK, CITY)):
            run = await a_run(tx, scheme=first)
            again = await scheme_service.save_scheme(
                tx, SchemeForm(**{**rows_of(default_scheme(tx.policy, "方案")), "like": first})
            )
            assert ((await queries.scheme(tx, again))["series"], (await queries.scheme(tx, again))["number"]) == (
                first,
                2,
            )
        async with become(tx, SECOND):
            await scheme_service.approve_scheme(tx, again)
        assert (await queries.scheme(tx, first))["state"] == "superseded"
        async with become(tx, actor(Role.CITY_CLERK, CITY)):
            with pytest.raises(Refused) as old:
                await service.freeze_run(tx, run, "说明")
            assert old.value.code == "ALC-251"


async def test_an_approved_schemes_words_cannot_be_altered_by_anybody(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        scheme = await a_scheme(tx)
        with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refusal:
            async with tx.conn.transaction():
                await tx.conn.execute("UPDATE allocation_scheme SET body = '{}' WHERE id = $1", scheme)
        assert refusal.value.constraint_name == "allocation_scheme_words"


async def test_a_large_pool_is_approved_by_two_leaders_one_after_the_other(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        run = await a_run(tx, HUGE)
        await service.freeze_run(tx, run, "说明")
        async with become(tx, LEADER):
            assert (await service.approve_run(tx, run, "拟同意"))["state"] == "frozen"
            assert await queries.shares(tx, run) == []
            with pytest.raises(Refused) as twice:
                await service.approve_run(tx, run)
            assert twice.value.code == "ALC-252"
        async with become(tx, SECOND):
            assert (await service.approve_run(tx, run))["state"] == "approved"
        row = await queries.run(tx, run)
        assert [(o["step"], o["opinion"]) for o in await queries.opinions(tx, row)] == [(1, "拟同意"), (2, "")]
        assert sum(s["amount_fen"] for s in await queries.shares(tx, run)) == HUGE


async def test_sending_back_ends_the_approvals_that_were_given(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        run = await a_run(tx, HUGE)
        await service.freeze_run(tx, run, "说明")
        async with become(tx, LEADER):
            await service.approve_run(tx, run)
        async with become(tx, SECOND):
            await service.send_back_run(tx, run, "核对数据")
        await service.freeze_run(tx, run, "说明")
        assert await queries.opinions(tx, await queries.run(tx, run)) == []
        async with become(tx, LEADER):
            assert (await service.approve_run(tx, run))["state"] == "frozen"


async def test_a_notice_is_issued_by_another_kept_as_paper_and_due_in_working_days(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        run = await approved(tx)
        assert [(t.url, t.due) for t in await waiting(tx)] == [(f"/factor/{run}/notice", date(2026, 10, 1))]
        notice = await drafted(tx, run)
        async with become(tx, actor(Role.CITY_LEADER, CITY, user_id=tx.actor.user_id)):
            with pytest.raises(Refused) as own:
                await notice_service.issue_notice(tx, notice)
            assert own.value.code == "ALC-250"
        async with become(tx, COUNTY):
            with pytest.raises(Refused) as unseen:
                await notice_queries.notice(tx, notice)
            assert unseen.value.code == "KRN-404"
        async with become(tx, LEADER):
            assert [t.url for t in await waiting(tx)] == [f"/factor/notices/{notice}"]
            issued = await notice_service.issue_notice(tx, notice)
        # 17, 18, 20 to 24 and 28 to 30 September, 8 to 10, 12 to 16, 19 and 20 October: twenty worked days
        assert (issued["issued_on"], issued["due_on"]) == (date(2026, 9, 16), date(2026, 10, 20))
        paper = (await files_of(tx, (notice_queries.TABLE, notice)))[0]
        assert paper.sha256 == issued["sha256"]
        assert hashlib.sha256(blobs.blob_path(root(), paper.sha256).read_bytes()).hexdigest() == paper.sha256
        async with become(tx, COUNTY):
            assert (await notice_queries.notice(tx, notice))["doc_no"] == "衢移〔2026〕12号"
        with pytest.raises(Refused) as fixed:
            await notice_service.change_notice(tx, notice, NoticeForm("x", "x", "x", "x", "x"))
        assert fixed.value.code == "ALC-272"
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            async with tx.conn.transaction():
                await tx.conn.execute("UPDATE allocation_factor_notice SET body = 'x' WHERE id = $1", notice)
        assert [t.due for t in await waiting(tx)] == [date(2026, 10, 20)]
        assert await _public_ids(tx) == []
        assert (await notice_service.publish_notice(tx, notice))["published_on"] == date(2026, 9, 16)
        assert await _public_ids(tx) == [notice]
        shown = await notice_queries.published(tx, notice)
        assert json.loads(shown["printed"]["export"])["sha256"] == (await queries.run(tx, run))["sha256"]


async def _public_ids(tx: Tx) -> list[int]:
    """What somebody sees who is nobody, by row-level security alone."""
    nested = tx.conn.transaction()
    await nested.start()
    await tx.conn.execute(
        "SELECT set_config('app.lo', '~', true), set_config('app.hi', '~', true), set_config('app.up', '', true),"
        " set_config('app.public', '1', true)"
    )
    rows = await tx.conn.fetch("SELECT id FROM allocation_factor_notice ORDER BY id")
    await nested.rollback()
    return [r["id"] for r in rows]


async def test_one_notice_a_run_and_it_falls_with_its_run(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        run = await approved(tx)
        notice = await drafted(tx, run)
        with pytest.raises(asyncpg.UniqueViolationError) as second:
            async with tx.conn.transaction():
                await drafted(tx, run)
        assert second.value.constraint_name == "allocation_factor_notice_live"
        async with become(tx, LEADER):
            await notice_service.issue_notice(tx, notice)
            await service.revoke_run(tx, run, "数据有误")
        assert (await notice_queries.notice(tx, notice))["state"] == "withdrawn"
        with pytest.raises(Refused) as gone:
            await drafted(tx, run)
        assert gone.value.code == "ALC-273"


async def test_columns_keep_their_own_source_and_day(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        run = await a_run(tx)
        rows = [ValueRow("migrants", KECHENG, "3121"), ValueRow("score", KECHENG, "89")]
        own = [ColumnRow("score", "绩效评价报告", date(2026, 3, 1))]
        with pytest.raises(Invalid) as nowhere:
            await data_service.save_columns(tx, run, rows, own)
        assert [(p.code, p.field) for p in nowhere.value.problems] == [("ALC-254", "source")]
        await data_service.save_columns(tx, run, rows, own, Origin("年报", date(2026, 1, 1)))
        held = {(d.factor, d.unit): (d.source, d.as_of) for d in await queries.values(tx, run)}
        assert held["migrants", KECHENG] == ("年报", "2026-01-01")
        assert held["score", KECHENG] == ("绩效评价报告", "2026-03-01")
        assert held["score", QUJIANG] == ("移民统计年报", "2025-12-31")


async def test_a_sheet_is_taken_whole_or_not_at_all_and_says_where_it_is_wrong(tx_as, tmp_path: Path) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        run = await a_run(tx)
        row = await queries.run(tx, run)
        factors, units = queries.opened(row["scheme_body"]).factors, await queries.units(tx, CITY)
        held = await queries.values(tx, run)
        file = tmp_path / "data.xlsx"
        with file.open("wb") as out:
            sheet.write(out, factors, units, {"migrants": {KECHENG: "9999"}}, held)
        upload = await sheet.read(file, factors)
        assert upload.sources["score"] == "移民统计年报"
        assert await data_service.take_sheet(tx, run, upload) == 1
        head = ["区划代码", "单位", *(f.title for f in factors)]
        wrong = sheet.opened(
            [
                head,
                ["", "截止日期", "2026年8月31日", "哪天", ""],
                [KECHENG, "", "1", "abc", "101"],
                [KECHENG],
                ["39", "", "1"],
            ],
            factors,
        )
        with pytest.raises(Invalid) as slips:
            await data_service.take_sheet(tx, run, wrong)
        found = [(p.code, p.facts["row"]) for p in slips.value.problems]
        assert sorted(found) == [("ALC-257", 5), ("ALC-258", 4), ("ALC-259", 3), ("ALC-259", 3), ("ALC-260", 2)]
        assert {d.value for d in await queries.values(tx, run) if d.factor == "fiscal"} == {"21000", "9800"}


async def test_upper_rooms_offer_results_and_a_difference_needs_a_word(tx_as) -> None:
    async def scores(_tx: Tx, codes) -> Offered:
        return Offered(dict.fromkeys(codes, "90"), "2025年度绩效评价", date(2026, 6, 30))

    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        run = await a_run(tx)
        row = await queries.run(tx, run)
        packed = tx.policy.param("allocation.factor.score").value
        assert packed["offered"] == "performance"
        assert "score" not in await data_service.offered(tx, row)
        before = OFFERS["performance"]
        offer("performance", scores)
        try:
            _, notice = await data_service.findings(tx, row, await queries.inputs(tx, row))
            told = [f for f in notice if f.code == "ALC-255"]
            assert {(f.subject, f.facts["source"]) for f in told} == {
                (f"score.{KECHENG}", "2025年度绩效评价"), (f"score.{QUJIANG}", "2025年度绩效评价"),
            }  # fmt: skip
            await data_service.take_offered(tx, run)
            taken = [d for d in await queries.values(tx, run) if d.factor == "score"]
            assert {(d.value, d.source, d.as_of) for d in taken} == {("90", "2025年度绩效评价", "2026-06-30")}
        finally:
            offer("performance", before)


async def test_last_years_shares_are_offered_where_a_band_needs_them(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        run = await approved(tx)
        await tx.conn.execute("SELECT set_config('app.lo', '', true), set_config('app.hi', '~', true)")
        moved = await tx.conn.execute(
            "UPDATE allocation_factor_run SET approved_at = approved_at - interval '1 year' WHERE id = $1", run
        )
        assert moved == "UPDATE 1"
        base = default_scheme(tx.policy, "方案")
        banded = build(tx.policy, SchemeForm(**{**rows_of(base), "bounds": [BoundRow(Kind.LOSS, bp=500)]}))
        assert banded.bounds == (Bound(Kind.LOSS, bp=500),)
        batch = await tx.conn.fetchval("SELECT batch FROM allocation_factor_run WHERE id = $1", run)
        next_run = await service.draft_run(tx, RunForm(batch, await a_scheme(tx, banded), "次年", 1_000_000_00))
        given = await data_service.offered(tx, await queries.run(tx, next_run))
        shares = {s["division_code"]: s["amount_fen"] for s in await queries.shares(tx, run)}
        assert {u: int(v.replace(".", "")) for u, v in given[LAST].values.items()} == shares


async def test_data_older_than_the_packs_months_need_a_word(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        run = await a_run(tx)
        row = await queries.run(tx, run)
        inputs = await queries.inputs(tx, row)
        assert data_service.old(inputs, date(2026, 9, 16), 24) == []
        assert {f.code for f in data_service.old(inputs, date(2026, 9, 16), 6)} == {"ALC-256"}

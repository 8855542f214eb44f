"""A county shares out what it has among its townships; nobody else's hand is in it; what was taken back stays told."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date

import pytest
from factor_house import MIGRANTS
from house import CITY, KECHENG, NIANLI, NOW, QUJIANG, actor, become
from money_house import a_scheme, book
from money_house import batch_form as form
from round_house import call

from allocation import panels
from allocation.budget import queries as budget
from allocation.budget import service as funds
from allocation.competitive import service as rounds
from allocation.factor import data_service, notice_queries, notice_service, queries, scheme_service, service
from allocation.factor.forms import RunForm, ValueRow
from allocation.factor.frozen import export
from allocation.factor.notice_document import proposal
from allocation.factor.notice_forms import NoticeForm
from allocation.factor.notice_panels import waiting
from allocation.factor.scheme import Reserve, Scheme
from allocation.factor.scheme_build import build, rows_of
from allocation.factor.scheme_forms import FactorRow, SchemeForm
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.errors import Invalid, Refused
from quzhou_migrants.kernel.money import Rounding
from quzhou_migrants.kernel.tx import Tx, begin

pytestmark = pytest.mark.asyncio(loop_scope="session")

CITY_LEADER = actor(Role.CITY_LEADER, CITY)
CLERK, LEADER = actor(Role.COUNTY_CLERK, KECHENG), actor(Role.COUNTY_LEADER, KECHENG)
OTHER_CLERK, OTHER_LEADER = actor(Role.COUNTY_CLERK, QUJIANG), actor(Role.COUNTY_LEADER, QUJIANG)
PLAN = Scheme("乡镇分配方案", 10_000, 0, (replace(MIGRANTS, weight_bp=10_000),), Rounding(), reserve=Reserve(bp=1000))
POOL = 900_000_01


async def the_citys_run(tx: Tx) -> tuple[int, int]:
    """The city gives Kecheng and Qujiang their shares. Gives (batch, run)."""
    batch = await funds.draft_batch(tx, form())
    await book(tx, batch)
    run = await service.draft_run(tx, RunForm(batch, await a_scheme(tx), "2026年因素法分配", 10_000_000_00))
    pairs = {"migrants": ("3120", "28826"), "fiscal": ("21000", "9800"), "score": ("88.5", "92")}
    rows = [ValueRow(f, u, v) for f, pair in pairs.items() for u, v in zip((KECHENG, QUJIANG), pair, strict=True)]
    await data_service.save_values(tx, run, rows, "移民统计年报", date(2025, 12, 31))
    await service.freeze_run(tx, run, "说明")
    async with become(tx, CITY_LEADER):
        await service.approve_run(tx, run)
    return batch, run


async def a_county_run(tx: Tx, batch: int, townships: list[str]) -> int:
    """Qujiang's clerk makes a scheme and a run of its own, its leader approves the scheme."""
    async with become(tx, OTHER_CLERK):
        scheme = await scheme_service.keep_scheme(tx, PLAN)
        with pytest.raises(Refused) as unsigned:
            await service.draft_run(tx, RunForm(batch, scheme, "乡镇分配", POOL))
        assert unsigned.value.code == "ALC-251"
    async with become(tx, OTHER_LEADER):
        assert [t.url for t in await waiting(tx)] == [f"/factor/schemes/{scheme}"]
        await scheme_service.approve_scheme(tx, scheme)
    async with become(tx, OTHER_CLERK):
        run = await service.draft_run(tx, RunForm(batch, scheme, "乡镇分配", POOL))
        rows = [ValueRow("migrants", code, str(100 + n)) for n, code in enumerate(townships)]
        await data_service.save_values(tx, run, rows, "年报", date(2025, 12, 31))
        await service.freeze_run(tx, run, "说明")
    return run


async def test_a_county_fills_its_townships_pools_by_its_own_scheme(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        batch, _ = await the_citys_run(tx)
        async with become(tx, OTHER_CLERK):
            townships = [u.code for u in await queries.units(tx, QUJIANG)]
            before = sum(p["fen"] for p in await budget.available(tx, QUJIANG))
        assert NIANLI in townships
        run = await a_county_run(tx, batch, townships)
        async with become(tx, OTHER_LEADER):
            assert f"/factor/{run}" in [t.url for t in await panels.waiting(tx)]
            await service.approve_run(tx, run)
            shares = {s["division_code"]: s["amount_fen"] for s in await queries.shares(tx, run)}
            assert sorted(shares) == townships
            assert sum(shares.values()) == POOL - 90_000_00
            assert sum(p["fen"] for p in await budget.available(tx, QUJIANG)) == before - sum(shares.values())
            for code, fen in shares.items():
                assert [p["fen"] for p in await budget.available(tx, code)] == ([fen] if fen else [])
            assert "quzhou-migrants/split/2" in export((await queries.run(tx, run))["frozen"])
        async with become(tx, OTHER_CLERK):
            row = await queries.run(tx, run)
            words = proposal(row, await queries.inputs(tx, row), sum(shares.values()), "衢江区")
            assert words["addressees"] == "各乡镇人民政府、街道办事处"
            assert [(t.url, t.due) for t in await waiting(tx)] == [(f"/factor/{run}/notice", None)]
        assert await budget.ledger_faults(tx.conn) == []
        async with become(tx, OTHER_LEADER):
            await service.revoke_run(tx, run, "数据更正")
            assert sum(p["fen"] for p in await budget.available(tx, QUJIANG)) == before


async def test_a_run_leaves_a_published_round_what_it_was_promised(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        batch, _ = await the_citys_run(tx)
        async with become(tx, OTHER_CLERK):
            townships = [u.code for u in await queries.units(tx, QUJIANG)]
            there = sum(p["fen"] for p in await budget.available(tx, QUJIANG))
        run = await a_county_run(tx, batch, townships)
        async with become(tx, OTHER_CLERK):
            promised = call("", budget_fen=there - 800_000_00, cap_fen=1_000_000_00)
            await rounds.publish(tx, await rounds.draft(tx, promised))
        async with become(tx, OTHER_LEADER):
            with pytest.raises(Refused) as early:
                await service.approve_run(tx, run)
        assert (early.value.code, early.value.facts["left"]) == ("ALC-156", 800_000_00)


async def test_a_city_reads_its_counties_runs_and_never_acts_in_them(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        batch, first = await the_citys_run(tx)
        async with become(tx, OTHER_CLERK):
            townships = [u.code for u in await queries.units(tx, QUJIANG)]
        run = await a_county_run(tx, batch, townships)
        assert (await queries.run(tx, run))["state"] == "frozen"
        own = await scheme_service.keep_scheme(tx, PLAN)
        draft = await service.draft_run(tx, RunForm(batch, await a_scheme(tx), "市级下一次分配", 1_00))
        async with become(tx, OTHER_CLERK):  # the second wall: drafts above are in no query
            seen = "SELECT count(*) FROM {} WHERE id = $1"
            assert await tx.conn.fetchval(seen.format("allocation_scheme"), own) == 0
            assert await tx.conn.fetchval(seen.format("allocation_factor_run"), draft) == 0
            assert await tx.conn.fetchval(seen.format("allocation_factor_run"), first) == 1
        plan = (await queries.run(tx, run))["scheme"]
        assert plan not in [s["id"] for s in await queries.schemes_in_use(tx, CITY)]
        steps = [
            (tx.actor, lambda: service.reopen_run(tx, run, "改")),
            (tx.actor, lambda: data_service.take_offered(tx, run)),
            (tx.actor, lambda: scheme_service.discard_scheme(tx, plan, "改")),
            (tx.actor, lambda: service.draft_run(tx, RunForm(batch, plan, "越级", 1_00))),
            (CITY_LEADER, lambda: service.approve_run(tx, run)),
            (CITY_LEADER, lambda: service.send_back_run(tx, run, "改")),
            (CITY_LEADER, lambda: scheme_service.retire_scheme(tx, plan, "改")),
            (CLERK, lambda: service.reopen_run(tx, run, "改")),
            (LEADER, lambda: service.approve_run(tx, run)),
            (OTHER_LEADER, lambda: service.revoke_run(tx, first, "改")),
            (OTHER_CLERK, lambda: queries.house_run(tx, first)),
            (OTHER_CLERK, lambda: notice_service.draft_notice(tx, first, NOTICE)),
        ]
        for who, step in steps:
            with pytest.raises(Refused) as refusal:
                async with become(tx, who):
                    await step()
            assert refusal.value.code == "KRN-404"
        assert [t for t in await waiting(tx) if str(plan) in t.url] == []
        async with become(tx, CITY_LEADER):
            assert f"/factor/{run}" not in [t.url for t in await panels.waiting(tx)]


NOTICE = NoticeForm("衢移〔2026〕12号", "通知", "各县", "正文", "衢州市")


async def test_a_run_that_was_taken_back_stays_readable_below_and_gets_no_notice(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        _, run = await the_citys_run(tx)
        notice = await notice_service.draft_notice(tx, run, NOTICE)
        await tx.conn.execute("UPDATE allocation_factor_run SET state = 'revoked' WHERE id = $1", run)
        async with become(tx, CITY_LEADER):
            with pytest.raises(Refused) as late:
                await notice_service.issue_notice(tx, notice)
        assert late.value.code == "ALC-273"
        assert (await notice_queries.notice(tx, notice))["state"] == "draft"
        async with become(tx, CLERK):
            assert await tx.conn.fetchval("SELECT count(*) FROM allocation_factor_notice") == 0
            assert (await queries.run(tx, run))["state"] == "revoked"


async def test_two_factors_a_sheet_could_not_tell_apart_are_refused(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        own = [FactorRow(title=title, weight_bp=2500) for title in ("库区面积", "库区面积", "区划代码", "移民人口")]
        with pytest.raises(Invalid) as refusal:
            build(tx.policy, SchemeForm(**{**rows_of(PLAN), "factors": own}))
        assert [(p.code, p.field) for p in refusal.value.problems] == [
            ("ALC-263", f"factors.{n}.title") for n in (1, 2, 3)
        ]


async def test_a_township_reads_its_own_result_its_working_and_notice_and_nothing_else(client_as) -> None:
    async with client_as(Role.TOWNSHIP_CLERK, NIANLI) as http:
        async with begin(actor(Role.CITY_CLERK, CITY), request_id="t", at=NOW) as tx:
            batch, first = await the_citys_run(tx)
            async with become(tx, OTHER_CLERK):
                townships = [u.code for u in await queries.units(tx, QUJIANG)]
            run = await a_county_run(tx, batch, townships)
        assert "乡镇分配" not in (await http.get("/factor")).text
        closed = [(await http.get(f"/factor/{n}{page}")).status_code for n in (first, run) for page in ("", "/working")]
        assert closed == [404] * 4
        async with begin(OTHER_LEADER, request_id="t", at=NOW) as tx:
            await service.approve_run(tx, run)
        async with begin(OTHER_CLERK, request_id="t", at=NOW) as tx:
            notice = await notice_service.draft_notice(tx, run, NOTICE)
        assert (await http.get(f"/factor/notices/{notice}")).status_code == 404
        async with begin(OTHER_LEADER, request_id="t", at=NOW) as tx:
            await notice_service.issue_notice(tx, notice)
        listed = (await http.get("/factor")).text
        assert "乡镇分配" in listed
        assert "2026年因素法分配" not in listed
        page = (await http.get(f"/factor/{run}")).text
        assert "（本单位）" in page
        assert "/funds/" not in page
        for address in (f"/factor/{run}/working", f"/factor/notices/{notice}", f"/factor/notices/{notice}/notice.pdf",
                        f"/factor/{run}/export.json", f"/factor/{run}/working.pdf"):  # fmt: skip
            assert (await http.get(address)).status_code == 200
        assert f"/factor/notices/{notice}" in (await http.get("/factor/notices")).text
        shares = (await http.get("/factor/shares")).text
        assert shares.count(f'href="/factor/{run}"') == 1
        assert (await http.get("/factor/new")).status_code == 403
        paper = (await http.get(f"/factor/notices/{notice}/notice.pdf")).content
        async with begin(OTHER_CLERK, request_id="t", at=NOW) as tx:
            assert hashlib.sha256(paper).hexdigest() == (await notice_queries.notice(tx, notice))["sha256"]

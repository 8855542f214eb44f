"""A factor run from scheme to shares, and the award of a county out of its share."""

from __future__ import annotations

import json
from datetime import date

import asyncpg
import pytest
from house import CITY, KECHENG, QUJIANG, VILLAGE, actor, become
from money_house import a_project, a_scheme, book
from money_house import batch_form as form

from allocation.budget import queries as budget
from allocation.budget import service as funds
from allocation.budget.handlers import on_contract_signed
from allocation.budget.ledger import Kind, project_money
from allocation.factor import data_service, queries, service
from allocation.factor.forms import RunForm, ValueRow
from allocation.factor.frozen import digest, export
from allocation.factor.working import working
from allocation.recompute import recompute_split
from projects.events import ContractSigned
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.errors import Invalid, Refused

pytestmark = pytest.mark.asyncio(loop_scope="session")

POOL = 1_234_567_89
VALUES = {
    "migrants": {KECHENG: "3120", QUJIANG: "28826"},
    "fiscal": {KECHENG: "21000", QUJIANG: "9800"},
    "score": {KECHENG: "88.5", QUJIANG: "92"},
}
LEADER = actor(Role.CITY_LEADER, CITY)
COUNTY = actor(Role.COUNTY_CLERK, KECHENG)


def rows(data=VALUES) -> list[ValueRow]:
    return [ValueRow(f, u, v) for f, column in data.items() for u, v in column.items()]


async def a_run(tx, pool: int = POOL) -> int:
    batch = await funds.draft_batch(tx, form())
    await book(tx, batch)
    return await service.draft_run(tx, RunForm(batch, await a_scheme(tx), "2026年因素法分配", pool))


async def a_full_run(tx) -> int:
    run = await a_run(tx)
    await data_service.save_values(tx, run, rows(), "移民统计年报", date(2025, 12, 31))
    return run


async def test_default_scheme_of_the_pack_adds_up(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        run = await queries.run(tx, await a_full_run(tx))
        stop, notice = await data_service.findings(tx, run, await queries.inputs(tx, run))
        assert stop == []
        assert {f.code for f in notice} == {"ALC-221"}  # the register of the test is empty


async def test_run_from_draft_to_shares(tx_as, tmp_path) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        run = await a_full_run(tx)
        frozen = await service.freeze_run(tx, run, "在册人数待补录")
        assert frozen["sha256"] == digest(frozen["frozen"])
        async with become(tx, LEADER):
            await service.approve_run(tx, run)
        shares = await queries.shares(tx, run)
        assert sum(s["amount_fen"] for s in shares) == POOL
        sheet = working(await queries.inputs(tx, await queries.run(tx, run)))
        assert {s["division_code"]: s["amount_fen"] for s in shares} == {t.code: t.total_fen for t in sheet.totals}
        for s in shares:
            pots = await budget.available(tx, s["division_code"])
            assert [p["fen"] for p in pots] == [s["amount_fen"]]
        assert await budget.ledger_faults(tx.conn) == []
        file = tmp_path / "run.json"
        file.write_text(export(frozen["frozen"]), "utf-8")
        printed = recompute_split(file)
        assert frozen["sha256"] in printed


async def test_missing_values_stop_and_odd_ones_need_a_word(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        run = await a_run(tx)
        with pytest.raises(Invalid) as refusal:
            await service.freeze_run(tx, run, "x")
        assert [p.code for p in refusal.value.problems] == ["ALC-210"] * 6
        await data_service.save_values(tx, run, rows(), "年报", date(2025, 12, 31))
        with pytest.raises(Refused) as silent:
            await service.freeze_run(tx, run, "  ")
        assert silent.value.code == "ALC-247"


async def test_a_value_keeps_its_source_until_it_changes(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        run = await a_full_run(tx)
        changed = {**VALUES, "score": {KECHENG: "90", QUJIANG: "92"}}
        assert await data_service.save_values(tx, run, rows(changed), "绩效评价报告", date(2026, 3, 1)) == 1
        sources = {(d.factor, d.unit): d.source for d in await queries.values(tx, run)}
        assert sources["score", KECHENG] == "绩效评价报告"
        assert sources["score", QUJIANG] == "移民统计年报"
        with pytest.raises(Invalid) as tomorrow:
            await data_service.save_values(tx, run, rows(), "x", date(2026, 9, 17))
        assert {p.code for p in tomorrow.value.problems} == {"ALC-246"}


async def test_who_froze_does_not_approve_and_frozen_stays(tx_as) -> None:
    async with tx_as(Role.CITY_LEADER, CITY) as tx:
        leader = tx.actor
        async with become(tx, actor(Role.CITY_CLERK, CITY, user_id=leader.user_id)):
            run = await a_full_run(tx)
            await service.freeze_run(tx, run, "说明")
            with pytest.raises(Refused) as shut:
                await data_service.save_values(tx, run, rows(), "x", date(2025, 1, 1))
            assert shut.value.code == "ALC-245"
        with pytest.raises(Refused) as same:
            await service.approve_run(tx, run)
        assert same.value.code == "ALC-241"
        await service.send_back_run(tx, run, "数据有误")
        assert (await queries.run(tx, run))["frozen"] == ""


async def test_a_frozen_text_that_was_altered_is_not_approved(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        run = await a_full_run(tx)
        await service.freeze_run(tx, run, "说明")
        await tx.conn.execute(
            "UPDATE allocation_factor_run SET frozen = replace(frozen, '28826', '38826') WHERE id = $1", run
        )
        async with become(tx, LEADER):
            with pytest.raises(Refused) as altered:
                await service.approve_run(tx, run)
        assert altered.value.code == "ALC-248"


async def test_pool_beyond_what_is_available_is_refused(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        with pytest.raises(Refused) as refusal:
            await a_run(tx, pool=60_000_000_01)
        assert (refusal.value.code, refusal.value.facts["left"]) == ("ALC-104", 60_000_000_00)


async def approved(tx) -> int:
    run = await a_full_run(tx)
    await service.freeze_run(tx, run, "说明")
    async with become(tx, LEADER):
        await service.approve_run(tx, run)
    return run


async def test_county_sees_approved_runs_only_and_awards_from_its_share(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        draft = await a_run(tx)
        await tx.conn.execute("UPDATE allocation_batch SET doc_no = 'x' WHERE id > 0")
        run = await approved(tx)
        project = await a_project(tx, asked_fen=400_000)
        async with become(tx, COUNTY):
            with pytest.raises(Refused) as hidden:
                await queries.run(tx, draft)
            assert hidden.value.code == "KRN-404"
            assert (await queries.run(tx, run))["sha256"]
            share = (await queries.shares(tx, run))[0]
            assert share["division_code"] == KECHENG
            before = sum(p["fen"] for p in await budget.available(tx, KECHENG))
            award = await funds.award_from_pot(tx, project, 300_000, "柯移〔2026〕1号")
            assert sum(p["fen"] for p in await budget.available(tx, KECHENG)) == before - 300_000
            await tx.deliver()
            row = await tx.conn.fetchrow("SELECT state, award_fen FROM projects_project WHERE id = $1", project)
            assert dict(row) == {"state": "awarded", "award_fen": 300_000}
            assert (await budget.award_of(tx, project))["id"] == award
            with pytest.raises(Refused) as twice:
                await funds.award_from_pot(tx, project, 1)
            assert twice.value.code == "ALC-120"
        with pytest.raises(asyncpg.IntegrityConstraintViolationError) as spent:
            async with become(tx, LEADER), tx.conn.transaction():
                await service.revoke_run(tx, run, "重算")
        assert spent.value.constraint_name == "allocation_balance_sign"
        async with become(tx, actor(Role.CITY_CLERK, CITY)):
            assert await budget.ledger_faults(tx.conn) == []


@pytest.mark.parametrize(
    ("asked", "amount", "code"),
    [(100, 101, "ALC-121"), (10**12, 10**11, "ALC-104"), (100, 0, "ALC-122")],
)
async def test_award_never_beyond_request_or_pot(tx_as, asked, amount, code) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        await approved(tx)
        project = await a_project(tx, asked_fen=asked, estimate_fen=asked)
        async with become(tx, COUNTY):
            with pytest.raises(Refused) as refusal:
                await funds.award_from_pot(tx, project, amount)
            assert refusal.value.code == code


async def test_untouched_run_can_be_revoked(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        run = await approved(tx)
        async with become(tx, LEADER):
            await service.revoke_run(tx, run, "文件更正")
        assert [p["fen"] for p in await budget.available(tx, CITY)] == [60_000_000_00]
        assert await budget.available(tx, KECHENG) == []


async def test_second_run_compares_with_the_first(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        first = await approved(tx)
        row = await queries.run(tx, first)
        assert json.loads(row["frozen"])["pool_fen"] == POOL
        await tx.conn.execute("UPDATE allocation_batch SET doc_no = 'y'")
        second = await a_run(tx)
        await data_service.save_values(
            tx, second, rows({**VALUES, "migrants": {KECHENG: "6000", QUJIANG: "28826"}}), "年报", date(2026, 6, 30)
        )
        row = await queries.run(tx, second)
        _, notice = await data_service.findings(tx, row, await queries.inputs(tx, row))
        assert [f.facts["was"] for f in notice if f.code == "ALC-220"] == ["3120"]


async def test_village_sees_neither_run_values_nor_money(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        run = await approved(tx)
        async with become(tx, actor(Role.VILLAGE_CLERK, VILLAGE)):
            assert await tx.conn.fetchval("SELECT count(*) FROM allocation_factor_value") == 0
            assert await tx.conn.fetchval("SELECT count(*) FROM allocation_balance") == 0
            assert await queries.shares(tx, run) == []


async def test_values_of_strangers_are_not_taken(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        run = await a_run(tx)
        for stranger in (ValueRow("migrants", VILLAGE, "1"), ValueRow("weather", KECHENG, "1")):
            with pytest.raises(Refused) as refusal:
                await data_service.save_values(tx, run, [stranger], "x", date(2025, 1, 1))
            assert refusal.value.code == "ALC-215"


async def test_signing_a_contract_binds_the_awarded_money(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        await approved(tx)
        project = await a_project(tx, asked_fen=400_000)
        async with become(tx, COUNTY):
            await funds.award_from_pot(tx, project, 300_000)
        async with become(tx, actor(Role.VILLAGE_CLERK, VILLAGE)):
            await on_contract_signed(tx, ContractSigned(project, VILLAGE, 250_000))
            assert await project_money(tx, project) == {Kind.AWARDED: 50_000, Kind.CONTRACTED: 250_000}

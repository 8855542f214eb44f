"""Clocks on money: pools filled, given out of, planned anew; carried-over money handed in; reminders told once."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from house import BAIMA, CITY, KECHENG, NIANLI, NOW, QUJIANG, SHILIANG, VILLAGE, actor, become
from money_house import a_project, batch_form, book

from allocation.budget import ledger
from allocation.budget import service as budget
from allocation.budget.ledger import Kind, Line, Share
from allocation.budget.queries import ledger_faults
from allocation.terms import queries, service
from allocation.terms.forms import DecideForm, FillForm, GiveForm, PoolForm, TakeForm
from allocation.terms.handlers import on_village_succeeded
from allocation.terms.jobs import remind
from allocation.terms.panels import waiting
from allocation.terms.rules import Purpose
from projects.events import VillageSucceeded
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.clock import SHANGHAI
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.tx import Tx

CITY_CLERK, CITY_LEADER = actor(Role.CITY_CLERK, CITY), actor(Role.CITY_LEADER, CITY)
CLERK, LEADER = actor(Role.COUNTY_CLERK, KECHENG), actor(Role.COUNTY_LEADER, KECHENG)
WAN = 1_000_000
DECISION = DecideForm("衢柯移〔2026〕8号", date(2026, 9, 16))


async def money(tx: Tx, issued: date = date(2026, 9, 1), fen: int = 100 * WAN, to: str = KECHENG) -> int:
    """A batch of project money in a county's hands."""
    number = await tx.conn.fetchval("SELECT count(*) FROM allocation_batch")
    async with become(tx, CITY_CLERK):
        form = batch_form(doc_no=f"文{number}", issued_on=issued, total_fen=fen, cash_fen=0, project_fen=fen)
        batch = await budget.draft_batch(tx, form)
        await book(tx, batch)
    await ledger.pass_down(tx, f"test:{batch}", batch, CITY, [Share(to, 0, fen)], source=("allocation_batch", batch))
    return batch


def pool_form(**changes: Any) -> PoolForm:
    return PoolForm(
        **{
            "division": SHILIANG,
            "purpose": Purpose.STARTUP,
            "title": "石梁镇创业致富统筹资金",
            "doc_no": "柯移〔2026〕1号",
            "years": 3,
            **changes,
        }
    )


async def holds(tx: Tx, division: str, kind: Kind = Kind.AVAILABLE) -> int:
    return int(
        await tx.conn.fetchval(
            "SELECT coalesce(sum(balance_fen), 0) FROM allocation_balance WHERE division_code = $1 AND kind = $2",
            division,
            kind.value,
        )
    )


async def test_a_pool_grows_is_given_out_of_and_its_rest_is_planned_anew(tx) -> None:
    await money(tx, fen=60 * WAN)
    await money(tx, fen=40 * WAN)
    project = await a_project(tx, way="e_commerce", asked_fen=30 * WAN)
    async with become(tx, CLERK):
        pool = await service.open_pool(tx, pool_form())
        await service.fill_pool(tx, pool, FillForm(50 * WAN, "柯移〔2026〕2号"))
        await service.fill_pool(tx, pool, FillForm(20 * WAN, "柯移〔2027〕2号"))
        assert (await holds(tx, KECHENG), await holds(tx, SHILIANG)) == (30 * WAN, 70 * WAN)
        await service.give_from_pool(tx, pool, GiveForm(project, 25 * WAN))
        assert (await queries.pool(tx, pool))["holds_fen"] == 45 * WAN
        with pytest.raises(Refused) as early:
            await service.prepare_replan(tx, pool, TakeForm(45 * WAN, "无人申报"))
        assert early.value.code == "ALC-167"
        tx.now = datetime(2029, 9, 17, 9, tzinfo=SHANGHAI)
        act = await service.prepare_replan(tx, pool, TakeForm(45 * WAN, "统筹期满"))
    async with become(tx, LEADER):
        assert (await waiting(tx))[-1].url == f"/terms/takebacks/{act}"
        await service.decide(tx, act, DECISION)
    assert (await holds(tx, KECHENG), await holds(tx, SHILIANG)) == (75 * WAN, 0)
    row = await queries.takeback(tx, act)
    assert (row["division_code"], row["to_division"], row["doc_no"]) == (SHILIANG, KECHENG, DECISION.doc_no)
    trail = [(m["source_table"][11:], m["fen"] // WAN, m["doc_no"]) for m in await queries.moves(tx, SHILIANG)]
    assert trail == [
        ("takeback", -45, DECISION.doc_no),
        ("award", -25, ""),
        ("term_pool", 20, "柯移〔2027〕2号"),
        ("term_pool", 50, "柯移〔2026〕2号"),
    ]
    assert sum(r["fen"] for r in await queries.taken_lines(tx, act)) == 45 * WAN
    told = [e.sentence for e in await timeline(tx, queries.POOL, pool)]
    assert told[0] == "收回了部分资金重新统筹"
    assert await ledger_faults(tx.conn) == []
    async with become(tx, CLERK):
        assert (await service.close_pool(tx, pool))["state"] == "closed"


async def test_money_with_an_application_in_time_stays_the_rest_goes_back_and_a_mistake_is_undone(tx) -> None:
    await money(tx)
    async with become(tx, CLERK):
        form = pool_form(purpose=Purpose.SHARE, title="石梁镇切块资金", apply_by=date(2026, 9, 20))
        pool = await service.open_pool(tx, form)
        await service.fill_pool(tx, pool, FillForm(40 * WAN, "柯移〔2026〕3号"))
        await a_project(tx, state="admitted", asked_fen=15 * WAN, submitted_at=NOW)
        await a_project(tx, state="submitted", asked_fen=15 * WAN, submitted_at=NOW + timedelta(days=9))
        tx.now = NOW + timedelta(days=10)
        assert (await queries.pool(tx, pool))["asked_fen"] == 15 * WAN  # the second came too late
        with pytest.raises(Refused) as much:
            await service.prepare_replan(tx, pool, TakeForm(26 * WAN, "无人申报"))
        assert much.value.facts["most"] == 25 * WAN
        act = await service.prepare_replan(tx, pool, TakeForm(25 * WAN, "无人申报"))
    async with become(tx, CITY_LEADER):
        with pytest.raises(Refused) as foreign:
            await service.decide(tx, act, DECISION)
        assert foreign.value.code == "ALC-177"
    async with become(tx, LEADER):
        await service.decide(tx, act, DECISION)
        assert (await holds(tx, KECHENG), await holds(tx, SHILIANG)) == (85 * WAN, 15 * WAN)
        await service.undo(tx, act, "文件作废")
    assert (await holds(tx, KECHENG), await holds(tx, SHILIANG)) == (60 * WAN, 40 * WAN)


async def test_carried_over_money_is_handed_in_after_two_years_by_another_hand(tx) -> None:
    young, old = await money(tx, date(2024, 9, 16)), await money(tx, date(2024, 9, 15))
    async with become(tx, CLERK):
        with pytest.raises(Refused) as early:
            await service.prepare_surplus(tx, young, KECHENG, TakeForm(WAN, "连续两年未用完"))
        assert early.value.facts == {"due": date(2026, 9, 16)}
        with pytest.raises(Refused) as much:
            await service.prepare_surplus(tx, old, KECHENG, TakeForm(100 * WAN + 1, "连续两年未用完"))
        assert much.value.code == "ALC-171"
        act = await service.prepare_surplus(tx, old, KECHENG, TakeForm(100 * WAN, "连续两年未用完"))
    both = actor(Role.COUNTY_LEADER, KECHENG, user_id=CLERK.user_id)
    async with become(tx, both):
        with pytest.raises(Refused) as same:
            await service.decide(tx, act, DECISION)
        assert same.value.code == "ALC-176"
    async with become(tx, CITY_LEADER):
        await service.decide(tx, act, DECISION)
    assert (await holds(tx, KECHENG), await holds(tx, KECHENG, Kind.RETURNED)) == (100 * WAN, 100 * WAN)
    with pytest.raises(Refused) as nothing:
        await queries.clock(tx, old, KECHENG)
    assert nothing.value.code == "KRN-404"


async def test_awarded_money_is_not_surplus_and_a_pool_has_its_own_years(tx) -> None:
    batch = await money(tx, date(2023, 1, 10))
    project = await a_project(tx)
    async with become(tx, CLERK):
        pool = await service.open_pool(tx, pool_form())
        await service.fill_pool(tx, pool, FillForm(30 * WAN, "柯移〔2026〕2号"))
        moves = [
            Line(batch, KECHENG, Kind.AVAILABLE, -20 * WAN),
            Line(batch, VILLAGE, Kind.AWARDED, 20 * WAN, project),
        ]
        await ledger.post(tx, "award:900", moves, source=("allocation_award", 900))
        clock = await queries.clock(tx, batch, KECHENG)
        found = {n: clock[f"{n}_fen"] // WAN for n in ("unspent", "free", "pooled", "bound", "cash")}
        assert found == {"unspent": 100, "free": 50, "pooled": 30, "bound": 20, "cash": 0}
        with pytest.raises(Refused) as much:
            await service.prepare_surplus(tx, batch, KECHENG, TakeForm(51 * WAN, "连续两年未用完"))
        assert much.value.facts["most"] == 50 * WAN


async def test_a_pool_keeps_to_its_clause(tx) -> None:
    await money(tx)
    other = await a_project(tx, division_code=KECHENG, way="e_commerce")
    plain = await a_project(tx, way="property")
    async with become(tx, CLERK):
        for wrong, code in (
            ({"years": 2}, "ALC-160"),
            ({"years": 6}, "ALC-160"),
            ({"division": NIANLI}, "ALC-162"),
            ({"division": KECHENG}, "ALC-162"),
            ({"division": VILLAGE}, "ALC-162"),
            ({"purpose": Purpose.SHARE}, "ALC-165"),
        ):
            with pytest.raises(Refused) as refusal:
                await service.open_pool(tx, pool_form(**wrong))
            assert refusal.value.code == code
        pool = await service.open_pool(tx, pool_form())
        await service.fill_pool(tx, pool, FillForm(10 * WAN, "文"))
        for project, code in ((other, "ALC-175"), (plain, "ALC-166")):
            with pytest.raises(Refused) as refusal:
                await service.give_from_pool(tx, pool, GiveForm(project, WAN))
            assert refusal.value.code == code
        with pytest.raises(Refused) as full:
            await service.close_pool(tx, pool)
        assert full.value.code == "ALC-164"


async def test_a_start_up_pool_is_for_start_ups_whoever_awards(tx) -> None:
    """The county's own way of awarding draws a township's money first, but not out of a start-up pool."""
    await money(tx)
    plain, startup = await a_project(tx, asked_fen=8 * WAN), await a_project(tx, asked_fen=8 * WAN, way="orders")
    async with become(tx, CLERK):
        pool = await service.open_pool(tx, pool_form())
        await service.fill_pool(tx, pool, FillForm(10 * WAN, "文"))
        await budget.award_from_pot(tx, plain, 8 * WAN)
        assert (await holds(tx, KECHENG), await holds(tx, SHILIANG)) == (82 * WAN, 10 * WAN)
        await budget.award_from_pot(tx, startup, 8 * WAN)
        assert (await holds(tx, KECHENG), await holds(tx, SHILIANG)) == (82 * WAN, 2 * WAN)


async def test_one_open_pool_a_place(tx_as) -> None:
    with pytest.raises(Refused) as second:
        async with tx_as(Role.COUNTY_CLERK, KECHENG) as tx:
            await service.open_pool(tx, pool_form())
            await service.open_pool(tx, pool_form(title="又一个"))
    assert second.value.code == "ALC-161"


async def test_reminders_are_told_once_for_each_mark(tx) -> None:
    await money(tx, date(2024, 10, 10))
    await money(tx, date(2026, 9, 1), to=QUJIANG)
    told = [await remind(tx, "d") for _ in range(2)]
    assert told == [1, 0]  # 24 days left: the mark of thirty; the other clock runs two years
    tx.now = NOW + timedelta(days=20)
    assert await remind(tx, "d") == 1
    rows = await tx.conn.fetch("SELECT mark, days_left FROM allocation_term_reminder ORDER BY id")
    assert [tuple(r) for r in rows] == [(30, 24), (7, 4)]


async def test_a_pool_follows_its_village_and_ends_where_one_is_open_already(tx) -> None:
    await money(tx)
    async with become(tx, CLERK):
        form = pool_form(purpose=Purpose.SHARE, division=VILLAGE, apply_by=date(2026, 9, 20))
        first = await service.open_pool(tx, form)
        await service.fill_pool(tx, first, FillForm(5 * WAN, "文"))
    event = VillageSucceeded(1, VILLAGE, BAIMA, "旧村", "新村", date(2026, 9, 16), "文", ())
    await on_village_succeeded(tx, event)
    assert (await queries.pool(tx, first))["division_code"] == BAIMA
    async with become(tx, CLERK):
        second = await service.open_pool(tx, form)
    await on_village_succeeded(tx, event)
    assert [(await queries.pool(tx, key))["state"] for key in (first, second)] == ["open", "closed"]


async def test_a_township_is_told_of_its_pool(tx) -> None:
    await money(tx)
    async with become(tx, CLERK):
        pool = await service.open_pool(tx, pool_form())
        await service.fill_pool(tx, pool, FillForm(5 * WAN, "文"))
    tx.now = datetime(2029, 9, 1, 9, tzinfo=SHANGHAI)
    async with become(tx, actor(Role.TOWNSHIP_CLERK, SHILIANG)):
        tasks = await waiting(tx)
        assert [(t.url, t.due, t.title) for t in tasks] == [
            (f"/terms/pools/{pool}", date(2029, 9, 16), "石梁镇创业致富统筹资金：余额 50,000.00 元")
        ]


async def test_a_city_is_not_told_of_pools_and_a_foreign_county_sees_none(tx) -> None:
    await money(tx)
    async with become(tx, CLERK):
        pool = await service.open_pool(tx, pool_form())
    async with become(tx, actor(Role.COUNTY_CLERK, QUJIANG)):
        with pytest.raises(Refused) as refusal:
            await queries.pool(tx, pool)
        assert refusal.value.code == "KRN-404"

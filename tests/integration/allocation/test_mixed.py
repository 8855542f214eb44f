"""The mixed method on the real ledger: pots fill, a city and a county round draw on them, the rest flows back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from house import CITY, KECHENG, QUJIANG, actor, become
from round_house import CLERK, LEADER, decided, notice_over, refused

from allocation.budget import ledger
from allocation.budget.ledger import Kind
from allocation.budget.queries import ledger_faults
from allocation.budget.service import Take
from allocation.competitive import publishing
from allocation.competitive import queries as rounds
from allocation.competitive.drawing import held
from allocation.mixed import documents, panels, queries, service
from allocation.mixed.forms import MixedForm, PotForm
from allocation.mixed.rules import Back
from projects.events import AwardRecalled
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.actor import SYSTEM
from quzhou_migrants.kernel.pdf import build
from quzhou_migrants.kernel.tx import Tx

CITY_CLERK = actor(Role.CITY_CLERK, CITY, user_id=811)
CITY_LEADER = actor(Role.CITY_LEADER, CITY, user_id=812)
POOL = 10_000_000_00


async def city_money(tx: Tx, amount: int) -> int:
    batch = int(
        await tx.conn.fetchval(
            "INSERT INTO allocation_batch"
            " (division_code, doc_no, title, level, fund_kind, issued_on, project_fen, state)"
            " VALUES ($1, '浙财〔2026〕9号', '批次', 'province', 'project', '2026-01-10', $2, 'recorded') RETURNING id",
            CITY,
            amount,
        )
    )
    lines = [ledger.Line(batch, CITY, Kind.NOTIFIED, -amount), ledger.Line(batch, CITY, Kind.AVAILABLE, amount)]
    await ledger.post(tx, f"test:city:{batch}", lines, source=("test", batch))
    return batch


def form(tx: Tx, batch: int, **more: Any) -> MixedForm:
    pots = [PotForm(CITY, 4000), PotForm(KECHENG, 3000), PotForm(QUJIANG, 3000)]
    known = {"batch": batch, "title": "2026年混合分配", "pool_fen": POOL, "factor_bp": 7000, "back_to": Back.HOLDER}
    return MixedForm(**{**known, "use_by": tx.today + timedelta(days=90), "pots": pots, **more})


async def parted(tx: Tx, **more: Any) -> dict[str, Any]:
    batch = await city_money(tx, POOL)
    async with become(tx, CITY_CLERK):
        mixed_id = await service.draft(tx, form(tx, batch, **more))
    async with become(tx, CITY_LEADER):
        await service.part(tx, mixed_id)
    return await queries.find(tx, mixed_id)


async def lies(tx: Tx, batch: int) -> dict[tuple[str, str], int]:
    rows = await tx.conn.fetch(
        "SELECT division_code, kind, balance_fen FROM allocation_balance WHERE batch = $1 AND project = 0"
        " AND balance_fen > 0",
        batch,
    )
    return {(r["division_code"], r["kind"]): r["balance_fen"] for r in rows}


async def test_a_batch_is_parted_by_another_hand_and_the_pots_fill(tx: Tx) -> None:
    batch = await city_money(tx, POOL)
    async with become(tx, CITY_CLERK):
        mixed_id = await service.draft(tx, form(tx, batch))
    assert await refused(tx, CITY_CLERK, lambda: service.part(tx, mixed_id)) == ["KRN-403"]
    async with become(tx, CLERK):
        assert await tx.conn.fetchval("SELECT count(*) FROM allocation_mixed") == 0  # a draft is nobody else's business
    with pytest.raises(asyncpg.UniqueViolationError, match="allocation_mixed_one_live"):
        async with tx.conn.transaction():
            await refused(tx, CITY_CLERK, lambda: service.draft(tx, form(tx, batch)))
    tx.actor = SYSTEM
    await tx.conn.execute("SELECT set_config('app.lo', '', true), set_config('app.hi', '~', true)")
    over = form(tx, batch, pool_fen=POOL + 1, pots=[PotForm(CITY, 5000)])
    assert await refused(tx, CITY_CLERK, lambda: service.draft(tx, over)) == ["ALC-391", "ALC-392"]
    async with become(tx, CITY_LEADER):
        assert [t.url for t in await panels.waiting(tx)] == [f"/mixed/{mixed_id}"]
        await service.part(tx, mixed_id)
        row = await queries.find(tx, mixed_id)
        pots = await queries.pots_now(tx, row)
        assert build(documents.paper(row, pots, "市中心")).startswith(b"%PDF")
    assert [(p.division_code, p.amount_fen, p.left_fen) for p in pots] == [
        (CITY, 1_200_000_00, 1_200_000_00),
        (KECHENG, 900_000_00, 900_000_00),
        (QUJIANG, 900_000_00, 900_000_00),
    ]
    assert (await lies(tx, batch))[CITY, "available"] == 7_000_000_00
    async with become(tx, CLERK):
        assert [p.division_code for p in await queries.pots_now(tx, row)] == [KECHENG]
    assert await refused(tx, LEADER, lambda: service.flow_back(tx, mixed_id, "到期")) == ["ALC-386"]
    assert await refused(tx, CITY_LEADER, lambda: service.flow_back(tx, mixed_id, "到期")) == ["ALC-394"]


async def test_a_round_draws_on_its_pot_first_and_a_recalled_award_falls_back_into_it(tx: Tx) -> None:
    row = await parted(tx)
    ground = await decided(tx)  # a county round of 980,000 with 2,000,000 of the county's own money besides
    await notice_over(tx, ground.round_id)
    async with become(tx, LEADER):
        await publishing.approve(tx, ground.round_id)
    await tx.deliver()
    now = {p.division_code: p for p in await queries.pots_now(tx, row)}
    assert (now[KECHENG].won_fen, now[KECHENG].left_fen) == (900_000_00, 0)
    first = (await rounds.candidates(tx, ground.round_id))[0]
    async with become(tx, LEADER):
        tx.emit(AwardRecalled(first["project"], first["division_code"], 480_000_00, "未按期签订合同"))
        await tx.deliver()
    now = {p.division_code: p for p in await queries.pots_now(tx, row)}
    assert (now[KECHENG].won_fen, now[KECHENG].left_fen) == (420_000_00, 480_000_00)
    assert await ledger_faults(tx.conn) == []


async def test_unspent_pots_flow_back_once_their_day_is_over(tx: Tx) -> None:
    for back, expected in (
        (Back.HOLDER, {(CITY, "available"): 8_200_000_00, (KECHENG, "available"): 900_000_00}),
        (Back.ORIGIN, {(CITY, "available"): POOL}),
        (Back.POT, {(CITY, "available"): 7_000_000_00, (CITY, "competing"): 3_000_000_00}),
    ):
        async with tx.conn.transaction():
            row = await parted(tx, back_to=back, title=back.value)
            before = tx.now
            tx.now = before + timedelta(days=91)
            async with become(tx, CITY_LEADER):
                await service.flow_back(tx, row["id"], "期限已到")
                assert (await queries.find(tx, row["id"]))["state"] == "settled"
            found = await lies(tx, row["batch"])
            assert {k: found[k] for k in expected} == expected, back
            assert sum(found.values()) == POOL
            flowed = sum(f["amount_fen"] for f in await queries.flows(tx, row["id"]))
            now = await queries.pots_now(tx, row)
            assert flowed == sum(p.flowed_fen for p in now)
            assert all(p.left_fen == p.amount_fen + p.joined_fen - p.won_fen - p.flowed_fen for p in now)
            if back is not Back.POT:
                assert await refused(tx, CITY_LEADER, lambda k=row["id"]: service.flow_back(tx, k, "再次")) == [
                    "ALC-389"
                ]
            tx.now = before
            await tx.conn.execute("UPDATE allocation_batch SET doc_no = doc_no || $2 WHERE id = $1", row["batch"], back)


async def test_a_parting_is_undone_only_while_no_pot_was_drawn_on(tx: Tx) -> None:
    row = await parted(tx)
    async with become(tx, CITY_LEADER):
        await service.undo(tx, row["id"], "比例有误")
    assert await lies(tx, row["batch"]) == {(CITY, "available"): POOL}


async def test_a_city_round_gives_out_its_pot_and_nothing_else(tx: Tx) -> None:
    row = await parted(tx)
    async with become(tx, CLERK):
        kinds = [t.kind for t in await held(tx, KECHENG)]
    assert kinds == [Kind.COMPETING]
    ground = await decided(tx, CITY_CLERK)
    assert await refused(tx, LEADER, lambda: publishing.approve(tx, ground.round_id)) == ["KRN-404"]
    await notice_over(tx, ground.round_id, clerk=CITY_CLERK)
    async with become(tx, CITY_LEADER):
        assert await held(tx, CITY) == [Take(row["batch"], CITY, Kind.COMPETING, 1_200_000_00)]
        await publishing.approve(tx, ground.round_id)
    await tx.deliver()
    now = {p.division_code: (p.won_fen, p.left_fen) for p in await queries.pots_now(tx, row)}
    assert now[CITY] == (980_000_00, 220_000_00)
    assert now[KECHENG] == (0, 900_000_00)
    assert await ledger.project_money(tx, ground.projects[0]) == {Kind.AWARDED: 480_000_00}


async def test_two_partings_never_share_a_pot(tx: Tx) -> None:
    """The city's rule must not sweep away what a county put into a pot of its own, nor an older parting a newer one."""
    row = await parted(tx, back_to=Back.ORIGIN)
    county = actor(Role.COUNTY_CLERK, KECHENG, user_id=821)
    head = actor(Role.COUNTY_LEADER, KECHENG, user_id=822)
    given = [ledger.Line(row["batch"], CITY, Kind.AVAILABLE, -500_000_00),
             ledger.Line(row["batch"], KECHENG, Kind.AVAILABLE, 500_000_00)]  # fmt: skip
    await ledger.post(tx, "test:down", given, source=("test", 1))
    own = form(tx, row["batch"], pool_fen=500_000_00, factor_bp=0, pots=[PotForm(KECHENG, 10_000)])
    async with become(tx, county):
        second = await service.draft(tx, own)
    assert await refused(tx, head, lambda: service.part(tx, second)) == ["ALC-387"]
    then = tx.now
    tx.now = then + timedelta(days=91)
    async with become(tx, CITY_LEADER):
        await service.flow_back(tx, row["id"], "期限已到")
    async with become(tx, head):
        await service.part(tx, second)
        newer = await queries.find(tx, second)
        assert [p.left_fen for p in await queries.pots_now(tx, newer)] == [500_000_00]
    assert {p.left_fen for p in await queries.pots_now(tx, row)} == {0}  # the account is the newer parting's now
    assert await refused(tx, CITY_LEADER, lambda: service.flow_back(tx, row["id"], "再次")) == ["ALC-387"]
    async with become(tx, CITY_LEADER):
        assert await panels.waiting(tx) == []
    assert (await lies(tx, row["batch"]))[KECHENG, "competing"] == 500_000_00


async def test_a_parting_of_the_demonstration_is_marked_as_one(tx: Tx) -> None:
    batch = await city_money(tx, POOL)
    async with become(tx, replace(CITY_CLERK, is_demo=True)):
        mixed_id = await service.draft(tx, form(tx, batch))
    assert (await queries.find(tx, mixed_id))["is_demo"]

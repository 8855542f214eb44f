"""A round on bound money or on a township's pool: chosen in the call, kept within what lies there, kept bound."""

from __future__ import annotations

from datetime import date
from functools import partial

from expert_house import pool as pool_of_experts
from house import CITY, KECHENG, VILLAGE, actor, become
from round_house import (
    CALL,
    CLERK,
    GOOD,
    LEADER,
    admitted,
    bound,
    call,
    engaged,
    fund,
    meeting,
    notice_over,
    pool,
    refused,
    score_all,
)  # fmt: skip

from allocation.budget import ledger
from allocation.budget import service as budget
from allocation.budget.ledger import Kind as Lies
from allocation.competitive import decisions, drawing, pots, publishing, queries, service
from allocation.competitive.forms import LineForm, RoundForm
from allocation.experts import drawing as panels
from allocation.experts import queries as drawn
from allocation.experts.forms import GroupForm, SeedForm
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.tx import Tx

TOWNSHIP = f"{VILLAGE[:9]}000"


async def approved(tx: Tx, form: RoundForm, projects: list[int]) -> int:
    """Take a round from its call to its awards, following the ranking."""
    async with become(tx, CLERK):
        key = await service.draft(tx, form)
        await service.add_candidates(tx, key, projects)
        await service.publish(tx, key)
    experts = [await engaged(tx, key) for _ in range(5)]
    async with become(tx, CLERK):
        await service.start(tx, key)
    for who in experts:
        await score_all(tx, who, GOOD)
    async with become(tx, CLERK):
        await decisions.close(tx, key)
        rows = await queries.candidates(tx, key)
        await decisions.decide(tx, key, meeting([LineForm(c["id"], c["proposed_fen"]) for c in rows]))
    await notice_over(tx, key)
    async with become(tx, LEADER):
        await publishing.approve(tx, key)
    await tx.deliver()
    return key


async def balance(tx: Tx, project: int) -> list[tuple[str, int, int]]:
    rows = await tx.conn.fetch(
        "SELECT kind, earmark, balance_fen FROM allocation_balance WHERE project = $1 AND balance_fen <> 0", project
    )
    return [(r["kind"], r["earmark"], int(r["balance_fen"])) for r in rows]


async def test_a_round_on_an_earmark_gives_bound_money_and_it_stays_bound(tx: Tx) -> None:
    await fund(tx, 2_000_000_00)
    mark = await bound(tx, 900_000_00, place=TOWNSHIP)
    found = [await admitted(tx, fen) for fen in (480_000_00, 420_000_00)]
    form = call(f"earmark:{mark}", budget_fen=900_000_00)
    key = await approved(tx, form, found)
    assert await balance(tx, found[0]) == [("awarded", mark, 480_000_00)]
    assert await balance(tx, found[1]) == [("awarded", mark, 420_000_00)]
    row = await queries.round_of(tx, key)
    assert row["pot_title"].startswith("专项资金：产业专项")
    assert sum(t.fen for t in await drawing.held(tx, KECHENG)) == 2_000_000_00
    assert await drawing.held(tx, KECHENG, pots.of_round(row)) == []


async def test_a_round_on_a_township_pool_leaves_the_countys_money_alone(tx: Tx) -> None:
    await fund(tx, 2_000_000_00)
    await pool(tx, 600_000_00)
    found = [await admitted(tx, fen) for fen in (300_000_00, 200_000_00)]
    await approved(tx, call(f"township:{TOWNSHIP}", budget_fen=600_000_00), found)
    assert await balance(tx, found[0]) == [("awarded", 0, 300_000_00)]
    left = await tx.conn.fetch(
        "SELECT division_code, sum(balance_fen)::bigint AS fen FROM allocation_balance"
        " WHERE kind = 'available' GROUP BY 1 ORDER BY 1"
    )
    assert {r["division_code"]: r["fen"] for r in left} == {KECHENG: 2_000_000_00, TOWNSHIP: 100_000_00}


async def test_a_call_names_only_money_that_the_division_has(tx: Tx) -> None:
    mark = await bound(tx, 500_000_00, place=TOWNSHIP)
    await pool(tx, 600_000_00)
    async with become(tx, CLERK):
        keys = [p.key for p in await pots.offered(tx, KECHENG)]
        assert keys == [f"earmark:{mark}", f"township:{TOWNSHIP}"]
    for foreign in (f"earmark:{mark + 1}", "township:330803101000", f"township:{VILLAGE}", "x"):
        assert await refused(tx, CLERK, partial(service.draft, tx, call(foreign))) == ["ALC-338"]
    city = actor(Role.CITY_CLERK, CITY)
    for key in keys:
        assert await refused(tx, city, partial(service.draft, tx, call(key))) == ["ALC-338"]


async def test_a_published_budget_never_exceeds_what_lies_there(tx: Tx) -> None:
    mark = await bound(tx, 900_000_00, place=TOWNSHIP)
    await fund(tx, 1_500_000_00)
    async with become(tx, CLERK):
        much = await service.draft(tx, call(f"earmark:{mark}"))
        first = await service.draft(tx, call(f"earmark:{mark}", budget_fen=500_000_00))
        second = await service.draft(tx, call(f"earmark:{mark}", budget_fen=500_000_00))
        free = [await service.draft(tx, call("")) for _ in range(2)]
        await service.publish(tx, first)
        await service.publish(tx, free[0])
    for key in (much, second, free[1]):
        assert await refused(tx, CLERK, partial(service.publish, tx, key)) == ["ALC-309"]
    async with become(tx, CLERK):
        await service.cancel(tx, first, "改期")
        await service.publish(tx, second)


async def test_candidates_outside_the_use_or_the_place_are_refused(tx: Tx) -> None:
    mark = await bound(tx, 900_000_00, category="industry")
    await pool(tx, 600_000_00)
    project = await admitted(tx, 100_000_00)
    await tx.conn.execute("UPDATE projects_project SET category = 'infrastructure' WHERE id = $1", project)
    async with become(tx, CLERK):
        narrow = await service.draft(tx, call(f"earmark:{mark}", budget_fen=500_000_00))
        open_one = await service.draft(tx, call("", budget_fen=500_000_00))
        near = await service.draft(tx, call(f"township:{TOWNSHIP}", budget_fen=500_000_00))
    assert await refused(tx, CLERK, lambda: service.add_candidates(tx, narrow, [project])) == ["ALC-370"]
    async with become(tx, CLERK):
        await service.add_candidates(tx, open_one, [project])
        await service.edit(tx, open_one, 1, call(f"earmark:{mark}", budget_fen=500_000_00))
    assert await refused(tx, CLERK, lambda: service.publish(tx, open_one)) == ["ALC-370"]
    async with become(tx, CLERK):
        await service.cancel(tx, open_one, "另行组织")
    await tx.conn.execute(
        "INSERT INTO allocation_term_pool (division_code, purpose, title, opened_on, use_by)"
        " VALUES ($1, 'startup', '创业资金', $2, $3)",
        TOWNSHIP,
        date(2026, 1, 1),
        date(2029, 12, 31),
    )
    assert await refused(tx, CLERK, lambda: service.add_candidates(tx, near, [project])) == ["ALC-370"]
    await tx.conn.execute("UPDATE projects_project SET way = 'e_commerce' WHERE id = $1", project)
    async with become(tx, CLERK):
        assert await service.add_candidates(tx, near, [project]) == 1


async def test_a_project_awarded_meanwhile_is_not_awarded_again_by_its_round(tx: Tx) -> None:
    await fund(tx, 3_000_000_00)
    found = [await admitted(tx, 300_000_00)]
    async with become(tx, CLERK):
        key = await service.draft(tx, CALL)
        await service.add_candidates(tx, key, found)
        await service.publish(tx, key)
    row = await queries.round_of(tx, key)
    await tx.conn.execute("UPDATE projects_project SET state = 'planned' WHERE id = $1", found[0])
    async with become(tx, CLERK):
        await budget.award_from_pot(tx, found[0], 300_000_00)
    await tx.deliver()
    assert await refused(tx, LEADER, lambda: drawing.award(tx, row, found[0], 300_000_00)) == ["ALC-324"]


async def test_a_city_holds_a_round_of_its_own_on_its_pot(tx: Tx) -> None:
    clerk, leader = actor(Role.CITY_CLERK, CITY, user_id=811), actor(Role.CITY_LEADER, CITY, user_id=812)
    await pool_of_experts(tx, 8)
    await fund(tx, 500_000_00)
    batch = await tx.conn.fetchval("SELECT max(id) FROM allocation_batch")
    lines = [
        ledger.Line(batch, KECHENG, Lies.AVAILABLE, -500_000_00),
        ledger.Line(batch, CITY, Lies.AVAILABLE, 100_000_00),
        ledger.Line(batch, CITY, Lies.COMPETING, 400_000_00),
    ]
    await ledger.post(tx, "test:pot", lines, source=("test", batch))
    much, fits = call("", budget_fen=500_000_00), call("", budget_fen=400_000_00, cap_fen=400_000_00)
    async with become(tx, clerk):
        keys = [await service.draft(tx, form) for form in (much, fits)]
        await service.add_candidates(tx, keys[1], [await admitted(tx, 300_000_00)])
        await service.publish(tx, keys[1])
        draw = await panels.freeze(tx, keys[1], [GroupForm("water", 5)])
    assert await refused(tx, clerk, partial(service.publish, tx, keys[0])) == ["ALC-309"]
    async with become(tx, leader):
        await panels.draw(tx, draw, SeedForm("20260916", "公开号码"))
    assert (await drawn.draw(tx, draw))["state"] == "drawn"

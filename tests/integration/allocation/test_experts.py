"""The pool, draws anybody can repeat, seats in order, the way in from outside, access that ends with the work."""

from __future__ import annotations

import json
from datetime import date

import asyncpg
import pytest
from expert_house import CITY_CLERK, account, call, drawn, expert_form, members, paper, pool, seated
from house import CITY, KECHENG, QUJIANG, VILLAGE, actor, become
from round_house import CLERK, LEADER, engaged, refused

from allocation.competitive import panel
from allocation.competitive import service as rounds
from allocation.experts import documents, drawing, intake, panels, queries, service, view
from allocation.experts.checking import draw_faults
from allocation.experts.forms import GroupForm, OutsideForm, SeedForm, TieForm
from allocation.experts.recompute import recompute_draw
from allocation.experts.rules import TieKind
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.errors import Invalid
from quzhou_migrants.kernel.pdf import build
from quzhou_migrants.kernel.tx import Tx


async def test_a_citys_pool_is_read_by_its_counties_and_written_by_the_city(tx: Tx) -> None:
    first, second = await pool(tx, 2)
    async with become(tx, CLERK):
        assert [(await queries.pool_expert(tx, k))["number"] for k in (first, second)] == ["3308-0001", "3308-0002"]
        own = await service.admit(tx, expert_form(9))
        assert (await queries.pool_expert(tx, own))["number"] == "330802-0001"
    assert await refused(tx, CLERK, lambda: service.edit(tx, first, 1, expert_form(0))) == ["KRN-404"]
    assert await refused(tx, CLERK, lambda: service.move(tx, first, "suspend", "停一停")) == ["KRN-404"]
    foreign = actor(Role.COUNTY_CLERK, QUJIANG)
    assert await refused(tx, foreign, lambda: queries.pool_expert(tx, own)) == ["KRN-404"]


async def test_what_the_pool_says_is_checked(tx: Tx) -> None:
    user = await account(tx)
    bad = expert_form(1, specialities=["magic"], grade="lord", valid_until=date(2029, 1, 1), user_id=999_999)
    assert await refused(tx, CITY_CLERK, lambda: service.admit(tx, bad)) == [
        "ALC-364", "ALC-364", "ALC-355", "ALC-327",
    ]  # fmt: skip
    back = expert_form(1, valid_until=date(2024, 1, 1))
    assert await refused(tx, CITY_CLERK, lambda: service.admit(tx, back)) == ["ALC-356"]
    async with become(tx, CITY_CLERK):
        key = await service.admit(tx, expert_form(1, user_id=user))
        await service.add_tie(tx, key, TieForm(TieKind.KIN, VILLAGE))
    nowhere = TieForm(TieKind.KIN, "999999999999")
    assert await refused(tx, CITY_CLERK, lambda: service.add_tie(tx, key, nowhere)) == ["ALC-365"]
    with pytest.raises(asyncpg.UniqueViolationError, match="one_account"):
        async with tx.conn.transaction(), become(tx, CITY_CLERK):
            await service.admit(tx, expert_form(2, user_id=user))


async def test_an_expert_without_an_account_gets_one_and_the_password_once(tx: Tx) -> None:
    async with become(tx, CITY_CLERK):
        key = await service.admit(tx, expert_form(1))
        password = await service.open_account(tx, key, "shuiyuan_1")
        user = (await queries.pool_expert(tx, key))["user_id"]
    assert len(password) >= 8
    assert await tx.conn.fetchval("SELECT login FROM accounts_user WHERE id = $1", user) == "shuiyuan_1"
    assert await refused(tx, CITY_CLERK, lambda: service.open_account(tx, key, "another")) == ["ALC-357"]


SHEET = (
    "市级评审专家名册\n姓名,工作单位,工作地,专业,职称级别,有效期起,有效期止\n"
    "评审甲,水利院,衢江区,水利、土建,高级,2026-01-01,2028-12-31\n评审乙,财大,330803,财务,副高级,2026-01-01,2028-12-31\n"
)


async def test_a_table_of_experts_is_taken_in_whole_and_may_come_again(tx: Tx, tmp_path) -> None:
    path = tmp_path / "pool.csv"
    path.write_text(SHEET, encoding="utf-8")
    async with become(tx, CITY_CLERK):
        assert await intake.take_in(tx, path) == (2, 2)
        path.write_text(SHEET + "评审丙,农科院,柯城区,农业,高级,2026-01-01,2028-12-31\n", encoding="utf-8")
        assert await intake.take_in(tx, path) == (1, 3)
    rows = await tx.conn.fetch("SELECT name, county, specialities, grade FROM allocation_pool_expert ORDER BY number")
    assert [tuple(r) for r in rows][:2] == [
        ("评审甲", "330803", ["water", "civil"], "senior"),
        ("评审乙", "330803", ["finance"], "associate"),
    ]


async def test_every_wrong_cell_of_a_table_is_named_and_nothing_is_taken_in(tx: Tx, tmp_path) -> None:
    path = tmp_path / "pool.csv"
    bad = "评审丁,某院,火星,水利,高级,昨天,2028-12-31\n评审戊,某院,柯城区,炼丹,高级,2026-01-01,2036-12-31\n"
    path.write_text(SHEET + bad.splitlines()[0] + "\n", encoding="utf-8")
    with pytest.raises(Invalid) as caught:
        async with tx.conn.transaction(), become(tx, CITY_CLERK):
            await intake.take_in(tx, path)
    assert [(p.code, p.facts["row"], p.facts["column"]) for p in caught.value.problems] == [
        ("ALC-349", 5, "工作地"), ("ALC-349", 5, "有效期起"),
    ]  # fmt: skip
    path.write_text(SHEET + bad.splitlines()[1] + "\n", encoding="utf-8")
    assert await refused(tx, CITY_CLERK, lambda: intake.take_in(tx, path)) == ["ALC-349", "ALC-349"]
    assert await tx.conn.fetchval("SELECT count(*) FROM allocation_pool_expert") == 0
    path.write_text("姓名,单位\n甲,乙\n", encoding="utf-8")
    assert await refused(tx, CITY_CLERK, lambda: intake.take_in(tx, path)) == ["ALC-337"]


async def test_one_freezes_another_draws_and_the_file_gives_the_same_draw(tx: Tx, tmp_path) -> None:
    made = await pool(tx, 9)
    async with become(tx, CITY_CLERK):
        await service.move(tx, made[0], "suspend", "本人申请")
        await service.add_tie(tx, made[1], TieForm(TieKind.KIN, VILLAGE))
    round_id = await call(tx)
    async with become(tx, CLERK):
        key = await drawing.freeze(tx, round_id, [GroupForm("water", 3), GroupForm("finance", 0)])
    twice = [GroupForm("water", 1)]
    with pytest.raises(asyncpg.UniqueViolationError, match="one_open"):
        async with tx.conn.transaction(), become(tx, CLERK):
            await drawing.freeze(tx, round_id, twice)
    same = actor(Role.COUNTY_LEADER, KECHENG, user_id=CLERK.user_id)
    assert await refused(tx, same, lambda: drawing.draw(tx, key, SeedForm("20260916"))) == ["ALC-346"]
    async with become(tx, LEADER):
        assert [t.url for t in await panels.waiting(tx)] == [f"/draws/{key}"]
        await drawing.draw(tx, key, SeedForm("20260916", "公开号码"))
    lines = await queries.lines(tx, key)
    places = [(role, n) for role in ("main", "reserve") for n in (1, 2, 3)]
    assert [(x["role"], x["rank"]) for x in lines] == places
    assert {x["number"] for x in lines} & {"3308-0001", "3308-0002"} == set()
    path = tmp_path / "draw.json"
    path.write_text(await view.file_of(tx, key), encoding="utf-8")
    printed = recompute_draw(path)
    assert "同县、同单位、近亲属、有偿服务" in printed
    assert not {"county", "civil", "water"} & set(printed.split())
    assert all(x["number"] in printed for x in lines)
    assert "评审" not in path.read_text("utf-8")  # nobody's name leaves with the file
    body = json.loads(path.read_text("utf-8"))
    assert [p["number"] for p in body["frozen"]["people"]] == [f"3308-{n:04d}" for n in range(2, 10)]
    assert "%PDF" in build(await documents.record(tx, key))[:8].decode("latin-1")


async def test_what_was_frozen_and_the_seed_are_beyond_anybody(tx: Tx) -> None:
    await pool(tx, 4)
    key = await drawn(tx, await call(tx), 2)
    for change in ("frozen = '{}'", "seed = 'another one'", "sha256 = repeat('0', 64)"):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="frozen"):
            async with tx.conn.transaction():
                await tx.conn.execute(f"UPDATE allocation_draw SET {change} WHERE id = $1", key)
    assert await refused(tx, LEADER, lambda: drawing.draw(tx, key, SeedForm("87654321"))) == ["KRN-408"]


async def test_verify_draws_every_stored_draw_again(tx: Tx) -> None:
    await pool(tx, 4)
    key = await drawn(tx, await call(tx), 2)
    assert await draw_faults(tx.conn) == []
    await tx.conn.execute("UPDATE allocation_draw_line SET rank = 9 WHERE draw = $1 AND rank = 1", key)
    assert await draw_faults(tx.conn) == [f"专家抽取 {key} 的记录与其固定名单和种子不一致"]


async def test_the_system_gives_a_seed_when_nobody_does(tx: Tx) -> None:
    await pool(tx, 4)
    one = await drawn(tx, await call(tx), 2, seed="")
    row = await queries.draw(tx, one)
    assert (len(row["seed"]), row["seed_source"]) == (32, "系统随机产生")


async def test_a_draw_needs_candidates_seats_and_experts_enough(tx: Tx) -> None:
    await pool(tx, 2)
    round_id = await call(tx)
    for groups, code in (
        ([GroupForm("water", 3)], "ALC-342"),
        ([GroupForm("water", 0)], "ALC-344"),
        ([GroupForm("magic", 1)], "ALC-364"),
    ):
        assert await refused(tx, CLERK, lambda g=groups: drawing.freeze(tx, round_id, g)) == [code]
    await tx.conn.execute("DELETE FROM allocation_candidate WHERE round = $1", round_id)
    assert await refused(tx, CLERK, lambda: drawing.freeze(tx, round_id, [GroupForm("water", 1)])) == ["ALC-343"]


async def test_a_frozen_draw_can_be_given_up_before_a_seed_is_known(tx: Tx) -> None:
    await pool(tx, 3)
    round_id = await call(tx)
    async with become(tx, CLERK):
        key = await drawing.freeze(tx, round_id, [GroupForm("water", 1)])
    assert await refused(tx, CLERK, lambda: drawing.void(tx, key, " ")) == ["ALC-320"]
    async with become(tx, CLERK):
        await drawing.void(tx, key, "席位写错")
    await drawn(tx, round_id, 2)
    assert [d["state"] for d in await queries.draws(tx, round_id)] == ["drawn", "void"]


async def test_seats_are_taken_in_order_and_the_reserve_stands_in(tx: Tx) -> None:
    await pool(tx, 6)
    round_id = await call(tx)
    key = await drawn(tx, round_id, 2)
    main1, main2, spare1, spare2 = await queries.lines(tx, key)
    assert await refused(tx, CLERK, lambda: drawing.seat(tx, spare1["id"])) == ["ALC-347"]
    async with become(tx, CLERK):
        await drawing.seat(tx, main1["id"])
        await drawing.decline(tx, main2["id"], "出差")
    assert await refused(tx, CLERK, lambda: drawing.seat(tx, spare2["id"])) == ["ALC-347"]
    async with become(tx, CLERK):
        await drawing.seat(tx, spare1["id"])
        await drawing.decline(tx, main1["id"], "临时有事")  # sat already: the seat is given up
        await drawing.seat(tx, spare2["id"])
    seats = await tx.conn.fetch("SELECT name, source FROM allocation_expert WHERE round = $1 ORDER BY seat", round_id)
    assert [(s["name"], s["source"]) for s in seats] == [(spare1["name"], "pool"), (spare2["name"], "pool")]
    another = await drawn(tx, round_id, 1)  # who was drawn before is not drawn again
    assert {x["number"] for x in await queries.lines(tx, another)} & {x["number"] for x in (main1, main2)} == set()


async def test_an_expert_without_an_account_cannot_sit(tx: Tx) -> None:
    async with become(tx, CITY_CLERK):
        await service.admit(tx, expert_form(1))
    key = await drawn(tx, await call(tx), 1)
    line = (await queries.lines(tx, key))[0]
    assert await refused(tx, CLERK, lambda: drawing.seat(tx, line["id"])) == ["ALC-348"]


async def test_somebody_from_outside_needs_a_decision_and_another_hand(tx: Tx) -> None:
    user = await account(tx, KECHENG)
    round_id = await call(tx)
    form = OutsideForm(user, "县水利局退休", "库中无此专业", "柯移党〔2026〕3号", date(2026, 9, 10), paper())
    async with become(tx, CLERK):
        await drawing.ask_outside(tx, round_id, form)
    asked = (await queries.outsiders(tx, round_id))[0]
    assert (asked["state"], asked["file_name"]) == ("asked", "决定.pdf")
    same = actor(Role.COUNTY_LEADER, KECHENG, user_id=CLERK.user_id)
    assert await refused(tx, same, lambda: drawing.permit(tx, asked["id"])) == ["ALC-367"]
    assert await refused(tx, CLERK, lambda: drawing.seat_outside(tx, asked["id"])) == ["KRN-408"]
    async with become(tx, LEADER):
        assert [t.kind for t in await panels.waiting(tx)] == ["outside"]
        await drawing.permit(tx, asked["id"])
    async with become(tx, CLERK):
        await drawing.seat_outside(tx, asked["id"])
    await pool(tx, 5)
    for _ in range(3):
        await engaged(tx, round_id)
    await seated(tx, round_id, 1)
    await tx.conn.execute("UPDATE allocation_expert SET source = 'outside' WHERE round = $1 AND seat = 2", round_id)
    assert await refused(tx, CLERK, lambda: rounds.start(tx, round_id)) == ["ALC-351"]  # two of five
    await tx.conn.execute("UPDATE allocation_expert SET source = 'pool' WHERE round = $1 AND seat = 2", round_id)
    async with become(tx, CLERK):
        await rounds.start(tx, round_id)
        await drawing.leave_outside(tx, asked["id"], "身体原因")
    states = "SELECT DISTINCT state FROM allocation_declaration d WHERE expert = $1"
    seat = (await queries.outside(tx, asked["id"]))["seat"]
    assert [r["state"] for r in await tx.conn.fetch(states, seat)] == ["void"]


async def test_pool_and_draws_are_nothing_to_an_expert(tx: Tx) -> None:
    await pool(tx, 6)
    round_id = await call(tx)
    await seated(tx, round_id, 5)
    who = (await members(tx, round_id))[0]
    async with become(tx, who):
        for table in ("pool_expert", "pool_tie", "draw", "draw_line", "outside_expert", "outlier"):
            assert await tx.conn.fetchval(f"SELECT count(*) FROM allocation_{table}") == 0, table


async def test_access_ends_when_a_round_is_given_up(tx: Tx) -> None:
    await pool(tx, 6)
    round_id = await call(tx)
    await seated(tx, round_id, 5)
    async with become(tx, CLERK):
        await rounds.cancel(tx, round_id, "预算调整")
    live = "SELECT count(*) FROM accounts_engagement WHERE subject_table = 'allocation_round' AND subject_id = $1"
    assert await tx.conn.fetchval(live, round_id) == 5
    assert await tx.conn.fetchval(live + " AND revoked_at IS NULL", round_id) == 0
    assert await refused(tx, CLERK, lambda: panel.seat(tx, round_id, panel.Member(1, "谁", "哪"))) == ["ALC-323"]


async def test_a_city_neither_draws_nor_permits_in_the_round_of_a_county(tx: Tx) -> None:
    await pool(tx, 8)
    round_id = await call(tx)
    user = await account(tx, KECHENG)
    form = OutsideForm(user, "县水利局退休", "库中无此专业", "柯移党〔2026〕3号", date(2026, 9, 10), paper())
    async with become(tx, CLERK):
        frozen = await drawing.freeze(tx, round_id, [GroupForm("water", 3)])
        await drawing.ask_outside(tx, round_id, form)
    asked = (await queries.outsiders(tx, round_id))[0]["id"]
    city = actor(Role.CITY_LEADER, CITY, user_id=901)
    for work in (
        lambda: drawing.draw(tx, frozen, SeedForm("20260916", "公开号码")),
        lambda: drawing.permit(tx, asked),
        lambda: drawing.refuse(tx, asked, "不同意"),
    ):
        assert await refused(tx, city, work) == ["ALC-386"]
    assert await refused(tx, CITY_CLERK, lambda: drawing.void(tx, frozen, "重新抽取")) == ["ALC-386"]
    async with become(tx, city):
        assert await panels.waiting(tx) == []
    async with become(tx, LEADER):
        assert [t.kind for t in await panels.waiting(tx)] == ["draw", "outside"]
    async with become(tx, CLERK):
        await rounds.cancel(tx, round_id, "预算调整")
    async with become(tx, LEADER):
        assert await panels.waiting(tx) == []
    draw = SeedForm("20260916", "公开号码")
    assert await refused(tx, LEADER, lambda: drawing.draw(tx, frozen, draw)) == ["ALC-323"]


async def test_who_was_suspended_since_the_draw_does_not_sit(tx: Tx) -> None:
    await pool(tx, 6)
    key = await drawn(tx, await call(tx), 1)
    line = (await queries.lines(tx, key))[0]
    async with become(tx, CITY_CLERK):
        await service.move(tx, line["pool_expert"], "suspend", "接受调查")
    assert await refused(tx, CLERK, lambda: drawing.seat(tx, line["id"])) == ["ALC-602"]
    async with become(tx, CLERK):
        await drawing.decline(tx, line["id"], "已暂停抽取")

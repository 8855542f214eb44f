"""A sample from freezing to hand-over: two persons, one list, an outsider who sees only it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from house import BAIMA, CITY, KECHENG, VILLAGE, actor, become

from quzhou_migrants.accounts.public import engagements_for
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.tx import Tx
from surveys.recompute import recompute_sample
from surveys.sampling import queries, service
from surveys.sampling.sheet import write_sheet

TxAs = Callable[..., AbstractAsyncContextManager[Tx]]
HOUSEHOLDS = {VILLAGE: 60, BAIMA: 30}


async def settle(tx: Tx) -> None:
    """Put households into the two villages."""
    await tx.conn.executemany(
        "INSERT INTO register_household (code, division_code, head_name, name_grams, support, members, migrants)"
        " VALUES ($1, $2, $3, '{}', 'cash', 3, 3)",
        [(f"T{village}-{n:03d}", village, f"户主{n}") for village, count in HOUSEHOLDS.items() for n in range(count)],
    )


async def drawn(tx: Tx) -> int:
    """Open, freeze and draw as the person of the transaction."""
    await settle(tx)
    key = await service.open_campaign(tx, "年度抽样", 2026, "")
    await service.freeze(tx, key)
    await service.draw(tx, key, "公开摇号 20260916", "政府网站公告")
    return key


async def outsider(tx: Tx) -> int:
    """Write an outside person who holds no post."""
    return int(
        await tx.conn.fetchval(
            "INSERT INTO accounts_user (division_code, login, name, password_hash) VALUES ($1, 'asks', '访员', '')"
            " RETURNING id",
            CITY,
        )
    )


async def test_freezing_keeps_the_numbers_and_the_hash(tx_as: TxAs) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        await settle(tx)
        key = await service.open_campaign(tx, "年度抽样", 2026, "")
        row = await service.freeze(tx, key)
        assert (row["state"], row["households"], row["frozen_on"]) == ("frozen", 90, date(2026, 9, 16))
        assert (row["rate_bp"], row["least"], row["strata"]) == (500, 2, "county village_kind support")
        strata = await queries.strata(tx, key)
        found = [(s["name"], s["households"], s["main"], s["substitutes"]) for s in strata]
        assert found == [("330802/resettlement/cash", 60, 3, 1), ("330803/reservoir_area/cash", 30, 2, 1)]


async def test_the_sample_is_stored_as_drawn_and_a_second_person_gets_the_same(tx_as: TxAs) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        key = await drawn(tx)
        units = await tx.conn.fetch("SELECT role, state FROM surveys_sample_unit WHERE campaign = $1", key)
        assert sorted(map(tuple, units)) == [("main", "active")] * 5 + [("substitute", "waiting")] * 2
        with pytest.raises(Refused, match="SUR-121"):
            await service.confirm(tx, key)
        async with become(tx, actor(Role.CITY_LEADER, CITY)):
            row = await service.confirm(tx, key)
        assert (row["state"], row["sampled"]) == ("confirmed", 5)


async def test_a_frame_that_changed_after_freezing_is_noticed(tx_as: TxAs) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        key = await drawn(tx)
        await tx.conn.execute("UPDATE surveys_campaign SET frame_sha256 = repeat('0', 64) WHERE id = $1", key)
        async with become(tx, actor(Role.CITY_LEADER, CITY)):
            with pytest.raises(Refused, match="SUR-125"):
                await service.confirm(tx, key)


async def test_a_list_that_was_tampered_with_is_not_confirmed(tx_as: TxAs) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        key = await drawn(tx)
        await tx.conn.execute("UPDATE surveys_campaign SET seed = '另一个种子' WHERE id = $1", key)
        async with become(tx, actor(Role.CITY_LEADER, CITY)):
            with pytest.raises(Refused, match="SUR-122"):
                await service.confirm(tx, key)


async def test_the_frozen_frame_is_never_altered(tx_as: TxAs) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        key = await drawn(tx)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await tx.conn.execute("UPDATE surveys_frame SET households = 0 WHERE campaign = $1", key)


async def test_the_exported_file_can_be_repeated_without_the_database(tx_as: TxAs, tmp_path: Path) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        key = await drawn(tx)
        file = tmp_path / "sample.csv"
        file.write_bytes(b"".join(write_sheet(await service.sheet(tx, key))))
        result = await tx.conn.fetchval("SELECT result_sha256 FROM surveys_campaign WHERE id = $1", key)
    assert result in recompute_sample(file)


async def test_an_outside_surveyor_sees_the_households_handed_over_and_nothing_else(tx_as: TxAs) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        key = await drawn(tx)
        surveyor = await outsider(tx)
        async with become(tx, actor(Role.CITY_LEADER, CITY)):
            await service.confirm(tx, key)
        row = await service.hand_over(tx, key, surveyor, date(2026, 12, 31), KECHENG)
        assert row["state"] == "handed_over"
        (engaged,) = await engagements_for(tx, "surveys_campaign", key)
        assert (engaged["user_id"], engaged["role"], engaged["ends_on"]) == (surveyor, "surveyor", date(2026, 12, 31))
        engagement = engaged["id"]
        async with become(tx, actor(Role.SURVEYOR, CITY, engagement=engagement)):
            seen = await tx.conn.fetch("SELECT division_code, role FROM surveys_sample_unit")
            assert [tuple(unit) for unit in seen] == [(VILLAGE, "main")] * 3
            assert await tx.conn.fetchval("SELECT count(*) FROM surveys_campaign") == 1
            for table in ("register_household", "surveys_frame", "surveys_stratum"):
                assert await tx.conn.fetchval(f"SELECT count(*) FROM {table}") == 0
        async with become(tx, actor(Role.SURVEYOR, CITY, engagement=engagement + 1)):
            assert await tx.conn.fetchval("SELECT count(*) FROM surveys_sample_unit") == 0


async def test_a_refusal_is_replaced_by_the_next_substitute_in_order(tx_as: TxAs) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        key = await drawn(tx)
        units = await tx.conn.fetch("SELECT * FROM surveys_sample_unit WHERE campaign = $1 ORDER BY id", key)
        first, spare = units[0], next(unit for unit in units if unit["role"] == "substitute")
        with pytest.raises(Refused, match="SUR-135"):  # nobody is swapped before the second draw
            await service.replace(tx, first["id"], "全家外出务工，三次未遇")
        async with become(tx, actor(Role.CITY_LEADER, CITY)):
            await service.confirm(tx, key)
        with pytest.raises(Refused, match="SUR-120"):
            await service.replace(tx, first["id"], " ")
        called = await service.replace(tx, first["id"], "全家外出务工，三次未遇")
        assert (called["id"], called["state"], called["replaces"]) == (spare["id"], "active", first["id"])
        with pytest.raises(Refused, match="SUR-123"):
            await service.replace(tx, units[1]["id"], "拒访")
        await tx.conn.execute("UPDATE surveys_campaign SET state = 'closed' WHERE id = $1", key)
        with pytest.raises(Refused, match="SUR-135"):
            await service.replace(tx, called["id"], "拒访")


async def test_nobody_reads_the_frame_before_the_seed_is_fixed(tx_as: TxAs) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        await settle(tx)
        key = await service.open_campaign(tx, "年度抽样", 2026, "")
        await service.freeze(tx, key)
        with pytest.raises(Refused, match="SUR-136"):
            await service.sheet(tx, key)
        with pytest.raises(Refused, match="SUR-133"):
            await service.draw(tx, key, "公开摇号 20260916", " ")


async def test_a_step_taken_twice_is_told_so_before_anything_is_reckoned(tx_as: TxAs) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        key = await drawn(tx)
        for again in (service.freeze(tx, key), service.draw(tx, key, "", "")):
            with pytest.raises(Refused, match="KRN-408"):
                await again
        assert await tx.conn.fetchval("SELECT count(*) FROM surveys_sample_unit WHERE campaign = $1", key) == 7


async def test_a_sample_is_handed_over_where_it_lies_and_until_the_day_agreed(tx_as: TxAs) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        key = await drawn(tx)
        surveyor = await outsider(tx)
        async with become(tx, actor(Role.CITY_LEADER, CITY)):
            await service.confirm(tx, key)
        for nowhere in ("3", "330881000000"):
            with pytest.raises(Refused, match="SUR-134"):
                await service.hand_over(tx, key, surveyor, date(2026, 12, 31), nowhere)
        await service.hand_over(tx, key, surveyor, date(2026, 12, 31), KECHENG)
        with pytest.raises(Refused, match="SUR-137"):
            await service.hand_over(tx, key, surveyor, date(2027, 1, 31), "")


async def test_only_an_outside_person_gets_the_list(tx_as: TxAs) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        key = await drawn(tx)
        async with become(tx, actor(Role.CITY_LEADER, CITY)):
            await service.confirm(tx, key)
        with pytest.raises(Refused, match="SUR-124"):
            await service.hand_over(tx, key, tx.actor.user_id or 0, date(2026, 12, 31), "")


async def test_a_draw_is_void_only_when_another_person_agrees(tx_as: TxAs) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        key = await drawn(tx)
        with pytest.raises(Refused, match="KRN-408"):
            await service.void(tx, key, "样本不合意")
        with pytest.raises(Refused, match="SUR-120"):
            await service.ask_void(tx, key, " ")
        assert (await service.ask_void(tx, key, "抽样框漏了一个村"))["state"] == "void_asked"
        for alone in (service.agree_void, service.keep):
            with pytest.raises(Refused, match="SUR-138"):
                await alone(tx, key, "自己同意")
        async with become(tx, actor(Role.CITY_LEADER, CITY)):
            with pytest.raises(Refused, match="KRN-408"):
                await service.confirm(tx, key)
            with pytest.raises(Refused, match="SUR-120"):
                await service.agree_void(tx, key, "")
            assert (await service.keep(tx, key, "该村本年没有移民"))["state"] == "drawn"
            assert (await service.confirm(tx, key))["state"] == "confirmed"
        await service.ask_void(tx, key, "年度方案取消")
        async with become(tx, actor(Role.CITY_CLERK, CITY)):
            assert (await service.keep(tx, key, "方案没有取消"))["state"] == "confirmed"
            await service.ask_void(tx, key, "方案取消，附件为通知")
        row = await service.agree_void(tx, key, "见通知")
        assert (row["state"], row["seed"], row["sampled"]) == ("void", "公开摇号 20260916", 5)
        units = await tx.conn.fetchval("SELECT count(*) FROM surveys_sample_unit WHERE campaign = $1", key)
        anew = await service.open_campaign(tx, "年度抽样（重抽）", 2026, "")
        seen = await queries.voided(tx, await queries.campaign(tx, anew))
        assert (units, [one["id"] for one in seen]) == (7, [key])


async def test_a_county_sees_how_many_and_not_whom(tx_as: TxAs) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        key = await drawn(tx)
        async with become(tx, actor(Role.COUNTY_CLERK, KECHENG)) as county:
            assert (await queries.campaign(county, key))["sampled"] == 5
            assert [s["name"] for s in await queries.strata(county, key)] == ["330802/resettlement/cash"]
            for work in (service.sheet(county, key), service.void(county, key, "x"), service.confirm(county, key)):
                with pytest.raises(Refused, match="KRN-403"):
                    await work


@pytest.mark.parametrize("seed", ["短", "x" * 121, "有\n换行的种子文字", "以逗号结尾的种子,"])
async def test_an_unfit_seed_is_refused(tx_as: TxAs, seed: str) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        await settle(tx)
        key = await service.open_campaign(tx, "年度抽样", 2026, "")
        await service.freeze(tx, key)
        with pytest.raises(Refused, match="SUR-104"):
            await service.draw(tx, key, seed, "")


async def test_without_a_published_seed_a_random_one_is_stored(tx_as: TxAs) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        await settle(tx)
        seeds: list[Any] = []
        for title in ("甲", "乙"):
            key = await service.open_campaign(tx, title, 2026, "")
            await service.freeze(tx, key)
            seeds.append((await service.draw(tx, key, "", ""))["seed"])
        assert seeds[0] != seeds[1]
        assert [len(seed) for seed in seeds] == [32, 32]

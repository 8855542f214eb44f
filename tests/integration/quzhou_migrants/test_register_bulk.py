"""Households by COPY: written whole, behind the walls, sealed, found by any name."""

from __future__ import annotations

import asyncpg
import pytest

from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.db import connect_arguments
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.grams import query_grams
from quzhou_migrants.kernel.tx import system_tx
from quzhou_migrants.register import sealing
from quzhou_migrants.register.bulk import copy_households
from quzhou_migrants.register.words import Relation

KECHENG, QUJIANG = "330802000000", "330803000000"
VILLAGE, BAIMA = "330802100201", "330803112229"
FOUND = "SELECT head_name FROM register_household WHERE name_grams @> $1 ORDER BY id"


async def test_a_household_comes_back_as_it_went_in(tx, make_house, make_person) -> None:
    people = (make_person("曾国𬭎"), make_person("李芳", Relation.SPOUSE, migrant=False))
    house = make_house(people=people, bank_account="6228480402564890018", phone="13800000000", moved_year=1979)
    assert await copy_households(tx.conn, [house]) == 1
    row = await tx.conn.fetchrow("SELECT * FROM register_household WHERE code = $1", house.code)
    assert (row["head_name"], row["sort_key"], row["members"], row["migrants"]) == ("曾国𬭎", "zeng guo hong", 2, 1)
    assert sealing.opened(row["bank_cipher"], sealing.BANK_PLACE) == house.bank_account
    assert sealing.masked_phone(row["phone_cipher"]) == "138****0000"
    rows = await tx.conn.fetch("SELECT * FROM register_member WHERE household = $1 ORDER BY id", row["id"])
    assert [sealing.opened(r["id_cipher"], sealing.ID_PLACE) for r in rows] == [p.resident_id for p in people]
    assert [r["sex"] for r in rows] == ["male", "male"]
    assert rows[0]["is_demo"] is True


async def test_no_plain_number_is_stored_or_logged(tx, make_house) -> None:
    house = make_house(bank_account="6228480402564890018")
    await copy_households(tx.conn, [house])
    number = house.head.resident_id
    for table in ("register_household", "register_member", "kernel_change"):
        text = await tx.conn.fetchval(f"SELECT string_agg(t::text, ' ') FROM {table} t")
        assert number not in text
        assert house.bank_account not in text
        assert number.encode().hex() not in text


async def test_a_household_is_found_by_any_member(tx, make_house, make_person) -> None:
    house = make_house(people=(make_person("王小明"), make_person("欧阳娜娜", Relation.SPOUSE)))
    await copy_households(tx.conn, [house])
    assert [r[0] for r in await tx.conn.fetch(FOUND, query_grams("阳娜"))] == ["王小明"]


async def test_another_county_sees_nothing(tx_as, make_house) -> None:
    async with tx_as(Role.COUNTY_CLERK, KECHENG) as tx:
        await copy_households(tx.conn, [make_house()])
        assert await tx.conn.fetchval("SELECT count(*) FROM register_household") == 1
        await tx.conn.execute("SELECT set_config('app.lo', '330803', true), set_config('app.hi', '330804', true)")
        assert await tx.conn.fetchval("SELECT count(*) FROM register_household") == 0
        assert await tx.conn.fetchval("SELECT count(*) FROM register_member") == 0


async def test_a_household_of_another_county_cannot_be_written(tx_as, make_house) -> None:
    async with tx_as(Role.COUNTY_CLERK, KECHENG) as tx:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await copy_households(tx.conn, [make_house(village=BAIMA)])


async def test_one_person_is_in_one_household(tx_as, make_house, make_person) -> None:
    person = make_person()
    with pytest.raises(Refused) as caught:
        async with tx_as(Role.COUNTY_CLERK, KECHENG) as tx:
            await copy_households(tx.conn, [make_house(people=(person,)), make_house(people=(person,))])
    assert caught.value.code == "REG-202"


async def test_over_the_county_line_only_the_county_is_told(tx_as, make_house) -> None:
    house = make_house(village=BAIMA)
    ask = "SELECT * FROM register_elsewhere($1, $2)"
    blinds = [sealing.id_blind(house.head.resident_id)]
    async with tx_as(Role.COUNTY_CLERK, KECHENG) as tx:
        await tx.conn.execute("SELECT set_config('app.lo', '330803', true), set_config('app.hi', '330804', true)")
        await copy_households(tx.conn, [house])
        assert await tx.conn.fetch(ask, blinds, [house.code]) == []
        await tx.conn.execute("SELECT set_config('app.lo', '330802', true), set_config('app.hi', '330803', true)")
        found = [tuple(r) for r in await tx.conn.fetch(ask, blinds, [house.code])]
        assert found == [(blinds[0], None, "衢江区"), (None, house.code, "衢江区")]
        assert await tx.conn.fetchval("SELECT count(*) FROM register_member") == 0


async def test_search_by_name_uses_its_index_behind_the_walls(db, make_house, make_person) -> None:
    names = [f"{chr(0x4E00 + i % 90)}{chr(0x5E00 + i // 90)}明" for i in range(5_000)]
    async with system_tx("test") as tx:
        await copy_households(tx.conn, [make_house(people=(make_person(name),)) for name in names])
    owner = await asyncpg.connect(**connect_arguments(db.owner))
    await owner.execute("VACUUM ANALYZE register_household")
    await owner.close()
    async with system_tx("test") as tx:
        await tx.conn.execute("SELECT set_config('app.lo', '330802', true), set_config('app.hi', '330803', true)")
        plan = await tx.conn.fetch("EXPLAIN SELECT id FROM register_household WHERE name_grams @> ARRAY['一帀']")
        assert any("Index Scan on register_household_names" in row[0] for row in plan), plan

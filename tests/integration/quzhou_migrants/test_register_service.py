"""Commands on single households: rights, versions, one person in one place, nothing ever deleted."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.errors import Invalid, Refused
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.register import import_work, queries, sealing, service
from quzhou_migrants.register.bulk import copy_households
from quzhou_migrants.register.forms import HouseholdForm, MemberForm, NewHouseholdForm
from quzhou_migrants.register.words import Relation, Support

KECHENG, QUJIANG = "330802000000", "330803000000"
VILLAGE, BAIMA = "330802100201", "330803112229"


def new(number: str, **more: Any) -> NewHouseholdForm:
    """What a clerk sends for a new household."""
    given = {"code": "S-1", "division_code": VILLAGE, "support": Support.CASH, "name": "王小明", "migrant": True}
    return NewHouseholdForm(**{**given, "resident_id": number, **more})


@pytest.fixture
def number(ids) -> str:
    """A fresh number of a woman born in 1980."""
    return str(ids.next(date(1980, 5, 5), "female"))


async def test_a_household_starts_with_its_head(tx_as, number) -> None:
    async with tx_as(Role.COUNTY_CLERK, KECHENG) as tx:
        key = await service.create(tx, new(number, phone="13812345678"))
        row = await queries.household(tx, key)
        (head,) = await queries.people(tx, row)
        assert (head.name, head.relation, head.sex, head.age) == ("王小明", "head", "female", 46)
        assert sealing.masked_phone(row["phone_cipher"]) == "138****5678"
        assert [e.sentence for e in await timeline(tx, "register_household", key)] == ["登记了这一户"]


@pytest.mark.parametrize(("role", "place"), [(Role.VILLAGE_CLERK, VILLAGE), (Role.CITY_LEADER, "330800000000")])
async def test_only_who_may_register_registers(tx_as, number, role: Role, place: str) -> None:
    async with tx_as(role, place) as tx:
        with pytest.raises(Refused) as caught:
            await service.create(tx, new(number))
    assert caught.value.code == "KRN-403"


async def test_every_wrong_field_is_told_at_once(tx_as) -> None:
    async with tx_as(Role.COUNTY_CLERK, KECHENG) as tx:
        with pytest.raises(Invalid) as caught:
            await service.create(tx, new("110105194912310021", phone="1", division_code=BAIMA))
    told = {(p.field, p.code) for p in caught.value.problems}
    assert told == {("resident_id", "KRN-616"), ("phone", "REG-117"), ("division_code", "REG-114")}


async def test_a_number_of_another_county_is_refused_by_the_countys_name(tx_as, make_house) -> None:
    house = make_house(village=BAIMA)
    async with tx_as(Role.COUNTY_CLERK, KECHENG) as tx:
        await tx.conn.execute("SELECT set_config('app.lo', '330803', true), set_config('app.hi', '330804', true)")
        await copy_households(tx.conn, [house])
        await tx.conn.execute("SELECT set_config('app.lo', '330802', true), set_config('app.hi', '330803', true)")
        with pytest.raises(Refused) as caught:
            await service.create(tx, new(house.head.resident_id))
    assert (caught.value.code, caught.value.field, caught.value.facts) == (
        "REG-132",
        "resident_id",
        {"county": "衢江区"},
    )


async def test_what_somebody_else_changed_is_not_overwritten(tx_as, number) -> None:
    async with tx_as(Role.COUNTY_CLERK, KECHENG) as tx:
        key = await service.create(tx, new(number))
        form = HouseholdForm(code="S-1", division_code=VILLAGE, support=Support.PROJECT, version=1)
        await service.update(tx, key, form)
        with pytest.raises(Refused) as caught:
            await service.update(tx, key, form)
        assert caught.value.code == "REG-203"
        assert (await queries.household(tx, key))["version"] == 2


async def test_empty_numbers_keep_what_is_stored(tx_as, number) -> None:
    async with tx_as(Role.COUNTY_CLERK, KECHENG) as tx:
        key = await service.create(tx, new(number, bank_account="6228480402564890018"))
        await service.update(tx, key, HouseholdForm(code="S-2", division_code=VILLAGE, support=Support.CASH, version=1))
        row = await queries.household(tx, key)
        assert row["code"] == "S-2"
        assert sealing.opened(row["bank_cipher"], sealing.BANK_PLACE) == "6228480402564890018"


async def test_a_closed_household_frees_its_people_and_may_come_back(tx_as, number) -> None:
    async with tx_as(Role.COUNTY_CLERK, KECHENG) as tx:
        key = await service.create(tx, new(number))
        await service.close(tx, key, 1, "全户迁出")
        with pytest.raises(Refused) as caught:
            await service.update(
                tx, key, HouseholdForm(code="S-1", division_code=VILLAGE, support=Support.CASH, version=2)
            )
        assert caught.value.code == "REG-208"
        row = await queries.household(tx, key)
        assert [p.name for p in await queries.people(tx, row)] == ["王小明"]
        await service.reopen(tx, key, 2, "登记有误")
        assert (await queries.household(tx, key))["state"] == "active"


async def test_whoever_was_registered_elsewhere_meanwhile_does_not_come_back(tx_as, number) -> None:
    with pytest.raises(Refused) as caught:
        async with tx_as(Role.COUNTY_CLERK, KECHENG) as tx:
            key = await service.create(tx, new(number))
            await service.close(tx, key, 1, "全户迁出")
            await service.create(tx, new(number, code="S-9"))
            await service.reopen(tx, key, 2, "登记有误")
    assert caught.value.code == "REG-202"


async def test_a_household_has_one_head(tx_as, number, ids) -> None:
    async with tx_as(Role.COUNTY_CLERK, KECHENG) as tx:
        key = await service.create(tx, new(number))
        husband = MemberForm(
            name="赵四", relation=Relation.HEAD, resident_id=ids.next(date(1979, 1, 1), "male"), version=1
        )
        await service.add_member(tx, key, husband)
        row = await queries.household(tx, key)
        people = await queries.people(tx, row)
        assert (row["head_name"], row["members"], row["migrants"]) == ("赵四", 2, 1)
        assert [(p.name, p.relation) for p in people] == [("赵四", "head"), ("王小明", "other")]
        step_down = MemberForm(name="赵四", relation=Relation.SPOUSE, version=people[0].version)
        with pytest.raises(Refused) as caught:
            await service.change_member(tx, key, people[0].id, step_down)
        assert caught.value.code == "REG-209"


async def test_a_person_without_a_number_is_not_registered(tx_as, number) -> None:
    async with tx_as(Role.COUNTY_CLERK, KECHENG) as tx:
        key = await service.create(tx, new(number))
        with pytest.raises(Refused) as caught:
            await service.add_member(tx, key, MemberForm(name="赵四", relation=Relation.CHILD, version=1))
    assert caught.value.code == "KRN-610"


async def test_looking_at_a_number_is_written_down(tx_as, number) -> None:
    async with tx_as(Role.COUNTY_CLERK, KECHENG) as tx:
        key = await service.create(tx, new(number))
        (head,) = await queries.people(tx, await queries.household(tx, key))
        assert await service.reveal(tx, key, "id", head.id, "核对户口簿") == number
        first = (await timeline(tx, "register_household", key))[0]
        assert (first.sentence, first.facts["reason"]) == ("查看了成员的完整身份号码", "核对户口簿")
        assert number not in str(first.facts)


async def test_sealed_rows_of_old_sheets_are_thrown_away(tx) -> None:
    states = {"applied": 1, "discarded": 1, "checked": 1}
    for state in states:
        for age in (1, 60):
            key = await tx.conn.fetchval(
                "INSERT INTO register_import (division_code, file_name, file_sha256, file_bytes, header, actor,"
                " rows_total, households_total, created_at, created_name, mode, state, version, is_demo) VALUES"
                " ($1, $2, '', 0, '{}', '{}', 1, 1, $3::timestamptz - make_interval(days => $4), '', '', $2, 1, true)"
                " RETURNING id",
                KECHENG, state, tx.now, age,
            )  # fmt: skip
            await tx.conn.execute(
                "INSERT INTO register_import_row (import_id, division_code, row_no, household_code, cells)"
                " VALUES ($1, $2, 2, 'A', '')", key, KECHENG,
            )  # fmt: skip
    await import_work.sweep(tx, "")
    left = await tx.conn.fetch(
        "SELECT i.state, i.created_at < $1::timestamptz - interval '30 days' AS old FROM register_import_row r"
        " JOIN register_import i ON i.id = r.import_id ORDER BY 1, 2", tx.now,
    )  # fmt: skip
    assert [tuple(r) for r in left] == [("applied", False), ("checked", False), ("checked", True), ("discarded", False)]

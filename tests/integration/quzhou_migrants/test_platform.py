"""Transactions, ranges, once tokens, states: the mechanisms every room leans on."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass

import asyncpg
import pytest
from house import BAIMA, CITY, KECHENG, NOW, QUJIANG, VILLAGE, actor, become

from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.accounts.tables import Org
from quzhou_migrants.kernel.actor import SYSTEM, ancestors, code_range, trimmed
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.events import subscribe
from quzhou_migrants.kernel.tx import AlreadyDone, begin


def test_code_ranges_cover_exactly_what_lies_inside():
    assert trimmed(CITY) == "3308"
    assert code_range(CITY) == ("330800000000", "330900000000")
    assert code_range(KECHENG) == ("330802000000", "330803000000")
    assert code_range(VILLAGE) == (VILLAGE, "330802100202")
    assert ancestors(VILLAGE) == (VILLAGE, "330802100000", KECHENG, CITY)
    assert code_range("330802099000") == ("330802099000", "330802100000")


async def _org(tx, division, name):
    return await tx.conn.fetchval(
        "INSERT INTO accounts_org (division_code, name, kind, is_demo) VALUES ($1, $2, 'bureau', true) RETURNING id",
        division,
        name,
    )


async def test_another_county_is_invisible_and_untouchable(tx):
    mine, theirs = await _org(tx, KECHENG, "甲局"), await _org(tx, QUJIANG, "乙局")
    async with become(tx, actor(Role.COUNTY_CLERK, KECHENG)):
        assert [
            r["id"] for r in await tx.conn.fetch("SELECT id FROM accounts_org WHERE id = ANY($1)", [mine, theirs])
        ] == [mine]
        assert await tx.conn.execute("UPDATE accounts_org SET name = 'x' WHERE id = $1", theirs) == "UPDATE 0"
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with tx.conn.transaction():
                await _org(tx, QUJIANG, "丙局")


async def test_rows_declared_down_are_read_from_below_but_not_written(tx):
    city = await _org(tx, CITY, "市局")
    async with become(tx, actor(Role.VILLAGE_CLERK, BAIMA)):
        assert await tx.conn.fetchval("SELECT name FROM accounts_org WHERE id = $1", city) == "市局"
        assert await tx.conn.execute("UPDATE accounts_org SET name = 'x' WHERE id = $1", city) == "UPDATE 0"


async def test_constraint_speaks_with_its_code(db):
    with pytest.raises(Refused) as refused:
        async with begin(SYSTEM, request_id="r", at=NOW) as tx:
            for login in ("same", "same"):
                await tx.conn.execute(
                    "INSERT INTO accounts_user (division_code, login, name, password_hash) VALUES ($1, $2, 'n', '')",
                    KECHENG,
                    login,
                )
    assert refused.value.code == "ACC-121"


async def test_same_form_sent_twenty_times_works_once(db):
    token = str(uuid.uuid4())
    clerk = actor(Role.COUNTY_CLERK, KECHENG)

    async def send() -> str:
        try:
            async with begin(clerk, request_id="r", at=NOW, once=token) as tx:
                return await tx.done(f"/orgs/{await _org(tx, KECHENG, '只此一家')}")
        except AlreadyDone as done:
            return done.location

    answers = await asyncio.gather(*(send() for _ in range(20)))
    assert len(set(answers)) == 1
    async with begin(clerk, request_id="r", at=NOW) as tx:
        assert await tx.conn.fetchval("SELECT count(*) FROM accounts_org") == 1


async def test_foreign_form_token_is_refused(db):
    token = str(uuid.uuid4())
    async with begin(actor(Role.COUNTY_CLERK, KECHENG), request_id="r", at=NOW, once=token):
        pass
    with pytest.raises(Refused) as refused:
        async with begin(actor(Role.COUNTY_CLERK, KECHENG), request_id="r", at=NOW, once=token):
            pass
    assert refused.value.code == "KRN-410"


@dataclass(frozen=True)
class Told:
    """A fact."""

    what: str


async def test_events_are_heard_in_the_same_transaction(db):
    heard: list[str] = []

    async def hear(tx, event: Told) -> None:
        heard.append(event.what)
        if event.what == "fail":
            raise Refused("KRN-408")
        await _org(tx, KECHENG, event.what)

    subscribe(Told, hear)
    async with begin(SYSTEM, request_id="r", at=NOW) as tx:
        tx.emit(Told("一"))
    with pytest.raises(Refused):
        async with begin(SYSTEM, request_id="r", at=NOW) as tx:
            await _org(tx, KECHENG, "二")
            tx.emit(Told("fail"))
    async with begin(SYSTEM, request_id="r", at=NOW) as tx:
        assert [r["name"] for r in await tx.conn.fetch("SELECT name FROM accounts_org ORDER BY id")] == ["一"]
    assert heard == ["一", "fail"]


async def test_journal_is_never_altered(tx):
    await tx.note(("accounts_org", 1, KECHENG), "accounts.user.create")
    with pytest.raises(asyncpg.PostgresError):
        async with tx.conn.transaction():
            await tx.conn.execute("UPDATE kernel_journal SET actor_name = 'x'")


async def test_piccolo_queries_share_the_transaction(tx):
    await _org(tx, KECHENG, "甲局")
    assert await Org.count() == 1
    async with become(tx, actor(Role.COUNTY_CLERK, QUJIANG)):
        assert await Org.count() == 0

"""Signing in, sessions, first passwords, kept forms — through the real pages."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
from house import CITY, KECHENG, VILLAGE, make_account

from quzhou_migrants.accounts import jobs, parked, sessions
from quzhou_migrants.accounts.passwords import hash_password
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.accounts.sessions import COOKIE
from quzhou_migrants.kernel.db import connect_arguments
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.tx import system_tx

GOOD = "Chang-Shan-2026"


async def _with_password(db, role, division, *, must_change=False):
    user = await make_account(db, role, division)
    conn = await asyncpg.connect(**connect_arguments(db.owner))
    await conn.execute(
        "UPDATE accounts_user SET password_hash = $2, must_change = $3 WHERE id = $1",
        user,
        await hash_password(GOOD),
        must_change,
    )
    login = await conn.fetchval("SELECT login FROM accounts_user WHERE id = $1", user)
    await conn.close()
    return user, login


async def test_sign_in_rotates_the_token_and_opens_home(db, client_as):
    _, login = await _with_password(db, Role.COUNTY_CLERK, KECHENG)
    async with client_as(None) as http:
        http.cookies.set(COOKIE, "a-token-the-visitor-brought-along")
        answer = await http.post("/sign-in", data={"login": login, "password": GOOD, "next": "/home"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/home")
        token = answer.cookies[COOKIE]
        assert token != "a-token-the-visitor-brought-along"
        http.cookies.clear()
        http.cookies.set(COOKIE, token)
        assert (await http.get("/home")).status_code == 200


async def test_signed_out_token_is_dead(db, client_as):
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        assert (await http.get("/home")).status_code == 200
        token = http.cookies[COOKIE]
        assert (await http.post("/sign-out")).status_code == 303
        http.cookies.set(COOKIE, token)
        assert (await http.get("/home")).headers["location"].startswith("/sign-in")


async def test_wrong_password_and_unknown_login_say_the_same(db):
    _, login = await _with_password(db, Role.COUNTY_CLERK, KECHENG)
    for name in (login, "nobody_here"):
        with pytest.raises(Refused) as refused:
            await sessions.sign_in(name, "wrong", address="192.0.2.1", agent="")
        assert refused.value.code == "ACC-101"


async def test_sixth_try_must_wait(db):
    _, login = await _with_password(db, Role.COUNTY_CLERK, KECHENG)
    for _ in range(sessions.FREE_TRIES):
        with pytest.raises(Refused):
            await sessions.sign_in(login, "wrong", address="192.0.2.2", agent="")
    with pytest.raises(Refused) as refused:
        await sessions.sign_in(login, GOOD, address="192.0.2.3", agent="")
    assert refused.value.code == "ACC-102"


async def test_first_password_opens_only_the_own_account(db, client_as):
    _, login = await _with_password(db, Role.COUNTY_ADMIN, KECHENG, must_change=True)
    async with client_as(None) as http:
        await http.post("/sign-in", data={"login": login, "password": GOOD})
        assert (await http.get("/accounts")).headers["location"] == "/account"
        weak = await http.post("/account/password", data={"old": GOOD, "password": "short", "again": "short"})
        assert weak.status_code == 422
        assert "ACC-111" in weak.text
        changed = await http.post(
            "/account/password", data={"old": GOOD, "password": "Kai-Hua-3308", "again": "Kai-Hua-3308"}
        )
        assert changed.headers["location"] == "/home"
        assert (await http.get("/accounts")).status_code == 200


async def test_sign_out_everywhere_ends_other_sessions(db, client_as):
    user = await make_account(db, Role.COUNTY_CLERK, KECHENG)
    one, two = await sessions.open_session(user, "a"), await sessions.open_session(user, "b")
    actor, _ = await sessions.identify(one)
    await sessions.sign_out(actor, everywhere=True)
    assert await sessions.identify(two) is None


async def test_refusals_are_recorded(db, client_as):
    async with client_as(Role.VILLAGE_CLERK, VILLAGE) as http:
        assert (await http.get("/accounts")).status_code == 403
    conn = await asyncpg.connect(**connect_arguments(db.owner))
    assert [tuple(r) for r in await conn.fetch("SELECT code, path FROM kernel_refusal")] == [("KRN-403", "/accounts")]
    await conn.close()


async def test_expired_session_keeps_the_typed_form(db, client_as):
    _, login = await _with_password(db, Role.COUNTY_ADMIN, KECHENG)
    async with client_as(None) as http:
        sent = await http.post("/accounts/new", data={"name": "没有丢", "login": "kept_1"})
        assert sent.status_code == 303
        kept = sent.headers["location"].partition("parked=")[2]
        answer = await http.post("/sign-in", data={"login": login, "password": GOOD, "parked": kept})
        page = await http.get(answer.headers["location"])
        assert "没有丢" in page.text
        assert 'action="/accounts/new"' in page.text


async def test_a_kept_form_opens_only_where_it_was_sent_and_for_whose_it_was(db, client_as):
    owner, login = await _with_password(db, Role.COUNTY_ADMIN, KECHENG)
    _, other = await _with_password(db, Role.COUNTY_CLERK, KECHENG)
    token = await sessions.open_session(owner, "test")
    await sessions.pool().execute("UPDATE accounts_session SET idle_until = now() - interval '1 hour'")
    async with client_as(None) as http, client_as(None) as elsewhere:
        http.cookies.set(COOKIE, token)
        sent = await http.post("/accounts/new", data={"name": "没有丢", "login": "kept_2"})
        kept = sent.headers["location"].partition("parked=")[2]
        await elsewhere.post("/sign-in", data={"login": login, "password": GOOD})  # a link sent to somebody
        assert (await elsewhere.get(f"/resume/{kept}")).headers["location"] == "/home"
        await http.post("/sign-in", data={"login": other, "password": GOOD})  # a colleague at the same desk
        assert (await http.get(f"/resume/{kept}")).headers["location"] == "/home"
        await http.post("/sign-in", data={"login": login, "password": GOOD})
        assert "没有丢" in (await http.get(f"/resume/{kept}")).text


async def test_strangers_do_not_fill_the_house_with_forms(db, monkeypatch):
    monkeypatch.setattr(parked, "MOST", 2)
    assert [bool(await parked.park("/x", [("a", "b")], None)) for _ in range(3)] == [True, True, False]
    assert await parked.park("/x", [("a", "b")], 1)
    assert not await parked.park("/x", [("a", "b" * parked.LARGEST)], 1)


async def test_what_is_of_no_use_is_swept_away(db):
    user = await make_account(db, Role.COUNTY_CLERK, KECHENG)
    old, ended, living = [await sessions.open_session(user, "test") for _ in range(3)]
    for token, hours in ((old, 25), (ended, 2)):
        await sessions.pool().execute(
            "UPDATE accounts_session SET idle_until = now() - make_interval(hours => $2) WHERE token_hash = $1",
            sessions.token_hash(token),
            hours,
        )
    async with system_tx("accounts.sweep") as tx:
        await jobs.sweep(tx, "2026-09-16")
    assert [await sessions.owner_of(t) for t in (old, ended, living)] == [None, user, user]


async def test_tries_made_at_once_are_counted_one_by_one(db):
    _, login = await _with_password(db, Role.COUNTY_CLERK, KECHENG)

    async def wrong() -> str:
        with pytest.raises(Refused) as refused:
            await sessions.sign_in(login, "wrong", address="192.0.2.9", agent="")
        return refused.value.code

    codes = await asyncio.gather(*(wrong() for _ in range(9)))
    assert sorted(codes) == ["ACC-101"] * sessions.FREE_TRIES + ["ACC-102"] * 4


async def test_guesses_from_one_address_are_counted_before_they_are_made(db):
    _, login = await _with_password(db, Role.COUNTY_CLERK, KECHENG)
    place, most = "192.0.2.50", sessions.FREE_TRIES_OF_PLACE
    await sessions.pool().execute(
        "INSERT INTO accounts_attempt (key, tries, since) VALUES ($1, $2, now())", f"addr:{place}", most - 3
    )

    async def guess(name: str, password: str) -> str:
        try:
            await sessions.sign_in(name, password, address=place, agent="")
        except Refused as refused:
            return refused.code
        return "in"

    for _ in range(4):  # who knows the password leaves the address as it was
        assert await guess(login, GOOD) == "in"
    guesses = await asyncio.gather(*(guess(f"nobody_{n}", "wrong") for n in range(9)))
    assert sorted(guesses) == ["ACC-101"] * 3 + ["ACC-102"] * 6
    assert await guess(login, GOOD) == "ACC-102"


async def test_a_name_that_must_wait_does_not_use_up_the_tries_of_its_address(db):
    _, login = await _with_password(db, Role.COUNTY_CLERK, KECHENG)
    for _ in range(sessions.FREE_TRIES + 4):
        with pytest.raises(Refused):
            await sessions.sign_in(login, "wrong", address="192.0.2.51", agent="")
    tries = await sessions.pool().fetchval("SELECT tries FROM accounts_attempt WHERE key = 'addr:192.0.2.51'")
    assert tries == sessions.FREE_TRIES


async def test_the_old_password_is_not_guessed_from_an_open_session(db, client_as):
    _, login = await _with_password(db, Role.COUNTY_ADMIN, KECHENG)
    async with client_as(None) as http:
        await http.post("/sign-in", data={"login": login, "password": GOOD})
        own = f"Xx-{login}-2026"
        named = await http.post("/account/password", data={"old": GOOD, "password": own, "again": own})
        assert "ACC-113" in named.text
        guess = {"old": "wrong", "password": "Kai-Hua-3308", "again": "Kai-Hua-3308"}
        answers = [(await http.post("/account/password", data=guess)).status_code for _ in range(6)]
        assert answers == [422] * 5 + [429]


async def test_a_first_password_opens_neither_tasks_nor_files(db, client_as):
    _, login = await _with_password(db, Role.COUNTY_ADMIN, KECHENG, must_change=True)
    async with client_as(None) as http:
        await http.post("/sign-in", data={"login": login, "password": GOOD})
        for page in ("/home", "/files/1", "/find?q=x"):
            assert (await http.get(page)).headers["location"] == "/account"
        assert (await http.post("/sign-out")).headers["location"] == "/sign-in"


async def test_a_demonstration_does_not_leave_the_years_rules_know(db, client_as):
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        for day in ("1990-01-01", "2060-12-31"):
            assert (await http.post("/demo/date", data={"day": day})).status_code == 303
            assert "演示日期只能在前后10年之内" in (await http.get("/home")).text


async def test_business_date_moves_for_demonstration_accounts_only(db, client_as):
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        assert (await http.post("/demo/date", data={"day": "2026-03-31"})).status_code == 303
        assert "2026年3月31日" in (await http.get("/home")).text
        conn = await asyncpg.connect(**connect_arguments(db.owner))
        await conn.execute("UPDATE accounts_user SET is_demo = false")
        await conn.close()
        await http.post("/demo/date", data={"day": "2026-05-01"})
        assert "2026年3月31日" in (await http.get("/home")).text


async def test_foreign_form_post_is_refused(db, client_as):
    async with client_as(Role.COUNTY_ADMIN, CITY) as http:
        http.headers["Sec-Fetch-Site"] = "cross-site"
        assert (await http.post("/sign-out")).status_code == 403

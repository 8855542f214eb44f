"""People, their posts, and engagements of people from outside — through the real pages."""

from __future__ import annotations

import re
from datetime import date

import asyncpg
from house import BAIMA, CITY, KECHENG, QUJIANG, SHILIANG, VILLAGE, make_account, visitor

from quzhou_migrants.accounts import sessions
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.accounts.sessions import COOKIE
from quzhou_migrants.kernel.db import connect_arguments

GOOD = "Chang-Shan-2026"


async def test_administrator_creates_a_person_who_signs_in(db, client_as):
    async with client_as(Role.COUNTY_ADMIN, KECHENG) as http:
        conn = await asyncpg.connect(**connect_arguments(db.owner))
        org = await conn.fetchval(
            "INSERT INTO accounts_org (division_code, name, kind, is_demo) VALUES"
            " ($1, '石梁镇人民政府', 'township', true) RETURNING id",
            SHILIANG,
        )
        await conn.close()
        page = await http.post(
            "/accounts/new",
            data={
                "org_id": str(org),
                "name": "𬭎",
                "login": "shiliang_1",
                "role": "township_clerk",
                "phone": "13800001234",
            },
        )
        assert page.status_code == 200
        password = re.search(r"初始密码：(\S+)", page.text).group(1)
        assert "𬭎" in page.text
        assert "138****34" in page.text
    token = await sessions.sign_in("shiliang_1", password, address="192.0.2.4", agent="")
    actor, _ = await sessions.identify(token)
    assert (actor.role, actor.division_code, actor.must_change_password) == ("township_clerk", SHILIANG, True)


async def test_a_county_offers_the_roles_it_can_give_and_reads_the_phone(db, client_as):
    conn = await asyncpg.connect(**connect_arguments(db.owner))
    org = await conn.fetchval(
        "INSERT INTO accounts_org (division_code, name, kind, is_demo) VALUES ($1, '石梁镇人民政府', 'township', true)"
        " RETURNING id",
        SHILIANG,
    )
    await conn.close()
    async with client_as(Role.COUNTY_ADMIN, KECHENG) as http:
        offered = re.findall(r'<option value="(\w+_\w+|inspector)"', (await http.get("/accounts/new")).text)
        assert sorted(offered) == sorted(
            ["county_clerk", "county_leader", "county_finance", "county_admin", "township_clerk", "village_clerk",
             "inspector"]
        )  # fmt: skip
        given = {"org_id": str(org), "name": "某人", "login": "some_one", "role": "township_clerk", "phone": "0570-1"}
        page = await http.post("/accounts/new", data=given)
        assert (page.status_code, "ACC-137" in page.text) == (422, True)
    async with client_as(Role.CITY_ADMIN, CITY) as http:
        assert 'value="city_clerk"' in (await http.get("/accounts/new")).text


async def test_administrator_cannot_reach_another_county(db, client_as):
    stranger = await make_account(db, Role.VILLAGE_CLERK, BAIMA)
    async with client_as(Role.COUNTY_ADMIN, KECHENG) as http:
        assert (await http.get(f"/accounts/{stranger}")).status_code == 404
        assert (await http.post(f"/accounts/{stranger}/reset")).status_code == 404
        assert (await http.post(f"/accounts/{stranger}/disable")).status_code == 404


async def test_role_belongs_to_its_level(db, client_as):
    async with client_as(Role.COUNTY_ADMIN, KECHENG) as http:
        conn = await asyncpg.connect(**connect_arguments(db.owner))
        org = await conn.fetchval(
            "INSERT INTO accounts_org (division_code, name, kind, is_demo) VALUES ($1, '演示村村委会', 'village', true)"
            " RETURNING id",
            VILLAGE,
        )
        await conn.close()
        page = await http.post(
            "/accounts/new", data={"org_id": str(org), "name": "某人", "login": "someone", "role": "county_clerk"}
        )
        assert page.status_code == 422
        assert "ACC-123" in page.text
        assert 'value="某人"' in page.text


async def test_engagement_opens_on_its_first_day_and_ends_after_its_last(db, client_as):
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        del http
    expert = await make_account(db, Role.EXPERT, KECHENG)
    conn = await asyncpg.connect(**connect_arguments(db.owner))
    post = await conn.fetchval('SELECT id FROM accounts_post WHERE "user" = $1', expert)

    async def identities(first: date, last: date) -> int:
        await conn.execute("DELETE FROM accounts_engagement")
        await conn.execute(
            "INSERT INTO accounts_engagement (division_code, post, subject_table, subject_id, purpose,"
            " starts_on, ends_on) VALUES ($1, $2, 'allocation_round', 1, '评审', $3, $4)",
            KECHENG,
            post,
            first,
            last,
        )
        return len(await sessions.identities(expert))

    assert await identities(date(2026, 9, 16), date(2026, 9, 16)) == 1
    assert await identities(date(2026, 9, 17), date(2026, 9, 30)) == 0
    assert await identities(date(2026, 9, 1), date(2026, 9, 15)) == 0
    await conn.close()


async def test_home_tells_of_the_other_engagement(db):
    """One session sees one engagement: who sits on two panels would take an empty page for nothing to do."""
    expert = await make_account(db, Role.EXPERT, KECHENG)
    conn = await asyncpg.connect(**connect_arguments(db.owner))
    await conn.executemany(
        "INSERT INTO accounts_engagement (division_code, post, subject_table, subject_id, purpose, starts_on, ends_on)"
        """ SELECT $1, id, 'allocation_round', $2, $3, $4, $4 FROM accounts_post WHERE "user" = $5""",
        [(KECHENG, n, purpose, date(2026, 9, 16), expert) for n, purpose in enumerate(("春季评审", "秋季评审"))],
    )
    await conn.close()
    async with visitor() as http:
        http.cookies.set(COOKIE, await sessions.open_session(expert, "test"))
        home = (await http.get("/home")).text
        assert ("您还受聘于：春季评审" in home, "您还受聘于：秋季评审" in home) == (False, True)


async def test_a_county_gives_no_post_of_the_city(db, client_as):
    conn = await asyncpg.connect(**connect_arguments(db.owner))
    await make_account(db, Role.CITY_LEADER, CITY)
    person = await make_account(db, Role.COUNTY_CLERK, KECHENG)
    city = await conn.fetchval("SELECT id FROM accounts_org WHERE division_code = $1", CITY)
    await conn.close()
    async with client_as(Role.COUNTY_ADMIN, KECHENG) as http:
        new = {"org_id": str(city), "name": "某人", "login": "upwards", "role": "city_leader"}
        for path in ("/accounts/new", f"/accounts/{person}/posts"):
            answer = await http.post(path, data=new)
            assert (answer.status_code, "ACC-124" in answer.text) == (404, True)


async def test_a_county_does_not_take_over_who_also_serves_the_city(db, client_as):
    """A new password would open the city's post as well."""
    person = await make_account(db, Role.COUNTY_CLERK, KECHENG)
    await make_account(db, Role.CITY_CLERK, CITY)
    conn = await asyncpg.connect(**connect_arguments(db.owner))
    await conn.execute(
        'INSERT INTO accounts_post (division_code, "user", org, role, active)'
        " SELECT division_code, $2, id, 'city_clerk', true FROM accounts_org WHERE division_code = $1",
        CITY,
        person,
    )
    async with client_as(Role.COUNTY_ADMIN, KECHENG) as http:
        for verb in ("reset", "disable"):
            answer = await http.post(f"/accounts/{person}/{verb}")
            assert (answer.status_code, "ACC-134" in answer.text) == (409, True)
    async with client_as(Role.CITY_ADMIN, CITY) as http:
        assert (await http.post(f"/accounts/{person}/reset")).status_code == 200
    await conn.execute("UPDATE accounts_post SET active = false WHERE division_code = $1", CITY)
    async with client_as(Role.COUNTY_ADMIN, KECHENG) as http:
        assert (await http.post(f"/accounts/{person}/disable")).status_code == 303
    await conn.close()


async def test_nobody_audits_the_books_they_keep(db, client_as):
    clerk = await make_account(db, Role.COUNTY_CLERK, KECHENG)
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        term = {"auditor": str(clerk), "purpose": "自查", "starts_on": "2026-09-16", "ends_on": "2026-09-30"}
        answer = await http.post("/accounts/auditors", data=term)
        assert (answer.status_code, "ACC-135" in answer.text) == (409, True)


async def test_a_search_means_what_is_typed(db, client_as):
    async with client_as(Role.COUNTY_ADMIN, KECHENG) as http:
        assert "演示人员" in (await http.get("/accounts?q=演示人员")).text
        for wild in ("%", "_"):
            assert "演示人员" not in (await http.get("/accounts", params={"q": wild})).text.partition("<tbody")[2]


async def test_other_county_people_are_not_listed(db, client_as):
    await make_account(db, Role.COUNTY_CLERK, QUJIANG)
    async with client_as(Role.COUNTY_ADMIN, KECHENG) as http:
        page = await http.get("/accounts")
        assert page.status_code == 200
        assert page.text.count("演示人员") >= 1
        conn = await asyncpg.connect(**connect_arguments(db.owner))
        stranger = await conn.fetchval("SELECT name FROM accounts_user WHERE division_code = $1", QUJIANG)
        await conn.close()
        assert stranger not in page.text


async def test_last_day_of_an_engagement_is_changed_and_ended(db, client_as):
    expert = await make_account(db, Role.EXPERT, KECHENG)
    conn = await asyncpg.connect(**connect_arguments(db.owner))
    post = await conn.fetchval('SELECT id FROM accounts_post WHERE "user" = $1', expert)
    key = await conn.fetchval(
        "INSERT INTO accounts_engagement (division_code, post, subject_table, subject_id, purpose, starts_on, ends_on)"
        " VALUES ($1, $2, 'allocation_round', 1, '评审', '2026-09-01', '2026-09-30') RETURNING id",
        KECHENG,
        post,
    )
    await conn.close()
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        page = f"/accounts/engagements/{key}"
        assert "评审" in (await http.get(page)).text
        assert "ACC-125" in (await http.post(page, data={"ends_on": "2026-08-31"})).text
        assert "ACC-126" in (await http.post(page, data={"ends_on": "2028-01-01"})).text
        assert (await http.post(page, data={"ends_on": "2026-09-15"})).status_code == 303
        assert await sessions.identities(expert) == []
        assert (await http.post(page, data={"ends_on": "2026-09-16"})).status_code == 303
        assert len(await sessions.identities(expert)) == 1
        assert (await http.post(f"{page}/revoke")).status_code == 303
        assert await sessions.identities(expert) == []
        assert (await http.post(page, data={"ends_on": "2026-09-30"})).status_code == 404


async def test_an_auditor_reads_the_books_of_one_county_for_a_time(db, client_as):
    """Let in by the county's clerk; sees its projects and money, no person, nothing of others, and changes nothing."""
    conn = await asyncpg.connect(**connect_arguments(db.owner))
    for number, division in ((1, VILLAGE), (2, BAIMA)):
        await conn.execute(
            "INSERT INTO projects_project (code, division_code, title, category, state) VALUES ($1, $2, $3, 'industry',"
            " 'admitted')",
            f"P-{number}",
            division,
            f"第{number}个村的渠道",
        )
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        made = await http.post(
            "/accounts/outsiders", data={"firm": "某会计师事务所", "name": "审计甲", "login": "audit_1"}
        )
        assert "初始密码" in made.text
        auditor = await conn.fetchval(
            "UPDATE accounts_user SET must_change = false WHERE login = 'audit_1' RETURNING id"
        )
        term = {"auditor": str(auditor), "purpose": "年度资金审计", "starts_on": "2026-09-16", "ends_on": "2026-09-30"}
        backwards = await http.post("/accounts/auditors", data={**term, "ends_on": "2026-09-15"})
        assert "ACC-125" in backwards.text
        assert "年度资金审计" in backwards.text
        assert (await http.post("/accounts/auditors", data=term)).status_code == 303
        assert "ACC-129" in (await http.post("/accounts/auditors", data=term)).text
        http.cookies.set(COOKIE, await sessions.open_session(auditor, "test"))
        listed = (await http.get("/projects")).text
        assert "第1个村的渠道" in listed
        assert "第2个村的渠道" not in listed
        assert (await http.get("/funds")).status_code == 200
        assert (await http.get("/register/households")).status_code == 403
        assert (await http.get("/projects/new")).status_code == 403
        await conn.execute("UPDATE accounts_engagement SET starts_on = '2026-08-01', ends_on = '2026-09-15'")
        assert (await http.get("/projects")).status_code == 403
    await conn.close()


async def test_home_of_an_outsider_whose_engagement_is_over_says_so(client_as):
    async with client_as(Role.EXPERT, KECHENG) as http:  # a post, and no engagement in force
        page = await http.get("/home")
    assert page.status_code == 200
    assert "聘用尚未开始、已经到期" in page.text
    assert "眼下没有等您办理的事项" not in page.text

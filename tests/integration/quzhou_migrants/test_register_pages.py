"""The register through the real application: pages, forms, numbers behind masks, sheets in and out."""

from __future__ import annotations

import asyncio
import io
import re
from datetime import date
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.tx import system_tx
from quzhou_migrants.register.bulk import copy_households
from quzhou_migrants.register.columns import COLUMNS
from quzhou_migrants.register.words import Relation
from quzhou_migrants.web import divisions

KECHENG, QUJIANG, CITY = "330802000000", "330803000000", "330800000000"
VILLAGE, BAIMA = "330802100201", "330803112229"


async def stored(*houses: Any) -> list[int]:
    """Write households; answer their ids."""
    async with system_tx("test") as tx:
        await copy_households(tx.conn, houses)
        rows = await tx.conn.fetch("SELECT id FROM register_household WHERE code = ANY ($1::text[]) ORDER BY id",
                                   [h.code for h in houses])  # fmt: skip
    return [r["id"] for r in rows]


def once(page: str) -> str:
    """The form token of a page."""
    found = re.search(r'name="once" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def version(page: str) -> str:
    """The version a form was shown with."""
    found = re.search(r'name="version" value="([^"]+)"', page)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("q", ["王小明", "小明", "王", "李芳", "T-PAGE-1"])
async def test_a_household_is_found_by_name_or_code(client_as, make_house, make_person, q: str) -> None:
    people = (make_person("王小明"), make_person("李芳", Relation.SPOUSE))
    await stored(make_house(code="T-PAGE-1", people=people), make_house(people=(make_person("赵四"),)))
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        page = (await http.get("/register/households", params={"q": q})).text
    assert "T-PAGE-1" in page
    assert "赵四" not in page


async def test_a_household_is_found_by_a_whole_number_only(client_as, make_house) -> None:
    house = make_house(code="T-ID-1", bank_account="6228480402564890018")
    await stored(house)
    number = house.head.resident_id
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        http.follow_redirects = True
        assert "T-ID-1" in (await http.get("/register/households", params={"q": number})).text
        assert "T-ID-1" in (await http.get("/register/households", params={"q": house.bank_account})).text
        assert "王小明" in (await http.get("/register/members", params={"q": number})).text
        assert "T-ID-1" not in (await http.get("/register/households", params={"q": number[:-1] + "0"})).text


async def test_a_household_and_its_people_are_found_by_the_village(client_as, make_house, monkeypatch) -> None:
    monkeypatch.setattr(divisions, "_cache", (-divisions.FRESH_SECONDS, divisions.known_places()))
    await stored(make_house(code="T-V-1"))
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        page = (await http.get("/register/households?q=T-V-1")).text
        named = divisions.known_places().name(VILLAGE)
        assert named in page
        assert "T-V-1" in (await http.get("/register/households", params={"q": named})).text
        assert "王小明" in (await http.get("/register/members", params={"q": named})).text
        assert "T-V-1" not in (await http.get("/register/households", params={"q": named + "外"})).text


async def test_a_searched_number_leaves_the_address(client_as, make_house) -> None:
    house = make_house(code="T-ID-2", bank_account="6228480402564890018")
    await stored(house)
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        for number in (house.head.resident_id, house.bank_account):
            answer = await http.get("/register/households", params={"q": number, "support": "cash"})
            assert answer.status_code == 303
            assert number not in answer.headers["location"]
            page = (await http.get(answer.headers["location"])).text
            assert "T-ID-2" in page
            assert number not in page
            assert "按证件号码或账号查找" in page
        part = await http.get(
            "/register/households", params={"q": number}, headers={"HX-Request": "true", "HX-Target": "listing"}
        )
        assert number not in part.headers["hx-push-url"]
        assert "T-ID-2" in part.text
        invented = (await http.get("/register/households", params={"sealed": "pzz"})).text
        assert "T-ID-2" not in invented


async def test_a_code_of_many_digits_is_no_number_of_a_person(client_as, make_house) -> None:
    await stored(make_house(code="330802103202000017"))
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        assert "330802103202000017" in (await http.get("/register/households?q=33080210320200001")).text
        assert "330802103202000017" in (await http.get("/register/households?q=330802103202000017")).text


async def test_filters_narrow_the_list(client_as, make_house) -> None:
    await stored(make_house(code="T-LOW-1", low_income=True), make_house(code="T-RICH-1"))
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        page = (await http.get("/register/households", params={"low_income": "1", "division": VILLAGE})).text
        assert "T-LOW-1" in page
        assert "T-RICH-1" not in page
        book = load_workbook(io.BytesIO((await http.get("/register/households", params={"format": "xlsx"})).content))
    assert len(list(book.worksheets[1].iter_rows())) == 3


async def test_numbers_stay_behind_masks_until_a_reason_is_given(client_as, make_house) -> None:
    house = make_house(bank_account="6228480402564890018", phone="13812345678")
    (key,) = await stored(house)
    number = house.head.resident_id
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        page = (await http.get(f"/register/households/{key}")).text
        assert f"{number[:6]}**********{number[-2:]}" in page
        assert "138****5678" in page
        assert number not in page
        assert house.bank_account not in page
        address = f"/register/households/{key}/reveal/bank/0"
        asked = await http.post(address, data={"reason": "查"})
        assert (asked.status_code, house.bank_account in asked.text) == (422, False)
        shown = await http.post(address, data={"reason": "核对银行退回的直补资金"})
        assert house.bank_account in shown.text
        assert shown.headers["cache-control"] == "no-store"
        past = (await http.get(f"/register/households/{key}")).text
    assert "查看了完整银行账号" in past
    assert "核对银行退回的直补资金" in past


async def test_a_village_clerk_reveals_nothing(client_as, make_house) -> None:
    (key,) = await stored(make_house())
    async with client_as(Role.VILLAGE_CLERK, VILLAGE) as http:
        assert (await http.get(f"/register/households/{key}/reveal/bank/0")).status_code == 403
        assert (await http.get("/register/imports")).status_code == 403
        assert (await http.get(f"/register/households/{key}")).status_code == 200


async def test_another_countys_household_is_not_there(client_as, make_house) -> None:
    (key,) = await stored(make_house(village=BAIMA))
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        for path in ("", "/edit", "/members/new", "/reveal/bank/0"):
            assert (await http.get(f"/register/households/{key}{path}")).status_code == 404
        assert (await http.get(f"/api/v1/register/households/{key}")).status_code == 404


def household(number: str, **more: str) -> dict[str, str]:
    """What a clerk types for a new household."""
    return {"name": "王新户", "resident_id": number, "code": "T-NEW-1", "division_code": VILLAGE, "support": "cash",
            "migrant": "on", **more}  # fmt: skip


async def test_a_household_is_registered_changed_and_closed(client_as, ids) -> None:
    number = ids.next(date(1980, 5, 5), "female")
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        token = once((await http.get("/register/households/new")).text)
        made = await http.post("/register/households/new", data=household(number, once=token, phone="13812345678"))
        assert made.status_code == 303
        again = await http.post("/register/households/new", data=household(number, once=token))
        assert again.headers["location"] == made.headers["location"]
        home = made.headers["location"]
        page = (await http.get(f"{home}/edit")).text
        changed = household("", once=once(page), version=version(page), low_income="on", code="T-NEW-1")
        assert (await http.post(f"{home}/edit", data=changed)).status_code == 303
        late = await http.post(f"{home}/edit", data={**changed, "once": once((await http.get(f"{home}/edit")).text)})
        assert (late.status_code, "REG-203" in late.text) == (409, True)
        page = (await http.get(home)).text
        assert "138****5678" in page
        closed = await http.post(f"{home}/close", data={"once": once(page), "version": version(page), "reason": "迁出"})
        assert closed.status_code == 303
        assert "已注销" in (await http.get(home)).text
    async with system_tx("test") as tx:
        row = await tx.conn.fetchrow("SELECT low_income, state, members FROM register_household")
    assert tuple(row) == (True, "closed", 1)


@pytest.mark.parametrize(
    ("cells", "code"),
    [({"resident_id": "330802199001011000"}, "KRN-617"), ({"resident_id": "110105194912310021"}, "KRN-616"),
     ({"phone": "12"}, "REG-117"), ({"division_code": BAIMA}, "REG-114"), ({"code": "户"}, "REG-118"),
     ({"name": "长" * 20_000}, "WEB-103"), ({"moved_year": "1800"}, "WEB-108"),
     ({"bank_account": "6.2E+18"}, "KRN-611")],
    ids=str,
)  # fmt: skip
async def test_a_wrong_field_is_told_and_nothing_typed_is_lost(
    client_as, ids, cells: dict[str, str], code: str
) -> None:
    given = household(ids.next(date(1980, 5, 5), "female"), reservoir="湖南镇水库")
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        answer = await http.post("/register/households/new", data={**given, **cells})
    assert answer.status_code == 422
    assert code in answer.text
    assert "湖南镇水库" in answer.text


async def test_people_come_change_and_leave(client_as, make_house, ids) -> None:
    (key,) = await stored(make_house())
    home = f"/register/households/{key}"
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        page = (await http.get(f"{home}/members/new")).text
        wife = {
            "name": "李芳",
            "relation": "spouse",
            "resident_id": ids.next(date(1975, 1, 1), "female"),
            "migrant": "on",
        }
        came = await http.post(f"{home}/members/new", data={**wife, "once": once(page), "version": version(page)})
        assert came.status_code == 303
        async with system_tx("test") as tx:
            person = await tx.conn.fetchval("SELECT id FROM register_member WHERE name = '李芳'")
        page = (await http.get(f"{home}/members/{person}")).text
        head = {"name": "李芳", "relation": "head", "once": once(page), "version": version(page), "migrant": "on"}
        assert (await http.post(f"{home}/members/{person}", data=head)).status_code == 303
        page = (await http.get(home)).text
        assert "李芳户" in page
        async with system_tx("test") as tx:
            old = await tx.conn.fetchrow("SELECT id, version, relation FROM register_member WHERE name = '王小明'")
        assert old["relation"] == "other"
        leave = {"reason": "迁出", "version": str(old["version"])}
        assert (await http.post(f"{home}/members/{old['id']}/leave", data=leave)).status_code == 303
    async with system_tx("test") as tx:
        row = await tx.conn.fetchrow("SELECT head_name, members, migrants FROM register_household")
    assert tuple(row) == ("李芳", 1, 1)


async def test_the_head_cannot_leave(client_as, make_house) -> None:
    (key,) = await stored(make_house())
    async with system_tx("test") as tx:
        person = await tx.conn.fetchval("SELECT id FROM register_member")
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        answer = await http.post(
            f"/register/households/{key}/members/{person}/leave", data={"reason": "迁出", "version": "1"}
        )
    assert (answer.status_code, "REG-207" in answer.text) == (409, True)


def workbook(*rows: dict[str, str]) -> bytes:
    """A filled-in template."""
    book = Workbook()
    page = book.active
    page.append([c.title for c in COLUMNS])
    for row in rows:
        page.append([row.get(c.key, "") for c in COLUMNS])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


async def finished(http: Any, address: str) -> str:
    """The page of an import, when nothing is under way any more."""
    for _ in range(100):
        page = str((await http.get(address)).text)
        if "import-progress" not in page:
            return page
        await asyncio.sleep(0.1)
    raise AssertionError(page)


def person(ids: Any, **cells: str) -> dict[str, str]:
    """A right row."""
    return {"household_code": "T-X-1", "village_code": VILLAGE, "name": "王小明", "relation": "户主",
            "support": "直补到人", "resident_id": ids.next(date(1970, 1, 1), "male"), **cells}  # fmt: skip


async def test_a_sheet_goes_all_the_way(client_as, ids) -> None:
    sheet = workbook(person(ids), person(ids, household_code="T-X-2", resident_id="3.30802E+17"))
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        token = once((await http.get("/register/imports")).text)
        files = {"file": ("../../名册.xlsx", sheet)}
        sent = await http.post("/register/imports", data={"once": token}, files=files)
        assert sent.status_code == 303, sent.text
        home = sent.headers["location"]
        page = await finished(http, home)
        assert "KRN-611" in page
        assert "../" not in page
        book = load_workbook(io.BytesIO((await http.get(f"{home}/failed.xlsx")).content))
        rows = [[c.value for c in row] for row in book.worksheets[0].iter_rows()]
        assert rows[0][:1] + rows[0][-2:] == ["户编号", "原行号", "未通过的原因"]
        assert rows[1][0] == "T-X-2"
        assert rows[1][-2] == "3"
        assert "KRN-611" in rows[1][-1]
        refused = await http.post(f"{home}/apply", data={"mode": "all"})
        assert (refused.status_code, "REG-214" in refused.text) == (409, True)
        assert (await http.post(f"{home}/apply", data={"mode": "valid"})).status_code == 303
        assert "已写入登记册" in await finished(http, home)
        assert "T-X-1" in (await http.get("/register/households")).text
        again = await http.post("/register/imports", files=files)
        assert (again.status_code, "REG-105" in again.text) == (409, True)
        key = re.search(r"/register/households/(\d+)", (await http.get("/register/households?q=T-X-1")).text)
        assert key is not None
        assert "随名册导入登记了这一户" in (await http.get(key[0])).text


async def test_the_template_comes_back_as_an_import(client_as, ids) -> None:
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        book = load_workbook(io.BytesIO((await http.get("/register/imports/template.xlsx")).content))
        assert [ws.title for ws in book.worksheets] == ["登记", "填写说明", "村代码"]
        assert book["村代码"]["A2"].value == VILLAGE
        row = person(ids)
        book["登记"].append([row.get(c.key, "") for c in COLUMNS])
        out = io.BytesIO()
        book.save(out)
        sent = await http.post("/register/imports", files={"file": ("a.xlsx", out.getvalue())})
        assert "新登记" in await finished(http, sent.headers["location"])


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [(b"%PDF-1.7", 422, "KRN-630"), (b"PK\x03\x04", 422, "KRN-632"), (b"\xd0\xcf\x11\xe0" + bytes(99), 422, "KRN-631"),
     (b"", 422, "REG-103"), (bytes(33 << 20), 413, "WEB-413")],
    ids=["pdf", "broken zip", "xls", "empty", "too big"],
)  # fmt: skip
async def test_a_file_that_is_no_sheet_is_refused(client_as, content: bytes, status: int, code: str) -> None:
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        answer = await http.post("/register/imports", files={"file": ("a.xlsx", content)})
    assert (answer.status_code, code in answer.text) == (status, True)


async def test_the_roster_leaves_with_masked_numbers(client_as, make_house, make_person) -> None:
    house = make_house(people=(make_person("王小明"), make_person("李芳", Relation.SPOUSE)))
    await stored(house)
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        answer = await http.get("/register/members/roster.xlsx", params={"q": "李芳"})
    rows = [[c.value for c in row] for row in load_workbook(io.BytesIO(answer.content)).worksheets[1].iter_rows()]
    number = house.people[1].resident_id
    assert [r[2] for r in rows] == ["姓名", "李芳"]
    assert rows[1][-1] == f"{number[:6]}**********{number[-2:]}"


async def test_the_api_registers_and_refuses_like_the_pages(client_as, ids) -> None:
    number = ids.next(date(1980, 5, 5), "female")
    given = {"name": "王接口", "resident_id": number, "code": "T-API-1", "division_code": VILLAGE, "support": "cash"}
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        made = await http.post("/api/v1/register/households", json=given)
        assert made.status_code == 201, made.text
        key = made.json()["id"]
        told = (await http.get(f"/api/v1/register/households/{key}")).json()
        assert told["people"][0]["resident_id_masked"] == f"{number[:6]}**********{number[-2:]}"
        twice = await http.post("/api/v1/register/households", json={**given, "code": "T-API-2"})
        assert (twice.status_code, twice.json()["code"]) == (409, "REG-202")
        wrong = await http.post("/api/v1/register/households", json={**given, "resident_id": "1"})
        assert wrong.json()["errors"][0]["field"] == "resident_id"
        stale = {**{k: given[k] for k in ("code", "division_code", "support")}, "version": 99}
        assert (await http.put(f"/api/v1/register/households/{key}", json=stale)).json()["code"] == "REG-203"
        found = (await http.get("/api/v1/register/households", params={"name": "接口"})).json()
        assert [item["code"] for item in found["items"]] == ["T-API-1"]
        assert found["next"] is None


async def test_a_program_that_sends_an_empty_number_is_told_so(client_as) -> None:
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        given = {"name": "王接口", "resident_id": "", "code": "T-API-2", "division_code": VILLAGE, "support": "cash"}
        answer = await http.post("/api/v1/register/households", json=given)
    assert answer.status_code == 422
    assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [("resident_id", "REG-110")]

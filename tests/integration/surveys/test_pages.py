"""The sampling room through the real application: two persons, one file, an outsider's short list."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from house import BAIMA, CITY, KECHENG, VILLAGE

from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.tx import system_tx
from surveys.recompute import recompute_sample

Client = Callable[..., AbstractAsyncContextManager[Any]]
SEE_OTHER, OK, DENIED, NOT_FOUND, CONFLICT = 303, 200, 403, 404, 409


async def settle() -> None:
    """Put households into two villages."""
    async with system_tx("test") as tx:
        await tx.conn.executemany(
            "INSERT INTO register_household (code, division_code, head_name, name_grams, support, members, migrants)"
            " VALUES ($1, $2, $3, '{}', 'cash', 3, 3)",
            [(f"T{village}-{n:03d}", village, f"户主{n}") for village in (VILLAGE, BAIMA) for n in range(40)],
        )


async def send(http: Any, page: str, action: str, **fields: str) -> Any:
    """Fetch a page for its token, then post a form."""
    shown = (await http.get(page)).text
    found = re.search(r'name="once" value="([^"]+)"', shown)
    return await http.post(action, data={"once": found[1] if found else "", **fields})


async def drawn(http: Any) -> str:
    """Open, freeze and draw a survey; answer its address."""
    await settle()
    made = await send(http, "/samples/new", "/samples/new", title="年度抽样", year="2026")
    assert made.status_code == SEE_OTHER
    here = str(made.headers["location"])
    assert (await send(http, here, f"{here}/freeze")).status_code == SEE_OTHER
    assert (await send(http, here, f"{here}/draw", seed="公开摇号 20260916", seed_note="公告")).status_code == SEE_OTHER
    return here


async def test_the_same_person_cannot_confirm_and_another_can(client_as: Client, tmp_path: Path) -> None:
    async with client_as(Role.CITY_CLERK, CITY) as clerk:
        here = await drawn(clerk)
        again = await send(clerk, here, f"{here}/confirm")
        assert (again.status_code, "SUR-121" in again.text) == (CONFLICT, True)
        async with client_as(Role.CITY_LEADER, CITY) as leader:
            assert (await send(leader, here, f"{here}/confirm")).status_code == SEE_OTHER
            shown = (await leader.get(here)).text
            assert "复抽一致" in shown
            listed = (await leader.get(f"{here}/households")).text
            assert listed.count("户主") >= 4
            sheet = await leader.get(f"{here}/file")
    file = tmp_path / "sample.csv"
    file.write_bytes(sheet.content)
    assert "公开摇号 20260916" in recompute_sample(file)


async def test_a_county_sees_numbers_and_no_names(client_as: Client) -> None:
    async with client_as(Role.CITY_CLERK, CITY) as clerk:
        here = await drawn(clerk)
    async with client_as(Role.COUNTY_CLERK, KECHENG) as county:
        shown = await county.get(here)
        assert (shown.status_code, "户主" in shown.text) == (OK, False)
        for path in (f"{here}/households", f"{here}/file", "/samples/new", "/samples/mine"):
            assert (await county.get(path)).status_code == DENIED
        assert (await county.post(f"{here}/confirm")).status_code == DENIED


async def test_a_form_with_slips_comes_back_with_each_beside_its_field(client_as: Client) -> None:
    async with client_as(Role.CITY_CLERK, CITY) as http:
        answer = await send(http, "/samples/new", "/samples/new", title="抽", year="二〇二六")
        assert answer.status_code == 422
        assert ("WEB-104" in answer.text, "WEB-106" in answer.text) == (True, True)
        assert (await http.get("/samples/999999")).status_code == NOT_FOUND


async def test_what_was_typed_stays_when_a_step_is_refused(client_as: Client) -> None:
    async with client_as(Role.CITY_CLERK, CITY) as http:
        await settle()
        made = await send(http, "/samples/new", "/samples/new", title="年度抽样", year="2026")
        here = made.headers["location"]
        await send(http, here, f"{here}/freeze")
        answer = await send(http, here, f"{here}/draw", seed="太短")
        assert ("SUR-104" in answer.text, 'value="太短"' in answer.text) == (True, True)


async def test_the_api_answers_the_same_numbers(client_as: Client) -> None:
    async with client_as(Role.CITY_CLERK, CITY) as http:
        here = await drawn(http)
        (one,) = (await http.get("/api/v1/samples")).json()
        assert (one["state"], one["households"], one["sampled"]) == ("drawn", 80, 4)
        strata = (await http.get(f"/api/v1{here}/strata")).json()
        assert [row["main"] for row in strata] == [2, 2]


async def test_what_waits_stands_on_the_home_page_of_whoever_can_do_it(client_as: Client) -> None:
    async with client_as(Role.CITY_CLERK, CITY) as clerk:
        await drawn(clerk)
        assert "待另一人复抽" not in (await clerk.get("/home")).text
    async with client_as(Role.CITY_LEADER, CITY) as leader:
        assert "待另一人复抽" in (await leader.get("/home")).text


async def test_case_officers_learn_the_seed_only_when_nobody_is_asked_any_more(client_as: Client) -> None:
    async with client_as(Role.CITY_CLERK, CITY) as clerk:
        here = await drawn(clerk)
        (one,) = (await clerk.get("/api/v1/samples")).json()
        seed = one["seed"]
        assert seed in (await clerk.get(here)).text
    async with client_as(Role.COUNTY_CLERK, KECHENG) as county:
        (one,) = (await county.get("/api/v1/samples")).json()
        assert (one["state"], one["seed"]) == ("drawn", "")
        shown = await county.get(here)
        assert (shown.status_code, seed in shown.text, "调查结束后公布" in shown.text) == (200, False, True)


async def test_a_void_draw_stays_in_sight_and_takes_two(client_as: Client) -> None:
    async with client_as(Role.CITY_CLERK, CITY) as clerk, client_as(Role.CITY_LEADER, CITY) as leader:
        here = await drawn(clerk)
        assert (await send(clerk, here, f"{here}/ask_void", reason="抽样框漏了一个村")).status_code == SEE_OTHER
        alone = await send(clerk, here, f"{here}/agree_void", reason="我同意")
        assert (alone.status_code, "SUR-138" in alone.text, "不同意，样本保留" in alone.text) == (CONFLICT, True, False)
        assert "申请作废，待决定" not in (await clerk.get("/home")).text
        assert "申请作废，待决定" in (await leader.get("/home")).text
        shown = (await leader.get(here)).text
        assert ("抽样框漏了一个村" in shown, f'action="{here}/agree_void"' in shown) == (True, True)
        empty = await send(leader, here, f"{here}/agree_void", reason="")
        assert (empty.status_code, "WEB-101" in empty.text) == (422, True)
        assert (await send(leader, here, f"{here}/agree_void", reason="情况属实")).status_code == SEE_OTHER
        shown = (await leader.get(here)).text
        assert ("公开摇号 20260916" in shown, "抽样框漏了一个村" in shown, "情况属实" in shown) == (True, True, True)
        assert (await leader.get(f"{here}/households")).text.count("户主") >= 4
        made = await send(clerk, "/samples/new", "/samples/new", title="年度抽样（二）", year="2026")
        again = (await clerk.get(made.headers["location"])).text
        assert ("2026 年度另有 1 次已抽取的样本作废" in again, f'href="{here}"' in again) == (True, True)

"""The shell: headers on every answer, foreign writes refused, errors that say what to do next."""

import re
from datetime import date

import msgspec
import pytest
from house import make_account
from litestar.datastructures import Headers

from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.tasks import Task
from quzhou_migrants.web import assets
from quzhou_migrants.web.home import grouped
from quzhou_migrants.web.render import ENV, see_other
from quzhou_migrants.web.security import HEADERS, from_our_own_page

KECHENG = "330802000000"
TODAY = date(2026, 9, 16)


@pytest.mark.parametrize(("path", "status"), [("/health", 200), ("/sign-in", 200), ("/home", 303), ("/nothing", 404)])
async def test_every_answer_carries_the_strict_headers(client_as, path, status):
    async with client_as(None) as http:
        answer = await http.get(path)
    assert answer.status_code == status
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert re.search(r"https?:|\*", answer.headers["content-security-policy"]) is None


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "", "Origin": "http://evil.example"},
        {"Sec-Fetch-Site": "", "Origin": "null"},
    ],
)
async def test_a_write_that_another_site_causes_is_refused(client_as, headers):
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        answer = await http.post("/sign-out", headers=headers)
        assert answer.status_code == 403
        assert "WEB-403" in answer.text
        assert (await http.get("/home")).status_code == 200


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({}, True),
        ({"origin": "https://qm.example"}, True),
        ({"origin": "https://qm.example.evil"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "https://qm.example"}, False),
    ],
)
def test_whose_page_sent_a_write(headers, ours):
    assert from_our_own_page(Headers(headers), "qm.example") is ours


async def test_unknown_page_says_what_to_do(client_as):
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        answer = await http.get("/nothing")
    assert answer.status_code == 404
    assert "没有找到这个页面" in answer.text
    assert "从首页重新进入" in answer.text
    assert "WEB-404" in answer.text


@pytest.mark.parametrize("path", ["/nothing", "/projects/nothing", "/visits/12/nothing"])
async def test_unknown_page_stands_in_the_frame_of_who_asks(client_as, path):
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        answer = await http.get(path)
    shown = ('class="side"' in answer.text, "演示单位" in answer.text, 'href="/home">回到首页' in answer.text)
    assert (answer.status_code, *shown) == (404, True, True, True)
    assert (answer.headers["content-security-policy"], len(answer.headers["x-request-id"])) == (
        HEADERS["Content-Security-Policy"],
        16,
    )
    async with client_as(None) as http:
        stranger = await http.get(path)
    assert (stranger.status_code, 'class="side"' in stranger.text, "工作人员登录" in stranger.text) == (
        404,
        False,
        True,
    )


async def test_a_program_gets_problem_details(client_as):
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        answer = await http.get("/api/v1/nothing")
    assert answer.headers["content-type"].startswith("application/problem+json")
    body = msgspec.json.decode(answer.content)
    assert (body["status"], body["code"], body["title"]) == (404, "WEB-404", "Not Found")


@pytest.mark.parametrize(
    ("body", "field", "wanted"),
    [({"project": "x"}, "project", "`int`"), ({}, "$", "missing required field"), ([], "$", "`object`")],
)
async def test_a_program_is_told_which_field_it_sent_wrongly(client_as, body, field, wanted):
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        told = (await http.post("/api/v1/claims", json=body)).json()
    assert (told["status"], told["code"]) == (400, "WEB-400")
    assert [(e["field"], e["code"], wanted in e["detail"]) for e in told["errors"]] == [(field, "WEB-120", True)]


async def test_a_failure_is_told_even_when_no_page_can_be_drawn(client_as, monkeypatch):
    monkeypatch.setitem(ENV.globals, "asset", unbuilt)
    async with client_as(None) as http:
        answer = await http.get("/sign-in")
    assert answer.status_code == 500
    assert answer.headers["content-type"].startswith("text/plain")
    assert "KRN-500" in answer.text
    assert answer.headers["content-security-policy"] == HEADERS["Content-Security-Policy"]


def unbuilt(name: str) -> str:
    raise assets.AssetsMissing(name)


async def test_wrong_method_is_told(client_as):
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        answer = await http.post("/home")
    assert answer.status_code == 405
    assert "WEB-405" in answer.text


async def test_a_body_over_the_limit_is_refused(client_as):
    async with client_as(None) as http:
        answer = await http.post("/sign-in", data={"login": "x" * 3_000_000, "password": "y"})
    assert answer.status_code == 413
    assert "WEB-413" in answer.text


async def test_without_sign_in_a_page_leads_there_and_back(client_as):
    async with client_as(None) as http:
        answer = await http.get("/accounts?q=x")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2Faccounts%3Fq%3Dx"


async def test_a_form_sent_after_the_session_ended_is_kept(client_as):
    async with client_as(Role.COUNTY_ADMIN, KECHENG) as http:
        cookies = dict(http.cookies)
        http.cookies.clear()
        answer = await http.post("/accounts/new", data={"name": "没写完的人", "login": "halfway"})
        assert answer.status_code == 303
        token = re.fullmatch(r"/sign-in\?parked=(.+)", answer.headers["location"])[1]
        http.cookies.update(cookies)
        resumed = await http.get(f"/resume/{token}")
        assert 'action="/accounts/new"' in resumed.text
        assert 'name="name" value="没写完的人"' in resumed.text
        assert (await http.get(f"/resume/{token}")).status_code == 303


@pytest.mark.parametrize("path", ["/sign-in", "/public", "/c", "/nothing"])
async def test_what_is_invented_says_so_to_everybody(db, client_as, path):
    await make_account(db, Role.COUNTY_CLERK, KECHENG)  # sets the clock of a demonstration
    async with client_as(None) as http:
        page = (await http.get(path)).text
    assert "演示环境" in page
    assert "2026年9月16日" in page
    assert "/demo/date" not in page


async def test_home_greets_the_post_and_says_when_nothing_waits(client_as):
    async with client_as(Role.INSPECTOR, KECHENG) as http:
        answer = await http.get("/home")
    assert answer.status_code == 200
    assert "待办事项" in answer.text
    assert answer.headers["cache-control"] == "no-store"


async def test_navigation_offers_only_what_the_post_may_open(client_as):
    async with client_as(Role.COUNTY_ADMIN, KECHENG) as http:
        offered = re.findall(r'<li><a href="([^"]+)"', (await http.get("/home")).text)
        assert "/accounts" in offered
        assert {(await http.get(url)).status_code for url in offered} == {200}
    async with client_as(Role.VILLAGE_CLERK, "330802100201") as http:
        assert "/accounts" not in re.findall(r'<li><a href="([^"]+)"', (await http.get("/home")).text)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("in=households&q=王伟", "/register/households"),
        ("in=projects&q=机耕路", "/projects"),
        ("in=nothing", "/projects"),
    ],
)
async def test_the_search_of_the_top_bar_leads_to_the_list_that_answers(client_as, asked, found):
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        answer = await http.get(f"/find?{asked}")
        assert answer.headers["location"].partition("?")[0] == found
        assert (await http.get(answer.headers["location"])).status_code == 200


async def test_built_files_may_be_kept_for_ever(client_as):
    async with client_as(None) as http:
        page = (await http.get("/sign-in")).text
        urls = re.findall(r'(?:src|href)="(/static/[^"]+)"', page)
        assert len(urls) >= 3
        for url in urls:
            answer = await http.get(url)
            assert answer.status_code == 200
            assert "immutable" in answer.headers["cache-control"]


def test_tasks_are_grouped_by_date_the_most_pressing_first():
    def task(title: str, due: date | None) -> Task:
        return Task(title, "/x", due, "", "")

    tasks = [
        task("d", None),
        task("c", date(2026, 9, 24)),
        task("b", date(2026, 9, 23)),
        task("a", date(2026, 9, 15)),
        task("e", TODAY),
        task("f", date(2026, 9, 1)),
    ]
    assert [(kind, [t.title for t in listed]) for _, kind, listed in grouped(tasks, TODAY)] == [
        ("late", ["f", "a"]),
        ("soon", ["e", "b"]),
        ("later", ["c", "d"]),
    ]


@pytest.mark.parametrize("path", ["//evil.example", "https://evil.example", "/\\evil.example", "home"])
def test_nothing_leads_outside(path):
    with pytest.raises(ValueError, match=r"evil|home"):
        see_other(path)

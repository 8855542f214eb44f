"""The pages, over HTTP with real sessions: one application from the first form to the reserve."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from house import BAIMA, KECHENG, NIANLI, QUJIANG, actor
from project_house import TYPED, picture, show_for_good

from quzhou_migrants.accounts.roles import Role

Client = Callable[..., AbstractAsyncContextManager[Any]]
SEE_OTHER = 303


async def seen(http: Any, path: str) -> str:
    answer = await http.get(path)
    assert answer.status_code == 200, (path, answer.status_code, answer.text[:600])
    return str(answer.text)


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return found[1]


async def sent(http: Any, path: str, page: str, files: Any = None, **fields: str) -> str:
    answer = await http.post(path, data={"once": hidden(page, "once"), **fields}, files=files)
    assert answer.status_code == SEE_OTHER, (path, answer.status_code, re.sub(r"<[^>]+>|\s+", " ", answer.text)[-1500:])
    return str(answer.headers["location"])


async def drafted(http: Any) -> str:
    page = await seen(http, "/projects/new")
    tasks = await sent(http, "/projects/new", page, title="白马新村渠道", category="farmland_water")
    for section, fields in TYPED.items():
        address = f"{tasks}/{section}"
        await sent(http, address, await seen(http, address), **fields)
    papers = f"{tasks}/papers"
    for kind in ("resolution", "notice", "design"):
        await sent(
            http,
            tasks.replace("apply", "papers"),
            await seen(http, papers),
            files={"paper": (f"{kind}.png", picture(), "image/png")},
            kind=kind,
        )
    return tasks.removesuffix("/apply")


async def filed(http: Any) -> str:
    project = await drafted(http)
    receipt = await sent(http, f"{project}/submit", await seen(http, f"{project}/submit"), declare="on")
    assert receipt == f"{project}/receipt"
    return project


async def test_village_files_township_returns_village_corrects_county_admits(client_as: Client) -> None:
    async with client_as(Role.VILLAGE_CLERK, BAIMA) as village:
        project = await filed(village)
        number = project.rsplit("/", 1)[1]
        assert f"202609-330803-{int(number):06d}" in await seen(village, f"{project}/receipt")
        assert "待乡镇审查" in await seen(village, project)
        async with client_as(Role.TOWNSHIP_CLERK, NIANLI) as town:
            assert "白马新村灌溉渠道修复工程" in await seen(town, "/reserve/queue")
            page = await seen(town, f"/reserve/{number}")
            assert "应到 45 人，到会 32 人" in page
            fields = {
                "remarks.0.field": "goals",
                "remarks.0.text": "请写明满意度的调查方式",
                "seen": hidden(page, "seen"),
            }
            await sent(town, f"/reserve/{number}/return", page, **fields)
            page = await seen(village, f"{project}/apply/benefit")
            assert "退回意见：请写明满意度的调查方式" in page
            assert "退回补正" in await seen(village, f"{project}/apply")
            await sent(village, f"{project}/submit", await seen(village, f"{project}/submit"), declare="on")
            page = await seen(town, f"/reserve/{number}")
            assert "请写明满意度的调查方式" in page
            await sent(town, f"/reserve/{number}/pass", page, seen=hidden(page, "seen"), opinion="同意")
        async with client_as(Role.COUNTY_CLERK, QUJIANG) as county:
            page = await seen(county, f"/reserve/{number}")
            await sent(county, f"/reserve/{number}/admit", page, seen=hidden(page, "seen"), years="5", opinion="")
            assert "2031-09-16" in await seen(county, "/reserve")
            assert "核准入库" in await seen(county, project)


async def test_a_double_click_files_once_and_leads_to_the_same_receipt(client_as: Client) -> None:
    async with client_as(Role.VILLAGE_CLERK, BAIMA) as village:
        project = await drafted(village)
        page = await seen(village, f"{project}/submit")
        clicks = [sent(village, f"{project}/submit", page, declare="on") for _ in range(3)]
        assert set(await asyncio.gather(*clicks)) == {f"{project}/receipt"}
        assert await sent(village, f"{project}/submit", page, declare="on") == f"{project}/receipt"
        assert (await seen(village, project)).count("提交了申报") == 1


async def test_the_slower_reviewer_sees_who_was_faster_and_keeps_the_text(client_as: Client) -> None:
    async with client_as(Role.VILLAGE_CLERK, BAIMA) as village:
        number = (await filed(village)).rsplit("/", 1)[1]
    async with client_as(Role.TOWNSHIP_CLERK, NIANLI) as first, client_as(Role.TOWNSHIP_CLERK, NIANLI) as second:
        slow = await seen(second, f"/reserve/{number}")
        fast = await seen(first, f"/reserve/{number}")
        await sent(first, f"/reserve/{number}/pass", fast, seen=hidden(fast, "seen"), opinion="同意")
        data = {
            "once": hidden(slow, "once"),
            "seen": hidden(slow, "seen"),
            "remarks.0.field": "goals",
            "remarks.0.text": "请写明满意度的调查方式",
        }
        answer = await second.post(f"/reserve/{number}/return", data=data)
        assert answer.status_code == 409
        assert "这份申报刚刚已由他人处理" in answer.text
        assert "乡镇审查通过" in answer.text
        assert "请写明满意度的调查方式" in answer.text


async def test_of_two_decisions_at_the_same_moment_one_counts(client_as: Client) -> None:
    async with client_as(Role.VILLAGE_CLERK, BAIMA) as village:
        project = await filed(village)
        number = project.rsplit("/", 1)[1]
        async with client_as(Role.TOWNSHIP_CLERK, NIANLI) as first, client_as(Role.TOWNSHIP_CLERK, NIANLI) as second:
            pages = [await seen(http, f"/reserve/{number}") for http in (first, second)]
            answers = await asyncio.gather(
                *(
                    http.post(f"/reserve/{number}/pass", data={"once": hidden(p, "once"), "seen": hidden(p, "seen")})
                    for http, p in zip((first, second), pages, strict=True)
                )
            )
        assert sorted(a.status_code for a in answers) == [303, 409]
        assert (await seen(village, project)).count("乡镇审查通过") == 1


async def test_what_is_typed_is_kept_by_autosave_and_shown_again(client_as: Client) -> None:
    async with client_as(Role.VILLAGE_CLERK, BAIMA) as village:
        page = await seen(village, "/projects/new")
        tasks = await sent(village, "/projects/new", page, title="白马新村渠道", category="farmland_water")
        kept = await village.post(
            f"{tasks}/works/keep", data={"asked_fen": "四十万", "content": "修复灌溉渠道一千二百米"}
        )
        assert kept.status_code == 200
        page = await seen(village, f"{tasks}/works")
        assert "四十万" in page
        assert "修复灌溉渠道一千二百米" in page
        page = await seen(village, tasks)
        assert "申报尚未提交" in page
        assert "有待改正" in page
        assert "尚未填写" in await seen(village, tasks.removesuffix("/apply"))  # not an estimate of 0
        answer = await village.post(f"{tasks.removesuffix('/apply')}/submit", data={"declare": "on"})
        assert answer.status_code == 422
        assert "暂不能提交" in answer.text


async def test_a_file_that_is_not_what_its_name_says_is_refused_beside_the_field(client_as: Client) -> None:
    async with client_as(Role.VILLAGE_CLERK, BAIMA) as village:
        page = await seen(village, "/projects/new")
        tasks = await sent(village, "/projects/new", page, title="白马新村渠道", category="farmland_water")
        page = await seen(village, f"{tasks}/papers")
        answer = await village.post(
            tasks.replace("apply", "papers"),
            data={"once": hidden(page, "once"), "kind": "design"},
            files={"paper": ("design.pdf", b"MZ\x90\x00 not a pdf", "application/pdf")},
        )
        assert answer.status_code in {415, 422}
        assert "KRN-641" in answer.text


async def test_lists_open_for_every_tier_with_every_filter(client_as: Client) -> None:
    for role, place in ((Role.VILLAGE_CLERK, BAIMA), (Role.TOWNSHIP_CLERK, NIANLI), (Role.COUNTY_LEADER, QUJIANG)):
        async with client_as(role, place) as http:
            for path in ("/projects", "/reserve", "/reserve/queue", "/plan"):
                await seen(http, f"{path}?q=渠道&category=industry&division={QUJIANG}&state=admitted&sort=-asked_fen")
                await seen(http, f"{path}?q=000012&window=2026-09&year=2027&expires_before=2031-01-01&sort=valid_until")
            assert (await http.get("/projects?format=xlsx")).status_code == 200


async def test_what_no_column_holds_is_kept_without_it(client_as: Client) -> None:
    async with client_as(Role.VILLAGE_CLERK, BAIMA) as village:
        page = await seen(village, "/projects/new")
        tasks = await sent(village, "/projects/new", page, title="白马新村渠道", category="farmland_water")
        long = "渠" * 20_000
        kept = await village.post(f"{tasks}/works/keep", data={"content": f"\x00{long}", "asked_fen": "𠮷\x00"})
        assert kept.status_code == 200
        page = await seen(village, f"{tasks}/works")
        assert long in page
        assert "WEB-103" in page
        assert "𠮷" in page


async def test_another_countys_project_is_not_found(client_as: Client) -> None:
    async with client_as(Role.VILLAGE_CLERK, BAIMA) as village:
        number = (await filed(village)).rsplit("/", 1)[1]
    async with client_as(Role.COUNTY_CLERK, KECHENG) as other:
        paths = [
            f"/projects/{number}",
            f"/reserve/{number}",
            f"/projects/{number}/receipt",
            f"/api/v1/projects/{number}",
        ]
        assert [(await other.get(path)).status_code for path in paths] == [404, 404, 404, 404]
        answer = await other.post(f"/api/v1/projects/{number}/admit", json={"seen": 1, "years": 3})
        assert (answer.status_code, answer.json()["code"]) == (404, "KRN-404")


async def test_plan_and_works_over_http(client_as: Client) -> None:
    async with client_as(Role.VILLAGE_CLERK, BAIMA) as village, client_as(Role.COUNTY_CLERK, QUJIANG) as county:
        project = await filed(village)
        number = project.rsplit("/", 1)[1]
        async with client_as(Role.TOWNSHIP_CLERK, NIANLI) as town:
            page = await seen(town, f"/reserve/{number}")
            await sent(town, f"/reserve/{number}/pass", page, seen=hidden(page, "seen"))
        page = await seen(county, f"/reserve/{number}")
        await sent(county, f"/reserve/{number}/admit", page, seen=hidden(page, "seen"), years="3")
        page = await seen(county, "/plan/new")
        plan = await sent(
            county,
            "/plan/new",
            page,
            year="2027",
            batch="1",
            title="衢江区2027年度计划",
            money_fen="1000000",
            money_source="2026年第一批",
        )
        page = await seen(county, plan)
        pick = {"picks.0.project": number, "picks.0.take": "on", "picks.0.amount_fen": "1000001"}
        answer = await county.post(f"{plan}/items", data={"once": hidden(page, "once"), **pick})
        assert answer.status_code == 422
        assert "PRJ-312" in answer.text
        meter = await county.post(f"{plan}/meter", data=pick)
        assert "本次勾选 1 个" in meter.text
        await sent(county, f"{plan}/items", page, **{**pick, "picks.0.amount_fen": "424,660.00"})
        await show_for_good(int(plan.rsplit("/", 1)[1].split("?")[0]), actor(Role.COUNTY_CLERK, QUJIANG))
        for kind, head in (("pdf", b"%PDF"), ("xlsx", b"PK")):
            assert (await county.get(f"{plan}/table.{kind}")).content.startswith(head)
        async with client_as(Role.COUNTY_LEADER, QUJIANG) as leader:
            page = await seen(leader, plan)
            assert "424,660.00" in page
            why = "储备库中产业和创业致富项目不足"
            number_of = plan.rsplit("/", 1)[1].split("?")[0]
            whole = (await leader.get(f"/api/v1/plans/{number_of}")).json()
            assert [line["amount_fen"] for line in whole["table"]] == [42_466_000]
            failing = [s["share"] for s in whole["shares"] if not s["holds"]]
            assert failing == ["startup", "industry", "township"]
            assert [p["id"] for p in (await leader.get("/api/v1/plans?year=2027")).json()["items"]] == [int(number_of)]
            await sent(
                leader, f"{plan}/approve", page, seen=hidden(page, "seen"), doc_no="衢江移〔2026〕9号", departure=why
            )
        assert "已列计划" in await seen(county, project)
        assert "衢江移〔2026〕9号" in await seen(county, plan)

"""Money through the real pages: city books and splits, county sees its share and awards from it."""

from __future__ import annotations

import html
import re

import pytest
from house import BAIMA, CITY, KECHENG, NOW, QUJIANG, actor
from money_house import a_project

from allocation.budget.service import record_batch
from allocation.factor.scheme_service import approve_scheme
from allocation.recompute import recompute_split
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.actor import SYSTEM
from quzhou_migrants.kernel.tx import begin

pytestmark = pytest.mark.asyncio(loop_scope="session")

BATCH = {
    "doc_no": "浙财农〔2026〕11号",
    "title": "2026年项目资金",
    "level": "province",
    "fund_kind": "project",
    "issued_on": "2026-09-01",
    "total_fen": "123.456789万",
    "cash_fen": "",
    "project_fen": "1,234,567.89",
}
VALUES = {
    ("migrants", KECHENG): "3120",
    ("fiscal", KECHENG): "21000",
    ("score", KECHENG): "88.5",
    ("migrants", QUJIANG): "28826",
    ("fiscal", QUJIANG): "9800",
    ("score", QUJIANG): "92",
}


async def send(http, path: str, **fields: str):
    """Open the page the form stands on, take its token, post."""
    page = await http.get(path.partition("?")[0].rsplit("/", 1)[0] if path.rsplit("/", 1)[-1] in STEPS else path)
    assert page.status_code == 200, page.text
    token = re.search(r'name="once" value="([^"]+)"', page.text)
    assert token, path
    return await http.post(path, data={"once": token[1], **fields})


STEPS = {"submit", "return", "record", "reverse", "freeze", "approve", "reopen", "cancel", "revoke", "send_back"}


async def checked_and_booked(http, batch: str) -> None:
    assert (await send(http, f"{batch}/submit")).headers["location"] == batch
    async with begin(actor(Role.CITY_LEADER, CITY), request_id="t", at=NOW) as tx:
        await record_batch(tx, int(batch.rsplit("/", 1)[1]))


async def a_frozen_run(http) -> str:
    made = await send(http, "/funds/new", **BATCH)
    assert made.status_code == 303, made.text
    batch = made.headers["location"]
    await checked_and_booked(http, batch)
    scheme = await http.get("/factor/schemes/new")
    fields = dict(re.findall(r'<input[^>]*name="(factors[^"]+)"[^>]*value="([^"]*)"', scheme.text))
    fields |= {f"factors.{n}.part": "performance" if n == 2 else "base" for n in range(3)}
    fields |= {f"factors.{n}.form": "inverse" if n == 1 else "direct" for n in range(3)}
    saved = await send(
        http,
        "/factor/schemes/new",
        title="2026年方案",
        base_bp="85",
        performance_bp="15",
        mode="largest_remainder",
        unit_fen="0.01",
        residual="largest_remainder",
        note="",
        **fields,
    )
    assert saved.status_code == 303, saved.text
    async with begin(actor(Role.CITY_LEADER, CITY), request_id="t", at=NOW) as tx:
        await approve_scheme(tx, int(saved.headers["location"].rsplit("/", 1)[1]))
    form = await http.get("/factor/new")
    scheme_id = re.search(r'name="scheme".*?value="(\d+)"', form.text, re.DOTALL)[1]
    run = await send(
        http,
        "/factor/new",
        title="2026年因素法分配",
        batch=batch.rsplit("/", 1)[1],
        scheme=scheme_id,
        pool_fen="1234567.89",
    )
    assert run.status_code == 303, run.text
    base = run.headers["location"].removesuffix("/data")
    rows = {}
    for n, ((factor, unit), value) in enumerate(VALUES.items()):
        rows |= {f"values.{n}.factor": factor, f"values.{n}.unit": unit, f"values.{n}.value": value}
    kept = await send(http, f"{base}/data", source="移民统计年报", as_of="2025-12-31", **rows)
    assert kept.status_code == 303, kept.text
    frozen = await send(http, f"{base}/freeze", remark="在册数待补录")
    assert frozen.status_code == 303, frozen.text
    return base


async def test_from_notice_to_share_to_award_on_the_pages(db, client_as, tmp_path) -> None:
    async with client_as(Role.CITY_CLERK) as clerk:
        base = await a_frozen_run(clerk)
        own = await clerk.get(base)
        assert "审批通过并下达" not in own.text
        for page in (
            "/funds",
            "/funds/entries",
            "/factor",
            "/factor/schemes",
            f"{base}/working",
            "/awards",
            "/home",
            "/factor/shares",
        ):
            assert (await clerk.get(page)).status_code == 200, page
    async with client_as(Role.COUNTY_CLERK, KECHENG) as county:
        assert (await county.get(base)).status_code == 404
    async with client_as(Role.CITY_LEADER) as leader:
        approved = await send(leader, f"{base}/approve")
        assert approved.status_code == 303, approved.text
        again = await leader.post(f"{base}/approve", data={"once": ""})
        assert again.status_code == 409
    async with begin(SYSTEM, request_id="t", at=NOW) as tx:
        project = await a_project(tx, asked_fen=200_000_00, estimate_fen=250_000_00)
    async with client_as(Role.COUNTY_CLERK, KECHENG) as county:
        page = await county.get(base)
        assert page.status_code == 200
        working = await county.get(f"{base}/working")
        assert "1,234,567.89" in working.text
        file = tmp_path / "run.json"
        file.write_text((await county.get(f"{base}/export.json")).text, "utf-8")
        assert "1,234,567.89" in recompute_split(file)
        waiting = await county.get("/awards/waiting")
        assert f"/awards/new?project={project}" in waiting.text
        refused = await send(county, f"/awards/new?project={project}", project=str(project), amount_fen="200000.01")
        assert refused.status_code == 422
        assert "ALC-121" in refused.text
        given = await send(
            county,
            f"/awards/new?project={project}",
            project=str(project),
            amount_fen="100000",
            doc_no="柯移〔2026〕3号",
        )
        assert given.status_code == 303, given.text
        award = await county.get(given.headers["location"])
        assert "100,000.00" in award.text
        assert "/funds/entries?project=" in award.text
        kinds = "awarded,contracted,claimed,paid,retained,settled"
        entries = await county.get(f"/funds/entries?project={project}&kinds={kinds}")
        assert "所列记账合计" in entries.text
        assert "100,000.00" in entries.text
        assert given.headers["location"] in entries.text


async def test_every_figure_is_the_sum_of_what_it_leads_to(db, client_as) -> None:
    async with client_as(Role.CITY_CLERK) as clerk:
        base = await a_frozen_run(clerk)
    async with client_as(Role.CITY_LEADER) as leader:
        await send(leader, f"{base}/approve")
        again = {**BATCH, "doc_no": "二", "total_fen": "1600.01", "cash_fen": "600", "project_fen": "1000.01"}
    async with client_as(Role.CITY_CLERK) as clerk:
        second = (await send(clerk, "/funds/new", **again)).headers["location"]
        await checked_and_booked(clerk, second)
        figures = 0
        for page in ("/funds", second):
            links = re.findall(r'<a href="(/funds/entries[^"]+)">([\d,.]+)</a>', (await clerk.get(page)).text)
            for link, shown in links:
                entries = (await clerk.get(html.unescape(link))).text
                told = re.search(r"stat__note\">(-?[\d,.]+) ", entries)
                assert told[1].lstrip("-") == shown, (page, link)
                figures += 1
        assert figures == 17 + 7  # lines of city, two counties and the sum; the second batch lies with the city


async def test_a_double_click_books_once(db, client_as) -> None:
    async with client_as(Role.CITY_CLERK) as http:
        page = await http.get("/funds/new")
        token = re.search(r'name="once" value="([^"]+)"', page.text)[1]
        answers = [await http.post("/funds/new", data={"once": token, **BATCH}) for _ in range(2)]
        assert {a.headers["location"] for a in answers} == {answers[0].headers["location"]}
        other = await send(http, "/funds/new", **BATCH)
        assert (other.status_code, "ALC-112" in other.text) == (409, True)


async def test_slips_stand_beside_their_fields(db, client_as) -> None:
    async with client_as(Role.CITY_CLERK) as http:
        slips = {"total_fen": "一千", "issued_on": "2026-13-01", "level": "moon"}
        answer = await send(http, "/funds/new", **{**BATCH, **slips})
        assert answer.status_code == 422
        assert answer.text.count("field__error") == 3
        assert 'value="一千"' in answer.text


async def test_others_cannot(db, client_as) -> None:
    async with client_as(Role.VILLAGE_CLERK, BAIMA) as http:
        for path in ("/funds", "/factor", "/awards", "/awards/waiting"):
            assert (await http.get(path)).status_code == 403, path
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        assert (await http.get("/funds/new")).status_code == 403
        assert (await http.post("/api/v1/funds", json={})).status_code == 403


async def test_spreadsheet_goes_out_and_comes_back(db, client_as) -> None:
    async with client_as(Role.CITY_CLERK) as http:
        base = await a_frozen_run(http)
        await send(http, f"{base}/reopen", reason="补录")
        sheet = await http.get(f"{base}/data.xlsx")
        assert sheet.content[:2] == b"PK"
        page = await http.get(f"{base}/data")
        token = re.findall(r'name="once" value="([^"]+)"', page.text)[-1]
        files = {"file": ("f.xlsx", sheet.content)}
        form = {"once": token, "source": "回收表", "as_of": "2026-06-30"}
        back = await http.post(f"{base}/import", data=form, files=files)
        assert back.status_code == 303, back.text
        junk = await http.post(f"{base}/import", data={**form, "once": ""}, files={"file": ("f.xlsx", b"GIF89a")})
        assert junk.status_code == 422
        csv = "区划代码,单位\n330802000000,柯城区\n".encode("gb18030")
        short = await http.post(f"{base}/import", data={**form, "once": ""}, files={"file": ("f.csv", csv)})
        assert "ALC-249" in short.text


async def test_json_api_says_the_same(db, client_as) -> None:
    async with client_as(Role.CITY_CLERK) as http:
        base = await a_frozen_run(http)
        number = base.rsplit("/", 1)[1]
        run = (await http.get(f"/api/v1/factor/{number}")).json()
        assert sum(s["total"] for s in run["result"]["shares"].values()) == 123_456_789
        assert (await http.get(f"/api/v1/factor/{number}/export")).json()["sha256"] == run["sha256"]
        lines = (await http.get("/api/v1/funds/balances")).json()
        assert {f["kind"]: f["fen"] for f in lines[0]["figures"]}["available"] == 123_456_789
        entries = (await http.get("/api/v1/ledger")).json()
        assert sum(e["amount_fen"] for e in entries) == 0
        bad = await http.post("/api/v1/factor", json={"batch": 1, "scheme": 1, "title": "x", "pool_fen": 10**15})
        assert bad.status_code in {404, 409}
        assert bad.headers["content-type"].startswith("application/problem+json")


async def test_trying_out_answers_people_and_programs_also_where_nothing_can_be_split(db, client_as) -> None:
    async with client_as(Role.CITY_CLERK) as http:
        base = await a_frozen_run(http)
        tried = await http.post(f"/api/v1{base}/whatif", json={"pool_fen": 200_000_000})
        rows = tried.json()
        assert (sum(r["after_fen"] for r in rows), sum(r["before_fen"] for r in rows)) == (200_000_000, 123_456_789)
        unbalanced = await http.post(f"/api/v1{base}/whatif", json={"weights": [{"key": "migrants", "weight_bp": 1}]})
        assert (unbalanced.status_code, "ALC-201" in unbalanced.text) == (422, True)
        columns = (await http.get(f"/api/v1{base}/sensitivity")).json()["columns"]
        assert {sum(column.values()) for column in columns.values()} == {0}
        assert (await http.get(f"/api/v1{base}/change")).status_code == 404  # nothing was approved before
        assert "此前没有" in (await http.get(f"{base}/change")).text
        await send(http, f"{base}/reopen", reason="补录")
        empty = {"values": [{"factor": "fiscal", "unit": KECHENG, "value": ""}], "source": "x", "as_of": "2026-01-01"}
        assert (await http.post(f"/api/v1{base}/values", json=empty)).status_code == 201
        assert "ALC-210" in (await http.get(f"{base}/sensitivity")).text
        page = await http.get(f"{base}/whatif")
        assert page.status_code == 200
        asked = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', page.text))
        answer = await http.post(f"{base}/whatif", data={**asked, "pool_fen": "7万"})
        assert (answer.status_code, "ALC-210" in answer.text, 'value="7万"' in answer.text) == (422, True, True)
        stranger = {**asked, "values.0.unit": "339999000000", "values.0.value": "5"}
        assert "ALC-237" in (await http.post(f"{base}/whatif", data=stranger)).text


async def test_programs_approve_schemes_and_tell_results(db, client_as) -> None:
    async with client_as(Role.CITY_CLERK) as http:
        base = await a_frozen_run(http)
    async with client_as(Role.CITY_LEADER) as leader:
        await send(leader, f"{base}/approve")
    words = {"doc_no": "衢移〔2026〕12号", "title": "通知", "addressees": "各县", "body": "下达。", "signer": "某局"}
    async with client_as(Role.CITY_CLERK) as http:
        notice = (await http.post(f"/api/v1{base}/notice", json=words)).json()
        assert (notice["state"], notice["due_on"]) == ("draft", None)
        twice = await http.post(f"/api/v1{base}/notice", json=words)
        assert (twice.status_code, "ALC-270" in twice.text) == (409, True)
        early = await http.post(f"/api/v1/factor/notices/{notice['id']}/publish")
        assert early.status_code == 409
    async with client_as(Role.CITY_LEADER) as leader:
        issued = (await leader.post(f"/api/v1/factor/notices/{notice['id']}/issue")).json()
        assert (issued["state"], len(issued["sha256"])) == ("issued", 64)
    async with client_as(Role.COUNTY_CLERK, KECHENG) as county:
        assert (await county.get(f"/api/v1/factor/notices/{notice['id']}")).json()["doc_no"] == words["doc_no"]
        assert (await county.get(f"/public/allocations/{notice['id']}")).status_code == 404
    async with client_as(Role.CITY_CLERK) as http:
        await http.post(f"/api/v1/factor/notices/{notice['id']}/publish")
        shown = await http.get(f"/public/allocations/{notice['id']}/notice.pdf")
        assert (shown.status_code, shown.content[:4]) == (200, b"%PDF")


HUGE = "9" * 25


async def test_bad_input_is_answered_never_broken(db, client_as) -> None:
    async with client_as(Role.CITY_CLERK) as http:
        base = await a_frozen_run(http)
        odd = [
            f"/funds/{HUGE}",
            f"/factor/{HUGE}",
            f"/awards/{HUGE}",
            f"/factor/new?batch={HUGE}",
            f"/factor/schemes/new?like={HUGE}",
            f"/funds/entries?batch={HUGE}&project=x&kinds=%27;--&division=1",
            "/funds/entries?at=garbage",
            "/funds?state=%00",
            f"{base}/data.xlsx?x=1",
            f"/api/v1/ledger?after={HUGE}",
            f"/api/v1/funds/balances?batch={HUGE}",
            f"/api/v1/factor/{HUGE}",
            "/funds/-1",
            "/factor/0",
        ]
        for path in odd:
            assert (await http.get(path)).status_code < 500, path
        bodies = [
            {"batch": 10**30, "scheme": 1, "title": "x", "pool_fen": 1},
            {"batch": 1, "scheme": 10**18, "title": "x", "pool_fen": 10**18 * 9},
            {"batch": 1, "scheme": 1, "title": "x" * 20_000, "pool_fen": 1},
        ]
        for body in bodies:
            assert (await http.post("/api/v1/factor", json=body)).status_code < 500, body
        batch = {**BATCH, "issued_on": "2026-09-01", "total_fen": 9 * 10**18, "cash_fen": 0, "project_fen": 9 * 10**18}
        assert (await http.post("/api/v1/funds", json=batch)).status_code < 500
        await send(http, f"{base}/reopen", reason="核对")
        values = [{"factor": "migrants", "unit": KECHENG, "value": "1" * 30_000}]
        answer = await http.post(f"/api/v1{base}/values", json={"source": "x", "as_of": "2025-01-01", "values": values})
        assert answer.status_code in {400, 409, 422}
        foreign = [{"factor": "migrants\u0000", "unit": "x", "value": "1"}]
        report = {"source": "x", "as_of": "2025-01-01", "values": foreign}
        answer = await http.post(f"/api/v1{base}/values", json=report)
        assert answer.status_code in {400, 409, 422}

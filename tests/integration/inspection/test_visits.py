"""Visits on the database and over HTTP: once whatever the line does, counted only when whole and believable."""

from __future__ import annotations

import asyncio
import re
import uuid
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import pypdfium2
import pytest
from house import KECHENG, QUJIANG, actor, become
from visit_house import FAR, feed, photo, read, report, send, sha

from inspection.public import open_findings
from inspection.visits import office, queries, service
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel import files
from quzhou_migrants.kernel.errors import Refused

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def progress(tx: Any, project: dict[str, Any]) -> int:
    return int(await tx.conn.fetchval("SELECT progress_bp FROM projects_project WHERE id = $1", project["id"]))


async def test_progress_counts_when_the_last_picture_is_in(tx_as: Any, project_in: Any) -> None:
    async with tx_as(Role.INSPECTOR, KECHENG) as tx:
        project = await project_in(tx)
        one, two = photo(1), photo(2)
        body = report(project, one, two)
        first = await service.record_visit(tx, read(body))
        assert (first.state, first.received, first.missing) == ("incomplete", [], [sha(one), sha(two)])
        half = await service.receive_photo(tx, first.client_id, await feed(one), sha(one))
        assert (half.state, half.received, half.missing) == ("incomplete", [sha(one)], [sha(two)])
        assert await progress(tx, project) == 0
        whole = await service.receive_photo(tx, first.client_id, await feed(two), sha(two))
        assert (whole.state, whole.missing) == ("counted", [])
        assert await progress(tx, project) == 5000


async def test_repeats_change_nothing_and_get_the_same_answer(tx_as: Any, project_in: Any) -> None:
    async with tx_as(Role.INSPECTOR, KECHENG) as tx:
        project = await project_in(tx)
        picture = photo(3)
        body = report(project, picture)
        once = await send(tx, body, picture)
        again = await send(tx, body, picture)
        assert again == once
        counts = await tx.conn.fetchrow(
            "SELECT (SELECT count(*) FROM inspection_visit), (SELECT count(*) FROM inspection_visit_photo),"
            " (SELECT count(*) FROM kernel_file)"
        )
        assert tuple(counts) == (1, 1, 1)


@pytest.mark.parametrize(
    ("changes", "mark"),
    [
        ({"fix": FAR}, "INS-232"),
        ({"fix": None, "no_fix_reason": "山沟里没有信号"}, "INS-231"),
        ({"photos": []}, "INS-235"),
    ],
)
async def test_doubtful_visit_waits_for_somebody_else(
    tx_as: Any, project_in: Any, changes: dict[str, Any], mark: str
) -> None:
    async with tx_as(Role.INSPECTOR, KECHENG) as tx:
        project = await project_in(tx)
        picture = photo(4)
        body = report(project, picture, **changes)
        answer = await send(tx, body, *([picture] if body["photos"] else []))
        visit = await queries.find(tx, answer.id)
        assert (answer.state, [m.code for m in visit["marks"]], await progress(tx, project)) == ("held", [mark], 0)
        async with become(tx, actor(Role.COUNTY_CLERK, KECHENG)):
            with pytest.raises(Refused, match="INS-208"):
                await office.accept(tx, answer.id, " ")
            await office.accept(tx, answer.id, "已电话核实")
        assert await progress(tx, project) == 5000


async def test_visit_set_aside_moves_nothing(tx_as: Any, project_in: Any) -> None:

    async with tx_as(Role.INSPECTOR, KECHENG) as tx:
        project = await project_in(tx)
        answer = await send(tx, report(project, photos=[]))
        async with become(tx, actor(Role.COUNTY_CLERK, KECHENG)):
            await office.set_aside(tx, answer.id, "没有照片")
            with pytest.raises(Refused, match="KRN-408"):
                await office.accept(tx, answer.id, "改主意")
        assert await progress(tx, project) == 0


async def test_picture_of_an_earlier_visit_is_noticed(tx_as: Any, project_in: Any) -> None:
    async with tx_as(Role.INSPECTOR, KECHENG) as tx:
        project = await project_in(tx)
        picture = photo(5)
        await send(tx, report(project, picture), picture)
        answer = await send(tx, report(project, picture), picture)
        assert [m.code for m in (await queries.find(tx, answer.id))["marks"]] == ["INS-237"]
        assert answer.state == "held"


async def test_wrong_clock_is_measured_and_marked_not_refused(tx_as: Any, project_in: Any) -> None:
    async with tx_as(Role.INSPECTOR, KECHENG) as tx:
        project = await project_in(tx)
        picture = photo(6)
        body = report(project, picture)
        for key in ("started_at", "finished_at", "sent_at"):
            body[key] = (datetime.fromisoformat(body[key]) + timedelta(days=1)).isoformat()
        body["photos"][0]["taken_at"] = body["finished_at"]
        answer = await send(tx, body, picture)
        visit = await queries.find(tx, answer.id)
        assert abs(visit["skew_s"] - 86400) < 60
        assert ([m.code for m in visit["marks"]], answer.state) == (["INS-236"], "counted")


async def test_a_clock_set_back_before_sending_is_marked_and_the_visit_kept(tx_as: Any, project_in: Any) -> None:
    async with tx_as(Role.INSPECTOR, KECHENG) as tx:
        project = await project_in(tx)
        picture = photo(3)
        body = report(project, picture)
        for key in ("started_at", "finished_at"):
            body[key] = (datetime.fromisoformat(body[key]) + timedelta(days=1)).isoformat()
        body["photos"][0]["taken_at"] = body["finished_at"]
        answer = await send(tx, body, picture)
        visit = await queries.find(tx, answer.id)
        assert ([m.code for m in visit["marks"]], answer.state) == (["INS-241"], "counted")


async def test_what_was_seen_earlier_never_undoes_what_was_seen_later(tx_as: Any, project_in: Any) -> None:
    async with tx_as(Role.INSPECTOR, KECHENG) as tx:
        project = await project_in(tx)
        early, late = photo(1), photo(2)
        old, new = report(project, early), report(project, late)
        new["progress"] = [{"milestone": key, "seen_bp": 8000} for key in project["milestones"]]
        for key in ("started_at", "finished_at"):
            old[key] = (datetime.fromisoformat(old[key]) - timedelta(days=2)).isoformat()
        assert (await send(tx, new, late)).state == "counted"
        answer = await send(tx, old, early)  # two days without a network
        visit = await queries.find(tx, answer.id)
        assert (answer.state, visit["progress_bp"], await progress(tx, project)) == ("counted", 8000, 8000)
        shown = await tx.conn.fetchval(
            "SELECT count(*) FROM kernel_journal WHERE subject_id = $1 AND verb = 'projects.works.progress_older'",
            project["id"],
        )
        assert shown == 1


async def test_findings_of_one_page_are_mended_and_closed_one_by_one(client_as: Any, committed: Any) -> None:
    project = await committed()
    found = [{"kind": "quality", "content": f"第{n}处厚度不足"} for n in (1, 2)]
    async with client_as(Role.INSPECTOR, KECHENG) as http:
        made = (await http.post("/api/v1/visits", json=report(project, photos=[], findings=found))).json()["id"]
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        page = (await http.get(f"/visits/{made}")).text
        ways = re.findall(r'action="(/findings/\d+/mend)">\s*<input type="hidden" name="once" value="([^"]+)"', page)
        (first, token), (second, same) = ways
        assert token == same
        for note, code in (("", "WEB-101"), ("返" * 600, "WEB-103")):
            wrong = await http.post(first, data={"once": token, "note": note})
            assert (wrong.status_code, code in wrong.text, "第1处厚度不足" in wrong.text) == (422, True, True)
        for way in (first, second, first):  # the third is a double click
            assert (await http.post(way, data={"once": token, "note": "已返工"})).status_code == 303
        page = (await http.get(f"/visits/{made}")).text
        assert (page.count("整改由您报告，等待另一人复查销号"), page.count('/close"')) == (2, 0)
        own = await http.post(first.replace("mend", "close"), data={"once": str(uuid.uuid4()), "note": "合格"})
        assert (own.status_code, "INS-217" in own.text, "第1处厚度不足" in own.text) == (409, True, True)
    async with client_as(Role.INSPECTOR, KECHENG) as http:
        page = (await http.get(f"/visits/{made}")).text
        (token,) = set(
            re.findall(r'action="/findings/\d+/close">\s*<input type="hidden" name="once" value="([^"]+)"', page)
        )
        for way in (first, second):
            closed = await http.post(way.replace("mend", "close"), data={"once": token, "note": "合格"})
            assert closed.status_code == 303
        assert (await http.get(f"/visits/{made}")).text.count('/reopen"') == 2
        listed = (await http.get("/findings?serious=normal&sort=-serious")).text
        assert (listed.count("第1处厚度不足"), "一般" in listed) == (1, True)
        assert "第1处厚度不足" not in (await http.get("/findings?serious=grave")).text


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"fix": None}, "INS-203"),
        ({"progress": []}, "INS-214"),
        ({"progress": [{"milestone": 999_999, "seen_bp": 1}]}, "INS-202"),
        ({"contact": {"way": "typed", "name": " "}}, "INS-213"),
        ({"contact": {"way": "absent"}}, "INS-213"),
        ({"contact": {"way": "drawn", "name": "张三"}}, "INS-213"),
        ({"finished_at": "2020-01-01T00:00:00Z"}, "INS-212"),
        ({"inspector": -1}, "INS-216"),
        ({"project": 999_999}, "KRN-404"),
    ],
)
async def test_incomplete_reports_are_refused_with_a_code(
    tx_as: Any, project_in: Any, changes: dict[str, Any], code: str
) -> None:
    async with tx_as(Role.INSPECTOR, KECHENG) as tx:
        project = await project_in(tx)
        with pytest.raises(Refused, match=code):
            await service.record_visit(tx, read(report(project, photo(7), **changes)))


async def test_only_works_under_way_are_visited(tx_as: Any, project_in: Any) -> None:
    async with tx_as(Role.INSPECTOR, KECHENG) as tx:
        project = await project_in(tx, state="awarded")
        with pytest.raises(Refused, match="INS-201"):
            await service.record_visit(tx, read(report(project)))


async def test_foreign_county_and_other_roles_are_refused(tx_as: Any, project_in: Any) -> None:
    async with tx_as(Role.INSPECTOR, KECHENG) as tx:
        project = await project_in(tx)
        async with become(tx, actor(Role.INSPECTOR, QUJIANG)):
            with pytest.raises(Refused, match="KRN-404"):
                await service.record_visit(tx, read(report(project)))
        async with become(tx, actor(Role.COUNTY_CLERK, KECHENG)):
            with pytest.raises(Refused, match="KRN-403"):
                await service.record_visit(tx, read(report(project)))


async def test_another_inspector_cannot_add_to_a_visit(tx_as: Any, project_in: Any) -> None:
    async with tx_as(Role.INSPECTOR, KECHENG) as tx:
        picture = photo(8)
        body = report(await project_in(tx), picture)
        answer = await service.record_visit(tx, read(body))
        async with become(tx, actor(Role.INSPECTOR, KECHENG)):
            with pytest.raises(Refused, match="INS-210"):
                await service.record_visit(tx, read(body))
            with pytest.raises(Refused, match="INS-211"):
                await service.receive_photo(tx, answer.client_id, await feed(picture), sha(picture))


async def test_findings_have_a_due_day_and_close_with_a_note(tx_as: Any, project_in: Any) -> None:

    async with tx_as(Role.INSPECTOR, KECHENG) as tx:
        project = await project_in(tx)
        found = [{"kind": "quality", "content": "路面厚度不足", "measure": "返工"}]
        answer = await send(tx, report(project, photos=[], findings=found))
        (finding,) = await open_findings(tx, project["id"])
        assert str(finding["due_on"]) == "2026-10-13"  # 15 working days over Mid-Autumn and National Day
        clerk = actor(Role.COUNTY_CLERK, KECHENG)
        async with become(tx, clerk):
            with pytest.raises(Refused, match="INS-209"):
                await office.mend_finding(tx, finding["id"], "")
            await office.mend_finding(tx, finding["id"], "已返工并复测")
            assert [f["state"] for f in await open_findings(tx, project["id"])] == ["mended"]  # it still stands
            assert queries.turns(await office.finding(tx, finding["id"]), clerk) == ["send_back"]
            with pytest.raises(Refused, match="INS-217"):
                await office.close_finding(tx, finding["id"], "自己看过")
        await office.send_back_finding(tx, finding["id"], "东侧仍不足")
        async with become(tx, actor(Role.VILLAGE_CLERK, project["division_code"])):
            await office.mend_finding(tx, finding["id"], "东侧已返工")
            with pytest.raises(Refused, match="KRN-403"):
                await office.close_finding(tx, finding["id"], "村里看过")
        async with become(tx, clerk):
            await office.close_finding(tx, finding["id"], "到场复测合格")
            assert await open_findings(tx, project["id"]) == []
            again = await office.reopen_finding(tx, finding["id"], "复测仍不足")
            assert (again["mended_by"], again["closed_by"], again["closing_note"]) == (None, None, "")
        assert [f["id"] for f in await open_findings(tx, project["id"])] == [finding["id"]]
        assert answer.state == "held"


async def test_whole_way_over_http(client_as: Any, committed: Any) -> None:
    project = await committed()
    picture, other = photo(9), photo(10)
    body = report(project, picture)
    where = f"/api/v1/visits/{body['client_id']}"
    async with client_as(Role.INSPECTOR, KECHENG) as http:
        pack = (await http.get("/api/v1/field/pack")).json()
        assert [p["id"] for p in pack["projects"]] == [project["id"]]
        assert (await http.post("/api/v1/visits", json=body)).json()["missing"] == [sha(picture)]
        wrong = await http.put(f"{where}/photos/{sha(picture)}", content=other)
        unknown = await http.put(f"{where}/photos/{sha(other)}", content=other)
        length = {"content-length": str(200 << 20)}
        giant = await http.put(f"{where}/photos/{sha(picture)}", content=b"0", headers=length)
        assert (wrong.status_code, wrong.json()["code"]) == (409, "KRN-650")
        assert (unknown.status_code, unknown.json()["code"]) == (404, "INS-205")
        assert giant.status_code == 413
        done = await http.put(f"{where}/photos/{sha(picture)}", content=picture)
        assert (done.json()["state"], done.json()["received"]) == ("counted", [sha(picture)])
        assert (await http.get(where)).json() == done.json()
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        page = await http.get(f"/visits/{done.json()['id']}")
        assert page.status_code == 200, page.text
        assert (await http.get("/visits")).status_code == 200
        assert (await http.get("/findings")).status_code == 200
        printed = await http.get(f"/visits/{done.json()['id']}/record.pdf")
        with pypdfium2.PdfDocument(BytesIO(printed.content)) as pdf:
            text = "".join(p.get_textpage().get_text_range() for p in pdf)
        shown = ("现场巡查记录", "道路硬化工程", "节点1", "未发现问题", "张三", sha(picture)[:20])
        assert [part for part in shown if part not in text] == []
        link = page.text.split('src="/files/')[1].split("/small")[0]
        small, full = await http.get(f"/files/{link}/small"), await http.get(f"/files/{link}")
        assert (small.headers["content-type"], full.content) == ("image/jpeg", picture)
        assert full.headers["content-security-policy"] == "default-src 'none'; sandbox"
    for role, division in ((Role.COUNTY_CLERK, QUJIANG), (Role.EXPERT, KECHENG)):
        async with client_as(role, division) as http:
            assert (await http.get(f"/files/{link}")).status_code in {403, 404}
    async with client_as(None) as http:
        assert (await http.get(f"/files/{link}")).status_code == 303


async def test_not_a_picture_is_refused_and_nothing_is_kept(client_as: Any, committed: Any) -> None:
    project = await committed()
    fake = b"MZ" + b"\0" * 400
    body = report(project, fake)
    before = drafts()
    async with client_as(Role.INSPECTOR, KECHENG) as http:
        await http.post("/api/v1/visits", json=body)
        answer = await http.put(f"/api/v1/visits/{body['client_id']}/photos/{sha(fake)}", content=fake)
        assert (answer.status_code, answer.json()["code"]) == (415, "KRN-641")
        assert (await http.get(f"/api/v1/visits/{body['client_id']}")).json()["missing"] == [sha(fake)]
    assert drafts() == before


def drafts() -> set[str]:
    folder = files.root() / "drafts"
    return {p.name for p in folder.iterdir()} if folder.exists() else set()


async def test_the_same_visit_sent_eight_times_at_once_is_one_visit(client_as: Any, committed: Any) -> None:
    project = await committed()
    picture = photo(11)
    body = report(project, picture)
    where = f"/api/v1/visits/{body['client_id']}/photos/{sha(picture)}"
    async with client_as(Role.INSPECTOR, KECHENG) as http:
        records = await asyncio.gather(*[http.post("/api/v1/visits", json=body) for _ in range(8)])
        assert {(r.status_code, r.json()["id"]) for r in records} == {(200, records[0].json()["id"])}
        photos = await asyncio.gather(*[http.put(where, content=picture) for _ in range(8)])
        assert {(r.status_code, r.json()["state"]) for r in photos} == {(200, "counted")}
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        assert (await http.get("/visits")).text.count('<a href="/visits/') == 2  # the time and the title of one row


@pytest.mark.parametrize(
    "changes",
    [
        {"project": 2**70},
        {"client_id": "x"},
        {"started_at": "0001-01-01T00:00:00Z"},
        {"photos": "many"},
        {"fix": {"lat": 91, "lon": 0}},
        {"progress": [{"milestone": 1, "seen_bp": 10_001}]},
        {"note": "字" * 20_000},
        {"findings": [{"kind": "none", "content": "没有这一类"}]},
        {"started_at": "2026-09-16T10:00:00"},
    ],
)
async def test_nonsense_is_answered_not_stumbled_over(client_as: Any, committed: Any, changes: dict[str, Any]) -> None:
    body = report(await committed()) | changes
    async with client_as(Role.INSPECTOR, KECHENG) as http:
        answer = await http.post("/api/v1/visits", json=body)
    assert answer.status_code in {400, 404, 422}, answer.text
    assert answer.headers["content-type"] == "application/problem+json"

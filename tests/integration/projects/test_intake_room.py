"""Intake around the form: extension, late filing, reminders, copies, mending after a return, two people at once."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from datetime import date, datetime

import asyncpg
import pytest
import pytest_asyncio
from house import BAIMA, NIANLI, NOW, QUJIANG, VILLAGE, actor, become, rolled_back
from litestar.datastructures import UploadFile
from project_house import TYPED, picture

from projects import queries
from projects.intake import feed, keeping
from projects.intake import papers as attached
from projects.intake import queries as intake_queries
from projects.intake import service as intake
from projects.intake import window_service as window
from projects.intake.changes import since_last_round
from projects.intake.draft import standing
from projects.intake.editors import marks, write_marks
from projects.intake.forms import SECTIONS, Category, ExtendForm, FileKind, PaperForm, StartForm
from projects.intake.jobs import remind
from projects.intake.panels import drafts, filed, unfiled
from projects.reserve import service as reserve
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.actor import SYSTEM
from quzhou_migrants.kernel.clock import SHANGHAI
from quzhou_migrants.kernel.db import connect_arguments
from quzhou_migrants.kernel.errors import Invalid, Refused
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.web.forms import read_raw

CLERK = actor(Role.VILLAGE_CLERK, BAIMA, name="演示甲")
COLLEAGUE = actor(Role.VILLAGE_CLERK, BAIMA, name="演示乙")
TOWN = actor(Role.TOWNSHIP_CLERK, NIANLI)
COUNTY = actor(Role.COUNTY_CLERK, QUJIANG)
LEADER = actor(Role.COUNTY_LEADER, QUJIANG)
OCTOBER = datetime(2026, 10, 9, 9, tzinfo=SHANGHAI)


@asynccontextmanager
async def on_day(tx, day):
    before = (tx.now, tx._policy)
    tx.now, tx._policy = day, None
    yield
    tx.now, tx._policy = before


def typed(section, seen="", **change):
    fields = {**TYPED[section], **{k.replace("__", "."): v for k, v in change.items()}}
    return read_raw({**{k: [v] for k, v in fields.items()}, "seen": [seen]}, SECTIONS[section], partial=True)


async def paper(tx, project_id, kind, shade=9):
    form = PaperForm(kind, UploadFile("image/png", f"{kind.value}.png", picture(shade)))
    await attached.add_paper(tx, project_id, form)
    await form.paper.close()


async def draft(tx, **benefit):
    project_id = await intake.start(tx, StartForm("白马新村渠道", Category.FARMLAND_WATER))
    for section in SECTIONS:
        await keeping.keep(tx, project_id, section, typed(section, **(benefit if section == "benefit" else {})))
    for shade, kind in enumerate((FileKind.RESOLUTION, FileKind.NOTICE, FileKind.DESIGN)):
        await paper(tx, project_id, kind, shade)
    return project_id


async def returned(tx, *remarks):
    async with become(tx, CLERK):
        project_id = await draft(tx)
        await intake.submit(tx, project_id)
    async with become(tx, TOWN):
        row = await queries.find(tx, project_id)
        await reserve.send_back(tx, project_id, row["version"], list(remarks), "")
    return project_id


async def test_a_county_extends_its_window_and_no_other_counties(tx):
    form = ExtendForm("2026-09", date(2026, 10, 9), "台风影响，部分乡镇断网", "衢江移〔2026〕3号")
    async with become(tx, COUNTY):
        await window.extend(tx, form)
        with pytest.raises(Refused) as caught:
            await window.extend(tx, form)
        assert caught.value.code == "PRJ-176"
        with pytest.raises(Refused) as caught:
            await window.extend(tx, ExtendForm("2026-09", date(2026, 10, 16), "再延长一次"))
        assert (caught.value.code, caught.value.facts["latest"]) == ("PRJ-177", date(2026, 10, 15))
    async with become(tx, CLERK), on_day(tx, OCTOBER):
        assert await intake_queries.extensions(tx, BAIMA) == {"2026-09": date(2026, 10, 9)}
        project_id = await draft(tx)
        assert (await intake.submit(tx, project_id))["window"] == "2026-09"
    async with become(tx, actor(Role.VILLAGE_CLERK, VILLAGE)), on_day(tx, OCTOBER):
        assert await intake_queries.extensions(tx, VILLAGE) == {}


async def test_a_window_that_is_over_stays_over_and_a_city_extends_none(tx):
    async with become(tx, COUNTY), on_day(tx, datetime(2026, 10, 1, tzinfo=SHANGHAI)):
        with pytest.raises(Refused) as caught:
            await window.extend(tx, ExtendForm("2026-09", date(2026, 10, 9), "太晚了"))
        assert (caught.value.code, caught.value.facts["closed"]) == ("PRJ-175", date(2026, 9, 30))
    with pytest.raises(Refused) as caught:
        await window.extend(tx, ExtendForm("2026-09", date(2026, 10, 9), "市级不能延长"))
    assert caught.value.code == "PRJ-178"


async def test_a_late_filing_needs_a_reason_a_leader_and_its_day(tx):
    async with become(tx, CLERK):
        project_id = await draft(tx)
        with pytest.raises(Refused) as caught:
            await window.ask_late(tx, project_id, "还在申报期内")
        assert caught.value.code == "PRJ-179"
        async with on_day(tx, OCTOBER):
            late_id = await window.ask_late(tx, project_id, "负责人住院，错过截止日期")
            with pytest.raises(Refused) as caught:
                await intake.submit(tx, project_id)
            assert caught.value.code == "PRJ-103"
    async with become(tx, LEADER), on_day(tx, OCTOBER):
        granted = await window.grant_late(tx, late_id, 1, "情况属实，同意")
        assert (granted["state"], granted["until"]) == ("granted", date(2026, 10, 15))
    async with become(tx, CLERK):
        async with on_day(tx, datetime(2026, 10, 16, tzinfo=SHANGHAI)):
            with pytest.raises(Refused) as caught:
                await intake.submit(tx, project_id)
            assert caught.value.code == "PRJ-103"
        async with on_day(tx, datetime(2026, 10, 15, 23, 59, 59, tzinfo=SHANGHAI)):
            row = await intake.submit(tx, project_id)
            assert (row["state"], row["window"]) == ("submitted", "2026-09")
    said = [e.sentence for e in await timeline(tx, "projects_project", project_id)]
    assert said[:3] == ["提交了申报", "批准了逾期申报", "申请逾期提交"]


async def test_a_plea_is_refused_with_reasons_and_comes_only_in_its_term(tx):
    async with become(tx, CLERK):
        project_id = await draft(tx)
        async with on_day(tx, datetime(2026, 10, 23, tzinfo=SHANGHAI)):
            with pytest.raises(Refused) as caught:
                await window.ask_late(tx, project_id, "超过提出期限才想起来")
        assert (caught.value.code, caught.value.facts["last"]) == ("PRJ-180", date(2026, 10, 20))
        async with on_day(tx, OCTOBER):
            late_id = await window.ask_late(tx, project_id, "忘记了申报时间")
    async with become(tx, LEADER), on_day(tx, OCTOBER):
        with pytest.raises(Refused) as caught:
            await window.refuse_late(tx, late_id, 1, "")
        assert caught.value.code == "PRJ-205"
        assert (await window.refuse_late(tx, late_id, 1, "不属于客观原因"))["state"] == "refused"
        with pytest.raises(Refused) as caught:
            await window.grant_late(tx, late_id, 2, "")
        assert caught.value.code == "KRN-408"


async def test_drafts_are_called_to_mind_on_the_set_days_and_once(tx):
    async with become(tx, CLERK):
        project_id = await draft(tx)
    told = []
    for day in range(14, 31):
        async with on_day(tx, datetime(2026, 9, day, 6, tzinfo=SHANGHAI)):
            await remind(tx, "")
            await remind(tx, "")
            rows = await tx.conn.fetch("SELECT days FROM projects_reminder WHERE project = $1 ORDER BY id", project_id)
            if len(rows) > len(told):
                told.append((day, rows[-1]["days"]))
    assert told == [(16, 10), (22, 5), (29, 1)]  # 20 September is worked, 25 September is Mid-Autumn
    async with become(tx, CLERK):
        (task,) = await drafts(tx)
    assert (task.kind, task.due) == ("projects.reminder", date(2026, 9, 30))
    async with become(tx, TOWN):
        (task,) = await unfiled(tx)
    assert (task.title, task.due) == ("本镇还有1份申报草稿没有提交", date(2026, 9, 30))


async def test_a_copy_takes_what_may_be_said_again_and_nothing_that_must_be_new(tx):
    async with become(tx, CLERK):
        old = await draft(tx)
        new = await intake.start(tx, StartForm("白马新村渠道二期", Category.FARMLAND_WATER, copy_of=old))
        row = await queries.find(tx, new)
        checked = await intake.check(tx, row)
    assert row["draft"]["works"] == {k: [v] for k, v in TYPED["works"].items()}
    assert row["draft"]["basics"]["title"] == ["白马新村渠道二期"]
    assert {"starts_on", "ends_on", "no_duplicate"} & set(row["draft"]["basics"]) == set()
    assert {"decision", "posting"} & set(row["draft"]) == set()
    assert (checked.steps["works"], checked.steps["basics"], checked.steps["papers"]) == ("done", "partial", "empty")
    async with become(tx, actor(Role.VILLAGE_CLERK, VILLAGE)):
        with pytest.raises(Refused) as caught:
            await intake.start(tx, StartForm("别村的渠道", Category.OTHER, copy_of=old))
    assert caught.value.code == "KRN-404"


async def test_a_filing_keeps_answers_contents_targets_and_the_place(tx):
    async with become(tx, CLERK):
        project_id = await draft(tx)
        await intake.submit(tx, project_id)
    row = await queries.find(tx, project_id)
    assert (row["lat"], row["lon"], json.loads(row["shape"])["type"]) == (28.9505, 118.7815, "LineString")
    kept = await intake_queries.filing(tx, project_id, 1)
    assert kept["answers"]["works"]["asked_fen"] == ["424660"]
    assert len(kept["sha256"]) == 64
    item = await tx.conn.fetchrow("SELECT * FROM projects_item WHERE project = $1", project_id)
    assert (item["name"], int(item["quantity"]), item["unit"], item["price_fen"]) == ("渠道衬砌", 1200, "米", 38_000)
    panel = await filed(tx, row)
    assert (panel.context["items"][0]["quantity"], panel.context["partners"]) == ("1200", [])
    target = await tx.conn.fetchrow("SELECT * FROM projects_target WHERE project = $1", project_id)
    assert (target["operator"], int(target["value"]), target["unit"]) == ("ge", 300, "亩")


@pytest_asyncio.fixture(loop_scope="session")
async def neighbours(db):
    """A transaction in a county with a second village."""
    conn = await asyncpg.connect(**connect_arguments(db.owner))
    await conn.execute(
        "INSERT INTO kernel_division (code, name, full_name, level, parent_code, kind, active, successor_code,"
        " source, is_demo) VALUES ('330803112230', '邻村', '廿里镇邻村', 'village', $1, '', true, '', '', true)",
        NIANLI,
    )
    await conn.close()
    async with rolled_back(SYSTEM, NOW) as tx:
        yield tx


async def test_a_joint_project_names_real_villages_shares_out_whole_and_brings_every_resolution(neighbours):
    tx = neighbours
    joint = {"partners__0__village": "廿里镇不存在村", "partners__0__share": "40", "lead_share": "60"}
    async with become(tx, CLERK):
        project_id = await draft(tx, **joint)
        with pytest.raises(Invalid) as caught:
            await intake.submit(tx, project_id)
        assert {(p.code, p.field) for p in caught.value.problems} == {
            ("PRJ-172", "partners.0.village"),
            ("PRJ-174", "resolution"),
        }
        await keeping.keep(
            tx, project_id, "benefit", typed("benefit", **{**joint, "partners__0__village": "廿里镇邻村"})
        )
        await paper(tx, project_id, FileKind.RESOLUTION, 99)
        await intake.submit(tx, project_id)
    rows = await tx.conn.fetch(
        "SELECT village_code, share_bp FROM projects_partner WHERE project = $1 ORDER BY seq", project_id
    )
    assert [tuple(r) for r in rows] == [(BAIMA, 6000), ("330803112230", 4000)]


async def test_what_was_mended_is_marked_for_village_and_reviewer(tx):
    project_id = await returned(tx, ("goals", "指标请写清"), ("asked_fen", "偏高"), ("design", "请盖章"))
    async with become(tx, CLERK):
        checked = await intake.check(tx, await queries.find(tx, project_id))
        assert (set(checked.remarked), checked.changed) == ({"goals", "asked_fen", "design"}, frozenset())
        await keeping.keep(
            tx, project_id, "benefit", typed("benefit", goals="改善灌溉面积三百亩，入户调查满意度九成五。")
        )
        async with on_day(tx, datetime(2026, 9, 17, 9, tzinfo=SHANGHAI)):
            await paper(tx, project_id, FileKind.DESIGN, 77)
            checked = await intake.check(tx, await queries.find(tx, project_id))
            assert (set(checked.remarked), checked.changed) == ({"asked_fen"}, frozenset({"goals", "design"}))
            assert (checked.steps["benefit"], checked.steps["works"]) == ("done", "remarked")
            assert checked.before["benefit"].text("goals") == TYPED["benefit"]["goals"]
            await intake.submit(tx, project_id)
    row = await queries.find(tx, project_id)
    assert (await since_last_round(tx, row)).fields == frozenset({"goals"})


async def test_two_people_lose_nothing_and_choose_before_filing(tx):
    async with become(tx, CLERK):
        project_id = await draft(tx)
        stood = (await queries.find(tx, project_id))["draft"]["works"]
        seen = write_marks(marks(standing("works", stood)))
        await keeping.keep(tx, project_id, "works", typed("works", seen, content="修复渠道一千二百米，涵洞三座。甲改"))
    async with become(tx, COLLEAGUE):
        mine = typed("works", seen, content="修复渠道一千五百米，涵洞四座。乙改", other_source="无")
        kept = await keeping.keep(tx, project_id, "works", mine)
        assert kept["clashes"] == ("content",)
        draft_now = (await queries.find(tx, project_id))["draft"]["works"]
        assert (draft_now["content"], draft_now["other_source"]) == (["修复渠道一千二百米，涵洞三座。甲改"], ["无"])
        (clash,) = await intake_queries.clashes(tx, project_id)
        assert (clash["mine"]["content"], clash["theirs_by"]) == (["修复渠道一千五百米，涵洞四座。乙改"], "演示甲")
        with pytest.raises(Refused) as caught:
            await intake.submit(tx, project_id)
        assert caught.value.code == "PRJ-187"
        with pytest.raises(Refused) as caught:
            await keeping.settle(tx, project_id, clash["id"], seen, ["content"])
        assert caught.value.code == "PRJ-184"
        await keeping.settle(tx, project_id, clash["id"], write_marks(marks(standing("works", draft_now))), ["content"])
        row = await queries.find(tx, project_id)
        assert row["draft"]["works"]["content"] == ["修复渠道一千五百米，涵洞四座。乙改"]
        assert (await intake.submit(tx, project_id))["state"] == "submitted"
    kept = await tx.conn.fetchrow("SELECT theirs, mine FROM projects_draft_clash WHERE project = $1", project_id)
    assert ("甲改" in kept["theirs"], "乙改" in kept["mine"]) == (True, True)


async def test_saving_the_same_again_writes_nothing(tx):
    async with become(tx, CLERK):
        project_id = await draft(tx)
        before = (await queries.find(tx, project_id))["version"]
        await keeping.keep(tx, project_id, "works", typed("works"))
        assert (await queries.find(tx, project_id))["version"] == before


async def test_dates_of_a_post_are_gathered_for_a_calendar(tx):
    async with become(tx, COUNTY):
        await window.extend(tx, ExtendForm("2026-09", date(2026, 10, 9), "台风影响"))
    async with become(tx, CLERK):
        await draft(tx)
        days = await feed.days_of(tx, [drafts], "https://x.example")
    found = {d.key: d.on for d in days}
    assert found["window-2026-09-closes"] == date(2026, 10, 9)
    assert found["window-2027-03-opens"] == date(2027, 3, 1)
    assert found["refresh-2026-10"] == date(2026, 10, 1)
    assert [d.on for d in days if d.key.startswith("task-")] == [date(2026, 10, 9)]


async def test_a_calendar_address_is_read_without_a_session_until_it_is_closed(client_as):
    async with client_as(Role.VILLAGE_CLERK, BAIMA) as http:
        answer = await http.post("/calendar/open", data={})
        address = answer.text.split("/calendar/feed/")[1].split("<")[0]
        http.cookies.clear()
        read = await http.get(f"/calendar/feed/{address}")
        assert read.headers["content-type"].startswith("text/calendar")
        assert "BEGIN:VEVENT" in read.text
        assert (await http.get("/calendar/feed/AAAA.ics")).status_code == 404


async def test_windows_and_late_pages_open_and_an_extension_is_seen_at_once(client_as):
    async with client_as(Role.COUNTY_CLERK, QUJIANG) as http:
        for path in ("/windows", "/windows/extensions", "/late", "/calendar"):
            answer = await http.get(path)
            assert (answer.status_code, path) == (200, path)
        page = (await http.get("/windows/extend")).text
        once = page.split('name="once" value="')[1].split('"')[0]
        data = {"once": once, "window": "2026-09", "closes_on": "2026-10-30", "reason": "太长的延长"}
        answer = await http.post("/windows/extend", data=data)
        assert "PRJ-177" in answer.text
        assert "太长的延长" in answer.text
        answer = await http.post("/windows/extend", data={**data, "closes_on": "2026-10-09"})
        assert answer.status_code == 303
        assert "县级已延长" in (await http.get("/windows")).text
    async with client_as(Role.VILLAGE_CLERK, BAIMA) as http:
        assert "县级已延长" in (await http.get("/projects/new")).text

"""Notices on the database: up, objected to by visitors and on paper, answered, closed; nothing goes on meanwhile."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from house import BAIMA, KECHENG, NIANLI, NOW, actor, become
from litestar.datastructures import UploadFile
from project_house import picture

from projects.notices import queries, service
from projects.notices.forms import AnswerForm, ObjectionForm, PaperObjectionForm
from projects.notices.rules import Kind, Photo
from projects.notices.service import Opening
from projects.notices.visitors import by_receipt
from projects.permissions import P
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.actor import PUBLIC
from quzhou_migrants.kernel.errors import Invalid, Refused
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.tx import Tx

STARTS = date(2026, 9, 8)
VILLAGE = actor(Role.VILLAGE_CLERK, BAIMA)
TOWN = actor(Role.TOWNSHIP_CLERK, NIANLI)
VISITOR = replace(PUBLIC, division_code=BAIMA, permissions=frozenset({str(P.TAKE_OBJECTION)}))
SAID = ObjectionForm("演示丙", "0570-0000001", "渠道不经过三组，受益面不实")


async def project(tx: Tx) -> int:
    return int(
        await tx.conn.fetchval(
            "INSERT INTO projects_project (code, division_code, title, state, draft, title_grams)"
            " VALUES ('N-1', $1, '白马新村渠道', 'draft', $2, '{}') RETURNING id",
            BAIMA,
            json.dumps({}),
        )
    )


@pytest_asyncio.fixture(loop_scope="session")
async def hanging(tx: Tx) -> AsyncIterator[tuple[Tx, dict[str, Any], queries.Subject]]:
    subject = ("projects_project", await project(tx), BAIMA)
    async with become(tx, VILLAGE):
        row = await service.open_notice(tx, subject, Opening(Kind.VILLAGE, "渠道公示", "内容", STARTS, place="公开栏"))
    yield tx, row, subject


async def code_of(work: Any) -> list[str]:
    with pytest.raises(Invalid) as refused:
        await work
    return [p.code for p in refused.value.problems]


async def test_end_is_counted_by_the_pack_and_only_one_hangs(hanging: Any) -> None:
    tx, row, subject = hanging
    assert (row["ends_on"], row["days"], row["day_kind"]) == (date(2026, 9, 12), 5, "calendar")
    entries = await timeline(tx, "projects_project", subject[1])
    assert [e.sentence for e in entries] == ["发布了公示"]
    async with become(tx, VILLAGE):
        with pytest.raises(Exception, match="projects_posting_one_open"):
            async with tx.conn.transaction():
                await service.open_notice(tx, subject, Opening(Kind.VILLAGE, "再公示", "内容", STARTS))


async def test_open_objection_stops_everything_until_it_is_answered(hanging: Any) -> None:
    tx, row, subject = hanging
    async with become(tx, VILLAGE):
        taken = await service.take_paper(
            tx, row["id"], PaperObjectionForm("演示丁", "受益户数不实", date(2026, 9, 14), "123")
        )
        assert taken["late"]
        assert taken["due_on"] == date(2026, 9, 28)  # 20 September is worked, 25 to 27 are not
        assert await service.objections_open(tx, subject) == 1
        assert await code_of(service.require_clear(tx, subject)) == ["PRJ-510"]
        assert await code_of(service.cancel_notice(tx, row["id"], "内容有误")) == ["PRJ-508"]
        assert await code_of(service.close_notice(tx, row["id"], "无异议")) == ["PRJ-504", "PRJ-503", "PRJ-503"]
        assert await code_of(service.answer(tx, taken["id"], AnswerForm("dismiss", "已核实"))) == ["KRN-403"]
    async with become(tx, TOWN):
        answered = await service.answer(tx, taken["id"], AnswerForm("uphold", "已核实，改为两组", "条例"))
        assert service.person_of(answered) == ("演示丁", "123")
        assert b"\xe6\xbc\x94" not in bytes(answered["person_sealed"])
    async with become(tx, VILLAGE):
        await service.require_clear(tx, subject)
        for kind in Photo:
            await service.add_photo(tx, row["id"], kind, _upload())
        closed = await service.close_notice(tx, row["id"], "收到异议一件，成立")
        assert (closed["state"], closed["received"], closed["answered"], closed["upheld"]) == ("closed", 1, 1, 1)
        unwanted = _upload()
        assert await code_of(service.add_photo(tx, row["id"], Photo.END, unwanted)) == ["PRJ-507"]
        await unwanted.close()


def _upload() -> UploadFile:
    sent = UploadFile("image/png", "a.png")
    sent.file.write(picture())
    sent.file.seek(io.SEEK_SET)
    return sent


async def test_who_is_objected_against_cannot_say_that_it_was_taken_back(hanging: Any) -> None:
    tx, row, subject = hanging
    async with become(tx, VILLAGE):
        said = PaperObjectionForm("演示丙", "渠道不经过三组，受益面不实", date(2026, 9, 10))
        made = await service.take_paper(tx, row["id"], said)
        with pytest.raises(Refused, match="KRN-403"):
            await service.retract(tx, made["id"], "已谈妥")
    async with become(tx, TOWN):
        await service.retract(tx, made["id"], "本人书面撤回")
    assert await service.objections_open(tx, subject) == 0


async def test_visitor_objects_within_the_days_and_asks_by_receipt(hanging: Any) -> None:
    tx, row, _ = hanging
    async with become(tx, VISITOR):
        assert await code_of(service.take_online(tx, row["id"], SAID, "10.0.0.1")) == ["PRJ-513"]
        tx.now = datetime(2026, 9, 12, 23, 59, tzinfo=NOW.tzinfo)
        taken = await service.take_online(tx, row["id"], SAID, "10.0.0.1")
        for _ in range(2):
            await service.take_online(tx, row["id"], SAID, "10.0.0.1")
        assert await code_of(service.take_online(tx, row["id"], SAID, "10.0.0.1")) == ["PRJ-514"]
        await service.take_online(tx, row["id"], SAID, "10.0.0.2")
        robot = ObjectionForm("演示丙", "0570-0000001", "渠道不经过三组", "http://x")
        assert await code_of(service.take_online(tx, row["id"], robot, "10.0.0.3")) == ["PRJ-514"]
        found = await by_receipt(tx, row["id"], taken["receipt"].lower())
        assert (found["state"], "person_sealed" in found) == ("received", False)
        assert await code_of(by_receipt(tx, row["id"], "Y-1")) == ["KRN-404"]
        assert await code_of(service.close_notice(tx, row["id"], "无")) == ["KRN-403"]
        tx.now = NOW
    assert (await queries.find(tx, row["id"]))["received"] == 4


async def test_public_reads_the_notice_and_never_the_objections(hanging: Any) -> None:
    tx, row, _ = hanging
    async with become(tx, TOWN):
        await service.take_paper(tx, row["id"], PaperObjectionForm("演示丁", "受益户数不实", STARTS))
    async with become(tx, PUBLIC):
        await tx.conn.execute("SELECT set_config('app.public', '1', true)")
        assert await tx.conn.fetchval("SELECT received FROM projects_posting WHERE id = $1", row["id"]) == 1
        assert await tx.conn.fetchval("SELECT count(*) FROM projects_objection") == 0
        await tx.conn.execute("SELECT set_config('app.public', '', true)")


async def test_foreign_county_sees_nothing_and_a_wrong_date_is_refused(hanging: Any) -> None:
    tx, row, _ = hanging
    async with become(tx, actor(Role.COUNTY_CLERK, KECHENG)):
        with pytest.raises(Refused, match="KRN-404"):
            await queries.find(tx, row["id"])
    async with become(tx, TOWN):
        for day in (STARTS - timedelta(days=1), NOW.date() + timedelta(days=1)):
            form = PaperObjectionForm("演示丁", "受益户数不实", day)
            assert await code_of(service.take_paper(tx, row["id"], form)) == ["PRJ-512"]
        cancelled = await service.cancel_notice(tx, row["id"], "内容有误，重新公示")
        assert cancelled["state"] == "cancelled"
        assert await code_of(
            service.take_paper(tx, row["id"], PaperObjectionForm("演示丁", "受益户数不实", STARTS))
        ) == ["PRJ-507"]
        assert await service.latest(tx, ("projects_project", row["subject_id"], BAIMA)) is None

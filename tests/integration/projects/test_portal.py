"""What anybody may do without signing in: read what hangs, object, ask by receipt; never see what is not public."""

from __future__ import annotations

import re
from datetime import timedelta

import asyncpg
import pytest
from house import NOW, VILLAGE

from quzhou_migrants.kernel.db import connect_arguments

pytestmark = pytest.mark.asyncio(loop_scope="session")
DAY = NOW.date()
TYPED = {"person": "演示丙", "phone": "13800000000", "text": "渠道没有经过三组，请核对。"}


async def written(db) -> tuple[int, int]:
    """A draft nobody may know of and a notice that hangs. Shape: (project, notice)."""
    conn = await asyncpg.connect(**connect_arguments(db.owner))
    shift = (
        "INSERT INTO kernel_setting (key, value) VALUES ('business_clock', jsonb_build_object('shift_seconds',"
        " extract(epoch FROM $1::timestamptz - now())))"
    )
    await conn.execute(shift, NOW)
    project = await conn.fetchval(
        "INSERT INTO projects_project (code, division_code, title, state) VALUES ('D-1', $1, '未公开的项目', 'draft')"
        " RETURNING id",
        VILLAGE,
    )
    notice = await conn.fetchval(
        "INSERT INTO projects_posting (division_code, kind, subject_table, subject_id, title, body, starts_on, ends_on,"
        " days, day_kind) VALUES ($1, 'village', 'projects_project', $2, '道路硬化公示', '硬化道路1.2公里', $3, $4, 5,"
        " 'calendar') RETURNING id",
        VILLAGE,
        project,
        DAY - timedelta(days=1),
        DAY + timedelta(days=3),
    )
    await conn.close()
    return project, notice


async def test_a_visitor_objects_and_asks_by_the_receipt(db, client_as) -> None:
    _, notice = await written(db)
    async with client_as(None) as http:
        index = await http.get("/public")
        assert "道路硬化公示" in index.text
        page = await http.get(f"/public/notices/{notice}/objection")
        assert page.headers["cache-control"] == "no-store"
        once = re.search(r'name="once" value="([^"]+)"', page.text)[1]
        bad = await http.post(f"/public/notices/{notice}/objection", data={**TYPED, "text": "不", "once": once})
        assert (bad.status_code, "演示丙" in bad.text) == (422, True)
        sent = [await http.post(f"/public/notices/{notice}/objection", data={**TYPED, "once": once}) for _ in range(2)]
        assert [s.status_code for s in sent] == [303, 303]
        assert sent[0].headers["location"] == sent[1].headers["location"]  # one click too many is one objection
        told = await http.get(sent[0].headers["location"])
        assert ("待答复" in told.text, "演示丙" in told.text, "13800000000" in told.text) == (True, False, False)
        wrong = await http.get(f"/public/notices/{notice}/receipt", params={"receipt": "Y260916-NONE"})
        assert "没有这个编号的异议" in wrong.text
        robot = {**TYPED, "homepage": "x", "once": "7b0bb6b5-5f0e-4a39-9d5f-5b7f4c1f7a11"}
        assert (await http.post(f"/public/notices/{notice}/objection", data=robot)).status_code >= 400
        counted = await http.get(f"/public/notices/{notice}")
        assert "1 件" in counted.text


async def test_what_is_not_public_is_not_there(db, client_as) -> None:
    project, notice = await written(db)
    async with client_as(None) as http:
        assert (await http.get(f"/public/projects/{project}")).status_code == 404
        assert "未公开的项目" not in (await http.get("/public/projects?q=演示村")).text
        conn = await asyncpg.connect(**connect_arguments(db.owner))
        await conn.execute("UPDATE projects_posting SET state = 'cancelled' WHERE id = $1", notice)
        await conn.close()
        assert (await http.get(f"/public/notices/{notice}")).status_code == 404
        assert (await http.get(f"/public/notices/{notice}/objection")).status_code == 404
    async with client_as("county_clerk", "330802000000") as http:  # who may see the draft inside sees no more outside
        assert (await http.get(f"/public/projects/{project}")).status_code == 404
        assert (await http.get("/public")).headers["cache-control"] == "no-store"

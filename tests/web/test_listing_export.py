"""Lists as spreadsheets: what is on the screen, all of it, with its filters on the first sheet."""

from datetime import date, datetime
from io import BytesIO
from urllib.parse import unquote

import asyncpg
from house import KECHENG, VILLAGE, make_account
from openpyxl import load_workbook

from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.db import connect_arguments


async def test_export_holds_the_whole_list_and_says_what_it_is(client_as, db):
    for _ in range(25):
        await make_account(db, Role.TOWNSHIP_CLERK, "330802100000")
    async with client_as(Role.COUNTY_ADMIN, KECHENG) as http:
        answer = await http.get("/accounts", params={"format": "xlsx", "role": "township_clerk", "size": "20"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/vnd.openxmlformats")
    assert answer.headers["cache-control"] == "no-store"
    assert unquote(answer.headers["content-disposition"]).startswith("attachment; filename*=UTF-8''人员")
    about, people = load_workbook(BytesIO(answer.content)).worksheets
    facts = dict(about.iter_rows(values_only=True))
    assert facts["清单"] == CATALOGUE.text("list.people.what")
    assert facts["筛选条件"] == "岗位 乡镇经办"
    assert facts["条数"] == "25"
    rows = list(people.iter_rows(values_only=True))
    assert len(rows) == 26
    assert rows[0][0] == CATALOGUE.text("list.people.name")


async def test_a_moment_is_a_day_of_shanghai_in_a_sheet_as_on_the_screen(client_as, db):
    """What was engaged at half past midnight stands under that day, not under the day before of another zone."""
    conn = await asyncpg.connect(**connect_arguments(db.owner))
    await conn.execute(
        "INSERT INTO projects_project (code, division_code, title, category, state, submitted_at)"
        " VALUES ('P-1', $1, '半夜提交', 'industry', 'submitted', '2026-09-16 00:30+08')",
        VILLAGE,
    )
    await conn.close()
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        screen = (await http.get("/projects")).text
        sheet = load_workbook(BytesIO((await http.get("/projects?format=xlsx")).content)).worksheets[-1]
    assert "2026-09-16" in screen
    moments = [
        cell for row in sheet.iter_rows(min_row=2, values_only=True) for cell in row if isinstance(cell, datetime)
    ]
    assert {moment.date() for moment in moments} == {date(2026, 9, 16)}

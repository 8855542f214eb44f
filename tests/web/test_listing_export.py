"""Lists as spreadsheets: what is on the screen, all of it, with its filters on the first sheet."""

from io import BytesIO
from urllib.parse import unquote

from house import KECHENG, make_account
from openpyxl import load_workbook

from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.catalogue import CATALOGUE


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

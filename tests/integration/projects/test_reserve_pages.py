"""The pages of review over HTTP: errors stand beside their fields, nothing typed is lost, photos are walled."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from house import BAIMA, KECHENG, NIANLI, NOW, QUJIANG, Database
from project_house import picture

from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.tx import system_tx

Client = Callable[..., AbstractAsyncContextManager[Any]]
SEE_OTHER, CONFLICT, OK, NOT_FOUND = 303, 409, 200, 404
_INSERT = """
INSERT INTO projects_project (code, division_code, title, category, state, asked_fen, estimate_fen, round, "window",
  submitted_at) VALUES ($1, $2, $1, 'ecology', $3, 6000000000, 6000000000, 1, '2026-09', $4) RETURNING id
"""


async def project(state: str, code: str = "P-1") -> int:
    async with system_tx("test") as tx:
        return int(await tx.conn.fetchval(_INSERT, code, BAIMA, state, NOW))


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, name
    return found[1]


def words(page: str) -> str:
    return re.sub(r"<[^>]+>|\s+", " ", page)


async def test_a_batch_without_a_reason_comes_back_with_its_ticks_and_words(db: Database, client_as: Client) -> None:
    key = await project("township_passed")
    async with client_as(Role.COUNTY_CLERK, QUJIANG) as http:
        page = (await http.get("/reserve/batches/new")).text
        form = {
            "once": hidden(page, "once"),
            "decision": "refuse",
            "picked": f"{key}:1",
            "years": "5",
            "opinion": "拟不予入库",
        }
        answer = await http.post("/reserve/batches/new", data=form)
    assert answer.status_code == 422
    assert "PRJ-233" in answer.text
    assert re.search(rf'value="{key}:1"[^>]* checked', answer.text)
    assert "拟不予入库" in answer.text


async def test_a_site_check_keeps_its_photos_for_the_range_alone(db: Database, client_as: Client) -> None:
    key = await project("submitted")
    async with client_as(Role.TOWNSHIP_CLERK, NIANLI) as town, client_as(Role.COUNTY_CLERK, KECHENG) as foreign:
        page = (await town.get(f"/reserve/{key}")).text
        assert "概算达到须现场核查的起点" in page
        address = f"/reserve/{key}/site-checks"
        form = {"once": hidden(page, "once"), "checked_on": "2026-09-15", "finding": "fit", "note": "短"}
        slip = await town.post(address, data=form)
        assert (slip.status_code, "WEB-104" in slip.text) == (422, True)
        files = [("photos", (f"{n}.png", picture(n), "image/png")) for n in (100, 200)]
        answer = await town.post(address, data={**form, "note": "位置与申报一致"}, files=files)
        assert answer.status_code == SEE_OTHER, words(answer.text)[-600:]
        page = (await town.get(f"/reserve/{key}")).text
        photos = re.findall(r'<img src="(/files/\d+)"', page)
        assert len(photos) == 2
        assert "概算达到须现场核查的起点" not in page
        assert (await town.get(photos[0])).status_code == OK
        assert (await foreign.get(photos[0])).status_code == NOT_FOUND


async def test_the_slower_of_two_who_rank_sees_the_new_order_and_is_told(db: Database, client_as: Client) -> None:
    first, second = await project("submitted", "P-1"), await project("submitted", "P-2")
    async with client_as(Role.COUNTY_CLERK, QUJIANG) as county, client_as(Role.TOWNSHIP_CLERK, NIANLI) as town:
        page = (await county.get("/reserve/quotas/new")).text
        form = {
            "once": hidden(page, "once"),
            "township": NIANLI,
            "window": "2026-09",
            "amount_fen": "100",
            "factor_bp": "90",
        }
        slip = await county.post("/reserve/quotas/new", data=form)
        assert (slip.status_code, "WEB-108" in slip.text) == (422, True)
        made = await county.post("/reserve/quotas/new", data={**form, "factor_bp": "200"})
        address = made.headers["location"]
        page = (await town.get(address)).text
        order = {"once": hidden(page, "once"), "seen": hidden(page, "seen"), "order": [str(second), str(first)]}
        assert (await town.post(f"{address}/order", data=order)).status_code == SEE_OTHER
        late = {**order, "once": "00000000-0000-4000-8000-000000000001", "order": [str(first), str(second)]}
        whole = await town.post(f"{address}/order", data=late)
        part = await town.post(f"{address}/order", data=late, headers={"HX-Request": "true", "HX-Target": "order"})
    assert (whole.status_code, part.status_code) == (CONFLICT, OK)
    for answer in (whole, part):
        assert "KRN-409" in answer.text
        assert answer.text.index(f'id="rank-{second}"') < answer.text.index(f'id="rank-{first}"')
    assert "<html" not in part.text


async def test_an_overdue_filing_stands_in_the_queue_of_overdue_ones(db: Database, client_as: Client) -> None:
    late, fresh = await project("submitted", "LATE"), await project("submitted", "FRESH")
    async with system_tx("test") as tx:
        for key, due in ((late, "2026-09-15"), (fresh, "2026-09-30")):
            await tx.conn.execute(
                "INSERT INTO projects_review_turn (project, division_code, round, tier, due_on)"
                " VALUES ($1, $2, 1, 'township', $3::text::date)", key, BAIMA, due,
            )  # fmt: skip
    async with client_as(Role.TOWNSHIP_CLERK, NIANLI) as town:
        listed = [
            set(re.findall(r'<a href="/reserve/\d+">(\w+)</a>', (await town.get(f"/reserve/queue{end}")).text))
            for end in ("", "/overdue", "/mine", "/unassigned")
        ]
    assert listed == [{"LATE", "FRESH"}, {"LATE"}, set(), {"LATE", "FRESH"}]


async def test_a_filed_row_stays_as_it_was_filed_and_its_range_alone_sees_it(db: Database, client_as: Client) -> None:
    key = await project("admitted", "FILED")
    async with client_as(Role.COUNTY_CLERK, QUJIANG) as county, client_as(Role.COUNTY_CLERK, KECHENG) as foreign:
        page = (await county.get("/reserve/filings")).text
        made = await county.post("/reserve/filings", data={"once": hidden(page, "once")})
        address = f"{made.headers['location']}/projects"
        async with system_tx("test") as tx:
            await tx.conn.execute("UPDATE projects_project SET title = 'RENAMED', state = 'planned' WHERE id = $1", key)
        shown = words((await county.get(address)).text)
        again = await county.post("/reserve/filings", data={"once": "00000000-0000-4000-8000-000000000002"})
        assert (await foreign.get(address)).status_code == NOT_FOUND
    assert ("FILED" in shown, "RENAMED" in shown, "已列计划" in shown) == (True, False, True)
    assert (again.status_code, "PRJ-237" in again.text) == (CONFLICT, True)

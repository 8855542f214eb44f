"""A batch typed by one person is compared with its paper and booked by another."""

from __future__ import annotations

import re
from datetime import date

import pytest
from house import CITY, KECHENG, actor, become
from money_house import batch_form, book

from allocation import panels
from allocation.budget import checking, earmarks, queries, service
from allocation.budget.forms import EarmarkForm
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.errors import Refused

pytestmark = pytest.mark.asyncio(loop_scope="session")
TYPIST, COLLEAGUE, LEADER = (
    actor(role, CITY, name=name)
    for role, name in ((Role.CITY_CLERK, "甲"), (Role.CITY_CLERK, "乙"), (Role.CITY_LEADER, "丙"))
)


async def refused(work) -> str:
    with pytest.raises(Refused) as refusal:
        await work
    return refusal.value.code


async def a_typed_batch(tx) -> int:
    async with become(tx, TYPIST):
        batch = await service.draft_batch(tx, batch_form())
        await checking.submit_batch(tx, batch)
    return batch


async def test_whoever_typed_a_batch_does_not_book_it(tx) -> None:
    batch = await a_typed_batch(tx)
    async with become(tx, TYPIST):
        assert await refused(service.record_batch(tx, batch)) == "ALC-153"
    async with become(tx, COLLEAGUE):
        assert (await service.record_batch(tx, batch))["state"] == "recorded"


async def test_a_batch_on_its_way_is_not_changed_and_comes_back_only_with_a_reason(tx) -> None:
    batch = await a_typed_batch(tx)
    async with become(tx, TYPIST):
        assert await refused(service.draft_batch(tx, batch_form(), batch_id=batch, version=2)) == "ALC-118"
        assert await refused(earmarks.add_earmark(tx, batch, EarmarkForm("生态", 100, "ecology"))) == "ALC-118"
    async with become(tx, LEADER):
        assert await refused(checking.return_batch(tx, batch, " ")) == "ALC-154"
        assert (await checking.return_batch(tx, batch, "直补人数不符"))["state"] == "draft"
        assert await refused(service.record_batch(tx, batch)) == "KRN-408"


async def test_everybody_who_wrote_on_a_batch_is_its_first_hand(tx) -> None:
    async with become(tx, TYPIST):
        batch = await service.draft_batch(tx, batch_form())
    async with become(tx, COLLEAGUE):
        mark = await earmarks.add_earmark(tx, batch, EarmarkForm("生态", 100, "ecology"))
        await earmarks.drop_earmark(tx, batch, mark)
    async with become(tx, TYPIST):
        await checking.submit_batch(tx, batch)
    async with become(tx, COLLEAGUE):
        assert await refused(service.record_batch(tx, batch)) == "ALC-153"
        assert await panels._checks(tx) == []
    async with become(tx, LEADER):
        [task] = await panels._checks(tx)
        assert (task.url, task.due) == (f"/funds/{batch}", date(2026, 9, 20))  # a Sunday worked in for the holidays
        await service.record_batch(tx, batch)
        assert await panels._checks(tx) == []


async def test_a_batch_booked_is_not_taken_back_by_its_typist(tx) -> None:
    async with become(tx, TYPIST):
        batch = await book(tx, await service.draft_batch(tx, batch_form()))
        assert await refused(service.reverse_batch(tx, batch, "文号录错")) == "ALC-153"
    async with become(tx, COLLEAGUE):
        assert (await service.reverse_batch(tx, batch, "文号录错"))["state"] == "reversed"


async def test_a_batch_on_its_way_is_nobody_elses_business(tx) -> None:
    batch = await a_typed_batch(tx)
    async with become(tx, actor(Role.COUNTY_CLERK, KECHENG)):
        assert await refused(queries.batch(tx, batch)) == "KRN-404"


async def test_the_page_says_who_waits_for_whom(db, client_as) -> None:
    async with client_as(Role.CITY_CLERK) as clerk:
        typed = {"doc_no": "浙财农〔2026〕51号", "title": "待核对", "level": "province", "fund_kind": "project",
                 "issued_on": "2026-09-01", "total_fen": 100, "project_fen": 100}  # fmt: skip
        where = f"/funds/{(await clerk.post('/api/v1/funds', json=typed)).json()['id']}"
        assert f"{where}/record" not in (await clerk.get(where)).text
        await _press(clerk, where, "submit")
        page = (await clerk.get(where)).text
        assert "等待另一人核对入账" in page
        assert "不能由自己核对入账" in page
        assert f"{where}/record" not in page
        assert where not in (await clerk.get("/home")).text
    async with client_as(Role.CITY_LEADER) as leader:
        assert "待核对入账" in (await leader.get("/home")).text
        slip = await _press(leader, where, "return", reason="")
        assert slip.status_code == 422
        assert (await _press(leader, where, "record")).headers["location"] == where
        assert "已入账" in (await leader.get(where)).text


async def _press(http, where: str, step: str, **fields: str):
    token = re.search(r'name="once" value="([^"]+)"', (await http.get(where)).text)[1]
    return await http.post(f"{where}/{step}", data={"once": token, **fields})

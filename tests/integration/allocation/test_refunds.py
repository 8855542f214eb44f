"""Money paid beyond the settled price: asked back by a letter, waited for, booked when it is there."""

from __future__ import annotations

import re
import uuid
from datetime import date, timedelta
from typing import Any

import asyncpg
import pytest
from bank_house import lies
from claim_house import CLERK, FINANCE, SECOND_FINANCE, contracted, form, prepared, refused
from house import KECHENG, NOW, QUJIANG, Database, actor, become, make_account
from refund_house import ASKED_ON, LETTER, OVER, PAID, SETTLED, overpaid, returned

from allocation.bank import queries as bank
from allocation.budget.ledger import Kind as Lies
from allocation.budget.queries import ledger_faults
from allocation.payments import panels, queries, refunds, service
from allocation.payments.forms import RefundForm
from allocation.payments.rules import Kind
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.accounts.sessions import COOKIE, open_session
from quzhou_migrants.kernel.actor import SYSTEM
from quzhou_migrants.kernel.tx import Tx, begin

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_an_overpayment_is_asked_back_and_stands_on_the_home_page_until_it_is_back(tx: Tx) -> None:
    project = await overpaid(tx)
    async with become(tx, CLERK):
        (task,) = [t for t in await panels.waiting(tx) if t.kind == "refund"]
        assert (task.url, task.due) == (f"/claims/project/{project}/refund", date(2026, 10, 10))
        key = await refunds.ask(tx, project, LETTER)
        row = await refunds.find(tx, key)
        assert (row["amount_fen"], row["paid_fen"], row["settled_fen"]) == (OVER, PAID, SETTLED)
        (task,) = [t for t in await panels.waiting(tx) if t.kind == "refund"]
        assert (task.url, task.due) == (f"/claims/refunds/{key}", LETTER.due_on)
    async with become(tx, FINANCE):
        assert [t.url for t in await panels.waiting(tx) if t.kind == "refund"] == [f"/claims/refunds/{key}"]
        await refunds.receive(tx, key, returned())
        assert [t for t in await panels.waiting(tx) if t.kind == "refund"] == []
    assert await lies(tx, Lies.PAID, Lies.CONTRACTED) == [SETTLED, 480_000_00 - SETTLED]
    assert await queries.claimed(tx, project) == (SETTLED, PAID)
    assert await refunds.not_asked(tx) == []
    assert await ledger_faults(tx.conn) == []


async def test_a_part_ends_the_letter_and_the_rest_is_asked_for_by_another(tx: Tx) -> None:
    project = await overpaid(tx)
    async with become(tx, CLERK):
        key = await refunds.ask(tx, project, LETTER)
    async with become(tx, FINANCE):
        await refunds.receive(tx, key, returned(4_000_00))
    assert [r["over"] for r in await refunds.not_asked(tx)] == [OVER - 4_000_00]
    async with become(tx, CLERK):
        again = await refunds.ask(tx, project, LETTER)
    assert (await refunds.find(tx, again))["amount_fen"] == OVER - 4_000_00
    with pytest.raises(asyncpg.UniqueViolationError, match="allocation_refund_one_reference"):
        async with tx.conn.transaction(), become(tx, FINANCE):
            await refunds.receive(tx, again, returned(1_00))
    assert await refused(tx, FINANCE, lambda: refunds.receive(tx, key, returned(1_00, "TK0000002"))) == ["KRN-408"]


async def test_what_is_asked_follows_the_books_and_each_step_takes_its_own_hand(tx: Tx) -> None:
    fair = await contracted(tx)
    assert await refused(tx, CLERK, lambda: refunds.ask(tx, fair, LETTER)) == ["ALC-450"]
    project = await overpaid(tx)
    late = RefundForm(LETTER.doc_no, ASKED_ON, ASKED_ON + timedelta(days=31))
    ahead = RefundForm(LETTER.doc_no, ASKED_ON + timedelta(days=1), ASKED_ON + timedelta(days=2))
    assert await refused(tx, CLERK, lambda: refunds.ask(tx, project, late)) == ["ALC-452"]
    assert await refused(tx, CLERK, lambda: refunds.ask(tx, project, ahead)) == ["ALC-451"]
    assert await refused(tx, FINANCE, lambda: refunds.ask(tx, project, LETTER)) == ["KRN-403"]
    async with become(tx, CLERK):
        key = await refunds.ask(tx, project, LETTER)
    assert await refused(tx, CLERK, lambda: refunds.ask(tx, project, LETTER)) == ["ALC-453"]
    same = actor(Role.COUNTY_FINANCE, KECHENG, user_id=CLERK.user_id)
    assert await refused(tx, same, lambda: refunds.receive(tx, key, returned())) == ["ALC-454"]
    early = returned(day=ASKED_ON - timedelta(days=1))
    assert await refused(tx, FINANCE, lambda: refunds.receive(tx, key, early)) == ["ALC-455"]
    assert await refused(tx, FINANCE, lambda: refunds.receive(tx, key, returned(OVER + 1))) == ["ALC-456"]
    abroad = actor(Role.COUNTY_FINANCE, QUJIANG, user_id=999)
    assert await refused(tx, abroad, lambda: refunds.receive(tx, key, returned())) == ["KRN-404"]
    assert await refused(tx, CLERK, lambda: refunds.withdraw(tx, key, " ")) == ["ALC-425"]
    async with become(tx, CLERK):
        assert (await refunds.withdraw(tx, key, "金额有误"))["state"] == "withdrawn"
    assert [r["id"] for r in await refunds.not_asked(tx)] == [project]


async def test_the_month_is_explained_when_money_came_back(tx: Tx) -> None:
    project = await overpaid(tx)
    async with become(tx, CLERK):
        key = await refunds.ask(tx, project, LETTER)
    async with become(tx, SECOND_FINANCE):
        await refunds.receive(tx, key, returned())
    comparison, _ = await bank.month(tx, KECHENG, 2026, 9)
    assert (comparison.by_hand, comparison.refunded, comparison.books_paid) == (PAID, OVER, SETTLED)
    assert comparison.difference == 0


async def test_a_settled_project_that_was_overpaid_is_paid_nothing_more(tx: Tx) -> None:
    project = await overpaid(tx)
    await tx.conn.execute("UPDATE projects_project SET accepted_on = '2026-09-01' WHERE id = $1", project)
    claim = await prepared(tx, project, form(Kind.SETTLEMENT, 1_00, final_fen=SETTLED))
    assert await refused(tx, CLERK, lambda: service.submit(tx, claim)) == ["ALC-407"]


async def send(http: Any, page: str, path: str, **fields: str) -> Any:
    """Take the token of the page the form stands on, then post to the form's address."""
    token = re.search(r'name="once" value="([^"]+)"', (await http.get(page)).text)
    assert token, page
    return await http.post(path, data={"once": token[1], **fields})


async def test_an_overpayment_through_its_pages(db: Database, client_as: Any) -> None:
    async with begin(SYSTEM, request_id=uuid.uuid4().hex[:16], at=NOW) as tx:
        project = await overpaid(tx)
    new = f"/claims/project/{project}/refund"
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        assert "超付待退回" in (await http.get(f"/claims/project/{project}")).text
        assert "44,000.00" in (await http.get(new)).text
        typed = {"doc_no": "柯移函〔2026〕9号", "asked_on": "2026-09-16"}
        far = await send(http, new, new, **typed, due_on="2026-12-20")
        assert (far.status_code, "ALC-452" in far.text, "柯移函〔2026〕9号" in far.text) == (422, True, True)
        made = await send(http, new, new, **typed, due_on="2026-10-16")
        assert made.status_code == 303, made.text
        page = made.headers["location"]
        assert "已经发函" in (await http.get(new)).text
        assert "柯移函〔2026〕9号" in (await http.get("/claims/refunds")).text
        assert (await http.get(f"{page}/letter.pdf")).content.startswith(b"%PDF")
        http.cookies.set(COOKIE, await open_session(await make_account(db, Role.COUNTY_FINANCE, KECHENG), "test"))
        back = {"returned_on": "2026-09-16", "voucher_no": "记-1", "bank_ref": "TK20260916"}
        more = await send(http, page, f"{page}/receive", returned_fen="44000.01", **back)
        assert (more.status_code, "ALC-456" in more.text) == (422, True)
        assert (await send(http, page, f"{page}/receive", returned_fen="44000", **back)).status_code == 303
        shown = (await http.get(page)).text
        assert "已退回" in shown
        assert "TK20260916" in shown
        assert "超付待退回" not in (await http.get(f"/claims/project/{project}")).text
        http.cookies.set(COOKIE, await open_session(await make_account(db, Role.COUNTY_FINANCE, QUJIANG), "test"))
        for path in (page, f"{page}/letter.pdf"):
            assert (await http.get(path)).status_code == 404
        assert "柯移函〔2026〕9号" not in (await http.get("/claims/refunds")).text

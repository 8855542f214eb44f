"""Grants that prove wrong: withdrawn before they are paid, recalled and asked back afterwards."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from bank_house import lies, says, sent, told
from claim_house import CLERK, FINANCE, LEADER, refused
from grant_house import DAY, GIVEN, MONEY, again, approved
from house import KECHENG, NOW, Database, become, make_account
from refund_house import LETTER, returned

from allocation.bank import panels as bank_panels
from allocation.bank import queries as bank
from allocation.bank import service as bank_service
from allocation.budget.ledger import Kind as Lies
from allocation.budget.queries import ledger_faults
from allocation.finance import queries as finance
from allocation.grants import queries, recalling
from allocation.payments import panels, refunds
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.accounts.sessions import COOKIE, open_session
from quzhou_migrants.kernel.actor import SYSTEM
from quzhou_migrants.kernel.tx import Tx, begin

pytestmark = pytest.mark.asyncio(loop_scope="session")
DUE = 45_000_00


async def paid(tx: Tx) -> tuple[int, str]:
    """A reward that reached its recipient. Gives its id and the number of the bank's file."""
    key = await approved(tx)
    _, number = await sent(tx, "grants")
    await told(tx, says(number, 1, "paid", GIVEN))
    return key, number


async def test_an_approval_that_proves_wrong_is_withdrawn_before_it_is_paid(tx: Tx) -> None:
    key = await approved(tx)
    assert await refused(tx, LEADER, lambda: recalling.withdraw(tx, key, " ")) == ["ALC-546"]
    assert await refused(tx, CLERK, lambda: recalling.withdraw(tx, key, "户数核错")) == ["KRN-403"]
    async with become(tx, LEADER):
        assert (await recalling.withdraw(tx, key, "户数核错"))["state"] == "withdrawn"
    assert await lies(tx, Lies.AVAILABLE, Lies.ISSUING) == [MONEY + 30_000_00, 0]
    assert await refused(tx, LEADER, lambda: recalling.withdraw(tx, key, "再来一次")) == ["KRN-408"]
    assert await refused(tx, FINANCE, lambda: bank_service.prepare(tx, "grants")) == ["ALC-500"]
    await again(tx)  # the place of one reward a year is free again
    assert await lies(tx, Lies.AVAILABLE, Lies.ISSUING) == [MONEY + 30_000_00 - GIVEN, GIVEN]
    assert await ledger_faults(tx.conn) == []


async def test_what_is_at_the_bank_is_not_withdrawn(tx: Tx) -> None:
    key = await approved(tx)
    async with become(tx, FINANCE):
        assert [t.url for t in await bank_panels.waiting(tx)] == ["/bank/new/grants"]
        batch = await bank_service.prepare(tx, "grants")
    assert await refused(tx, LEADER, lambda: recalling.withdraw(tx, key, "户数核错")) == ["ALC-562"]
    async with become(tx, FINANCE):
        await bank_service.cancel(tx, batch)
    _, number = await sent(tx, "grants")
    await told(tx, says(number, 1, "paid", GIVEN), says(number, 1, "returned", 10_000_00))
    assert await refused(tx, LEADER, lambda: recalling.withdraw(tx, key, "户数核错")) == ["ALC-563"]
    await told(tx, says(number, 1, "returned", 50_000_00))
    async with become(tx, LEADER):
        await recalling.withdraw(tx, key, "户数核错")
    assert await lies(tx, Lies.AVAILABLE, Lies.ISSUING, Lies.ISSUED) == [MONEY + 30_000_00, 0, 0]


async def test_a_paid_grant_is_recalled_in_part_asked_back_and_booked_when_it_came(tx: Tx) -> None:
    key, _ = await paid(tx)
    assert await refused(tx, LEADER, lambda: recalling.recall(tx, key, GIVEN, "多算一户")) == ["ALC-564"]
    assert await refused(tx, CLERK, lambda: recalling.ask(tx, key, LETTER)) == ["ALC-450"]
    async with become(tx, LEADER):
        await recalling.recall(tx, key, DUE, "多算一户")
    async with become(tx, CLERK):
        assert [t.url for t in await bank_panels.waiting(tx) if t.kind == "grant"] == [f"/grants/{key}/refund"]
        letter = await recalling.ask(tx, key, LETTER)
        assert [t for t in await bank_panels.waiting(tx) if t.kind == "grant"] == []
        assert [t.url for t in await panels.waiting(tx) if t.kind == "refund"] == [f"/claims/refunds/{letter}"]
    assert await refused(tx, LEADER, lambda: recalling.uphold(tx, key, "无误")) == ["ALC-565"]
    most = GIVEN - DUE
    assert await refused(tx, FINANCE, lambda: refunds.receive(tx, letter, returned(most + 1))) == ["ALC-456"]
    async with become(tx, FINANCE):
        await refunds.receive(tx, letter, returned(5_000_00))
    assert (await queries.grant(tx, key))["state"] == "recalled"
    async with become(tx, CLERK):
        rest = await recalling.ask(tx, key, LETTER)
    async with become(tx, FINANCE):
        await refunds.receive(tx, rest, returned(most - 5_000_00, "TK0000009"))
        moved = await finance.payments(tx, KECHENG, DAY, DAY, most=10)
    assert (await queries.grant(tx, key))["state"] == "recovered"
    assert await lies(tx, Lies.AVAILABLE, Lies.ISSUING, Lies.ISSUED) == [MONEY + 30_000_00 - DUE, 0, DUE]
    assert [(r["kind"], r["purpose"], r["paid_fen"] - r["returned_fen"]) for r in moved] == [
        ("payment", "grants", GIVEN), ("refund", "grants", -5_000_00), ("refund", "grants", 5_000_00 - most),
    ]  # fmt: skip
    month, _ = await bank.month(tx, KECHENG, 2026, 9)
    assert (month.refunded, month.books_paid, month.difference) == (most, DUE, 0)
    assert await ledger_faults(tx.conn) == []


async def test_the_bank_may_bring_a_recalled_grant_back_and_no_letter_takes_it_twice(tx: Tx) -> None:
    key, number = await paid(tx)
    async with become(tx, LEADER):
        await recalling.recall(tx, key, 0, "验收作废")
    async with become(tx, CLERK):
        letter = await recalling.ask(tx, key, LETTER)
    await told(tx, says(number, 1, "returned", 50_000_00))
    assert await lies(tx, Lies.AVAILABLE, Lies.ISSUED) == [MONEY + 30_000_00 - 10_000_00, 10_000_00]
    month, _ = await bank.month(tx, KECHENG, 2026, 9)
    assert (month.books_paid, month.difference) == (10_000_00, 0)
    assert await refused(tx, FINANCE, lambda: refunds.receive(tx, letter, returned(10_000_01))) == ["ALC-456"]
    async with become(tx, FINANCE):
        await refunds.receive(tx, letter, returned(10_000_00))
    assert (await queries.grant(tx, key))["state"] == "recovered"
    assert await lies(tx, Lies.AVAILABLE, Lies.ISSUED) == [MONEY + 30_000_00, 0]
    await again(tx)  # all of it is back: another one may be given


async def test_a_recall_that_was_wrong_itself_is_taken_back(tx: Tx) -> None:
    key, _ = await paid(tx)
    async with become(tx, LEADER):
        await recalling.recall(tx, key, 0, "看错了")
        assert (await recalling.uphold(tx, key, "复核无误"))["state"] == "paid"
    row = await queries.grant(tx, key)
    assert (row["due_fen"], row["recalled_on"]) == (None, None)


async def send(http: Any, page: str, path: str, **fields: str) -> Any:
    token = re.search(r'name="once" value="([^"]+)"', (await http.get(page)).text)
    assert token, page
    return await http.post(path, data={"once": token[1], **fields})


async def test_a_recall_through_its_pages(db: Database, client_as: Any) -> None:
    async with begin(SYSTEM, request_id=uuid.uuid4().hex[:16], at=NOW) as tx:
        key, _ = await paid(tx)
    page = f"/grants/{key}"
    async with client_as(Role.COUNTY_LEADER, KECHENG) as http:
        much = await send(http, page, f"{page}/recall", due_fen="6万", reason="多算一户")
        assert (much.status_code, "ALC-564" in much.text, 'value="6万"' in much.text) == (422, True, True)
        assert (await send(http, page, f"{page}/recall", due_fen="4.5万", reason="多算一户")).status_code == 303
        assert "还应追回 15,000.00 元" in (await http.get(page)).text
        http.cookies.set(COOKIE, await open_session(await make_account(db, Role.COUNTY_CLERK, KECHENG), "test"))
        new = (await http.get(f"{page}/refund")).text
        assert ("多算一户" in new, "15,000.00" in new) == (True, True)
        typed = {"doc_no": "柯移函〔2026〕11号", "asked_on": "2026-09-16", "due_on": "2026-10-10", "note": "多算一户"}
        letter = (await send(http, f"{page}/refund", f"{page}/refund", **typed)).headers["location"]
        for shown in (letter, "/claims/refunds"):
            assert "演示村美丽家园达标奖补" in (await http.get(shown)).text
        assert (await http.get(f"{letter}/letter.pdf")).content.startswith(b"%PDF")
        assert (await http.get(f"{page}/form.pdf")).content.startswith(b"%PDF")

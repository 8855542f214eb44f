"""Signed claims through the bank: files by two hands, answers row by row, each once, nothing lost."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta

import pytest
from bank_house import DAY, account, findings, lies, says, sent, told
from claim_house import CLERK, FINANCE, LEADER, SECOND_FINANCE, contracted, form, paid_form, refused, signed
from house import KECHENG, become

from allocation.bank import documents, panels, queries, reconcile, service
from allocation.bank.files import bank_csv
from allocation.bank.forms import PayeeForm
from allocation.budget.ledger import Kind as Lies
from allocation.payments import queries as claims
from allocation.payments import service as payments
from allocation.payments.rules import Kind
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.pdf import build
from quzhou_migrants.kernel.tx import Tx

pytestmark = pytest.mark.asyncio(loop_scope="session")
ASKED = 144_000_00


async def ready(tx: Tx) -> int:
    """A signed claim whose contractor has a confirmed account."""
    claim = await signed(tx, await contracted(tx), form(Kind.ADVANCE, ASKED))
    await account(tx)
    return claim


async def test_nothing_goes_to_an_account_that_only_one_hand_has_seen(tx: Tx) -> None:
    await signed(tx, await contracted(tx), form(Kind.ADVANCE, ASKED))
    async with become(tx, FINANCE):
        payee = await service.propose_payee(tx, PayeeForm("建设公司", "中国农业银行", "6228480402564890018"))
        assert [d.block for d in await service.due(tx, "claims")] == ["ALC-502"]
        with pytest.raises(Refused, match="ALC-500"):
            await service.prepare(tx, "claims")
        with pytest.raises(Refused, match="ALC-501"):
            await service.confirm_payee(tx, payee)
    async with become(tx, LEADER):
        await service.confirm_payee(tx, payee)
    async with become(tx, FINANCE):
        assert [d.block for d in await service.due(tx, "claims")] == [""]


async def test_account_numbers_are_sealed_and_masked(tx: Tx) -> None:
    payee = await account(tx, number="6228480402564890018")
    row = await queries.one(tx, "allocation_payee", payee)
    assert row["account_tail"] == "0018"
    assert b"6228480402564890018" not in bytes(row["account_cipher"])
    with pytest.raises(Refused, match="ALC-518"):
        await service.propose_payee(tx, PayeeForm("建设公司", "中国农业银行", "6.22848E+18"))


async def test_a_file_needs_two_hands_and_its_bytes_never_change(tx: Tx) -> None:
    claim = await ready(tx)
    async with become(tx, FINANCE):
        batch = await service.prepare(tx, "claims")
        with pytest.raises(Refused, match="ALC-501"):
            await service.release(tx, batch)
        with pytest.raises(Refused, match="ALC-500"):
            await service.prepare(tx, "claims")  # what is under way is in one file only
    async with become(tx, SECOND_FINANCE):
        row = await service.release(tx, batch)
    made = bank_csv(row, await queries.lines(tx, batch), documents.headings())
    assert made.sha256 == row["file_sha256"]
    head, line = csv.reader(io.StringIO(made.data.decode("utf-8-sig")))
    assert head[:3] == ["批号", "序号", "收款人"]
    assert line[:6] == [row["number"], "1", "建设公司", "中国农业银行柯城支行", "6228480402564890018", "144000.00"]
    assert (await claims.claim(tx, claim))["state"] == "signed"


async def test_what_the_bank_paid_is_booked_once_whatever_is_sent_again(tx: Tx) -> None:
    claim = await ready(tx)
    batch, number = await sent(tx, "claims")
    row = says(number, 1, "paid", ASKED)
    assert (await told(tx, row))[1] == 1
    assert (await claims.claim(tx, claim))["state"] == "paid"
    assert (await claims.payment(tx, claim))["bank_ref"] == row.bank_ref
    assert (await queries.one(tx, "allocation_bank_batch", batch))["state"] == "done"
    paid = await lies(tx, Lies.CLAIMED, Lies.PAID)
    again, booked = await told(tx, row, says(number, 9, "paid", 1))
    assert booked == 0
    assert await findings(tx, again) == ["ALC-505"]
    assert (await queries.one(tx, "allocation_bank_statement", again))["rows_known"] == 1
    assert await lies(tx, Lies.CLAIMED, Lies.PAID) == paid == [0, ASKED]


async def test_parts_are_a_payment_only_when_all_has_arrived(tx: Tx) -> None:
    claim = await ready(tx)
    batch, number = await sent(tx, "claims")
    await told(tx, says(number, 1, "paid", 100_000_00))
    assert (await claims.claim(tx, claim))["state"] == "signed"
    assert await queries.results(tx, batch) == {"partial": (1, ASKED)}
    comparison, _ = await queries.month(tx, KECHENG, 2026, 9)
    assert (comparison.bank_paid, comparison.unfinished, comparison.books_paid) == (100_000_00, 100_000_00, 0)
    assert comparison.difference == 0
    await told(tx, says(number, 1, "paid", 44_000_00))
    assert (await claims.claim(tx, claim))["state"] == "paid"
    comparison, _ = await queries.month(tx, KECHENG, 2026, 9)
    assert (comparison.unfinished, comparison.books_paid, comparison.difference) == (0, ASKED, 0)


async def test_a_failed_payment_is_due_again_and_the_failure_is_told_once(tx: Tx) -> None:
    await ready(tx)
    _, number = await sent(tx, "claims")
    failure = says(number, 1, "failed", 0, bank_ref="", code="E03")
    assert (await told(tx, failure))[1] == 1
    assert (await told(tx, failure, says(number, 1, "paid", ASKED)))[1] == 0
    async with become(tx, FINANCE):
        assert [d.amount_fen for d in await service.due(tx, "claims")] == [ASKED]


async def test_money_that_came_back_is_claimed_again_and_paid_again(tx: Tx) -> None:
    claim = await ready(tx)
    _, number = await sent(tx, "claims")
    await told(tx, says(number, 1, "paid", ASKED))
    await told(tx, says(number, 1, "returned", ASKED, code="E03"))
    assert await lies(tx, Lies.CLAIMED, Lies.PAID) == [ASKED, 0]
    async with become(tx, FINANCE):
        assert [t.title for t in await panels.waiting(tx) if t.url == "/bank/new/claims"] == [
            "村道硬化银行退汇 144,000.00 元，须重新列入付款文件"
        ]
    _, second = await sent(tx, "claims")
    assert second != number
    async with become(tx, FINANCE):
        assert [t for t in await panels.waiting(tx) if t.url == "/bank/new/claims"] == []
    await told(tx, says(second, 1, "paid", ASKED))
    assert await lies(tx, Lies.CLAIMED, Lies.PAID) == [0, ASKED]
    assert (await claims.claim(tx, claim))["state"] == "paid"
    comparison, _ = await queries.month(tx, KECHENG, 2026, 9)
    assert (comparison.bank_paid, comparison.bank_returned, comparison.difference) == (2 * ASKED, ASKED, 0)


async def test_what_the_claims_room_refuses_waits_with_its_reason(tx: Tx) -> None:
    claim = await ready(tx)
    batch, number = await sent(tx, "claims")
    await tx.conn.execute("UPDATE projects_project SET contractor = '另一家公司' WHERE id = (SELECT project"
                          " FROM allocation_claim WHERE id = $1)", claim)  # fmt: skip
    statement, booked = await told(tx, says(number, 1, "paid", ASKED), says("", None, "interest", 12_34))
    assert booked == 1  # the interest
    assert await findings(tx, statement) == ["ALC-409"]
    assert (await queries.results(tx, batch))["waiting"][0] == 1
    await tx.conn.execute("UPDATE projects_project SET contractor = '建设公司' WHERE id = (SELECT project"
                          " FROM allocation_claim WHERE id = $1)", claim)  # fmt: skip
    async with become(tx, FINANCE):
        assert await reconcile.apply(tx, statement) == 1
    assert await findings(tx, statement) == []


async def test_interest_is_available_money_of_the_batch_it_came_from(tx: Tx) -> None:
    await ready(tx)
    before = await lies(tx, Lies.AVAILABLE)
    await told(tx, says("", None, "interest", 12_34))
    assert await lies(tx, Lies.AVAILABLE, Lies.INTEREST) == [before[0] + 12_34, -12_34]


async def test_a_month_is_closed_with_every_difference_explained(tx: Tx) -> None:
    await ready(tx)
    _, number = await sent(tx, "claims")
    await told(tx, says(number, 1, "paid", ASKED, day=DAY))
    later = tx.now.replace(month=10, day=9)
    was, tx.now = tx.now, later
    books = await queries.unspent(tx, KECHENG, later.replace(day=1, hour=0))
    async with become(tx, FINANCE):
        with pytest.raises(Refused, match="ALC-516"):
            await reconcile.close_month(tx, 2026, 9, books + 5)
        assert await reconcile.close_month(tx, 2026, 9, books + 5, "利息未入账")
        with pytest.raises(Refused, match="ALC-14"):
            await reconcile.close_month(tx, 2026, 9, books, "再结一次")
    row = (await queries.months(tx, KECHENG))[0]
    assert (row["month"], row["bank_balance_fen"] - row["ledger_balance_fen"]) == ("2026-09", 5)
    assert build(await documents.month_sheet(tx, row)).startswith(b"%PDF")
    tx.now = was
    statement, booked = await told(tx, says("", None, "interest", 1_00, day=date(2026, 9, 16)))
    assert (booked, await findings(tx, statement)) == (0, ["ALC-140"])


async def test_a_clerk_neither_prepares_nor_books(tx: Tx) -> None:
    async with become(tx, CLERK):
        with pytest.raises(Refused, match="KRN-403"):
            await service.prepare(tx, "claims")
        with pytest.raises(Refused, match="KRN-403"):
            await reconcile.receive(tx, reconcile.Arrived("x", "0" * 64), [])


async def test_what_is_at_the_bank_is_neither_returned_nor_paid_by_hand(tx: Tx) -> None:
    claim = await ready(tx)
    async with become(tx, FINANCE):
        batch = await service.prepare(tx, "claims")
    assert await refused(tx, FINANCE, lambda: payments.send_back(tx, claim, "金额不符")) == ["ALC-460"]
    assert await refused(tx, SECOND_FINANCE, lambda: payments.pay(tx, claim, paid_form())) == ["ALC-460"]
    async with become(tx, FINANCE):
        await service.cancel(tx, batch)
    _, number = await sent(tx, "claims")
    await told(tx, says(number, 1, "paid", 100_000_00))
    await told(tx, says(number, 1, "returned", 60_000_00))
    # A part that arrived and partly came back is under way no more, yet paying all by hand would pay it twice.
    assert await refused(tx, SECOND_FINANCE, lambda: payments.pay(tx, claim, paid_form())) == ["ALC-460"]


async def stopped(tx: Tx, claim: int) -> None:
    """Let the works of a claim's project stand still."""
    project = (await claims.claim(tx, claim))["project"]
    await tx.conn.execute("UPDATE projects_project SET state = 'suspended' WHERE id = $1", project)


async def test_a_file_does_not_leave_when_a_gate_was_shut_or_an_account_put_away(tx: Tx) -> None:
    claim = await ready(tx)
    async with become(tx, FINANCE):
        batch = await service.prepare(tx, "claims")
    await stopped(tx, claim)
    assert await refused(tx, SECOND_FINANCE, lambda: service.release(tx, batch)) == ["ALC-560"]
    await tx.conn.execute("UPDATE projects_project SET state = 'building'")
    payee = await tx.conn.fetchval("SELECT id FROM allocation_payee")
    async with become(tx, FINANCE):
        await service.retire_payee(tx, payee)
    assert await refused(tx, SECOND_FINANCE, lambda: service.release(tx, batch)) == ["ALC-560"]


async def test_money_that_came_back_waits_while_the_project_is_held(tx: Tx) -> None:
    claim = await ready(tx)
    _, number = await sent(tx, "claims")
    await told(tx, says(number, 1, "paid", ASKED), says(number, 1, "returned", ASKED))
    await stopped(tx, claim)
    async with become(tx, FINANCE):
        assert [d.block for d in await service.due(tx, "claims")] == ["ALC-503"]


async def test_parts_of_two_months_are_explained_in_both(tx: Tx) -> None:
    await ready(tx)
    _, number = await sent(tx, "claims")
    await told(tx, says(number, 1, "paid", 100_000_00, day=date(2026, 9, 16)))
    tx.now += timedelta(days=20)
    await told(tx, says(number, 1, "paid", 44_000_00, day=date(2026, 10, 2)))
    september, _ = await queries.month(tx, KECHENG, 2026, 9)
    october, _ = await queries.month(tx, KECHENG, 2026, 10)
    assert (september.unfinished, september.books_paid, september.difference) == (100_000_00, 0, 0)
    assert (october.finished, october.unfinished, october.books_paid) == (100_000_00, 0, ASKED)
    assert october.difference == 0


async def test_a_title_like_a_formula_reaches_the_bank_as_words(tx: Tx) -> None:
    await ready(tx)
    await tx.conn.execute("UPDATE projects_project SET title = '=1+1村道'")
    batch, _ = await sent(tx, "claims")
    (line,) = await queries.lines(tx, batch)
    assert line["remark"] == "1+1村道 预拨款"


async def test_choosing_nothing_is_said_to_be_that(tx: Tx) -> None:
    await ready(tx)
    assert await refused(tx, FINANCE, lambda: service.prepare(tx, "claims", [])) == ["ALC-561"]

"""Lists of cash support: whole persons, two hands, thousands of lines by the bank, money that finds nobody."""

from __future__ import annotations

import asyncpg
import pytest
from bank_house import account, household, lies, pot, says, sent, told
from claim_house import CLERK, FINANCE, LEADER
from house import BAIMA, KECHENG, QUJIANG, VILLAGE, actor, become

from allocation.bank import service as bank
from allocation.budget.ledger import Kind as Lies
from allocation.cash import documents, queries, service
from allocation.cash.forms import ListForm
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.crypto import unseal
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.pdf import build
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.register import sealing

pytestmark = pytest.mark.asyncio(loop_scope="session")
HEAD = 600_00
GOOD = ("6228480402564890011", "6228480402564890012", "6228480402564890013")


async def three(tx: Tx) -> tuple[int, int]:
    """Three households that can be paid, one without an account; the batch and the draft list."""
    for n, (number, persons) in enumerate(zip(GOOD, (3, 1, 2), strict=True)):
        await household(tx, f"H-{n}", persons, number)
    await household(tx, "H-9", 4)
    await household(tx, "H-FAR", 5, "6228480402564890019", BAIMA)
    batch = await pot(tx, cash=10 * HEAD)
    async with become(tx, CLERK):
        return batch, await service.draft(tx, ListForm(batch, 2026))


async def approved(tx: Tx) -> int:
    _, key = await three(tx)
    async with become(tx, LEADER):
        await service.approve(tx, key)
    return key


async def test_a_list_is_whole_persons_of_the_county_and_holds_back_who_has_no_account(tx: Tx) -> None:
    _, key = await three(tx)
    row = await queries.cash_list(tx, key)
    assert (row["households"], row["persons"], row["total_fen"], row["held"]) == (3, 6, 6 * HEAD, 1)
    lines = await queries.lines(tx, key)
    assert [(r["code"], r["persons"], r["amount_fen"], r["result"]) for r in lines] == [
        ("H-0", 3, 3 * HEAD, "waiting"),
        ("H-1", 1, HEAD, "waiting"),
        ("H-2", 2, 2 * HEAD, "waiting"),
        ("H-9", 4, 4 * HEAD, "held"),
    ]
    assert await queries.findings(tx, key) == {"ALC-530": 1}
    assert all(GOOD[0].encode() not in bytes(r["account_cipher"] or b"") for r in lines)
    assert unseal(lines[0]["account_cipher"], queries.PLACE) == GOOD[0]


async def test_the_database_knows_no_half_person(tx: Tx) -> None:
    _, key = await three(tx)
    for sql in (
        "UPDATE allocation_cash_list SET total_fen = total_fen + 1 WHERE id = $1",
        "UPDATE allocation_cash_line SET amount_fen = amount_fen + 1 WHERE roll = $1",
    ):
        with pytest.raises(Exception, match="whole_persons"):
            async with tx.conn.transaction():
                await tx.conn.execute(sql, key)


async def test_approval_takes_a_second_hand_and_the_money(tx: Tx) -> None:
    batch, key = await three(tx)
    alone = actor(Role.COUNTY_LEADER, KECHENG, user_id=CLERK.user_id)
    async with become(tx, alone):
        with pytest.raises(Refused, match="ALC-534"):
            await service.approve(tx, key)
    async with become(tx, LEADER):
        await service.approve(tx, key)
    assert await lies(tx, Lies.CASH, Lies.ISSUING, Lies.ISSUED) == [4 * HEAD, 6 * HEAD, 0]
    async with become(tx, CLERK):
        with pytest.raises(Refused, match="ALC-536"):
            await service.draft(tx, ListForm(batch, 2026))
        with pytest.raises(asyncpg.UniqueViolationError) as caught:
            async with tx.conn.transaction():
                await tx.conn.execute(
                    "INSERT INTO allocation_cash_list (division_code, batch, year, title, per_head_fen, persons,"
                    " total_fen) SELECT division_code, batch, year, title, per_head_fen, persons, total_fen"
                    " FROM allocation_cash_list WHERE id = $1",
                    key,
                )
    assert CATALOGUE.constraint(caught.value.constraint_name) == "ALC-536"


async def test_too_little_money_and_altered_lines_are_not_approved(tx: Tx) -> None:
    await household(tx, "H-0", 3, GOOD[0])
    batch = await pot(tx, cash=2 * HEAD)
    async with become(tx, CLERK):
        key = await service.draft(tx, ListForm(batch, 2026))
    async with become(tx, LEADER):
        with pytest.raises(Refused, match="ALC-538"):
            await service.approve(tx, key)
        await tx.conn.execute(
            "UPDATE allocation_cash_line SET persons = 2, amount_fen = 2 * per_head_fen WHERE roll = $1", key
        )
        with pytest.raises(Refused, match="ALC-537"):
            await service.approve(tx, key)


async def test_an_approved_list_is_frozen(tx: Tx) -> None:
    key = await approved(tx)
    with pytest.raises(Exception, match="frozen"):
        async with tx.conn.transaction():
            await tx.conn.execute("UPDATE allocation_cash_line SET name = '别人' WHERE roll = $1", key)


async def test_the_bank_pays_a_list_and_what_failed_is_paid_after_the_account_is_mended(tx: Tx) -> None:
    key = await approved(tx)
    _, number = await sent(tx, "cash")
    _, booked = await told(
        tx,
        says(number, 1, "paid", 3 * HEAD),
        says(number, 2, "failed", 0, bank_ref="", code="E03"),
        says(number, 3, "paid", 2 * HEAD),
    )
    assert booked == 3
    assert await lies(tx, Lies.ISSUING, Lies.ISSUED) == [HEAD, 5 * HEAD]
    lines = await queries.lines(tx, key)
    assert [(r["result"], r["return_code"]) for r in lines[:3]] == [("paid", ""), ("failed", "E03"), ("paid", "")]
    async with become(tx, CLERK):
        with pytest.raises(Refused, match="ALC-540"):
            await service.renew(tx, lines[1]["id"])
    cipher = sealing.sealed("6228480402564890018", sealing.BANK_PLACE)
    await tx.conn.execute("UPDATE register_household SET bank_cipher = $1 WHERE code = 'H-1'", cipher)
    async with become(tx, CLERK):
        await service.renew(tx, lines[1]["id"])
    _, second = await sent(tx, "cash")
    await told(tx, says(second, 1, "paid", HEAD))
    assert await lies(tx, Lies.ISSUING, Lies.ISSUED) == [0, 6 * HEAD]
    async with become(tx, CLERK):
        await service.close(tx, key)
    assert (await queries.cash_list(tx, key))["state"] == "closed"


async def test_money_that_came_back_waits_for_persons_again(tx: Tx) -> None:
    key = await approved(tx)
    _, number = await sent(tx, "cash")
    rows = [says(number, n, "paid", heads * HEAD) for n, heads in ((1, 3), (2, 1), (3, 2))]
    await told(tx, *rows, says(number, 3, "returned", 2 * HEAD, code="E01"))
    assert await lies(tx, Lies.ISSUING, Lies.ISSUED) == [2 * HEAD, 4 * HEAD]
    async with become(tx, CLERK):
        await service.close(tx, key)
        assert await lies(tx, Lies.CASH, Lies.ISSUING) == [6 * HEAD, 0]
        batch = (await queries.cash_list(tx, key))["batch"]
        again = await service.draft(tx, ListForm(batch, 2026, "supplement"))
    # the one whose money came back, and the one that still has no account; nobody who was paid
    assert [r["code"] for r in await queries.lines(tx, again)] == ["H-2", "H-9"]


async def test_nobody_is_on_two_lists_of_a_year_whichever_is_made_first(tx: Tx) -> None:
    await household(tx, "H-0", 3, GOOD[0])
    batch = await pot(tx, cash=10 * HEAD)
    async with become(tx, CLERK):
        first = await service.draft(tx, ListForm(batch, 2026, "supplement"))
        with pytest.raises(Refused, match="ALC-535"):
            await service.draft(tx, ListForm(batch, 2026))
    await household(tx, "H-1", 1, GOOD[1])
    async with become(tx, CLERK):
        second = await service.draft(tx, ListForm(batch, 2026))
        with pytest.raises(Refused, match="ALC-536"):
            await service.draft(tx, ListForm(batch, 2026))
    assert [[r["code"] for r in await queries.lines(tx, key)] for key in (first, second)] == [["H-0"], ["H-1"]]


async def test_money_that_comes_back_after_the_list_was_closed_is_paid_from_the_next(tx: Tx) -> None:
    key = await approved(tx)
    _, number = await sent(tx, "cash")
    await told(tx, *(says(number, n, "paid", heads * HEAD) for n, heads in ((1, 3), (2, 1), (3, 2))))
    async with become(tx, CLERK):
        await service.close(tx, key)
    await told(tx, says(number, 3, "returned", 2 * HEAD, code="E01"))
    assert await lies(tx, Lies.CASH, Lies.ISSUING, Lies.ISSUED) == [6 * HEAD, 0, 4 * HEAD]
    async with become(tx, CLERK):
        batch = (await queries.cash_list(tx, key))["batch"]
        again = await service.draft(tx, ListForm(batch, 2026, "supplement"))
    assert [r["code"] for r in await queries.lines(tx, again)] == ["H-2", "H-9"]


async def test_a_list_is_not_closed_while_anything_is_on_its_way(tx: Tx) -> None:
    key = await approved(tx)
    async with become(tx, CLERK):
        with pytest.raises(Refused, match="ALC-541"):
            await service.close(tx, key)


async def test_neither_file_nor_neighbour_is_mixed_up(tx: Tx) -> None:
    await approved(tx)
    await account(tx)
    async with become(tx, actor(Role.COUNTY_FINANCE, QUJIANG)):
        assert await bank.due(tx, "cash") == []
    async with become(tx, FINANCE):
        found = await bank.due(tx, "cash")
    assert [(d.payee, d.amount_fen, d.account, d.division_code) for d in found] == [
        ("户主H-0", 3 * HEAD, GOOD[0], VILLAGE),
        ("户主H-1", HEAD, GOOD[1], VILLAGE),
        ("户主H-2", 2 * HEAD, GOOD[2], VILLAGE),
    ]


async def test_the_paper_shows_masked_accounts_and_the_proof(tx: Tx) -> None:
    key = await approved(tx)
    document = await documents.payment_list(tx, key)
    text = repr(document)
    assert "6人 × 600.00元" in text
    assert GOOD[0] not in text
    assert "···· 0011" in text
    assert build(document).startswith(b"%PDF")

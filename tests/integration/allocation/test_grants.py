"""Rewards after a result check and subsidies of interest, from the draft to the bank's answer and back."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest
from bank_house import account, lies, pot, says, sent, told
from claim_house import CLERK, LEADER, PDF
from house import BAIMA, KECHENG, SHILIANG, VILLAGE, actor, become
from litestar.datastructures import UploadFile

from allocation.bank import queries as bank
from allocation.budget.ledger import Kind as Lies
from allocation.grants import documents, queries, service
from allocation.grants.forms import GrantForm, InterestForm, LoanForm
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.pdf import build
from quzhou_migrants.kernel.tx import Tx

pytestmark = pytest.mark.asyncio(loop_scope="session")
CHECKER = actor(Role.TOWNSHIP_CLERK, SHILIANG, user_id=921)
MONEY = 100_000_00
DAY = date(2026, 9, 15)


def reward(**changes: object) -> GrantForm:
    known = {
        "kind": "beautiful_home", "place": VILLAGE, "year": 2026, "title": "演示村美丽家园达标奖补",
        "recipient": "演示村股份经济合作社", "amount_fen": 60_000_00, "basis": "验收评定为优秀", "payee": None,
    }  # fmt: skip
    return GrantForm(**{**known, **changes})


async def papers(tx: Tx, grant: int, *kinds: str) -> None:
    for kind in kinds:
        upload = UploadFile("application/pdf", f"{kind}.pdf", PDF)
        await service.add_paper(tx, grant, kind, upload)
        await upload.close()


async def checked(tx: Tx) -> int:
    """A reward with its papers, its result seen."""
    async with become(tx, CLERK):
        key = await service.draft(tx, reward())
        with pytest.raises(Refused, match="ALC-559"):
            await service.submit(tx, key)
        await papers(tx, key, "result", "photo")
        await service.submit(tx, key)
        with pytest.raises(Refused, match="ALC-545"):
            await service.check(tx, key, DAY, "看过现场")
    async with become(tx, CHECKER):
        await service.check(tx, key, DAY, "看过现场，已达标")
    return key


async def test_three_people_and_a_result_check_stand_before_a_reward(tx: Tx) -> None:
    await pot(tx, available=MONEY)
    key = await checked(tx)
    for person in (CLERK, CHECKER):
        async with become(tx, actor(Role.COUNTY_LEADER, KECHENG, user_id=person.user_id)):
            with pytest.raises(Refused, match="ALC-545"):
                await service.approve(tx, key)
    async with become(tx, LEADER):
        await service.approve(tx, key)
    assert await lies(tx, Lies.AVAILABLE, Lies.ISSUING) == [MONEY - 60_000_00, 60_000_00]


async def test_whoever_changed_a_reward_neither_checks_nor_approves_it(tx: Tx) -> None:
    await pot(tx, available=MONEY)
    helper = actor(Role.COUNTY_CLERK, KECHENG, user_id=905)
    async with become(tx, CLERK):
        key = await service.draft(tx, reward())
    async with become(tx, helper):
        row = await queries.grant(tx, key)
        await service.draft(tx, reward(amount_fen=70_000_00), grant_id=key, version=row["version"])
        with pytest.raises(Refused, match="KRN-409"):
            await service.draft(tx, reward(), grant_id=key, version=row["version"])
        await papers(tx, key, "result", "photo")
    async with become(tx, CLERK):
        await service.submit(tx, key)
    for person in (CLERK, helper):
        async with become(tx, actor(Role.TOWNSHIP_CLERK, SHILIANG, user_id=person.user_id)):
            with pytest.raises(Refused, match="ALC-545"):
                await service.check(tx, key, DAY, "看过现场，已达标")
    async with become(tx, CHECKER):
        await service.check(tx, key, DAY, "看过现场，已达标")
    async with become(tx, actor(Role.COUNTY_LEADER, KECHENG, user_id=helper.user_id)):
        with pytest.raises(Refused, match="ALC-545"):
            await service.approve(tx, key)


async def test_a_subsidy_is_not_turned_into_a_reward(tx: Tx) -> None:
    async with become(tx, CLERK):
        key = await loan(tx)
        form = InterestForm(date(2026, 1, 1), date(2026, 9, 15), 100_000_00, 3_000_00, DAY, "V-1")
        await service.add_interest(tx, key, form)
        grant = await service.ask_subsidy(tx, key, 2026)
        with pytest.raises(Refused, match="KRN-404"):
            await service.draft(tx, reward(), grant_id=grant)


async def test_nothing_is_approved_that_nobody_checked(tx: Tx) -> None:
    async with become(tx, CLERK):
        key = await service.draft(tx, reward())
    async with become(tx, LEADER):
        with pytest.raises(Refused, match="KRN-408"):
            await service.approve(tx, key)


async def test_a_reward_goes_through_the_bank_comes_back_and_goes_again(tx: Tx) -> None:
    await pot(tx, available=30_000_00)
    await pot(tx, available=MONEY)
    key = await checked(tx)
    async with become(tx, LEADER):
        await service.approve(tx, key)
    payee = await account(tx, "演示村股份经济合作社")
    async with become(tx, CLERK):
        await service.set_payee(tx, key, payee)
    _, number = await sent(tx, "grants")
    await told(tx, says(number, 1, "paid", 20_000_00))
    month, _ = await bank.month(tx, KECHENG, 2026, 9)
    assert (month.bank_paid, month.unfinished, month.books_paid) == (20_000_00, 20_000_00, 0)
    await told(tx, says(number, 1, "paid", 40_000_00))
    month, _ = await bank.month(tx, KECHENG, 2026, 9)
    assert (month.unfinished, month.books_paid, month.difference) == (0, 60_000_00, 0)
    assert (await queries.grant(tx, key))["state"] == "paid"
    assert await lies(tx, Lies.ISSUING, Lies.ISSUED) == [0, 60_000_00]
    parts = await tx.conn.fetch(
        "SELECT balance_fen FROM allocation_balance WHERE kind = 'issued' AND division_code = $1 ORDER BY batch",
        VILLAGE,
    )
    assert [p["balance_fen"] for p in parts] == [30_000_00, 30_000_00]  # each batch keeps what it gave
    await told(tx, says(number, 1, "returned", 60_000_00))
    assert (await queries.grant(tx, key))["state"] == "approved"
    _, second = await sent(tx, "grants")
    await told(tx, says(second, 1, "paid", 60_000_00))
    assert await lies(tx, Lies.ISSUING, Lies.ISSUED) == [0, 60_000_00]


async def test_amount_place_and_account_are_held_to_the_rules(tx: Tx) -> None:
    payee = await account(tx, "别的合作社")
    async with become(tx, CLERK):
        for form, code in (
            (reward(amount_fen=300_000_01), "ALC-550"),
            (reward(place=BAIMA), "ALC-551"),
            (reward(payee=payee), "ALC-552"),
        ):
            with pytest.raises(Refused, match=code):
                await service.draft(tx, form)


async def loan(tx: Tx, **changes: object) -> int:
    known = {
        "place": VILLAGE, "borrower": "柯城移民来料加工合作社", "borrower_kind": "coop", "lender": "柯城农商银行",
        "contract_no": "JK2025-001", "use": "扩大来料加工", "principal_fen": 300_000_00, "rate": Decimal("3.45"),
        "starts_on": date(2025, 7, 1), "ends_on": date(2027, 6, 30),
    }  # fmt: skip
    return await service.add_loan(tx, LoanForm(**{**known, **changes}))


def quarter(first: date, last: date, fen: int, no: str) -> InterestForm:
    return InterestForm(first, last, 300_000_00, fen, last, no)


async def test_a_subsidy_is_frozen_with_every_step_and_worked_out_again_before_it_is_approved(tx: Tx) -> None:
    async with become(tx, CLERK):
        key = await loan(tx)
        await service.add_interest(tx, key, quarter(date(2025, 12, 21), date(2026, 3, 20), 2_587_50, "V-1"))
        await service.add_interest(tx, key, quarter(date(2026, 3, 21), date(2026, 6, 20), 2_645_00, "V-2"))
        with pytest.raises(Refused, match="ALC-547"):
            await service.add_interest(tx, key, quarter(date(2026, 6, 20), date(2026, 9, 10), 100_00, "V-3"))
        grant = await service.ask_subsidy(tx, key, 2026)
        row = await queries.grant(tx, grant)
        # 79 + 92 days: 300,000 x 3.45 % x 171 / 360 = 4,916.25; the bank took as much
        assert (row["amount_fen"], row["working"]["exact"], len(row["working"]["steps"])) == (4_916_25, "491625", 2)
        await papers(tx, grant, "loan_contract", "interest_voucher")
        await service.submit(tx, grant)
        await service.add_interest(tx, key, quarter(date(2026, 6, 21), date(2026, 8, 20), 1_753_75, "V-3"))
    async with become(tx, CHECKER):
        with pytest.raises(Refused, match="ALC-529"):
            await service.check(tx, grant, DAY, "凭证齐全")
    document = await documents.form(tx, grant)
    assert "4,916.250000" in repr(document)
    assert build(document).startswith(b"%PDF")


async def test_what_is_asked_is_what_the_working_on_file_gives(tx: Tx) -> None:
    async with become(tx, CLERK):
        key = await loan(tx, principal_fen=500_000_00, rate=Decimal("4.35"))
        form = InterestForm(date(2026, 1, 1), date(2026, 9, 15), 500_000_00, 15_587_50, DAY, "V-1")
        await service.add_interest(tx, key, form)
        made, document, digest = await service.working(tx, await queries.loan(tx, key), 2026)
        grant = await service.ask_subsidy(tx, key, 2026)
        with pytest.raises(Refused, match="ALC-558"):
            await service.ask_subsidy(tx, key, 2025)
    row = await queries.grant(tx, grant)
    assert (made.amount_fen, row["amount_fen"]) == (15_587_50, 15_587_50)
    assert (row["working"], row["sha256"]) == (json.loads(json.dumps(document)), digest)

"""Claims on the real database: gates, signatures, frozen claims, the ledger, and many hands at once."""

from __future__ import annotations

import asyncio
from datetime import date

import msgspec
import pytest
from claim_house import (
    AWARD,
    CLERK,
    CONTRACT,
    FINANCE,
    LEADER,
    SECOND_FINANCE,
    contracted,
    form,
    paid_form,
    prepared,
    refused,
    sign_all,
    signed,
    submitted,
)
from house import BAIMA, KECHENG, QUJIANG, Database, actor, become
from racing import as_committed, outcome

from allocation.budget import ledger
from allocation.budget.ledger import Kind as Lies
from allocation.budget.queries import ledger_faults
from allocation.payments import judging, queries, service
from allocation.payments.rules import Kind
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.actor import SYSTEM
from quzhou_migrants.kernel.db import close_pool, open_pool
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.tx import Tx


async def test_a_claim_goes_from_draft_to_voucher_and_the_ledger_follows(tx: Tx) -> None:
    project = await contracted(tx)
    claim = await signed(tx, project)
    assert (await queries.claim(tx, claim))["state"] == "signed"
    async with become(tx, FINANCE):
        row = await service.pay(tx, claim, paid_form())
    assert row["state"] == "paid"
    money = await ledger.project_money(tx, project)
    assert money == {Lies.CONTRACTED: AWARD - 144_000_00, Lies.PAID: 144_000_00}
    line = await queries.money_line(tx, project)
    assert (line.award, line.contract, line.claimed, line.paid) == (AWARD, CONTRACT, 144_000_00, 144_000_00)


async def test_every_shut_gate_is_named_and_nothing_is_written(tx: Tx) -> None:
    project = await contracted(tx)
    claim = await prepared(tx, project, form(Kind.PROGRESS, 450_000_00, invoice_fen=1_00, payee="别的公司"))
    assert await refused(tx, CLERK, lambda: service.submit(tx, claim)) == ["ALC-404", "ALC-409", "ALC-410"]
    assert (await queries.claim(tx, claim))["state"] == "draft"
    assert await ledger.project_money(tx, project) == {Lies.CONTRACTED: AWARD}


async def test_verified_progress_opens_the_gate(tx: Tx) -> None:
    project = await contracted(tx, seen=2000)
    claim = await prepared(tx, project, form(Kind.PROGRESS, 100_000_00))
    assert await refused(tx, CLERK, lambda: service.submit(tx, claim)) == ["ALC-404"]
    await tx.conn.execute("UPDATE projects_project SET progress_bp = 2451 WHERE id = $1", project)
    async with become(tx, CLERK):
        assert (await service.submit(tx, claim))["state"] == "submitted"


async def test_missing_papers_are_refused(tx: Tx) -> None:
    project = await contracted(tx)
    async with become(tx, CLERK):
        claim = await service.draft(tx, project, form())
    assert await refused(tx, CLERK, lambda: service.submit(tx, claim)) == ["ALC-414"]


async def test_settlement_waits_for_acceptance_and_keeps_the_retention(tx: Tx) -> None:
    project = await contracted(tx, seen=10_000)
    await signed(tx, project)
    most = 465_600_00 - 144_000_00  # 480,000 less 3 %
    claim = await prepared(tx, project, form(Kind.SETTLEMENT, most, final_fen=CONTRACT))
    assert await refused(tx, CLERK, lambda: service.submit(tx, claim)) == ["ALC-405"]
    await tx.conn.execute("UPDATE projects_project SET accepted_on = '2026-09-01' WHERE id = $1", project)
    async with become(tx, CLERK):
        await service.submit(tx, claim)
    await sign_all(tx, claim)
    async with become(tx, FINANCE):
        await service.pay(tx, claim, paid_form())
    money = await ledger.project_money(tx, project)
    assert money == {Lies.RETAINED: 14_400_00, Lies.CLAIMED: 144_000_00, Lies.PAID: most}


async def test_signatures_stand_in_order_by_different_hands(tx: Tx) -> None:
    claim = await submitted(tx, await contracted(tx))
    both = actor(Role.COUNTY_LEADER, KECHENG, user_id=CLERK.user_id)
    assert await refused(tx, both, lambda: service.sign(tx, claim)) == ["ALC-422"]
    assert await refused(tx, FINANCE, lambda: service.sign(tx, claim)) == ["ALC-424"]
    assert await refused(tx, CLERK, lambda: service.sign(tx, claim)) == ["KRN-403"]
    async with become(tx, LEADER):
        await service.sign(tx, claim, "同意")
    same = actor(Role.COUNTY_FINANCE, KECHENG, user_id=LEADER.user_id)
    assert await refused(tx, same, lambda: service.sign(tx, claim)) == ["ALC-423"]
    async with become(tx, FINANCE):
        assert (await service.sign(tx, claim))["state"] == "signed"
    assert [(s["step"], s["role"]) for s in await queries.signatures(tx, claim)] == [
        (0, "county_leader"),
        (1, "county_finance"),
    ]


async def test_whoever_wrote_on_a_claim_may_neither_sign_nor_pay_it(tx: Tx) -> None:
    claim = await prepared(tx, await contracted(tx))
    helper = actor(Role.COUNTY_CLERK, KECHENG, user_id=905)
    async with become(tx, helper):
        row = await queries.claim(tx, claim)
        await service.edit(tx, claim, row["version"], form())
        await service.submit(tx, claim)
    for person in (CLERK, helper):
        same = actor(Role.COUNTY_LEADER, KECHENG, user_id=person.user_id)
        assert await refused(tx, same, lambda: service.sign(tx, claim)) == ["ALC-422"]
    for who in (LEADER, FINANCE):
        async with become(tx, who):
            await service.sign(tx, claim)
    payer = actor(Role.COUNTY_FINANCE, KECHENG, user_id=CLERK.user_id)
    assert await refused(tx, payer, lambda: service.pay(tx, claim, paid_form())) == ["ALC-429"]


async def test_hands_rise_with_the_amount_and_two_of_finance_sign_a_million(tx: Tx) -> None:
    project = await contracted(tx, award=4_000_000_00, contract=4_000_000_00)
    claim = await submitted(tx, project, form(Kind.ADVANCE, 1_000_000_00))
    await sign_all(tx, claim)
    given = await queries.signatures(tx, claim)
    assert [s["role"] for s in given] == [
        "village_clerk",
        "township_clerk",
        "county_leader",
        "county_finance",
        "county_finance",
    ]
    assert (given[0]["group_names"], len({s["seal"] for s in given})) == ("甲、乙、丙", 1)
    assert [s["user_id"] for s in given[3:]] == [FINANCE.user_id, SECOND_FINANCE.user_id]


async def test_a_submitted_claim_is_frozen_for_everybody(tx: Tx) -> None:
    claim = await submitted(tx, await contracted(tx))
    assert await refused(tx, CLERK, lambda: service.edit(tx, claim, 2, form())) == ["ALC-417"]
    with pytest.raises(Exception, match="frozen"):
        async with tx.conn.transaction():
            await tx.conn.execute("UPDATE allocation_claim SET amount_fen = 1 WHERE id = $1", claim)
    await tx.conn.execute(
        "UPDATE allocation_claim SET division_code = $2 WHERE id = $1", claim, BAIMA
    )  # its village ends


async def test_a_returned_claim_frees_its_money_and_is_signed_anew(tx: Tx) -> None:
    project = await contracted(tx)
    claim = await submitted(tx, project)
    async with become(tx, LEADER):
        await service.sign(tx, claim)
    assert await refused(tx, FINANCE, lambda: service.send_back(tx, claim, " ")) == ["ALC-425"]
    async with become(tx, FINANCE):
        await service.send_back(tx, claim, "发票抬头有误")
    assert await ledger.project_money(tx, project) == {Lies.CONTRACTED: AWARD}
    async with become(tx, CLERK):
        row = await queries.claim(tx, claim)
        await service.edit(tx, claim, row["version"], form(amount=100_000_00))
        await service.submit(tx, claim)
    assert await refused(tx, FINANCE, lambda: service.sign(tx, claim)) == ["ALC-424"]
    async with become(tx, LEADER):
        await service.sign(tx, claim)
    assert len(await queries.signatures(tx, claim)) == 2


async def test_progress_taken_back_stops_the_signature(tx: Tx) -> None:
    project = await contracted(tx)
    claim = await submitted(tx, project, form(Kind.PROGRESS, 199_000_00))
    await tx.conn.execute("UPDATE projects_project SET progress_bp = 1000 WHERE id = $1", project)
    assert await refused(tx, LEADER, lambda: service.sign(tx, claim)) == ["ALC-404"]


async def test_a_later_claim_does_not_shut_the_gate_behind_an_earlier_one(tx: Tx) -> None:
    project = await contracted(tx)
    advance = await submitted(tx, project)
    progress = await submitted(tx, project, form(Kind.PROGRESS, 60_000_00))
    for claim in (advance, progress):
        for who in (LEADER, FINANCE):
            async with become(tx, who):
                await service.sign(tx, claim)
    async with become(tx, FINANCE):
        await service.pay(tx, progress, paid_form())
        await service.pay(tx, advance, paid_form())
    row = await queries.claim(tx, advance)
    shown = judging.as_submitted(row)
    assert shown
    assert (shown[0].claimed_fen, all(g.is_open for g in shown[1])) == (0, True)
    more = await prepared(tx, project, form(Kind.PROGRESS, 1))
    assert await refused(tx, CLERK, lambda: service.submit(tx, more)) == ["ALC-404"]


async def test_paying_twice_or_with_a_used_reference_is_refused(tx: Tx) -> None:
    project = await contracted(tx)
    first = await signed(tx, project)
    async with become(tx, FINANCE):
        await service.pay(tx, first, paid_form("ABC123"))
    assert await refused(tx, FINANCE, lambda: service.pay(tx, first, paid_form())) == ["ALC-426"]
    second = await signed(tx, await contracted(tx))
    with pytest.raises(Exception, match="allocation_payment_one_reference"):
        async with tx.conn.transaction(), become(tx, FINANCE):
            await service.pay(tx, second, paid_form("ABC123"))


async def test_no_payment_is_older_than_its_last_signature(tx: Tx) -> None:
    claim = await signed(tx, await contracted(tx))
    early = msgspec.structs.replace(paid_form(), paid_on=date(2026, 9, 15))
    assert await refused(tx, FINANCE, lambda: service.pay(tx, claim, early)) == ["ALC-461"]


async def test_another_county_sees_and_signs_nothing(tx: Tx) -> None:
    project = await contracted(tx)
    claim = await submitted(tx, project)
    foreign = actor(Role.COUNTY_LEADER, QUJIANG)
    assert await refused(tx, foreign, lambda: service.sign(tx, claim)) == ["KRN-404"]
    async with become(tx, foreign):
        assert await queries.of_project(tx, project) == []
        assert await tx.conn.fetchval("SELECT count(*) FROM allocation_claim") == 0


async def test_claims_from_fifty_connections_never_overpay_one_award(db: Database) -> None:
    project = await as_committed(SYSTEM, contracted)

    async def fifty(tx: Tx) -> list[int]:
        return [await prepared(tx, project, form(Kind.PROGRESS, 30_000_00)) for _ in range(50)]

    claims = await as_committed(SYSTEM, fifty)
    await close_pool()
    await open_pool(size=50)
    met = asyncio.Barrier(50)

    async def submit(claim: int) -> str:
        async def work(tx: Tx) -> None:
            await met.wait()  # every connection stands in its transaction before the first goes on
            await service.submit(tx, claim)

        return await outcome(CLERK, work)

    said = await asyncio.gather(*(submit(c) for c in claims))
    most = AWARD * 5000 * 8500 // 10_000**2  # 204,000 yuan
    assert sorted(set(said)) == ["ALC-404", "done"]
    assert said.count("done") == most // 30_000_00
    money = await as_committed(SYSTEM, lambda tx: ledger.project_money(tx, project))
    assert money[Lies.CLAIMED] == said.count("done") * 30_000_00 <= most
    assert await as_committed(SYSTEM, lambda tx: ledger_faults(tx.conn)) == []


async def test_a_payment_clicked_five_times_is_made_once(db: Database) -> None:
    project = await as_committed(SYSTEM, contracted)
    claim = await as_committed(SYSTEM, lambda tx: signed(tx, project))
    said = await asyncio.gather(*(outcome(FINANCE, lambda tx: service.pay(tx, claim, paid_form())) for _ in range(5)))
    assert sorted(said) == ["ALC-426"] * 4 + ["done"]
    money = await as_committed(SYSTEM, lambda tx: ledger.project_money(tx, project))
    assert money[Lies.PAID] == 144_000_00


async def test_an_invoice_sent_from_two_desks_at_once_is_used_once(db: Database) -> None:
    projects = [await as_committed(SYSTEM, contracted) for _ in range(2)]
    said = await asyncio.gather(
        *(
            outcome(CLERK, lambda tx, p=p: service.draft(tx, p, form(number="12345678", invoice_code="0330023001")))  # type: ignore[misc]  # bound in time
            for p in projects
        )
    )
    assert sorted(said) == ["ALC-412", "done"]


async def test_the_same_invoice_is_refused_in_another_county_however_it_is_spelled(db: Database) -> None:
    here = await as_committed(SYSTEM, contracted)
    there = await as_committed(SYSTEM, lambda tx: contracted(tx, village=BAIMA))
    elsewhere = actor(Role.COUNTY_CLERK, QUJIANG)
    assert (
        await outcome(
            CLERK, lambda tx: service.draft(tx, here, form(number="03302600 1111", invoice_code="0330023001"))
        )
        == "done"
    )
    wide = form(number="０３３０２６００１１１１", invoice_code="０３３００２３００１")
    assert await outcome(elsewhere, lambda tx: service.draft(tx, there, wide)) == "ALC-412"
    bare = form(number="033026001111")  # a paper invoice without its code would be another one
    assert await outcome(elsewhere, lambda tx: service.draft(tx, there, bare)) == "ALC-413"


async def test_refusals_are_named_by_the_constraint_alone(db: Database) -> None:
    project = await as_committed(SYSTEM, contracted)
    assert await outcome(CLERK, lambda tx: service.draft(tx, project, form(number="12-34"))) == "ALC-413"
    with pytest.raises(Refused) as caught:
        await as_committed(CLERK, lambda tx: service.draft(tx, project, form(invoice_on=date(2026, 9, 17))))
    assert caught.value.code == "ALC-418"

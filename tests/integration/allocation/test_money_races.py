"""Two people at the same money at once, on two connections: one waits, and what it finds then decides."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from bank_house import account, household, lies, pot, says, sent
from claim_house import CLERK, FINANCE, LEADER, SECOND_FINANCE, contracted, signed, submitted
from grant_house import approved as approved_grant
from house import CITY, KECHENG, Database, actor
from money_house import a_scheme
from racing import Race, as_committed, meet
from round_house import CLERK as ROUND_CLERK
from round_house import GOOD, Ground, decided, notice_over, score_all, scoring
from round_house import LEADER as ROUND_LEADER

from allocation.bank import reconcile
from allocation.bank import service as bank
from allocation.budget import service as budget
from allocation.budget.ledger import Kind as Lies
from allocation.budget.queries import ledger_faults
from allocation.cash import service as cash
from allocation.cash.forms import ListForm
from allocation.competitive import decisions, panel, publishing
from allocation.factor import scheme_service
from allocation.factor.catalogue import default_scheme
from allocation.grants import recalling
from allocation.payments import hands, queries
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.actor import SYSTEM, Actor
from quzhou_migrants.kernel.tx import Tx

pytestmark = pytest.mark.asyncio(loop_scope="session")
Step = tuple[Actor, Callable[[Tx], Awaitable[Any]]]


async def both_ways(ground: Callable[[], Awaitable[tuple[Step, Step]]]) -> tuple[Race, Race]:
    """Let two steps meet on two like grounds, each once before the other."""
    one, other = await ground()
    first = await meet(one, other)
    one, other = await ground()
    return first, await meet(other, one)


async def test_closing_a_round_waits_for_a_seat_and_a_seat_for_the_closing(db: Database) -> None:
    async def ground() -> tuple[Step, Step]:
        async def scored(tx: Tx) -> tuple[Ground, int]:
            made = await scoring(tx)
            for who in made.experts:
                await score_all(tx, who, GOOD)
            user = "INSERT INTO accounts_user (division_code, login, name, password_hash) VALUES ($1, $2, '后来', '')"
            return made, await tx.conn.fetchval(f"{user} RETURNING id", KECHENG, f"late{made.round_id}")

        made, user = await as_committed(SYSTEM, scored)
        member = panel.Member(user, "后来", "省水科院")
        close: Step = (ROUND_CLERK, lambda tx: decisions.close(tx, made.round_id))
        return close, (ROUND_CLERK, lambda tx: panel.seat(tx, made.round_id, member))

    closed, seated = await both_ways(ground)
    assert closed == Race("done", "ALC-323", waited=True)  # nobody is seated in a closed round
    assert seated == Race("done", "ALC-321", waited=True)  # the new member's scores are waited for


async def test_a_project_is_given_money_by_a_round_or_directly_never_by_both(db: Database) -> None:
    async def ground() -> tuple[Step, Step]:
        async def posted(tx: Tx) -> tuple[Ground, int]:
            made = await decided(tx)
            await notice_over(tx, made.round_id)
            await tx.conn.execute("UPDATE projects_project SET state = 'planned' WHERE id = ANY($1)", made.projects)
            return made, made.projects[0]

        made, project = await as_committed(SYSTEM, posted)
        approve: Step = (ROUND_LEADER, lambda tx: publishing.approve(tx, made.round_id))
        return approve, (ROUND_CLERK, lambda tx: budget.award_from_pot(tx, project, 100_000_00))

    approval, award = await both_ways(ground)
    assert (approval.first, approval.waited, approval.second) == ("done", True, "ALC-120")
    assert (award.first, award.waited, award.second) == ("done", True, "ALC-324")
    assert await as_committed(SYSTEM, lambda tx: ledger_faults(tx.conn)) == []


async def test_of_two_versions_approved_at_once_one_is_in_use(db: Database) -> None:
    leader = actor(Role.CITY_LEADER, CITY, user_id=911)
    clerk = actor(Role.CITY_CLERK, CITY, user_id=912)

    async def drafts(tx: Tx) -> list[int]:
        first = await a_scheme(tx)
        made = default_scheme(tx.policy, "2026年方案")
        return [await scheme_service.keep_scheme(tx, made, like=first) for _ in range(2)]

    first, second = await as_committed(clerk, drafts)
    race = await meet(
        (leader, lambda tx: scheme_service.approve_scheme(tx, second)),
        (leader, lambda tx: scheme_service.approve_scheme(tx, first)),
    )
    assert race == Race("done", "done", waited=True)
    rows = await as_committed(
        SYSTEM, lambda tx: tx.conn.fetch("SELECT id, state FROM allocation_scheme ORDER BY approved_at, id")
    )
    assert [(r["id"] == first, r["state"]) for r in rows if r["state"] == "approved"] == [(True, "approved")]
    assert sorted(r["state"] for r in rows) == ["approved", "superseded", "superseded"]


async def test_two_cash_lists_at_once_pay_nobody_twice(db: Database) -> None:
    async def ground(tx: Tx) -> int:
        await household(tx, "H-1", 3, "6228480402564890011")
        return await pot(tx, cash=10 * 600_00)

    batch = await as_committed(SYSTEM, ground)
    other = actor(Role.COUNTY_CLERK, KECHENG, user_id=905)
    regular, more = ListForm(batch, 2026), ListForm(batch, 2026, kind="supplement")
    race = await meet((CLERK, lambda tx: cash.draft(tx, regular)), (other, lambda tx: cash.draft(tx, more)))
    assert race == Race("done", "ALC-535", waited=True)  # nobody is left for the second list


async def test_two_cash_lists_approved_at_once_share_no_money(db: Database) -> None:
    async def ground(tx: Tx) -> list[int]:
        await household(tx, "H-1", 3, "6228480402564890011")
        batch = await pot(tx, cash=4 * 600_00)
        tx.actor = CLERK
        return [await cash.draft(tx, ListForm(batch, year)) for year in (2025, 2026)]

    one, other = await as_committed(SYSTEM, ground)
    second = actor(Role.COUNTY_LEADER, KECHENG, user_id=906)
    race = await meet((LEADER, lambda tx: cash.approve(tx, one)), (second, lambda tx: cash.approve(tx, other)))
    assert race == Race("done", "ALC-104", waited=True)
    assert await as_committed(SYSTEM, lambda tx: lies(tx, Lies.CASH, Lies.ISSUING)) == [600_00, 3 * 600_00]


async def test_two_clerks_signing_one_claim_give_one_signature(db: Database) -> None:
    async def ground(tx: Tx) -> int:
        return await submitted(tx, await contracted(tx))

    claim = await as_committed(SYSTEM, ground)
    row = await as_committed(SYSTEM, lambda tx: queries.claim(tx, claim))
    one, other = (actor(row["steps"][0], KECHENG, user_id=n) for n in (910, 911))
    race = await meet((one, lambda tx: hands.sign(tx, claim)), (other, lambda tx: hands.sign(tx, claim)))
    assert race == Race("done", "ALC-424", waited=True)
    assert len(await as_committed(SYSTEM, lambda tx: queries.signatures(tx, claim))) == 1


async def test_the_same_rows_in_two_files_at_once_are_booked_once(db: Database) -> None:
    async def ground(tx: Tx) -> tuple[int, int]:
        await signed(tx, await contracted(tx))
        await account(tx)
        _, number = await sent(tx, "claims")
        item = says(number, 1, "paid", 144_000_00)
        tx.actor = FINANCE
        files = [reconcile.Arrived(name, hashlib.sha256(name.encode()).hexdigest()) for name in ("甲.xlsx", "乙.xlsx")]
        return tuple([await reconcile.receive(tx, f, [item]) for f in files])  # type: ignore[return-value]  # two

    one, other = await as_committed(SYSTEM, ground)
    race = await meet(
        (FINANCE, lambda tx: reconcile.apply(tx, one)), (SECOND_FINANCE, lambda tx: reconcile.apply(tx, other))
    )
    assert race == Race("done", "done", waited=True)
    rows = "SELECT statement, applied, known FROM allocation_bank_item ORDER BY statement"
    found = await as_committed(SYSTEM, lambda tx: tx.conn.fetch(rows))
    assert [tuple(r) for r in found] == [(one, True, False), (other, False, True)]
    assert await as_committed(SYSTEM, lambda tx: lies(tx, Lies.PAID)) == [144_000_00]


async def test_a_grant_is_withdrawn_or_sent_to_the_bank_never_both(db: Database) -> None:
    async def ground() -> tuple[Step, Step]:
        key = await as_committed(SYSTEM, approved_grant)
        withdraw: Step = (LEADER, lambda tx: recalling.withdraw(tx, key, "户数核错"))
        return withdraw, (FINANCE, lambda tx: bank.prepare(tx, "grants"))

    withdrawn, prepared = await both_ways(ground)
    assert withdrawn == Race("done", "ALC-500", waited=True)
    assert prepared == Race("done", "ALC-562", waited=True)

"""Money that reaches people: a cash list through the bank, a reward, a subsidised loan, a key of the treasury."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from allocation.bank import queries, reconcile, service
from allocation.bank.forms import PayeeForm
from allocation.bank.reconcile import Arrived
from allocation.bank.rules import Item
from allocation.budget.forms import SplitForm, SplitRow
from allocation.budget.split_service import draft_split, issue_split
from allocation.budget.withheld import own_free
from allocation.cash import service as cash
from allocation.cash.forms import ListForm
from allocation.grants import service as grants
from allocation.grants.forms import GrantForm, InterestForm, LoanForm
from quzhou_migrants.accounts import keys
from quzhou_migrants.accounts.forms import KeyForm
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.demo import pictures
from quzhou_migrants.demo.filing import paper_record, write
from quzhou_migrants.demo.money import HEAD_FEN
from quzhou_migrants.demo.staff import CITY
from quzhou_migrants.demo.world import BUSINESS_DATE, Village, World, acting, say, words
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.register import public as register

PASSED, LISTED, SENT, TOLD = date(2026, 2, 10), date(2026, 9, 2), date(2026, 9, 4), date(2026, 9, 8)
WHOLE = ("330802000000", "330822000000")  # counties whose cash list goes all the way through the bank
WAN = 1_000_000
FAILED, RETURNED = 5, 7  # every so many lines of the first twenty


async def pass_cash(world: World) -> None:
    """Pass the year's money for persons down to the counties, by their registered persons."""
    async with acting(world.actor(Role.CITY_CLERK, CITY), PASSED) as tx:
        counts = await register.counts(tx, list(world.counties))
        batch = await tx.conn.fetchval(
            "SELECT id FROM allocation_batch WHERE cash_fen > 0 AND issued_on >= '2026-01-01' ORDER BY id LIMIT 1"
        )
        rows = [SplitRow(c, counts[c]["cash_migrants"] * HEAD_FEN) for c in world.counties]
        form = SplitForm(say("cash_doc"), say("cash_title"), PASSED, [r for r in rows if r.cash_fen])
        split = await draft_split(tx, batch, form)
    async with acting(world.actor(Role.CITY_LEADER, CITY), PASSED, hour=11) as tx:
        await issue_split(tx, split)


async def reach_people(world: World, county: str) -> None:
    """Let a county pay people: its list, a reward, a subsidy; and give its treasury a key."""
    village = next(v for v in world.villages if v.county == county)
    if county in WHOLE:
        await _cash(world, county)
    await _reward(world, county, village)
    await _loan(world, county, village)
    await _payee(world, county)
    await _key(world, county)


async def _cash(world: World, county: str) -> None:
    async with acting(world.actor(Role.COUNTY_CLERK, county), LISTED) as tx:
        batch = await tx.conn.fetchval(
            "SELECT batch FROM allocation_balance WHERE division_code = $1 AND kind = 'cash' AND balance_fen > 0",
            county,
        )
        key = await cash.draft(tx, ListForm(batch, LISTED.year))
    async with acting(world.actor(Role.COUNTY_LEADER, county), LISTED, hour=14) as tx:
        await cash.approve(tx, key)
    await _through_the_bank(world, county)


async def _through_the_bank(world: World, county: str) -> None:
    finance, second = (world.actor(Role.COUNTY_FINANCE, county, n) for n in (0, 1))
    async with acting(finance, SENT) as tx:
        batch = await service.prepare(tx, "cash")
    async with acting(second, SENT, hour=14) as tx:
        await service.release(tx, batch)
    async with acting(finance, TOLD) as tx:
        rows = await queries.lines(tx, batch)
        number = (await queries.one(tx, service.BATCHES, batch))["number"]
        answers = [_answer(n, number, row) for n, row in enumerate(rows, start=2)]
        answers.append(Item(len(rows) + 2, "interest", "", None, 326_45, f"LX{county[:6]}0908", TOLD))
        statement = await reconcile.receive(tx, Arrived(say("statement", day=f"{TOLD:%m%d}"), county * 5), answers)
        await reconcile.apply(tx, statement)
    async with acting(finance, BUSINESS_DATE - timedelta(days=1)) as tx:
        row = next(r for r in rows if r["line_no"] % RETURNED == 1)
        back = Item(2, "returned", number, row["line_no"], row["amount_fen"], f"TH{county[:6]}", TOLD, "E03")
        await reconcile.receive(tx, Arrived(say("statement", day="0915"), county * 5 + "th"), [back])


def _answer(row_no: int, number: str, row: dict[str, Any]) -> Item:
    if row["line_no"] % FAILED == 0 and row["line_no"] <= 4 * FAILED:
        return Item(row_no, "failed", number, row["line_no"], 0, "", TOLD, "E02")
    ref = f"DF{number.replace('-', '')}{row['line_no']:06d}"
    return Item(row_no, "paid", number, row["line_no"], row["amount_fen"], ref, TOLD)


async def _reward(world: World, county: str, village: Village) -> None:
    """Propose two rewards: one waits for its check, one for the leader."""
    clerk = world.actor(Role.COUNTY_CLERK, county)
    checker = world.actor(Role.TOWNSHIP_CLERK, village.township)
    kinds = (("beautiful_home", 20 * WAN), ("coop", 3 * WAN))
    for kind, fen in kinds:
        async with acting(clerk, LISTED) as tx:
            title, to = say(f"reward_{kind}", village=village.name), say("coop", village=village.name)
            form = GrantForm(kind, village.code, LISTED.year, title, to, fen, say("reward_basis"))  # type: ignore[arg-type]  # two of its kinds
            key = await grants.draft(tx, form)
            await _papers(tx, key, village.code, "result", "photo")
            await grants.submit(tx, key)
    async with acting(checker, SENT) as tx:
        await grants.check(tx, key, SENT, say("reward_seen"))


async def _papers(tx: Tx, key: int, place: str, *kinds: str) -> None:
    owner = (grants.GRANTS, key)
    await write(tx, "kernel_file", [paper_record(owner, place, k, pictures.sheet(k), LISTED) for k in kinds])


async def _loan(world: World, county: str, village: Village) -> None:
    """Subsidise a loan's interest of this year; the leader has approved it, the bank has not paid yet."""
    start = date(2025, 7, 1)
    async with acting(world.actor(Role.COUNTY_CLERK, county), LISTED) as tx:
        form = LoanForm(
            village.code, say("coop", village=village.name), "coop", words()["org"]["bank"], f"DEMO-{county[:6]}-01",
            say("loan_use"), 30 * WAN, Decimal("3.45"), start, date(2027, 6, 30),
        )  # fmt: skip
        loan = await grants.add_loan(tx, form)
        spans = ((date(2025, 12, 21), date(2026, 3, 20), 2_587_50), (date(2026, 3, 21), date(2026, 6, 20), 2_645_00))
        for n, (first, last, fen) in enumerate(spans, 1):
            voucher = f"FX{county[:6]}{n:02d}"
            await grants.add_interest(tx, loan, InterestForm(first, last, 30 * WAN, fen, last, voucher))
        key = await grants.ask_subsidy(tx, loan, LISTED.year)
        await _papers(tx, key, village.code, "loan_contract", "interest_voucher")
        await grants.submit(tx, key)
    async with acting(world.actor(Role.TOWNSHIP_CLERK, village.township), SENT) as tx:
        await grants.check(tx, key, SENT, say("loan_seen"))
    async with acting(world.actor(Role.COUNTY_LEADER, county), SENT, hour=14) as tx:
        if await own_free(tx, county) >= WAN:
            await grants.approve(tx, key)


async def _payee(world: World, county: str) -> None:
    """Type the accounts of contractors that wait for money; the last one still waits for a second hand."""
    async with acting(world.actor(Role.COUNTY_FINANCE, county), TOLD) as tx:
        rows = await tx.conn.fetch("SELECT DISTINCT payee FROM allocation_claim ORDER BY payee LIMIT 3")
        names = [r["payee"] for r in rows] or [words()["org"]["outside"]]
        made = [
            await service.propose_payee(tx, PayeeForm(name, words()["org"]["bank"], f"9{county[:6]}{n:012d}"))
            for n, name in enumerate(names)
        ]
    async with acting(world.actor(Role.COUNTY_LEADER, county), TOLD, hour=14) as tx:
        for payee in made[:-1]:
            await service.confirm_payee(tx, payee)


async def _key(world: World, county: str) -> None:
    async with acting(world.actor(Role.COUNTY_ADMIN, county), LISTED) as tx:
        form = KeyForm(say("key_name"), words()["org"]["finance"], county, sorted(keys.SCOPES), date(2026, 12, 31), 60)
        await keys.create(tx, form)

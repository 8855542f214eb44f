"""Grants that proved wrong: one withdrawn before it was paid, one paid too high and asked back in part."""

from __future__ import annotations

from datetime import date, timedelta

from allocation.bank import queries, reconcile, service
from allocation.bank.forms import PayeeForm
from allocation.bank.reconcile import Arrived
from allocation.bank.rules import Item
from allocation.grants import recalling
from allocation.grants import service as grants
from allocation.grants.forms import GrantForm
from allocation.payments.forms import RefundForm
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.demo import pictures
from quzhou_migrants.demo.filing import paper_record, write
from quzhou_migrants.demo.world import BUSINESS_DATE, Village, World, acting, say, words

WRITTEN, SEEN, PAID, FOUND = date(2026, 9, 2), date(2026, 9, 3), date(2026, 9, 4), date(2026, 9, 11)
FEN, DUE = 10_000_00, 6_000_00


async def recall_grants(world: World, county: str) -> None:
    """Let a county that still has money withdraw one reward and recall a part of another."""
    village = next(v for v in world.villages if v.county == county)
    wrong, high = [await _approved(world, village, kind) for kind in ("leader", "graduate")]
    if not (wrong and high):
        return
    leader = world.actor(Role.COUNTY_LEADER, county)
    async with acting(leader, SEEN, hour=16) as tx:
        await recalling.withdraw(tx, wrong, say("grant_wrong"))
    await _pay(world, village, high)
    async with acting(leader, FOUND) as tx:
        await recalling.recall(tx, high, DUE, say("grant_high"))
    async with acting(world.actor(Role.COUNTY_CLERK, county), FOUND, hour=14) as tx:
        last = BUSINESS_DATE + timedelta(days=20)
        await recalling.ask(tx, high, RefundForm(say("refund_doc", n=high + 500), FOUND, last, say("grant_high")))


async def _approved(world: World, village: Village, kind: str) -> int | None:
    """Bring a reward through three hands; nothing where the county has no money left for it."""
    to, title = say("coop", village=village.name), say(f"reward_{kind}", village=village.name)
    async with acting(world.actor(Role.COUNTY_CLERK, village.county), WRITTEN) as tx:
        left = await tx.conn.fetchval(
            "SELECT max(balance_fen) FROM allocation_balance WHERE division_code = $1 AND kind = 'available'",
            village.county,
        )
        if (left or 0) < FEN:
            return None
        form = GrantForm(kind, village.code, WRITTEN.year, title, to, FEN, say("reward_basis"))  # type: ignore[arg-type]  # two of its kinds
        key = await grants.draft(tx, form)
        papers = [paper_record((grants.GRANTS, key), village.code, k, pictures.sheet(k), WRITTEN) for k in NEEDED]
        await write(tx, "kernel_file", papers)
        await grants.submit(tx, key)
    async with acting(world.actor(Role.TOWNSHIP_CLERK, village.township), SEEN) as tx:
        await grants.check(tx, key, SEEN, say("reward_seen"))
    async with acting(world.actor(Role.COUNTY_LEADER, village.county), SEEN, hour=14) as tx:
        await grants.approve(tx, key)
    return key


NEEDED = ("result", "photo")


async def _pay(world: World, village: Village, key: int) -> None:
    """Send a reward through the bank by two hands and book the bank's answer."""
    finance, second = (world.actor(Role.COUNTY_FINANCE, village.county, n) for n in (0, 1))
    async with acting(finance, PAID) as tx:
        name = say("coop", village=village.name)
        payee = await service.propose_payee(tx, PayeeForm(name, words()["org"]["bank"], f"8{village.code}000018"))
    async with acting(world.actor(Role.COUNTY_LEADER, village.county), PAID, hour=11) as tx:
        await service.confirm_payee(tx, payee)
    async with acting(world.actor(Role.COUNTY_CLERK, village.county), PAID, hour=14) as tx:
        await grants.set_payee(tx, key, payee)
    async with acting(finance, PAID, hour=15) as tx:
        batch = await service.prepare(tx, "grants", [key])
    async with acting(second, PAID, hour=16) as tx:
        await service.release(tx, batch)
    async with acting(finance, FOUND, hour=8) as tx:
        number = (await queries.one(tx, service.BATCHES, batch))["number"]
        answer = Item(2, "paid", number, 1, FEN, f"JB{village.code}", PAID)
        statement = await reconcile.receive(
            tx, Arrived(say("statement", day=f"{FOUND:%m%d}"), f"{number:0<64}"), [answer]
        )
        await reconcile.apply(tx, statement)

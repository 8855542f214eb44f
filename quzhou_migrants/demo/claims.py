"""Claims for money, signed in order and paid; some are left on somebody's desk, one leader has a deputy."""

from __future__ import annotations

from datetime import date, timedelta

from allocation.payments import deputies, judging, queries, rules, service
from allocation.payments.forms import ClaimForm, DeputyForm, PayForm
from allocation.payments.rules import Kind
from projects import public as projects
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.demo import pictures
from quzhou_migrants.demo.filing import paper_record, write
from quzhou_migrants.demo.lives import Site
from quzhou_migrants.demo.world import BUSINESS_DATE, World, acting, say, words
from quzhou_migrants.kernel.tx import Tx

HUNDRED_YUAN = 10_000  # fen: nobody claims cents
LEAST = 50 * HUNDRED_YUAN
LEFT_OPEN = 0.5  # of the newest claims of running works


async def claim(site: Site, kind: str, day: date, *, last: bool = False, final_fen: int | None = None) -> None:
    """Claim what may be claimed now, sign it and pay it; the last one of running works may stay open."""
    day = min(day, BUSINESS_DATE - timedelta(days=2))
    world, rng, county = site.world, site.rng, site.life.village.county
    async with acting(world.actor(Role.COUNTY_CLERK, county), day) as tx:
        submitted = await _submit(tx, site, Kind(kind), day, final_fen)
    if submitted is None:
        return
    key, steps = submitted
    given = steps[: rng.randrange(len(steps))] if last and rng.random() < LEFT_OPEN else steps
    for number, role in enumerate(given):
        hand = world.actor(Role(role), _place(site, role), steps[:number].count(role))
        async with acting(hand, min(day + timedelta(days=1 + number), BUSINESS_DATE)) as tx:
            await service.sign(tx, key, say("sign_opinion"), _group(site) if role == Role.VILLAGE_CLERK else "")
    if given == steps:
        paid = min(day + timedelta(days=1 + len(steps)), BUSINESS_DATE)
        async with acting(world.actor(Role.COUNTY_FINANCE, county, 1), paid) as tx:
            await service.pay(tx, key, PayForm(f"JZ-{paid:%Y%m}-{key:05d}", f"DEMO{key:012d}", paid))


def _place(site: Site, role: str) -> str:
    """Give the division in which a role signs a claim of this site."""
    village = site.life.village
    return {Role.VILLAGE_CLERK: village.code, Role.TOWNSHIP_CLERK: village.township}.get(Role(role), village.county)


def _group(site: Site) -> str:
    """Three members of the village's money group, as they signed on paper."""
    return "、".join(words()["group"][(site.life.id + n) % len(words()["group"])] for n in range(3))


async def name_deputies(world: World, county: str) -> None:
    """Let a county's leader be away next week: the second clerk signs in the leader's place."""
    leader, clerk = world.actor(Role.COUNTY_LEADER, county), world.actor(Role.COUNTY_CLERK, county, 1)
    async with acting(leader, BUSINESS_DATE - timedelta(days=2)) as tx:
        start = BUSINESS_DATE - timedelta(days=1)
        form = DeputyForm(clerk.post_id, start, start + timedelta(days=9), say("deputy_doc"), say("deputy_why"))
        await deputies.name_deputy(tx, form)


async def _submit(tx: Tx, site: Site, kind: Kind, day: date, final_fen: int | None) -> tuple[int, list[str]] | None:
    project = await projects.brief(tx, site.life.id)
    books = await queries.books(tx, project)
    terms = queries.terms(tx, project["division_code"])
    most = rules.claimable(books, terms, kind, final_fen)
    exact = kind in {Kind.SETTLEMENT, Kind.RETENTION}
    amount = most if exact else most // HUNDRED_YUAN * HUNDRED_YUAN
    if amount < (1 if exact else LEAST):
        return None
    number = await tx.conn.fetchval("SELECT nextval('allocation_claim_id_seq')")
    form = ClaimForm(
        kind,
        amount,
        site.payee,
        f"99{number:018d}",
        amount,
        day,
        invoice_tax_fen=amount * 9 // 109,
        wages_fen=0 if exact else amount // 5 // HUNDRED_YUAN * HUNDRED_YUAN,
        measured_bp=books.seen_bp if kind is Kind.PROGRESS else None,
        final_fen=final_fen,
    )
    key = await service.draft(tx, site.life.id, form)
    owner = (judging.TABLE, key)
    needed = judging.needed_papers(tx, await queries.claim(tx, key))
    papers = [paper_record(owner, project["division_code"], paper, pictures.sheet(paper), day) for paper in needed]
    await write(tx, "kernel_file", papers)
    await service.submit(tx, key)
    return key, (await queries.claim(tx, key))["steps"]

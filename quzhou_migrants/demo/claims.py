"""Claims for money, signed by two hands and paid; some are left on somebody's desk."""

from __future__ import annotations

from datetime import date, timedelta

from allocation.payments import judging, queries, rules, service
from allocation.payments.forms import ClaimForm, PayForm
from allocation.payments.rules import Kind
from projects import public as projects
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.demo import pictures
from quzhou_migrants.demo.filing import paper_record, write
from quzhou_migrants.demo.lives import Site
from quzhou_migrants.demo.world import BUSINESS_DATE, acting, say
from quzhou_migrants.kernel.tx import Tx

HUNDRED_YUAN = 10_000  # fen: nobody claims cents
LEAST = 50 * HUNDRED_YUAN
LEFT_OPEN = 0.5  # of the newest claims of running works


async def claim(site: Site, kind: str, day: date, *, last: bool = False, final_fen: int | None = None) -> None:
    """Claim what may be claimed now, sign it and pay it; the last one of running works may stay open."""
    day = min(day, BUSINESS_DATE - timedelta(days=2))
    world, rng, county = site.world, site.rng, site.life.village.county
    async with acting(world.actor(Role.COUNTY_CLERK, county), day) as tx:
        key = await _submit(tx, site, Kind(kind), day, final_fen)
    if key is None:
        return
    hands = [(Role.COUNTY_LEADER, 0), (Role.COUNTY_FINANCE, 0)]
    if last and rng.random() < LEFT_OPEN:
        hands = hands[: rng.randrange(2)]
    for number, (role, which) in enumerate(hands, 1):
        async with acting(world.actor(role, county, which), min(day + timedelta(days=number), BUSINESS_DATE)) as tx:
            await service.sign(tx, key, say("sign_opinion"))
    if len(hands) == 2:  # noqa: PLR2004 - both have signed
        paid = min(day + timedelta(days=3), BUSINESS_DATE)
        async with acting(world.actor(Role.COUNTY_FINANCE, county, 1), paid) as tx:
            await service.pay(tx, key, PayForm(f"JZ-{paid:%Y%m}-{key:05d}", f"DEMO{key:012d}", paid))


async def _submit(tx: Tx, site: Site, kind: Kind, day: date, final_fen: int | None) -> int | None:
    project = await projects.brief(tx, site.life.id)
    books = await queries.books(tx, project)
    terms = queries.terms(tx, project["division_code"])
    most = rules.claimable(books, terms, kind, final_fen)
    amount = most if kind is Kind.SETTLEMENT else most // HUNDRED_YUAN * HUNDRED_YUAN
    if amount < (1 if kind is Kind.SETTLEMENT else LEAST):
        return None
    number = await tx.conn.fetchval("SELECT nextval('allocation_claim_id_seq')")
    form = ClaimForm(kind, amount, site.payee, f"99{number:018d}", amount, day, final_fen=final_fen)
    key = await service.draft(tx, site.life.id, form)
    needed = tx.policy_for(project["division_code"]).get("allocation.payments.papers")[kind.value]
    owner = (judging.TABLE, key)
    papers = [paper_record(owner, project["division_code"], paper, pictures.sheet(paper), day) for paper in needed]
    await write(tx, "kernel_file", papers)
    await service.submit(tx, key)
    return key

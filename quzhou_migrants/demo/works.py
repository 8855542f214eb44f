"""From plan to handover: every step is the command that a person would have given, on its day."""

from __future__ import annotations

from datetime import date
from random import Random

from allocation.budget.queries import available
from allocation.budget.service import award_from_pot
from projects.public import add_months
from projects.works import service as works
from projects.works.forms import CompleteForm, ContractForm, Method, StartForm, StepForm
from projects.works.rules import own_share
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.demo import assets, contracts
from quzhou_migrants.demo.claims import claim
from quzhou_migrants.demo.lives import DAY, Life, Site
from quzhou_migrants.demo.money import plan_year
from quzhou_migrants.demo.visits import visit
from quzhou_migrants.demo.world import BUSINESS_DATE, World, acting, say, words
from quzhou_migrants.kernel.clock import is_working_day
from quzhou_migrants.kernel.tx import Tx

LAST_DAY = BUSINESS_DATE - DAY
RETENTION_MONTHS = 12


def workday(day: date) -> date:
    """The first working day from a day on, but never after the demonstration's yesterday."""
    day = min(day, LAST_DAY)
    while not is_working_day(day):
        day -= DAY
    return day


async def live(world: World, life: Life, rng: Random) -> None:
    """Take a planned project as far as it is to come."""
    county = life.village.county
    clerk = world.actor(Role.COUNTY_CLERK, county)
    day = workday(date(plan_year(life), 5, 20) + rng.randrange(15) * DAY)
    async with acting(clerk, day) as tx:
        left = sum(int(row["fen"]) for row in await available(tx, county))
        amount = min(life.asked_fen, left)
        if amount < life.asked_fen // 2:
            return  # the county's money is spent; the project stays planned
        short = words()["short"][county[:6]]
        await award_from_pot(tx, life.id, amount, say("award_doc", short=short, year=plan_year(life), n=life.id))
    if life.reaches("contracted"):
        await _build(world, life, rng, day, amount)


async def _build(world: World, life: Life, rng: Random, day: date, award: int) -> None:
    clerk = world.actor(Role.COUNTY_CLERK, life.village.county)
    village = world.actor(Role.VILLAGE_CLERK, life.village.code)
    signed = workday(day + (15 + rng.randrange(20)) * DAY)
    form = _contract(life, rng, signed, award)
    site = Site(world, life, rng, form.contractor)
    other = world.rng(f"bids {life.id}")
    async with acting(village, signed) as tx:
        await contracts.procure(tx, life, form, other)
        await works.sign(tx, life.id, form)
    if life.reaches("building") or rng.random() < 0.5:  # noqa: PLR2004 - half have asked for the advance
        await claim(site, "advance", signed + 5 * DAY)
    if not life.reaches("building"):
        return
    started = workday(signed + 12 * DAY)
    async with acting(clerk, started) as tx:
        await contracts.untouched(tx, life, other)
        own = own_share(form.amount_fen, award, 0)
        await works.start(tx, life.id, StartForm(started, await _version(tx, life), own))
    done = life.reaches("completed")
    seen = [3500, 7500, 10_000] if done else [rng.randrange(1500, 4500), rng.randrange(5000, 9500)]
    end = workday(started + rng.randrange(70, 110) * DAY)
    for number, progress in enumerate(seen, 1):
        when = workday(started + (end - started) * number // len(seen))
        await visit(site, when, progress, last=number == len(seen) and not done)
        if progress < 10_000 and not (number == 1 and rng.random() < 0.4):  # noqa: PLR2004 - some wait for the next
            await claim(site, "progress", when + 4 * DAY, last=number == len(seen))
    if done:
        await _finish(site, form, end)


async def _finish(site: Site, form: ContractForm, end: date) -> None:
    world, life = site.world, site.life
    village = world.actor(Role.VILLAGE_CLERK, life.village.code)
    completed = workday(end + 5 * DAY)
    async with acting(village, completed) as tx:
        await works.complete(tx, life.id, CompleteForm(completed, say("complete_note"), await _version(tx, life)))
    ended = assets.End(site, form.amount_fen, completed)
    accepted = await assets.finish(ended, workday)
    if accepted is None:
        return
    held, settled = accepted
    await claim(site, "settlement", held + 8 * DAY, final_fen=settled)
    if life.reaches("handed_over"):
        await assets.hand_over(ended, workday(held + 25 * DAY), settled)
    if (due := add_months(held, RETENTION_MONTHS) + 3 * DAY) < LAST_DAY:
        await claim(site, "retention", due)


async def _version(tx: Tx, life: Life) -> int:
    return int(await tx.conn.fetchval("SELECT version FROM projects_project WHERE id = $1", life.id))


def _contract(life: Life, rng: Random, signed: date, award: int) -> ContractForm:
    said = words()
    name = life.village.name.removeprefix(said["mark"]).removesuffix("村")
    steps = said["project"][life.category]["steps"]
    starts, ends = signed + 10 * DAY, signed + 130 * DAY
    return ContractForm(
        number=f"HT-{life.code}",
        method=Method.SMALL_WORKS,
        contractor=said["title"]["contractor"].format(name=name),
        credit_code=contracts.credit_code(rng),
        amount_fen=min(life.estimate_fen * rng.randrange(92, 100) // 100, award + life.own_fen),
        signed_on=signed,
        starts_on=starts,
        ends_on=ends,
        steps=[
            StepForm(title, percent * 100, starts + (ends - starts) * number // len(steps))
            for number, (title, percent) in enumerate(steps, 1)
        ],
        supervisor=said["title"]["supervisor"],
    )

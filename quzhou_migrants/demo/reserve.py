"""Review in every county: turns taken on, visits to sites, a ranked order, a batch, an appeal, a filing to the city."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

from projects.reserve import appeals, filings, quotas, service
from projects.reserve.forms import QuotaForm
from projects.reserve.queries import order as order_of
from projects.reserve.queries import quota as quota_of
from projects.reserve.rules import term_end
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.demo.filing import at, write
from quzhou_migrants.demo.lives import DAY, WAN, Life
from quzhou_migrants.demo.world import BUSINESS_DATE, World, acting, say
from quzhou_migrants.kernel.clock import STATUTORY
from quzhou_migrants.kernel.tx import system_tx

Record = dict[str, Any]
CITY = "330800000000"
TERM = {"submitted": ("township", Role.TOWNSHIP_CLERK, 10), "township_passed": ("county", Role.COUNTY_CLERK, 15)}
SEEN, BATCHED = 3, 12  # site checks and decisions in bulk shown in each county
SHARE = 60  # percent of what was asked for that a township's amount covers: the rest are spares
REMARKED = frozenset({"330802", "330822", "330824"})


async def review_county(world: World, code: str, mine: list[Life]) -> None:
    """Let one county's review be in full swing on the business date."""
    await _take_on(world, code, mine)
    await _rank(world, code, mine)
    await _appeal(world, code, mine)
    await _file(world, code)


async def _take_on(world: World, code: str, mine: list[Life]) -> None:
    waiting = [life for life in mine if life.goal in TERM]
    decided = [life for life in mine if life.goal == "admitted" and life.window == (2026, 3)][:BATCHED]
    async with system_tx("demo.review") as tx:
        await write(tx, "projects_review_turn", [_turn(world, life, n) for n, life in enumerate(waiting)])
        await write(tx, "projects_site_check", [_check(world, life) for life in (waiting + decided)[:SEEN]])
        if not decided:
            return
        clerk, day = world.actor(Role.COUNTY_CLERK, code), max(life.admitted_on for life in decided)
        key = await tx.conn.fetchval("SELECT nextval(pg_get_serial_sequence('projects_review_batch', 'id'))")
        batch = {
            "id": key, "division_code": code, "decision": "admit", "opinion": say("opinion_admit"), "years": 5,
            "clause": "", "reason": "", "actor": {}, "state": "done", "version": 2, "total": len(decided),
            "failure": "", "touched_at": at(day, 16), "created_name": clerk.name, "created_at": at(day, 15),
            "finished_at": at(day, 16), "is_demo": True,
        }  # fmt: skip
        await write(tx, "projects_review_batch", [batch])
        await write(tx, "projects_review_batch_item", [
            {"batch": key, "project": life.id, "division_code": life.village.code, "seen": 1, "outcome": "done",
             "code": "", "note": "", "done_at": at(day, 16), "is_demo": True}
            for life in decided
        ])  # fmt: skip


def _turn(world: World, life: Life, number: int) -> Record:
    tier, role, days = TERM[life.goal]
    began = min(life.filed_on if tier == "township" else life.passed_on, BUSINESS_DATE)
    place = life.village.township if tier == "township" else life.village.county
    person = world.actor(role, place) if number % 2 else None
    return {
        "project": life.id, "division_code": life.village.code, "round": 1, "tier": tier, "opened_at": at(began, 11),
        "due_on": term_end(began, days, STATUTORY), "assignee": person.user_id if person else None,
        "assignee_name": person.name if person else "", "assigned_at": at(began, 14) if person else None,
        "closed_at": None, "is_demo": True,
    }  # fmt: skip


def _check(world: World, life: Life) -> Record:
    clerk = world.actor(Role.TOWNSHIP_CLERK, life.village.township)
    day = min(life.filed_on + 3 * DAY, BUSINESS_DATE)
    return {
        "project": life.id, "division_code": life.village.code, "round": 1, "checked_on": day,
        "checker": clerk.user_id, "checker_name": clerk.name, "checker_title": clerk.title,
        "companions": say("site_companions"), "finding": "fit", "note": say("site_note"), "at": at(day, 16),
        "is_demo": True,
    }  # fmt: skip


async def _rank(world: World, code: str, mine: list[Life]) -> None:
    """The township that filed most gets an amount and ranks; in every other county it has handed its order in."""
    filed = [life for life in mine if life.window == (2026, 9) and life.goal in TERM]
    townships = Counter(life.village.township for life in filed or mine)
    township = min(townships, key=lambda t: (-townships[t], t))
    asked = sum(life.asked_fen for life in filed if life.village.township == township)
    amount = (asked * SHARE // 100 // WAN + 10) * WAN
    async with acting(world.actor(Role.COUNTY_CLERK, code), date(2026, 9, 1)) as tx:
        key = await quotas.open_quota(tx, QuotaForm(township, "2026-09", amount, 20_000))
    async with acting(world.actor(Role.TOWNSHIP_CLERK, township), date(2026, 9, 15)) as tx:
        row = await quota_of(tx, key)
        found = [p["id"] for p in await order_of(tx, row)]
        if found and int(code[4:6]) % 2:
            await quotas.rank(tx, key, row["version"], found)
            await quotas.hand_in(tx, key, row["version"] + 1)


async def _appeal(world: World, code: str, mine: list[Life]) -> None:
    """A refusal of spring stands; one of these days waits for the leader."""
    spring = next((life for life in mine if life.goal == "refused" and life.window == (2026, 3)), None)
    earlier = spring or next((life for life in mine if life.goal == "refused"), None)
    if earlier:
        key = await _appealed(world, earlier, earlier.admitted_on + 5 * DAY)
        async with acting(world.actor(Role.COUNTY_LEADER, code), earlier.admitted_on + 12 * DAY) as tx:
            await appeals.decide(tx, key, 1, grant=False, reason=say("appeal_upheld"))
    passed = [life for life in mine if life.goal == "township_passed"]
    if len(passed) > 1:
        async with acting(world.actor(Role.COUNTY_CLERK, code), BUSINESS_DATE - 2 * DAY) as tx:
            await service.refuse(tx, passed[-1].id, 1, say("refuse_clause"), say("refuse_reason"))
        await _appealed(world, passed[-1], BUSINESS_DATE - DAY)


async def _appealed(world: World, life: Life, day: date) -> int:
    async with acting(world.actor(Role.VILLAGE_CLERK, life.village.code), day) as tx:
        return await appeals.file(tx, life.id, say("appeal_text"))


async def _file(world: World, code: str) -> None:
    """The county files its reserve; the city remarks on some and takes note of others."""
    async with acting(world.actor(Role.COUNTY_CLERK, code), date(2026, 9, 10)) as tx:
        if not await tx.conn.fetchval("SELECT EXISTS (SELECT 1 FROM projects_project WHERE state = 'admitted')"):
            return  # in a small demonstration a county may have nothing to file
        key = await filings.file(tx)
    city = world.actor(Role.CITY_CLERK, CITY)
    async with acting(city, date(2026, 9, 14)) as tx:
        if code[:6] in REMARKED:
            await filings.ask(tx, key, 1, say("city_remark"))
        elif int(code[4:6]) % 2:
            await filings.take_note(tx, key, 1)

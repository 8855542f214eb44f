"""Competitive rounds: one awarded in every county, one waiting for its experts; in one county a result hangs."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

from allocation.competitive import chasing, decisions, drawing, papers, publishing, queries, reviews, service
from allocation.competitive.forms import (
    CriterionForm,
    DecisionForm,
    LineForm,
    MemberForm,
    PointForm,
    RecuseForm,
    RoundForm,
    SheetForm,
    VetoForm,
)
from allocation.competitive.rules import CutRule, Vote
from allocation.experts import hints
from projects.notices.service import close_notice, latest
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.demo.experts import drawn_panel
from quzhou_migrants.demo.lives import WAN, Life
from quzhou_migrants.demo.world import BUSINESS_DATE, World, acting, say, words
from quzhou_migrants.kernel.actor import Actor
from quzhou_migrants.kernel.permissions import permissions_of
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
CANDIDATES = 6
DONE = 2  # experts of the open round whose sheets are in
POSTED = 4  # candidates of the round whose result hangs
LEAST = 60  # 万元; a county with less left holds no round in spring
FEWEST = 20  # 万元; nor one in autumn
SPARE = 35  # 万元; what a round promises nobody else may give, so something is left for pools and subsidies
DAY = timedelta(days=1)


async def decided_round(world: World, county: str, lives: list[Life]) -> None:
    """Hold a round this spring among projects of the reserve, from the call to the award."""
    chosen = [life for life in lives if life.goal == "admitted" and life.window < (2026, 3)][:CANDIDATES]
    opens = date(2026, 5, 18)
    if not chosen or await _left(world, county, opens) < LEAST:
        return
    clerk, leader = world.actor(Role.COUNTY_CLERK, county), world.actor(Role.COUNTY_LEADER, county)
    key = await _opened(world, county, chosen, opens)
    await _posted(world, county, key, opens + 8 * DAY, opens + 15 * DAY)
    await _notice_over(clerk, key, opens + 20 * DAY)
    async with acting(leader, opens + 20 * DAY) as tx:
        await publishing.approve(tx, key)


async def posted_round(world: World, county: str, lives: list[Life]) -> None:
    """Hold a round of this month whose result hangs before the public."""
    older = [life for life in lives if life.goal == "admitted" and life.window < (2026, 3)]
    chosen = older[CANDIDATES : CANDIDATES + POSTED]
    opens = BUSINESS_DATE - 20 * DAY
    if chosen and await _left(world, county, opens) >= FEWEST:
        key = await _opened(world, county, chosen, opens)
        await _posted(world, county, key, BUSINESS_DATE - 12 * DAY, BUSINESS_DATE - DAY)


async def _posted(world: World, county: str, key: int, scored: date, held: date) -> None:
    """Let the experts score, rank, decide by the ranking, and put the result before the public."""
    await _scored(world, county, key, scored, world.rng(f"round {county} {held}"))
    async with acting(world.actor(Role.COUNTY_CLERK, county), held) as tx:
        await decisions.close(tx, key)
        proposed = {row["id"]: int(row["proposed_fen"] or 0) for row in await queries.candidates(tx, key)}
        await decisions.decide(tx, key, _decision(world, county, held, proposed))
        await publishing.post(tx, key)


async def _notice_over(clerk: Actor, key: int, day: date) -> None:
    """Close the notice of a result whose days are over, nothing having been said against it."""
    async with acting(clerk, day) as tx:
        row = await queries.round_of(tx, key)
        notice = await latest(tx, publishing.subject(row))
        if notice:
            await close_notice(tx, notice["id"], say("notice_outcome"))


async def waiting_round(world: World, county: str, lives: list[Life]) -> None:
    """Open a round of this month whose experts are at work: some are done, one stepped out, one is chased."""
    chosen = [life for life in lives if life.goal == "admitted" and life.window >= (2026, 3)][:CANDIDATES]
    opens = BUSINESS_DATE - 4 * DAY
    if chosen and await _left(world, county, opens) >= FEWEST:
        key = await _opened(world, county, chosen, opens)
        await _begun(world, county, key)


async def _begun(world: World, county: str, key: int) -> None:
    """Let the first experts be done, the next step out of one candidate and open the others, and chase the last."""
    clerk, rng, day = world.actor(Role.COUNTY_CLERK, county), world.rng(f"begun {county}"), BUSINESS_DATE - 2 * DAY
    async with acting(clerk, day) as tx:
        panel = await queries.experts(tx, key)
        criteria = [row["id"] for row in await queries.criteria(tx, key)]
    for seat in panel[:DONE]:
        await _scores(seat, county, day, criteria, rng)
    opening = panel[DONE]
    async with acting(_expert(opening["user_id"], opening["name"], opening["engagement_id"], county), day, 15) as tx:
        first, *others = await tx.conn.fetch("SELECT * FROM allocation_declaration ORDER BY id")
        await reviews.recuse(tx, first["id"], RecuseForm("kin", words()["round"]["recused"]))
        for row in others:
            await _cleared(tx, row)
    async with acting(clerk, BUSINESS_DATE - DAY) as tx:
        await chasing.remind(tx, panel[-1]["id"])


async def _left(world: World, county: str, day: date) -> int:
    """Tell what a round of a county would find there beyond what pools and subsidies want. Units: 万元."""
    blank = {"id": 0, "division_code": county, "earmark": 0, "township_code": "", "pot_title": ""}
    async with acting(world.actor(Role.COUNTY_CLERK, county), day) as tx:
        return max(0, int(await drawing.left(tx, blank)) // WAN - SPARE)


async def _opened(world: World, county: str, chosen: list[Life], opens: date) -> int:
    """Draft a call within what lies there, take candidates and panel, publish, begin scoring. Gives the round's id."""
    name = world.counties[county]
    most = await _left(world, county, opens)
    budget = min(max(sum(life.asked_fen for life in chosen) * 6 // 10 // WAN, LEAST), most) * WAN
    form = RoundForm(
        say("round_title", year=opens.year, county=name), say("round_call"), budget, min(budget, LEAST * WAN),
        CutRule.SKIP, opens, opens + 14 * DAY, opens + 20 * DAY,
        [CriterionForm(title, percent * 100, hint) for title, percent, hint in words()["round"]["criteria"]],
        [VetoForm(title) for title in words()["round"]["vetoes"]],
    )  # fmt: skip
    async with acting(world.actor(Role.COUNTY_CLERK, county), opens) as tx:
        key = await service.draft(tx, form)
        await service.add_candidates(tx, key, [life.id for life in chosen])
        await service.publish(tx, key)
    await drawn_panel(world, county, key, opens)
    async with acting(world.actor(Role.COUNTY_CLERK, county), opens, 15) as tx:
        drawings = "SELECT id FROM allocation_candidate_paper WHERE round = $1 AND kind = 'design'"
        for paper in await tx.conn.fetch(drawings, key):
            await papers.clear(tx, paper["id"])
        await service.start(tx, key)
    return key


async def _scored(world: World, county: str, key: int, day: date, rng: Random) -> None:
    """Let every expert declare and score every candidate."""
    async with acting(world.actor(Role.COUNTY_CLERK, county), day) as tx:
        panel = await queries.experts(tx, key)
        criteria = [row["id"] for row in await queries.criteria(tx, key)]
    for seat in panel:
        await _scores(seat, county, day, criteria, rng)


async def _scores(seat: Row, county: str, day: date, criteria: list[int], rng: Random) -> None:
    async with acting(_expert(seat["user_id"], seat["name"], seat["engagement_id"], county), day) as tx:
        for row in await tx.conn.fetch("SELECT * FROM allocation_declaration ORDER BY id"):
            await _cleared(tx, row)
            points = [PointForm(criterion, rng.randrange(66, 96)) for criterion in criteria]
            await reviews.score(tx, row["id"], SheetForm(points))


async def _cleared(tx: Tx, row: Row) -> None:
    suggested = await hints.of_review(tx, row["expert"], row["candidate"])
    await reviews.clear(tx, row["id"], say("expert_explains") if suggested else "")


def _expert(user: int, name: str, engagement: int, county: str) -> Actor:
    held = permissions_of(Role.EXPERT)
    return Actor(user, name, str(Role.EXPERT), None, "", county, 0, engagement, held, "", is_demo=True)


def _decision(world: World, county: str, day: date, proposed: dict[int, int]) -> DecisionForm:
    leader = world.actor(Role.COUNTY_LEADER, county)
    said = words()["round"]
    due = [(leader.name, said["chair"]), *said["committee"]]
    members = [MemberForm(name, title, present=True, vote=Vote.FOR) for name, title in due]
    return DecisionForm(
        day, say("round_place", county=world.counties[county]), leader.name, say("round_minutes"), members,
        [LineForm(candidate, fen) for candidate, fen in proposed.items()],
    )  # fmt: skip

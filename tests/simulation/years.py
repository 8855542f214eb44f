"""Three years of a prefecture through the public commands: windows, reviews, refreshes, plans, works, recalls.

Everything happens in the order of its day, by whoever does it in a bureau; what the calendar does by
itself is done by the same jobs that run at night. Nothing is written past a command.
"""

from __future__ import annotations

import heapq
import io
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

from litestar.datastructures import UploadFile
from PIL import Image

from allocation.budget.service import award_from_pot
from projects.intake import keeping
from projects.intake import papers as attached
from projects.intake import service as intake
from projects.intake.forms import SECTIONS, Category, FileKind, PaperForm, StartForm
from projects.notices import service as notices
from projects.plan import falling, posting
from projects.plan import queries as plan_queries
from projects.plan import service as plans
from projects.plan.forms import PlanForm, RecallForm
from projects.plan.jobs import free_money
from projects.refresh import queries as refresh_queries
from projects.refresh import service as refreshes
from projects.refresh.forms import AnswerForm
from projects.refresh.jobs import keep_refreshes
from projects.refresh.rules import MAY_CHANGE
from projects.refresh.states import Said
from projects.reserve import appeals
from projects.reserve import service as reserve
from projects.works.jobs import keep_delays
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.demo.changes import change_county
from quzhou_migrants.demo.lives import WAN, Life, by_county, draft_of, make_lives
from quzhou_migrants.demo.money import YEARS, make_money, plan_year
from quzhou_migrants.demo.people import make_households
from quzhou_migrants.demo.places import make_villages
from quzhou_migrants.demo.staff import make_staff
from quzhou_migrants.demo.works import live, workday
from quzhou_migrants.demo.world import BUSINESS_DATE, World, acting, say, words
from quzhou_migrants.kernel.actor import SYSTEM, Actor
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.web.forms import read_raw

DAY = timedelta(days=1)
LAST = BUSINESS_DATE - DAY
PAPERS = (FileKind.RESOLUTION, FileKind.NOTICE, FileKind.DESIGN)
# How often people do what makes a reserve live. Shares of all who could.
RETURNED, SENT_BACK, APPEALED, GRANTED = 0.08, 0.05, 0.5, 0.5
SILENT, CHANGED, TAKEN_BACK = 0.12, 0.08, 0.02
GIVEN_UP = 0.12  # never awarded, or awarded and never signed
Work = Callable[[date], Awaitable[None]]


@dataclass(slots=True)
class Simulation:
    """One run: the world, what is to happen on which day, and how often each thing happened."""

    world: World
    rng: Random
    lives: list[Life] = field(default_factory=list)
    done: dict[str, int] = field(default_factory=dict)
    agenda: list[tuple[date, int, Work]] = field(default_factory=list)
    _numbers: Any = field(default_factory=itertools.count)

    def on(self, day: date, work: Work) -> None:
        """Put something on the agenda; what lies after the last day does not happen."""
        if day <= LAST:
            heapq.heappush(self.agenda, (day, next(self._numbers), work))

    def count(self, what: str) -> None:
        """Count that something happened."""
        self.done[what] = self.done.get(what, 0) + 1

    async def run(self) -> None:
        """Live through every day on which something happens."""
        for life in self.lives:
            if life.filed:
                self.on(life.filed_on, self._files(life))
        day = min(life.filed_on for life in self.lives).replace(day=1)
        while day <= LAST:
            self.on(day, self._night)
            day += DAY if day.day in {1, 2} or day.month in {4, 10} else 3 * DAY
        for year in YEARS:
            for county, mine in by_county(self.lives):
                self.on(workday(date(year, 5, 4)), self._plans(county, year, mine))
        while self.agenda:
            day, _, work = heapq.heappop(self.agenda)
            await work(day)
        for county, mine in by_county(self.lives):
            await change_county(self.world, county, mine)
        async with acting(SYSTEM, LAST) as tx:
            left = "SELECT count(*) FROM projects_plan_item WHERE left_how = 'fallen_back'"
            self.done["fell back"] = await tx.conn.fetchval(left)

    async def _night(self, day: date) -> None:
        """Do what the calendar does: refreshes open and close, terms end, unused money comes free, delays are told."""
        for job in (keep_refreshes, free_money, keep_delays):
            async with acting(SYSTEM, day, 1) as tx:
                await job(tx, "")
        if day.month in {4, 10} and day.day == 15:
            await self._answers(day)

    # ---- application and review ------------------------------------------------------------------------------

    def _files(self, life: Life) -> Work:
        async def work(day: date) -> None:
            async with acting(self._village(life), day) as tx:
                life.id = await intake.start(tx, StartForm(life.title, Category(life.category)))
                for section, typed in draft_of(life).items():
                    await keeping.keep(tx, life.id, section, read_raw(typed, SECTIONS[section], partial=True))
                for shade, kind in enumerate(PAPERS):
                    await attached.add_paper(tx, life.id, PaperForm(kind, _picture(kind.value, shade)))
                await intake.submit(tx, life.id)
            self.count("filed")
            self.on(day + 6 * DAY, self._township(life))

        return work

    def _township(self, life: Life) -> Work:
        async def work(day: date) -> None:
            township = self.world.actor(Role.TOWNSHIP_CLERK, life.village.township)
            if life.goal == "withdrawn":
                async with acting(self._village(life), day) as tx:
                    await intake.withdraw(tx, life.id, say("withdraw_reason"))
                return self.count("withdrawn")
            if life.goal == "submitted":
                return None
            async with acting(township, day) as tx:
                if life.goal == "returned" or self.rng.random() < RETURNED:
                    remarks = [(say("remark_field"), say("remark_text"))]
                    await reserve.send_back(tx, life.id, await _version(tx, life.id), remarks, "")
                    self.count("returned")
                    again = life.goal != "returned"
                else:
                    await reserve.pass_on(tx, life.id, await _version(tx, life.id), say("opinion_good"))
                    again = False
            if again:
                self.on(day + 4 * DAY, self._corrects(life, self._township(life)))
            elif life.goal not in {"returned", "township_passed"}:
                self.on(day + 14 * DAY, self._county(life))
            return None

        return work

    def _corrects(self, life: Life, then: Work) -> Work:
        async def work(day: date) -> None:
            async with acting(self._village(life), day) as tx:
                await intake.submit(tx, life.id)
            self.count("corrected")
            self.on(day + 5 * DAY, then)

        return work

    def _county(self, life: Life) -> Work:
        async def work(day: date) -> None:
            async with acting(self._clerk(life), day) as tx:
                version = await _version(tx, life.id)
                if life.goal == "refused":
                    await reserve.refuse(tx, life.id, version, say("refuse_clause"), say("refuse_reason"))
                    self.count("refused")
                elif self.rng.random() < SENT_BACK:
                    await reserve.send_back(tx, life.id, version, [(say("remark_field"), say("remark_text"))], "")
                    self.on(day + 4 * DAY, self._corrects(life, self._township(life)))
                    return self.count("sent back")
                else:
                    await reserve.admit(tx, life.id, version, 3 + self.rng.randrange(3), say("opinion_admit"))
                    return self.count("admitted")
            if self.rng.random() < APPEALED:
                self.on(day + 3 * DAY, self._appeals(life))
            return None

        return work

    def _appeals(self, life: Life) -> Work:
        async def work(day: date) -> None:
            async with acting(self._village(life), day) as tx:
                appeal = await appeals.file(tx, life.id, say("opinion_good"))
            grant = self.rng.random() < GRANTED
            async with acting(self.world.actor(Role.COUNTY_LEADER, life.village.county), day + 5 * DAY) as tx:
                await appeals.decide(tx, appeal, 1, grant=grant, reason=say("refuse_reason"))
            self.count("appeal granted" if grant else "appeal turned down")
            if grant:
                life.goal = "admitted"
                self.on(day + 9 * DAY, self._county(life))

        return work

    # ---- refresh ---------------------------------------------------------------------------------------------

    async def _answers(self, day: date) -> None:
        """Let the owners answer the refreshes that are open."""
        for county, _ in by_county(self.lives):
            async with acting(self.world.actor(Role.COUNTY_CLERK, county), day) as tx:
                row = await tx.conn.fetchrow(
                    "SELECT * FROM projects_refresh WHERE division_code = $1 AND state = 'open'", county
                )
                due = await tx.conn.fetch(
                    f"SELECT p.* FROM projects_project p WHERE {refresh_queries.DUE} ORDER BY p.id",
                    *_range(county), row["opens_on"],
                ) if row else []  # fmt: skip
            for project in due:
                await self._answer(row["id"], dict(project), day)

    async def _answer(self, refresh: int, project: dict[str, Any], day: date) -> None:
        chance = self.rng.random()
        if chance < SILENT:
            return self.count("silent")
        figures = {name: project[name] for name in MAY_CHANGE}
        said = Said.CONFIRMED
        if chance > 1 - TAKEN_BACK:
            said = Said.WITHDRAWN
        elif chance > 1 - TAKEN_BACK - CHANGED:
            said, figures["beneficiaries"] = Said.CHANGED, project["beneficiaries"] + 1
        form = AnswerForm(answer=said, seen=project["version"], note=say("refresh_left"), **figures)
        async with acting(self.world.actor(Role.VILLAGE_CLERK, project["division_code"]), day) as tx:
            await refreshes.answer(tx, refresh, project["id"], form)
        return self.count(f"refresh {said}")

    # ---- plan, money, works ----------------------------------------------------------------------------------

    def _plans(self, county: str, year: int, mine: list[Life]) -> Work:
        async def work(day: date) -> None:
            wanted = {life.id: life for life in mine if plan_year(life) == year and life.reaches("planned") and life.id}
            clerk = self.world.actor(Role.COUNTY_CLERK, county)
            facts = {"county": self.world.counties[county], "short": words()["short"][county[:6]], "year": year}
            async with acting(clerk, day) as tx:
                there = await tx.conn.fetch(
                    "SELECT id, asked_fen FROM projects_project WHERE id = ANY($1) AND state = 'admitted' ORDER BY id",
                    list(wanted),
                )
                if not there:
                    return
                total = sum(row["asked_fen"] for row in there) + 60 * WAN
                plan = await plans.open_plan(
                    tx, PlanForm(year, say("plan_title", **facts), total, say("plan_money", **facts))
                )
                await plans.choose(tx, plan, [(row["id"], row["asked_fen"]) for row in there])
                await posting.post(tx, plan, await _plan_version(tx, plan))
            async with acting(clerk, workday(day + 6 * DAY)) as tx:
                hanging = await notices.latest(tx, (posting.PLAN, plan, county))
                if hanging:
                    await notices.close_notice(tx, hanging["id"], say("notice_outcome"))
            approved = workday(day + 7 * DAY)
            async with acting(self.world.actor(Role.COUNTY_LEADER, county), approved) as tx:
                doc = say("plan_doc", n=12, **facts)
                await plans.approve(tx, plan, doc, await _plan_version(tx, plan), say("plan_departure"))
                self.done["planned"] = self.done.get("planned", 0) + len(await plan_queries.items(tx, plan))
            for row in there:
                if wanted[row["id"]].reaches("awarded"):
                    self.on(approved + 20 * DAY, self._builds(wanted[row["id"]]))

        return work

    def _builds(self, life: Life) -> Work:
        async def work(day: date) -> None:
            if life.goal == "awarded":  # money that nobody signs for comes back
                async with acting(self._clerk(life), day) as tx:
                    doc = say("award_doc", short=words()["short"][life.village.code[:6]], year=day.year, n=life.id)
                    await award_from_pot(tx, life.id, life.asked_fen, doc)
                self.on(day + 60 * DAY, self._recalls(life))
                return self.count("awarded, not signed")
            await live(self.world, life, self.world.rng(f"works {life.id}"))
            return self.count("built")

        return work

    def _recalls(self, life: Life) -> Work:
        async def work(day: date) -> None:
            async with acting(self.world.actor(Role.COUNTY_LEADER, life.village.county), day) as tx:
                form = RecallForm(say("withdraw_reason"), await _version(tx, life.id), given_up=True)
                await falling.recall(tx, life.id, form)
            self.count("recalled")

        return work

    def _village(self, life: Life) -> Actor:
        return self.world.actor(Role.VILLAGE_CLERK, life.village.code)

    def _clerk(self, life: Life) -> Actor:
        return self.world.actor(Role.COUNTY_CLERK, life.village.county)


async def simulate(owner_dsn: str, projects: int, *, seed: int = 7) -> Simulation:
    """Run three years with about so many projects in a migrated database that knows the map; the pool is open."""
    world = World(seed)
    await make_villages(world, owner_dsn)
    await make_staff(world)
    await make_households(world, 600, _quietly)
    lives = [life for life in make_lives(world, projects) if life.window < (BUSINESS_DATE.year, 9)]
    made = Simulation(world, world.rng("simulation"), lives)
    for life in lives:
        if life.reaches("contracted") and made.rng.random() < GIVEN_UP:
            life.goal = made.rng.choice(("planned", "awarded"))
    await make_money(world, lives, _quietly)
    await made.run()
    return made


def _quietly(_title: str, _done: int, _total: int) -> None:
    """Show nothing."""


def _range(county: str) -> tuple[str, str]:
    return county, f"{int(county) + 1_000_000}"


def _picture(name: str, shade: int) -> UploadFile:
    kept = io.BytesIO()
    Image.new("RGB", (40, 40), (200 + shade,) * 3).save(kept, "PNG")
    return UploadFile("image/png", f"{name}.png", kept.getvalue())


async def _version(tx: Tx, project_id: int) -> int:
    return int(await tx.conn.fetchval("SELECT version FROM projects_project WHERE id = $1", project_id))


async def _plan_version(tx: Tx, plan_id: int) -> int:
    return int(await tx.conn.fetchval("SELECT version FROM projects_plan WHERE id = $1", plan_id))

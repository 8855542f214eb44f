"""The city's pool of experts, with ties; panels drawn from it for every round; one case of each rare thing."""

from __future__ import annotations

from datetime import date, timedelta

from allocation.experts import drawing, queries, service
from allocation.experts.forms import ExpertForm, GroupForm, SeedForm, TieForm
from allocation.experts.rules import COUNTY_DIGITS, Role, TieKind
from quzhou_migrants.accounts.roles import Role as Post
from quzhou_migrants.demo.staff import CITY, EXPERTS
from quzhou_migrants.demo.world import BUSINESS_DATE, World, acting, say, words

ADMITTED = date(2025, 3, 3)
SEATS = (("water", 1), ("civil", 1), ("finance", 1), ("industry", 1), ("agriculture", 1))
SKILLS = (["water", "civil"], ["civil"], ["finance"], ["industry"], ["agriculture", "water"])
GRADES = ("senior", "associate", "senior", "equivalent", "associate")
DAY = timedelta(days=1)


async def make_pool(world: World) -> None:
    """Take the outside experts of every county into the city's pool; some have ties, one is near the end of a term."""
    clerk, employers = world.actor(Post.CITY_CLERK, CITY), words()["title"]["expert_employers"]
    last = BUSINESS_DATE + 20 * DAY
    async with acting(clerk, ADMITTED) as tx:
        names = {r["id"]: r["name"] for r in await tx.conn.fetch("SELECT id, name FROM accounts_user")}
        for county, county_name in world.counties.items():
            login = words()["login"][county[:COUNTY_DIGITS]]
            for n in range(EXPERTS):
                user = world.outside[f"expert_{login}{n + 1}"]
                key = await service.admit(
                    tx,
                    ExpertForm(
                        names[user], f"{employers[n]}{county_name}", county[:COUNTY_DIGITS], SKILLS[n], GRADES[n],
                        ADMITTED, last if n == EXPERTS - 1 and login == "kc" else ADMITTED + 3 * 365 * DAY,
                        user_id=user,
                    ),
                )  # fmt: skip
                if n == 0:
                    await service.add_tie(tx, key, TieForm(TieKind.UNIT, say("expert_tie", n=county_name), ADMITTED))
    for county in world.counties:
        await _own_expert(world, county)


async def _own_expert(world: World, county: str) -> None:
    """Let each county keep one expert of its own, with kin in a village; suspended in the meantime."""
    village = next(v for v in world.villages if v.code.startswith(county[:COUNTY_DIGITS]))
    name, employer = world.counties[county], words()["title"]["expert_employers"][0]
    async with acting(world.actor(Post.COUNTY_CLERK, county), ADMITTED) as tx:
        form = ExpertForm(
            f"{words()['mark']}{words()['surnames'][int(county[4:6])]}", f"{employer}{name}", county[:COUNTY_DIGITS],
            ["social"], "senior", ADMITTED, ADMITTED + 2 * 365 * DAY,
        )  # fmt: skip
        key = await service.admit(tx, form)
        await service.add_tie(tx, key, TieForm(TieKind.KIN, village.code))
        await service.move(tx, key, "suspend", say("expert_suspended"))


async def drawn_panel(world: World, county: str, round_id: int, opens: date) -> None:
    """Draw the panel of a round: frozen by the clerk, drawn by the leader, confirmed one by one; one does not come."""
    clerk, leader = world.actor(Post.COUNTY_CLERK, county), world.actor(Post.COUNTY_LEADER, county)
    async with acting(clerk, opens) as tx:
        key = await drawing.freeze(tx, round_id, [GroupForm(name, seats) for name, seats in SEATS])
    async with acting(leader, opens, 11) as tx:
        await drawing.draw(tx, key, SeedForm(f"{opens:%Y%m%d}{county[:COUNTY_DIGITS]}", say("expert_seed")))
    async with acting(clerk, opens, 14) as tx:
        lines = await queries.lines(tx, key)
        first = lines[0]
        await drawing.decline(tx, first["id"], say("expert_declines"))
        for line in lines:
            stands_in = line["role"] == Role.RESERVE and line["speciality"] == first["speciality"] and line["rank"] == 1
            if stands_in or (line["role"] == Role.MAIN and line["id"] != first["id"]):
                await drawing.seat(tx, line["id"])

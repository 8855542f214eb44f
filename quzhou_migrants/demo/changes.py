"""Change orders in every state, one project stopped, one ended, and what is late on the demonstration's day."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from litestar.datastructures import UploadFile

from projects.changes import places, service
from projects.changes.forms import AdjustForm, DecideForm, StopForm
from projects.changes.rules import Action, Cause
from projects.works import delays
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.demo import pictures
from quzhou_migrants.demo.lives import DAY, Life
from quzhou_migrants.demo.world import BUSINESS_DATE, World, acting, say, words
from quzhou_migrants.kernel.blobs import blob_path
from quzhou_migrants.kernel.clock import SHANGHAI
from quzhou_migrants.kernel.files import root
from quzhou_migrants.kernel.tx import system_tx

NORTH = 0.002  # degrees
GOALS = ("moved", "waiting", "stopped", "asked")
ASKED_ON = BUSINESS_DATE - 9 * DAY
_ROW = (
    "SELECT p.version, p.place, p.content, p.lat, p.lon, p.shape, p.contract_fen, p.own_fen, p.other_fen, k.ends_on"
    " FROM projects_project p JOIN projects_contract k ON k.project = p.id WHERE p.id = $1"
)
# Whose works are under way, and whose contract never saw a claim: these may change without asking the ledger.
_BUILDING = "SELECT id FROM projects_project WHERE id = ANY($1) AND state = 'building' ORDER BY id"
_UNTOUCHED = (
    "SELECT id FROM projects_project p WHERE id = ANY($1) AND state = 'contracted'"
    " AND NOT EXISTS (SELECT 1 FROM allocation_claim c WHERE c.project = p.id) ORDER BY id"
)


async def change_county(world: World, county: str, mine: list[Life]) -> None:
    """Let one county change what was agreed: approved, waiting, stopped, ended."""
    by_id = {life.id: life for life in mine}
    async with acting(world.actor(Role.COUNTY_CLERK, county), ASKED_ON) as tx:
        building = [by_id[r["id"]] for r in await tx.conn.fetch(_BUILDING, list(by_id))]
        untouched = [by_id[r["id"]] for r in await tx.conn.fetch(_UNTOUCHED, list(by_id))]
    first = int(county[4:6]) % len(GOALS)  # a small demonstration still shows every goal somewhere
    for life, goal in zip(building, GOALS[first:] + GOALS[:first], strict=False):
        await _change(world, life, goal)
    if len(untouched) > 1:
        await _change(world, untouched[-1], "ended")


async def _change(world: World, life: Life, goal: str) -> None:
    village = world.actor(Role.VILLAGE_CLERK, life.village.code)
    async with acting(village, ASKED_ON) as tx:
        row = await tx.conn.fetchrow(_ROW, life.id)
        paper = UploadFile("image/jpeg", words()["title"]["change_paper"], _paper())
        if goal in {"stopped", "ended"}:
            action = Action.SUSPEND if goal == "stopped" else Action.TERMINATE
            stop = StopForm(Cause.LAND, say(f"change_{goal}"), row["version"], papers=[paper])
            change = await service.propose(tx, life.id, action, stop)
        else:
            place = say("change_place", village=life.village.name) if goal == "moved" else row["place"]
            days = 45 if goal == "moved" else 20
            form = AdjustForm(
                place, row["content"], Cause.WEATHER, say(f"change_{goal}"), row["version"],
                contract_fen=row["contract_fen"], own_fen=row["own_fen"], other_fen=row["other_fen"],
                ends_on=max(row["ends_on"], BUSINESS_DATE) + days * DAY, papers=[paper],
                **_where(row, moved=goal == "moved"),
            )  # fmt: skip
            change = await service.propose(tx, life.id, Action.ADJUST, form)
    if goal == "asked":
        return
    async with acting(world.actor(Role.TOWNSHIP_CLERK, life.village.township), ASKED_ON + 2 * DAY) as tx:
        await service.pass_on(tx, change, DecideForm(1, say("change_passed")))
    if goal != "waiting":
        async with acting(world.actor(Role.COUNTY_LEADER, life.village.county), ASKED_ON + 4 * DAY) as tx:
            short = words()["short"][life.village.county[:6]]
            doc = say("award_doc", short=short, year=BUSINESS_DATE.year, n=change + 300)
            await service.approve(tx, change, DecideForm(2, say("change_approved"), doc))


def _where(row: Any, *, moved: bool) -> dict[str, Any]:  # noqa: ANN401 - a database row
    """Give the place as it was, or as a point some two hundred metres north of it."""
    if moved and row["lat"] is not None:
        return places.written(round(row["lat"] + NORTH, 6), row["lon"], "")
    return places.written(row["lat"], row["lon"], row["shape"])


def _paper() -> bytes:
    return blob_path(root(), pictures.sheet("design").sha256).read_bytes()


async def late_works() -> None:
    """Find what is late, as the daily job would have."""
    at = datetime.combine(BUSINESS_DATE, time(6), SHANGHAI)
    async with system_tx("projects.works.delays", at=at) as tx:
        await delays.look(tx)

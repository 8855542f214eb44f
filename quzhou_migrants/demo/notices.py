"""Notices as a year leaves them: one behind every filing, some that hang now, objections, sector projects."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from projects.events import ProjectSubmitted
from projects.notices.queries import POSTING
from projects.notices.rules import Photo
from projects.notices.service import PERSON
from projects.screening.service import on_submitted
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.demo import pictures
from quzhou_migrants.demo.filing import TABLE, at, paper_record, write
from quzhou_migrants.demo.lives import DAY, Life, by_county, draft_of, notice_of
from quzhou_migrants.demo.world import BUSINESS_DATE, World, say, words
from quzhou_migrants.kernel.clock import STATUTORY, add_working_days
from quzhou_migrants.kernel.crypto import seal
from quzhou_migrants.kernel.tx import system_tx

Record = dict[str, Any]
HANGS = (date(2026, 9, 12), date(2026, 9, 16))
OVER = (date(2026, 9, 8), date(2026, 9, 12))
ANSWERED = date(2026, 9, 15)
ANSWER_DAYS, SCREENED = 10, 6
SECTOR_AMOUNT = 36_000_000  # fen
ASIDE = 0.001  # degrees: a hundred metres north


async def make_notices(world: World, lives: list[Life]) -> None:
    """Write the notices behind all filings, two of each county that are under way, and what was objected."""
    filed = [life for life in lives if life.filed]
    async with system_tx("demo.notices") as tx:
        await write(tx, "projects_posting", [_posted(life) for life in filed])
        await _photograph(tx)
        for code, mine in by_county(lives):
            under_way = [life for goal in ("draft", "returned") for life in mine if life.goal == goal]
            for life, days in zip(under_way, (OVER, HANGS), strict=False):
                await write(tx, "projects_posting", [_hanging(life, *days)])
            for life in under_way[:1]:
                await _object(tx, world, life)
                await _sheet(tx, world, life)
            await write(tx, "projects_sector_project", list(_sector(world, code, mine)))
        for _, mine in by_county(lives):
            now = [life for life in mine if life.goal in {"submitted", "township_passed"}][:SCREENED]
            for life in now:
                await on_submitted(tx, ProjectSubmitted(life.id, life.village.code, life.receipt))
        await tx.conn.execute("UPDATE projects_posting SET received = 2, answered = 1 WHERE id IN (SELECT posting"
                              " FROM projects_objection)")  # fmt: skip


async def _photograph(tx: Any) -> None:  # noqa: ANN401 - the transaction of the machine
    """Lay the two photos of the board, of its first and its last day, to every notice that is over."""
    over = await tx.conn.fetch(
        "SELECT id, division_code, starts_on, ends_on FROM projects_posting WHERE state = 'closed'"
    )
    await write(tx, "kernel_file", [
        paper_record((POSTING, row["id"]), row["division_code"], photo.value, pictures.sheet(photo.value), row[day])
        for row in over
        for photo, day in ((Photo.START, "starts_on"), (Photo.END, "ends_on"))
    ])  # fmt: skip


def _head(life: Life) -> Record:
    return {
        "division_code": life.village.code, "kind": "village", "subject_table": TABLE, "subject_id": life.id,
        "title": say("notice_title", title=life.title), "place": say("notice_place", village=life.village.name),
        "days": 5, "day_kind": "calendar", "rule": say("notice_rule"), "version": 1, "received": 0, "answered": 0,
        "upheld": 0, "is_demo": True,
    }  # fmt: skip


def _posted(life: Life) -> Record:
    posted = notice_of(life)
    return {
        **_head(life), "body": life.content, "starts_on": posted["notice_from"], "ends_on": posted["notice_to"],
        "state": "closed", "outcome": posted["outcome"], "closed_on": posted["notice_to"] + DAY,
        "opened_at": at(posted["notice_from"], 9),
    }  # fmt: skip


def _hanging(life: Life, starts: date, ends: date) -> Record:
    return {
        **_head(life), "body": life.content, "starts_on": starts, "ends_on": ends, "state": "open", "outcome": "",
        "closed_on": None, "opened_at": at(starts, 9),
    }  # fmt: skip


async def _object(tx: Any, world: World, life: Life) -> None:  # noqa: ANN401 - the transaction of the machine
    posting = await tx.conn.fetchval(
        "SELECT max(id) FROM projects_posting WHERE subject_table = $1 AND subject_id = $2", TABLE, life.id
    )
    clerk = world.actor(Role.TOWNSHIP_CLERK, life.village.township)
    head = {
        "posting": posting, "division_code": life.village.code, "late": False, "version": 1, "is_demo": True,
        "person_sealed": "\\x" + seal(say("objector"), PERSON).hex(),
    }  # fmt: skip
    answered = {
        **head, "receipt": f"Y260910-{life.id:012d}", "channel": "paper", "text": say("objection_answered"),
        "received_on": OVER[0] + 2 * DAY, "due_on": _due(OVER[0] + 2 * DAY), "state": "dismissed",
        "answer": say("objection_answer"), "ground": "", "answered_on": ANSWERED,
        "answered_by": f"{clerk.title} {clerk.name}", "entered_at": at(OVER[0] + 2 * DAY, 15),
    }  # fmt: skip
    waiting = {
        **answered, "receipt": f"Y260912-{life.id:012d}", "channel": "online", "text": say("objection_waiting"),
        "received_on": OVER[1], "due_on": _due(OVER[1]), "state": "received", "answer": "", "answered_on": None,
        "answered_by": "", "entered_at": at(OVER[1], 20),
    }  # fmt: skip
    await write(tx, "projects_objection", [answered, waiting])


async def _sheet(tx: Any, world: World, life: Life) -> None:  # noqa: ANN401 - the transaction of the machine
    """A township's sheet that was checked: one row has a slip."""
    clerk = world.actor(Role.TOWNSHIP_CLERK, life.village.township)
    bulk = await tx.conn.fetchval("SELECT nextval('projects_bulk_id_seq')")
    name = say("sheet_name", township=world.townships[life.village.township])
    head = {"division_code": life.village.township, "is_demo": True}
    await write(tx, "projects_bulk", [{
        **head, "id": bulk, "name": name, "sha256": f"{bulk:064d}", "state": "checked", "version": 1, "rows": 1,
        "ready": 0, "known": 0, "filed": 0, "strangers": "", "created_by": clerk.user_id, "created_name": clerk.name,
        "created_at": at(ANSWERED, 16),
    }])  # fmt: skip
    slip = {"cell": "T2", "what": say("sheet_column"), "say": say("sheet_slip"), "code": "PRJ-141"}
    await write(tx, "projects_bulk_row", [{
        "division_code": life.village.code, "bulk": bulk, "seq": 2, "key": "1", "title": life.title,
        "draft": draft_of(life), "problems": [slip], "signs": 0, "papers": 0, "digest": f"{bulk:064d}", "is_demo": True,
    }])  # fmt: skip


def _due(day: date) -> date:
    return add_working_days(day, ANSWER_DAYS, STATUTORY)


def _sector(world: World, code: str, mine: list[Life]) -> Iterator[Record]:
    """Two projects of other departments in each county, one of them where an application of now wants to build."""
    rng = world.rng(f"sector {code}")
    wanted = [life for life in mine if life.goal in {"submitted", "township_passed"}][:1]
    for life in [*wanted, *rng.sample(mine, 1)]:
        sector, title = rng.choice(words()["sector"])
        yield {
            "division_code": life.village.code, "sector": sector,
            "title": life.title if life in wanted else title.format(village=life.village.name), "number": "",
            "amount_fen": SECTOR_AMOUNT, "finished_on": BUSINESS_DATE - timedelta(days=rng.randrange(200, 900)),
            "lat": round(life.lat + ASIDE, 6), "lon": life.lon, "told_by": sector,
            "added_at": at(BUSINESS_DATE - 30 * DAY, 9), "is_demo": True,
        }  # fmt: skip

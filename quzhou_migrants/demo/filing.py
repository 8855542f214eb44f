"""Applications by the hundred, as intake and the reserve would have left them, each with its timeline.

Only this step writes rows directly: 900 forms typed through the screens would take an hour. What
follows (plan, money, works, visits) goes through the same commands as in earnest.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.demo import pictures
from quzhou_migrants.demo.lives import DAY, Life, decision_of, draft_of, notice_of, term_of
from quzhou_migrants.demo.world import World, say, words
from quzhou_migrants.kernel.actor import Actor
from quzhou_migrants.kernel.clock import SHANGHAI, add_working_days
from quzhou_migrants.kernel.file_types import JPEG
from quzhou_migrants.kernel.grams import bigrams
from quzhou_migrants.kernel.tx import Tx, system_tx

Record = dict[str, Any]
TABLE = "projects_project"
FILING, TOWNSHIP = "衢政办发〔2016〕65号 二(二)1", "衢政办发〔2016〕65号 二(四)1"
TERM_YEARS = 5
FILED_PAPERS = ("resolution", "notice", "design")
STAYS = {"draft", "submitted", "returned", "township_passed", "refused", "withdrawn"}


def at(day: date, hour: int) -> datetime:
    """A moment of a day in Shanghai."""
    return datetime.combine(day, time(hour), SHANGHAI)


async def file_projects(world: World, lives: list[Life]) -> None:
    """Write every application, the decision and notice behind it, its papers and its timeline."""
    async with system_tx("demo.filing") as tx:
        ids = await tx.conn.fetch(
            "SELECT nextval('projects_project_id_seq') AS id FROM generate_series(1, $1)", len(lives)
        )
        for life, row in zip(lives, ids, strict=True):
            life.id = row["id"]
        filed = [life for life in lives if life.filed]
        await write(tx, TABLE, [_project(life) for life in lives])
        await write(tx, "projects_resolution", [{**_behind(life), **decision_of(life)} for life in filed])
        await write(tx, "projects_notice", [_notice(life) for life in filed])
        await write(tx, "projects_remark", [_remark(world, life) for life in filed if life.goal == "returned"])
        await write(tx, "kernel_file", [_paper(life, kind) for life in filed for kind in FILED_PAPERS])
        await write(tx, "kernel_journal", [line for life in lives for line in _timeline(world, life)])


async def write(tx: Tx, table: str, records: list[Record]) -> None:
    """Write records of one shape into a table; columns that are left out take their defaults."""
    if records:
        names = ", ".join(f'"{name}"' for name in records[0])
        await tx.conn.execute(
            f"INSERT INTO {table} ({names}) SELECT {names} FROM jsonb_populate_recordset(NULL::{table}, $1::jsonb)",  # noqa: S608 - our own names
            json.dumps(records, ensure_ascii=False, default=str),
        )


def _project(life: Life) -> Record:
    starts, ends = term_of(life)
    state = life.goal if life.goal in STAYS else "admitted"
    admitted = state == "admitted"
    returned = life.goal == "returned"
    closed = {
        "refused": (say("refuse_reason"), say("refuse_clause")), "withdrawn": (say("withdraw_reason"), ""),
    }.get(state, ("", ""))  # fmt: skip
    return {
        "id": life.id, "code": life.code, "division_code": life.village.code, "title": life.title,
        "category": life.category, "way": life.way, "content": life.content if life.filed else "",
        "place": say("place", village=life.village.name), "lat": life.lat, "lon": life.lon,
        "estimate_fen": life.estimate_fen, "asked_fen": life.asked_fen, "own_fen": life.own_fen, "other_fen": 0,
        "award_fen": 0, "contract_fen": 0, "beneficiaries": life.beneficiaries, "migrants": life.migrants,
        "low_income": life.low_income, "income_fen": 0, "goals": say("goals"), "starts_on": starts, "ends_on": ends,
        "asset_owner": say("asset_owner", village=life.village.name),
        "caretaker": say("caretaker", village=life.village.name), "state": state, "version": 1,
        "round": int(life.filed), "window": life.window_name if life.filed else "",
        "receipt": life.receipt if life.filed else None, "submitted_at": at(life.filed_on, 10) if life.filed else None,
        "correct_by": add_working_days(life.passed_on, 10) if returned else None,
        "admitted_at": at(life.admitted_on, 15) if admitted else None,
        "valid_until": life.admitted_on.replace(year=life.admitted_on.year + TERM_YEARS, day=28) if admitted else None,
        "closing_reason": closed[0], "closing_clause": closed[1], "contractor": "", "progress_bp": 0,
        "draft": draft_of(life), "title_grams": bigrams(life.title),
        "created_at": at(life.held_on - 9 * DAY, 9), "is_demo": True,
    }  # fmt: skip


def _behind(life: Life) -> Record:
    return {"project": life.id, "division_code": life.village.code, "round": 1, "is_demo": True}


def _notice(life: Life) -> Record:
    posted = notice_of(life)
    names = {"notice_from": "starts_on", "notice_to": "ends_on", "notice_place": "place"}
    return {**_behind(life), **{names.get(name, name): value for name, value in posted.items()}}


def _remark(world: World, life: Life) -> Record:
    clerk = world.actor(Role.TOWNSHIP_CLERK, life.village.township)
    return {
        **_behind(life), "section": "works", "field": say("remark_field"), "text": say("remark_text"),
        "author": clerk.name, "author_title": clerk.title, "at": at(life.passed_on, 11),
    }  # fmt: skip


def paper_record(owner: tuple[str, int], division: str, kind: str, sheet: pictures.Picture, day: date) -> Record:
    """Make the row of a paper that lies in the store."""
    return {
        "division_code": division, "owner_table": owner[0], "owner_id": owner[1], "kind": kind, "sha256": sheet.sha256,
        "name": words()["papers"][kind], "media_type": JPEG, "size": sheet.size, "added_at": at(day, 9),
        "added_by": None, "is_demo": True,
    }  # fmt: skip


def _paper(life: Life, kind: str) -> Record:
    return paper_record((TABLE, life.id), life.village.code, kind, pictures.sheet(kind), life.filed_on)


def _timeline(world: World, life: Life) -> Iterator[Record]:
    """Tell what happened to an application, by whom and when."""
    village = world.actor(Role.VILLAGE_CLERK, life.village.code)
    township = world.actor(Role.TOWNSHIP_CLERK, life.village.township)
    county = world.actor(Role.COUNTY_CLERK, life.village.county)

    def line(
        actor: Actor, verb: str, when: datetime, move: tuple[str, str] = ("", ""), clause: str = "", **facts: object
    ) -> Record:
        return {
            "at": when, "division_code": life.village.code, "subject_table": TABLE, "subject_id": life.id,
            "verb": verb, "from_state": move[0], "to_state": move[1], "actor_id": actor.user_id,
            "actor_name": actor.name, "actor_title": actor.title, "clause": clause,
            "facts": facts, "request_id": f"demo-{life.code}-{verb}",
        }  # fmt: skip

    yield line(village, "projects.application.start", at(life.held_on - 9 * DAY, 9), title=life.title)
    if not life.filed:
        return
    yield line(village, "PROJECT.submit", at(life.filed_on, 10), ("draft", "submitted"), FILING, receipt=life.receipt)
    if life.goal == "withdrawn":
        reason = say("withdraw_reason")
        yield line(
            village, "PROJECT.withdraw", at(life.filed_on + 2 * DAY, 10), ("submitted", "withdrawn"), reason=reason
        )
    elif life.goal == "returned":
        yield line(township, "PROJECT.return", at(life.passed_on, 11), ("submitted", "returned"), TOWNSHIP, remarks=1)
    elif life.goal != "submitted":
        opinion = say("opinion_good")
        yield line(
            township,
            "PROJECT.pass",
            at(life.passed_on, 11),
            ("submitted", "township_passed"),
            TOWNSHIP,
            opinion=opinion,
        )
        if life.goal == "refused":
            ground = {"reason": say("refuse_reason"), "ground": say("refuse_clause")}
            moment = at(life.admitted_on, 15)
            yield line(county, "PROJECT.refuse", moment, ("township_passed", "refused"), say("refuse_clause"), **ground)
        elif life.goal != "township_passed":
            opinion = say("opinion_admit")
            yield line(
                county,
                "PROJECT.admit",
                at(life.admitted_on, 15),
                ("township_passed", "admitted"),
                FILING,
                opinion=opinion,
            )

"""The reserve ranked by a published scheme and refreshed by its owners, on PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime
from fractions import Fraction
from typing import Any

import asyncpg
import pytest
from house import BAIMA, CITY, KECHENG, QUJIANG, VILLAGE, actor, become

from projects.ranking import queries as ranking_queries
from projects.ranking import rules as ranking_rules
from projects.ranking import service as ranking
from projects.ranking.forms import CriterionForm, SchemeForm
from projects.ranking.parameters import from_row
from projects.refresh import lists, queries, rules, service
from projects.refresh.forms import AnswerForm
from projects.refresh.jobs import keep_refreshes
from projects.refresh.states import Said
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.clock import SHANGHAI
from quzhou_migrants.kernel.errors import Invalid, Refused
from quzhou_migrants.kernel.tx import Tx

CLERK = actor(Role.VILLAGE_CLERK, BAIMA)
COUNTY = actor(Role.COUNTY_CLERK, QUJIANG)
LEADER = actor(Role.COUNTY_LEADER, QUJIANG)
CITY_CLERK = actor(Role.CITY_CLERK, CITY)
CITY_LEADER = actor(Role.CITY_LEADER, CITY)
FIELDS = (
    "code", "division_code", "title", "title_grams", "category", "state", "estimate_fen", "asked_fen", "own_fen",
    "beneficiaries", "migrants", "low_income", "round", "admitted_at", "valid_until",
)  # fmt: skip
SCHEME = SchemeForm(
    "储备项目排序办法",
    [CriterionForm("votes", 6000, "50", "100"), CriterionForm("cost", 4000, "5000", "500")],
    ["admitted"],
)


def at(month: int, day: int, year: int = 2026, hour: int = 10) -> datetime:
    return datetime(year, month, day, hour, tzinfo=SHANGHAI)


@asynccontextmanager
async def on_day(tx: Tx, moment: datetime) -> AsyncIterator[None]:
    before = (tx.now, tx._policy)
    tx.now, tx._policy = moment, None
    yield
    tx.now, tx._policy = before


async def project(tx: Tx, number: int, votes: int, *, division: str = BAIMA, **change: Any) -> int:
    """Write a project that the county admitted in January, with the village's decision behind it."""
    facts = {
        "code": f"T-{number:03}", "division_code": division, "title": f"渠道修复{number}", "title_grams": [],
        "category": "farmland_water", "state": "admitted", "estimate_fen": 50_000_000, "asked_fen": 40_000_000,
        "own_fen": 10_000_000, "beneficiaries": 500, "migrants": 200, "low_income": 5, "round": 1,
        "admitted_at": at(1, 9), "valid_until": date(2031, 1, 9), **change,
    }  # fmt: skip
    marks = ", ".join(f"${n + 1}" for n in range(len(FIELDS)))
    project_id = await tx.conn.fetchval(
        f"INSERT INTO projects_project ({', '.join(FIELDS)}) VALUES ({marks}) RETURNING id",
        *(facts[name] for name in FIELDS),
    )
    await tx.conn.execute(
        "INSERT INTO projects_resolution (project, division_code, round, body, told_on, held_on, due, representatives,"
        " women, present, votes_for, votes_against, abstained) VALUES ($1, $2, 1, 'representatives', '2025-12-01',"
        " '2025-12-10', 50, 45, 20, 50, $3, $4, 0)",
        project_id,
        division,
        votes,
        50 - votes,
    )
    await tx.note(("projects_project", project_id, division), "PROJECT.admit", to_state=facts["state"])
    return int(project_id)


async def published_scheme(tx: Tx) -> int:
    async with become(tx, CITY_CLERK):
        scheme_id = await ranking.draft_scheme(tx, SCHEME)
    async with become(tx, CITY_LEADER):
        await ranking.publish_scheme(tx, scheme_id, "衢移〔2026〕3号", 1)
    return scheme_id


async def order(tx: Tx, ranking_id: int) -> list[int]:
    rows = await tx.conn.fetch("SELECT project FROM projects_ranking_row WHERE ranking = $1 ORDER BY rank", ranking_id)
    return [r["project"] for r in rows]


async def test_city_scheme_ranks_a_county_moves_need_reasons_and_another_publishes(tx: Tx) -> None:
    await published_scheme(tx)
    a, b, c = [await project(tx, n, votes) for n, votes in enumerate((40, 45, 40), 1)]
    await project(tx, 9, 50, division=VILLAGE)  # another county's
    await project(tx, 8, 50, valid_until=date(2026, 9, 15))  # its term is over
    async with become(tx, COUNTY):
        ranking_id = await ranking.make(tx)
        assert await order(tx, ranking_id) == [b, a, c]
        place = await ranking_queries.place(tx, ranking_id, c)
        scheme = from_row(await ranking_queries.scheme_in_force(tx, QUJIANG) or {})
        lines = ranking_rules.explain(scheme, ranking_queries.read(place["given"]))
        assert [str(line.points) for line in lines] == ["36", "320/9"]
        assert (place["tie"], Fraction(place["score"])) == ("code", sum(line.points for line in lines))
        with pytest.raises(Refused) as caught:
            await ranking.move(tx, ranking_id, c, 1, " ", 1)
        assert caught.value.code == "PRJ-255"
        await ranking.move(tx, ranking_id, c, 1, "汛期前须完成，影响群众安全", 1)
        assert await order(tx, ranking_id) == [c, b, a]
        await ranking.move(tx, ranking_id, c, 2, "与水利部门核对后调整", 2)
        assert await order(tx, ranking_id) == [b, c, a]
        with pytest.raises(Refused) as caught:
            await ranking.move(tx, ranking_id, a, 1, "按旧页面调整", 2)
        assert caught.value.code == "PRJ-264"
        moves = await ranking_queries.moves(tx, ranking_id, c)
        assert [(m["from_rank"], m["to_rank"]) for m in moves] == [(1, 2), (3, 1)]
        with pytest.raises(Refused) as caught:
            await ranking.publish(tx, ranking_id, 3)
        assert caught.value.code == "KRN-403"
    async with become(tx, LEADER):
        assert (await ranking.publish(tx, ranking_id, 3))["state"] == "published"
        with pytest.raises(Refused) as caught:
            await ranking.publish(tx, ranking_id, 4)
        assert caught.value.code == "PRJ-261"
        assert (await ranking_queries.last_place(tx, c) or {})["rank"] == 2


async def test_next_ranking_supersedes_and_a_stale_one_is_not_published(tx: Tx) -> None:
    await published_scheme(tx)
    first = await project(tx, 1, 40)
    async with become(tx, COUNTY):
        old = await ranking.make(tx)
    async with become(tx, LEADER):
        await ranking.publish(tx, old, 1)
    async with become(tx, COUNTY):
        new = await ranking.make(tx)
    other = await project(tx, 2, 45)
    async with become(tx, LEADER):
        with pytest.raises(Refused) as caught:
            await ranking.publish(tx, new, 1)
        assert (caught.value.code, caught.value.facts["count"]) == ("PRJ-262", 1)
    async with become(tx, COUNTY):
        await ranking.discard(tx, new, 1)
        third = await ranking.make(tx)
        assert await order(tx, third) == [other, first]
    async with become(tx, LEADER):
        await ranking.publish(tx, third, 1)
    states = await tx.conn.fetch("SELECT state FROM projects_ranking ORDER BY id")
    assert [r["state"] for r in states] == ["superseded", "discarded", "published"]


async def test_places_are_unique_in_the_database_itself(tx: Tx) -> None:
    await published_scheme(tx)
    a, _ = await project(tx, 1, 40), await project(tx, 2, 45)
    async with become(tx, COUNTY):
        ranking_id = await ranking.make(tx)
    with pytest.raises(asyncpg.UniqueViolationError):
        await tx.conn.execute(
            "UPDATE projects_ranking_row SET rank = 1 WHERE ranking = $1 AND project = $2", ranking_id, a
        )


async def test_scheme_is_drafted_by_one_published_by_another_and_never_changed(tx: Tx) -> None:
    first = await published_scheme(tx)
    async with become(tx, CITY_CLERK):
        with pytest.raises(Invalid) as wrong:
            await ranking.draft_scheme(tx, SchemeForm("不合计的办法", [SCHEME.criteria[0]], ["votes"]))
        assert [p.code for p in wrong.value.problems] == ["PRJ-250"]
    second = await published_scheme(tx)
    async with become(tx, CITY_LEADER):
        with pytest.raises(Refused) as caught:
            await ranking.publish_scheme(tx, first, "衢移〔2026〕4号", 3)
        assert caught.value.code == "PRJ-263"
    async with become(tx, LEADER):
        with pytest.raises(Refused) as caught:
            await ranking.publish_scheme(tx, second, "衢江移〔2026〕4号", 2)
        assert caught.value.code in {"PRJ-260", "KRN-404"}
    rows = await tx.conn.fetch("SELECT number, state FROM projects_scheme ORDER BY number")
    assert [tuple(r) for r in rows] == [(1, "superseded"), (2, "published")]


async def said(tx: Tx, refresh_id: int, project_id: int, answer: str, **change: Any) -> None:
    row = dict(await tx.conn.fetchrow("SELECT * FROM projects_project WHERE id = $1", project_id))
    figures = {name: row[name] for name in rules.MAY_CHANGE}
    form = AnswerForm(answer=Said(answer), seen=row["version"], **{**figures, **change})
    await service.answer(tx, refresh_id, project_id, form)


async def test_owners_answer_silence_ages_and_the_closing_freezes(tx: Tx) -> None:  # noqa: PLR0915 - two refreshes in one life
    same, more, gone, still, late = [await project(tx, n, 40) for n in range(1, 6)]
    fresh = await project(tx, 6, 40, admitted_at=at(4, 2))
    async with on_day(tx, at(3, 31)), become(tx, COUNTY):
        with pytest.raises(Refused) as caught:
            await service.open_refresh(tx)
        assert caught.value.code == "PRJ-270"
    async with on_day(tx, at(4, 3)), become(tx, COUNTY):
        spring = await service.open_refresh(tx)
    async with on_day(tx, at(4, 30, hour=23)), become(tx, CLERK):
        await said(tx, spring, same, "confirmed")
        await said(tx, spring, more, "changed", estimate_fen=52_000_000, own_fen=12_000_000, note="人工上涨")
        with pytest.raises(Refused) as caught:
            await said(tx, spring, gone, "withdrawn")
        assert caught.value.code == "PRJ-275"
        await said(tx, spring, gone, "withdrawn", note="已由水利资金实施")
        with pytest.raises(Invalid) as wrong:
            await said(tx, spring, still, "changed", asked_fen=44_000_001)
        assert {p.code for p in wrong.value.problems} == {"PRJ-273", "PRJ-141"}
        with pytest.raises(Refused) as caught:
            await said(tx, spring, fresh, "confirmed")
        assert caught.value.code == "PRJ-274"
    async with on_day(tx, at(4, 30)), become(tx, COUNTY):
        with pytest.raises(Refused) as caught:
            await service.close(tx, spring)
        assert (caught.value.code, caught.value.facts["count"]) == ("PRJ-271", 2)
    async with on_day(tx, at(5, 1)):
        async with become(tx, CLERK):
            with pytest.raises(Refused) as caught:
                await said(tx, spring, late, "confirmed")
            assert caught.value.code == "PRJ-272"
        await keep_refreshes(tx, "2026-05-01")
        await keep_refreshes(tx, "2026-05-01")
    row = await queries.refresh(tx, spring)
    counted = [row[name] for name in ("state", "due", "confirmed", "changed", "withdrawn", "silent", "expired")]
    assert counted == ["closed", 5, 1, 1, 1, 2, 0]
    frozen = await tx.conn.fetchrow("SELECT * FROM projects_snapshot WHERE refresh = $1", spring)
    assert (frozen["name"], frozen["projects"]) == ("2026-04", 5)
    assert rules.digest(await queries.snapshot_rows(tx, frozen["id"])) == frozen["sha256"]

    async with on_day(tx, at(10, 1)):
        await keep_refreshes(tx, "2026-10-01")
        autumn = await queries.open_refresh(tx, QUJIANG)
        assert autumn
        assert (autumn["name"], autumn["due"]) == ("2026-10", 5)
    async with on_day(tx, at(10, 20)), become(tx, CLERK):
        for one in (same, late, fresh):
            await said(tx, autumn["id"], one, "confirmed")
        await said(tx, autumn["id"], more, "changed", estimate_fen=51_000_000, own_fen=11_000_000)
    async with on_day(tx, at(11, 1)):
        await keep_refreshes(tx, "2026-11-01")
    left = await tx.conn.fetchrow("SELECT state, closing_reason, version FROM projects_project WHERE id = $1", still)
    assert (left["state"], left["closing_reason"]) == ("expired", "连续2次更新未答复")
    assert [(h["answer"], h["silences"]) for h in await queries.history(tx, still)] == [("silent", 2), ("silent", 1)]
    assert [h["answer"] for h in await queries.history(tx, late)] == ["confirmed", "silent"]

    given = {lists.BEFORE: "2026-04", lists.AFTER: "2026-10"}
    for name, value in given.items():
        await tx.conn.execute("SELECT set_config($1, $2, true)", name, value)
    found = await tx.conn.fetch(f"SELECT id, kind FROM {lists.COMPARED} ORDER BY id")
    kinds = {r["id"]: r["kind"] for r in found}
    assert kinds == {same: "same", more: "changed", late: "same", still: "left", fresh: "same"}

    async with on_day(tx, at(11, 3)), become(tx, COUNTY):
        back = await service.readmit(tx, still, left["version"], 3, "经核实仍有需要，重新入库")
        assert (back["state"], back["valid_until"]) == ("admitted", date(2029, 11, 3))


async def test_small_steps_do_not_add_up_and_an_answer_may_be_changed(tx: Tx) -> None:
    one = await project(tx, 1, 40)
    async with on_day(tx, at(4, 3)), become(tx, COUNTY):
        spring = await service.open_refresh(tx)
    async with on_day(tx, at(4, 5)), become(tx, CLERK):
        await said(tx, spring, one, "changed", estimate_fen=54_000_000, own_fen=14_000_000)
        with pytest.raises(Invalid) as wrong:
            await said(tx, spring, one, "changed", estimate_fen=56_000_000, own_fen=16_000_000)
        assert [p.code for p in wrong.value.problems] == ["PRJ-273"]
        await said(tx, spring, one, "changed", estimate_fen=55_000_000, own_fen=15_000_000)
        await said(tx, spring, one, "confirmed")
    found = (await queries.history(tx, one))[0]
    assert (found["answer"], found["before"]["estimate_fen"], found["after"]["estimate_fen"]) == (
        "changed",
        50_000_000,
        55_000_000,
    )


async def as_of(tx: Tx, day: str) -> dict[int, tuple[str, int]]:
    await tx.conn.execute("SELECT set_config('app.as_of', $1, true)", day)
    rows = await tx.conn.fetch(f"SELECT id, state, asked_fen FROM {lists.RESERVE_AS_OF} ORDER BY id")
    return {r["id"]: (r["state"], r["asked_fen"]) for r in rows}


async def test_reserve_of_a_past_day_is_what_was_frozen_then(tx: Tx) -> None:
    async with on_day(tx, at(1, 9)):
        a, b = await project(tx, 1, 40), await project(tx, 2, 40)
    async with on_day(tx, at(4, 3)), become(tx, COUNTY):
        spring = await service.open_refresh(tx)
        tx.request_id = "spring"
        await service.freeze_now(tx, "更新之前")
    async with on_day(tx, at(4, 20)), become(tx, CLERK):
        tx.request_id = "change"
        await tx.conn.execute("SELECT set_config('app.request', 'change', true)")
        await said(tx, spring, a, "changed", asked_fen=38_000_000, own_fen=12_000_000)
        tx.request_id = "leave"
        await tx.conn.execute("SELECT set_config('app.request', 'leave', true)")
        await said(tx, spring, b, "withdrawn", note="不再实施")
    assert await as_of(tx, "2026-01-08") == {}
    assert await as_of(tx, "2026-04-19") == {a: ("admitted", 40_000_000), b: ("admitted", 40_000_000)}
    assert await as_of(tx, "2026-04-20") == {a: ("admitted", 38_000_000)}
    frozen = await tx.conn.fetch("SELECT project, state, asked_fen FROM projects_snapshot_row ORDER BY project")
    assert {r["project"]: (r["state"], r["asked_fen"]) for r in frozen} == await as_of(tx, "2026-04-03")


async def test_term_that_ended_expires_by_itself_and_only_then(tx: Tx) -> None:
    last = await project(tx, 1, 40, valid_until=date(2026, 9, 16))
    async with on_day(tx, at(9, 16, hour=23)):
        assert await service.expire_ended(tx) == 0
    async with on_day(tx, at(9, 17)):
        assert await service.expire_ended(tx) == 1
        assert await service.expire_ended(tx) == 0
    line = await tx.conn.fetchrow(
        "SELECT from_state, to_state, clause, facts FROM kernel_journal WHERE verb = 'PROJECT.expire'"
        " AND subject_id = $1",
        last,
    )
    assert tuple(line)[:3] == ("admitted", "expired", service.CLAUSE)
    assert json.loads(line["facts"])["reason"] == "储备周期已满（有效期至2026-09-16）"


async def test_snapshots_are_one_a_day_and_never_altered(tx: Tx) -> None:
    await project(tx, 1, 40)
    async with become(tx, COUNTY):
        taken = await service.freeze_now(tx, "编制计划之前")
    async with become(tx, actor(Role.COUNTY_CLERK, KECHENG)):
        with pytest.raises(Refused) as caught:
            await service.freeze_now(tx, "编制计划之前")
        assert caught.value.code == "PRJ-280"
    with pytest.raises(asyncpg.PostgresError):
        await tx.conn.execute("UPDATE projects_snapshot_row SET asked_fen = 1 WHERE snapshot = $1", taken)

"""The reserve over time: a city scheme, rankings by it, two refreshes, snapshots to compare.

What happened in the past is written from the timeline (`RESERVE_AS_OF`), because on the day the
demonstration is built most projects have long left the reserve again; everything else is a command.
"""

from __future__ import annotations

from datetime import date
from random import Random
from typing import Any

from projects.ranking import queries as ranking_queries
from projects.ranking import service as ranking
from projects.ranking.forms import CriterionForm, SchemeForm
from projects.ranking.parameters import pack_scheme
from projects.refresh import lists, service
from projects.refresh.forms import AnswerForm
from projects.refresh.rules import MAY_CHANGE, Span
from projects.refresh.states import REFRESH, Said
from projects.refresh.tables import Refresh
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.demo.filing import at, write
from quzhou_migrants.demo.world import World, acting, say
from quzhou_migrants.kernel.actor import code_range
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx, system_tx

Row = dict[str, Any]
CITY = "330800000000"
SPANS = (Span("2025-10", date(2025, 10, 1), date(2025, 10, 31)), Span("2026-04", date(2026, 4, 1), date(2026, 4, 30)))
RANKED = ((date(2026, 4, 20), date(2026, 4, 24)), (date(2026, 8, 20), date(2026, 8, 24)))
FROZEN_ON, DRAFTED_ON = date(2026, 8, 25), date(2026, 9, 15)
SILENT, CHANGED = 0.12, 0.2  # shares of the answers

_THEN = f"""
SELECT x.id AS project, x.division_code, x.code, x.title, x.category, x.state, x.estimate_fen, x.asked_fen, p.own_fen,
  p.other_fen, p.beneficiaries, p.migrants, p.low_income, x.valid_until, p.starts_on, 0 AS silences, k.rank,
  p.state AS now
FROM {lists.RESERVE_AS_OF} JOIN projects_project p ON p.id = x.id
LEFT JOIN projects_ranking_row k ON k.project = x.id AND k.ranking = $3
WHERE x.division_code >= $1 AND x.division_code < $2 ORDER BY x.id
"""  # noqa: S608 - a constant of ours


async def publish_scheme(world: World) -> None:
    """Let the city publish the scheme that the pack proposes."""
    async with acting(world.actor(Role.CITY_CLERK, CITY), date(2025, 9, 20)) as tx:
        proposed = pack_scheme(tx.policy)
        criteria = [CriterionForm(c.key, c.weight_bp, str(c.zero), str(c.full)) for c in proposed.criteria]  # type: ignore[arg-type]  # the pack's keys are the form's
        scheme = await ranking.draft_scheme(tx, SchemeForm(say("ranking_scheme"), criteria, list(proposed.ties)[:-1]))  # type: ignore[arg-type]  # the same
    async with acting(world.actor(Role.CITY_LEADER, CITY), date(2025, 9, 22)) as tx:
        await ranking.publish_scheme(tx, scheme, say("ranking_doc"), 1)


async def refresh_county(world: World, county: str, number: int) -> None:
    """Give one county its rankings, its two refreshes and its snapshots."""
    rng = world.rng(f"refresh {county}")
    if not await _there(county):
        return
    async with system_tx("demo.refresh", at=at(SPANS[0].opens_on, 8)) as tx:
        await service.begin(tx, county, SPANS[0])
    await _campaign(county, SPANS[0], None, rng)
    first = await _rank(world, county, RANKED[0])
    await _withdraw(world, county, SPANS[1])
    await _campaign(county, SPANS[1], first, rng)
    if not await _there(county):
        return
    await _rank(world, county, RANKED[1], moved=True)
    async with acting(world.actor(Role.COUNTY_CLERK, county), FROZEN_ON) as tx:
        await service.freeze_now(tx, say("snapshot_reason"))
    if number % 2:
        async with acting(world.actor(Role.COUNTY_CLERK, county), DRAFTED_ON) as tx:
            await ranking.make(tx)


async def _there(county: str) -> int:
    """Count what is in the reserve of a county: in a small demonstration it may be nothing."""
    async with system_tx("demo.refresh") as tx:
        found = await tx.conn.fetchval(
            "SELECT count(*) FROM projects_project WHERE state = 'admitted' AND left(division_code, 6) = $1", county[:6]
        )
    return int(found)


async def _rank(world: World, county: str, days: tuple[date, date], *, moved: bool = False) -> int:
    """Rank by the city's scheme, perhaps give one place by hand, publish."""
    version = 1
    async with acting(world.actor(Role.COUNTY_CLERK, county), days[0]) as tx:
        made = await ranking.make(tx)
        row = await ranking_queries.ranking(tx, made)
        if moved and row["projects"] > 1:
            last = await tx.conn.fetchval(
                "SELECT project FROM projects_ranking_row WHERE ranking = $1 AND rank = $2", made, row["projects"]
            )
            await ranking.move(tx, made, last, 1, say("ranking_move"), version)
            version += 1
    async with acting(world.actor(Role.COUNTY_LEADER, county), days[1]) as tx:
        await ranking.publish(tx, made, version)
    return made


async def _withdraw(world: World, county: str, span: Span) -> None:
    """Open the April refresh and let the owner of one project take it back."""
    async with system_tx("demo.refresh", at=at(span.opens_on, 8)) as tx:
        refresh_id = await service.begin(tx, county, span)
        row = await tx.conn.fetchrow(
            "SELECT * FROM projects_project WHERE state = 'admitted' AND division_code >= $1 AND division_code < $2"
            " AND admitted_at < $3 ORDER BY id LIMIT 1",
            *code_range(county),
            at(span.opens_on, 0),
        )
    if row:
        async with acting(world.actor(Role.VILLAGE_CLERK, row["division_code"]), date(2026, 4, 26)) as tx:
            figures = {name: row[name] for name in MAY_CHANGE}
            form = AnswerForm(answer=Said.WITHDRAWN, seen=row["version"], note=say("refresh_left"), **figures)
            await service.answer(tx, refresh_id, row["id"], form)


async def _campaign(county: str, span: Span, ranked: int | None, rng: Random) -> None:
    """Write the answers of a refresh of the past, and the reserve as it stood at its end."""
    async with system_tx("demo.refresh", at=at(span.closes_on, 23)) as tx:
        refresh_id = await tx.conn.fetchval(
            "SELECT id FROM projects_refresh WHERE division_code = $1 AND name = $2", county, span.name
        )
        due = [r for r in await _then(tx, county, span.opens_on, None) if r["state"] == "admitted"]
        before = await _silences(tx, county)
        gone = {
            r["project"]
            for r in await tx.conn.fetch("SELECT project FROM projects_refresh_answer WHERE refresh = $1", refresh_id)
        }
        asked = [r for r in due if r["project"] not in gone]
        answers = [_answer(refresh_id, r, span, before.get(r["project"], 0), rng) for r in asked]
        await write(tx, "projects_refresh_answer", answers)
        expired = await service.expire_silent(tx, {"id": refresh_id, "division_code": county})
        await _close(tx, refresh_id, len(due), expired)
        rows = await _then(tx, county, span.closes_on, ranked)
        silences = await _silences(tx, county)
        rows = [{**r, "silences": silences.get(r["project"], 0)} for r in rows]
        await service.write_snapshot(tx, county, span.name, rows, ranking=ranked, refresh=refresh_id)


async def _then(tx: Tx, county: str, day: date, ranked: int | None) -> list[Row]:
    await tx.conn.execute("SELECT set_config($1, $2, true)", lists.AS_OF, day.isoformat())
    return [dict(r) for r in await tx.conn.fetch(_THEN, *code_range(county), ranked)]


async def _silences(tx: Tx, county: str) -> dict[int, int]:
    """Tell how often each project was silent in the latest refresh it was asked in."""
    rows = await tx.conn.fetch(
        "SELECT DISTINCT ON (a.project) a.project, a.silences FROM projects_refresh_answer a"
        " JOIN projects_refresh r ON r.id = a.refresh WHERE r.division_code = $1 ORDER BY a.project, r.opens_on DESC",
        county,
    )
    return {r["project"]: r["silences"] for r in rows}


def _answer(refresh_id: int, row: Row, span: Span, before: int, rng: Random) -> Row:
    chance = rng.random()
    # Who was silent once tends to be silent again: so the rule of the second silence shows.
    quiet = row["now"] == "admitted" and chance < SILENT * (1 + 2 * before)
    kind = "silent" if quiet else "changed" if chance > 1 - CHANGED else "confirmed"
    said = kind != "silent"
    starts = row["starts_on"]
    touched = kind == "changed" and starts is not None
    return {
        "refresh": refresh_id, "project": row["project"], "division_code": row["division_code"],
        "answer": "confirmed" if kind == "changed" and not touched else kind, "silences": 0 if said else before + 1,
        "note": say("refresh_later") if touched else "",
        "before": {"starts_on": str(starts.replace(year=starts.year - 1))} if touched else {},
        "after": {"starts_on": str(starts)} if touched else {},
        "author": say("refresh_author") if said else "", "author_title": "",
        "at": at(span.opens_on.replace(day=rng.randrange(2, 28)), 15), "is_demo": True,
    }  # fmt: skip


async def _close(tx: Tx, refresh_id: int, due: int, expired: int) -> None:
    row = await tx.conn.fetchrow("SELECT * FROM projects_refresh WHERE id = $1", refresh_id)
    counts = await tx.conn.fetch(
        "SELECT answer, count(*) AS n FROM projects_refresh_answer WHERE refresh = $1 GROUP BY answer", refresh_id
    )
    sets = {r["answer"]: r["n"] for r in counts} | {"due": due, "expired": expired, "closed_at": tx.now}
    await fire(tx, REFRESH, Refresh, dict(row), "close", clause=service.CLAUSE, unanswered=0, today=tx.today, sets=sets)

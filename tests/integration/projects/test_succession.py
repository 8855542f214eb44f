"""A village ends: what lives follows its successor, what was written stays under the old name."""

from __future__ import annotations

from datetime import timedelta

import asyncpg
import pytest
from house import CITY, KECHENG, QUJIANG, VILLAGE, actor, become
from money_house import a_project, batch_form, book

from allocation.budget import ledger
from allocation.budget import queries as money
from allocation.budget import service as budget
from allocation.budget.ledger import Kind, Line
from inspection.site_codes import queries as code_queries
from inspection.site_codes import service as codes
from projects.overview import queries as overview
from projects.portal.lists import BY_VILLAGE
from projects.succession import jobs, queries, service
from projects.succession.forms import Kind as How
from projects.succession.forms import SuccessionForm
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.errors import Invalid, Refused
from quzhou_migrants.kernel.grams import fold, query_grams
from quzhou_migrants.kernel.journal import timeline

pytestmark = pytest.mark.asyncio(loop_scope="session")
ADMIN = actor(Role.COUNTY_ADMIN, KECHENG)
NEXT, LAST = "330802100209", "330802100210"


def form(tx, old=VILLAGE, code=NEXT, name="新塘村", **changes) -> SuccessionForm:
    given = {"kind": How.RENAME, "old_code": old, "effective_on": tx.today, "doc_no": "柯政函〔2026〕9号"}
    return SuccessionForm(**{**given, "new_code": code, "new_name": name, **changes})


async def followed(tx, **changes) -> dict:
    """Record a succession and carry it out."""
    async with become(tx, ADMIN):
        made = await service.record(tx, form(tx, **changes))
        return await service.apply(tx, made["id"])


async def awarded(tx) -> tuple[int, int]:
    """A project with an award in the ledger. Shape: (project, batch)."""
    project = await a_project(tx, state="awarded", award_fen=50_000_00, title="茶园道路")
    async with become(tx, actor(Role.CITY_CLERK, CITY)):
        batch = await budget.draft_batch(tx, batch_form())
        await book(tx, batch)
    lines = [Line(batch, CITY, Kind.AVAILABLE, -50_000_00), Line(batch, VILLAGE, Kind.AWARDED, 50_000_00, project)]
    await ledger.post(tx, "award:1", lines, source=("allocation_award", 1))
    return project, batch


async def test_projects_money_and_codes_follow_while_history_keeps_the_name(tx) -> None:
    project, _ = await awarded(tx)
    subject = ("projects_project", project, VILLAGE)
    await tx.note(subject, "projects.project.seen_before")
    async with become(tx, actor(Role.COUNTY_CLERK, KECHENG)):
        old_code = await codes.issue_code(tx, project)
    done = await followed(tx)
    assert (done["state"], done["old_name"], done["new_name"]) == ("applied", "石梁镇演示村", "柯城区石梁镇新塘村")
    assert await tx.conn.fetchval("SELECT division_code FROM projects_project WHERE id = $1", project) == NEXT
    places = await queries.divisions(tx, VILLAGE, NEXT)
    assert (places[VILLAGE]["active"], places[VILLAGE]["successor_code"]) == (False, NEXT)
    assert (places[NEXT]["active"], places[NEXT]["name"]) == (True, "新塘村")
    held = await tx.conn.fetch("SELECT division_code, balance_fen FROM allocation_balance WHERE project = $1", project)
    assert {r["division_code"]: r["balance_fen"] for r in held} == {VILLAGE: 0, NEXT: 50_000_00}
    assert await money.ledger_faults(tx.conn) == []
    gone = await code_queries.find(tx, old_code["id"])
    now = await code_queries.active_of(tx, project)
    assert (gone["state"], "柯政函〔2026〕9号" in gone["reason"]) == ("revoked", True)
    assert (now["division_code"], now["id"] != old_code["id"]) == (NEXT, True)
    moved = (await queries.find(tx, done["id"]))["moved"]
    assert moved == {"projects_project": 1}


async def test_the_successors_clerk_reads_what_was_written_before(tx) -> None:
    project, _ = await awarded(tx)
    await tx.note(("projects_project", project, VILLAGE), "projects.project.seen_before")
    await followed(tx)
    async with become(tx, actor(Role.VILLAGE_CLERK, NEXT)):
        said = [entry.sentence for entry in await timeline(tx, "projects_project", project)]
        assert said == ["所属村已变更", "projects.project.seen_before"]
    async with become(tx, actor(Role.VILLAGE_CLERK, VILLAGE)):
        assert await tx.conn.fetchval("SELECT count(*) FROM projects_project") == 0


async def test_a_recalled_award_is_taken_back_where_it_lies_now(tx) -> None:
    project, batch = await awarded(tx)
    await followed(tx)
    await ledger.reverse(tx, "award:1", source=("allocation_award", 1))
    assert await ledger.project_money(tx, project) == {}
    assert await money.ledger_faults(tx.conn) == []
    back = await money.available(tx, CITY)
    assert [(b["batch"], b["fen"]) for b in back] == [(batch, 60_000_000_00)]


async def test_statistics_and_search_follow(tx) -> None:
    await awarded(tx)
    await followed(tx)
    found = await overview.figures(tx, overview.Scope("330802100000", 0))
    assert [(r["place"], r["whole"], r["award_fen"]) for r in found] == [(NEXT, 1, 50_000_00)]
    marked = BY_VILLAGE.replace("{}", "$1", 1).replace("{}", "$2", 1).replace("{}", "$3", 1)
    sql = f"SELECT count(*) FROM projects_project p WHERE {marked}"
    for name in ("演示村", "新塘村"):
        assert await tx.conn.fetchval(sql, name, name, query_grams(fold(name))) == 1


async def test_a_chain_leads_to_the_last_one(tx) -> None:
    await awarded(tx)
    await followed(tx)
    await followed(tx, old=NEXT, code=LAST, name="大塘村")
    places = await queries.divisions(tx, VILLAGE, NEXT)
    assert [places[c]["successor_code"] for c in (VILLAGE, NEXT)] == [LAST, LAST]


async def test_nothing_moves_while_somebody_acts_for_the_old_village(tx) -> None:
    org = await tx.conn.fetchval(
        "INSERT INTO accounts_org (division_code, name, kind) VALUES ($1, '村委会', 'village') RETURNING id", VILLAGE
    )
    user = await tx.conn.fetchval(
        "INSERT INTO accounts_user (division_code, login, name, password_hash) VALUES ($1, 'wenshu9', '文书', '')"
        " RETURNING id",
        VILLAGE,
    )
    await tx.conn.execute(
        'INSERT INTO accounts_post (division_code, "user", org, role) VALUES ($1, $2, $3, $4)',
        VILLAGE,
        user,
        org,
        str(Role.VILLAGE_CLERK),
    )
    async with become(tx, ADMIN):
        made = await service.record(tx, form(tx))
        with pytest.raises(Refused) as refused:
            await service.apply(tx, made["id"])
        assert (refused.value.code, refused.value.facts["count"]) == ("PRJ-725", 1)
    await jobs.carry_out(tx, "2026-09-16")
    assert (await queries.find(tx, made["id"]))["state"] == "pending"


async def test_the_job_waits_for_the_day(tx) -> None:
    async with become(tx, ADMIN):
        made = await service.record(tx, form(tx, effective_on=tx.today + timedelta(days=1)))
    await jobs.carry_out(tx, "2026-09-16")
    assert (await queries.find(tx, made["id"]))["state"] == "pending"
    tx.now += timedelta(days=1)
    await jobs.carry_out(tx, "2026-09-17")
    assert (await queries.find(tx, made["id"]))["state"] == "applied"


async def test_recorded_twice_is_refused_and_given_up_may_be_recorded_anew(tx) -> None:
    async with become(tx, ADMIN):
        made = await service.record(tx, form(tx))
        with pytest.raises(asyncpg.UniqueViolationError) as twice:
            async with tx.conn.transaction():
                await service.record(tx, form(tx))
        assert twice.value.constraint_name == "projects_succession_once"
        await service.cancel(tx, made["id"], "文件撤回")
        assert (await service.record(tx, form(tx)))["state"] == "pending"


async def test_a_foreign_county_is_out_of_reach(tx) -> None:
    async with become(tx, actor(Role.COUNTY_ADMIN, QUJIANG)):
        with pytest.raises(Invalid) as refused:
            await service.record(tx, form(tx))
        assert [p.code for p in refused.value.problems] == ["PRJ-720", "PRJ-728"]
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with tx.conn.transaction():
                await tx.conn.execute("SELECT projects_succeed($1, $2, '新塘村', '')", VILLAGE, NEXT)
    async with become(tx, actor(Role.COUNTY_CLERK, KECHENG)):
        with pytest.raises(Refused) as refused:
            await service.record(tx, form(tx))
        assert refused.value.code == "KRN-403"

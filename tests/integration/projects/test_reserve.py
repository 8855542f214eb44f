"""Turns, site checks, appeals, ranked orders, filings to the city, and decisions in bulk, by their commands."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import date, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from house import BAIMA, CITY, KECHENG, NIANLI, NOW, QUJIANG, VILLAGE, Database, actor, become, make_account

from projects.events import ProjectSubmitted
from projects.reserve import appeals, batches, filings, panels, queries, quotas, service, site_checks, turns
from projects.reserve.forms import BatchForm, Decision, Finding, QuotaChangeForm, QuotaForm, SiteCheckForm
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.actor import Actor
from quzhou_migrants.kernel.clock import SHANGHAI
from quzhou_migrants.kernel.db import connect_arguments
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.tx import Tx, begin, system_tx

CLERK = actor(Role.VILLAGE_CLERK, BAIMA)
TOWN = actor(Role.TOWNSHIP_CLERK, NIANLI)
COUNTY = actor(Role.COUNTY_CLERK, QUJIANG)
LEADER = actor(Role.COUNTY_LEADER, QUJIANG)
CITY_CLERK = actor(Role.CITY_CLERK, CITY)
CLAUSE = "衢政办发〔2016〕65号 三(一)"
_INSERT = """
INSERT INTO projects_project (code, division_code, title, category, state, asked_fen, estimate_fen, beneficiaries,
  migrants, "window", round, submitted_at) VALUES ($1, $2, $3, 'ecology', $4, $5, $5, 90, 80, '2026-09', 1, $6)
RETURNING id
"""


async def waiting(tx: Tx, count: int = 1, *, state: str = "submitted", asked: int = 100_00) -> list[int]:
    """Filed applications of one village, oldest first."""
    begun = int(await tx.conn.fetchval("SELECT count(*) FROM projects_project"))
    return [
        await tx.conn.fetchval(
            _INSERT, f"T-{begun + n}", BAIMA, f"渠道{n}", state, asked, NOW + timedelta(minutes=begun + n)
        )
        for n in range(count)
    ]


async def in_post(db: Database) -> Actor:
    """A county clerk with an account and a post: what works in the background asks whether the post still stands."""
    user = await make_account(db, Role.COUNTY_CLERK, QUJIANG)
    async with system_tx("test") as tx:
        post = await tx.conn.fetchval('SELECT id FROM accounts_post WHERE "user" = $1', user)
    return dataclasses.replace(COUNTY, user_id=user, post_id=post)


async def version(tx: Tx, key: int) -> int:
    return int(await tx.conn.fetchval("SELECT version FROM projects_project WHERE id = $1", key))


async def refused(tx: Tx) -> int:
    [key] = await waiting(tx, state="township_passed")
    async with become(tx, COUNTY):
        await service.refuse(tx, key, 1, CLAUSE, "行业资金可以覆盖")
    return key


def after(tx: Tx, days: int) -> None:
    """Let the business clock stand some days later."""
    tx.now, tx._policy = NOW + timedelta(days=days), None


async def test_each_tier_gets_its_turn_with_a_due_date_and_its_decision_ends_it(tx: Tx) -> None:
    [key] = await waiting(tx)
    tx.emit(ProjectSubmitted(key, BAIMA, "R"))
    await tx.deliver()
    async with become(tx, TOWN):
        await service.pass_on(tx, key, 1, "同意")
    async with become(tx, COUNTY):
        await service.send_back(tx, key, await version(tx, key), [("goals", "请写清")], "")
    rows = await tx.conn.fetch("SELECT tier, due_on, closed_at FROM projects_review_turn ORDER BY id")
    assert [(r["tier"], r["due_on"], r["closed_at"]) for r in rows] == [
        ("township", date(2026, 9, 30), NOW),
        ("county", date(2026, 10, 13), NOW),
    ]


async def test_only_a_person_of_the_tier_takes_a_filing_on(db: Database) -> None:
    town, county = [
        await make_account(db, r, d) for r, d in ((Role.TOWNSHIP_CLERK, NIANLI), (Role.COUNTY_CLERK, QUJIANG))
    ]
    async with begin(TOWN, request_id="t1", at=NOW) as tx:
        [key] = await waiting(tx)
        with pytest.raises(Refused, match="PRJ-235"):
            await turns.assign(tx, key, county)
        await turns.assign(tx, key, town)
        turn = await queries.turn(tx, await service.lock(tx, key))
    assert turn is not None
    assert (turn["assignee"], turn["due_on"], turn["tier"]) == (town, date(2026, 9, 30), "township")
    async with begin(COUNTY, request_id="t2", at=NOW) as tx:
        with pytest.raises(Refused, match="KRN-403"):
            await turns.assign(tx, key, county)


async def test_home_shows_mine_and_nobodys_but_not_a_colleagues(tx: Tx) -> None:
    mine, theirs, nobodys = await waiting(tx, 3)
    for key, who in ((mine, TOWN.user_id), (theirs, 999), (nobodys, None)):
        await turns.on_submitted(tx, ProjectSubmitted(key, BAIMA, "R"))
        await tx.conn.execute("UPDATE projects_review_turn SET assignee = $2 WHERE project = $1", key, who)
    async with become(tx, TOWN):
        tasks = await panels.review(tx)
    assert {t.url for t in tasks} == {f"/reserve/{mine}", f"/reserve/{nobodys}"}
    assert {t.due for t in tasks} == {date(2026, 9, 30)}


async def test_site_check_is_recorded_by_the_tier_and_never_for_a_day_to_come(tx: Tx) -> None:
    [key] = await waiting(tx)
    form = SiteCheckForm(date(2026, 9, 15), Finding.MEND, "涵洞位置需下移五米")
    async with become(tx, COUNTY):
        with pytest.raises(Refused, match="KRN-403"):
            await site_checks.record(tx, key, form)
    async with become(tx, TOWN):
        with pytest.raises(Refused, match="PRJ-236"):
            await site_checks.record(tx, key, SiteCheckForm(date(2026, 9, 17), Finding.FIT, "尚未到现场"))
        check = await site_checks.record(tx, key, form)
        seen = await queries.site_checks(tx, key)
    assert [(c["id"], c["finding"], c["checker_name"]) for c in seen] == [(check, "mend", TOWN.name)]
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with tx.conn.transaction():
            await tx.conn.execute("UPDATE projects_site_check SET finding = 'fit'")


async def test_who_passed_for_the_township_does_not_decide_for_the_county(tx: Tx) -> None:
    [key] = await waiting(tx)
    async with become(tx, TOWN):
        await service.pass_on(tx, key, 1, "属实")
    both = dataclasses.replace(COUNTY, user_id=TOWN.user_id)
    async with become(tx, both):
        for work in (service.admit(tx, key, 2, 3, "同意"), service.refuse(tx, key, 2, CLAUSE, "行业资金可以覆盖")):
            with pytest.raises(Refused, match="PRJ-245"):
                await work
    async with become(tx, COUNTY):
        assert (await service.admit(tx, key, 2, 3, "同意"))["state"] == "admitted"


async def test_a_granted_appeal_brings_the_project_back_to_the_county_with_a_new_term(tx: Tx) -> None:
    key = await refused(tx)
    async with become(tx, CLERK):
        appeal = await appeals.file(tx, key, "主干道与村内支路不是同一个项目，请复核。")
        with pytest.raises(asyncpg.UniqueViolationError, match="projects_appeal_once"):
            async with tx.conn.transaction():
                await appeals.file(tx, key, "再申诉一次，请再复核一次。")
    after(tx, 5)
    async with become(tx, LEADER):
        done = await appeals.decide(tx, appeal, 1, grant=True, reason="两者位置不同")
    row = await service.lock(tx, key)
    turn = await queries.turn(tx, row)
    assert (done["state"], row["state"], row["closing_clause"]) == ("granted", "township_passed", "")
    assert turn is not None
    assert (turn["due_on"], turn["closed_at"]) == (date(2026, 10, 19), None)
    told = [e.to_state for e in await timeline(tx, "projects_project", key) if e.to_state]
    assert told == ["township_passed", "refused"]


async def test_an_upheld_refusal_stands_and_who_refused_does_not_decide(tx: Tx) -> None:
    key = await refused(tx)
    async with become(tx, CLERK):
        appeal = await appeals.file(tx, key, "主干道与村内支路不是同一个项目，请复核。")
    same = actor(Role.COUNTY_LEADER, QUJIANG, user_id=COUNTY.user_id)
    async with become(tx, same):
        with pytest.raises(Refused, match="PRJ-228"):
            await appeals.decide(tx, appeal, 1, grant=True, reason="两者位置不同")
    async with become(tx, LEADER):
        with pytest.raises(Refused, match="PRJ-205"):
            await appeals.decide(tx, appeal, 1, grant=False, reason="")
        await appeals.decide(tx, appeal, 1, grant=False, reason="建设内容确有重合")
        with pytest.raises(Refused, match="KRN-40"):
            await appeals.decide(tx, appeal, 1, grant=True, reason="两者位置不同")
    assert (await service.lock(tx, key))["state"] == "refused"


async def test_an_appeal_after_its_term_is_refused(tx: Tx) -> None:
    key = await refused(tx)
    tx.now, tx._policy = datetime(2026, 10, 14, tzinfo=SHANGHAI), None
    async with become(tx, CLERK):
        with pytest.raises(Refused) as caught:
            await appeals.file(tx, key, "主干道与村内支路不是同一个项目，请复核。")
    assert (caught.value.code, caught.value.facts["until"]) == ("PRJ-226", date(2026, 10, 13))


async def quota(tx: Tx, amount: int = 150_00) -> int:
    async with become(tx, COUNTY):
        return await quotas.open_quota(tx, QuotaForm(NIANLI, "2026-09", amount, 20_000))


async def positions(tx: Tx, key: int) -> list[int]:
    return [p["id"] for p in await queries.order(tx, await queries.quota(tx, key)) if p["position"]]


async def test_a_township_ranks_moves_and_hands_in_and_the_county_gives_it_back(tx: Tx) -> None:
    a, b, c = await waiting(tx, 3)
    key = await quota(tx)
    async with become(tx, TOWN):
        with pytest.raises(Refused) as caught:
            await quotas.hand_in(tx, key, 1)
        assert (caught.value.code, caught.value.facts["count"]) == ("PRJ-223", 3)
        await quotas.rank(tx, key, 1, [c, a, b])
        await quotas.rank(tx, key, 2, [c, a, b], move=(b, -1))
        assert await positions(tx, key) == [c, b, a]
        with pytest.raises(Refused, match="KRN-409"):
            await quotas.rank(tx, key, 2, [a, b, c])
        with pytest.raises(Refused, match="PRJ-222"):
            await quotas.rank(tx, key, 3, [a, b])
        await quotas.hand_in(tx, key, 3)
        with pytest.raises(Refused, match="PRJ-224"):
            await quotas.rank(tx, key, 4, [a, b, c])
    async with become(tx, COUNTY):
        assert (await quotas.reopen(tx, key, 4, "遗漏了一个项目"))["state"] == "ordering"


async def test_two_places_are_never_shared(tx: Tx) -> None:
    a, b = await waiting(tx, 2)
    key = await quota(tx)
    async with become(tx, TOWN):
        await quotas.rank(tx, key, 1, [a, b])
    with pytest.raises(asyncpg.UniqueViolationError, match="projects_rank_no_ties"):
        async with tx.conn.transaction():
            await tx.conn.execute("UPDATE projects_rank SET position = 1 WHERE project = $1", b)


async def test_a_township_passes_no_more_than_its_quota(tx: Tx) -> None:
    first, second = await waiting(tx, 2, asked=160_00)
    key = await quota(tx, 150_00)
    async with become(tx, TOWN):
        await service.pass_on(tx, first, 1, "")
        with pytest.raises(Refused) as caught:
            await service.pass_on(tx, second, 1, "")
    assert (caught.value.code, caught.value.facts["limit"]) == ("PRJ-221", 300_00)
    async with become(tx, COUNTY):
        await quotas.change(tx, key, QuotaChangeForm(1, 160_00, 20_000, "县级追加额度"))
    async with become(tx, TOWN):
        assert (await service.pass_on(tx, second, 1, ""))["state"] == "township_passed"


async def test_a_quota_is_for_a_township_of_ones_own_county(tx: Tx) -> None:
    async with become(tx, actor(Role.COUNTY_CLERK, KECHENG)):
        for place in (NIANLI, VILLAGE):
            with pytest.raises(Refused, match="PRJ-225"):
                await quotas.open_quota(tx, QuotaForm(place, "2026-09", 100, 20_000))


async def test_a_filed_reserve_is_remarked_on_answered_and_noted(tx: Tx) -> None:
    a, b = await waiting(tx, 2, state="admitted", asked=70_00)
    async with become(tx, COUNTY):
        key = await filings.file(tx)
    async with become(tx, CITY_CLERK):
        with pytest.raises(Refused, match="PRJ-240"):
            await filings.ask(tx, key, 1, "请补充产业项目", "NO-SUCH")
        code = await tx.conn.fetchval("SELECT code FROM projects_project WHERE id = $1", a)
        await filings.ask(tx, key, 1, "请补充产业项目", code)
    async with become(tx, COUNTY):
        assert [t.kind for t in await panels.filings(tx)] == ["projects.asked"]
        await filings.answer(tx, key, 2, "十月更新时补充两个产业项目")
    async with become(tx, CITY_CLERK):
        assert (await filings.take_note(tx, key, 3))["state"] == "noted"
    said = await queries.filing_remarks(tx, key)
    assert [(r["project"], r["answer"]) for r in said] == [(a, False), (None, True)]
    row = await queries.filing(tx, key)
    assert (row["projects"], row["asked_fen"], len(row["sha256"])) == (2, 140_00, 64)
    kept = await tx.conn.fetch("SELECT project FROM projects_reserve_filing_item WHERE filing = $1 ORDER BY 1", key)
    assert [r["project"] for r in kept] == [a, b]


async def test_the_same_reserve_is_not_filed_twice_and_an_empty_one_not_at_all(tx: Tx) -> None:
    async with become(tx, COUNTY):
        with pytest.raises(Refused, match="PRJ-237"):
            await filings.file(tx)
        await waiting(tx, 1, state="admitted")
        await filings.file(tx)
        with pytest.raises(asyncpg.UniqueViolationError, match="projects_reserve_filing_once"):
            async with tx.conn.transaction():
                await filings.file(tx)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"picked": []}, "PRJ-230"),
        ({"picked": [f"{n}:1" for n in range(1, 502)]}, "PRJ-231"),
        ({"picked": ["a:b"]}, "PRJ-243"),
        ({"decision": Decision.PASS}, "PRJ-232"),
        ({"decision": Decision.REFUSE}, "PRJ-233"),
        ({"years": 7}, "PRJ-206"),
        ({"picked": ["999999:1"]}, "KRN-404"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
async def test_a_batch_that_cannot_be_is_refused_whole(tx: Tx, change: dict[str, Any], code: str) -> None:
    [key] = await waiting(tx, state="township_passed")
    form = {"decision": Decision.ADMIT, "picked": [f"{key}:1"], "years": 5, **change}
    async with become(tx, COUNTY):
        with pytest.raises(Refused, match=code):
            await batches.order(tx, BatchForm(**form))


async def test_a_batch_decides_each_once_and_tells_why_one_was_not(db: Database) -> None:
    clerk = await in_post(db)
    async with begin(clerk, request_id="b1", at=NOW) as tx:
        keys = await waiting(tx, batches.PIECE + 5, state="township_passed")
        await service.refuse(tx, keys[3], 1, CLAUSE, "行业资金可以覆盖")
        form = BatchForm(Decision.ADMIT, [f"{k}:1" for k in keys], opinion="同意", years=3)
        key = await batches.order(tx, form)
    assert await batches.step(key) is True
    assert await batches.step(key) is False
    assert await batches.step(key) is False
    async with begin(clerk, request_id="b2", at=NOW) as tx:
        row = await queries.batch(tx, key)
        [left] = await queries.batch_items(tx, key, "refused", 10)
        counts = await tx.conn.fetch("SELECT state, count(*) AS n FROM projects_project GROUP BY 1 ORDER BY 1")
        lines = await tx.conn.fetchval("SELECT count(*) FROM kernel_journal WHERE verb = 'PROJECT.admit'")
    assert (row["state"], row["done"], row["refused"], row["pending"]) == ("done", len(keys) - 1, 1, 0)
    assert (left["project"], left["code"], left["note"] != "") == (keys[3], "KRN-409", True)
    assert [(r["state"], r["n"]) for r in counts] == [("admitted", len(keys) - 1), ("refused", 1)]
    assert lines == len(keys) - 1


async def test_a_worker_that_fails_leaves_the_piece_undone_and_the_batch_goes_on_after(db: Database) -> None:
    clerk = await in_post(db)
    async with begin(clerk, request_id="f1", at=NOW) as tx:
        keys = await waiting(tx, 3, state="township_passed")
        key = await batches.order(tx, BatchForm(Decision.ADMIT, [f"{k}:1" for k in keys], years=3))
    owner = await asyncpg.connect(**connect_arguments(db.owner))
    await owner.execute("ALTER TABLE projects_review_turn RENAME TO turned_away")
    await batches.run(key)
    assert await owner.fetchval("SELECT failure FROM projects_review_batch") == "KRN-500"
    assert await owner.fetchval("SELECT count(*) FROM projects_project WHERE state = 'admitted'") == 0
    await owner.execute("ALTER TABLE turned_away RENAME TO projects_review_turn")
    await owner.close()
    await batches.run(key)
    async with begin(clerk, request_id="f2", at=NOW) as tx:
        row = await queries.batch(tx, key)
    assert (row["state"], row["done"], row["failure"]) == ("done", 3, "")


async def test_a_batch_whose_worker_died_is_taken_up_by_the_job(db: Database) -> None:
    clerk = await in_post(db)
    async with begin(clerk, request_id="r1", at=NOW) as tx:
        keys = await waiting(tx, batches.PIECE + 1, state="township_passed")
        key = await batches.order(tx, BatchForm(Decision.ADMIT, [f"{k}:1" for k in keys], years=3))
    await batches.step(key)
    async with system_tx("test") as tx:
        assert not await batches.lies_still(tx, key)
        await tx.conn.execute("UPDATE projects_review_batch SET touched_at = now() - interval '1 minute'")
        assert await batches.lies_still(tx, key)
    async with system_tx("test") as tx:
        await batches.resume(tx, "")
    await asyncio.gather(*batches._TASKS)
    async with begin(clerk, request_id="r2", at=NOW) as tx:
        row = await queries.batch(tx, key)
    assert (row["state"], row["done"]) == ("done", batches.PIECE + 1)


async def test_who_lost_the_post_decides_nothing_more_and_a_colleague_stops_the_batch(db: Database) -> None:
    clerk = await in_post(db)
    async with begin(clerk, request_id="p1", at=NOW) as tx:
        keys = await waiting(tx, batches.PIECE + 1, state="township_passed")
        key = await batches.order(tx, BatchForm(Decision.ADMIT, [f"{k}:1" for k in keys], years=3))
    await batches.step(key)
    async with system_tx("test") as tx:
        await tx.conn.execute("UPDATE accounts_post SET active = false WHERE id = $1", clerk.post_id)
    assert await batches.step(key) is False
    async with begin(TOWN, request_id="p2", at=NOW) as tx:
        with pytest.raises(Refused, match="KRN-404"):
            await batches.stop(tx, key)
    async with begin(COUNTY, request_id="p3", at=NOW) as tx:
        row = await queries.batch(tx, key)
        stopped = await batches.stop(tx, key)
    assert (row["failure"], row["done"], row["pending"], stopped["state"]) == ("PRJ-244", batches.PIECE, 1, "stopped")

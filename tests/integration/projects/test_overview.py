"""Every figure of a dashboard equals the number of rows that its link lists."""

from __future__ import annotations

from datetime import timedelta

import pytest
from house import BAIMA, CITY, KECHENG, VILLAGE
from money_house import a_project

from projects.overview import queries
from projects.overview.queries import Scope
from projects.overview.rules import measures
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.web.listing_query import read_asked

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def some_projects(tx) -> None:
    """One project of each kind that a dashboard tells apart."""
    day, now = tx.today, tx.now
    filed = {"submitted_at": now - timedelta(days=200)}
    admitted = {**filed, "admitted_at": now - timedelta(days=150)}
    built = {**admitted, "award_fen": 10_000_00, "contract_fen": 9_000_00, "started_on": day - timedelta(days=99)}
    done = {**built, "completed_on": day - timedelta(days=91)}
    await a_project(tx, state="draft", created_at=now)
    await a_project(tx, state="returned", **filed, correct_by=day - timedelta(days=1))
    await a_project(tx, state="admitted", **admitted, valid_until=day + timedelta(days=30), division_code=BAIMA)
    await a_project(tx, state="building", **built, progress_bp=3000, created_at=now - timedelta(days=200))
    await a_project(tx, state="completed", **done)
    await a_project(
        tx, state="handed_over", **done, accepted_on=day, handed_over_on=day, goals="增收", beneficiaries=12,
        content="道路", place="村口", lat=28.9, lon=118.8, ends_on=day, asset_owner="村集体", division_code=BAIMA,
    )  # fmt: skip


async def listed(tx, scope: Scope, name: str, place: str) -> int:
    listing = queries.listing(tx)
    values = {"measure": name, "division": place, **({"year": str(scope.year)} if scope.year else {})}
    asked = read_asked(listing, values, {})
    text, params = listing.statement(listing.narrowed(tx, asked, None), asked, 200)
    return len(await tx.conn.fetch(text, *params))


async def test_every_figure_equals_its_rows(tx) -> None:
    await some_projects(tx)
    scope = Scope(CITY, 0)
    rows = await queries.figures(tx, scope)
    assert [r["whole"] for r in rows] == [4, 2]
    wrong = [
        (row["place"], name, row[name])
        for row in rows
        for name in measures(tx.today, queries.limits(tx.policy))
        if row[name] != await listed(tx, scope, name, row["place"])
    ]
    assert wrong == []


async def test_figures_say_what_is_so(tx) -> None:
    await some_projects(tx)
    kecheng, qujiang = await queries.figures(tx, Scope(CITY, 0))
    told = {n: kecheng[n] for n in ("stage_filed", "stage_admitted", "stage_completed", "late_return", "late_accept")}
    assert told == {
        "stage_filed": 3,
        "stage_admitted": 2,
        "stage_completed": 1,
        "late_return": 1,
        "late_accept": 1,
    }
    assert (kecheng["clear_project_all"], kecheng["clear_project_not"]) == (2, 2)
    assert (kecheng["clear_progress_all"], kecheng["clear_progress_not"]) == (1, 1)
    assert (qujiang["clear_result_all"], qujiang["clear_result_not"], qujiang["late_admit"]) == (1, 0, 1)
    assert (kecheng["award_fen"], qujiang["people"]) == (20_000_00, 12)


async def test_a_county_sees_its_townships_and_a_year_its_own(tx_as) -> None:
    async with tx_as(Role.COUNTY_CLERK, KECHENG) as tx:
        await a_project(tx, plan_year=2026, lat=28.9, lon=118.8)
        await a_project(tx, plan_year=2025)
        rows = await queries.figures(tx, Scope(KECHENG, 2026))
        assert [(r["place"], r["whole"]) for r in rows] == [(VILLAGE[:9] + "000", 1)]
        assert await queries.years(tx) == [2026, 2025]
        assert [p["lat"] for p in await queries.places_of(tx, Scope(KECHENG, 0))] == [28.9]

"""Reports tie: every sum of every report is the ledger's, every figure is the sum of the entries it leads to."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import pypdfium2
import pytest
import pytest_asyncio
from house import BAIMA, CITY, KECHENG, NIANLI, NOW, QUJIANG, SHILIANG, VILLAGE, actor, become
from money_house import a_project, batch_form, book

from allocation.budget import ledger
from allocation.budget import service as budget
from allocation.budget.ledger import Kind, Line, Share
from allocation.budget.rules import Fund
from allocation.reports import behind as sum_behind
from allocation.reports import documents, queries
from allocation.reports.listing import BEHIND, idle_list, read_scope
from allocation.reports.queries import Scope
from allocation.reports.rules import ALL, MEASURES, By
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.clock import SHANGHAI
from quzhou_migrants.kernel.money import parse_yuan
from quzhou_migrants.kernel.pdf import Grid, build
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.web.listing_query import read_asked

WAN = 1_000_000
SCOPES = (
    Scope(),
    Scope(division=KECHENG),
    Scope(division=SHILIANG),
    Scope(year=2025),
    Scope(fund="local"),
    Scope(division=QUJIANG, fund="later_support", year=2026),
)


@pytest_asyncio.fixture(loop_scope="session")
async def books(tx: Tx) -> Tx:
    """Two years of money in two counties: cash, pools, projects of two kinds at every stage, something handed back."""
    old = await _batch(tx, date(2025, 3, 1), 300 * WAN, fund_kind=Fund.LOCAL)
    new = await _batch(tx, date(2026, 2, 1), 200 * WAN, cash_fen=6 * WAN, fund_kind=Fund.LATER_SUPPORT)
    road = await a_project(tx, title="村道硬化", category="transport_social")
    field = await a_project(tx, title="灌溉渠道", category="farmland_water", division_code=BAIMA)
    for n, (batch, county) in enumerate(((old, KECHENG), (old, QUJIANG), (new, KECHENG), (new, QUJIANG))):
        shares = [Share(county, 0, 90 * WAN)]
        await ledger.pass_down(tx, f"down:{n}", batch, CITY, shares, source=("allocation_batch", batch))
    await ledger.shift(tx, "pool", KECHENG, Kind.AVAILABLE, Kind.AVAILABLE, 7 * WAN, to=SHILIANG, source=("x", 1))
    await ledger.shift(tx, "back", QUJIANG, Kind.AVAILABLE, Kind.RETURNED, 3 * WAN, batch=old, source=("x", 2))
    await ledger.shift(tx, "list", CITY, Kind.CASH, Kind.ISSUING, 2 * WAN, source=("x", 3))
    await ledger.shift(tx, "gone", CITY, Kind.ISSUING, Kind.ISSUED, WAN, source=("x", 4))
    await _award(tx, old, KECHENG, VILLAGE, road, 40 * WAN)
    await _award(tx, new, QUJIANG, BAIMA, field, 50 * WAN)
    tx.now = datetime(2026, 9, 30, 23, 30, tzinfo=SHANGHAI)
    await ledger.move(tx, "sign", road, Kind.AWARDED, Kind.CONTRACTED, 30 * WAN, source=("x", 5))
    tx.now += timedelta(hours=1)  # the fourth quarter has begun in Shanghai, not yet in UTC
    await ledger.move(tx, "claim", road, Kind.CONTRACTED, Kind.CLAIMED, 20 * WAN, source=("x", 6))
    await ledger.move(tx, "pay", road, Kind.CLAIMED, Kind.PAID, 12 * WAN + 1, source=("x", 7))
    tx.now = NOW
    return tx


async def _batch(tx: Tx, day: date, project: int, *, cash_fen: int = 0, fund_kind: Fund) -> int:
    tx.now = datetime(day.year, day.month, day.day, 9, tzinfo=SHANGHAI)
    async with become(tx, actor(Role.CITY_CLERK, CITY)):
        form = batch_form(
            doc_no=f"浙财农〔{day.year}〕{fund_kind}", issued_on=day, total_fen=project + cash_fen, cash_fen=cash_fen,
            project_fen=project, fund_kind=fund_kind,
        )  # fmt: skip
        batch = await budget.draft_batch(tx, form)
        await book(tx, batch)
    return batch


async def _award(tx: Tx, batch: int, county: str, village: str, project: int, fen: int) -> None:  # noqa: PLR0913
    lines = [Line(batch, county, Kind.AVAILABLE, -fen), Line(batch, village, Kind.AWARDED, fen, project)]
    await ledger.post(tx, f"award:{project}", lines, source=("allocation_award", project))


async def ledger_sums(tx: Tx, scope: Scope) -> dict[str, int]:
    """The same columns, added up from the entries by plain Python."""
    rows = await tx.conn.fetch(
        "SELECT e.division_code, e.kind, e.amount_fen, b.fund_kind, b.issued_on FROM allocation_entry e"
        " JOIN allocation_batch b ON b.id = e.batch"
    )
    inside = [
        r
        for r in rows
        if r["division_code"].startswith(scope.division.rstrip("0"))
        and (not scope.fund or r["fund_kind"] == scope.fund)
        and (not scope.year or r["issued_on"].year == scope.year)
    ]
    return {m.name: sum(r["amount_fen"] for r in inside if r["kind"] in m.kinds) for m in MEASURES}


@pytest.mark.parametrize("scope", SCOPES, ids=str)
async def test_every_report_adds_up_to_the_ledger(books, scope) -> None:
    expected = await ledger_sums(books, scope)
    for by in By:
        rows = await queries.rows(books, by, scope, limit=1000)
        assert {m.name: sum(r[m.name] for r in rows) for m in MEASURES} == expected, by
        assert await queries.totals(books, scope, by) == expected, by
        for r in rows:
            assert r["total_fen"] == r["cash_fen"] + r["free_fen"] + r["awarded_fen"] + r["returned_fen"]


@pytest.mark.parametrize("scope", SCOPES, ids=str)
async def test_every_figure_is_the_sum_of_the_entries_it_leads_to(books, scope) -> None:
    for by in By:
        for row in await queries.rows(books, by, scope, limit=1000):
            for m in MEASURES:
                assert await behind(books, f"{row['behind']}&figure={m.name}") == row[m.name], (by, row["id"], m.name)
    for by in (By.COUNTY, By.TOWNSHIP, By.CATEGORY):
        for row in await queries.compared_rows(books, by, scope, limit=1000):
            for name in ("project_fen", "free_fen", "awarded_fen", "paid_fen"):
                assert await behind(books, f"{row['behind']}&figure={name}") == row[name], (by, row["id"], name)


async def behind(tx: Tx, query: str) -> int:
    """Follow an address to its entries and add them up."""
    sql = BEHIND.narrowed(tx, read_asked(BEHIND, dict(parse_qsl(query)), {}), None)
    text = f"SELECT coalesce(sum(e.amount_fen), 0)::bigint FROM {BEHIND.source}{sql.where}"
    found = int(await tx.conn.fetchval(text, *sql.params))
    assert await sum_behind.total(tx, dict(parse_qsl(query))) == found  # what the page says, out of sums
    return found


async def test_a_total_of_entries_is_the_same_out_of_sums(books) -> None:
    """Whatever narrows the list: what sums cannot tell is added up from accounts or entries."""
    asked = (
        *("kinds=notified", "kinds=paid,notified", "since=2026-01-01&figure=total_fen", "way=in&figure=awarded_fen"),
        *(f"division={VILLAGE}&figure=paid_fen", f"division={SHILIANG}&level=township&figure=total_fen", "unbound=1"),
        *("level=village&figure=awarded_fen", "quarter=20264&category=transport_social", "earmark=0&figure=free_fen"),
        *("quarter=20269&figure=paid_fen", "quarter=3&figure=paid_fen", "booked=99999&figure=paid_fen"),
        *("quarter=20264&figure=paid_fen", "booked=2026&kinds=contracted", f"division={KECHENG}&booked=2025", ""),
    )
    for query in asked:
        await behind(books, query)
    for role, place in ((Role.COUNTY_FINANCE, KECHENG), (Role.TOWNSHIP_CLERK, SHILIANG), (Role.VILLAGE_CLERK, VILLAGE)):
        async with become(books, actor(role, place)):
            for query in asked:
                await behind(books, query)


async def test_what_is_asked_of_a_township_or_a_village_is_its_own(books) -> None:
    for role, place in ((Role.TOWNSHIP_CLERK, SHILIANG), (Role.VILLAGE_CLERK, VILLAGE)):
        scope = read_scope({}, place)
        async with become(books, actor(role, place)):
            expected = await ledger_sums(books, scope)
            assert expected["awarded_fen"] == 40 * WAN
            for by in By:
                rows = await queries.rows(books, by, scope, limit=1000)
                assert {m.name: sum(r[m.name] for r in rows) for m in MEASURES} == expected, by


async def test_quarters_turn_at_midnight_in_shanghai(books) -> None:
    rows = {r["key"]: r for r in await queries.rows(books, By.QUARTER, Scope(), limit=100)}
    assert sorted(rows) == [20251, 20261, 20263, 20264]
    assert (rows[20263]["contracted_fen"], rows[20264]["contracted_fen"]) == (30 * WAN, 0)
    assert (rows[20263]["paid_fen"], rows[20264]["paid_fen"]) == (0, 12 * WAN + 1)
    later = await queries.rows(books, By.QUARTER, Scope(booked=2025), limit=100)
    assert [r["key"] for r in later] == [20251]


async def test_plans_stand_beside_money_and_payments(books) -> None:
    plan = await books.conn.fetchval(
        "INSERT INTO projects_plan (division_code, year, title, money_fen, state, created_at)"
        " VALUES ($1, 2026, '计划', 1000, 'approved', $2) RETURNING id",
        KECHENG,
        NOW,
    )
    road = await books.conn.fetchval("SELECT id FROM projects_project WHERE title = '村道硬化'")
    await books.conn.execute(
        "INSERT INTO projects_plan_item (plan, project, division_code, amount_fen, standing)"
        " VALUES ($1, $2, $3, $4, true)",
        plan,
        road,
        VILLAGE,
        45 * WAN,
    )
    rows = {r["key"]: r for r in await queries.compared_rows(books, By.COUNTY, Scope(), limit=100)}
    assert {n: rows[KECHENG][n] for n in queries.COMPARED} == {
        "project_fen": 180 * WAN,
        "planned_fen": 45 * WAN,
        "awarded_fen": 40 * WAN,
        "paid_fen": 12 * WAN + 1,
    }
    assert (rows[KECHENG]["gap_fen"], rows[KECHENG]["unpaid_fen"]) == (135 * WAN, 33 * WAN - 1)
    assert rows[QUJIANG]["planned_fen"] == 0
    assert [r["planned_fen"] for r in await queries.compared_rows(books, By.COUNTY, Scope(year=2025), limit=9)] == [
        0,
        0,
        0,
    ]
    kinds = {r["key"]: r["planned_fen"] for r in await queries.compared_rows(books, By.CATEGORY, Scope(), limit=100)}
    assert kinds == {"transport_social": 45 * WAN, "farmland_water": 0, "none": 0}


async def test_idle_money_is_counted_from_its_notice(books) -> None:
    assert {(r["key"], r["age"]): r["fen"] for r in await queries.idle_sums(books, Scope())} == {
        (CITY, "short"): 120 * WAN,
        (KECHENG, "short"): 90 * WAN - 12 * WAN - 1,
        (QUJIANG, "short"): 87 * WAN,
    }
    books.now = datetime(2028, 2, 2, 9, tzinfo=SHANGHAI)
    sums = await queries.idle_sums(books, Scope(division=KECHENG))
    assert {r["age"]: r["fen"] for r in sums} == {"long": 168 * WAN - 1}
    rows = await queries.idle_rows(books, Scope(division=KECHENG), limit=100)
    assert sum(r["balance_fen"] for r in rows) == 168 * WAN - 1
    claimed = next(r for r in rows if r["kind"] == "claimed")
    assert claimed["moved_at"].astimezone(SHANGHAI).date() == date(2026, 10, 1)
    everything = await books.conn.fetchval(
        "SELECT sum(balance_fen) FROM allocation_balance WHERE kind <> ALL ($1) AND balance_fen > 0",
        ["issued", "paid", "settled", "returned"],
    )
    assert sum(r["fen"] for r in await queries.idle_sums(books, Scope())) == everything


async def test_a_county_reports_on_itself_alone(books) -> None:
    async with become(books, actor(Role.COUNTY_FINANCE, KECHENG)):
        rows = await queries.rows(books, By.COUNTY, read_scope({"division": QUJIANG}, KECHENG), limit=10)
        assert [r["key"] for r in rows] == [KECHENG]
        assert rows[0]["total_fen"] == 180 * WAN
        places = await queries.rows(books, By.TOWNSHIP, Scope(), limit=10)
        assert {r["key"]: r["total_fen"] // WAN for r in places} == {KECHENG: 133, SHILIANG: 47}


async def test_papers_print_the_rows_and_their_sum(books) -> None:
    async with become(books, actor(Role.CITY_LEADER, CITY)):
        for by in (By.COUNTY, By.PROJECT, By.QUARTER):
            text = read(build(await documents.use_paper(books, by, Scope())))
            assert "合计" in text
            assert "5,060,000.00" in text
        assert "未落实到项目" in read(build(await documents.use_paper(books, By.PROJECT, Scope())))
        assert "1,800,000.00" in read(build(await documents.plan_paper(books, By.COUNTY, Scope())))
        assert "2,849,999.99" in read(build(await documents.idle_paper(books, Scope())))


async def test_the_paper_of_idle_money_prints_what_its_page_lists(books) -> None:
    """The same address gives the same rows and the same sum as page, sheet and paper."""
    async with become(books, actor(Role.CITY_LEADER, CITY)):
        for asked, rows, total in (
            ({"age": "long"}, 0, "0.00"),
            ({"kind": "competing"}, 0, "0.00"),
            ({"kind": "available", "division": KECHENG}, 2, "500,000.00"),
            ({"kind": "claimed", "age": "short"}, 1, "79,999.99"),
            ({"year": "2026"}, 0, "0.00"),
        ):
            scope = read_scope(asked, CITY)
            listing = idle_list(books.today, queries.idle_years(books.policy), scope)
            sql = listing.narrowed(books, read_asked(listing, asked, {}), None)
            paper = await documents.idle_paper(books, scope, asked)
            [table] = [block for block in paper.blocks if isinstance(block, Grid)]
            assert (len(table.rows) - 1, table.rows[-1][-1]) == (rows, total), asked
            assert await queries.idle_total(books, scope, sql.where, sql.params) == parse_yuan(total)
        page = await queries.idle_sums(books, Scope(), "claimed")
        assert [(r["key"], r["fen"]) for r in page] == [(KECHENG, 8 * WAN - 1)]


def read(pdf: bytes) -> str:
    """The words of a paper, in the order in which they were drawn."""
    with pypdfium2.PdfDocument(pdf) as paper:
        return "".join(page.get_textpage().get_text_range() for page in paper)


@pytest.mark.parametrize(
    ("typed", "own", "scope"),
    [
        ({}, CITY, Scope()),
        (
            {"division": KECHENG, "year": "2026", "batch": "7", "fund_kind": "local"},
            CITY,
            Scope(KECHENG, 7, "local", 2026),
        ),
        ({"division": QUJIANG}, KECHENG, Scope()),
        ({"division": "3308' OR 1=1", "fund_kind": "x'; --", "year": "20266", "batch": "1e9"}, CITY, Scope()),
        ({"division": NIANLI, "booked": "٢٠٢٦"}, CITY, Scope(NIANLI)),
    ],
)
def test_an_address_is_read_with_care(typed: dict[str, str], own: str, scope: Scope) -> None:
    assert read_scope(typed, own) == scope


def test_the_columns_share_out_every_kind_but_the_sources() -> None:
    by_name: dict[str, Any] = {m.name: set(m.kinds) for m in MEASURES}
    parts = [by_name[n] for n in ("cash_fen", "free_fen", "awarded_fen", "returned_fen")]
    assert set().union(*parts) == set(ALL) == {k.value for k in Kind} - {"notified", "interest"}
    assert sum(map(len, parts)) == len(ALL)


async def test_a_comparison_sets_whole_beside_whole_and_its_sum_is_of_all_rows(books) -> None:
    for by in (By.COUNTY, By.TOWNSHIP, By.CATEGORY):
        rows = await queries.compared_rows(books, by, Scope(), limit=1000)
        assert len(rows) > 1
        sums = await queries.compared_totals(books, by, Scope())
        assert sums == {n: sum(r[n] for r in rows) for n in sums}
        # A plan names no batch: narrowing one side alone would tell a gap that is none.
        assert await queries.compared_rows(books, by, Scope(batch=1, fund="local"), limit=1000) == rows


def test_whoever_looks_after_less_than_a_county_reads_its_accounts_and_no_odd_year_is_asked() -> None:
    assert read_scope({}, SHILIANG).division == SHILIANG
    assert read_scope({"division": QUJIANG}, SHILIANG).division == SHILIANG
    assert read_scope({}, KECHENG).division == read_scope({}, "").division == ""
    assert [read_scope({"booked": y}, "").booked for y in ("2026", "5", "99", "1999", "2101", "x")] == [2026, *[0] * 5]

"""Every figure of a page leads to entries that add up to it: read off the pages, figure by figure."""

from __future__ import annotations

import html
import re
from datetime import date, datetime
from pathlib import Path

from house import CITY, KECHENG, NOW, SHILIANG, VILLAGE, actor
from money_house import a_project, batch_form, book

from allocation.budget import earmarks, ledger, split_queries
from allocation.budget import service as budget
from allocation.budget.forms import EarmarkForm
from allocation.budget.ledger import Kind, Share
from allocation.budget.overview import COLUMNS, Overview, figures
from allocation.budget.rules import Fund
from allocation.budget.sources import SOURCES
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.clock import SHANGHAI
from quzhou_migrants.kernel.tx import begin

WAN, HEAD = 1_000_000, 600_00
FIGURE = re.compile(r'href="(/(?:funds|reports)/entries\?[^"]+)"[^>]*>\s*(-?[\d,]+\.\d\d)</a>')
STAT = re.compile(r'href="(/(?:funds|reports)/entries\?[^"]+)"><span[^>]*>[^<]*</span></a><div[^>]*>([\d,]+\.\d\d) 元')
TOTAL = re.compile(r"所列记账合计.*?(-?[\d,]+\.\d\d) 元", re.DOTALL)
OLD = datetime(2024, 3, 1, 9, tzinfo=SHANGHAI)


async def _money_everywhere() -> int:
    """One old batch, with money at every level: city, county, township, village, project; bound and free."""
    async with begin(actor(Role.CITY_CLERK, CITY), request_id="t", at=OLD) as tx:
        form = batch_form(issued_on=date(2024, 3, 1), total_fen=50 * WAN + 3 * HEAD, project_fen=50 * WAN)
        batch = await budget.draft_batch(tx, form)
        await earmarks.add_earmark(tx, batch, EarmarkForm("库区道路", 10 * WAN, "transport_social"))
        await book(tx, batch)
        mark = (await split_queries.earmarks(tx, batch))[0]["id"]
        source = ("allocation_batch", batch)
        await ledger.pass_down(
            tx, "t1", batch, CITY, [Share(KECHENG, 2 * HEAD, 30 * WAN, mark, 7 * WAN)], source=source
        )
        shares = [Share(SHILIANG, 0, 8 * WAN, mark, 2 * WAN), Share(VILLAGE, 0, 4 * WAN)]
        await ledger.pass_down(tx, "t2", batch, KECHENG, shares, source=source)
        await ledger.shift(tx, "t3", KECHENG, Kind.AVAILABLE, Kind.COMPETING, 3 * WAN, source=source)
        await ledger.earn(tx, "t4", batch, KECHENG, 123_45, source=source)
        project = await a_project(tx, asked_fen=5 * WAN, category="transport_social")
    async with begin(actor(Role.COUNTY_CLERK, KECHENG), request_id="t", at=NOW) as tx:
        await budget.award_from_pot(tx, project, 5 * WAN)
        await ledger.move(
            tx, "t5", project, Kind.AWARDED, Kind.CONTRACTED, 4 * WAN, source=("projects_project", project)
        )
    return batch


async def _loose(http, path: str) -> tuple[int, list[tuple[str, ...]]]:
    """Count the figures of a page, and name those whose entries add up to something else."""
    page = (await http.get(path)).text.partition('-chart"')[0]  # charts tell the same in tens of thousands
    found = [*FIGURE.findall(page), *STAT.findall(page)]
    wrong = []
    for address, shown in found:
        behind = await http.get(html.unescape(address))
        total = TOTAL.search(behind.text)
        # What was notified, and interest, are sources: their entries are below zero.
        if total is None or total[1].lstrip("-") != shown.lstrip("-"):
            wrong.append((path, address, shown, total[1] if total else ""))
    return len(found), wrong


async def test_every_figure_is_the_sum_of_the_entries_it_leads_to(db, client_as) -> None:
    batch = await _money_everywhere()
    pages = {
        "/funds": 10,
        f"/funds/{batch}": 10,
        "/awards/1": 3,
        "/terms": 1,
        f"/terms/clock?batch={batch}&division={KECHENG}": 2,
        "/reports/idle": 8,
        "/reports/use?by=township": 10,
    }
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        for path, least in {**pages, "/funds/pools": 2, "/awards/waiting": 1}.items():
            count, wrong = await _loose(http, path)
            assert wrong == []
            assert count >= least, path
    async with client_as(Role.CITY_CLERK) as http:
        for path in [*pages, f"/terms/clock?batch={batch}&division={CITY}"]:
            assert (await _loose(http, path))[1] == []
        chips = (await http.get("/funds/entries?kinds=available,competing")).text
        assert "未安排" in chips
        assert "available,competing" not in re.sub(r"<[^>]+>", "", chips)


async def test_odd_addresses_of_figures_find_something_or_nothing(db, client_as) -> None:
    async with client_as(Role.CITY_CLERK) as http:
        for query in ("quarter=20269", "quarter=0", "quarter=999999999", "booked=99", "quarter=-5"):
            assert (await http.get(f"/reports/entries?{query}")).status_code == 200, query
        for query in ("by=quarter&booked=99", "by=quarter&booked=9999", "year=0005", "by=county&year=9999"):
            assert (await http.get(f"/reports/use?{query}")).status_code == 200, query


def test_an_overview_adds_up_in_every_line() -> None:
    one = Overview("1", "甲", figures({k: 10 ** (n % 9) for n, k in enumerate(Kind)}))
    for line in (one, one.overall([one, one])):
        cells = {c.name: c for c in line.cells}
        parts = ("cash_all", "free", "awarded", "returned")
        assert cells["total"].fen == sum(cells[name].fen for name in parts)
        assert set(cells["total"].kinds) == set(Kind) - {Kind.NOTIFIED, Kind.INTEREST}
        assert len(cells["total"].kinds) == len(set(cells["total"].kinds))
    assert [f.kind for f in one.overall([]).figures] == list(COLUMNS)


async def test_an_award_tells_every_account_it_was_taken_from(db, client_as) -> None:
    await _money_everywhere()
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        sources = (await http.get("/awards/1")).text.partition("资金来源")[2].partition("资金去向")[0]
        told = re.findall(r'data-label="取自">([^<]+)</td>.*?([\d,]+\.\d\d)', sources)
        assert [(where.replace("　", " "), fen) for where, fen in told] == [
            ("柯城区 专项可安排：库区道路", "50,000.00")
        ]
        clock = (await http.get("/api/v1/terms/clocks")).json()[0]
        parts = ("free_fen", "pooled_fen", "bound_fen", "cash_fen")
        assert clock["unspent_fen"] == sum(clock[name] for name in parts)


def test_every_source_of_an_entry_has_a_name_and_a_page() -> None:
    posting = re.compile(r'source=\(\s*(?:"(\w+)"|([A-Z_.]+)),')
    tables = {"projects_project"}  # an entry of a project alone leads to the project
    for path in Path("allocation").rglob("*.py"):
        text = path.read_text("utf-8")
        names = dict(re.findall(r'^([A-Z_]+) = "(\w+)"$', text, re.MULTILINE))
        for said, constant in posting.findall(text):
            tables |= {said or names.get(constant, "")}
    tables.discard("")
    assert {"allocation_mixed", "allocation_refund", "projects_change"} <= tables
    for table in sorted(tables | set(SOURCES)):
        assert table in SOURCES or table == "projects_project", table
        key = f"list.entries.source.{table}"
        assert CATALOGUE.text(key) != key, table
    for fund in Fund:
        assert CATALOGUE.text(f"list.fund_kind.{fund}") != f"list.fund_kind.{fund}"

"""A year of money for six counties through the screens, ending in papers that tie to the ledger to the fen.

The demonstration's people act over HTTP in the forms that stand on their pages: the city books a notice and splits it,
every county awards, claims, signs, pays through the bank and reads its books; then every printed table is added up.
"""

from __future__ import annotations

import io
import json
import re
import tempfile
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import openpyxl
import pypdfium2
import pytest
import pytest_asyncio
from claim_house import PDF
from house import visitor
from project_house import picture
from screens import Desk
from year_house import TITLE, planned, visited

from allocation.budget.ledger import Kind as Lies
from allocation.budget.ledger import project_money
from allocation.recompute import recompute_split
from quzhou_migrants.demo.staff import PASSWORD
from quzhou_migrants.kernel.actor import SYSTEM
from quzhou_migrants.kernel.db import ENGINE, close_pool, connect_arguments, open_pool
from quzhou_migrants.kernel.tx import begin

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]
COUNTIES = {"330802": "kc", "330803": "qj", "330822": "cs", "330824": "kh", "330825": "ly", "330881": "js"}
POOL = 6_010_003_00
AWARD = 100_001_01  # a sum that no share of a tenth divides
BIDS = (
    {"bidder": "建设公司", "credit_code": "91330803MA00000000", "price_fen": "100001.01", "won": "true"},
    {"bidder": "演示市政有限公司", "credit_code": "91330803MA00000001", "price_fen": "100001.01"},
    {"bidder": "演示水利有限公司", "credit_code": "91330803MA00000002", "price_fen": "100001.01"},
)
FIGURE = re.compile(r"-?\d{1,3}(?:,\d{3})*\.\d{2}")


class Town:
    """Everybody of the demonstration, each at a desk of their own; and the books, read past all rooms."""

    def __init__(self, books: asyncpg.Connection) -> None:
        """Hold the owner's connection."""
        self.books = books
        self._desks: dict[str, Desk] = {}

    async def desk(self, login: str) -> Desk:
        """Give somebody's desk, signed in once."""
        if login not in self._desks:
            self._desks[login] = await Desk(visitor()).sign_in(login, PASSWORD)
        return self._desks[login]

    async def fen(self, sql: str, *args: Any) -> int:
        """Add up entries. `sql` is a condition over allocation_entry."""
        found = await self.books.fetchval(
            f"SELECT coalesce(sum(amount_fen), 0)::bigint FROM allocation_entry WHERE {sql}", *args
        )
        return int(found)

    async def leave(self) -> None:
        """Close every window."""
        for desk in self._desks.values():
            await desk.http.aclose()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def town(server, demo_template) -> AsyncIterator[Town]:
    """The demonstration in a database of its own."""
    name = "a_year_of_money"
    server.drop_database(name)
    owner = server.create_database(name, demo_template)
    app_dsn = server.dsn("qm_app", name)
    ENGINE.configure(app_dsn)
    await open_pool(size=4)
    books = await asyncpg.connect(**connect_arguments(owner))
    here = Town(books)
    yield here
    await here.leave()
    await books.close()
    await close_pool()
    server.drop_database(name)


async def test_a_year_of_money_ties_to_the_fen(town: Town) -> None:
    run = await split_among_counties(town, await book_a_batch(town))
    for county in COUNTIES:
        project = await award_a_project(town, county)
        claim = await claim_and_sign(town, county, project)
        await pay_through_the_bank(town, county, claim)
        assert await town.fen("project = $1 AND kind = 'paid'", project) == AWARD // 2
    await papers_tie(town, run)


async def book_a_batch(town: Town) -> str:
    """Book a notice of the province. Gives the batch's address."""
    clerk = await (await town.desk("city_clerk")).open("/funds/new")
    await clerk.press(
        "保存草稿",
        doc_no="浙财农〔2026〕91号",
        title="2026年第三批项目资金",
        level="province",
        fund_kind="later_support",
        issued_on="2026-09-01",
        total_fen="601.0003万",
        cash_fen="0",
        project_fen="601.0003万",
    )
    await clerk.press("送核对")
    leader = await (await town.desk("city_leader")).open(clerk.path)
    await leader.press("核对入账")
    batch = int(clerk.path.rpartition("/")[2])
    assert await town.fen("batch = $1 AND kind = 'available'", batch) == POOL
    return clerk.path


async def split_among_counties(town: Town, batch: str) -> str:
    """Split it among six counties, freeze, approve, tell it by a notice. Gives the run's address."""
    clerk, leader = await town.desk("city_clerk"), await town.desk("city_leader")
    await clerk.open(batch)
    await clerk.open(clerk.link("按因素法分配"))
    await clerk.press("下一步：填报数据")
    run = clerk.path.removesuffix("/data")
    await clerk.open(f"{run}/data")
    await clerk.press("取用系统提供的数据")
    boxes = {e.get("aria-label", ""): e.get("name") for e in clerk.page.iter("input")}
    typed = {}
    for n, county in enumerate(("柯城区", "衢江区", "常山县", "开化县", "龙游县", "江山市")):
        for label, name in boxes.items():
            if label.startswith(f"{county}：人均财力"):
                typed[name] = str(11_000 + 700 * n)
            elif label.startswith(f"{county}：绩效"):
                typed[name] = str(80 + 3 * n)
    await clerk.press("保存数据", **typed, source="2025年统计和考核结果", as_of="2025-12-31")
    await clerk.open(run)
    await clerk.press("冻结数据和方案，提交审批", remark="绩效按2025年考核结果填报。")
    await leader.open(run)
    await leader.press("审批通过并下达")
    return run


async def award_a_project(town: Town, county: str) -> int:
    """Bring a project into the plan, give it its money and a contract of the same amount, see the site.

    Gives the project.
    """
    village = await town.books.fetchval(
        "SELECT code FROM kernel_division WHERE level = 'village' AND is_demo AND code LIKE $1 ORDER BY code LIMIT 1",
        f"{county}%",
    )
    project = await planned(town, village, COUNTIES[county], "100001.01")
    clerk = await (await town.desk(f"{COUNTIES[county]}_clerk")).open(f"/awards/new?project={project}")
    await clerk.press("确认安排", amount_fen="100001.01")
    await sign_and_begin(clerk, project)
    assert await town.fen("project = $1 AND kind = 'contracted'", project) == AWARD
    await visited(await town.desk(f"{COUNTIES[county]}_inspector"), project, 7000)
    async with begin(SYSTEM, request_id="year") as tx:
        assert await project_money(tx, project) == {Lies.CONTRACTED: AWARD}
    return project


async def sign_and_begin(clerk: Desk, project: int) -> None:
    """Record how the contractor was found, the contract of the whole award, and the start of the works."""
    await clerk.open(f"/projects/{project}/procurement")
    await clerk.press(
        "保存发包记录",
        method="small_works",
        control_fen="100001.01",
        credit_reason="演示用代码，已核对",
        **{f"bids__{n}__{key}": value for n, bid in enumerate(BIDS) for key, value in bid.items()},
    )
    assert clerk.path == f"/projects/{project}/contract"
    await clerk.press(
        "登记合同",
        number="HT-1",
        amount_fen="100001.01",
        credit_reason="演示用代码，已核对",
        signed_on="2026-09-16",
        starts_on="2026-09-16",
        ends_on="2027-12-31",
        steps__0__title="主体施工",
        steps__0__weight_bp="100",
        steps__0__planned_on="2027-12-31",
    )
    await clerk.open(f"/projects/{project}/start")
    await clerk.attach("photos", "开工前.png", picture(), "image/png").press("登记开工")


async def claim_and_sign(town: Town, county: str, project: int) -> int:
    """Claim half of it with its papers, and let every hand sign in turn. Gives the claim."""
    prefix = COUNTIES[county]
    clerk = await (await town.desk(f"{prefix}_clerk")).open(f"/claims/new?project={project}")
    await clerk.press(
        "保存草稿",
        kind="progress",
        amount_fen="50000.50",
        wages_fen="1.2万",
        measured_bp="70",
        payee="建设公司",
        invoice_number=f"26332{uuid.uuid4().int % 10**15:015d}",
        invoice_fen="50000.50",
        invoice_tax_fen="4128.48",
        invoice_on="2026-09-10",
    )
    claim = int(clerk.path.rpartition("/")[2])
    for paper in ("invoice", "progress"):
        await clerk.attach("file", "扫描件.pdf", PDF).press("上传材料", kind=paper)
    await clerk.press("提交会签")
    steps = await town.books.fetchval("SELECT steps #>> '{}' FROM allocation_claim WHERE id = $1", claim)
    village = await town.books.fetchval("SELECT division_code FROM allocation_claim WHERE id = $1", claim)
    hands = {
        "village_clerk": [f"v{village}"],
        "township_clerk": [f"t{village[:9]}"],
        "county_clerk": [f"{prefix}_clerk2"],
        "county_leader": [f"{prefix}_leader"],
        "county_finance": [f"{prefix}_finance", f"{prefix}_finance2"],
    }
    for role in json.loads(steps):
        await (await (await town.desk(hands[role].pop(0))).open(f"/claims/{claim}")).press("同意并签字")
    return claim


async def pay_through_the_bank(town: Town, county: str, claim: int) -> None:
    """Confirm the payee's account, send a file, bring the bank's answer in."""
    prefix = COUNTIES[county]
    finance, second = await town.desk(f"{prefix}_finance"), await town.desk(f"{prefix}_finance2")
    await finance.open("/bank/payees/new")
    await finance.press("登记", name="建设公司", bank_name="中国农业银行柯城支行", account="6228480402564890018")
    payee = finance.path
    await (await (await town.desk(f"{prefix}_leader")).open(payee)).press("核对无误，确认")
    await finance.open("/bank/new/claims")
    await finance.press("生成付款文件")
    await second.open(finance.path)
    await second.press("复核无误，放行")
    number, line = await town.books.fetchrow(
        "SELECT b.number, l.line_no FROM allocation_bank_line l JOIN allocation_bank_batch b ON b.id = l.batch"
        " WHERE l.source_table = 'allocation_claim' AND l.source_id = $1",
        claim,
    )
    answer = f"批号,序号,结果,金额,流水号,日期,代码\r\n{number},{line},成功,50000.50,YR{claim:09d},2026-09-16,"
    await finance.open("/bank/statements")
    await finance.attach("file", "回单.csv", answer.encode(), "text/csv").press("上传并核对")
    await finance.press("确认入账")


async def papers_tie(town: Town, run: str) -> None:
    """Add up every printed table of the city and of each county, and compare with the entries to the fen."""
    city = await town.desk("city_leader")
    await split_ties(town, city, run)
    for prefix, login in (("3308", "city_leader"), *((c, f"{n}_leader") for c, n in COUNTIES.items())):
        desk = await town.desk(login)
        await use_ties(town, desk, prefix)
        await lists_tie(town, desk, prefix)
    assert await town.fen("true") == 0
    year = "kind = 'paid' AND project IN (SELECT id FROM projects_project WHERE title = $1)"
    assert await town.fen(year, TITLE) == AWARD // 2 * len(COUNTIES)


async def split_ties(town: Town, desk: Desk, run: str) -> None:
    """The printed working and the file worked out by a stranger: the pool, and what the ledger moved."""
    printed = figures(await desk.fetch(f"{run}/working.pdf"))
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        file.write(await desk.fetch(f"{run}/export.json"))
        file.flush()
        alone = recompute_split(Path(file.name))
    moved = "source_table = 'allocation_factor_run' AND source_id = $1 AND kind = 'available' AND division_code LIKE $2"
    given = [await town.fen(moved, int(run.rpartition("/")[2]), f"{c}%") for c in COUNTIES]
    assert sum(given) == POOL
    for fen in given:
        assert fen in printed
        assert f"{fen / 100:,.2f}" in alone


async def use_ties(town: Town, desk: Desk, prefix: str) -> None:
    """Use of money by each way of parting it, as sheet and as paper, against the entries of the range."""
    here = "division_code LIKE $1 AND kind "
    range_ = f"{prefix}%"
    whole = {
        "到位资金": await town.fen(f"{here} <> 'notified' AND kind <> 'interest'", range_),
        "已支付": await town.fen(f"{here} IN ('paid', 'settled')", range_),
        "待安排": await town.fen(f"{here} IN ('available', 'earmarked', 'competing')", range_),
    }
    for by in ("county", "township", "batch", "project", "category"):
        rows = sheet(await desk.fetch(f"/reports/use?by={by}&format=xlsx"))
        paper = figures(await desk.fetch(f"/reports/use.pdf?by={by}"))
        for title, fen in whole.items():
            if by == "project" and title != "已支付":
                continue  # money of no project yet stands in no project's row
            column = next(n for n, head in enumerate(rows[0]) if str(head).startswith(title))
            assert sum(cents(row[column]) for row in rows[1:]) == fen, (prefix, by, title)
            assert fen in paper or not fen, (prefix, by, title)


async def lists_tie(town: Town, desk: Desk, prefix: str) -> None:
    """Awards that stand, claims that were paid."""
    awards = sheet(await desk.fetch("/awards?state=standing&format=xlsx"))
    standing = await town.books.fetchval(
        "SELECT coalesce(sum(amount_fen), 0)::bigint FROM allocation_award WHERE state = 'standing'"
        " AND division_code LIKE $1",
        f"{prefix}%",
    )
    assert added(awards, "金额") == standing
    paid = sheet(await desk.fetch("/claims?state=paid&format=xlsx"))
    moved = "source_table = 'allocation_payment' AND kind = 'paid' AND division_code LIKE $1"
    assert added(paid, "申请金额") == await town.fen(moved, f"{prefix}%")


def sheet(content: bytes) -> list[tuple[Any, ...]]:
    """Read the last sheet of a workbook."""
    return list(openpyxl.load_workbook(io.BytesIO(content)).worksheets[-1].iter_rows(values_only=True))


def added(rows: list[tuple[Any, ...]], title: str) -> int:
    """Add up a column by the beginning of its heading. Units: fen."""
    column = next(n for n, head in enumerate(rows[0]) if str(head).startswith(title))
    return sum(cents(row[column]) for row in rows[1:])


def cents(yuan: float | None) -> int:
    """Read an amount of a sheet. Units: fen."""
    return round((yuan or 0) * 100)


def figures(content: bytes) -> set[int]:
    """Read every amount that stands on a paper. Units: fen."""
    with pypdfium2.PdfDocument(content) as pdf:
        text = "\n".join(page.get_textpage().get_text_range() for page in pdf)
    return {int(found.replace(",", "").replace(".", "")) for found in FIGURE.findall(text)}

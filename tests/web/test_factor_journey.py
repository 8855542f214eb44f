"""Clerk, leader, county and a stranger in a real Chromium: a scheme is built and approved, data come in a sheet, the
result is tried out, told by a notice and published; a county shares out what it got, and a township reads its share."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import pytest_asyncio
from house import CITY, KECHENG, NIANLI, NOW, QUJIANG, Database, actor, become, make_account
from live import DESK, browsing, looked_at, serving
from money_house import a_scheme, book
from money_house import batch_form as form

from allocation.budget import service as funds
from allocation.factor import data_service, service
from allocation.factor.catalogue import default_scheme
from allocation.factor.forms import RunForm, ValueRow
from allocation.factor.scheme_service import approve_scheme, keep_scheme
from allocation.recompute import recompute_split
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.accounts.sessions import COOKIE, open_session
from quzhou_migrants.kernel import pg
from quzhou_migrants.kernel.db import ENGINE, close_pool, open_pool
from quzhou_migrants.kernel.tx import begin

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
PEOPLE = {
    "clerk": (Role.CITY_CLERK, CITY), "leader": (Role.CITY_LEADER, CITY), "county": (Role.COUNTY_CLERK, KECHENG),
    "sharer": (Role.COUNTY_CLERK, QUJIANG), "head": (Role.COUNTY_LEADER, QUJIANG),
    "township": (Role.TOWNSHIP_CLERK, NIANLI),
}  # fmt: skip
BEFORE = {"migrants": ("3000", "28000"), "fiscal": ("20000", "9900"), "score": ("90", "90")}
NOW_VALUES = {KECHENG: ("3120", "21000", "88.5", "12.5"), QUJIANG: ("28826", "9800", "92", "40")}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desks(server, template):
    """One server, one browser, a window for each person and one for a stranger; last year's run is there."""
    name = "factor_in_a_browser"
    server.drop_database(name)
    db = Database(name, server.create_database(name, template), server.dsn(pg.APP, name))
    people = {who: await make_account(db, role, place) for who, (role, place) in PEOPLE.items()}
    ENGINE.configure(db.app)
    await open_pool(size=2)
    tokens = {who: await open_session(user, "test") for who, user in people.items()}
    await _last_year()
    await _township_scheme()
    async with serving(db) as url, browsing() as chromium:
        windows: dict[str, Any] = {}
        for who in (*tokens, "stranger"):
            window = await chromium.new_context(viewport=DESK, locale="zh-CN", base_url=url, bypass_csp=True)
            if who in tokens:
                await window.add_cookies([{"name": COOKIE, "value": tokens[who], "url": url}])
            windows[who] = await window.new_page()
        yield windows
    await close_pool()
    server.drop_database(name)


async def _last_year() -> None:
    clerk, leader = actor(Role.CITY_CLERK, CITY), actor(Role.CITY_LEADER, CITY)
    then = NOW.replace(year=2025)
    async with begin(clerk, request_id="t", at=then) as tx:
        batch = await funds.draft_batch(tx, form(issued_on=date(2025, 9, 1)))
        await book(tx, batch)
        run = await service.draft_run(tx, RunForm(batch, await a_scheme(tx), "2025年因素法分配", 30_000_000_00))
        rows = [ValueRow(f, u, v) for f, pair in BEFORE.items() for u, v in zip((KECHENG, QUJIANG), pair, strict=True)]
        await data_service.save_values(tx, run, rows, "年报", date(2024, 12, 31))
        await service.freeze_run(tx, run, "名册补录中")
    async with begin(leader, request_id="t", at=then) as tx:
        await service.approve_run(tx, run)


async def _township_scheme() -> None:
    async with begin(actor(Role.COUNTY_CLERK, QUJIANG), request_id="t", at=NOW) as tx:
        made = default_scheme(tx.policy, "乡镇分配方案")
        people = replace(made.factor("migrants"), weight_bp=made.base_bp)
        scheme = await keep_scheme(tx, replace(made, factors=(people, made.factor("score"))))
        async with become(tx, actor(Role.COUNTY_LEADER, QUJIANG)):
            await approve_scheme(tx, scheme)


async def words_of(page: Any) -> str:
    """Look at a page; answer its words."""
    await looked_at(page)
    return str(await page.inner_text("main"))


async def press(page: Any, label: str, *, sure: bool = False) -> str:
    await page.get_by_role("button", name=label, exact=True).last.click()
    if sure:
        await page.locator("dialog .btn-primary").click()
        await page.wait_for_selector("dialog", state="detached")
    await page.wait_for_load_state()
    return str(await page.inner_text("main"))


async def test_a_scheme_becomes_a_published_result(desks, tmp_path: Path) -> None:
    clerk, leader = desks["clerk"], desks["leader"]
    await _build_scheme(clerk, leader)
    run = await _fill(clerk, tmp_path)
    await leader.goto(run)
    await leader.fill("#opinion", "同意下达")
    assert "资金已下达" in await press(leader, "审批通过并下达", sure=True)
    await _try_out(desks["county"], run, tmp_path)
    await _tell(clerk, leader, run)
    await _check(desks["stranger"], tmp_path)
    await _bring_results(desks["sharer"], desks["head"], tmp_path / "results.xlsx")
    below = await _share_below(desks["sharer"], desks["head"])
    await _read_own(desks["township"], below)


async def _build_scheme(clerk: Any, leader: Any) -> None:
    await clerk.goto("/factor/schemes")
    await clerk.get_by_role("link", name="2026年方案").click()
    await clerk.get_by_role("link", name="以此为底稿编制新版").click()
    await words_of(clerk)
    await clerk.fill("[id='factors.0.weight_bp']", "60")
    await clerk.fill("[id='factors.3.title']", "库区面积")
    await clerk.fill("[id='factors.3.weight_bp']", "6")
    await clerk.fill("[id='factors.3.places']", "1")
    await clerk.select_option("[id='bounds.0.kind']", "loss")
    await clerk.fill("[id='bounds.0.bp']", "100")
    assert "ALC-201" in await press(clerk, "保存为新方案")
    assert await clerk.input_value("[id='factors.3.title']") == "库区面积"
    await clerk.fill("[id='factors.3.weight_bp']", "5")
    said = await press(clerk, "保存为新方案")
    assert "第2版" in said
    assert "尚未批准" in said
    await leader.goto(str(clerk.url))
    await leader.fill("#doc_no", "衢移〔2026〕5号")
    assert "使用中" in await press(leader, "批准使用", sure=True)
    await words_of(leader)


async def _fill(clerk: Any, folder: Path) -> str:
    """Begin a run, fill the sheet wrongly and then rightly, take last year's shares, freeze."""
    await clerk.goto("/factor/new")
    await clerk.select_option("#batch", index=1)
    await clerk.fill("#title", "2026年因素法分配")
    await clerk.fill("#pool_fen", "2900万")
    await press(clerk, "下一步：填报数据")
    await words_of(clerk)
    run = str(clerk.url).removesuffix("/data")
    await press(clerk, "取用系统提供的数据", sure=True)
    async with clerk.expect_download() as coming:
        await clerk.get_by_role("link", name="下载填报表").click()
    file = folder / "data.xlsx"
    await (await coming.value).save_as(file)
    _write(file, "abc")
    await clerk.set_input_files("#file", file)
    wrong = await press(clerk, "导入")
    assert "ALC-259" in wrong
    assert "第4行“人均财力（反向因素）”" in wrong
    _write(file, NOW_VALUES[KECHENG][1])
    await clerk.set_input_files("#file", file)
    await press(clerk, "导入")
    shown = await words_of(clerk)
    assert "2025年移民统计年报（截至 2025-12-31）" in shown
    assert "2025年因素法分配合计" in shown
    await clerk.fill("#remark", "名册补录中，以统计年报为准。")
    await press(clerk, "冻结数据和方案，提交审批", sure=True)
    return run


def _write(file: Path, fiscal: str) -> None:
    book = openpyxl.load_workbook(file)
    sheet = book.active
    for column in range(3, 7):
        sheet.cell(2, column).value, sheet.cell(3, column).value = "2025年移民统计年报", "2025-12-31"
    for row in range(4, 6):
        values = NOW_VALUES[str(sheet.cell(row, 1).value)]
        for column, value in enumerate(values, 3):
            sheet.cell(row, column).value = value
    sheet.cell(4, 4).value = fiscal
    book.save(file)


async def _try_out(county: Any, run: str, folder: Path) -> None:
    await county.goto(f"{run}/whatif")
    await words_of(county)
    await county.fill("#pool_fen", "3000万")
    await press(county, "测算")
    assert "1,000,000.00" in await words_of(county)
    await _take(county, "button", "测算并下载 PDF", folder / "tried.pdf")
    await _take(county, "button", "测算并下载表格", folder / "tried.xlsx")
    tried = openpyxl.load_workbook(folder / "tried.xlsx")
    assert [c.value for c in tried["改动的条件"][2]] == ["分配总额（元）", "29,000,000.00", "30,000,000.00"]
    assert [c.value for c in tried["测算结果"][4]][:4] == ["合计", 29_000_000, 30_000_000, 1_000_000]
    await county.fill("[id='weights.0.weight_bp']", "70")
    assert "ALC-201" in await press(county, "测算")
    await county.goto(f"{run}/sensitivity")
    assert "库区面积" in await words_of(county)
    await _take(county, "link", "下载 PDF", folder / "sensitivity.pdf")
    await _take(county, "link", "下载表格", folder / "sensitivity.xlsx")
    await county.goto(f"{run}/change")
    assert "-1,000,000.00" in await words_of(county)
    await _take(county, "link", "下载 PDF", folder / "change.pdf")
    await _take(county, "link", "下载表格", folder / "change.xlsx")
    causes = openpyxl.load_workbook(folder / "change.xlsx")["增减原因（元）"]
    assert [causes.cell(4, n).value for n in range(1, 5)] == ["合计", 30_000_000, 29_000_000, -1_000_000]


async def _take(page: Any, role: str, label: str, file: Path) -> None:
    async with page.expect_download() as coming:
        await page.get_by_role(role, name=label).click()
    await (await coming.value).save_as(file)
    assert file.read_bytes()[:4] in {b"%PDF", b"PK\x03\x04"}


async def _tell(clerk: Any, leader: Any, run: str) -> None:
    await clerk.goto("/home")
    assert "待拟制下达通知" in await clerk.inner_text("main")
    await clerk.goto(run)
    await clerk.get_by_role("link", name="拟制通知").click()
    await words_of(clerk)
    await clerk.fill("#doc_no", "衢移〔2026〕12号")
    await press(clerk, "保存通知")
    await leader.goto(str(clerk.url))
    await press(leader, "签发", sure=True)
    assert "请在 2026-10-20 前公开" in await words_of(leader)
    await clerk.goto(str(leader.url))
    assert "已公开" in await press(clerk, "公开", sure=True)


async def _check(stranger: Any, folder: Path) -> None:
    await stranger.goto("/public/allocations")
    await words_of(stranger)
    await stranger.get_by_role("link", name="下达2026年后期扶持资金").click()
    await stranger.wait_for_url("**/public/allocations/1")
    shown = await words_of(stranger)
    assert "29,000,000.00" in shown
    for label, name in (("下载重算文件", "run.json"), ("下载通知（PDF）", "notice.pdf")):
        async with stranger.expect_download() as coming:
            await stranger.get_by_role("link", name=label).click()
        await (await coming.value).save_as(folder / name)
    printed = recompute_split(folder / "run.json")
    shares = [line.split()[-1] for line in printed.splitlines() if line[:4] == "3308"]
    assert len(shares) == 2
    assert all(share in shown for share in shares)
    assert (folder / "notice.pdf").read_bytes()[:4] == b"%PDF"


async def _bring_results(clerk: Any, leader: Any, file: Path) -> None:
    """Results of the townships: the blank sheet is filled in, brought in by one, confirmed by another."""
    await clerk.goto("/factor/results")
    await clerk.get_by_role("link", name="导入绩效结果").click()
    await words_of(clerk)
    async with clerk.expect_download() as coming:
        await clerk.get_by_role("link", name="下载填报表").click()
    await (await coming.value).save_as(file)
    book = openpyxl.load_workbook(file)
    book.active.cell(2, 3).value = "86.5"
    book.save(file)
    await clerk.fill("#source", "衢江移〔2026〕6号")
    await clerk.fill("#as_of", "2026-03-05")
    await clerk.set_input_files("#file", file)
    assert "尚未确认" in await press(clerk, "导入")
    await leader.goto(str(clerk.url))
    assert "86.5" in await words_of(leader)
    assert "已确认" in await press(leader, "确认", sure=True)


async def _share_below(clerk: Any, leader: Any) -> str:
    """The county splits part of its share: results are taken over, people typed, a notice issued. Gives the run."""
    await clerk.goto("/factor/new")
    await clerk.select_option("#batch", index=1)
    await clerk.select_option("#scheme", label="乡镇分配方案（第1版）")
    await clerk.fill("#title", "衢江区乡镇资金分配")
    await clerk.fill("#pool_fen", "100万")
    await press(clerk, "下一步：填报数据")
    run = str(clerk.url).removesuffix("/data")
    await press(clerk, "取用系统提供的数据", sure=True)
    await clerk.fill("[name='values.0.value']", "1200")
    await clerk.fill("#source", "2025年移民统计年报")
    await clerk.fill("#as_of", "2025-12-31")
    assert "衢江移〔2026〕6号（2025年度绩效结果）" in await press(clerk, "保存数据")
    await clerk.fill("#remark", "名册补录中。")
    await press(clerk, "冻结数据和方案，提交审批", sure=True)
    await leader.goto(run)
    await press(leader, "审批通过并下达", sure=True)
    await clerk.goto(f"{run}/notice")
    await clerk.fill("#doc_no", "衢江移〔2026〕14号")
    await press(clerk, "保存通知")
    await leader.goto(str(clerk.url))
    await press(leader, "签发", sure=True)
    return run


async def _read_own(township: Any, run: str) -> None:
    await township.goto("/factor")
    assert "2026年因素法分配" not in await words_of(township)
    await township.get_by_role("link", name="衢江区乡镇资金分配").click()
    await township.wait_for_url(f"**{run[run.index('/factor') :]}")
    assert "（本单位）" in await words_of(township)
    await township.get_by_role("link", name="计算过程").click()
    await township.wait_for_url("**/working")
    assert "1,000,000.00" in await words_of(township)
    await township.goto(run)
    await township.get_by_role("link", name="通知 衢江移〔2026〕14号").click()
    await township.wait_for_url("**/factor/notices/*")
    assert "各乡镇人民政府" in await words_of(township)

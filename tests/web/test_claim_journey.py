"""Clerk, township, leader, deputy and finance in a real Chromium: a claim held by a finding, signed and paid."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
import pytest_asyncio
from claim_house import PDF, agreed, contracted
from house import KECHENG, NOW, SHILIANG, VILLAGE, Database, make_account
from live import DESK, browsing, looked_at, serving

from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.accounts.sessions import COOKIE, open_session
from quzhou_migrants.kernel import pg
from quzhou_migrants.kernel.actor import SYSTEM
from quzhou_migrants.kernel.db import ENGINE, close_pool, open_pool
from quzhou_migrants.kernel.tx import begin

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
PEOPLE = {
    "clerk": (Role.COUNTY_CLERK, KECHENG), "deputy": (Role.COUNTY_CLERK, KECHENG),
    "leader": (Role.COUNTY_LEADER, KECHENG), "finance": (Role.COUNTY_FINANCE, KECHENG),
    "township": (Role.TOWNSHIP_CLERK, SHILIANG),
}  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desks(server, template):
    """One server, one browser, one window for each person, one project half built with a grave finding."""
    name = "claims_in_a_browser"
    server.drop_database(name)
    db = Database(name, server.create_database(name, template), server.dsn(pg.APP, name))
    people = {who: await make_account(db, role, place) for who, (role, place) in PEOPLE.items()}
    ENGINE.configure(db.app)
    await open_pool(size=2)
    tokens = {who: await open_session(user, "test") for who, user in people.items()}
    async with begin(SYSTEM, request_id="t", at=NOW) as tx:
        project = await contracted(tx, award=600_000_00, contract=600_000_00)
        await agreed(tx, project, ends_on=date(2099, 12, 31))
        post = await tx.conn.fetchval('SELECT id FROM accounts_post WHERE "user" = $1', people["deputy"])
        visit = await tx.conn.fetchval(
            "INSERT INTO inspection_visit (division_code, project, inspector_name, client_id, started_at, finished_at,"
            " sent_at, fix_source, contact_way, expected, state) VALUES ($1, $2, '巡查', gen_random_uuid(), $3, $3, $3,"
            " 'none', 'typed', 0, 'counted') RETURNING id",
            VILLAGE,
            project,
            NOW,
        )
        await tx.conn.execute(
            "INSERT INTO inspection_finding (visit, project, division_code, kind, serious, content)"
            " VALUES ($1, $2, $3, 'quality', true, '路基下沉')",
            visit,
            project,
            VILLAGE,
        )
    async with serving(db) as url, browsing() as chromium:
        windows: dict[str, Any] = {"project": project, "post": str(post)}
        for who, token in tokens.items():
            window = await chromium.new_context(viewport=DESK, locale="zh-CN", base_url=url, bypass_csp=True)
            await window.add_cookies([{"name": COOKIE, "value": token, "url": url}])
            windows[who] = await window.new_page()
        yield windows
    await close_pool()
    server.drop_database(name)


async def press(page: Any, label: str, *, sure: bool = False) -> None:
    """Press a button, confirm the question when one is asked."""
    await page.get_by_role("button", name=label, exact=True).last.click()
    if sure:
        await page.locator("dialog .btn-primary").click()
        await page.wait_for_selector("dialog", state="detached")
    await page.wait_for_load_state()


async def test_a_claim_is_held_then_signed_in_order_and_by_a_deputy_then_paid(desks) -> None:
    clerk = desks["clerk"]
    claim = await _prepare(clerk, desks["project"])
    await press(clerk, "提交会签", sure=True)
    assert "路基下沉" in await clerk.inner_text(".notice--bad")  # what holds it, in one sentence
    await clerk.locator(".notice--bad a").first.click()
    assert "/visits/" in clerk.url
    async with begin(SYSTEM, request_id="t", at=NOW) as tx:
        await tx.conn.execute("UPDATE inspection_finding SET state = 'closed'")
    await clerk.goto(claim)
    await press(clerk, "提交会签", sure=True)
    assert "会签中" in await clerk.inner_text(".page-head")
    await looked_at(clerk)
    await _authorise(desks["leader"], desks["post"])
    for who in ("township", "deputy", "finance"):
        await _sign(desks[who], claim)
    assert "（代" in await desks["finance"].inner_text("table >> nth=1")
    await _pay(desks["finance"], claim)


async def _prepare(clerk: Any, project: int) -> str:
    await clerk.goto(f"/claims/new?project={project}")
    await looked_at(clerk)
    await clerk.check("input[name=kind][value=progress]")
    typed = {
        "amount_fen": "25万", "measured_bp": "60", "payee": "建设公司", "invoice_number": "26332000000012345678",
        "invoice_fen": "25万", "invoice_tax_fen": "20642.20", "invoice_on": "2026-09-10",
    }  # fmt: skip
    for name, value in typed.items():
        await clerk.fill(f"#{name}", value)
    await press(clerk, "保存草稿")
    claim = str(clerk.url)
    shut = await clerk.inner_text(".gate-list")
    for said in ("路基下沉", "申报的计量进度60%超过现场核实进度50%", "请写明其中的工人工资"):
        assert said in shut
    await clerk.get_by_role("link", name="修改", exact=True).click()
    await clerk.fill("#measured_bp", "50")
    await clerk.fill("#wages_fen", "5万")
    await press(clerk, "保存草稿")
    for kind in ("invoice", "progress"):
        await clerk.select_option("#kind", kind)
        await clerk.set_input_files("#file", [{"name": "扫描件.pdf", "mimeType": "application/pdf", "buffer": PDF}])
        await press(clerk, "上传材料")
    await looked_at(clerk)
    return claim


async def _authorise(leader: Any, post: str) -> None:
    await leader.goto("/claims/deputies/new")
    await leader.select_option("#deputy", post)
    today = await leader.input_value("#starts_on")
    for name, value in {"ends_on": today, "doc_no": "柯移〔2026〕9号", "reason": "外出学习"}.items():
        await leader.fill(f"#{name}", value)
    await press(leader, "确认委托", sure=True)
    assert "有效" in await leader.inner_text(".page-head")
    await looked_at(leader)


async def _sign(person: Any, claim: str) -> None:
    await person.goto("/home")
    await person.locator(f"a[href='{claim[claim.index('/claims') :]}']").first.click()
    await press(person, "同意并签字", sure=True)
    assert "已签字" in await person.inner_text("body")


async def _pay(finance: Any, claim: str) -> None:
    for name, value in {"voucher_no": "记-0916", "bank_ref": "ICBC20260916", "paid_on": "2026-09-16"}.items():
        await finance.fill(f"#{name}", value)
    await press(finance, "登记支付", sure=True)
    assert "ICBC20260916" in await finance.inner_text("main")
    await looked_at(finance)
    await finance.goto("/claims/scheme")
    await looked_at(finance)
    assert "村级资金小组" in await finance.inner_text("main")
    answer = await finance.request.get(f"{claim}/form.pdf")
    assert (await answer.body()).startswith(b"%PDF")

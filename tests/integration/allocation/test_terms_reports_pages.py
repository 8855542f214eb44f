"""Pages and addresses of the clocks and the reports: what is shown to whom, as a page, a sheet, a paper, JSON."""

from __future__ import annotations

from datetime import date, datetime
from io import BytesIO

import openpyxl
from house import CITY, KECHENG, NOW, SHILIANG, actor
from money_house import batch_form, book

from allocation.budget import ledger
from allocation.budget import service as budget
from allocation.budget.ledger import Share
from allocation.terms import service as terms
from allocation.terms.forms import FillForm, PoolForm
from allocation.terms.rules import Purpose
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.clock import SHANGHAI
from quzhou_migrants.kernel.tx import begin

WAN = 1_000_000
PAPERS = ("/reports/use.pdf?by=batch", "/reports/plan.pdf?by=category", "/reports/idle.pdf")


async def _money() -> tuple[int, int]:
    at = datetime(2024, 3, 1, 9, tzinfo=SHANGHAI)
    async with begin(actor(Role.CITY_CLERK, CITY), request_id="t", at=at) as tx:
        form = batch_form(issued_on=date(2024, 3, 1), total_fen=50 * WAN, cash_fen=0, project_fen=50 * WAN)
        batch = await budget.draft_batch(tx, form)
        await book(tx, batch)
        shares = [Share(KECHENG, 0, 30 * WAN)]
        await ledger.pass_down(tx, "down", batch, CITY, shares, source=("allocation_batch", batch))
    async with begin(actor(Role.COUNTY_CLERK, KECHENG), request_id="t", at=NOW) as tx:
        pool = await terms.open_pool(tx, PoolForm(SHILIANG, Purpose.STARTUP, "统筹资金", "文", 3))
        await terms.fill_pool(tx, pool, FillForm(10 * WAN, "文"))
    return batch, pool


async def test_a_county_and_a_township_see_their_clocks_reports_and_papers(db, client_as) -> None:
    batch, pool = await _money()
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        page = (await http.get("/terms")).text
        assert "2026-03-01" in page
        assert f"/terms/clock?batch={batch}&amp;division={KECHENG}" in page
        for path in PAPERS:
            assert (await http.get(path)).content[:5] == b"%PDF-"
        aged = (await http.get("/reports/idle?age=long&kind=available")).text
        assert "/reports/idle.pdf?age=long&amp;kind=available" in aged
        sheet = await http.get("/reports/use?by=township&format=xlsx")
        rows = list(openpyxl.load_workbook(BytesIO(sheet.content)).worksheets[1].values)
        assert [(r[0], r[1]) for r in rows[1:]] == [("柯城区", 200_000), ("石梁镇", 100_000)]
        told = (await http.get("/api/v1/reports/use?by=township")).json()
        assert [(r["title"], r["figures"]["total_fen"]) for r in told] == [("柯城区", 20 * WAN), ("石梁镇", 10 * WAN)]
        behind = (await http.get(told[1]["entries"])).text
        assert f"/terms/pools/{pool}" in behind
        clocks = (await http.get("/api/v1/terms/clocks")).json()
        assert [(c["stage"], c["free_fen"], c["pooled_fen"]) for c in clocks] == [("over", 20 * WAN, 10 * WAN)]
        fragment = await http.get("/reports/use?by=batch", headers={"HX-Request": "true", "HX-Target": "listing"})
        assert fragment.headers["HX-Redirect"] == "/reports/use?by=batch"
        assert (await http.get("/reports/use?by=nonsense&division=1&batch=x&year=abcd&at=zz")).status_code == 200
        wrong = await http.get(f"/terms/clock?batch={batch}&division=330803000000")
        assert wrong.status_code == 404
        assert (await http.post("/api/v1/terms/pools", json={"division": SHILIANG})).status_code == 400
    async with client_as(Role.TOWNSHIP_CLERK, SHILIANG) as http:
        assert "统筹资金" in (await http.get(f"/terms/pools/{pool}")).text
        assert (await http.get("/terms")).status_code == 403
        assert (await http.get("/reports/use")).status_code == 403
        assert [p["holds_fen"] for p in (await http.get("/api/v1/terms/pools")).json()] == [10 * WAN]

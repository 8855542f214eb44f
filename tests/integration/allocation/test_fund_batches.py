"""Published batches booked as they were printed: every part lies where its document put it."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path
from uuid import uuid4

import pytest
from house import CITY, KECHENG, QUJIANG
from money_house import batch_form, book

from allocation.budget import earmarks, queries, service
from allocation.budget.forms import EarmarkForm
from allocation.budget.rules import Fund
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.money import parse_wan

pytestmark = pytest.mark.asyncio(loop_scope="session")
CASES = tomllib.loads((Path(__file__).parents[2] / "cases/allocation/fund_batches.toml").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES["document"], ids=lambda case: case["name"])
async def test_a_published_document_lies_in_the_ledger_as_printed(tx_as, case) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        for b in case["batches"]:
            cash, project = parse_wan(b["cash"]), parse_wan(b["project"])
            batch = await service.draft_batch(
                tx,
                batch_form(
                    doc_no=case["source"][:80],
                    fund_kind=Fund(b["fund_kind"]),
                    cash_fen=cash,
                    project_fen=project,
                    total_fen=cash + project,
                    direct_reach=b["direct_reach"],
                ),
            )
            for mark in case["earmarks"]:
                await earmarks.add_earmark(tx, batch, EarmarkForm(mark["title"], parse_wan(mark["amount"]), "ecology"))
            await book(tx, batch)
        rows = await tx.conn.fetch(
            "SELECT kind, sum(balance_fen)::bigint AS fen FROM allocation_balance WHERE kind <> 'notified' GROUP BY 1"
        )
        assert {r["kind"]: r["fen"] for r in rows if r["fen"]} == {k: parse_wan(v) for k, v in case["lies"].items()}
        counted = await tx.conn.fetchrow(
            "SELECT sum(persons) AS persons, min(budget_year) AS year FROM allocation_batch"
        )
        assert (counted["persons"], counted["year"]) == (case["persons"], date(2026, 9, 1).year)
        assert await queries.ledger_faults(tx.conn) == []


async def checked_and_booked(client_as, batch: str) -> None:
    """Sent by a clerk, sent back once, sent again, booked by the leader."""
    async with client_as(Role.CITY_CLERK) as clerk, client_as(Role.CITY_LEADER) as leader:
        await clerk.post(f"{batch}/submit")
        back = await leader.post(f"{batch}/return", json={"reason": "请核对专项"})
        assert back.json()["state"] == "draft"
        await clerk.post(f"{batch}/submit")
        assert (await leader.post(f"{batch}/record")).json()["state"] == "recorded"


async def test_the_api_splits_issues_and_closes_like_the_pages(db, client_as) -> None:
    async with client_as(Role.CITY_CLERK) as http:
        made = await http.post(
            "/api/v1/funds",
            json={"doc_no": "浙财农〔2026〕30号", "title": "接口登记", "level": "central", "fund_kind": "central",
                  "issued_on": "2026-09-01", "total_fen": 1_000_00, "cash_fen": 600_00, "project_fen": 400_00},
        )  # fmt: skip
        assert made.status_code == 201, made.text
        batch = made.json()["id"]
        bound = await http.post(
            f"/api/v1/funds/{batch}/earmarks", json={"title": "生态", "amount_fen": 100_00, "category": "ecology"}
        )
        assert [(e["amount_fen"], e["left_fen"]) for e in bound.json()] == [(100_00, 0)]
    await checked_and_booked(client_as, f"/api/v1/funds/{batch}")
    async with client_as(Role.CITY_CLERK) as http:
        mark = (await http.get(f"/api/v1/funds/{batch}/earmarks")).json()[0]
        assert mark["left_fen"] == 100_00
        lines = [{"division_code": KECHENG, "cash_fen": 600_00, "project_fen": 300_00},
                 {"division_code": QUJIANG, "earmark": mark["id"], "earmark_fen": 100_00}]  # fmt: skip
        paper = {"doc_no": "衢移〔2026〕30号", "title": "分解", "issued_on": "2026-09-05", "lines": lines}
        split = (await http.post(f"/api/v1/splits?batch={batch}", json=paper)).json()
        refused = await http.post(f"/api/v1/splits/{split['id']}/issue")
        assert refused.status_code == 403
        assert (await http.get("/api/v1/closings")).json() == []
        assert (await http.get("/api/v1/closings/1/totals")).status_code == 404
    async with client_as(Role.CITY_LEADER) as http:
        assert f"/splits/{split['id']}" in (await http.get("/home")).text
        issued = (await http.post(f"/api/v1/splits/{split['id']}/issue")).json()
        assert (issued["state"], len(issued["lines"])) == ("passed_down", 2)
        page = await http.get(f"/splits/{split['id']}")
        assert re.search(r"签发下达|已下达", page.text)
        sheet = await http.get(f"/splits/{split['id']}/annex.xlsx")
        assert sheet.content.startswith(b"PK")
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        seen = (await http.get(f"/api/v1/splits?batch={batch}")).json()
        assert [x["division_code"] for s in seen for x in s["lines"]] == [KECHENG]
        entries = await http.get(f"/funds/entries?division={KECHENG}&batch={batch}&kinds=cash")
        assert "600.00 元" in entries.text
    async with client_as(Role.CITY_LEADER) as http:
        back = await http.post(f"/api/v1/splits/{split['id']}/reverse", json={"reason": "文号录错"})
        assert back.json()["state"] == "reversed"
    async with client_as(Role.CITY_CLERK) as http:
        annex = (await http.get(f"/splits/{split['id']}/annex.pdf")).content
        for page in (f"/funds/{batch}", f"/splits/{split['id']}"):
            token = re.search(r'name="once" value="([^"]+)"', (await http.get(page)).text)[1]
            kept = await http.post(f"{page}/papers", data={"once": token}, files={"file": ("原件.pdf", annex)})
            assert kept.headers.get("location") == page, kept.text
            link = re.search(r'href="(/files/[^"]+)">原件.pdf', (await http.get(page)).text)
            assert (await http.get(link[1])).content == annex
            fake = await http.post(f"{page}/papers", data={"once": str(uuid4())}, files={"file": ("原件.pdf", b"text")})
            assert "KRN-64" in fake.text

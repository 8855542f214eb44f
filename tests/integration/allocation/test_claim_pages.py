"""A claim through the real pages: every button of clerk, leader and finance."""

from __future__ import annotations

import asyncio
import re
import uuid
from html import unescape

import pytest
from house import KECHENG, NOW, QUJIANG, VILLAGE

from allocation.budget import ledger
from allocation.budget.ledger import Kind as Lies
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.actor import SYSTEM
from quzhou_migrants.kernel.tx import Tx, begin

pytestmark = pytest.mark.asyncio(loop_scope="session")

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


async def as_machine(work):
    async with begin(SYSTEM, request_id=uuid.uuid4().hex[:16], at=NOW) as tx:
        return await work(tx)


async def a_contract(tx: Tx) -> int:
    project = int(
        await tx.conn.fetchval(
            "INSERT INTO projects_project (code, division_code, title, state, asked_fen, own_fen, award_fen,"
            " contract_fen, contractor, progress_bp) VALUES ('P-1', $1, '村道硬化', 'building', 48000000, 48000000,"
            " 48000000, 50000000, '建设公司', 5000) RETURNING id",
            VILLAGE,
        )
    )
    batch = await a_batch(tx, 48_000_000)
    await ledger.post(
        tx,
        "test:1",
        [
            ledger.Line(batch, KECHENG, Lies.NOTIFIED, -48_000_000),
            ledger.Line(batch, VILLAGE, Lies.CONTRACTED, 48_000_000, project),
        ],
        source=("allocation_batch", batch),
    )
    return project


async def a_batch(tx: Tx, amount: int) -> int:
    return int(
        await tx.conn.fetchval(
            "INSERT INTO allocation_batch (division_code, doc_no, title, level, fund_kind, issued_on, project_fen)"
            " VALUES ($1, $2, '批次', 'city', 'project', '2026-01-10', $3) RETURNING id",
            KECHENG,
            uuid.uuid4().hex[:8],
            amount,
        )
    )


async def send(http, page: str, path: str, files=None, **fields: str):
    """Take the token of the page the form stands on, then post to the form's address."""
    shown = await http.get(page)
    assert shown.status_code == 200, shown.text
    token = re.search(r'name="once" value="([^"]+)"', shown.text)
    assert token, page
    return await http.post(path, data={"once": token[1], **fields}, files=files)


CLAIM = {
    "kind": "progress",
    "amount_fen": "190000",
    "payee": "建设公司",
    "invoice_number": "26332000000012345678",
    "invoice_fen": "190000",
    "invoice_tax_fen": "15000",
    "wages_fen": "40000",
    "measured_bp": "50",
    "invoice_on": "2026-09-10",
}


async def test_a_claim_through_every_page_to_the_voucher(db, client_as) -> None:
    project = await as_machine(a_contract)
    async with (
        client_as(Role.COUNTY_CLERK, KECHENG) as clerk,
        client_as(Role.COUNTY_LEADER, KECHENG) as leader,
        client_as(Role.COUNTY_FINANCE, KECHENG) as finance,
    ):
        start = f"/claims/new?project={project}"
        wrong = await send(clerk, start, start, **(CLAIM | {"invoice_number": "12", "payee": ""}))
        assert wrong.status_code == 422
        assert "WEB-101" in wrong.text
        made = await send(clerk, start, start, **CLAIM)
        assert made.status_code == 303, made.text
        claim = made.headers["location"]
        again = await send(clerk, start, start, **CLAIM)
        assert (again.status_code, "ALC-412" in again.text) == (409, True)
        early = await send(clerk, claim, f"{claim}/submit")
        assert (early.status_code, "ALC-414" in early.text) == (422, True)
        for kind in ("invoice", "progress"):
            paper = {"file": ("证明.pdf", PDF, "application/pdf")}
            kept = await send(clerk, claim, f"{claim}/papers", files=paper, kind=kind)
            assert kept.status_code == 303, kept.text
        assert (await send(clerk, claim, f"{claim}/submit")).status_code == 303
        assert claim in (await leader.get("/home")).text
        assert claim not in (await finance.get("/home")).text
        assert (await send(finance, claim, f"{claim}/sign")).status_code == 409
        assert (await send(leader, claim, f"{claim}/sign", opinion="同意支付")).status_code == 303
        assert (await send(finance, claim, f"{claim}/sign")).status_code == 303
        pay = {"voucher_no": "记-12", "bank_ref": "ICBC0001", "paid_on": "2026-09-16"}
        assert (await send(finance, claim, f"{claim}/pay", **pay)).status_code == 303
        page = unescape((await leader.get(claim)).text)
        for said in ("已支付", "同意支付", "记-12", "ICBC0001", "190,000.00", "40,000.00", f"?project={project}"):
            assert said in page
        printed = await leader.get(f"{claim}/form.pdf")
        assert printed.content.startswith(b"%PDF")
        for path in ("/claims", "/claims/projects", f"/claims/project/{project}", f"/projects/{project}"):
            assert "村道硬化" in (await clerk.get(path)).text, path
        drill = re.search(r'href="(/funds/entries\?[^"]+kinds=paid[^"]*)"', page)
        assert drill
        assert claim in (await leader.get(drill[1])).text
        file = re.search(r'href="(/files/\d+)"', page)
        assert file
        assert (await leader.get(file[1])).content == PDF
    async with client_as(Role.COUNTY_LEADER, QUJIANG) as foreign:
        for path in (claim, f"{claim}/form.pdf", file[1]):
            assert (await foreign.get(path)).status_code == 404
        assert "村道硬化" not in (await foreign.get("/claims")).text


async def test_a_double_click_prepares_one_claim(db, client_as) -> None:
    project = await as_machine(a_contract)
    async with client_as(Role.COUNTY_CLERK, KECHENG) as clerk:
        start = f"/claims/new?project={project}"
        token = re.search(r'name="once" value="([^"]+)"', (await clerk.get(start)).text)
        assert token
        said = await asyncio.gather(*(clerk.post(start, data={"once": token[1], **CLAIM}) for _ in range(4)))
        assert [a.status_code for a in said] == [303] * 4
        assert len({a.headers["location"] for a in said}) == 1
    assert await as_machine(lambda tx: tx.conn.fetchval("SELECT count(*) FROM allocation_claim")) == 1


async def test_the_interface_prepares_once_and_tells_the_gates(db, client_as) -> None:
    project = await as_machine(a_contract)
    body = {
        "once": str(uuid.uuid4()),
        "project": project,
        "kind": "advance",
        "amount_fen": 14_400_001,
        "payee": "建设公司",
        "invoice_number": "87654321",
        "invoice_code": "0330023001",
        "invoice_fen": 14_400_001,
        "invoice_on": "2026-09-10",
    }
    async with client_as(Role.COUNTY_CLERK, KECHENG) as clerk:
        for slip in ({"wages_fen": -1}, {"final_fen": 0}, {"measured_bp": 10_001}, {"note": "长" * 501}, {"payee": ""}):
            assert (await clerk.post("/api/v1/claims", json=body | slip)).status_code == 400, slip
        first = await clerk.post("/api/v1/claims", json=body)
        assert first.status_code == 201, first.text
        assert (await clerk.post("/api/v1/claims", json=body)).json()["id"] == first.json()["id"]
        assert {g["code"] for g in first.json()["gates"] if not g["is_open"]} == {"ALC-403"}
        told = await clerk.post(f"/api/v1/claims/{first.json()['id']}/submit")
        assert (told.status_code, told.json()["code"]) == (409, "ALC-403")
        money = (await clerk.get(f"/api/v1/projects/{project}/money")).json()
        assert (money["award_fen"], money["claimed_fen"], money["progress_bp"]) == (48_000_000, 0, 5000)

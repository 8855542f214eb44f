"""A claim and a round through the real pages: every button of clerk, leader, finance and expert."""

from __future__ import annotations

import asyncio
import re
import uuid
from html import unescape

import asyncpg
import pytest
from house import KECHENG, NOW, QUJIANG, VILLAGE

from allocation.budget import ledger
from allocation.budget.ledger import Kind as Lies
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.accounts.sessions import COOKIE, open_session
from quzhou_migrants.kernel.actor import SYSTEM
from quzhou_migrants.kernel.db import connect_arguments
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
        "invoice_fen": 14_400_001,
        "invoice_on": "2026-09-10",
    }
    async with client_as(Role.COUNTY_CLERK, KECHENG) as clerk:
        first = await clerk.post("/api/v1/claims", json=body)
        assert first.status_code == 201, first.text
        assert (await clerk.post("/api/v1/claims", json=body)).json()["id"] == first.json()["id"]
        assert {g["code"] for g in first.json()["gates"] if not g["is_open"]} == {"ALC-403"}
        told = await clerk.post(f"/api/v1/claims/{first.json()['id']}/submit")
        assert (told.status_code, told.json()["code"]) == (409, "ALC-403")
        money = (await clerk.get(f"/api/v1/projects/{project}/money")).json()
        assert (money["award_fen"], money["claimed_fen"], money["progress_bp"]) == (48_000_000, 0, 5000)


ROUND = {
    "title": "2026年竞争性分配",
    "call": "支持产业",
    "budget_fen": "100万",
    "cap_fen": "50万",
    "cut_rule": "stop",
    "opens_on": "2026-09-01",
    "score_by": "2026-09-20",
    "decide_by": "2026-09-30",
    "criteria.0.title": "带动增收",
    "criteria.0.weight_bp": "60",
    "criteria.1.title": "可行性",
    "criteria.1.weight_bp": "40",
}


async def reserve_and_money(tx: Tx) -> None:
    for n in (1, 2):
        await tx.conn.execute(
            "INSERT INTO projects_project (code, division_code, title, state, asked_fen, admitted_at)"
            " VALUES ($1, $2, $3, 'admitted', 30000000, now())",
            f"R-{n}",
            VILLAGE,
            f"储备项目{n}",
        )
    batch = await a_batch(tx, 200_000_000)
    await ledger.post(
        tx,
        "test:2",
        [
            ledger.Line(batch, KECHENG, Lies.NOTIFIED, -200_000_000),
            ledger.Line(batch, KECHENG, Lies.AVAILABLE, 200_000_000),
        ],
        source=("allocation_batch", batch),
    )


async def five_people(db) -> list[int]:
    conn = await asyncpg.connect(**connect_arguments(db.owner))
    found = [
        await conn.fetchval(
            "INSERT INTO accounts_user (division_code, login, name, password_hash, must_change)"
            " VALUES ($1, $2, $3, '', false) RETURNING id",
            KECHENG,
            f"expert{n}",
            f"专家{n}",
        )
        for n in range(5)
    ]
    await conn.close()
    return found


async def test_a_round_through_every_page_to_awards(db, client_as) -> None:
    await as_machine(reserve_and_money)
    async with client_as(Role.COUNTY_CLERK, KECHENG) as clerk, client_as(Role.COUNTY_LEADER, KECHENG) as leader:
        people = await five_people(db)
        lame = await send(clerk, "/rounds/new", "/rounds/new", **(ROUND | {"criteria.1.weight_bp": "50"}))
        assert (lame.status_code, "ALC-301" in lame.text) == (422, True)
        made = await send(clerk, "/rounds/new", "/rounds/new", **ROUND)
        assert made.status_code == 303, made.text
        base = made.headers["location"]
        changed = await send(clerk, f"{base}/edit", f"{base}/edit?version=1", **(ROUND | {"cap_fen": "40万"}))
        assert changed.status_code == 303
        reserve = await clerk.get(f"{base}/reserve")
        picks = re.findall(r'name="project"[^>]*value="(\d+)"', reserve.text)
        assert (await send(clerk, f"{base}/reserve", f"{base}/reserve", project=picks)).status_code == 303
        for person in people:
            answer = await send(clerk, base, f"{base}/experts", user_id=str(person), employer="省水科院")
            assert answer.status_code == 303, answer.text
        async with client_as(None) as anybody:
            assert (await anybody.get(f"/public{base}")).status_code == 404
            assert (await send(clerk, base, f"{base}/publish")).status_code == 303
            assert "带动增收" in (await anybody.get(f"/public{base}")).text
        assert (await send(clerk, base, f"{base}/start")).status_code == 303
        assert (await send(clerk, base, f"{base}/close")).status_code == 409
        await all_review(client_as, people)
        page = (await clerk.get(base)).text
        assert "已回避" in page
        sealed = (await clerk.get(f"/api/v1{base}")).json()["candidates"]
        assert {(c["rank"], c["mean"], c["proposed_fen"]) for c in sealed} == {(None, None, None)}
        assert "90.00" not in page
        assert (await send(clerk, base, f"{base}/close")).status_code == 303
        assert "90.00" in (await clerk.get(base)).text
        lines = await clerk.get(f"{base}/decision")
        fields = {k: unescape(v) for k, v in re.findall(r'name="(lines[^"]+)"[^>]*value="([^"]*)"', lines.text)}
        fields |= {"held_on": "2026-09-16", "place": "三楼", "chair": "甲", "minutes": "听取评审情况。"}
        for m, name in enumerate("甲乙丙"):
            fields |= {f"members.{m}.name": name, f"members.{m}.present": "on", f"members.{m}.vote": "for"}
        decided = await send(clerk, f"{base}/decision", f"{base}/decision", **fields)
        assert decided.status_code == 303, decided.text
        assert (await leader.get(f"{base}/minutes.pdf")).content.startswith(b"%PDF")
        assert base in (await leader.get("/home")).text
        assert (await send(leader, base, f"{base}/approve")).status_code == 303
        assert "已批准" in (await leader.get(base)).text
        assert (await leader.get("/awards?source=round")).text.count("储备项目") == 2
        assert "2026年竞争性分配" in (await clerk.get("/rounds")).text
        told = (await clerk.get(f"/api/v1{base}")).json()
        assert [(c["rank"], c["mean"], c["awarded_fen"]) for c in told["candidates"]] == [
            (1, "90", 30_000_000),
            (2, "90", 30_000_000),
        ]
        assert (await clerk.get("/reviews")).status_code == 403
    async with client_as(None) as anybody:
        result = (await anybody.get(f"/public{base}")).text
        assert result.count("300,000.00") == 4
        assert "专家1" not in result
        assert "2026年竞争性分配" in (await anybody.get("/public/rounds")).text


async def all_review(client_as, people: list[int]) -> None:
    for n, person in enumerate(people):
        async with client_as(None) as expert:
            expert.cookies.set(COOKIE, await open_session(person, "test"))
            await review_all(expert, recuse_first=n == 0)


async def review_all(expert, *, recuse_first: bool) -> None:
    """Declare and score everything on the list; the first expert steps back from the first project."""
    listed = await expert.get("/reviews")
    assert listed.status_code == 200, listed.text
    found = sorted(set(re.findall(r'href="(/reviews/\d+)"', listed.text)))
    assert len(found) == 2
    if recuse_first:
        gone = found.pop(0)
        answer = await send(expert, gone, f"{gone}/recuse", conflict="kin", reason="近亲属是申报人")
        assert answer.headers["location"] == "/reviews"
        assert gone not in (await expert.get("/reviews")).text
        assert (await expert.get(gone)).status_code == 404
    for review in found:
        assert (await send(expert, review, f"{review}/clear")).status_code == 303
        sheet = await expert.get(review)
        keys = re.findall(r'name="(points\.\d+\.criterion)" value="(\d+)"', sheet.text)
        fields = dict(keys) | {k.replace("criterion", "points"): "90" for k, _ in keys}
        bad = await send(expert, review, f"{review}/score", **(fields | {"points.0.points": "101"}))
        assert bad.status_code == 422
        assert (await send(expert, review, f"{review}/score", **fields)).status_code == 303
        assert "90.00" in (await expert.get(review)).text
    for path in ("/claims", "/rounds", "/projects", "/register/households"):
        assert (await expert.get(path)).status_code in {403, 404}

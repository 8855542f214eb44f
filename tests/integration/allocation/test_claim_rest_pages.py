"""Pages beside the claims: deputies named and taken back, retention by its day, the scheme; the same for programs."""

from __future__ import annotations

import re
from typing import Any

import pytest
from bank_house import account, sent
from claim_house import CONTRACT, FINANCE, contracted, form, paid_form, signed
from house import KECHENG, NOW, QUJIANG, Database, become, make_account

from allocation.payments import service
from allocation.payments.rules import Kind
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.accounts.sessions import COOKIE, open_session
from quzhou_migrants.kernel.actor import SYSTEM
from quzhou_migrants.kernel.tx import begin

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def send(http: Any, page: str, path: str, **fields: str) -> Any:
    """Take the token of the page the form stands on, then post to the form's address."""
    token = re.search(r'name="once" value="([^"]+)"', (await http.get(page)).text)
    assert token, page
    return await http.post(path, data={"once": token[1], **fields})


async def become_somebody(db: Database, http: Any, role: Role, place: str) -> None:
    """Go on in the same window as somebody else."""
    http.cookies.set(COOKIE, await open_session(await make_account(db, role, place), "test"))


async def test_a_deputy_is_named_seen_and_taken_back(db, client_as) -> None:
    new = "/claims/deputies/new"
    await make_account(db, Role.COUNTY_CLERK, KECHENG)
    async with client_as(Role.COUNTY_LEADER, KECHENG) as leader:
        shown = await leader.get(new)
        post = re.search(r'<option value="(\d+)"', shown.text)
        assert post
        typed = {"deputy": post[1], "starts_on": "2099-01-01", "doc_no": "柯移〔2099〕9号", "reason": "外出"}
        far = await send(leader, new, new, **typed, ends_on="2099-12-31")
        assert (far.status_code, "ALC-445" in far.text, "柯移〔2099〕9号" in far.text) == (422, True, True)
        made = await send(leader, new, new, **typed, ends_on="2099-01-31")
        assert made.status_code == 303, made.text
        page = made.headers["location"]
        assert "柯移〔2099〕9号" in (await leader.get("/claims/deputies")).text
        assert "柯移〔2099〕9号" not in (await leader.get("/claims/deputies?today=yes")).text
        told = (await leader.get(f"/api/v1{page}")).json()
        assert (told["role"], told["ends_on"], told["state"]) == ("county_leader", "2099-01-31", "standing")
        assert (await send(leader, page, f"{page}/revoke", reason="")).status_code == 422
        assert (await send(leader, page, f"{page}/revoke", reason="提前返回")).status_code == 303
        assert "已收回" in (await leader.get(page)).text
        again = await leader.post(f"/api/v1{page}/revoke", json={"reason": "再收回"})
        assert (again.status_code, again.json()["code"]) == (409, "KRN-408")
        await become_somebody(db, leader, Role.COUNTY_LEADER, QUJIANG)
        assert (await leader.get(page)).status_code == 404


async def test_a_claim_at_the_bank_says_so_and_offers_no_payment_by_hand(db, client_as) -> None:
    async with begin(SYSTEM, request_id="t", at=NOW) as tx:
        claim = await signed(tx, await contracted(tx))
        await account(tx)
        _, number = await sent(tx, "claims")
    async with client_as(Role.COUNTY_FINANCE, KECHENG) as finance:
        page = (await finance.get(f"/claims/{claim}")).text
        assert f"已列入付款文件 {number}" in page
        assert f"/claims/{claim}/pay" not in page


async def test_retention_stands_in_its_list_until_it_is_given_back(db, client_as) -> None:
    async with begin(SYSTEM, request_id="t", at=NOW) as tx:
        project = await contracted(tx)
        await tx.conn.execute(
            "UPDATE projects_project SET accepted_on = '2026-09-01', progress_bp = 10000 WHERE id = $1", project
        )
        claim = await signed(tx, project, form(Kind.SETTLEMENT, 465_600_00, final_fen=CONTRACT))
        async with become(tx, FINANCE):
            await service.pay(tx, claim, paid_form())
    async with client_as(Role.COUNTY_CLERK, KECHENG) as clerk:
        listed = (await clerk.get("/claims/retentions")).text
        for said in ("村道硬化", "14,400.00", "2027-09-01", "留存中"):
            assert said in listed
        money = (await clerk.get(f"/claims/project/{project}")).text
        assert "退还日 2027-09-01" in money
        sheet = await clerk.get("/claims/retentions?format=xlsx")
        assert sheet.content[:2] == b"PK"
        scheme = (await clerk.get("/claims/scheme")).text
        for said in ("按现场核实进度，付已完工程的 85%", "验收后 12 个月", "村级资金小组"):
            assert said in scheme
        await become_somebody(db, clerk, Role.COUNTY_LEADER, QUJIANG)
        assert "村道硬化" not in (await clerk.get("/claims/retentions")).text

"""A reward, a loan and an account typed into the real pages: slips beside the field, nothing typed lost."""

from __future__ import annotations

import re
from html import unescape

import pytest
from house import KECHENG, VILLAGE

from quzhou_migrants.accounts.roles import Role

pytestmark = pytest.mark.asyncio(loop_scope="session")
REWARD = {
    "kind": "coop", "place": VILLAGE, "year": "2026", "title": "演示村示范合作社奖补", "recipient": "演示合作社",
    "amount_fen": "3万", "basis": "评定为市级示范社",
}  # fmt: skip
LOAN = {
    "place": VILLAGE, "borrower": "演示合作社", "borrower_kind": "coop", "lender": "柯城农商银行",
    "contract_no": "JK-2025-01", "use": "来料加工", "principal_fen": "30万", "rate": "3.45", "starts_on": "2025-07-01",
    "ends_on": "2027-06-30",
}  # fmt: skip
INTEREST = {
    "from_on": "2025-12-21", "to_on": "2026-03-20", "balance_fen": "30万", "interest_fen": "2587.50",
    "penalty_fen": "0", "paid_on": "2026-03-20", "voucher_no": "FX-0001",
}  # fmt: skip


async def send(http, page: str, path: str, **fields: str):
    """Take the token of the page the form stands on, then post to the form's address."""
    shown = await http.get(page)
    assert shown.status_code == 200, shown.text
    token = re.search(r'name="once" value="([^"]+)"', shown.text)
    assert token, page
    return await http.post(path, data={"once": token[1], **fields})


async def test_slips_stand_beside_their_fields_and_a_subsidy_is_asked_for_from_the_page(client_as) -> None:
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        wrong = await send(http, "/grants/new", "/grants/new", **{**REWARD, "amount_fen": "6万", "title": "短"})
        text = unescape(wrong.text)
        assert (wrong.status_code, "WEB-104" in text, 'value="6万"' in text) == (422, True, True)
        over = await send(http, "/grants/new", "/grants/new", **{**REWARD, "amount_fen": "6万"})
        assert "这一种奖补最高50,000.00元" in unescape(over.text)
        kept = await send(http, "/grants/new", "/grants/new", **REWARD)
        assert (kept.status_code, kept.headers["location"].startswith("/grants/")) == (303, True)
        again = await send(http, "/grants/new", "/grants/new", **REWARD)
        assert "ALC-553" in again.text
        await _subsidy(http)
        account = {"name": "演示合作社", "bank_name": "农商银行柯城支行", "account": "12345"}
        short = await send(http, "/bank/payees/new", "/bank/payees/new", **account)
        assert "WEB-104" in short.text


async def _subsidy(http) -> None:
    loan = (await send(http, "/grants/loans/new", "/grants/loans/new", **LOAN)).headers["location"]
    late = await send(http, loan, f"{loan}/interest", **{**INTEREST, "to_on": "2026-12-20"})
    assert ("ALC-557" in late.text, 'value="FX-0001"' in late.text) == (True, True)
    assert (await send(http, loan, f"{loan}/interest", **INTEREST)).status_code == 303
    page = unescape((await http.get(loan)).text)
    assert "2026 年贴息 2,271.25 元" in page  # 79 of the 90 days
    assert "待市里确认" in page
    grant = (await send(http, loan, f"{loan}/ask", year="2026")).headers["location"]
    shown = unescape((await http.get(grant)).text)
    assert "贴息 2,271.25 元" in shown
    paper = await http.get(f"{grant}/form.pdf")
    assert (paper.status_code, paper.content[:4]) == (200, b"%PDF")

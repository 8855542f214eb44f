"""Programs of other offices: keys with scope, range, end and rate; what they may read and deliver, and no more."""

from __future__ import annotations

import uuid
from datetime import date

import httpx
import pytest
import pytest_asyncio
from bank_house import account, says, sent, told
from claim_house import CLERK, FINANCE, contracted, form, signed
from house import BAIMA, CITY, KECHENG, NOW, QUJIANG, SHILIANG, VILLAGE, Database, actor, become
from refund_house import LETTER, OVER, PAID, overpaid, returned

from allocation.finance import queries
from allocation.payments import refunds
from allocation.payments.rules import Kind
from quzhou_migrants.accounts import keys
from quzhou_migrants.accounts.forms import KeyForm
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.actor import SYSTEM
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.tx import Tx, begin

pytestmark = pytest.mark.asyncio(loop_scope="session")
ADMIN = actor(Role.COUNTY_ADMIN, KECHENG, user_id=931)
ALL = sorted(keys.SCOPES)


def asked(**changes: object) -> KeyForm:
    known = {
        "name": "国库支付系统", "holder": "柯城区财政局", "place": KECHENG, "scopes": ALL,
        "expires_on": date(2027, 9, 1), "per_minute": 60,
    }  # fmt: skip
    return KeyForm(**{**known, **changes})


async def test_a_key_stays_inside_range_scope_time_and_rate(tx: Tx) -> None:
    async with become(tx, ADMIN):
        for wrong, code in (
            ({"place": BAIMA}, "ACC-141"),
            ({"scopes": ["allocation.claims.pay"]}, "ACC-142"),
            ({"expires_on": date(2027, 9, 17)}, "ACC-143"),
            ({"expires_on": date(2026, 9, 16)}, "ACC-143"),
            ({"per_minute": 121}, "ACC-144"),
        ):
            with pytest.raises(Refused, match=code):
                await keys.create(tx, asked(**wrong))
        made = await keys.create(tx, asked())
        row = await keys.one(tx, made.id)
    assert made.secret.startswith(row["hint"])
    assert bytes(row["key_hash"]) == keys.hash_of(made.secret)
    assert made.secret not in str(row)
    async with become(tx, actor(Role.COUNTY_FINANCE, KECHENG)):
        with pytest.raises(Refused, match="KRN-403"):
            await keys.create(tx, asked())


async def test_what_comes_back_is_a_row_of_its_own_and_a_township_sees_its_own(tx: Tx) -> None:
    """A return of the bank and an overpayment asked back stand beside the payments, on their own days."""
    await signed(tx, await contracted(tx), form(Kind.ADVANCE, 144_000_00))
    await account(tx)
    _, number = await sent(tx, "claims")
    await told(tx, says(number, 1, "paid", 144_000_00))
    await told(tx, says(number, 1, "returned", 20_000_00))
    project = await overpaid(tx)  # by hand, over the settled price
    async with become(tx, CLERK):
        key = await refunds.ask(tx, project, LETTER)
    async with become(tx, FINANCE):
        await refunds.receive(tx, key, returned())
    day = date(2026, 9, 16)
    seats = {Role.COUNTY_FINANCE: KECHENG, Role.TOWNSHIP_CLERK: SHILIANG, Role.VILLAGE_CLERK: VILLAGE}
    for role, place in seats.items():
        async with become(tx, actor(role, place)):
            rows = await queries.payments(tx, place, day, day, most=100)
        assert sorted((r["ref"][0], r["kind"], r["paid_fen"], r["returned_fen"]) for r in rows) == [
            ("B", "payment", 144_000_00, 0), ("H", "payment", PAID, 0), ("R", "refund", 0, OVER),
            ("T", "returned", 0, 20_000_00),
        ]  # fmt: skip
        assert {r["voucher_no"] for r in rows if r["ref"][0] in "BT"} == {f"{number}-1"}
        assert (rows[-2]["project"], all(r["doc_no"] for r in rows)) == (project, True)
    async with become(tx, actor(Role.COUNTY_FINANCE, QUJIANG)):
        assert await queries.payments(tx, KECHENG, day, day, most=100) == []  # whatever range is asked for


@pytest_asyncio.fixture(loop_scope="session")
async def paid(db: Database):
    """A county with one payment through the bank and two keys: one for all scopes, one for a township's payments."""
    async with begin(SYSTEM, request_id=uuid.uuid4().hex[:16], at=NOW) as tx:
        await signed(tx, await contracted(tx), form(Kind.ADVANCE, 144_000_00))
        await account(tx)
        _, number = await sent(tx, "claims")
        await told(tx, says(number, 1, "paid", 100_000_00), says(number, 1, "paid", 44_000_00))
        async with become(tx, ADMIN):
            whole = await keys.create(tx, asked())
            only = [s for s in ALL if s.endswith("payments")]
            part = await keys.create(tx, asked(name="石梁镇核算中心", place=SHILIANG, scopes=only, per_minute=4))
        await tx.conn.execute(
            "INSERT INTO kernel_setting (key, value) VALUES ('business_clock', jsonb_build_object('shift_seconds',"
            " extract(epoch FROM $1::timestamptz - now()))) ON CONFLICT DO NOTHING",
            NOW,
        )
    return number, whole, part


def bearer(key: keys.NewKey) -> dict[str, str]:
    return {"Authorization": f"Bearer {key.secret}"}


async def test_programs_read_deliver_and_are_stopped(paid, client_as, db: Database) -> None:
    number, whole, part = paid
    async with client_as(None) as http:
        http.headers.pop("Sec-Fetch-Site")
        found = (await http.get("/api/v1/finance/payments", headers=bearer(whole))).json()
        assert [(p["kind"], p["payee"], p["paid_fen"], p["account_tail"], p["voucher_no"]) for p in found] == [
            ("payment", "建设公司", fen, "0018", f"{number}-1") for fen in (100_000_00, 44_000_00)
        ]
        entries = (await http.get("/api/v1/finance/entries", headers=bearer(whole))).json()
        assert {e["event_key"] for e in entries} >= {f"payment:{_claim(entries)}"}
        assert sum(e["amount_fen"] for e in entries if e["event_key"].startswith("payment:")) == 0
        await _delivers(http, number, whole)
        await _is_stopped(http, whole, part)
    async with begin(SYSTEM, request_id="r", at=NOW) as tx, become(tx, ADMIN):
        await keys.revoke(tx, whole.id)
        assert (await keys.one(tx, whole.id))["total"] >= 5
    async with client_as(None) as http:
        gone = await http.get("/api/v1/finance/payments", headers=bearer(whole))
        assert (gone.status_code, gone.json()["code"]) == (401, "ACC-145")


def _claim(entries: list[dict]) -> int:
    return next(int(e["event_key"].split(":")[1]) for e in entries if e["event_key"].startswith("payment:"))


async def _delivers(http: httpx.AsyncClient, number: str, whole: keys.NewKey) -> None:
    """What a program delivers is looked through, kept once, and booked by nobody."""
    base = {"day": "2026-09-16", "batch_no": number}
    rows = [
        {**base, "result": "returned", "amount_fen": 500, "line_no": 1, "bank_ref": "R1"},
        {**base, "result": "paid", "amount_fen": 1, "line_no": 7, "bank_ref": "R2"},
    ]
    body = {"name": "0916回单", "rows": rows}
    sent_once = (await http.post("/api/v1/finance/statements", json=body, headers=bearer(whole))).json()
    again = (await http.post("/api/v1/finance/statements", json=body, headers=bearer(whole))).json()
    assert sent_once == again
    assert (again["state"], [(r["applied"], r["finding"]) for r in again["rows"]]) == (
        "checked", [(False, ""), (False, "ALC-505")],
    )  # fmt: skip
    found = (await http.get("/api/v1/finance/payments", headers=bearer(whole))).json()
    assert [p["returned_fen"] for p in found] == [0, 0]


async def _is_stopped(http: httpx.AsyncClient, whole: keys.NewKey, part: keys.NewKey) -> None:
    """No other scope, no other place, no page, not too often, no made-up key."""
    assert (await http.get("/api/v1/finance/entries", headers=bearer(part))).status_code == 403
    assert len((await http.get("/api/v1/finance/payments", headers=bearer(part))).json()) == 2
    far = await http.get(f"/api/v1/finance/payments?division={BAIMA}", headers=bearer(part))
    assert far.status_code == 404
    assert (await http.get(f"/api/v1/finance/payments?division={CITY}", headers=bearer(part))).status_code == 404
    # nine requests are more than two whole minutes of four
    answers = [await http.get("/api/v1/finance/payments", headers=bearer(part)) for _ in range(9)]
    often = next(a for a in answers if a.status_code == 429)
    assert often.json()["code"] == "ACC-146"
    assert often.headers["Retry-After"] == "60"
    assert (await http.get("/api/v1/funds", headers=bearer(whole))).status_code == 403
    assert (await http.get("/finance", headers=bearer(whole))).status_code == 303
    wrong = await http.get("/api/v1/finance/payments", headers={"Authorization": "Bearer qm_x"})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "ACC-145")

"""Pages and interface of the mixed method and of outcomes: slips beside their fields, once, for those who may."""

from __future__ import annotations

import re

from house import BAIMA, CITY, KECHENG, NOW, actor

from allocation.budget.service import record_batch
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.tx import begin

MONEY = {"doc_no": "浙财农〔2026〕11号", "title": "项目资金", "level": "province", "fund_kind": "project",
         "issued_on": "2026-09-01", "total_fen": "10000", "cash_fen": "0", "project_fen": "10000"}  # fmt: skip
PARTING = {"title": "混合分配", "pool_fen": "10000", "factor_bp": "70", "back_to": "origin", "use_by": "2026-12-31",
           "pots.0.division_code": "330800000000", "pots.0.share_bp": "40", "pots.1.division_code": KECHENG,
           "pots.1.share_bp": "60"}  # fmt: skip


async def send(http, path: str, page: str = "", **fields: str):
    shown = (await http.get(page or path)).text
    token = re.search(r'name="once" value="([^"]+)"', shown)[1]
    return await http.post(path, data={"once": token, **fields})


async def a_batch(http) -> str:
    where = (await send(http, "/funds/new", **MONEY)).headers["location"]
    assert (await send(http, f"{where}/submit", where)).status_code == 303
    batch = where.rsplit("/", 1)[1]
    async with begin(actor(Role.CITY_LEADER, CITY), request_id="t", at=NOW) as tx:
        await record_batch(tx, int(batch))
    return batch


async def test_a_parting_is_typed_put_into_effect_and_printed(db, client_as) -> None:
    async with client_as(Role.CITY_CLERK) as clerk:
        batch = await a_batch(clerk)
        slip = await send(
            clerk, "/mixed/new", **{**PARTING, "batch": batch, "pots.1.share_bp": "50", "pool_fen": "1.2.3"}
        )
        assert (slip.status_code, 'value="1.2.3"' in slip.text) == (422, True)
        short = await send(clerk, "/mixed/new", **{**PARTING, "batch": batch, "pots.1.share_bp": "50"})
        assert "ALC-392" in short.text
        assert 'value="混合分配"' in short.text
        made = await send(clerk, "/mixed/new", **PARTING, batch=batch)
        where = made.headers["location"]
        assert (await send(clerk, f"{where}/part", "/mixed/new")).status_code == 403
        assert (await clerk.get(f"/api/v1{where}")).json()["state"] == "draft"
    async with client_as(Role.CITY_LEADER) as leader:
        assert (await send(leader, f"{where}/part", where)).status_code == 303
        again = await send(leader, f"{where}/part", where)
        assert "KRN-408" in again.text
        told = (await leader.get(f"/api/v1{where}")).json()
        assert (told["factor_fen"], told["competitive_fen"]) == (700_000, 300_000)
        assert [p["left_fen"] for p in told["pots"]] == [120_000, 180_000]
        early = await send(leader, f"{where}/flow-back", where, reason="提前回流")
        assert "ALC-394" in early.text
        paper = await leader.get(f"{where}/paper.pdf")
        assert paper.content[:5] == b"%PDF-"
        listed = await leader.get("/mixed?format=xlsx")
        assert listed.content[:2] == b"PK"
    async with client_as(Role.COUNTY_CLERK, KECHENG) as county:
        seen = (await county.get(f"/api/v1{where}")).json()
        assert [(p["division_code"], p["left_fen"]) for p in seen["pots"]] == [(KECHENG, 180_000)]
    async with client_as(Role.VILLAGE_CLERK, BAIMA) as village:
        assert (await village.get("/mixed")).status_code == 403


async def test_odd_addresses_and_numbers_are_answered(db, client_as) -> None:
    huge = "9" * 25
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        for path in ("/mixed/0", f"/mixed/{huge}", "/rounds/0/outcome", "/rounds/0/alternatives", "/rounds/0/dossier",
                     "/rounds/dossiers/0", "/rounds/dossiers/0/file", "/rounds/0/recompute.json", "/mixed?state=%00",
                     f"/api/v1/mixed/{huge}", "/api/v1/rounds/0/outcome"):  # fmt: skip
            assert 400 <= (await http.get(path)).status_code < 500 or path.startswith("/mixed?"), path
        bad = await http.post("/api/v1/rounds/1/promote", json={"candidate": 1, "reason": "x"})
        assert bad.status_code in {400, 403, 422}

"""Pages of a call: the money it names, what may be spent of it, more days, and what everybody reads of it."""

from __future__ import annotations

import re

import asyncpg
from house import KECHENG, VILLAGE

from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.db import connect_arguments

TOWNSHIP = f"{VILLAGE[:9]}000"
CALL = {"title": "产业项目竞争性分配", "call": "支持移民村产业发展", "budget_fen": "4000", "cap_fen": "2000",
        "cut_rule": "stop", "opens_on": "2026-09-01", "score_by": "2026-09-20", "decide_by": "2026-09-30",
        "criteria.0.title": "带动增收", "criteria.0.weight_bp": "100"}  # fmt: skip


async def send(http, path: str, page: str = "", **fields: str):
    shown = (await http.get(page or path)).text
    token = re.search(r'name="once" value="([^"]+)"', shown)[1]
    return await http.post(path, data={"once": token, **fields})


async def bound_money(db) -> int:
    """Let 3,000 yuan of a batch, bound to one township, lie with the county; gives the earmark."""
    owner = await asyncpg.connect(**connect_arguments(db.owner))
    batch = await owner.fetchval(
        "INSERT INTO allocation_batch (division_code, doc_no, title, level, fund_kind, issued_on, project_fen)"
        " VALUES ($1, '柯财农〔2026〕3号', '项目资金', 'county', 'project', '2026-09-01', 300000) RETURNING id",
        KECHENG,
    )
    mark = await owner.fetchval(
        "INSERT INTO allocation_earmark (division_code, batch, title, amount_fen, place_code)"
        " VALUES ($1, $2, '乡镇产业专项', 300000, $3) RETURNING id",
        KECHENG,
        batch,
        TOWNSHIP,
    )
    await owner.execute(
        "INSERT INTO allocation_entry (event_key, line, division_code, batch, kind, earmark, amount_fen, source_table,"
        " source_id, posted_at) SELECT 'test:bound', n, $1, $2, k, $3, fen, 'allocation_batch', $2, now()"
        " FROM (VALUES (0, 'notified', -300000), (1, 'earmarked', 300000)) AS v (n, k, fen)",
        KECHENG,
        batch,
        mark,
    )
    await owner.close()
    return int(mark)


async def test_a_call_names_its_money_and_keeps_within_it(db, client_as) -> None:
    mark = await bound_money(db)
    key = f"earmark:{mark}"
    async with client_as(Role.COUNTY_CLERK, KECHENG) as clerk:
        foreign = await send(clerk, "/rounds/new", **CALL, pot="earmark:999999")
        assert (foreign.status_code, "ALC-338" in foreign.text) == (422, True)
        where = (await send(clerk, "/rounds/new", **CALL, pot=key)).headers["location"]
        shown = (await clerk.get(where)).text
        assert "专项资金：乡镇产业专项" in shown
        assert "少于本轮预算" in shown
        much = await send(clerk, f"{where}/publish", where)
        assert (much.status_code, "ALC-309" in much.text) == (409, True)
        edit = f"{where}/edit"
        assert f'<option value="{key}" selected>' in (await clerk.get(edit)).text
        less = {**CALL, "budget_fen": "3000", "pot": key}
        assert (await send(clerk, f"{edit}?version=1", edit, **less)).status_code == 303
        assert (await send(clerk, f"{where}/publish", where)).status_code == 303
        told = (await clerk.get(f"/api/v1{where}")).json()
        assert (told["pot"], told["earmark"]) == ("专项资金：乡镇产业专项（柯财农〔2026〕3号）", mark)
        old = await clerk.get(f"{where}/decision")  # nothing is decided that was not ranked
        assert (old.status_code, old.headers["location"]) == (303, where)
        public = (await clerk.get(f"/public{where}")).text
        assert "专项资金：乡镇产业专项" in public
        denied = await send(clerk, f"{where}/postpone", "/rounds/new", score_by="2026-10-09")
        assert denied.status_code == 403
    async with client_as(Role.COUNTY_LEADER, KECHENG) as leader:
        days = {"score_by": "2026-09-20", "decide_by": "2026-10-20", "reason": "专家出差"}
        assert "ALC-601" in (await send(leader, f"{where}/postpone", where, **days)).text
        early = {**days, "score_by": "2026-10-09", "decide_by": "2026-10-08"}
        assert "ALC-333" in (await send(leader, f"{where}/postpone", where, **early)).text
        later = await send(leader, f"{where}/postpone", where, **{**days, "score_by": "2026-10-09"})
        assert later.status_code == 303
        assert "2026-10-09" in (await leader.get(f"/public{where}")).text
    async with client_as(Role.COUNTY_CLERK, KECHENG) as clerk:
        assert (await send(clerk, f"{where}/cancel", where, reason="预算调整")).status_code == 303
        assert "已撤销" in (await clerk.get(f"/public{where}")).text
        draft = (await send(clerk, "/rounds/new", **CALL)).headers["location"]
        await send(clerk, f"{draft}/cancel", draft, reason="重复拟订")
        assert (await clerk.get(f"/public{draft}")).status_code == 404

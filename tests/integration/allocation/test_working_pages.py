"""A run that uses everything, from the service to the ledger and to its printed working on page, PDF and sheet."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import replace
from datetime import date

import pytest
from factor_house import FULL, POOL, SIX, columns
from house import CITY, KECHENG, NOW, QUJIANG, actor, become
from money_house import a_scheme, batch_form, book
from split_oracle import recompute
from working_reader import follow, number, of_book, of_page

from allocation.budget import queries as budget
from allocation.budget import service as funds
from allocation.factor import data_service, queries, service
from allocation.factor.forms import RunForm, ValueRow
from allocation.factor.frozen import export
from allocation.factor.scheme import Bound, Kind
from allocation.factor.view import run_context
from allocation.factor.working import working
from allocation.recompute import recompute_split
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.errors import Invalid
from quzhou_migrants.kernel.money import yuan
from quzhou_migrants.kernel.tx import Tx, begin

pytestmark = pytest.mark.asyncio(loop_scope="session")

LEADER = actor(Role.CITY_LEADER, CITY)
TWO = (KECHENG, QUJIANG)  # the counties of the test house
SCHEME = replace(FULL, fixed=FULL.fixed[:1], bounds=(Bound(Kind.LOSS, bp=1500), Bound(Kind.CAP, bp=7000)))


async def a_full_run(tx: Tx, pool: int = POOL) -> int:
    batch = await funds.draft_batch(tx, batch_form())
    await book(tx, batch)
    run = await service.draft_run(tx, RunForm(batch, await a_scheme(tx, SCHEME), "2026年因素法分配", pool))
    values = [ValueRow(f, u, column[u]) for f, column in columns().items() for u in TWO]
    assert set(TWO) <= set(SIX)
    await data_service.save_values(tx, run, values, "统计年报", date(2025, 12, 31))
    return run


async def test_reserve_stays_fixed_and_adjusted_amounts_are_kept_and_the_ledger_ties(tx_as, tmp_path) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        run = await a_full_run(tx)
        frozen = await service.freeze_run(tx, run, "在册人数待补录")
        async with become(tx, LEADER):
            await service.approve_run(tx, run)
        sheet = working(await queries.inputs(tx, await queries.run(tx, run)))
        shares = await queries.shares(tx, run)
        assert any(s["adjusted_fen"] for s in shares)
        assert [s["fixed_fen"] for s in shares] == [100_000, 100_000]
        assert sum(s["amount_fen"] for s in shares) + sheet.purse.reserve_fen == POOL
        for s in shares:
            assert [p["fen"] for p in await budget.available(tx, s["division_code"])] == [s["amount_fen"]]
        city = await budget.available(tx, CITY)
        assert sum(p["fen"] for p in city) == 60_000_000_00 - POOL + sheet.purse.reserve_fen
        assert await budget.ledger_faults(tx.conn) == []
        body = json.loads(export(frozen["frozen"]))
        assert recompute(body["frozen"]) == body["result"]
        file = tmp_path / "run.json"
        file.write_text(export(frozen["frozen"]), "utf-8")
        assert yuan(sheet.purse.reserve_fen) in recompute_split(file)


async def test_bounds_that_cannot_be_held_stop_the_freezing_with_names(tx_as) -> None:
    async with tx_as(Role.CITY_CLERK, CITY) as tx:
        run = await a_full_run(tx, pool=20_000_000)
        with pytest.raises(Invalid) as refusal:
            await service.freeze_run(tx, run, "x")
        assert [p.code for p in refusal.value.problems] == ["ALC-224"]
        assert {p.facts["unit"] for p in refusal.value.problems} == {"衢江区"}
        shown = await run_context(tx, await queries.run(tx, run))
        assert shown["sheet"] is None
        assert shown["band_bp"] == 5_380  # last year 300,000; seven tenths of 198,000 are 138,600


async def test_page_paper_and_sheet_can_be_followed_by_a_stranger(client_as, tmp_path) -> None:
    async with begin(actor(Role.CITY_CLERK, CITY), request_id="w1", at=NOW) as tx:
        run = await a_full_run(tx)
        outcome = (await queries.inputs(tx, await queries.run(tx, run))).split()
    expected = sorted(number(yuan(fen)) for fen in outcome.shares.values())
    async with client_as(Role.CITY_CLERK) as http:
        page = await http.get(f"/factor/{run}/working")
        assert page.status_code == 200, page.text
        assert sorted(follow(of_page(page.text)).values()) == expected
        sheet = await http.get(f"/factor/{run}/working.xlsx")
        (tmp_path / "w.xlsx").write_bytes(sheet.content)
        assert sorted(follow(of_book(tmp_path / "w.xlsx")).values()) == expected
        paper = await http.get(f"/factor/{run}/working.pdf")
        (tmp_path / "w.pdf").write_bytes(paper.content)
        said = subprocess.run(["pdftotext", "-raw", tmp_path / "w.pdf", "-"], capture_output=True, check=True).stdout
        text = re.sub(r"\s+", "", said.decode())
        assert all(yuan(fen) in text for fen in outcome.shares.values())
        shown = await http.get(f"/factor/{run}")
        assert "上下限调整" in shown.text
        assert "预留" in shown.text

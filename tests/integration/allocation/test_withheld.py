"""Money that nobody may award: promised to a published round, or in a township's pool past its last day."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import date, datetime

import pytest
from house import KECHENG, SHILIANG, become
from money_house import a_project
from round_house import CLERK, LEADER, admitted, bound, call, fund, pool

from allocation import panels
from allocation.budget import ledger, service, split_service
from allocation.budget.forms import SplitForm, SplitRow
from allocation.competitive import drawing, queries
from allocation.competitive import service as rounds
from allocation.terms import service as terms
from allocation.terms.forms import FillForm, GiveForm, PoolForm, TakeForm
from allocation.terms.rules import Purpose
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.clock import SHANGHAI
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.tx import Tx, begin

YUAN = 100
LAST_DAY = datetime(2029, 9, 16, 23, 50, tzinfo=SHANGHAI)
DAY_AFTER = datetime(2029, 9, 17, 0, 10, tzinfo=SHANGHAI)


async def why(tx: Tx, work: Awaitable[object]) -> Refused:
    with pytest.raises(Refused) as refusal:
        async with tx.conn.transaction():
            await work
    return refusal.value


async def published(tx: Tx, key: str = "", **changes: object) -> int:
    round_id = await rounds.draft(tx, call(key, **changes))
    await rounds.publish(tx, round_id)
    return round_id


async def a_pool(tx: Tx, yuan: int = 600_000) -> int:
    """A start-up pool of the township, opened today for three years and filled."""
    form = PoolForm(SHILIANG, Purpose.STARTUP, "石梁镇创业资金", "柯移〔2026〕1号", 3)
    key = await terms.open_pool(tx, form)
    await terms.fill_pool(tx, key, FillForm(yuan * YUAN, "柯移〔2026〕2号"))
    return key


async def test_the_budget_of_a_published_round_is_not_awarded_otherwise(tx: Tx) -> None:
    await fund(tx, 1_200_000 * YUAN)
    project = await a_project(tx, asked_fen=900_000 * YUAN)
    async with become(tx, CLERK):
        key = await published(tx)
        assert "200,000.00" in (await panels._awards(tx))[0].title
        no = await why(tx, service.award_from_pot(tx, project, 200_001 * YUAN))
        assert (no.code, no.facts["left"], no.facts["promised"]) == ("ALC-156", 200_000 * YUAN, 1_000_000 * YUAN)
        await rounds.cancel(tx, key, "改期")
        assert await service.award_from_pot(tx, project, 900_000 * YUAN)


async def test_a_round_covered_by_its_pot_withholds_nothing_of_the_countys_own_money(tx: Tx) -> None:
    await fund(tx, 500_000 * YUAN)
    await fund(tx, 1_000_000 * YUAN)
    batch = await tx.conn.fetchval("SELECT max(id) FROM allocation_batch")
    lines = [
        ledger.Line(batch, KECHENG, ledger.Kind.AVAILABLE, -700_000 * YUAN),
        ledger.Line(batch, KECHENG, ledger.Kind.COMPETING, 700_000 * YUAN),
    ]
    await ledger.post(tx, "test:pot", lines, source=("test", batch))
    project = await a_project(tx, asked_fen=900_000 * YUAN)
    async with become(tx, CLERK):
        await published(tx)  # 100 of it, 70 of them covered by the pot
        assert (await why(tx, service.award_from_pot(tx, project, 500_001 * YUAN))).code == "ALC-156"
        assert await service.award_from_pot(tx, project, 500_000 * YUAN)


async def test_bound_money_of_a_round_is_not_awarded_otherwise(tx: Tx) -> None:
    mark = await bound(tx, 600_000 * YUAN, place=SHILIANG)
    project = await a_project(tx, asked_fen=600_000 * YUAN)
    async with become(tx, CLERK):
        await published(tx, f"earmark:{mark}", budget_fen=400_000 * YUAN, cap_fen=400_000 * YUAN)
        assert (await why(tx, service.award_from_pot(tx, project, 200_001 * YUAN))).code == "ALC-156"
        assert await service.award_from_pot(tx, project, 200_000 * YUAN)


async def test_money_promised_to_a_round_is_not_passed_down_nor_put_into_a_pool(tx: Tx) -> None:
    await fund(tx, 1_200_000 * YUAN)
    batch = await tx.conn.fetchval("SELECT max(id) FROM allocation_batch")
    await tx.conn.execute("UPDATE allocation_batch SET state = 'recorded', per_head_fen = 60000 WHERE id = $1", batch)
    async with become(tx, CLERK):
        key = await published(tx)
        place = await terms.open_pool(tx, PoolForm(SHILIANG, Purpose.STARTUP, "创业资金", "文", 3))
        assert (await why(tx, terms.fill_pool(tx, place, FillForm(200_001 * YUAN, "文")))).code == "ALC-156"
        paper = SplitForm("文", "分解", date(2026, 9, 10), [SplitRow(SHILIANG, 0, 200_001 * YUAN)])
        assert (await why(tx, split_service.draft_split(tx, batch, paper))).code == "ALC-156"
        await rounds.cancel(tx, key, "改期")
        split = await split_service.draft_split(tx, batch, paper)
        await published(tx)
    async with become(tx, LEADER):
        assert (await why(tx, split_service.issue_split(tx, split))).code == "ALC-156"
    async with become(tx, CLERK):
        await terms.fill_pool(tx, place, FillForm(200_000 * YUAN, "文"))


async def test_a_round_on_a_pool_withholds_from_the_pool(tx: Tx) -> None:
    await pool(tx, 600_000 * YUAN)
    project = await a_project(tx, asked_fen=600_000 * YUAN)
    async with become(tx, CLERK):
        key = await terms.open_pool(tx, PoolForm(SHILIANG, Purpose.SHARE, "切块资金", "文", 3, date(2026, 12, 1)))
        await published(tx, f"township:{SHILIANG}", budget_fen=400_000 * YUAN, cap_fen=400_000 * YUAN)
        assert (await why(tx, terms.give_from_pool(tx, key, GiveForm(project, 200_001 * YUAN)))).code == "ALC-156"
        assert (await why(tx, service.award_from_pot(tx, project, 200_001 * YUAN))).code == "ALC-156"
        await terms.give_from_pool(tx, key, GiveForm(project, 200_000 * YUAN))


async def test_a_pool_is_given_out_of_until_its_last_day_and_no_longer(tx: Tx) -> None:
    await fund(tx, 700_000 * YUAN)
    found = [await a_project(tx, way="e_commerce", asked_fen=250_000 * YUAN) for _ in range(4)]
    async with become(tx, CLERK):
        key = await a_pool(tx)
        tx.now = LAST_DAY
        await terms.give_from_pool(tx, key, GiveForm(found[0], 200_000 * YUAN))
        await service.award_from_pot(tx, found[1], 200_000 * YUAN)
        tx.now = DAY_AFTER
        for work in (
            terms.give_from_pool(tx, key, GiveForm(found[2], 200_000 * YUAN)),
            service.award_from_pot(tx, found[2], 200_000 * YUAN),
        ):
            no = await why(tx, work)
            assert (no.code, no.facts["use_by"]) == ("ALC-155", LAST_DAY.date())
        assert (await why(tx, terms.fill_pool(tx, key, FillForm(1, "文")))).code == "ALC-178"
        await service.award_from_pot(tx, found[3], 100_000 * YUAN)  # the county's own money still goes
        assert await terms.prepare_replan(tx, key, TakeForm(200_000 * YUAN, "统筹期满"))


async def test_a_round_gives_nothing_out_of_a_pool_past_its_last_day(tx: Tx) -> None:
    await fund(tx, 600_000 * YUAN)
    project = await admitted(tx, 300_000 * YUAN)
    await tx.conn.execute("UPDATE projects_project SET way = 'e_commerce' WHERE id = $1", project)
    dates = {"opens_on": date(2026, 9, 1), "score_by": date(2029, 9, 1), "budget_fen": 600_000 * YUAN}
    async with become(tx, CLERK):
        await a_pool(tx)
        late = await rounds.draft(tx, call(f"township:{SHILIANG}", decide_by=date(2029, 9, 17), **dates))
        assert (await why(tx, rounds.publish(tx, late))).code == "ALC-157"
        fits = await published(tx, f"township:{SHILIANG}", decide_by=date(2029, 9, 16), **dates)
        tx.now = DAY_AFTER
        no = await why(tx, drawing.award(tx, await queries.round_of(tx, fits), project, 300_000 * YUAN))
        assert no.code == "ALC-155"
        assert (await why(tx, rounds.publish(tx, late))).code == "ALC-155"


async def test_the_pages_say_what_is_withheld_and_when_a_pool_ends(db, client_as) -> None:
    async with begin(CLERK, request_id="t", at=datetime(2026, 9, 16, 9, tzinfo=SHANGHAI)) as tx:
        await fund(tx, 2_000_000 * YUAN)
        key = await a_pool(tx)
        round_id = await published(tx)
        project = await a_project(tx, asked_fen=900_000 * YUAN)
    async with client_as(Role.COUNTY_CLERK, KECHENG) as http:
        for path in ("/awards/waiting", f"/awards/new?project={project}"):
            page = (await http.get(path)).text
            assert f'href="/rounds/{round_id}"' in page
            assert "予以预留" in page
        page = (await http.get(f"/terms/pools/{key}")).text
        assert "（含当日）" in page
        assert "65号 二(三)2" in page


async def test_a_round_published_while_its_money_is_awarded_leaves_one_of_the_two(db) -> None:
    """Both hold the accounts before they look: whoever is first is served, the other is refused."""
    at = datetime(2026, 9, 16, 9, tzinfo=SHANGHAI)
    async with begin(CLERK, request_id="t", at=at) as tx:
        await fund(tx, 1_000_000 * YUAN)
        project = await a_project(tx, asked_fen=600_000 * YUAN)
        key = await rounds.draft(tx, call("", budget_fen=600_000 * YUAN))

    async def publish() -> str:
        async with begin(CLERK, request_id="publish", at=at) as tx:
            await rounds.publish(tx, key)
        return "ok"

    async def award() -> str:
        async with begin(LEADER, request_id="award", at=at) as tx:
            await service.award_from_pot(tx, project, 600_000 * YUAN)
        return "ok"

    async def outcome(work: Awaitable[str]) -> str:
        try:
            return await work
        except Refused as refused:
            return refused.code

    answers = await asyncio.gather(outcome(publish()), outcome(award()))
    assert answers in (["ok", "ALC-156"], ["ALC-309", "ok"])

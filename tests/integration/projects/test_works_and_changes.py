"""Procurement before contract, money and picture before a start, warnings day by day, changes through the chain."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import Any

import asyncpg
import pytest
from house import NOW, QUJIANG, become
from works_house import (
    COUNTY,
    INSPECTOR,
    LEADER,
    TODAY,
    TOWN,
    VILLAGE,
    adjustment,
    awarded,
    bids,
    building,
    contract,
    contracted,
    decided,
    photo,
    procured,
    version,
)

from allocation.budget.ledger import Kind, project_money
from projects import public
from projects.changes import places
from projects.changes import queries as change_queries
from projects.changes import service as changes
from projects.changes.documents import change_form
from projects.changes.forms import AdjustForm, DecideForm, StopForm
from projects.changes.panels import waiting
from projects.changes.rules import Action, Cause
from projects.intake.forms import ShapeKind
from projects.queries import find
from projects.works import delays, procurement, queries
from projects.works import service as works
from projects.works.forms import AnswerForm, CompleteForm, Method, StartForm
from projects.works.panels import late
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.errors import Invalid, Refused
from quzhou_migrants.kernel.files import files_of
from quzhou_migrants.kernel.journal import timeline
from quzhou_migrants.kernel.pdf import Grid, build
from quzhou_migrants.kernel.tx import Tx

pytestmark = pytest.mark.asyncio(loop_scope="session")
CHANGE = "projects_change"


@asynccontextmanager
async def on_day(tx: Tx, day: date) -> AsyncIterator[None]:
    before = tx.now
    tx.now, tx._policy = NOW + (day - TODAY), None
    yield
    tx.now, tx._policy = before, None


def codes(caught: pytest.ExceptionInfo[Any]) -> list[str]:
    return sorted(p.code for p in caught.value.problems)


async def look(tx: Tx) -> tuple[int, int]:
    """Look as the machine does: with the whole range."""
    return await delays.look(tx)


async def test_procurement_binds_the_contract(tx: Tx) -> None:
    project = await awarded(tx)
    async with become(tx, VILLAGE):
        with pytest.raises(Invalid) as missing:
            await works.sign(tx, project, contract())
        assert codes(missing) == ["PRJ-458"]
        with pytest.raises(Invalid) as wrong:
            form = procured(await version(tx, project), method=Method.NEGOTIATED, bids=bids()[:2], bond_fen=9_800_01)
            await procurement.record(tx, project, form)
        assert codes(wrong) == ["PRJ-452", "PRJ-453", "PRJ-457"]
        await procurement.record(tx, project, procured(await version(tx, project)))
        await procurement.record(tx, project, procured(await version(tx, project), notice_no="XE-2"))
        made = await procurement.of_project(tx, project)
        assert made is not None
        assert (made["notice_no"], len(made["bids"]), made["won"]["price_fen"]) == ("XE-2", 3, 480_000_00)
        assert all(line["holds"] for line in made["lines"])
        with pytest.raises(Invalid) as other:
            changed = {"credit_code": made["bids"][1]["credit_code"], "amount_fen": 480_000_01}
            await works.sign(tx, project, contract(method=Method.TENDER, **changed))
        assert codes(other) == ["PRJ-459", "PRJ-459", "PRJ-460"]
        row = await works.sign(tx, project, contract())
    assert (row["state"], row["contract_fen"]) == ("contracted", 480_000_00)


async def test_start_needs_money_and_a_picture(tx: Tx) -> None:
    project = await contracted(tx)
    async with become(tx, VILLAGE):
        with pytest.raises(Invalid) as bare:
            await works.start(tx, project, StartForm(TODAY, await version(tx, project), 79_999_99))
        assert codes(bare) == ["PRJ-465", "PRJ-466"]
        form = StartForm(TODAY, await version(tx, project), 80_000_00, photos=[photo()])
        row = await works.start(tx, project, form)
    assert (row["state"], row["started_on"]) == ("building", TODAY)
    assert len(await files_of(tx, ("projects_project", project), works.SITE_BEFORE)) == 1


async def test_warnings_open_grow_are_answered_and_cleared(tx: Tx) -> None:
    project = await building(tx)
    assert await look(tx) == (0, 0)
    async with on_day(tx, TODAY + timedelta(days=14)):
        assert await look(tx) == (1, 0)
        assert await look(tx) == (1, 0)
        async with become(tx, VILLAGE):
            told = await late(tx)
            assert [(t.kind, t.url) for t in told] == [("projects.delay.behind", told[0].url)]
            warning = int(told[0].url.rpartition("/")[2])
            seen = await version(tx, warning, "projects_delay")
            await delays.answer(tx, warning, AnswerForm("汛期停工", TODAY + timedelta(days=30), seen))
            assert await late(tx) == []
            with pytest.raises(Refused, match="KRN-409"):
                await delays.answer(tx, warning, AnswerForm("汛期停工", TODAY + timedelta(days=30), seen))
    async with on_day(tx, TODAY + timedelta(days=40)):
        await look(tx)
        rows = await queries.delays_of(tx, project)
        assert [(r["kind"], r["level"], r["behind_bp"]) for r in rows] == [("behind", "alarm", 4000)]
        async with become(tx, LEADER):
            assert [t.kind for t in await late(tx)] == ["projects.delay.behind"]
        step = (await public.milestones(tx, project))[0]["id"]
        async with become(tx, INSPECTOR):
            assert await public.record_progress(tx, project, {step: 10_000}) == 4000
        assert await look(tx) == (0, 1)
        with pytest.raises(Refused, match="PRJ-467"):
            await delays.answer(tx, warning, AnswerForm("汛期停工", TODAY + timedelta(days=60), rows[0]["version"] + 1))
        seen_points = await queries.seen_points(tx, project)
    assert [(p["progress_bp"], p["planned_bp"]) for p in seen_points] == [(4000, 4000)]


async def test_money_grows_through_the_chain_and_in_the_ledger(tx: Tx) -> None:
    project = await building(tx)
    assert await project_money(tx, project) == {Kind.CONTRACTED: 400_000_00}
    async with become(tx, VILLAGE):
        form = await adjustment(tx, project, contract_fen=450_000_00, cause=Cause.WISH, place="村口")
        change = await changes.propose(tx, project, Action.ADJUST, form)
        with pytest.raises(Refused, match="PRJ-468"):
            await works.complete(tx, project, CompleteForm(TODAY, "完工", await version(tx, project)))
        with pytest.raises(Refused, match="KRN-403"):
            await changes.pass_on(tx, change, DecideForm(1))
    await decided(tx, change)
    row = await public.brief(tx, project)
    assert (row["contract_fen"], row["place"], row["state"]) == (450_000_00, "村口", "building")
    assert await tx.conn.fetchval("SELECT amount_fen FROM projects_contract WHERE project = $1", project) == 450_000_00
    assert await project_money(tx, project) == {Kind.CONTRACTED: 400_000_00}
    async with become(tx, VILLAGE):
        form = await adjustment(tx, project, contract_fen=390_000_00)
        change = await changes.propose(tx, project, Action.ADJUST, form)
    await decided(tx, change)
    assert await project_money(tx, project) == {Kind.AWARDED: 10_000_00, Kind.CONTRACTED: 390_000_00}
    async with become(tx, VILLAGE):
        form = await adjustment(tx, project, contract_fen=395_000_00)
        change = await changes.propose(tx, project, Action.ADJUST, form)
    await decided(tx, change)
    assert await project_money(tx, project) == {Kind.AWARDED: 5_000_00, Kind.CONTRACTED: 395_000_00}
    told = [e.sentence for e in await timeline(tx, "projects_project", project)]
    assert told.count("变更已生效") == 3


async def test_the_ledger_refuses_a_contract_below_what_was_paid(tx: Tx) -> None:
    project = await building(tx)
    await paid(tx, project, 200_000_00)
    async with become(tx, VILLAGE):
        form = await adjustment(tx, project, contract_fen=199_999_99)
        change = await changes.propose(tx, project, Action.ADJUST, form)
    with pytest.raises(Refused, match="ALC-128"):
        await decided(tx, change)


async def paid(tx: Tx, project: int, amount: int, kind: str = "paid") -> None:
    """Post a payment as the payments room would."""
    batch, village = await tx.conn.fetchrow(
        "SELECT batch, division_code FROM allocation_balance WHERE project = $1 AND kind = 'contracted'", project
    )
    await tx.conn.execute(
        "INSERT INTO allocation_entry (event_key, line, division_code, batch, project, kind, amount_fen, source_table,"
        " source_id, posted_at) VALUES ($1, 0, $2, $3, $4, 'contracted', -$5::bigint, 'test', 1, $6),"
        " ($1, 1, $2, $3, $4, $7, $5, 'test', 1, $6)",
        f"{kind}:{project}", village, batch, project, amount, tx.now, kind,
    )  # fmt: skip


async def test_a_short_extension_is_the_clerks_and_moves_the_steps_ahead(tx: Tx) -> None:
    project = await building(tx)
    async with become(tx, VILLAGE):
        form = await adjustment(tx, project, ends_on=date(2027, 1, 24), papers=[])
        change = await changes.propose(tx, project, Action.ADJUST, form)
    async with become(tx, TOWN):
        assert [t.kind for t in await waiting(tx)] == ["projects.change.proposed"]
        await changes.pass_on(tx, change, DecideForm(1, "属实"))
    await tx.conn.execute("UPDATE projects_change SET proposed_by = $2 WHERE id = $1", change, COUNTY.user_id)
    async with become(tx, COUNTY):
        with pytest.raises(Refused, match="PRJ-478"):  # whatever post somebody holds now
            await changes.approve_minor(tx, change, DecideForm(2, "同意"))
        await tx.conn.execute("UPDATE projects_change SET proposed_by = $2 WHERE id = $1", change, VILLAGE.user_id)
        assert [t.kind for t in await waiting(tx)] == ["projects.change.passed"]
        await changes.approve_minor(tx, change, DecideForm(2, "同意"))
    steps = [m["planned_on"] for m in await public.milestones(tx, project)]
    assert steps == [date(2026, 11, 25), date(2027, 1, 24)]


async def test_what_is_not_minor_waits_for_the_leader_and_his_document(tx: Tx) -> None:
    project = await building(tx)
    async with become(tx, VILLAGE):
        form = await adjustment(tx, project, content="渠道六百米")
        change = await changes.propose(tx, project, Action.ADJUST, form)
        with pytest.raises(Refused, match="PRJ-475"):
            await once_more(tx, project)
    async with become(tx, TOWN):
        await changes.pass_on(tx, change, DecideForm(1))
    async with become(tx, COUNTY):
        with pytest.raises(Refused, match="PRJ-479"):
            await changes.approve_minor(tx, change, DecideForm(2))
    async with become(tx, LEADER):
        with pytest.raises(Refused, match="PRJ-484"):
            await changes.approve(tx, change, DecideForm(2, "同意"))
        with pytest.raises(Refused, match="PRJ-482"):
            await changes.hand_back(tx, change, DecideForm(2))
        with pytest.raises(Refused, match="KRN-409"):
            await changes.hand_back(tx, change, DecideForm(1, "请附图"))
        await changes.hand_back(tx, change, DecideForm(2, "请附图"))
    async with become(tx, VILLAGE):
        form = await adjustment(tx, project, content="渠道六百五十米")
        assert await changes.propose(tx, project, Action.ADJUST, form, change_id=change) == change
    await tx.conn.execute("UPDATE projects_project SET content = '别的' WHERE id = $1", project)
    with pytest.raises(Refused, match="PRJ-477"):
        await decided(tx, change)


async def once_more(tx: Tx, project: int) -> None:
    """Propose a second change; the constraint speaks through the catalogue as at a transaction's end."""
    form = await adjustment(tx, project, ends_on=date(2027, 1, 1), papers=[])
    try:
        async with tx.conn.transaction():
            await changes.propose(tx, project, Action.ADJUST, form)
    except asyncpg.UniqueViolationError as error:
        raise Refused(CATALOGUE.constraint(error.constraint_name or "") or "KRN-500") from None


async def test_standing_still_stops_warnings_and_going_on_shifts_the_plan(tx: Tx) -> None:
    project = await building(tx)
    async with become(tx, VILLAGE):
        stop = StopForm(Cause.LAND, "青苗未谈妥", await version(tx, project), ends_on=date(2027, 9, 1))
        change = await changes.propose(tx, project, Action.SUSPEND, stop)
        assert (await change_queries.find(tx, change))["after"] == {}  # a stop moves no term
    await decided(tx, change)
    assert (await public.brief(tx, project))["state"] == "suspended"
    async with on_day(tx, TODAY + timedelta(days=40)):
        assert await look(tx) == (0, 0)
        async with become(tx, VILLAGE):
            go = StopForm(Cause.LAND, "已谈妥，复工", await version(tx, project), ends_on=date(2027, 2, 3))
            change = await changes.propose(tx, project, Action.RESUME, go)
        await decided(tx, change)
    row = await public.brief(tx, project)
    steps = [m["planned_on"] for m in await public.milestones(tx, project)]
    assert (row["state"], steps) == ("building", [date(2026, 12, 5), date(2027, 2, 3)])


async def test_an_ended_project_gives_back_what_it_did_not_use(tx: Tx) -> None:
    project = await building(tx)
    await paid(tx, project, 120_000_00)
    before = await available(tx)
    async with become(tx, VILLAGE):
        end = StopForm(Cause.LAND, "用地无法落实", await version(tx, project), keep_fen=150_000_00, papers=[photo()])
        change = await changes.propose(tx, project, Action.TERMINATE, end)
    await decided(tx, change)
    row = await public.brief(tx, project)
    assert (row["state"], row["award_fen"], row["contract_fen"]) == ("terminated", 150_000_00, 150_000_00)
    assert await project_money(tx, project) == {Kind.CONTRACTED: 30_000_00, Kind.PAID: 120_000_00}
    assert await available(tx) - before == 250_000_00


async def test_an_end_waits_for_claims_on_their_way(tx: Tx) -> None:
    project = await building(tx)
    await paid(tx, project, 1_00, "claimed")
    async with become(tx, VILLAGE):
        end = StopForm(Cause.LAND, "用地无法落实", await version(tx, project), papers=[photo()])
        change = await changes.propose(tx, project, Action.TERMINATE, end)
    with pytest.raises(Refused, match="ALC-127"):
        await decided(tx, change)


async def test_a_project_that_ends_before_its_start_gives_back_all(tx: Tx) -> None:
    project = await contracted(tx)
    async with become(tx, VILLAGE):
        end = StopForm(Cause.WISH, "村里不再实施", await version(tx, project), papers=[photo()])
        change = await changes.propose(tx, project, Action.TERMINATE, end)
    await decided(tx, change)
    assert await project_money(tx, project) == {}
    states = await tx.conn.fetch("SELECT state FROM allocation_award WHERE project = $1", project)
    assert [r["state"] for r in states] == ["cancelled"]
    assert (await public.brief(tx, project))["award_fen"] == 0


async def available(tx: Tx) -> int:
    return int(
        await tx.conn.fetchval(
            "SELECT sum(balance_fen) FROM allocation_balance WHERE kind = 'available' AND division_code = $1", QUJIANG
        )
    )


async def test_the_printed_form_says_before_after_and_who_decided(tx: Tx) -> None:
    project = await building(tx)
    async with become(tx, VILLAGE):
        form = await adjustment(tx, project, contract_fen=470_000_00, shape="28.97, 118.87", place="村口")
        change = await changes.propose(tx, project, Action.ADJUST, form)
    await decided(tx, change)
    row = await change_queries.find(tx, change)
    paper = change_form(row, await find(tx, project), await timeline(tx, CHANGE, change), "移民中心")
    assert paper.number == "衢江移〔2026〕21号"
    compared, opinions = (block for block in paper.blocks if isinstance(block, Grid))
    assert compared.rows == (
        ("建设地点", "村中心", "村口"),
        ("合同金额", "480,000.00 元", "470,000.00 元"),
        ("坐标", "", "28.97, 118.87"),
    )
    assert [row[2:] for row in opinions.rows] == [("提出了变更", "材料涨价"), ("审查通过", "属实"), ("批准", "同意")]
    assert build(paper).startswith(b"%PDF")


async def test_a_place_is_drawn_anew(tx: Tx) -> None:
    project = await awarded(tx)
    async with become(tx, VILLAGE):
        with pytest.raises(Refused, match="KRN-802"):
            form = await adjustment(tx, project, shape_kind=ShapeKind.LINE, shape="28.97, 118.87", papers=[])
            await changes.propose(tx, project, Action.ADJUST, form)
        line = "28.970000, 118.870000\n28.980000, 118.890000"
        form = await adjustment(tx, project, shape_kind=ShapeKind.LINE, shape=line)
        change = await changes.propose(tx, project, Action.ADJUST, form)
    await decided(tx, change)
    row = await tx.conn.fetchrow("SELECT lat, lon, shape FROM projects_project WHERE id = $1", project)
    assert (row["lat"], row["lon"]) == (28.975, 118.88)
    assert places.written(*row)["shape"] == "28.97, 118.87\n28.98, 118.89"
    async with become(tx, VILLAGE):
        same = await adjustment(tx, project, papers=[], **places.written(*row))
        with pytest.raises(Invalid, match="PRJ-470"):
            await changes.propose(tx, project, Action.ADJUST, same)


async def test_a_change_of_what_cannot_change_is_refused(tx: Tx) -> None:
    project = await awarded(tx)
    async with become(tx, VILLAGE):
        with pytest.raises(Refused, match="PRJ-476"):
            await changes.propose(
                tx, project, Action.SUSPEND, StopForm(Cause.LAND, "青苗未谈妥", await version(tx, project))
            )
        form = await adjustment(tx, project, place="村口北侧", contract_fen=9, ends_on=TODAY)
        assert isinstance(form, AdjustForm)
        change = await changes.propose(tx, project, Action.ADJUST, form)
    row = await change_queries.find(tx, change)
    assert (row["parts"], row["after"]) == (["place"], {"place": "村口北侧", "lat": None, "lon": None, "shape": ""})

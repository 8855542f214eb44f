"""What tests of works and changes share: an awarded project with its money in the ledger, a contract, a picture."""

from __future__ import annotations

from datetime import date
from typing import Any

from house import BAIMA, CITY, NIANLI, QUJIANG, actor, become
from litestar.datastructures import UploadFile
from money_house import a_project, batch_form, book
from project_house import picture

from allocation.budget import service as budget
from projects.changes import service as changes
from projects.changes.forms import AdjustForm, DecideForm
from projects.changes.rules import Cause
from projects.works import procurement
from projects.works import service as works
from projects.works.forms import BidForm, ContractForm, Method, ProcurementForm, StartForm, StepForm
from projects.works.tender import Kind
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.money import Fen
from quzhou_migrants.kernel.tx import Tx

VILLAGE = actor(Role.VILLAGE_CLERK, BAIMA)
TOWN = actor(Role.TOWNSHIP_CLERK, NIANLI)
COUNTY = actor(Role.COUNTY_CLERK, QUJIANG)
LEADER = actor(Role.COUNTY_LEADER, QUJIANG)
INSPECTOR = actor(Role.INSPECTOR, QUJIANG)
TODAY = date(2026, 9, 16)
CODES = ("91330803MA00000000", "91330803MA00000001", "91330803MA00000002")
REASON = "演示用代码，已核对"


async def version(tx: Tx, key: int, table: str = "projects_project") -> int:
    return int(await tx.conn.fetchval(f"SELECT version FROM {table} WHERE id = $1", key))


async def awarded(tx: Tx, award_fen: Fen = 400_000_00, own_fen: Fen = 100_000_00) -> int:
    """A project of Baima with an award in the ledger, from a batch recorded by its own county."""
    facts = {"estimate_fen": 500_000_00, "asked_fen": award_fen, "own_fen": own_fen, "division_code": BAIMA}
    project = await a_project(tx, place="村中心", content="渠道五百米", **facts)
    city = actor(Role.CITY_CLERK, CITY)
    async with become(tx, city):
        batch = await budget.draft_batch(tx, batch_form())
        await book(tx, batch)
    await tx.conn.execute(
        "INSERT INTO allocation_entry (event_key, line, division_code, batch, kind, amount_fen, source_table,"
        " source_id, posted_at) VALUES ('down', 0, $1, $3, 'available', -100000000, 'allocation_batch', $3, $4),"
        " ('down', 1, $2, $3, 'available', 100000000, 'allocation_batch', $3, $4)",
        CITY,
        QUJIANG,
        batch,
        tx.now,
    )
    async with become(tx, COUNTY):
        await budget.award_from_pot(tx, project, award_fen)
    return project


def bids(price: Fen = 480_000_00) -> list[BidForm]:
    prices = (price, price + 1000_00, price + 2000_00)
    return [BidForm(f"演示建设有限公司{n}", CODES[n], prices[n], won=n == 0) for n in range(3)]


def procured(seen: int, **change: Any) -> ProcurementForm:
    facts = {
        "kind": Kind.WORKS, "method": Method.SMALL_WORKS, "control_fen": 490_000_00, "opened_on": TODAY,
        "bids": bids(), "seen": seen, "credit_reason": REASON, **change,
    }  # fmt: skip
    return ProcurementForm(**facts)


def contract(**change: Any) -> ContractForm:
    facts = {
        "number": "QJ-1", "method": Method.SMALL_WORKS, "contractor": "演示建设有限公司0", "credit_code": CODES[0],
        "amount_fen": 480_000_00, "signed_on": TODAY, "starts_on": TODAY, "ends_on": date(2026, 12, 25),
        "steps": [StepForm("土方", 4000, date(2026, 10, 26)), StepForm("衬砌", 6000, date(2026, 12, 25))],
        "credit_reason": REASON, **change,
    }  # fmt: skip
    return ContractForm(**facts)


def photo() -> UploadFile:
    return UploadFile("image/png", "before.png", picture())


async def contracted(tx: Tx) -> int:
    project = await awarded(tx)
    async with become(tx, VILLAGE):
        await procurement.record(tx, project, procured(await version(tx, project)))
        await works.sign(tx, project, contract())
    return project


async def building(tx: Tx) -> int:
    project = await contracted(tx)
    async with become(tx, VILLAGE):
        form = StartForm(TODAY, await version(tx, project), 80_000_00, "张三", photos=[photo()])
        await works.start(tx, project, form)
    return project


async def adjustment(tx: Tx, project: int, **change: Any) -> AdjustForm:
    """The agreement as it stands, with some of it changed."""
    row = await tx.conn.fetchrow(
        "SELECT p.place, p.content, p.contract_fen, p.own_fen, p.other_fen, k.ends_on, p.version AS seen"
        " FROM projects_project p LEFT JOIN projects_contract k ON k.project = p.id WHERE p.id = $1",
        project,
    )
    papers = change.pop("papers") if "papers" in change else [photo()]
    return AdjustForm(**{"cause": Cause.PRICE, "reason": "材料涨价", "papers": papers, **row, **change})


async def decided(tx: Tx, change: int, *, doc_no: str = "衢江移〔2026〕21号") -> None:
    """Take a change order through township and leader."""
    async with become(tx, TOWN):
        await changes.pass_on(tx, change, DecideForm(await version(tx, change, "projects_change"), "属实"))
    async with become(tx, LEADER):
        form = DecideForm(await version(tx, change, "projects_change"), "同意", doc_no)
        await changes.approve(tx, change, form)

"""Steps of one project, from the draft to the contract, for tests that begin in the middle."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from house import BAIMA, NIANLI, QUJIANG, actor, become
from litestar.datastructures import UploadFile
from project_house import TYPED, picture

from projects import public
from projects.intake import keeping
from projects.intake import papers as attached
from projects.intake import service as intake
from projects.intake.forms import SECTIONS, Category, FileKind, PaperForm
from projects.intake.forms import StartForm as NewForm
from projects.reserve import service as reserve
from projects.works import procurement
from projects.works import service as works
from projects.works.forms import (
    BidForm,
    ContractForm,
    Method,
    ProcurementForm,
    StartForm,
    StepForm,
)
from projects.works.tender import Kind
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.tx import Tx
from quzhou_migrants.web.forms import Form, read_raw

CLERK = actor(Role.VILLAGE_CLERK, BAIMA)
TOWN = actor(Role.TOWNSHIP_CLERK, NIANLI)
COUNTY = actor(Role.COUNTY_CLERK, QUJIANG)
LEADER = actor(Role.COUNTY_LEADER, QUJIANG)
INSPECTOR = actor(Role.INSPECTOR, QUJIANG)


@dataclass(frozen=True)
class Award:
    project_id: int
    amount_fen: int
    source: str = "plan"


@asynccontextmanager
async def on_day(tx: Tx, day: datetime) -> AsyncIterator[None]:
    before = (tx.now, tx._policy)
    tx.now, tx._policy = day, None
    yield
    tx.now, tx._policy = before


@asynccontextmanager
async def as_public(tx: Tx) -> AsyncIterator[None]:
    """Act as anybody: no range, only what tables declare public."""
    await tx.conn.execute(
        "SELECT set_config('app.lo','',true), set_config('app.hi','',true), set_config('app.public','1',true)"
    )
    yield
    await tx.conn.execute("SELECT set_config('app.hi','~',true), set_config('app.public','',true)")


def paper(kind: FileKind) -> PaperForm:
    return PaperForm(kind, UploadFile("image/png", f"{kind.value}.png", picture(len(kind.value))))


def typed(section: str, **change: str) -> Form[Any]:
    raw = {k: [v] for k, v in {**TYPED[section], **change}.items()}
    return read_raw(raw, SECTIONS[section], partial=True)


async def draft(tx: Tx) -> int:
    project_id = await intake.start(tx, NewForm("白马新村渠道", Category.FARMLAND_WATER))
    for section in SECTIONS:
        await keeping.keep(tx, project_id, section, typed(section))
    for kind in (FileKind.RESOLUTION, FileKind.NOTICE, FileKind.DESIGN):
        form = paper(kind)
        await attached.add_paper(tx, project_id, form)
        await form.paper.close()
    return project_id


async def version(tx: Tx, key: int, table: str = "projects_project") -> int:
    return int(await tx.conn.fetchval(f"SELECT version FROM {table} WHERE id = $1", key))


async def filed(tx: Tx) -> int:
    async with become(tx, CLERK):
        project_id = await draft(tx)
        await intake.submit(tx, project_id)
    return project_id


async def passed(tx: Tx) -> int:
    project_id = await filed(tx)
    async with become(tx, TOWN):
        await reserve.pass_on(tx, project_id, await version(tx, project_id), "同意上报")
    return project_id


async def admitted(tx: Tx) -> int:
    project_id = await passed(tx)
    async with become(tx, COUNTY):
        await reserve.admit(tx, project_id, await version(tx, project_id), 5, "同意入库")
    return project_id


async def awarded(tx: Tx, amount: int = 424_660_00) -> int:
    project_id = await admitted(tx)
    async with become(tx, COUNTY):
        await public.on_awarded(tx, Award(project_id, amount))
    return project_id


def contract(**change: object) -> ContractForm:
    steps = [StepForm("渠道土方", 4000, date(2027, 2, 28)), StepForm("衬砌与涵洞", 6000, date(2027, 5, 31))]
    facts = {
        "number": "QJ-2026-001",
        "method": Method.SMALL_WORKS,
        "contractor": "衢江区演示建设有限公司",
        "credit_code": "91330803MA00000000",
        "amount_fen": 499_610_00,
        "signed_on": date(2026, 9, 16),
        "starts_on": date(2026, 9, 16),
        "ends_on": date(2027, 6, 30),
        "steps": steps,
        "credit_reason": "演示用代码，已核对",
        "supervisor": "",
        **change,
    }
    return ContractForm(**facts)  # type: ignore[arg-type]  # the fields of the form


async def procured(tx: Tx, project_id: int) -> None:
    """Record three bids, of which the contract's firm is the lowest."""
    prices = {"衢江区演示建设有限公司": 499_610_00, "演示市政有限公司": 502_000_00, "演示水利有限公司": 503_000_00}
    bids = [BidForm(name, f"91330803MA0000000{n}", price, won=n == 0) for n, (name, price) in enumerate(prices.items())]
    form = ProcurementForm(
        Kind.WORKS, Method.SMALL_WORKS, 505_000_00, date(2026, 9, 16), bids, await version(tx, project_id),
        credit_reason="演示用代码，已核对",
    )  # fmt: skip
    await procurement.record(tx, project_id, form)


async def begun(tx: Tx, project_id: int) -> None:
    """Record bids, sign, and start with the own money in place and a picture of the untouched site."""
    await procured(tx, project_id)
    await works.sign(tx, project_id, contract())
    photo = UploadFile("image/png", "before.png", picture())
    day, own = date(2026, 9, 16), 74_950_00
    await works.start(tx, project_id, StartForm(day, await version(tx, project_id), own, photos=[photo]))

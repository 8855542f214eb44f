"""What tests of claims start from: a project under contract, claims with their papers, hands in order."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from house import KECHENG, SHILIANG, VILLAGE, actor, become
from litestar.datastructures import UploadFile

from allocation.budget import ledger
from allocation.budget.ledger import Kind as Lies
from allocation.payments import judging, queries, service
from allocation.payments.forms import ClaimForm, PayForm
from allocation.payments.rules import Kind
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.actor import SYSTEM, Actor
from quzhou_migrants.kernel.errors import Invalid
from quzhou_migrants.kernel.tx import Tx

CLERK = actor(Role.COUNTY_CLERK, KECHENG, user_id=901)
LEADER = actor(Role.COUNTY_LEADER, KECHENG, user_id=902)
FINANCE = actor(Role.COUNTY_FINANCE, KECHENG, user_id=903)
SECOND_FINANCE = actor(Role.COUNTY_FINANCE, KECHENG, user_id=904)
TOWNSHIP = actor(Role.TOWNSHIP_CLERK, SHILIANG, user_id=907)
VILLAGER = actor(Role.VILLAGE_CLERK, VILLAGE, user_id=908)
HANDS = (VILLAGER, TOWNSHIP, LEADER, FINANCE, SECOND_FINANCE)
GROUP = "甲、乙、丙"
AWARD, CONTRACT = 480_000_00, 500_000_00
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


async def contracted(
    tx: Tx, *, award: int = AWARD, contract: int = CONTRACT, seen: int = 5000, village: str = VILLAGE
) -> int:
    """Write a project under contract, its money in the ledger. Machine's transaction."""
    key = uuid.uuid4().hex[:8]
    project = int(
        await tx.conn.fetchval(
            "INSERT INTO projects_project (code, division_code, title, state, asked_fen, own_fen, award_fen,"
            " contract_fen, contractor, progress_bp)"
            " VALUES ($1, $2, '村道硬化', 'building', $3, $4, $3, $4, '建设公司', $5)"
            " RETURNING id",
            f"P{key}",
            village,
            award,
            contract,
            seen,
        )
    )
    batch = int(
        await tx.conn.fetchval(
            "INSERT INTO allocation_batch (division_code, doc_no, title, level, fund_kind, issued_on, project_fen)"
            " VALUES ($1, $2, '批次', 'city', 'project', '2026-01-10', $3) RETURNING id",
            KECHENG,
            f"D{key}",
            award,
        )
    )
    held = min(award, contract)
    await ledger.post(
        tx,
        f"test:{key}",
        [
            ledger.Line(batch, KECHENG, Lies.NOTIFIED, -award),
            ledger.Line(batch, village, Lies.CONTRACTED, held, project),
            ledger.Line(batch, village, Lies.AWARDED, award - held, project),
        ],
        source=("test", 1),
    )
    return project


async def agreed(tx: Tx, project: int, *, ends_on: date, kind: str = "works") -> None:
    """Write down the contract itself, with its term and kind. Machine's transaction."""
    await tx.conn.execute(
        "INSERT INTO projects_contract (project, division_code, number, method, contractor, credit_code, amount_fen,"
        " signed_on, starts_on, ends_on, kind) SELECT id, division_code, 'HT-1', 'small_works', contractor,"
        " '91330800MA28F0TX0K', contract_fen, '2026-01-20', '2026-02-01', $2, $3 FROM projects_project WHERE id = $1",
        project,
        ends_on,
        kind,
    )


def form(kind: Kind = Kind.ADVANCE, amount: int = 144_000_00, *, number: str = "", **more: Any) -> ClaimForm:
    """Fill a claim in as a clerk would; every invoice has a number of its own."""
    digits = number or str(uuid.uuid4().int)[:20].rjust(20, "1")
    known = {"payee": "建设公司", "invoice_fen": amount, "invoice_on": date(2026, 9, 10), "wages_fen": 0, **more}
    return ClaimForm(kind=kind, amount_fen=amount, invoice_number=digits, **known)


async def prepared(tx: Tx, project: int, what: ClaimForm | None = None) -> int:
    """Prepare a claim with every paper its stage needs, as the clerk."""
    async with become(tx, CLERK):
        claim = await service.draft(tx, project, what or form())
        for paper in judging.needed_papers(tx, await queries.claim(tx, claim)):
            upload = UploadFile("application/pdf", f"{paper}.pdf", PDF)
            await service.add_paper(tx, claim, paper, upload)
            await upload.close()
    return claim


async def submitted(tx: Tx, project: int, what: ClaimForm | None = None) -> int:
    """Prepare a claim and submit it."""
    claim = await prepared(tx, project, what)
    async with become(tx, CLERK):
        await service.submit(tx, claim)
    return claim


async def sign_all(tx: Tx, claim: int) -> None:
    """Let every hand sign whose turn comes, in the claim's own order."""
    row = await queries.claim(tx, claim)
    given = len([s for s in await queries.signatures(tx, claim) if s["attempt"] == row["attempt"]])
    hands = list(HANDS)
    for role in row["steps"][:given]:
        hands.remove(next(h for h in hands if h.role == role))
    for role in row["steps"][given:]:
        hand = next(h for h in hands if h.role == role)
        hands.remove(hand)
        async with become(tx, hand):
            await service.sign(tx, claim, group=GROUP)


async def signed(tx: Tx, project: int, what: ClaimForm | None = None) -> int:
    """Bring a claim to the point where it is ready to pay."""
    claim = await submitted(tx, project, what)
    await sign_all(tx, claim)
    return claim


def paid_form(ref: str = "") -> PayForm:
    """Fill a payment in; every bank reference is its own."""
    return PayForm(voucher_no="记-0916", bank_ref=ref or uuid.uuid4().hex[:20], paid_on=date(2026, 9, 16))


async def refused(tx: Tx, who: Actor, work: Callable[[], Any]) -> list[str]:
    """Run work as somebody inside a savepoint; answer the codes it was refused with."""
    with pytest.raises(Invalid) as caught:
        async with tx.conn.transaction(), become(tx, who):
            await work()
    tx.actor, tx._policy = SYSTEM, None
    await tx.conn.execute("SELECT set_config('app.lo', '', true), set_config('app.hi', '~', true)")
    return [p.code for p in caught.value.problems]

"""What tests of grants that prove wrong start from: a reward that three people brought so far that it can be paid."""

from __future__ import annotations

from datetime import date

from bank_house import account, pot
from claim_house import CLERK, LEADER, PDF
from house import SHILIANG, VILLAGE, actor, become
from litestar.datastructures import UploadFile

from allocation.grants import service
from allocation.grants.forms import GrantForm
from quzhou_migrants.accounts.roles import Role
from quzhou_migrants.kernel.tx import Tx

CHECKER = actor(Role.TOWNSHIP_CLERK, SHILIANG, user_id=921)
MONEY, GIVEN = 100_000_00, 60_000_00
DAY = date(2026, 9, 16)
TO = "演示村股份经济合作社"


async def approved(tx: Tx) -> int:
    """A reward that three people brought so far that it can be paid, out of two batches."""
    await pot(tx, available=30_000_00)
    await pot(tx, available=MONEY)
    return await again(tx)


async def again(tx: Tx) -> int:
    payee = await account(tx, TO) if not await tx.conn.fetchval("SELECT 1 FROM allocation_payee") else None
    async with become(tx, CLERK):
        form = GrantForm("beautiful_home", VILLAGE, 2026, "演示村美丽家园达标奖补", TO, GIVEN, "验收评定为优秀")
        key = await service.draft(tx, form)
        for kind in ("result", "photo"):
            upload = UploadFile("application/pdf", f"{kind}.pdf", PDF)
            await service.add_paper(tx, key, kind, upload)
            await upload.close()
        payee = payee or await tx.conn.fetchval("SELECT id FROM allocation_payee LIMIT 1")
        await service.set_payee(tx, key, payee)
        await service.submit(tx, key)
    async with become(tx, CHECKER):
        await service.check(tx, key, DAY, "看过现场，已达标")
    async with become(tx, LEADER):
        await service.approve(tx, key)
    return key

"""Before works begin: the bids behind a contract, and the picture of the untouched site."""

from __future__ import annotations

from functools import cache
from random import Random

from projects.queries import PROJECT
from projects.works import procurement
from projects.works.forms import BidForm, ContractForm, ProcurementForm
from projects.works.service import SITE_BEFORE
from projects.works.tender import Kind
from quzhou_migrants.demo import pictures
from quzhou_migrants.demo.filing import write
from quzhou_migrants.demo.lives import DAY, Life
from quzhou_migrants.demo.world import words
from quzhou_migrants.kernel.ids import credit_code_fault
from quzhou_migrants.kernel.tx import Tx

CREDIT_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
VIEWS = 6


def credit_code(rng: Random) -> str:
    """Make a code that passes its check, in an area that is assigned to nobody."""
    body = "91990000MA" + "".join(rng.choice(CREDIT_SIGNS) for _ in range(7))
    return next(body + sign for sign in CREDIT_SIGNS if not credit_code_fault(body + sign))


async def procure(tx: Tx, life: Life, form: ContractForm, rng: Random) -> None:
    """Record the bids of which the contract's price was the lowest."""
    names = rng.sample(words()["title"]["bidders"], 2)
    bids = [BidForm(form.contractor, form.credit_code, form.amount_fen, won=True)]
    bids += [BidForm(name, credit_code(rng), form.amount_fen * rng.randrange(101, 105) // 100) for name in names]
    version = await tx.conn.fetchval("SELECT version FROM projects_project WHERE id = $1", life.id)
    made = ProcurementForm(
        kind=Kind.WORKS,
        method=form.method,
        control_fen=form.amount_fen * 104 // 100,
        opened_on=form.signed_on - 4 * DAY,
        bids=bids,
        seen=version,
        notice_no=f"XE-{life.code}",
    )
    await procurement.record(tx, life.id, made)


async def untouched(tx: Tx, life: Life, rng: Random) -> None:
    """Hang a picture of the site as it was before."""
    view = _view(rng.randrange(VIEWS))
    file = {
        "division_code": life.village.code, "owner_table": PROJECT, "owner_id": life.id, "kind": SITE_BEFORE,
        "sha256": view.sha256, "name": words()["title"]["site_before"], "media_type": "image/jpeg", "size": view.size,
        "added_at": tx.now, "is_demo": True,
    }  # fmt: skip
    await write(tx, "kernel_file", [file])


@cache
def _view(number: int) -> pictures.Picture:
    return pictures.keep(pictures.photo(Random(number), 0))  # noqa: S311 - a drawing, nothing secret

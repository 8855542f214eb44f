"""What the page of one run shows, put together from its inputs."""

from __future__ import annotations

from typing import Any

from allocation.factor import queries
from allocation.factor.data_service import findings
from allocation.factor.frozen import Inputs, table
from allocation.factor.scheme import Kind
from allocation.factor.whatif import CONFLICTS, case_of, least_band
from allocation.factor.words import said
from allocation.factor.working import working
from allocation.permissions import P
from quzhou_migrants.kernel.errors import Finding
from quzhou_migrants.kernel.tx import Tx

STEPS = {"draft": 2, "frozen": 4, "approved": 5, "cancelled": 2, "revoked": 5}
DRAFT_READY = 3
MOST_TRIED = 300  # units for which a page looks for the band that would do


def _band(inputs: Inputs, stop: list[Finding]) -> int | None:
    """Find the fall that would have to be allowed, where nothing but bounds stops a run against last year."""
    against = any(b.kind is Kind.LOSS for b in inputs.scheme.bounds)
    if not against or len(inputs.units) > MOST_TRIED or {f.code for f in stop} - CONFLICTS or not stop:
        return None
    return least_band(case_of(inputs))


async def run_context(tx: Tx, row: dict[str, Any]) -> dict[str, Any]:
    """Gather scheme, values, findings and result; a run with a stopping finding has no result."""
    inputs = await queries.inputs(tx, row)
    stop, notice = await findings(tx, row, inputs) if row["state"] == "draft" else ([], [])
    names = {u.code: u.name for u in inputs.units}
    own = {u.code for u in inputs.units if queries.is_own(tx, u.code)}
    sources = sorted({(d.source, d.as_of) for d in inputs.data})
    return {
        "row": row,
        "names": names,
        "mine": own if not queries.is_own(tx, row["division_code"]) else set(),
        "within": own if tx.actor.may(P.VIEW_FUNDS) else set(),
        "inputs": inputs,
        "values": table(inputs.data),
        "sources": sources,
        "stop": said(stop, names),
        "band_bp": _band(inputs, stop),
        "notice": said(notice, names),
        "sheet": None if stop else working(inputs),
        "step": DRAFT_READY if row["state"] == "draft" and not stop else STEPS[row["state"]],
        "shares": await queries.shares(tx, row["id"]),
    }

"""What the page of one run shows, put together from its inputs."""

from __future__ import annotations

from typing import Any

from allocation.factor import queries
from allocation.factor.data_service import findings
from allocation.factor.frozen import table
from allocation.factor.words import said
from allocation.factor.working import working
from quzhou_migrants.kernel.tx import Tx

STEPS = {"draft": 2, "frozen": 4, "approved": 5, "cancelled": 2, "revoked": 5}
DRAFT_READY = 3


async def run_context(tx: Tx, row: dict[str, Any]) -> dict[str, Any]:
    """Gather scheme, values, findings and result; a run with a stopping finding has no result."""
    inputs = await queries.inputs(tx, row)
    stop, notice = await findings(tx, row, inputs) if row["state"] == "draft" else ([], [])
    names = {u.code: u.name for u in inputs.units}
    sources = sorted({(d.source, d.as_of) for d in inputs.data})
    return {
        "row": row,
        "inputs": inputs,
        "values": table(inputs.data),
        "sources": sources,
        "stop": said(stop, names),
        "notice": said(notice, names),
        "sheet": None if stop else working(inputs),
        "step": DRAFT_READY if row["state"] == "draft" and not stop else STEPS[row["state"]],
        "shares": await queries.shares(tx, row["id"]),
    }

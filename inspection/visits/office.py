"""What the office does with visits: decide on doubtful ones, close findings."""

from __future__ import annotations

from typing import Any

from inspection.permissions import P
from inspection.visits import queries, service
from inspection.visits.states import FINDING
from inspection.visits.tables import SiteFinding
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
TABLE = "inspection_finding"


@command(P.JUDGE, audit="inspection.visit.accept")
async def accept(tx: Tx, visit_id: int, reason: str) -> Row:
    """Take a doubtful visit as good: its progress counts from now on."""
    return await _decide(tx, visit_id, "accept", reason)


@command(P.JUDGE, audit="inspection.visit.set_aside")
async def set_aside(tx: Tx, visit_id: int, reason: str) -> Row:
    """Set a doubtful visit aside: it stays on file and moves nothing."""
    return await _decide(tx, visit_id, "set_aside", reason)


async def _decide(tx: Tx, visit_id: int, verb: str, reason: str) -> Row:
    visit = await queries.find(tx, visit_id)
    return await service.move(tx, visit, verb, judge_id=tx.actor.user_id, reason=reason.strip())


@command(P.CLOSE, audit="inspection.finding.close")
async def close_finding(tx: Tx, finding_id: int, note: str) -> Row:
    """Close a finding with what was done."""
    return await _turn(tx, finding_id, "close", note, {"closed_at": tx.now, "closing_note": note.strip()})


@command(P.CLOSE, audit="inspection.finding.reopen")
async def reopen_finding(tx: Tx, finding_id: int, note: str) -> Row:
    """Open a finding again that turned out not to be mended."""
    return await _turn(tx, finding_id, "reopen", note, {"closed_at": None})


async def finding(tx: Tx, finding_id: int) -> Row:
    """Give one finding. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow("SELECT * FROM inspection_finding WHERE id = $1", finding_id)
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


async def _turn(tx: Tx, finding_id: int, verb: str, note: str, sets: Row) -> Row:
    row = await finding(tx, finding_id)
    moved = await fire(tx, FINDING, SiteFinding, row, verb, clause=service.CLAUSE, note=note.strip(), sets=sets)
    await tx.note(
        (service.TABLE, row["visit"], row["division_code"]), f"FINDING.{verb}", clause=service.CLAUSE, note=note.strip()
    )
    return moved

"""What is done about visits: doubtful ones are decided on, findings mended, confirmed by somebody else, closed."""

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
AS_FOUND: Row = {
    "mended_at": None, "mended_by": None, "mended_name": "", "mended_note": "",
    "closed_at": None, "closed_by": None, "closed_name": "", "closing_note": "",
}  # fmt: skip
"""What stands in a finding nobody has mended yet; who said so before stays in the timeline."""


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


@command(P.MEND, audit="inspection.finding.mend")
async def mend_finding(tx: Tx, finding_id: int, note: str) -> Row:
    """Say that a finding is mended, and how; it stands until somebody else has seen it."""
    sets = {"mended_at": tx.now, "mended_by": tx.actor.user_id, "mended_name": tx.actor.name}
    return await _turn(tx, finding_id, "mend", note, sets | {"mended_note": note.strip()})


@command(P.CLOSE, audit="inspection.finding.close")
async def close_finding(tx: Tx, finding_id: int, note: str) -> Row:
    """Close a finding that somebody else mended. Raises: Refused INS-217, it was oneself; INS-209."""
    sets = {"closed_at": tx.now, "closed_by": tx.actor.user_id, "closed_name": tx.actor.name}
    return await _turn(tx, finding_id, "close", note, sets | {"closing_note": note.strip()})


@command(P.CLOSE, audit="inspection.finding.send_back")
async def send_back_finding(tx: Tx, finding_id: int, note: str) -> Row:
    """Open a finding again that is said to be mended and is not."""
    return await _turn(tx, finding_id, "send_back", note, AS_FOUND)


@command(P.CLOSE, audit="inspection.finding.reopen")
async def reopen_finding(tx: Tx, finding_id: int, note: str) -> Row:
    """Open a finding again that was closed and turned out not to be mended."""
    return await _turn(tx, finding_id, "reopen", note, AS_FOUND)


async def finding(tx: Tx, finding_id: int) -> Row:
    """Give one finding. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow("SELECT * FROM inspection_finding WHERE id = $1", finding_id)
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


async def _turn(tx: Tx, finding_id: int, verb: str, note: str, sets: Row) -> Row:
    row = await finding(tx, finding_id)
    moved = await fire(
        tx, FINDING, SiteFinding, row, verb, clause=service.CLAUSE, sets=sets, note=note.strip(),
        judge_id=tx.actor.user_id,
    )  # fmt: skip
    await tx.note(
        (service.TABLE, row["visit"], row["division_code"]), f"FINDING.{verb}", clause=service.CLAUSE, note=note.strip()
    )
    return moved

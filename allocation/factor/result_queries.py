"""Reads of performance results: sheets, what they say of the units in sight, what they offer to a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from allocation.factor.queries import is_own
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
TABLE = "allocation_performance"

_IN_FORCE = """
SELECT p.id, p.year, p.source, p.as_of FROM allocation_performance p
JOIN kernel_division d ON d.parent_code = p.division_code
WHERE p.state = 'confirmed' AND d.code = $1 AND p.year < $2 ORDER BY p.year DESC LIMIT 1
"""


async def sheet(tx: Tx, sheet_id: int) -> Row:
    """Read one sheet; one that nobody confirmed is seen only by its house and above. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow(
        "SELECT p.*, d.name AS division_name FROM allocation_performance p"
        " JOIN kernel_division d ON d.code = p.division_code WHERE p.id = $1",
        sheet_id,
    )
    if row is None or not (row["confirmed_at"] is not None or is_own(tx, row["division_code"])):
        raise Refused("KRN-404")
    return dict(row)


async def lines(tx: Tx, row: Row) -> list[Row]:
    """List what a sheet says of the units in sight, beside what the sheet in force of the year before said."""
    found = await tx.conn.fetch(
        "SELECT s.division_code AS code, d.name, s.score, s.grade, b.score AS score_before, b.grade AS grade_before"
        " FROM allocation_performance_score s JOIN kernel_division d ON d.code = s.division_code"
        " LEFT JOIN allocation_performance q ON q.division_code = $2 AND q.year = $3 - 1 AND q.state = 'confirmed'"
        " LEFT JOIN allocation_performance_score b ON b.sheet = q.id AND b.division_code = s.division_code"
        " WHERE s.sheet = $1 ORDER BY s.division_code",
        row["id"],
        row["division_code"],
        row["year"],
    )
    return [dict(r) for r in found]


async def in_force(tx: Tx, house: str, year: int) -> list[Row]:
    """Lock what a house brought in for one year and list what is confirmed: of two at once, one waits."""
    rows = await tx.conn.fetch(
        "SELECT * FROM allocation_performance WHERE division_code = $1 AND year = $2 ORDER BY id FOR UPDATE",
        house,
        year,
    )
    return [dict(r) for r in rows if r["state"] == "confirmed"]


async def latest(tx: Tx, codes: Sequence[str]) -> tuple[Row, list[Row]] | None:
    """Give the newest confirmed sheet of a year that is over for some units of one house, and its lines."""
    if not codes:
        return None
    row = await tx.conn.fetchrow(_IN_FORCE, codes[0], tx.today.year)
    if row is None:
        return None
    found = await tx.conn.fetch(
        "SELECT division_code AS code, score, grade FROM allocation_performance_score"
        " WHERE sheet = $1 AND division_code = ANY($2) ORDER BY division_code",
        row["id"],
        list(codes),
    )
    return dict(row), [dict(r) for r in found]

"""Reads of the works: the plan's curve, what was seen, what is late."""

from __future__ import annotations

from typing import Any

from projects.works.schedule import Planned, Works, curve, planned_on
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]

_WORKS = """
SELECT p.id, p.division_code, p.state, p.progress_bp, p.started_on, p.is_demo, k.starts_on, k.ends_on,
  (SELECT max(s.seen_on) FROM projects_progress s WHERE s.project = p.id) AS seen_on,
  (SELECT array_agg(m.weight_bp ORDER BY m.seq) FROM projects_milestone m WHERE m.project = p.id) AS weights,
  (SELECT array_agg(m.planned_on ORDER BY m.seq) FROM projects_milestone m WHERE m.project = p.id) AS days
FROM projects_project p JOIN projects_contract k ON k.project = p.id
"""
UNDER_WAY = _WORKS + "WHERE p.state IN ('contracted', 'building') ORDER BY p.id"
ONE = _WORKS + "WHERE p.id = $1"


def as_works(row: Any) -> Works:  # noqa: ANN401 - a database row
    """Read where the works of a row stand."""
    return Works(
        row["state"],
        row["starts_on"],
        row["ends_on"],
        steps_of(row),
        row["progress_bp"],
        row["started_on"],
        row["seen_on"],
    )


def steps_of(row: Any) -> tuple[Planned, ...]:  # noqa: ANN401 - a database row
    """Read the milestones of a row."""
    pairs = zip(row["weights"] or (), row["days"] or (), strict=True)
    return tuple(Planned(weight, day) for weight, day in pairs)


async def works_of(tx: Tx, project_id: int) -> Works | None:
    """Read where the works of a project stand, None before a contract."""
    row = await tx.conn.fetchrow(ONE, project_id)
    return as_works(row) if row else None


async def planned_today(tx: Tx, project_id: int) -> int:
    """Give what the plan asks of a project today; nothing while no contract says more. Units: basis points."""
    found = await works_of(tx, project_id)
    return planned_on(curve(found.starts_on, found.ends_on, found.steps), tx.today) if found else 0


async def seen_points(tx: Tx, project_id: int) -> list[Row]:
    """List what visits made of the whole, oldest first: the last word of each day."""
    rows = await tx.conn.fetch(
        "SELECT DISTINCT ON (seen_on) seen_on, progress_bp, planned_bp FROM projects_progress WHERE project = $1"
        " ORDER BY seen_on, id DESC",
        project_id,
    )
    return [dict(r) for r in rows]


async def delays_of(tx: Tx, project_id: int) -> list[Row]:
    """List the warnings of a project, open ones first."""
    rows = await tx.conn.fetch(
        "SELECT * FROM projects_delay WHERE project = $1 ORDER BY cleared_on IS NOT NULL, since_on DESC, id DESC",
        project_id,
    )
    return [dict(r) for r in rows]

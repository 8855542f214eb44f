"""Reads of the changes room."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from projects.changes.rules import FIELDS, Limits, Terms
from projects.rules import Bound
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.money import Fen
from quzhou_migrants.kernel.policy import Policies
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
CHANGE = "projects_change"
POSITION = ("lat", "lon", "shape")

_FIND = f"SELECT * FROM {CHANGE} WHERE id = $1"  # noqa: S608 - our own name


def limits(policy: Policies) -> Limits:
    """Give the limits in force."""
    names = ("growth_causes", "growth_audit_bp", "minor_days", "with_paper")
    params = [policy.param(f"projects.changes.{name}") for name in names]
    return Limits(*(Bound(p.value, p.source, p.confirmed) for p in params))


async def find(tx: Tx, change_id: int, *, lock: bool = False) -> Row:
    """Read one change order, its values opened. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow(_FIND + " FOR UPDATE" if lock else _FIND, change_id)
    if row is None:
        raise Refused("KRN-404")
    return {**row, **{name: json.loads(row[name]) for name in ("before", "after", "lines")}}


async def terms_of(tx: Tx, row: Row) -> Terms:
    """Read what is agreed of a project now."""
    ends: date | None = await tx.conn.fetchval("SELECT ends_on FROM projects_contract WHERE project = $1", row["id"])
    names = ("place", "lat", "lon", "shape", "content", "contract_fen", "own_fen", "other_fen")
    return Terms(**{name: row[name] for name in names}, ends_on=ends)


async def grown(tx: Tx, project_id: int) -> Fen:
    """Add up what approved change orders made a contract grow by. Units: fen."""
    return int(
        await tx.conn.fetchval(
            "SELECT coalesce(sum(growth_fen), 0) FROM projects_change WHERE project = $1 AND state = 'approved'"
            " AND growth_fen > 0",
            project_id,
        )
    )


async def of_project(tx: Tx, project_id: int) -> list[Row]:
    """List the change orders of a project, the newest first."""
    rows = await tx.conn.fetch("SELECT * FROM projects_change WHERE project = $1 ORDER BY id DESC", project_id)
    return [dict(r) for r in rows]


def compared(row: Row) -> list[tuple[str, Any, Any]]:
    """List what a change order changes but for the position on the map. Shape: [(field, before, after)]."""
    before, after = row["before"], row["after"]
    names = [name for fields in FIELDS.values() for name in fields if name in before and name not in POSITION]
    return [(name, before[name], after.get(name)) for name in names if before[name] != after.get(name)]


def written(values: Row) -> Row:
    """Write values as the row keeps them: dates as text."""
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}

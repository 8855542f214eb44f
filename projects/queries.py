"""Reads of the project row that every room uses."""

from __future__ import annotations

import json
from typing import Any

from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.states import too_late
from quzhou_migrants.kernel.tx import Tx

PROJECT = "projects_project"

Row = dict[str, Any]

_FIND = """
SELECT p.*, d.name AS village_name, d.full_name, t.name AS township_name, c.name AS county_name
FROM projects_project p
JOIN kernel_division d ON d.code = p.division_code
LEFT JOIN kernel_division t ON t.code = left(p.division_code, 9) || '000'
LEFT JOIN kernel_division c ON c.code = left(p.division_code, 6) || '000000'
WHERE p.id = $1
"""


async def find(tx: Tx, project_id: int) -> Row:
    """Give a project with the names of its places.

    Raises: Refused KRN-404, no such project in the caller's range.
    """
    row = await tx.conn.fetchrow(_FIND, project_id)
    if row is None:
        raise Refused("KRN-404")
    return _opened(dict(row))


async def lock(tx: Tx, project_id: int, *, seen: int | None = None) -> Row:
    """Lock a project's row for this transaction.

    `seen` is the version the person looked at; somebody faster means a refusal, not an overwrite.
    Raises: Refused KRN-404, KRN-409.
    """
    row = await tx.conn.fetchrow("SELECT * FROM projects_project WHERE id = $1 FOR UPDATE", project_id)
    if row is None:
        raise Refused("KRN-404")
    if seen is not None and row["version"] != seen:
        raise await too_late(tx, PROJECT, project_id)
    return _opened(dict(row))


def _opened(row: Row) -> Row:
    row["draft"] = json.loads(row["draft"] or "{}")
    return row


def subject(row: Row) -> tuple[str, int, str]:
    """Name a project for its timeline."""
    return PROJECT, row["id"], row["division_code"]

"""Reads of intake: papers, remarks, what stands behind a filing."""

from __future__ import annotations

from collections import Counter
from typing import Any

from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]


async def remarks(tx: Tx, project_id: int, round_: int) -> list[Row]:
    """List what reviewers wanted mended in one round, in the order it was written."""
    rows = await tx.conn.fetch(
        "SELECT * FROM projects_remark WHERE project = $1 AND round = $2 ORDER BY id", project_id, round_
    )
    return [dict(r) for r in rows]


def by_field(rows: list[Row]) -> dict[str, list[str]]:
    """Group remarks by the field they speak about."""
    grouped: dict[str, list[str]] = {}
    for row in rows:
        grouped.setdefault(row["field"], []).append(row["text"])
    return grouped


async def behind(tx: Tx, project_id: int, round_: int) -> tuple[Row | None, Row | None]:
    """Give the decision and the notice behind one filing."""
    found = [
        await tx.conn.fetchrow(f"SELECT * FROM {table} WHERE project = $1 AND round = $2", project_id, round_)  # noqa: S608 - our own table names
        for table in ("projects_resolution", "projects_notice")
    ]
    decision, notice = (dict(r) if r else None for r in found)
    return decision, notice


def counted(files: list[Any]) -> Counter[str]:
    """Count papers by kind."""
    return Counter(f.kind for f in files)

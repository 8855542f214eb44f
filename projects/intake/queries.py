"""Reads of intake: papers, remarks, what stands behind a filing."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date, datetime
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


async def extensions(tx: Tx, division_code: str) -> dict[str, date]:
    """Tell until when a county keeps its windows open. Shape: {name of the window: last day}."""
    rows = await tx.conn.fetch(
        'SELECT "window", max(closes_on) AS closes_on FROM projects_window_extension'
        ' WHERE division_code = $1 GROUP BY "window"',
        division_code[:6].ljust(12, "0"),
    )
    return {r["window"]: r["closes_on"] for r in rows}


async def late_permit(tx: Tx, project_id: int) -> Row | None:
    """Give the newest plea to file this application late, granted or not."""
    row = await tx.conn.fetchrow("SELECT * FROM projects_late WHERE project = $1 ORDER BY id DESC LIMIT 1", project_id)
    return dict(row) if row else None


async def filing(tx: Tx, project_id: int, round_: int) -> Row | None:
    """Give what was filed in one round. Shape: answers {part: {field: [typed]}}."""
    row = await tx.conn.fetchrow("SELECT * FROM projects_filing WHERE project = $1 AND round = $2", project_id, round_)
    return {**row, "answers": json.loads(row["answers"])} if row else None


async def villages(tx: Tx, division_code: str) -> dict[str, str]:
    """List the villages of a county. Shape: {full name: code}."""
    rows = await tx.conn.fetch(
        "SELECT full_name, code FROM kernel_division WHERE level = 'village' AND active"
        " AND left(code, 6) = left($1, 6) ORDER BY code",
        division_code,
    )
    return {r["full_name"]: r["code"] for r in rows}


async def earlier(tx: Tx, village: str, limit: int = 30) -> list[Row]:
    """List a village's earlier applications, newest first, to copy from."""
    rows = await tx.conn.fetch(
        'SELECT id, code, title, category, "window", state FROM projects_project WHERE division_code = $1'
        " ORDER BY id DESC LIMIT $2",
        village,
        limit,
    )
    return [dict(r) for r in rows]


async def clashes(tx: Tx, project_id: int) -> list[Row]:
    """List answers that two people wrote at once and nobody has settled."""
    rows = await tx.conn.fetch(
        "SELECT * FROM projects_draft_clash WHERE project = $1 AND settled_at IS NULL ORDER BY id", project_id
    )
    return [{**r, "mine": json.loads(r["mine"]), "theirs": json.loads(r["theirs"])} for r in rows]


async def kinds_since(tx: Tx, project_id: int, since: datetime) -> set[str]:
    """Name the kinds of papers that were added after a moment."""
    rows = await tx.conn.fetch(
        "SELECT DISTINCT kind FROM kernel_file WHERE owner_table = 'projects_project' AND owner_id = $1"
        " AND added_at > $2",
        project_id,
        since,
    )
    return {r["kind"] for r in rows}


async def places(tx: Tx, village: str, but: int) -> list[Row]:
    """List where a village's other projects lie, for the map on which a new one is drawn.

    Shape: [{title, kind, points, tone}], points (latitude, longitude).
    """
    rows = await tx.conn.fetch(
        "SELECT title, lat, lon FROM projects_project WHERE division_code = $1 AND id <> $2 AND lat IS NOT NULL"
        " AND state <> 'withdrawn' ORDER BY id DESC LIMIT 50",
        village,
        but,
    )
    return [{"title": r["title"], "kind": "point", "points": [(r["lat"], r["lon"])], "tone": "quiet"} for r in rows]


_TABLES = """
SELECT
  (SELECT coalesce(jsonb_agg(to_jsonb(i) || jsonb_build_object('quantity', trim_scale(i.quantity)::text)
    ORDER BY i.seq), '[]') FROM projects_item i
    WHERE i.project = $1 AND i.round = $2) AS items,
  (SELECT coalesce(jsonb_agg(to_jsonb(t) || jsonb_build_object('value', trim_scale(t.value)::text)
    ORDER BY t.seq), '[]') FROM projects_target t
    WHERE t.project = $1 AND t.round = $2) AS targets,
  (SELECT coalesce(jsonb_agg(to_jsonb(v) ORDER BY v.seq), '[]') FROM projects_partner v
    WHERE v.project = $1 AND v.round = $2) AS partners
"""


async def tables(tx: Tx, project_id: int, round_: int) -> dict[str, list[Row]]:
    """Give the tables of one filing: contents, targets, the villages of a joint project with their shares."""
    row = await tx.conn.fetchrow(_TABLES, project_id, round_)
    return {name: json.loads(text) for name, text in row.items()}

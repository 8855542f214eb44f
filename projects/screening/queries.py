"""Reads of screening: projects around a place, what was found at a filing."""

from __future__ import annotations

import json
import math
from datetime import date
from typing import Any

from projects.screening.rules import Asked, Other
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
METRES_PER_DEGREE = 110_574  # the shortest degree of latitude: a box from it misses nothing
AROUND = "SELECT * FROM projects_around($1, $2, $3, $4, $5, $6, $7)"


async def around(tx: Tx, asked: Asked, metres: int, since: date) -> list[Other]:
    """List the projects of the village and those near the place, since a day, of all funds."""
    north = metres / METRES_PER_DEGREE
    east = north / math.cos(math.radians(asked.lat)) if asked.lat is not None else north
    rows = await tx.conn.fetch(AROUND, asked.id, asked.village, asked.lon, asked.lat, east, north, since)
    return [
        Other(
            r["kind"], r["id"], r["code"], r["title"], r["division_code"], r["village_name"], r["lat"], r["lon"],
            r["day"], r["state"], r["category"], r["estimate_fen"], r["contractor"],
        )
        for r in rows
    ]  # fmt: skip


async def filed(tx: Tx, project_id: int) -> Row | None:
    """Give what was found at the last filing."""
    row = await tx.conn.fetchrow(
        "SELECT * FROM projects_screening WHERE project = $1 ORDER BY round DESC LIMIT 1", project_id
    )
    return {**row, "signs": json.loads(row["signs"]), "matches": json.loads(row["matches"])} if row else None

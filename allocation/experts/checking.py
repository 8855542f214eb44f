"""`verify`: every stored draw is drawn again from its frozen text."""

from __future__ import annotations

import json
from typing import Any

from allocation.experts import queries, rules, sheet
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.errors import Refused


async def draw_faults(conn: Any) -> list[str]:  # noqa: ANN401 - an asyncpg connection that sees every row
    """Name every draw whose text was altered, or whose stored result is not what its seed gives."""
    faults = []
    for row in await conn.fetch("SELECT id, frozen, sha256, seed FROM allocation_draw WHERE seed <> '' ORDER BY id"):
        lines = await conn.fetch("SELECT * FROM allocation_draw_line WHERE draw = $1 ORDER BY id", row["id"])
        if not _holds(row, queries.as_drawn(lines)):
            faults.append(CATALOGUE.say("ALC-369", {"draw": row["id"]}))
    return faults


def _holds(row: Any, stored: tuple[rules.Drawn, ...]) -> bool:  # noqa: ANN401 - a database record
    if sheet.digest(row["frozen"]) != row["sha256"]:
        return False
    try:
        return rules.draw(sheet.thaw(json.loads(row["frozen"])), row["seed"]).drawn == stored
    except (Refused, ValueError):
        return False

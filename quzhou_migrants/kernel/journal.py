"""The timeline of an object: who did what when, under which rule, and what changed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.clock import SHANGHAI
from quzhou_migrants.kernel.tx import Tx

HIDDEN = frozenset({"id", "version", "state", "division_code", "name_grams", "draft"})
_SECRET = ("_cipher", "_blind", "_hash", "_grams", "_key")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a timeline; `changes` are (column, before, after) of the same request."""

    at: datetime
    who: str
    title: str
    sentence: str
    clause: str
    from_state: str
    to_state: str
    facts: dict[str, Any]
    changes: list[tuple[str, Any, Any]] = field(default_factory=list)


async def timeline(tx: Tx, table: str, key: int, *, limit: int = 200) -> list[Entry]:
    """Read an object's timeline, newest first. Two queries whatever its length."""
    lines = await tx.conn.fetch(
        "SELECT * FROM kernel_journal WHERE subject_table = $1 AND subject_id = $2 ORDER BY id DESC LIMIT $3",
        table,
        key,
        limit,
    )
    requests = [r["request_id"] for r in lines]
    changed = await tx.conn.fetch(
        "SELECT request_id, old, new FROM kernel_change WHERE table_name = $1 AND row_id = $2"
        " AND request_id = ANY($3) AND op = 'U' ORDER BY id",
        table,
        str(key),
        requests,
    )
    by_request: dict[str, list[tuple[str, Any, Any]]] = {}
    for row in changed:
        by_request.setdefault(row["request_id"], []).extend(differences(row["old"], row["new"]))
    return [
        Entry(
            r["at"].astimezone(SHANGHAI),
            r["actor_name"],
            r["actor_title"],
            CATALOGUE.verb(r["verb"]),
            r["clause"],
            r["from_state"],
            r["to_state"],
            json.loads(r["facts"]),
            by_request.pop(r["request_id"], []),
        )
        for r in lines
    ]


def differences(old: str | None, new: str | None) -> list[tuple[str, Any, Any]]:
    """List the columns whose value changed; secrets and housekeeping left out."""
    before, after = json.loads(old or "{}"), json.loads(new or "{}")
    return [
        (k, before.get(k), v)
        for k, v in after.items()
        if before.get(k) != v and k not in HIDDEN and not k.endswith(_SECRET)
    ]

"""Reads of campaigns, answers and snapshots, and the reserve as it stood at a moment."""

from __future__ import annotations

import json
from typing import Any

from projects.refresh.rules import FROZEN
from quzhou_migrants.kernel.actor import code_range
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]

# Who has to answer: what was in the reserve before the refresh began and still is.
DUE = """
p.state = 'admitted' AND p.admitted_at < $3::date::timestamp AT TIME ZONE 'Asia/Shanghai'
AND p.division_code >= $1 AND p.division_code < $2
"""


async def refresh(tx: Tx, refresh_id: int, *, lock: bool = False) -> Row:
    """Give a campaign. Raises: Refused KRN-404."""
    end = " FOR UPDATE" if lock else ""
    row = await tx.conn.fetchrow(f"SELECT * FROM projects_refresh WHERE id = $1{end}", refresh_id)  # noqa: S608 - a constant
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


async def open_refresh(tx: Tx, county: str) -> Row | None:
    """Give the campaign that runs in a county."""
    row = await tx.conn.fetchrow(
        "SELECT * FROM projects_refresh WHERE division_code = $1 AND state = 'open' ORDER BY id DESC LIMIT 1", county
    )
    return dict(row) if row else None


async def answer(tx: Tx, refresh_id: int, project_id: int) -> Row | None:
    """Give what was answered for a project in a campaign."""
    row = await tx.conn.fetchrow(
        "SELECT * FROM projects_refresh_answer WHERE refresh = $1 AND project = $2", refresh_id, project_id
    )
    return dict(row) if row else None


async def counts(tx: Tx, row: Row) -> dict[str, int]:
    """Count the answers of a campaign in the caller's range, and who still has to answer."""
    found = await tx.conn.fetch(
        "SELECT answer, count(*) AS n FROM projects_refresh_answer WHERE refresh = $1 GROUP BY answer", row["id"]
    )
    said = dict.fromkeys(("confirmed", "changed", "withdrawn", "silent"), 0) | {r["answer"]: r["n"] for r in found}
    return said | {"waiting": await waiting(tx, row) if row["state"] == "open" else 0}


async def waiting(tx: Tx, row: Row) -> int:
    """Count the projects nobody answered for yet."""
    statement = (
        f"SELECT count(*) FROM projects_project p WHERE {DUE} AND NOT EXISTS"  # noqa: S608 - a constant of ours
        " (SELECT 1 FROM projects_refresh_answer a WHERE a.refresh = $4 AND a.project = p.id)"
    )
    return int(await tx.conn.fetchval(statement, *code_range(row["division_code"]), row["opens_on"], row["id"]))


_HISTORY = """
SELECT a.*, r.name AS refresh_name FROM projects_refresh_answer a JOIN projects_refresh r ON r.id = a.refresh
WHERE a.project = $1 ORDER BY r.opens_on DESC
"""


async def history(tx: Tx, project_id: int) -> list[Row]:
    """List what was answered for a project, the newest refresh first."""
    return [
        {**r, "before": json.loads(r["before"]), "after": json.loads(r["after"])}
        for r in await tx.conn.fetch(_HISTORY, project_id)
    ]


async def changed_since(tx: Tx, project: Row) -> list[Row]:
    """List what the changes since the (last) admission of a project found before them, the oldest first."""
    rows = await tx.conn.fetch(
        "SELECT a.before FROM projects_refresh_answer a JOIN projects_refresh r ON r.id = a.refresh"
        " WHERE a.project = $1 AND a.at >= $2 ORDER BY r.opens_on",
        project["id"],
        project["admitted_at"],
    )
    return [json.loads(r["before"]) for r in rows]


# Silences in a row, as the latest refresh since its (last) admission left them.
SILENCES = """
coalesce((SELECT a.silences FROM projects_refresh_answer a JOIN projects_refresh r ON r.id = a.refresh
  WHERE a.project = p.id AND r.opens_on >= (p.admitted_at AT TIME ZONE 'Asia/Shanghai')::date
  ORDER BY r.opens_on DESC LIMIT 1), 0)
"""

_RESERVE = f"""
SELECT p.id AS project, p.division_code, p.code, p.title, p.category, p.state, p.estimate_fen, p.asked_fen, p.own_fen,
  p.other_fen, p.beneficiaries, p.migrants, p.low_income, p.valid_until, {SILENCES} AS silences, k.rank
FROM projects_project p
LEFT JOIN projects_ranking_row k ON k.project = p.id AND k.ranking = $3
WHERE p.division_code >= $1 AND p.division_code < $2 AND p.state IN ('admitted', 'planned')
ORDER BY p.code
"""  # noqa: S608 - constants of ours


async def reserve_now(tx: Tx, county: str, ranking: int | None) -> list[Row]:
    """Read the reserve of a county as it stands, with the places of a ranking."""
    return [dict(r) for r in await tx.conn.fetch(_RESERVE, *code_range(county), ranking)]


async def snapshot(tx: Tx, snapshot_id: int) -> Row:
    """Give a snapshot. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow("SELECT * FROM projects_snapshot WHERE id = $1", snapshot_id)
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


async def snapshot_rows(tx: Tx, snapshot_id: int) -> list[Row]:
    """Give every frozen project of a snapshot, as it is hashed."""
    names = ", ".join(FROZEN)
    rows = await tx.conn.fetch(
        f"SELECT {names} FROM projects_snapshot_row WHERE snapshot = $1",  # noqa: S608 - our own names
        snapshot_id,
    )
    return [dict(r) for r in rows]


async def snapshot_names(tx: Tx) -> list[str]:
    """List the names of all snapshots in the caller's range, the newest first."""
    rows = await tx.conn.fetch(
        "SELECT name, max(taken_on) AS day FROM projects_snapshot GROUP BY name ORDER BY day DESC, name DESC"
    )
    return [r["name"] for r in rows]


_KINDS = "SELECT kind, count(*) AS n FROM {source} WHERE kind <> 'same' GROUP BY kind"


_kept: dict[tuple[Any, ...], dict[str, int]] = {}
MOST_KEPT = 500


async def kinds(tx: Tx, source: str, names: tuple[str, str]) -> dict[str, int]:
    """Count the kinds of changes between the two snapshots the transaction names.

    A snapshot is never altered, so what was counted once for the same snapshots and range is kept.
    """
    snapshots = await tx.conn.fetchval(
        "SELECT array_agg(id ORDER BY id) FROM projects_snapshot WHERE name = ANY($1)", list(names)
    )
    key = (names, tuple(snapshots or ()), tx.actor.division_code, tx.actor.engagement_id)
    if key not in _kept:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        _kept[key] = {r["kind"]: r["n"] for r in await tx.conn.fetch(_KINDS.format(source=source))}
    return _kept[key]


WAITING_TASKS = """
SELECT p.id, p.title, p.division_code, r.id AS refresh, r.closes_on
FROM projects_refresh r JOIN projects_project p ON p.division_code >= r.division_code
  AND p.division_code < (r.division_code::bigint + 1000000)::text
WHERE r.state = 'open' AND p.state = 'admitted'
  AND p.admitted_at < r.opens_on::timestamp AT TIME ZONE 'Asia/Shanghai'
  AND NOT EXISTS (SELECT 1 FROM projects_refresh_answer a WHERE a.refresh = r.id AND a.project = p.id)
ORDER BY p.id LIMIT $1
"""

"""What must hold after three years, asked of the database alone."""

from __future__ import annotations

from typing import Any

import asyncpg

from allocation.budget.queries import ledger_faults
from allocation.reports.sums import sum_faults
from projects.refresh import rules
from projects.states import PROJECT
from quzhou_migrants.kernel.actor import code_range

RESERVE = {"admitted", "planned"}
_HISTORY = """
SELECT p.id, p.state, array_agg(j.verb ORDER BY j.id) AS verbs, array_agg(j.from_state ORDER BY j.id) AS froms,
  array_agg(j.to_state ORDER BY j.id) AS tos
FROM projects_project p LEFT JOIN kernel_journal j
  ON j.subject_table = 'projects_project' AND j.subject_id = p.id AND j.to_state <> ''
GROUP BY p.id ORDER BY p.id
"""


async def unexplained(conn: asyncpg.Connection) -> list[tuple[int, str]]:
    """Name every project whose state its history does not lead to, or whose history leaves the machine."""
    arrows = {(str(a.src), a.verb): str(a.dst) for a in PROJECT.arrows}
    found = []
    for row in await conn.fetch(_HISTORY):
        here = "draft"
        for verb, src, dst in zip(row["verbs"], row["froms"], row["tos"], strict=True):
            if verb is None:
                continue
            if src != here or arrows.get((src, verb.removeprefix("PROJECT."))) != dst:
                found.append((row["id"], f"{here}: {src} {verb} {dst}"))
            here = dst
        if here != row["state"]:
            found.append((row["id"], f"{here} <> {row['state']}"))
    return found


_MONEY = """
SELECT p.id, p.award_fen, coalesce(l.fen, 0) AS ledger_fen FROM projects_project p
LEFT JOIN (SELECT project, sum(amount_fen) AS fen FROM allocation_entry WHERE project IS NOT NULL GROUP BY project) l
  ON l.project = p.id
WHERE p.award_fen <> coalesce(l.fen, 0) AND p.state <> 'terminated'
"""


async def wrong_money(conn: asyncpg.Connection) -> list[Any]:
    """Name every project whose award is not what the ledger holds for it, and every fault of the ledger itself."""
    rows = [(r["id"], r["award_fen"], int(r["ledger_fen"])) for r in await conn.fetch(_MONEY)]
    return [*rows, *await ledger_faults(conn), *await sum_faults(conn)]


async def broken_snapshots(conn: asyncpg.Connection) -> list[Any]:
    """Name every snapshot that its own rows, or the change log of its day, do not give again."""
    found: list[Any] = []
    for shot in await conn.fetch("SELECT * FROM projects_snapshot ORDER BY id"):
        rows = [dict(r) for r in await conn.fetch(
            "SELECT * FROM projects_snapshot_row WHERE snapshot = $1 ORDER BY project", shot["id"])]  # fmt: skip
        if rules.digest(rows) != shot["sha256"] or len(rows) != shot["projects"]:
            found.append((shot["id"], "rows"))
        told = await then(conn, shot)
        if told != {r["project"] for r in rows}:
            found.append((shot["id"], sorted(told ^ {r["project"] for r in rows})[:5]))
    return found


async def then(conn: asyncpg.Connection, shot: asyncpg.Record) -> set[int]:
    """Ask which projects were in the reserve at the moment a snapshot was taken, from the timeline alone."""
    rows = await conn.fetch(
        "SELECT DISTINCT ON (subject_id) subject_id, to_state FROM kernel_journal WHERE to_state <> ''"
        " AND subject_table = 'projects_project' AND division_code >= $1 AND division_code < $2 AND at <= $3"
        " ORDER BY subject_id, at DESC, id DESC",
        *code_range(shot["division_code"]),
        shot["taken_at"],
    )
    return {r["subject_id"] for r in rows if r["to_state"] in RESERVE}

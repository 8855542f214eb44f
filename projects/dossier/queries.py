"""Reads of the dossier: the papers a project has, those it should have, the dossiers that were made."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from projects.assets.parameters import acceptance_rules
from projects.assets.rules import is_simple
from projects.dossier import rules
from projects.dossier.sources import SOURCES
from projects.queries import PROJECT
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.files import FileRef, may_read
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Paper:
    """One file of the dossier: where it hangs, in which stage, since when."""

    file: FileRef
    table: str
    stage: str
    added_at: datetime


async def papers(tx: Tx, project_id: int) -> list[Paper]:
    """List every file of a project that the person may read, oldest first within each stage."""
    listed = slots(tx)
    stages = {s.kind: s.stage for s in listed}
    found: list[Paper] = []
    for table, stage, ids in _wanted(tx):
        rows = await tx.conn.fetch(
            "SELECT id, sha256, name, size, media_type, kind, added_at FROM kernel_file"  # noqa: S608 - tables some room declared
            f" WHERE owner_table = $2 AND owner_id IN ({ids}) ORDER BY id",
            project_id,
            table,
        )
        for r in rows:
            values = dict(r)
            added = values.pop("added_at")
            where = stages.get(values["kind"], stage) if table == PROJECT else stage
            found.append(Paper(FileRef(**values), table, where, added))
    order = {stage: n for n, stage in enumerate(rules.STAGES)}
    return sorted(found, key=lambda p: (order[p.stage], p.added_at, p.file.id))


def _wanted(tx: Tx) -> list[tuple[str, str, str]]:
    own = [(PROJECT, "other", "SELECT $1::bigint")]
    return own + [(s.table, s.stage, s.ids) for s in SOURCES.values() if may_read(tx.actor, s.table)]


def slots(tx: Tx) -> list[rules.Slot]:
    """Give the list of papers of the pack."""
    return rules.slots_of(tx.policy.get("projects.dossier.files"))


async def places(tx: Tx, row: Row, have: Counter[str]) -> list[rules.Place]:
    """Judge every paper of the list for a project."""
    signed = await tx.conn.fetchval("SELECT signed_on FROM projects_contract WHERE project = $1", row["id"])
    policy = tx.policy_for(row["division_code"])
    large = not is_simple(row["contract_fen"], acceptance_rules(policy).simple_max)
    listed = rules.slots_of(policy.get("projects.dossier.files"))
    return rules.places(listed, have, events_of(row, signed), tx.today, large=large)


def events_of(row: Row, signed_on: date | None) -> dict[str, date | None]:
    """Give the days on which terms of papers begin."""
    return {
        "submitted": row["submitted_at"].date() if row["submitted_at"] else None,
        "signed": signed_on,
        "started": row["started_on"],
        "completed": row["completed_on"],
        "accepted": row["accepted_on"],
        "handed_over": row["handed_over_on"],
    }


async def latest(tx: Tx, project_id: int) -> list[Row]:
    """Give the last making of each kind."""
    rows = await tx.conn.fetch(
        "SELECT DISTINCT ON (kind) * FROM projects_dossier WHERE project = $1 ORDER BY kind, id DESC", project_id
    )
    return [dict(r) for r in rows]


async def making(tx: Tx, dossier_id: int) -> Row:
    """Give one making with its project. Raises: Refused KRN-404."""
    found = await tx.conn.fetchrow(
        "SELECT d.*, p.title, p.code FROM projects_dossier d JOIN projects_project p ON p.id = d.project"
        " WHERE d.id = $1",
        dossier_id,
    )
    if found is None:
        raise Refused("KRN-404")
    return dict(found)

"""Commands of the dossier: papers in, papers out, a dossier asked for."""

from __future__ import annotations

import json
from typing import Any

from projects.dossier import queries
from projects.dossier.forms import FileForm
from projects.permissions import P
from projects.queries import PROJECT, find, lock, subject
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.files import drop, store
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
OWNER = "projects_dossier"
AGAIN_SECONDS = 3600


def _open_kinds(tx: Tx) -> set[str]:
    """Kinds of papers that are filed here; those of the application belong to intake."""
    return {s.kind for s in queries.slots(tx) if s.stage != "intake"}


@command(P.BUILD, audit="projects.dossier.file")
async def file_papers(tx: Tx, project_id: int, form: FileForm) -> int:
    """Keep papers of one kind for a project.

    Raises: Refused PRJ-641 (no such kind), PRJ-642 (not filed yet), what the store refuses.
    """
    row = await lock(tx, project_id)
    if form.kind not in _open_kinds(tx):
        raise Refused("PRJ-641", field="kind")
    if row["receipt"] is None:
        raise Refused("PRJ-642")
    for upload in form.files:
        await store(tx, upload, owner=(PROJECT, project_id), kind=form.kind, division_code=row["division_code"])
    title = CATALOGUE.text(f"projects.paper.{form.kind}")
    await tx.note(subject(row), "projects.dossier.file", kind=form.kind, note=title, count=len(form.files))
    return len(form.files)


@command(P.BUILD, audit="projects.dossier.drop")
async def drop_paper(tx: Tx, project_id: int, file_id: int) -> None:
    """Take a paper out again, as long as the project is not handed over.

    Raises: Refused PRJ-643 (closed), PRJ-641 (a paper of the application), KRN-648.
    """
    row = await lock(tx, project_id)
    if row["state"] in {"accepted", "handed_over", "terminated"}:
        raise Refused("PRJ-643")
    kind = await tx.conn.fetchval("SELECT kind FROM kernel_file WHERE id = $1", file_id)
    if kind not in _open_kinds(tx):
        raise Refused("PRJ-641")
    await drop(tx, file_id, (PROJECT, project_id))
    await tx.note(subject(row), "projects.dossier.drop", note=CATALOGUE.text(f"projects.paper.{kind}"))


@command(P.VIEW, audit="projects.dossier.ask")
async def ask(tx: Tx, project_id: int, kind: str) -> int:
    """Ask for a dossier; one that is being made for the same person already is answered again."""
    row = await find(tx, project_id)
    running = await tx.conn.fetchval(
        "SELECT id FROM projects_dossier WHERE project = $1 AND kind = $2 AND asked_by IS NOT DISTINCT FROM $3"
        " AND finished_at IS NULL AND failure = '' AND asked_at > $4::timestamptz - make_interval(secs => $5)",
        project_id,
        kind,
        tx.actor.user_id,
        tx.now,
        float(AGAIN_SECONDS),
    )
    if running:
        return int(running)
    key = await tx.conn.fetchval(
        "INSERT INTO projects_dossier (project, division_code, kind, asked_at, asked_by, actor, is_demo)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
        project_id,
        row["division_code"],
        kind,
        tx.now,
        tx.actor.user_id,
        json.dumps(_who(tx), ensure_ascii=False),
        row["is_demo"],
    )
    return int(key)


def _who(tx: Tx) -> Row:
    who = tx.actor
    return {
        "user_id": who.user_id, "name": who.name, "role": who.role, "division_code": who.division_code,
        "post_id": who.post_id, "permissions": sorted(who.permissions), "title": who.title, "is_demo": who.is_demo,
    }  # fmt: skip

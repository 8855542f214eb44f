"""Commands of the portal: let a masked copy of a picture out, take it back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from projects import queries as projects
from projects.permissions import P
from projects.portal.forms import PublishForm
from projects.portal.pictures import coarsened
from projects.portal.queries import PHOTO as TABLE
from projects.portal.queries import Picture, Row, lock_photo
from projects.portal.rules import read_masks
from projects.portal.states import PHOTO
from projects.portal.tables import PublicPhoto
from projects.tables import PUBLIC_STATES
from quzhou_migrants.kernel import blobs
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.file_types import JPEG
from quzhou_migrants.kernel.files import attach, receive, root
from quzhou_migrants.kernel.states import fire
from quzhou_migrants.kernel.tx import Tx

CLAUSE = "政府信息公开条例 第十五条"


@command(P.BUILD, audit="projects.photo.publish")
async def publish(tx: Tx, project_id: int, given: PublishForm, pictures: list[Picture]) -> Row:
    """Let a masked copy of one of a project's pictures out to everybody; the original stays inside.

    Raises: Refused PRJ-701 (nobody says that they looked), PRJ-702, PRJ-703 (masks), PRJ-704 (not a
    picture of this project), PRJ-705 (the project is not public yet), PRJ-706 (it is out already).
    """
    project = await projects.lock(tx, project_id)
    if f"'{project['state']}'" not in PUBLIC_STATES:
        raise Refused("PRJ-705")
    if not given.looked:
        raise Refused("PRJ-701", field="looked")
    picture = next((p for p in pictures if p.file == given.source), None)
    if picture is None:
        raise Refused("PRJ-704", field="source")
    masks = read_masks(given.masks)
    policy = tx.policy_for(project["division_code"])
    copy, width, height = await asyncio.to_thread(
        coarsened,
        blobs.blob_path(root(), picture.sha256),
        masks,
        blocks=policy.whole("projects.portal.mask_blocks"),
        side=policy.whole("projects.portal.photo_side"),
    )
    draft = await receive(_one(copy))
    row = await tx.conn.fetchrow(
        "INSERT INTO projects_public_photo (project, division_code, source_file, sha256, width, height, masks, caption,"
        " taken_on, published_by, published_at, is_demo) VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, $8, $9, $10, $11,"
        " $12) RETURNING *",
        project_id,
        project["division_code"],
        given.source,
        draft.sha256,
        width,
        height,
        json.dumps([[m.x, m.y, m.width, m.height] for m in masks]),
        given.caption,
        given.taken_on or picture.taken_on,
        tx.actor.user_id,
        tx.now,
        project["is_demo"],
    )
    made: dict[str, Any] = dict(row) if row else {}
    await attach(
        tx, draft, name=f"{project['code']}.jpg", owner=(TABLE, made["id"]), kind="public",
        division_code=project["division_code"], accept=frozenset({JPEG}), is_demo=project["is_demo"],
    )  # fmt: skip
    await tx.note(
        projects.subject(project), "projects.photo.publish", clause=CLAUSE, caption=given.caption, masks=len(masks)
    )
    return made


async def _one(content: bytes) -> AsyncIterator[bytes]:
    yield content


@command(P.BUILD, audit="projects.photo.withdraw")
async def withdraw(tx: Tx, photo_id: int, reason: str) -> Row:
    """Take a picture back from the public. Raises: Refused KRN-404, KRN-408, PRJ-205."""
    row = await lock_photo(tx, photo_id)
    moved = await fire(tx, PHOTO, PublicPhoto, row, "withdraw", clause=CLAUSE, reason=reason, sets={"reason": reason})
    await tx.note((projects.PROJECT, row["project"], row["division_code"]), "projects.photo.withdraw", reason=reason)
    return moved

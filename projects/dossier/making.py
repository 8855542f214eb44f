"""Make a dossier in the background: gather, turn part by part into pages, bind, keep.

Each part is made in another process; how far it is stands in the row, so that a page can show it.
A job takes up what a killed worker left; making it twice gives the same file.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
import tempfile
from contextvars import Context
from pathlib import Path
from typing import Any, Final

from projects.dossier import binding, documents, queries, rules
from projects.dossier.service import OWNER
from projects.queries import find
from quzhou_migrants.kernel import blobs, files
from quzhou_migrants.kernel.actor import Actor
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.file_types import PDF, ZIP
from quzhou_migrants.kernel.logs import logger
from quzhou_migrants.kernel.pool import in_pool
from quzhou_migrants.kernel.tx import Tx, begin, system_tx

LOG = logger("dossier")
STALE_SECONDS: Final = 60
TOLD_EVERY: Final = 10  # parts between two words on progress
SIDE_BY_SIDE: Final = 2  # processes of the pool
_TASKS: set[asyncio.Task[None]] = set()


def start(dossier_id: int) -> None:
    """Make a dossier in the background of this process, outside the transaction of who asked."""
    task = asyncio.create_task(run(dossier_id), context=Context())
    _TASKS.add(task)
    task.add_done_callback(_TASKS.discard)


async def run(dossier_id: int) -> None:
    """Make a dossier whole. Raises: nothing; a failure is told on its page."""
    try:
        await make(dossier_id)
    except Exception:
        LOG.exception("dossier.failed", dossier=dossier_id)
        async with system_tx("projects.dossier.fail") as tx:
            await tx.conn.execute("UPDATE projects_dossier SET failure = 'KRN-500' WHERE id = $1", dossier_id)


async def make(dossier_id: int) -> None:
    """Gather as who asked, make the pages, keep the file and finish the row."""
    async with system_tx("projects.dossier.make") as tx:
        row = await tx.conn.fetchrow(
            "UPDATE projects_dossier SET touched_at = now(), done = 0 WHERE id = $1 AND finished_at IS NULL"
            " AND failure = '' RETURNING *",
            dossier_id,
        )
    if row is None:
        return
    told = json.loads(row["actor"])
    actor = Actor(**{**told, "permissions": frozenset(told["permissions"])})
    async with begin(actor, request_id=f"dossier-{dossier_id}", command="projects.dossier.make") as tx:
        project = await find(tx, row["project"])
        parts = await gather(tx, project)
    await _tell(dossier_id, 0, len(parts))
    with tempfile.TemporaryDirectory(prefix="dossier") as folder:
        target = str(Path(folder) / "whole")
        if row["kind"] == "zip":
            pages = await in_pool(binding.pack, parts, target)
        else:
            bound = await _pages(dossier_id, parts, folder)
            pages = await in_pool(
                binding.bind, project["title"], project["code"], tuple(bound), target, documents.words()
            )
        await _finish(dict(row), project, Path(target), pages)


async def gather(tx: Tx, project: dict[str, Any]) -> tuple[binding.Part, ...]:
    """List the parts of a dossier in the order of their stages: our own sheets first, then the papers."""
    found = await documents.sheets(tx, project)
    for paper in await queries.papers(tx, project["id"]):
        path = blobs.blob_path(files.root(), paper.file.sha256)
        if path.is_file():
            stage, title = CATALOGUE.text(f"projects.stage.{paper.stage}"), title_of(paper)
            found.append(
                (paper.stage, binding.Part(stage, title, paper.file.name, None, str(path), paper.file.media_type))
            )
    return tuple(part for _, part in sorted(found, key=lambda pair: rules.STAGES.index(pair[0])))


def title_of(paper: queries.Paper) -> str:
    """Name a paper by where it hangs, else by its kind, else by what it was called."""
    for key in (f"projects.source.{paper.table}", f"projects.paper.{paper.file.kind}"):
        if (said := CATALOGUE.text(key)) != key:
            return said
    return paper.file.name


async def _pages(dossier_id: int, parts: tuple[binding.Part, ...], folder: str) -> list[binding.Bound]:
    words, bound = documents.words(), list[binding.Bound]()
    for first in range(0, len(parts), TOLD_EVERY):
        some = parts[first : first + TOLD_EVERY]
        halves = [some[n::SIDE_BY_SIDE] for n in range(SIDE_BY_SIDE)]
        made = await asyncio.gather(
            *(
                in_pool(binding.render_all, half, str(Path(folder) / f"{first:05d}-{n}"), words)
                for n, half in enumerate(halves)
                if half
            )
        )
        bound += [made[n % SIDE_BY_SIDE][n // SIDE_BY_SIDE] for n in range(len(some))]
        await _tell(dossier_id, len(bound), len(parts))
    return bound


async def _tell(dossier_id: int, done: int, parts: int) -> None:
    async with system_tx("projects.dossier.make") as tx:
        await tx.conn.execute(
            "UPDATE projects_dossier SET done = $2, parts = $3, touched_at = now() WHERE id = $1",
            dossier_id,
            done,
            parts,
        )


async def _finish(row: dict[str, Any], project: dict[str, Any], path: Path, pages: int) -> None:
    draft = await asyncio.to_thread(_draft, path)
    ending, media_type = (".zip", ZIP) if row["kind"] == "zip" else (".pdf", PDF)
    name = files.clean_name(f"{project['code']} {project['title']}{ending}")
    async with system_tx("projects.dossier.make") as tx:
        blobs.keep(files.root(), draft)
        number = await tx.conn.fetchval(
            "INSERT INTO kernel_file (division_code, owner_table, owner_id, kind, sha256, name, media_type, size,"
            " added_at, added_by, is_demo) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id",
            row["division_code"],
            OWNER,
            row["id"],
            row["kind"],
            draft.sha256,
            name,
            media_type,
            draft.size,
            tx.now,
            row["asked_by"],
            row["is_demo"],
        )
        await tx.conn.execute(
            "UPDATE projects_dossier SET finished_at = $2, pages = $3, file = $4, done = parts WHERE id = $1",
            row["id"],
            tx.now,
            pages,
            number,
        )


def _draft(path: Path) -> blobs.Draft:
    folder = files.root() / blobs.DRAFTS
    folder.mkdir(parents=True, exist_ok=True)
    kept, digest, size = folder / secrets.token_hex(16), hashlib.sha256(), 0
    with path.open("rb") as source, kept.open("xb") as out:
        while piece := source.read(1 << 20):
            digest.update(piece)
            size += len(piece)
            out.write(piece)
    return blobs.Draft(kept, digest.hexdigest(), size)


async def resume(tx: Tx, _period: str) -> None:
    """Take up dossiers whose worker died. A job of every minute."""
    rows = await tx.conn.fetch(
        "SELECT id FROM projects_dossier WHERE finished_at IS NULL AND failure = ''"
        " AND touched_at < now() - make_interval(secs => $1)",
        float(STALE_SECONDS),
    )
    for row in rows:
        start(row["id"])

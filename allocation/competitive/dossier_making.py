"""Make the dossier of a round in the background: gather as who asked, turn into pages, bind or pack, keep.

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

from allocation.competitive import alternative_pages, dossier, queries, record
from allocation.experts import view as draws
from allocation.permissions import P
from projects import papers
from quzhou_migrants.kernel import blobs, files
from quzhou_migrants.kernel.actor import Actor
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.file_types import PDF, ZIP
from quzhou_migrants.kernel.jobs import Job
from quzhou_migrants.kernel.logs import logger
from quzhou_migrants.kernel.pool import in_pool
from quzhou_migrants.kernel.tx import Tx, begin, system_tx

Row = dict[str, Any]
LOG = logger("round_dossier")
TABLE = "allocation_round_dossier"
STALE_SECONDS: Final = 60
AGAIN_SECONDS: Final = 3600
TOLD_EVERY: Final = 8  # parts between two words on progress
_FINISHED = "SELECT finished_at IS NOT NULL FROM allocation_round_dossier WHERE id = $1 FOR UPDATE"
_TASKS: set[asyncio.Task[None]] = set()


@command(P.VIEW_ROUNDS, audit="allocation.round.dossier")
async def ask(tx: Tx, round_id: int, kind: str) -> int:
    """Ask for a dossier; one that is being made for the same person already is answered again. Raises: KRN-404."""
    row = await queries.round_of(tx, round_id)
    running = await tx.conn.fetchval(
        "SELECT id FROM allocation_round_dossier WHERE round = $1 AND kind = $2 AND asked_by IS NOT DISTINCT FROM $3"
        " AND finished_at IS NULL AND failure = '' AND asked_at > $4::timestamptz - make_interval(secs => $5)",
        round_id,
        kind,
        tx.actor.user_id,
        tx.now,
        float(AGAIN_SECONDS),
    )
    if running:
        return int(running)
    return int(
        await tx.conn.fetchval(
            "INSERT INTO allocation_round_dossier (round, division_code, kind, asked_at, asked_by, actor, is_demo)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
            round_id,
            row["division_code"],
            kind,
            tx.now,
            tx.actor.user_id,
            json.dumps(_who(tx.actor), ensure_ascii=False),
            row["is_demo"],
        )
    )


def _who(who: Actor) -> Row:
    return {
        "user_id": who.user_id, "name": who.name, "role": who.role, "division_code": who.division_code,
        "post_id": who.post_id, "permissions": sorted(who.permissions), "title": who.title, "is_demo": who.is_demo,
        "engagement_id": who.engagement_id, "org_name": who.org_name,
    }  # fmt: skip


async def making(tx: Tx, dossier_id: int) -> Row:
    """Read one making that the caller asked for. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow(
        "SELECT m.*, r.title FROM allocation_round_dossier m JOIN allocation_round r ON r.id = m.round"
        " WHERE m.id = $1 AND m.asked_by IS NOT DISTINCT FROM $2",
        dossier_id,
        tx.actor.user_id,
    )
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


async def latest(tx: Tx, round_id: int) -> dict[str, Row]:
    """Give the caller's newest making of each kind. Shape: {kind: row}."""
    rows = await tx.conn.fetch(
        "SELECT DISTINCT ON (kind) * FROM allocation_round_dossier WHERE round = $1"
        " AND asked_by IS NOT DISTINCT FROM $2 ORDER BY kind, id DESC",
        round_id,
        tx.actor.user_id,
    )
    return {r["kind"]: dict(r) for r in rows}


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
        LOG.exception("round_dossier.failed", dossier=dossier_id)
        async with system_tx("allocation.round.dossier_fail") as tx:
            await tx.conn.execute("UPDATE allocation_round_dossier SET failure = 'KRN-500' WHERE id = $1", dossier_id)


async def make(dossier_id: int) -> None:
    """Gather as who asked, make the pages, keep the file and finish the row."""
    async with system_tx("allocation.round.dossier_make") as tx:
        row = await tx.conn.fetchrow(
            "UPDATE allocation_round_dossier SET touched_at = now(), done = 0 WHERE id = $1 AND finished_at IS NULL"
            " AND failure = '' RETURNING *",
            dossier_id,
        )
    if row is None:
        return
    told = json.loads(row["actor"])
    actor = Actor(**{**told, "permissions": frozenset(told["permissions"])})
    with tempfile.TemporaryDirectory(prefix="round") as folder:
        async with begin(actor, request_id=f"round-{dossier_id}", command="allocation.round.dossier_make") as tx:
            parts = await dossier.parts(tx, row["round"])
            title = (await queries.round_of(tx, row["round"]))["title"]
            data = await _files(tx, row["round"])
        target = Path(folder) / "whole"
        await _tell(dossier_id, 0, len(parts))
        if row["kind"] == "zip":
            for name, text in data.items():
                path = Path(folder) / name
                await asyncio.to_thread(path.write_text, text, "utf-8")
                stage, media = CATALOGUE.text("round.dossier.stage.data"), "application/json"
                parts.append(papers.Part(stage, name, name, None, str(path), media))
            pages = await in_pool(papers.pack, parts, str(target))
        else:
            bound = await _pages(dossier_id, parts, folder)
            number = CATALOGUE.text("round.dossier.number").format(id=row["round"])
            pages = await in_pool(papers.bind, title, number, tuple(bound), str(target), papers.words())
        await _finish(dict(row), title, target, pages)


async def _files(tx: Tx, round_id: int) -> dict[str, str]:
    """Give what anybody can compute again from: the draws and, once scores are open, the ranking."""
    found = {}
    for d in await tx.conn.fetch("SELECT id, seq FROM allocation_draw WHERE round = $1 ORDER BY seq", round_id):
        found[f"draw-{d['seq']}.json"] = await draws.file_of(tx, d["id"])
    row = await queries.round_of(tx, round_id)
    if row["state"] not in queries.SEALED and row["state"] != "cancelled":
        found["round.json"] = json.dumps(await exported(tx, row), ensure_ascii=False, sort_keys=True, indent=1)
    return found


async def exported(tx: Tx, row: Row) -> Row:
    """Give the file that `quzhou-migrants recompute round` reads. Raises: Refused ALC-382, sealed."""
    rows, judged, rules = await alternative_pages.judged(tx, row)
    return record.exported(record.frozen(row, await queries.criteria(tx, row["id"]), rows, judged, rules))


async def _pages(dossier_id: int, parts: list[papers.Part], folder: str) -> list[papers.Bound]:
    words, bound = papers.words(), list[papers.Bound]()
    for first in range(0, len(parts), TOLD_EVERY):
        some = tuple(parts[first : first + TOLD_EVERY])
        bound += await in_pool(papers.render_all, some, str(Path(folder) / f"{first:05d}"), words)
        await _tell(dossier_id, len(bound), len(parts))
    return bound


async def _tell(dossier_id: int, done: int, parts: int) -> None:
    async with system_tx("allocation.round.dossier_make") as tx:
        await tx.conn.execute(
            "UPDATE allocation_round_dossier SET done = $2, parts = $3, touched_at = now() WHERE id = $1",
            dossier_id,
            done,
            parts,
        )


async def _finish(row: Row, title: str, path: Path, pages: int) -> None:
    draft = await asyncio.to_thread(_draft, path)
    ending, media_type = (".zip", ZIP) if row["kind"] == "zip" else (".pdf", PDF)
    async with system_tx("allocation.round.dossier_make") as tx:
        blobs.keep(files.root(), draft)
        if await tx.conn.fetchval(_FINISHED, row["id"]):
            return  # a second worker took it up and was first
        number = await tx.conn.fetchval(
            "INSERT INTO kernel_file (division_code, owner_table, owner_id, kind, sha256, name, media_type, size,"
            " added_at, added_by, is_demo) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id",
            row["division_code"],
            TABLE,
            row["id"],
            row["kind"],
            draft.sha256,
            files.clean_name(f"{title}{ending}"),
            media_type,
            draft.size,
            tx.now,
            row["asked_by"],
            row["is_demo"],
        )
        await tx.conn.execute(
            "UPDATE allocation_round_dossier SET finished_at = $2, pages = $3, file = $4, done = parts WHERE id = $1",
            row["id"],
            tx.now,
            pages,
            number,
        )


def _draft(path: Path) -> blobs.Draft:
    folder = files.root() / blobs.DRAFTS
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / secrets.token_hex(16)
    data = path.read_bytes()
    kept.write_bytes(data)
    return blobs.Draft(kept, hashlib.sha256(data).hexdigest(), len(data))


async def resume(tx: Tx, _period: str) -> None:
    """Take up dossiers whose worker died. A job of every minute."""
    rows = await tx.conn.fetch(
        "SELECT id FROM allocation_round_dossier WHERE finished_at IS NULL AND failure = ''"
        " AND touched_at < now() - make_interval(secs => $1)",
        float(STALE_SECONDS),
    )
    for row in rows:
        start(row["id"])


JOBS = [Job("allocation.round.dossier.resume", "minute", resume, catch_up=1)]

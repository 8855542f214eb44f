"""Attachments for the experts: copied by content when a project becomes a candidate, cleared of personal data.

A copy names bytes by their hash, so whatever becomes of the project's own file, the panel judges what was filed.
Nobody outside the office sees a paper before somebody has cleared it, as it is or as a copy with names covered.
Source: 个人信息保护法 第六条
"""

from __future__ import annotations

import mimetypes
from collections import Counter
from typing import TYPE_CHECKING, Any

from litestar.response import File

from allocation.competitive import queries
from allocation.competitive.states import S
from allocation.permissions import P
from quzhou_migrants.kernel import blobs, files
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.commands import command
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.tx import Tx

if TYPE_CHECKING:
    from litestar.datastructures import UploadFile

Row = dict[str, Any]

CLAUSE = "《个人信息保护法》第六条"
PROJECT = "projects_project"
TABLE = "allocation_candidate_paper"
BEFORE_END = (S.DRAFT, S.OPEN, S.SCORING)


async def copy(tx: Tx, round_id: int, candidate_id: int, project: Row) -> None:
    """Copy the papers of the kinds the pack offers to experts, in the order in which they were filed."""
    kinds = tx.policy_for(project["division_code"]).get("allocation.competitive.paper_kinds")
    numbers: Counter[str] = Counter()
    for ref in await files.files_of(tx, (PROJECT, project["id"]), *kinds):
        numbers[ref.kind] += 1
        await tx.conn.execute(
            "INSERT INTO allocation_candidate_paper (division_code, round, candidate, kind, seq, sha256, media_type,"
            " size, is_demo) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            project["division_code"],
            round_id,
            candidate_id,
            ref.kind,
            numbers[ref.kind],
            ref.sha256,
            ref.media_type,
            ref.size,
            tx.actor.is_demo,
        )


async def of_candidate(tx: Tx, candidate_id: int) -> list[Row]:
    """List the papers of a candidate that the reader may see: all for the office, cleared ones for an expert."""
    rows = await tx.conn.fetch(
        "SELECT * FROM allocation_candidate_paper WHERE candidate = $1 ORDER BY kind, seq", candidate_id
    )
    return [dict(r) for r in rows]


async def find(tx: Tx, paper_id: int) -> Row:
    """Read one paper that the reader may see. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow("SELECT * FROM allocation_candidate_paper WHERE id = $1", paper_id)
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


def file_of(paper: Row) -> File:
    """Answer with the bytes of a paper, under a name that tells nobody's name. Raises: Refused KRN-648, bytes gone."""
    path = blobs.blob_path(files.root(), paper["sha256"])
    if not path.is_file():
        raise Refused("KRN-648")
    kind = CATALOGUE.text(f"value.{paper['kind']}")
    suffix = mimetypes.guess_extension(paper["media_type"]) or ""
    return File(
        path,
        filename=f"{kind}{paper['seq']}{suffix}",
        media_type=paper["media_type"],
        headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
    )


@command(P.PREPARE_ROUND, audit="allocation.paper.clear")
async def clear(tx: Tx, paper_id: int, masked: UploadFile | None = None) -> int:
    """Let the experts see a paper: as it is, looked through and free of personal data, or as a covered copy.

    Gives the round's id. Raises: Refused ALC-323 (scoring is over), ALC-386, KRN-404, and what a file refuses.
    """
    paper = await _of_open_round(tx, paper_id)
    sha256, media, size = paper["sha256"], paper["media_type"], paper["size"]
    if masked is not None:
        ref = await files.store(
            tx, masked, owner=(TABLE, paper_id), kind="masked", division_code=paper["division_code"]
        )
        sha256, media, size = ref.sha256, ref.media_type, ref.size
    await tx.conn.execute(
        "UPDATE allocation_candidate_paper SET cleared = true, masked = masked OR $2, sha256 = $3, media_type = $4,"
        " size = $5, cleared_name = $6, cleared_at = $7 WHERE id = $1",
        paper_id,
        masked is not None,
        sha256,
        media,
        size,
        tx.actor.name,
        tx.now,
    )
    return await _noted(tx, paper, "allocation.paper.clear")


@command(P.PREPARE_ROUND, audit="allocation.paper.hold")
async def hold(tx: Tx, paper_id: int) -> int:
    """Take a paper back from the experts. Gives the round's id. Raises: Refused ALC-323, ALC-386, KRN-404."""
    paper = await _of_open_round(tx, paper_id)
    await tx.conn.execute("UPDATE allocation_candidate_paper SET cleared = false WHERE id = $1", paper_id)
    return await _noted(tx, paper, "allocation.paper.hold")


async def _of_open_round(tx: Tx, paper_id: int) -> Row:
    paper = await find(tx, paper_id)
    row = await queries.own_round(tx, paper["round"])
    if row["state"] not in BEFORE_END:
        raise Refused("ALC-323")
    return {**paper, "owner": row["division_code"]}


async def _noted(tx: Tx, paper: Row, verb: str) -> int:
    subject, said = ("allocation_round", paper["round"], paper["owner"]), CATALOGUE.text(f"value.{paper['kind']}")
    await tx.note(subject, verb, clause=CLAUSE, note=f"{said} {paper['seq']} {paper['sha256'][:12]}")
    return int(paper["round"])

"""Reads of the portal: what everybody may see, and which pictures a project has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from projects.queries import PROJECT
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.tx import Tx

Row = dict[str, Any]
PHOTO = "projects_public_photo"
MOST_PICTURES = 200
SITE_KINDS = ("photo", "site_before", "completion_photo")
"""Kinds of files that show the site: scanned papers, signatures and cards never go out."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that could be let out: a file of the project or of a visit to it."""

    file: int
    sha256: str
    name: str
    taken_on: date | None


async def pictures(tx: Tx, project_id: int, owners: Sequence[tuple[str, int]] = ()) -> list[Picture]:
    """List the photographs of a project's site, the newest first; `owners` are further rows whose files are its own."""
    tables, keys = zip(*[(PROJECT, project_id), *owners], strict=True)
    rows = await tx.conn.fetch(
        "SELECT f.id, f.sha256, f.name, (f.added_at AT TIME ZONE 'Asia/Shanghai')::date AS taken_on FROM kernel_file f"
        " WHERE (f.owner_table, f.owner_id) IN (SELECT * FROM unnest($1::text[], $2::bigint[]))"
        " AND f.media_type IN ('image/jpeg', 'image/png') AND f.kind = ANY($3) ORDER BY f.id DESC LIMIT $4",
        list(tables),
        list(keys),
        list(SITE_KINDS),
        MOST_PICTURES,
    )
    return [Picture(r["id"], r["sha256"], r["name"], r["taken_on"]) for r in rows]


async def lock_photo(tx: Tx, photo_id: int) -> Row:
    """Lock a public photo. Raises: Refused KRN-404."""
    row = await tx.conn.fetchrow("SELECT * FROM projects_public_photo WHERE id = $1 FOR UPDATE", photo_id)
    if row is None:
        raise Refused("KRN-404")
    return dict(row)


async def photos(tx: Tx, project_id: int | None = None, *, most: int = 60) -> list[Row]:
    """List the photos that are out, the newest first; of one project, or of all."""
    rows = await tx.conn.fetch(
        "SELECT h.*, p.title, d.full_name FROM projects_public_photo h JOIN projects_project p ON p.id = h.project"
        " JOIN kernel_division d ON d.code = h.division_code"
        " WHERE h.state = 'published' AND ($1::bigint IS NULL OR h.project = $1) ORDER BY h.id DESC LIMIT $2",
        project_id,
        most,
    )
    return [dict(r) for r in rows]


async def photo_hash(tx: Tx, photo_id: int) -> str:
    """Give the content of a photo that is out. Raises: Refused KRN-404."""
    found = await tx.conn.fetchval(
        "SELECT sha256 FROM projects_public_photo WHERE id = $1 AND state = 'published'", photo_id
    )
    if found is None:
        raise Refused("KRN-404")
    return str(found)


async def curve(tx: Tx, project_id: int) -> list[Row]:
    """Give what was seen of the works beside what was planned, day by day. Units: basis points."""
    rows = await tx.conn.fetch(
        "SELECT DISTINCT ON (seen_on) seen_on, progress_bp, planned_bp FROM projects_progress WHERE project = $1"
        " ORDER BY seen_on, id DESC",
        project_id,
    )
    return [dict(r) for r in rows]


async def hanging(tx: Tx, today: date, most: int) -> list[Row]:
    """List the notices that hang today, those that end first in front."""
    rows = await tx.conn.fetch(
        "SELECT n.id, n.title, n.kind, n.starts_on, n.ends_on, d.full_name FROM projects_posting n"
        " JOIN kernel_division d ON d.code = n.division_code"
        " WHERE n.state = 'open' AND n.starts_on <= $1 AND n.ends_on >= $1 ORDER BY n.ends_on, n.id LIMIT $2",
        today,
        most,
    )
    return [dict(r) for r in rows]


async def notices_of(tx: Tx, project_id: int) -> list[Row]:
    """List the public notices about a project, the newest first."""
    rows = await tx.conn.fetch(
        "SELECT id, title, starts_on, ends_on, state FROM projects_posting WHERE subject_table = $1 AND subject_id = $2"
        " AND state IN ('open', 'closed') ORDER BY id DESC",
        PROJECT,
        project_id,
    )
    return [dict(r) for r in rows]


async def plans(tx: Tx, most: int) -> list[Row]:
    """List the plans that are public, the newest first. Units: fen."""
    rows = await tx.conn.fetch(
        "SELECT l.id, l.title, l.year, l.state, l.doc_no, l.money_fen, l.approved_on, d.full_name FROM projects_plan l"
        " JOIN kernel_division d ON d.code = l.division_code WHERE l.state IN ('posted', 'approved')"
        " ORDER BY l.year DESC, l.id DESC LIMIT $1",
        most,
    )
    return [dict(r) for r in rows]


async def former_names(tx: Tx, division_code: str) -> list[Row]:
    """List the villages that this one followed, with the day and the document."""
    rows = await tx.conn.fetch(
        "SELECT old_name, effective_on, doc_no FROM projects_succession WHERE successor_code = $1"
        " AND state = 'applied' ORDER BY effective_on, id",
        division_code,
    )
    return [dict(r) for r in rows]

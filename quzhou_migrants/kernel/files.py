"""Files of objects: received, proved, kept by content, and given out only to who may see their owner.

A room says once who may read the files of its table (`readable("projects_project", P.VIEW)`);
a file whose owner nobody spoke for is given to nobody.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quzhou_migrants.kernel import blobs
from quzhou_migrants.kernel.catalogue import CATALOGUE
from quzhou_migrants.kernel.errors import Refused
from quzhou_migrants.kernel.file_types import ATTACHMENTS, MIB, PICTURES, SUFFIXES, media_type_of
from quzhou_migrants.kernel.tx import Tx

if TYPE_CHECKING:
    from litestar.datastructures import UploadFile

    from quzhou_migrants.kernel.actor import Actor

Owner = tuple[str, int]  # table name, row id
LIMIT = 20 * MIB
CHUNK = 256 * 1024
NAME_LENGTH = 200

_READERS: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class FileRef:
    """One file of an object. Units: `size` bytes."""

    id: int
    sha256: str
    name: str
    size: int
    media_type: str
    kind: str

    @property
    def is_picture(self) -> bool:
        """Tell whether a thumbnail can be shown."""
        return self.media_type in PICTURES

    @property
    def url(self) -> str:
        """Address of the file."""
        return f"/files/{self.id}"


def root() -> Path:
    """Folder of all blobs of this installation."""
    return Path(os.environ.get("QM_DATA", "data")) / "files"


def readable(table: str, permission: str) -> None:
    """Say which permission opens the files of a table's rows; the row itself must be visible too."""
    _READERS[table] = str(permission)


def may_read(actor: Actor, table: str) -> bool:
    """Tell whether a person may read the files of a table's rows."""
    return actor.may(_READERS.get(table, "kernel.nobody"))


async def store(  # noqa: PLR0913 - a file has these parts
    tx: Tx,
    upload: UploadFile,
    *,
    owner: Owner,
    kind: str,
    division_code: str,
    accept: Collection[str] = ATTACHMENTS,
    limit: int = LIMIT,
) -> FileRef:
    """Keep an uploaded file for an object.

    Raises: Refused KRN-641 to KRN-649, with the field's own sentence.
    """
    try:
        draft = await receive(_pieces(upload), limit=limit)
    finally:
        await upload.close()
    return await attach(
        tx, draft, name=upload.filename, owner=owner, kind=kind, division_code=division_code, accept=accept
    )


async def receive(chunks: AsyncIterator[bytes], *, limit: int = LIMIT, announced: int = 0) -> blobs.Draft:
    """Take in a stream; see `blobs.receive`."""
    return await blobs.receive(root(), chunks, limit=limit, announced=announced)


async def attach(  # noqa: PLR0913 - a file has these parts
    tx: Tx,
    draft: blobs.Draft,
    *,
    name: str,
    owner: Owner,
    kind: str,
    division_code: str,
    accept: Collection[str] = ATTACHMENTS,
    is_demo: bool = False,
) -> FileRef:
    """Prove a received draft, keep it and enter it for its owner; a refused draft is gone."""
    try:
        media_type = await asyncio.to_thread(media_type_of, draft.path, name, accept)
    except Refused:
        draft.path.unlink(missing_ok=True)
        raise
    blobs.keep(root(), draft)
    shown = proper_name(clean_name(name), media_type)
    number = await tx.conn.fetchval(
        "INSERT INTO kernel_file (division_code, owner_table, owner_id, kind, sha256, name, media_type, size,"
        " added_at, added_by, is_demo) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id",
        division_code,
        *owner,
        kind,
        draft.sha256,
        shown,
        media_type,
        draft.size,
        tx.now,
        tx.actor.user_id,
        is_demo,
    )
    return FileRef(number, draft.sha256, shown, draft.size, media_type, kind)


def clean_name(name: str) -> str:
    """Reduce a sent file name to a line of text without folders or control characters."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(c for c in last if c.isprintable())[-NAME_LENGTH:].strip()


def proper_name(name: str, media_type: str) -> str:
    """Let a name end as its content does: a paper called .exe is saved as .exe.pdf, so that no machine runs it."""
    endings = SUFFIXES[media_type]
    if not name or name.lower().endswith(endings):
        return name
    return f"{name[: NAME_LENGTH - len(endings[0])]}{endings[0]}"


async def files_of(tx: Tx, owner: Owner, *kinds: str) -> list[FileRef]:
    """List the files of an object, oldest first; all kinds, or those named."""
    rows = await tx.conn.fetch(
        "SELECT id, sha256, name, size, media_type, kind FROM kernel_file WHERE owner_table = $1 AND owner_id = $2"
        " AND (cardinality($3::text[]) = 0 OR kind = ANY($3)) ORDER BY id",
        *owner,
        list(kinds),
    )
    return [FileRef(**r) for r in rows]


async def drop(tx: Tx, file_id: int, owner: Owner) -> None:
    """Take a file from its owner; the bytes stay as long as the change log names them.

    Raises: Refused KRN-648, the owner has no such file.
    """
    gone = await tx.conn.fetchval(
        "DELETE FROM kernel_file WHERE id = $1 AND owner_table = $2 AND owner_id = $3 RETURNING id", file_id, *owner
    )
    if gone is None:
        raise Refused("KRN-648")


async def find_readable(tx: Tx, file_id: int) -> FileRef:
    """Find a file the actor may read: in range, with the owner's permission, and the owner itself visible.

    Raises: Refused KRN-648 for everything else, so that a guess learns nothing.
    """
    row: Any = await tx.conn.fetchrow("SELECT * FROM kernel_file WHERE id = $1", file_id)
    table = row["owner_table"] if row else ""
    if row is None or not may_read(tx.actor, table):
        raise Refused("KRN-648")
    if not await tx.conn.fetchval(f"SELECT true FROM {table} WHERE id = $1", row["owner_id"]):  # noqa: S608 - a table some room registered
        raise Refused("KRN-648")
    return FileRef(row["id"], row["sha256"], row["name"], row["size"], row["media_type"], row["kind"])


async def verify(conn: Any) -> list[str]:  # noqa: ANN401 - an asyncpg connection
    """Name every file whose bytes are gone or altered; reads all of them."""
    broken = set(blobs.altered(root()))
    rows = await conn.fetch("SELECT DISTINCT ON (sha256) id, sha256, owner_table, owner_id FROM kernel_file")
    return [
        CATALOGUE.say("KRN-651", {"file": r["id"], "owner": f"{r['owner_table']} {r['owner_id']}"})
        for r in rows
        if r["sha256"] in broken or not blobs.blob_path(root(), r["sha256"]).is_file()
    ]


async def _pieces(upload: UploadFile) -> AsyncIterator[bytes]:
    await upload.seek(0)
    while piece := await upload.read(CHUNK):
        yield piece
